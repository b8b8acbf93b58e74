/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings: start and stop.
 */
#ifndef _EXPTRACE_RECORDING_H
#define _EXPTRACE_RECORDING_H

#include "exptrace.h"

struct exptrace_params {
	u64		pool_size;
	unsigned int	batch_size;
	unsigned int	period_ms;
	unsigned int	mode;
	u8		quota[EXPTRACE_NR_EXPERIMENTS];
	uuid_t		boot_id;
	bool		discard;
	bool		own_snapshot;
	const void	*owner;
};

int exptrace_prepare_start(const struct exptrace_params *params);
int exptrace_finish_start(const struct exptrace_params *params);
int exptrace_start(const struct exptrace_params *params);
int exptrace_stop(void);
void exptrace_stop_owner(const void *owner);
void exptrace_release_pool(void);
void exptrace_recording_exit(void);

#endif /* _EXPTRACE_RECORDING_H */

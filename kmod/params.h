/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Module parameters that are defaults of a recording.
 */
#ifndef _EXPTRACE_PARAMS_H
#define _EXPTRACE_PARAMS_H

#include "recording.h"

int exptrace_check_params(void);
u64 exptrace_default_pool_size(unsigned int batch_size);
void exptrace_default_params(struct exptrace_params *params);

#endif /* _EXPTRACE_PARAMS_H */

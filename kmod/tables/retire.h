/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites in unloaded code.
 */
#ifndef _EXPTRACE_RETIRE_H
#define _EXPTRACE_RETIRE_H

#include "intern.h"

/**
 * struct exptrace_retired - what is kept of a site in unloaded code
 * @address:	former address
 * @departure:	the same for all sites unloaded together
 * @text:	result of sprint_symbol() while the code was present; empty if it was
 *		unloaded already
 */
struct exptrace_retired {
	unsigned long	address;
	unsigned int	departure;
	char		text[];
};

const struct exptrace_retired *exptrace_retired_at(unsigned int site);
const struct exptrace_retired *exptrace_retired_after(unsigned long *site);
void exptrace_retired_forget(void);

int exptrace_retire_init(void);
void exptrace_retire_exit(void);

#endif /* _EXPTRACE_RETIRE_H */

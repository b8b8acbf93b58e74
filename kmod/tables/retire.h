/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places in code that has gone.
 */
#ifndef _EXPTRACE_RETIRE_H
#define _EXPTRACE_RETIRE_H

#include "intern.h"

/**
 * struct exptrace_retired - what is kept of a place in code that has gone
 * @address:	where it was
 * @departure:	the same for all places that went at once
 * @text:	what sprint_symbol() said of it while it was there; empty: it was gone already
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

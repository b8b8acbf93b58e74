/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which events are recorded: switch them, and put back what was on before.
 */
#ifndef EXPTRACE_SELECTION_H
#define EXPTRACE_SELECTION_H

#include <stddef.h>

#include <libexptrace.h>

#include "what.h"

/* Which events were on before, and which system calls. */
struct selection {
	struct exptrace_event *events;
	size_t n;
	struct exptrace_syscall_tables calls;
};

/*
 * Loads what is on, unless that was done, and checks the words, if there are any. Returns
 * an exit code; problems are reported.
 */
int selection_check(struct selection *selection, struct exptrace_device *device,
		    const struct what *what);

/*
 * Switches on the events that @what names, the others off, and remembers what
 * was on. What of it this kernel lacks is noted, as long as any event is on. Returns
 * an exit code; problems are reported, and nothing is changed.
 */
int selection_set(struct selection *selection, struct exptrace_device *device,
		  const struct what *what);

/*
 * The same for the events that are to have stacks, none if @what was not given; after
 * selection_set(), or instead of it. Those of a word that cannot have them are noted, as long
 * as others of it can.
 */
int selection_set_stacks(struct selection *selection, struct exptrace_device *device,
			 const struct what *what);

/* Puts back what was on, and frees. */
void selection_restore(struct selection *selection, struct exptrace_device *device);

/* Frees; what is on stays so. */
void selection_forget(struct selection *selection);

#endif /* EXPTRACE_SELECTION_H */

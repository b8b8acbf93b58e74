/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which events are recorded: switch them, and put back what was on before.
 */
#ifndef EXPTRACE_SELECTION_H
#define EXPTRACE_SELECTION_H

#include <stddef.h>

#include <libexptrace.h>

#include "what.h"

/* Which events and system calls were on before. */
struct selection {
	struct exptrace_event *events;
	size_t n, room;
	struct exptrace_syscall_tables calls;
};

/*
 * Load which events are on, unless that was done, and check the words of @what, if there
 * are any. Returns an exit code; reports problems.
 */
int selection_check(struct selection *selection, struct exptrace_device *device,
		    const struct what *what);

/*
 * Switch on the events that @what names and the others off, and remember what was on.
 * Prints a note about events that this kernel lacks, unless no event is left. Returns an
 * exit code; on failure, reports the problem and changes nothing.
 */
int selection_set(struct selection *selection, struct exptrace_device *device,
		  const struct what *what);

/*
 * The same for the events that have stacks: none without @what. Call it after
 * selection_set(), or instead of it. Prints a note about the events of a word that cannot
 * have stacks, if others can.
 */
int selection_set_stacks(struct selection *selection, struct exptrace_device *device,
			 const struct what *what);

/* Restore what was on before, and free the selection. */
void selection_restore(struct selection *selection, struct exptrace_device *device);

/* Free the selection; what is on stays on. */
void selection_forget(struct selection *selection);

#endif /* EXPTRACE_SELECTION_H */

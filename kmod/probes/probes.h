/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The face of probes/: two experiments, and markers.
 */
#ifndef _EXPTRACE_PROBES_H
#define _EXPTRACE_PROBES_H

#include "experiment.h"
#include "marker.h"

/* standard.c */
extern struct exptrace_experiment exptrace_standard;
void exptrace_standard_init(void);
bool exptrace_switches_are_on(u64 gen);

/* alloc.c */
extern struct exptrace_experiment exptrace_allocfree;
size_t exptrace_unrecorded_frees(u64 gen, char *text, size_t size);

#endif /* _EXPTRACE_PROBES_H */

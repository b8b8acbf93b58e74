/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Call sites and stack frames in the kernel, as text.
 */
#ifndef EXPTRACE_SITE_H
#define EXPTRACE_SITE_H

#include <libexptrace.h>

/* Room for the longest names of a function and a module. */
#define SITE_TEXT	256

/* "kfree+0x1a", "probe+0x7 [module]", or "0x..." if it has no symbol. */
void frame_text(const struct exptrace_frame *frame, char text[SITE_TEXT]);

/*
 * The same for a site by its number in the current generation; "site 17" if the trace lacks its
 * address (it is cut off), "unknown" if the event has no site.
 */
void site_text(const struct exptrace_trace *trace, uint64_t site, char text[SITE_TEXT]);

/* The frame of a site; NULL if the trace lacks it. */
const struct exptrace_frame *site_frame(const struct exptrace_trace *trace, uint64_t site);

#endif /* EXPTRACE_SITE_H */

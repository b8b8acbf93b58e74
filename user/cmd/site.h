/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place in the kernel's code, as text.
 */
#ifndef EXPTRACE_SITE_H
#define EXPTRACE_SITE_H

#include <libexptrace.h>

/* Enough for the longest name of a function and of a module. */
#define SITE_TEXT	256

/* "kfree+0x1a", "probe+0x7 [module]", or "0x..." if it has no symbol. */
void frame_text(const struct exptrace_frame *frame, char text[SITE_TEXT]);

/*
 * The same for the number of a site of the generation at hand; "site 17" if the trace does
 * not tell (it is cut off), "unknown" if it has no number.
 */
void site_text(const struct exptrace_trace *trace, uint64_t site, char text[SITE_TEXT]);

/* The frame of a site; NULL if the trace does not tell. */
const struct exptrace_frame *site_frame(const struct exptrace_trace *trace, uint64_t site);

#endif /* EXPTRACE_SITE_H */

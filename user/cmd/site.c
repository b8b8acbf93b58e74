// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call sites and stack frames in the kernel, as text.
 */
#include <stdio.h>

#include "site.h"

void frame_text(const struct exptrace_frame *frame, char text[SITE_TEXT])
{
	if (!frame->function)
		snprintf(text, SITE_TEXT, "0x%llx", (unsigned long long)frame->address);
	else
		snprintf(text, SITE_TEXT, frame->module ? "%s+0x%llx [%s]" : "%s+0x%llx",
			 frame->function, (unsigned long long)frame->offset, frame->module);
}

const struct exptrace_frame *site_frame(const struct exptrace_trace *trace, uint64_t site)
{
	const struct exptrace_frame *frames;

	return exptrace_stack(trace, site, &frames) > 0 ? frames : NULL;
}

void site_text(const struct exptrace_trace *trace, uint64_t site, char text[SITE_TEXT])
{
	const struct exptrace_frame *frame = site_frame(trace, site);

	if (frame)
		frame_text(frame, text);
	else if (site)
		snprintf(text, SITE_TEXT, "site %llu", (unsigned long long)site);
	else
		snprintf(text, SITE_TEXT, "unknown");
}

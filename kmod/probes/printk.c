// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel log, as text. Messages may come from any context, including NMIs. Their text
 * cannot be redacted (it may hold addresses and registers, for example), so it is
 * recorded only for readers who may see addresses (invariant 12).
 */
#include <linux/minmax.h>
#include <trace/events/printk.h>

#include "probe.h"

static notrace void probe_console(void *data, const char *text, size_t len)
{
	EXPTRACE_WRITER(w);

	if (!exptrace.raw_addresses)
		return;
	if (len && text[len - 1] == '\n')
		len--;
	len = min_t(size_t, len, EXPTRACE_STRING_MAX);
	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_CONSOLE, exptrace_max(1, len)))
		return;
	exptrace_string(&w, text, len);
	exptrace_end(&w);
}

#define PROBES(X)						\
	X(console)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};

const struct exptrace_probes exptrace_printk_probes = EXPTRACE_PROBES(probes);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals sent and delivered.
 */
#include <linux/sched/signal.h>
#include <trace/events/signal.h>

#include "probe.h"

/* The si_code of a signal; @info may be one of two special values instead of a pointer. */
static __always_inline int signal_code(const struct kernel_siginfo *info)
{
	if (info == SEND_SIG_NOINFO)
		return SI_USER;
	return info == SEND_SIG_PRIV ? SI_KERNEL : info->si_code;
}

static notrace void probe_signal_generate(void *data, int sig, struct kernel_siginfo *info,
					  struct task_struct *task, int group, int result)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin_about(&w, task, EXPTRACE_EVENT_SIGNAL_GENERATE,
					   exptrace_max(5, 0)))
		return;
	exptrace_number(&w, sig);
	exptrace_number(&w, task->pid);
	exptrace_signed(&w, signal_code(info));
	exptrace_number(&w, group);
	exptrace_number(&w, result);
	exptrace_end(&w);
}

static notrace void probe_signal_deliver(void *data, int sig, struct kernel_siginfo *info,
					 struct k_sigaction *ka)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, EXPTRACE_EVENT_SIGNAL_DELIVER, exptrace_max(3, 0)))
		return;
	exptrace_number(&w, sig);
	exptrace_signed(&w, signal_code(info));
	exptrace_number(&w, ka->sa.sa_flags);
	exptrace_end(&w);
}

#define PROBES(X)						\
	X(signal_generate)					\
	X(signal_deliver)

EXPTRACE_CHECK_PROBES(PROBES)

static const struct exptrace_probe probes[] = {
	PROBES(EXPTRACE_PROBE)
};

const struct exptrace_probes exptrace_signal_probes = EXPTRACE_PROBES(probes);

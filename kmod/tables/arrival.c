// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code that has symbols and is no module's comes at run time, and goes: programs and
 * trampolines of BPF. Nobody is told when it goes, and its memory is used again, so at a
 * generation's end a place in it may be in what has come since. But when some comes, it gets a
 * symbol, and that can be seen. In a generation in which none has come, all that has a symbol
 * at its end was there all the time; in another one, no such code is named.
 *
 * Where it can't be seen whether some comes, none is ever named.
 */
#include <linux/compiler.h>
#include <linux/kprobes.h>
#include <linux/lockdep.h>

#include "arrival.h"
#include "exptrace.h"

/* Some has come, by generation parity. Set at any time, cleared under exptrace.control. */
static bool seen[2];

static int arrival_hit(struct kprobe *probe, struct pt_regs *regs)
{
	WRITE_ONCE(seen[0], true);
	WRITE_ONCE(seen[1], true);
	return 0;
}
NOKPROBE_SYMBOL(arrival_hit);

/*
 * They add the symbols of programs, and those of all else: the second may be inlined where the
 * first is defined.
 */
static struct kprobe probes[] = {
	{ .symbol_name = "bpf_prog_kallsyms_add", .pre_handler = arrival_hit },
	{ .symbol_name = "bpf_ksym_add", .pre_handler = arrival_hit },
};

/* How many of the probes are attached, the first ones; exptrace.control. */
static unsigned int attached;

/* Before the first generation of a recording is published: no code matters that came before. */
void exptrace_arrivals_watch(void)
{
	lockdep_assert_held(&exptrace.control);

	while (attached < ARRAY_SIZE(probes) && !register_kprobe(&probes[attached]))
		attached++;
	WRITE_ONCE(seen[0], false);
	WRITE_ONCE(seen[1], false);
}

/* After the last generation is complete. */
void exptrace_arrivals_unwatch(void)
{
	struct kprobe *pointers[] = { &probes[0], &probes[1] };

	lockdep_assert_held(&exptrace.control);

	if (!attached)
		return;
	unregister_kprobes(pointers, attached);	/* in one grace period */
	while (attached--)	/* as they were, for the next time */
		probes[attached] = (struct kprobe) {
			.symbol_name = probes[attached].symbol_name,
			.pre_handler = arrival_hit,
		};
	attached = 0;
}

/* As exptrace_intern_begin(). */
void exptrace_arrivals_begin(u64 gen)
{
	WRITE_ONCE(seen[gen & 1], false);
}

static bool may_have_missed(void)
{
	unsigned int i;

	for (i = 0; i < attached; i++)
		if (READ_ONCE(probes[i].nmissed))
			return true;
	return attached < ARRAY_SIZE(probes);
}

/* May some have come in generation @gen, which is not complete? To be asked after a look-up. */
bool exptrace_arrivals_seen(u64 gen)
{
	lockdep_assert_held(&exptrace.control);

	return READ_ONCE(seen[gen & 1]) || may_have_missed();
}

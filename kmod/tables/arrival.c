// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code with symbols that is not in a module: BPF programs and trampolines. Nobody is
 * notified when they are removed, and their memory is reused, so at the end of a
 * generation a site may be in newer code. But new code gets a symbol, which can be
 * observed. In a generation without new code, all code that has a symbol at the end
 * existed all the time. In other generations, sites in such code get no symbol.
 *
 * Where additions cannot be observed, such sites never get a symbol.
 */
#include <linux/compiler.h>
#include <linux/kprobes.h>
#include <linux/lockdep.h>

#include "arrival.h"
#include "exptrace.h"

/* Code was added, by generation parity. Set at any time, cleared under exptrace.control. */
static bool seen[2];

static int arrival_hit(struct kprobe *probe, struct pt_regs *regs)
{
	WRITE_ONCE(seen[0], true);
	WRITE_ONCE(seen[1], true);
	return 0;
}
NOKPROBE_SYMBOL(arrival_hit);

/*
 * These add the symbols of programs, and those of everything else. The second may be
 * inlined where the first is defined.
 */
static struct kprobe probes[] = {
	{ .symbol_name = "bpf_prog_kallsyms_add", .pre_handler = arrival_hit },
	{ .symbol_name = "bpf_ksym_add", .pre_handler = arrival_hit },
};

/* Number of attached probes, counted from the first; exptrace.control. */
static unsigned int attached;

/*
 * Called before the first generation of a recording is published; code that was added
 * earlier does not matter.
 */
void exptrace_arrivals_watch(void)
{
	lockdep_assert_held(&exptrace.control);

	while (attached < ARRAY_SIZE(probes) && !register_kprobe(&probes[attached]))
		attached++;
	WRITE_ONCE(seen[0], false);
	WRITE_ONCE(seen[1], false);
}

/* Called after the last generation is complete. */
void exptrace_arrivals_unwatch(void)
{
	struct kprobe *pointers[] = { &probes[0], &probes[1] };

	lockdep_assert_held(&exptrace.control);

	if (!attached)
		return;
	unregister_kprobes(pointers, attached);	/* in one grace period */
	while (attached--)	/* reset for the next registration */
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

/*
 * May code have been added in generation @gen, which is not complete? Must be called
 * after looking up a symbol.
 */
bool exptrace_arrivals_seen(u64 gen)
{
	lockdep_assert_held(&exptrace.control);

	return READ_ONCE(seen[gen & 1]) || may_have_missed();
}

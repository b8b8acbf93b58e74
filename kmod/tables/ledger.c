// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: events attempted, recorded and lost (invariant 9).
 */
#include <linux/cpumask.h>
#include <linux/math.h>
#include <linux/sched.h>

#include "experiment.h"
#include "tables.h"

/* Maximum size of an entry in the wire format. */
#define ENTRY_MAX	(1 + (5 + 2 * EXPTRACE_NR_LOST) * EXPTRACE_VARINT_MAX)

/**
 * struct account - ledger entry, the sum of all contexts
 * @attempted:	events attempted
 * @recorded:	events recorded
 * @lost:	events lost, by reason
 */
struct account {
	u64	attempted;
	u64	recorded;
	u64	lost[EXPTRACE_NR_LOST];
};

static unsigned int nr_experiments(void)
{
	unsigned int exp, nr = 0;

	for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++)
		nr += !!exptrace_experiments[exp];
	return nr;
}

/* Add the maximum size of a generation's ledger to @extent. */
void exptrace_ledger_extent(struct exptrace_extent *extent)
{
	exptrace_extent_add(extent, num_possible_cpus() * nr_experiments(), ENTRY_MAX);
}

/* The generation is closing, so nothing adds to the counter any more. */
static u64 take_overwritten(struct exptrace_cpu *cpu, unsigned int parity, unsigned int exp)
{
	unsigned long flags;
	u64 overwritten;

	flags = exptrace_pool_lock();
	overwritten = cpu->overwritten[parity][exp];
	cpu->overwritten[parity][exp] = 0;
	exptrace_pool_unlock(flags);
	return overwritten;
}

/* Move @cpu's counters of @exp from the slots to @account and, what was lost, to the sum. */
static void settle(struct account *account, struct exptrace_cpu *cpu, unsigned int parity,
		   unsigned int exp)
{
	u64 overwritten = take_overwritten(cpu, parity, exp);
	unsigned int context, reason;

	memset(account, 0, sizeof(*account));
	write_seqlock(&exptrace.settling);
	for (context = 0; context < EXPTRACE_NR_CONTEXTS; context++) {
		struct exptrace_slot *slot = &cpu->slot[parity][exp][context];
		u64 *lost = cpu->lost[parity][exp][context];

		account->attempted += local64_read(&slot->attempted);
		account->recorded += slot->recorded;
		local64_set(&slot->attempted, 0);
		slot->recorded = 0;
		for (reason = 0; reason < EXPTRACE_NR_LOST; reason++) {
			account->lost[reason] += lost[reason];
			WRITE_ONCE(exptrace.lost, exptrace.lost + lost[reason]);
			WRITE_ONCE(lost[reason], 0);
		}
	}
	WRITE_ONCE(exptrace.lost, exptrace.lost + overwritten);
	write_sequnlock(&exptrace.settling);
	account->recorded -= overwritten;
	account->lost[EXPTRACE_LOST_OVERWRITTEN] = overwritten;
}

static int write_entry(struct exptrace_table *table, unsigned int exp, unsigned int cpu,
		       const struct account *account)
{
	unsigned int reason, reasons = 0;
	int err;

	err = exptrace_table_entry(table, ENTRY_MAX);
	if (err)
		return err;
	for (reason = 0; reason < EXPTRACE_NR_LOST; reason++)
		reasons += account->lost[reason] != 0;
	exptrace_byte(&table->w, EXPTRACE_WIRE_LEDGER_ENTRY);
	exptrace_number(&table->w, exp);
	exptrace_number(&table->w, cpu);
	exptrace_number(&table->w, account->attempted);
	exptrace_number(&table->w, account->recorded);
	exptrace_number(&table->w, reasons);
	for (reason = 0; reason < EXPTRACE_NR_LOST; reason++) {
		if (!account->lost[reason])
			continue;
		exptrace_number(&table->w, reason);
		exptrace_number(&table->w, account->lost[reason]);
	}
	return 0;
}

/*
 * Write the ledger of generation @gen, whose slots have been flushed, and clear their
 * counters. Writes at least one batch, even if no event was attempted.
 */
int exptrace_write_ledger(struct exptrace_table *table, unsigned long gen)
{
	struct account account;
	unsigned int exp;
	int cpu, err;

	lockdep_assert_held(&exptrace.control);

	exptrace_table_begin(table, EXPTRACE_WIRE_LEDGER);
	err = exptrace_table_entry(table, 0);
	for_each_possible_cpu(cpu) {
		for (exp = 0; exp < EXPTRACE_NR_EXPERIMENTS; exp++) {
			settle(&account, per_cpu_ptr(exptrace.cpus, cpu), gen & 1, exp);
			if (account.attempted && !err)
				err = write_entry(table, exp, cpu, &account);
		}
		cond_resched();
	}
	return err;
}

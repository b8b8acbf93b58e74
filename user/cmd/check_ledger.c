// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger must add up and match the events in the batches.
 */
#include "check.h"
#include "cmd.h"

/* Returns the count for the pair; creates it if necessary. */
static struct check_count *get_count(struct check *check, uint64_t experiment, uint64_t cpu)
{
	uint32_t n = check->count_index.n;
	int64_t i = index_get(&check->count_index, experiment, cpu);

	if (i < 0)
		out_of_memory("counting events");
	check_reach(&check->counts, (size_t)i, &check->counts_room, sizeof(*check->counts));
	if (i == n)
		check->counts[i] = (struct check_count) { .experiment = experiment, .cpu = cpu };
	return &check->counts[i];
}

void check_count_events(struct check *check, uint8_t experiment, uint64_t cpu, uint64_t n)
{
	if (n)
		get_count(check, experiment, cpu)->found += n;
}

/* Add up the losses. Returns false on overflow. */
static bool sum_losses(const struct exptrace_ledger_entry *entry, uint64_t *sum)
{
	size_t i;

	*sum = 0;
	for (i = 0; i < entry->nlosses; i++)
		if (__builtin_add_overflow(*sum, entry->losses[i].count, sum))
			return false;
	return true;
}

static void count_reasons(struct check *check, const struct exptrace_ledger_entry *entry)
{
	size_t i;

	for (i = 0; i < entry->nlosses; i++) {
		uint64_t reason = entry->losses[i].reason;

		check->reasons[reason < EXPTRACE_NR_LOST ? reason : EXPTRACE_NR_LOST] +=
			entry->losses[i].count;
	}
}

static void check_sum(struct check *check, const struct exptrace_ledger_entry *entry)
{
	uint64_t lost, sum;

	if (!sum_losses(entry, &lost) || __builtin_add_overflow(entry->recorded, lost, &sum)) {
		check_problem(check, entry->offset,
			      "experiment %llu, cpu %llu: the ledger's losses overflow",
			      (unsigned long long)entry->experiment,
			      (unsigned long long)entry->cpu);
		return;
	}
	check->lost += lost;
	count_reasons(check, entry);
	if (entry->attempted != sum)
		check_problem(check, entry->offset,
			      "experiment %llu, cpu %llu: attempted: expected %llu (recorded %llu + lost %llu), found %llu",
			      (unsigned long long)entry->experiment,
			      (unsigned long long)entry->cpu, (unsigned long long)sum,
			      (unsigned long long)entry->recorded, (unsigned long long)lost,
			      (unsigned long long)entry->attempted);
}

/* If the beginning of the generation is missing, fewer events may be there. */
static void check_recorded(struct check *check, const struct exptrace_ledger_entry *entry,
			   uint64_t found)
{
	if (check->partial ? found <= entry->recorded : found == entry->recorded)
		return;
	check_problem(check, entry->offset,
		      "experiment %llu, cpu %llu: recorded events: expected %llu, found %llu",
		      (unsigned long long)entry->experiment, (unsigned long long)entry->cpu,
		      (unsigned long long)entry->recorded, (unsigned long long)found);
}

static void check_entry(struct check *check, const struct exptrace_ledger_entry *entry)
{
	struct check_count *count = get_count(check, entry->experiment, entry->cpu);

	check_sum(check, entry);
	if (count->has_entry)
		check_problem(check, entry->offset,
			      "experiment %llu, cpu %llu: the ledger has two entries",
			      (unsigned long long)entry->experiment,
			      (unsigned long long)entry->cpu);
	else
		check_recorded(check, entry, count->found);
	count->has_entry = true;
}

static void check_count(struct check *check, const struct check_count *count, uint64_t offset)
{
	if (count->has_entry || !count->found)
		return;
	if (count->cpu == EXPTRACE_CPU_NONE)
		check_problem(check, offset,
			      "experiment %llu: %llu recorded events of a writer without a CPU",
			      (unsigned long long)count->experiment,
			      (unsigned long long)count->found);
	else
		check_problem(check, offset,
			      "experiment %llu, cpu %llu: no ledger entry: expected none, found %llu events",
			      (unsigned long long)count->experiment,
			      (unsigned long long)count->cpu, (unsigned long long)count->found);
}

void check_ledger(struct check *check, uint64_t offset)
{
	const struct exptrace_ledger_entry *entries;
	size_t n = exptrace_ledger(check->trace, &entries), i;

	for (i = 0; i < n; i++)
		check_entry(check, &entries[i]);
	for (i = 0; i < check->count_index.n; i++)
		check_count(check, &check->counts[i], offset);
}

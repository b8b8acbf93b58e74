// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages about damage and gaps in a trace, the same for all subcommands that read one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "interrupt.h"
#include "notes.h"

#define DAMAGES_SHOWN	100
#define GENERATIONS_TEXT	80

/* Where the lost bytes were: "of generations 3 to 5". */
static void describe_generations(char text[GENERATIONS_TEXT], const struct exptrace_damage *damage)
{
	uint64_t first = damage->before + !damage->inside, last = damage->after - 1;

	if (damage->before >= damage->after)
		snprintf(text, GENERATIONS_TEXT, "%s generation %" PRIu64 " of a recording",
			 damage->inside ? "from" : "after", damage->before);
	else if (!damage->before && !damage->inside)
		snprintf(text, GENERATIONS_TEXT,
			 "before the first generation that can be read");
	else if (first > last)
		snprintf(text, GENERATIONS_TEXT, "between generations");
	else if (first == last)
		snprintf(text, GENERATIONS_TEXT, "of generation %" PRIu64, first);
	else
		snprintf(text, GENERATIONS_TEXT, "of generations %" PRIu64 " to %" PRIu64, first, last);
}

/* The end of the message about damage: what is lost by it. */
static void describe_loss(const struct exptrace_trace *trace, char *text, size_t size, int err,
			  int ret, const struct exptrace_damage *damage)
{
	uint64_t bytes = damage->end - damage->offset, at;
	const char *file = exptrace_locate(trace, damage->end, &at);
	char where[GENERATIONS_TEXT];

	*text = 0;
	if (damage->other_trace) {
		snprintf(text, size, "; what follows from offset %" PRIu64
			 " on is another trace, and is not read", damage->other_trace);
	} else if (ret == 1 && bytes) {
		describe_generations(where, damage);
		snprintf(text, size, "; %" PRIu64 " bytes are lost, %s; generation %" PRIu64
			 " follows at offset %" PRIu64 "%s%s", bytes, where, damage->after, at,
			 file ? " of " : "", file ? file : "");
	} else if (ret == 0 && err == -EBADMSG && bytes && damage->offset) {
		snprintf(text, size,
			 "; nothing that follows can be read: %" PRIu64 " bytes are lost", bytes);
	} else if (ret == -ENOMEM) {
		snprintf(text, size, "; out of memory while looking for what follows");
	} else if (ret < 0) {
		snprintf(text, size, "; what follows cannot be read: %s", strerror(-ret));
	}
}

int recover(struct exptrace_trace *trace, int err, char text[RECOVER_TEXT])
{
	const struct exptrace_damage *damage;
	int n, ret;

	if (err == -ENOMEM)
		n = snprintf(text, RECOVER_TEXT, "out of memory while reading it, at offset %" PRIu64,
			     exptrace_offset(trace));
	else
		n = snprintf(text, RECOVER_TEXT, "%s", exptrace_error(trace));
	if (err != -EBADMSG && err != -ENODATA)
		return err;
	ret = exptrace_resync(trace, &damage);
	if (n >= 0 && n < RECOVER_TEXT)
		describe_loss(trace, text + n, (size_t)(RECOVER_TEXT - n), err, ret, damage);
	return ret;
}

bool go_on(struct exptrace_trace *trace, int err)
{
	const struct exptrace_account *account = exptrace_account(trace);
	char text[RECOVER_TEXT];
	int ret = recover(trace, err, text);

	if (account->damages <= DAMAGES_SHOWN)
		trace_problem("%s", text);
	return ret == 1;
}

bool read_all(struct exptrace_trace *trace, int (*read)(void *arg), void *arg)
{
	bool damaged = false, more = true;
	int ret;

	/* -EAGAIN: interrupted by a signal */
	while (more && (ret = read(arg)) < 0 && ret != -EAGAIN) {
		damaged = true;
		more = go_on(trace, ret);
	}
	return damaged;
}

static void note_beginning(const struct exptrace_trace *trace,
			   const struct exptrace_account *account)
{
	uint64_t borrower, lender;

	note_borrowed(trace);
	if (account->partial && !exptrace_borrowed(trace, &borrower, &lender))
		trace_note("generation %" PRIu64 " lacks its beginning, which an earlier reader "
			"took, and its schema with it", account->first);
}

void note_empty(void)
{
	trace_note("it has a header and no generation: 0 events");
}

void note_reading(const struct exptrace_trace *trace)
{
	const struct exptrace_account *account = exptrace_account(trace);

	if (!account->generations && !account->damages && !*exptrace_error(trace))
		note_empty();
	note_beginning(trace, account);
	if (account->damages > DAMAGES_SHOWN)
		trace_note("%" PRIu64 " more places are damaged",
			account->damages - DAMAGES_SHOWN);
	if (account->without_clock)
		trace_note("%" PRIu64 " generations have no Sync: their times are ticks, or by "
			"the clock of the generation before", account->without_clock);
	if (account->other_boots)
		trace_note("%" PRIu64 " times the generation before is of another boot: threads "
			"and clock are others", account->other_boots);
	if (account->set_backs)
		trace_note("%" PRIu64 " times CLOCK_MONOTONIC is earlier than in the generation "
			"before: what follows was recorded sooner, or in another boot",
			account->set_backs);
	if (account->skipped)
		trace_note("%" PRIu64 " batches without a schema were skipped", account->skipped);
	if (account->unread)
		trace_note("%" PRIu64 " events that the ledger counts could not be read",
			account->unread);
	if (account->surplus)
		trace_note("%" PRIu64 " events are there that the ledger does not count: the trace "
			"is damaged, or has some twice", account->surplus);
	if (account->missing_tasks || account->missing_names)
		trace_note("%" PRIu64 " threads and %" PRIu64 " names did not fit in the "
			"statedumps: some names are unknown",
			account->missing_tasks, account->missing_names);
	if (account->unknown_sites || account->unknown_stacks)
		trace_note("%" PRIu64 " call sites and %" PRIu64 " stacks are unknown: "
			"the recorder's tables were full",
			account->unknown_sites, account->unknown_stacks);
	if (exptrace_property(trace, "filter"))
		trace_note("what did not pass the filter is not in the trace: counts and times "
			"are of the rest%s", exptrace_property(trace, "known_switches") ?
			", and times of threads that it did not choose may be wrong" : "");
}

void note_interrupted(void)
{
	if (interrupted)
		trace_note("interrupted: the output covers only what was read so far");
}

void note_recording(const struct exptrace_trace *trace)
{
	const struct exptrace_account *account = exptrace_account(trace);

	if (account->missing)
		trace_note("%" PRIu64 " generations between the first and the last are not there",
			account->missing);
	if (account->lost)
		trace_note("%" PRIu64 " events were lost by the recorder", account->lost);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces found by fuzzing that once crashed or hung the reader (see user/fuzz).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

/* Seconds after which a hanging test is killed. */
#define PATIENCE	60

static const struct sample_faults none;

/* A table of properties that is cut off within one. */
static void damaged_table(struct writer *w, uint64_t gen)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, sample_start(gen) + 600);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	w_byte(w, EXPTRACE_WIRE_PROPERTY);
	w_number(w, 100);
	w_end(w);
}

/* Counts of events before and after the first error, and the error. */
struct outcome {
	unsigned int before, events, errors;
	int err;
};

/* Reads the trace from a non-blocking pipe that delivers @part bytes at a time. */
static void read_in_parts(const struct writer *w, size_t part, struct outcome *outcome)
{
	const struct exptrace_record *record;
	const struct exptrace_damage *damage;
	struct exptrace_trace *trace;
	int fds[2], ret;
	size_t at = 0;

	*outcome = (struct outcome) { 0 };
	if (pipe2(fds, O_NONBLOCK) || exptrace_open_fd(fds[0], &trace))
		return;
	while ((ret = exptrace_next_event(trace, &record)) != 0) {
		if (ret == -EAGAIN) {
			size_t n = w->size - at < part ? w->size - at : part;

			if (write(fds[1], w->data + at, n) != (ssize_t)n)
				break;
			at += n;
			if (at == w->size)
				close(fds[1]);
		} else if (ret == 1) {
			outcome->events++;
		} else if (!outcome->errors++) {
			outcome->before = outcome->events;
			outcome->err = ret;
		}
		if (ret < 0 && ret != -EAGAIN && exptrace_resync(trace, &damage) != 1)
			break;
	}
	exptrace_close(trace);
	close(fds[0]);
}

/* An error comes after the events of its generation, however the pipe delivers the bytes. */
static void test_damage_in_parts(void)
{
	struct writer w = { 0 };
	struct outcome outcome;

	w_header(&w);
	sample_opening(&w, 1, &none);
	sample_batches(&w, 1, &none);
	damaged_table(&w, 1);
	sample_closing(&w, 1, &none);
	sample_generation(&w, 2, &none);
	read_in_parts(&w, 100, &outcome);
	is(outcome.events, 2 * SAMPLE_ALL, "all events of a damaged generation come from a pipe");
	ok(outcome.errors == 1 && outcome.err == -EBADMSG && outcome.before == SAMPLE_ALL,
	   "the error of a damaged generation comes once, after its events");
	w_free(&w);
}

/* A length in fewer than 10 bytes is damage, even if the pipe has no more bytes yet. */
static void test_short_length(void)
{
	struct writer w = { 0 };
	struct outcome file, pipe;
	size_t part;

	w_header(&w);
	sample_generation(&w, 1, &none);
	w_byte(&w, EXPTRACE_WIRE_EVENT_BATCH);
	w_number(&w, 2);
	w_number(&w, EXPTRACE_M_NONE);
	w_number(&w, sample_start(2));
	w_number(&w, 0);
	part = w.size;
	w_end_of_generation(&w);
	sample_generation(&w, 3, &none);
	read_in_parts(&w, w.size, &file);
	read_in_parts(&w, part, &pipe);
	ok(file.errors == 1 && pipe.errors == 1 && file.err == -EBADMSG && pipe.err == -EBADMSG,
	   "a length in fewer than 10 bytes is damage, however the pipe delivers them");
	w_free(&w);
}

/* A first generation without beginning and end, then one with a lower number. */
static void test_nothing_lent(void)
{
	struct writer w = { 0 };

	w_header(&w);
	sample_batches(&w, 5, &none);
	sample_generation(&w, 1, &none);
	alarm(PATIENCE);
	ok(run_trace(&command_dump, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("is another trace"), "another trace lends no schema");
	ok(run_trace(&command_check, NULL, &w) == EXIT_PROBLEM,
	   "check ends too if there is no generation to borrow a schema from");
	alarm(0);
	w_free(&w);
}

/* The generation after one that is cut off ends before its schema. */
static void test_end_while_borrowing(void)
{
	struct writer w = { 0 };

	w_header(&w);
	sample_batches(&w, 1, &none);
	w_end_of_generation(&w);
	w_sync(&w, 2, sample_start(2), 1000000000, sample_start(2));
	w_end_of_generation(&w);
	ok(run_trace(&command_check, "--allow-partial-first", &w) == EXIT_PROBLEM,
	   "a generation that ends before its schema lends none");
	w_free(&w);
}

/* A schema in which no event has an argument. */
static void test_no_arguments(void)
{
	struct writer w = { 0 };

	w_header(&w);
	w_sync(&w, 1, 1000, 1000000000, 1000);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 1000);
	w_byte(&w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(&w, 0, 70, 1, "g", "bare", 0);
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), 1000);
	w_event(&w, 70, 1);
	w_end(&w);
	w_sync(&w, 1, 2000, 1000000000, 2000);
	w_end_of_generation(&w);
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK && run_printed(": bare:"),
	   "an event without arguments is shown if no event has any");
	ok(run_trace(&command_stat, NULL, &w) == EXIT_OK && run_printed("bare"),
	   "an event without arguments is counted if no thread runs");
	w_free(&w);
}

/* Damage, then a generation with the given number. */
static void numbered_trace(struct writer *w, uint64_t gen)
{
	w->size = 0;
	w_header(w);
	w_bytes(w, "damage", 6);
	w_sync(w, gen, sample_start(1), 1000000000, sample_start(1));
	w_schema(w, gen, sample_start(1));
	w_begin(w, STANDARD_BATCH, gen, SAMPLE_M(0, TASK), sample_start(1));
	w_event(w, EXPTRACE_EVENT_SCHED_WAKEUP, 1);
	w_number(w, 1);
	w_number(w, 1);
	w_end(w);
	w_sync(w, gen, sample_start(2), 1000000000, sample_start(2));
	w_end_of_generation(w);
}

/* No recorder writes generation 0; in struct exptrace_damage, 0 means that none follows. */
static void test_generation_0(void)
{
	struct writer w = { 0 };

	numbered_trace(&w, 0);
	ok(run_trace(&command_dump, NULL, &w) == EXIT_PROBLEM &&
	   run_printed("nothing that follows can be read") && !strstr(run_output, "sched_wakeup"),
	   "nothing is read beyond the announced end of the damage");
	numbered_trace(&w, 1);
	ok(run_trace(&command_dump, NULL, &w) == EXIT_PROBLEM && run_printed("sched_wakeup"),
	   "a generation that follows damage is read");
	w_free(&w);
}

int main(void)
{
	test_generation_0();
	test_damage_in_parts();
	test_short_length();
	test_nothing_lent();
	test_end_while_borrowing();
	test_no_arguments();
	return tap_end();
}

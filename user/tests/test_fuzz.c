// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutated traces, the same in each run: nothing crashes, hangs or leaks.
 *
 * Usage: test_fuzz [ROUNDS [SEED]]
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

#define ROUNDS	20000

static uint64_t state;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void flip(uint8_t *data, size_t n)
{
	data[draw(n)] ^= (uint8_t)(1 << draw(8));
}

static void set(uint8_t *data, size_t n)
{
	static const uint8_t values[] = { 0, 1, 49, 50, 52, 53, 55, 56, 58, 0x7f, 0x80, 0xff };

	data[draw(n)] = values[draw(sizeof(values))];
}

/* Copies some bytes elsewhere. */
static void copy(uint8_t *data, size_t n)
{
	size_t len = draw(n / 4) + 1;
	size_t to = draw(n - len), from = draw(n - len);

	memmove(data + to, data + from, len);
}

/* Overwrites some bytes, like a lost block. */
static void hole(uint8_t *data, size_t n)
{
	size_t len = draw(n / 4) + 1;

	memset(data + draw(n - len), draw(2) ? 0 : (int)draw(256), len);
}

static size_t mutate(uint8_t *data, size_t n)
{
	unsigned int times = (unsigned int)draw(6) + 1;

	while (times--) {
		switch (draw(9)) {
		case 0:
			copy(data, n);
			break;
		case 1:
			n = draw(n - 63) + 64;
			break;
		case 8:
			hole(data, n);
			break;
		case 2:
		case 3:
			set(data, n);
			break;
		default:
			flip(data, n);
		}
	}
	return n;
}

/* Properties with unexpected values. */
static void put_properties(struct writer *w, uint64_t gen, uint64_t time)
{
	static const char *const keys[] = {
		"missing_changes", "missing_syncs", "missing_tasks", "unknown_sites", "online",
		"clock_unstable", "boottime_offset", "unrecorded_frees", "addresses", "data_base",
		"text_base", "boot_id", "filter", "mode", "machine", "evicted_events", "",
	};
	static const char *const values[] = {
		"-1", "18446744073709551615", "0x", "", ",,,", "1,,2,", "3-1,0", "id", "flight",
		"\033[2J\033]0;x\007", "kfree,kfree,\nkfree", "only system calls", "1e9", "1",
		"99999999999999999999999999", "arm64", "0",
	};
	unsigned int n = (unsigned int)draw(5) + 1;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	while (n--) {
		w_byte(w, EXPTRACE_WIRE_PROPERTY);
		w_string(w, keys[draw(sizeof(keys) / sizeof(keys[0]))]);
		w_string(w, values[draw(sizeof(values) / sizeof(values[0]))]);
	}
	w_end(w);
}

/* Mostly a small number, so that ids coincide; otherwise one close to an overflow. */
static uint64_t draw_number(void)
{
	static const uint64_t edges[] = {
		0x7f, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1ULL << 53, INT64_MAX,
		1ULL << 63, UINT64_MAX - 1, UINT64_MAX,
	};

	return draw(8) ? draw(6) : edges[draw(sizeof(edges) / sizeof(edges[0]))];
}

static void put_text(struct writer *w)
{
	static const char *const texts[] = { "", "a", "\033[1m\n", "\xff\xfe", "0123456789abcdef0123" };

	w_string(w, texts[draw(sizeof(texts) / sizeof(texts[0]))]);
}

/* An event whose name the reader knows, with random arguments. */
static void describe_state(struct writer *w, unsigned int type)
{
	static const char *const names[] = {
		"task_new", "task_exec", "task_name", "task_exit", "task_cgroup", "task", "name",
		"current", "stack", "sched_process_fork", "task_rename", "sys_exit", "sys_call",
	};
	static const char *const args[] = {
		"pid", "old_pid", "comm", "start", "kind", "number", "name", "stack", "nr", "cgroup",
	};
	unsigned int n = (unsigned int)draw(5), i;

	w_schema_event(w, 0, type, draw(8) ? 1 : (unsigned int)draw(4) + 1, "state",
		       names[draw(sizeof(names) / sizeof(names[0]))], n);
	for (i = 0; i < n; i++)
		w_schema_arg(w, draw(3) ? (unsigned int)draw(20) : EXPTRACE_KIND_STRING,
			     args[draw(sizeof(args) / sizeof(args[0]))]);
}

static void put_schema(struct writer *w, uint64_t gen, uint64_t time)
{
	unsigned int type;

	w_schema(w, gen, time);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	for (type = 244; type < 252; type++)
		describe_state(w, type);
	w_end(w);
}

/* An event that the standard schema describes. */
static void put_event(struct writer *w)
{
	switch (draw(7)) {
	case 0:
		w_event(w, EXPTRACE_EVENT_TASK_NEW, draw(3));
		w_number(w, draw_number());
		w_number(w, draw_number());
		w_number(w, draw_number());
		w_number(w, draw_number());
		w_number(w, draw_number());
		put_text(w);
		break;
	case 1:
		w_event(w, EXPTRACE_EVENT_TASK_EXEC, draw(3));
		w_number(w, draw_number());
		w_number(w, draw_number());
		put_text(w);
		break;
	case 2:
		w_event(w, EXPTRACE_EVENT_TASK_NAME, draw(3));
		w_number(w, draw_number());
		put_text(w);
		break;
	case 3:
		w_event(w, EXPTRACE_EVENT_NAME, draw(3));
		w_number(w, draw_number());
		w_number(w, draw_number());
		put_text(w);
		break;
	case 4:
		w_event(w, EXPTRACE_EVENT_STACK, draw(3));
		w_number(w, draw_number());
		break;
	case 5:
		w_event(w, EXPTRACE_EVENT_SCHED_SWITCH + (unsigned int)draw(10), draw(3));
		w_number(w, draw_number());
		break;
	default:
		w_event(w, EXPTRACE_EVENT_SCHED_WAKEUP, draw(3));
		w_number(w, draw_number());
		w_number(w, draw_number());
	}
}

static void put_events(struct writer *w, uint64_t gen, uint64_t time)
{
	unsigned int n = (unsigned int)draw(20);

	w_begin(w, draw(8) ? STANDARD_BATCH : (int)draw(3), gen,
		draw(6) ? draw(12) : draw(2) ? EXPTRACE_M_NONE : draw_number(), time);
	while (n--)
		put_event(w);
	/* random bytes instead of events */
	for (n = (unsigned int)draw(12); n; n--)
		w_byte(w, draw(4) ? (unsigned int)draw(4) : 240 + (unsigned int)draw(16));
	w_end(w);
}

static void put_stacks(struct writer *w, uint64_t gen, uint64_t time)
{
	unsigned int i, n;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_STRINGS);
	for (i = 1; i < 4; i++)
		w_string_entry(w, i, "f\033");
	w_end(w);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
	w_byte(w, EXPTRACE_WIRE_STACKS);
	for (i = 1; i < 5; i++) {
		n = draw(8) ? (unsigned int)draw(3) + 1 : (unsigned int)draw(130);
		if (draw(2))
			w_stack_cut_off(w, i, n);
		else
			w_stack(w, i, n);
		while (n--)
			w_frame(w, (int64_t)draw_number(), draw(5), draw(5), draw_number());
	}
	w_end(w);
}

/* Syncs whose times mostly increase. */
static void put_syncs(struct writer *w, uint64_t gen, uint64_t *time, uint64_t *mono)
{
	unsigned int n = draw(4) ? (unsigned int)draw(3) : (unsigned int)draw(50);

	while (n--) {
		*time += draw(16) ? draw(1000) : draw_number() - 500;
		*mono += draw(16) ? draw(1000) : draw_number() - 500;
		w_sync(w, gen, *time, draw(8) ? 1000000000 : draw_number() + 1, *mono);
	}
}

/* Generations that are sound or nearly so, with stray headers, bytes and Syncs between them. */
static void hostile_trace(struct writer *w)
{
	uint64_t time = 1000 + draw_number(), mono = 1000 + draw_number(), gen;
	unsigned int n;

	w_header_of(w, 1 + (unsigned int)draw(2));
	for (gen = 1; gen < 5; gen++) {
		w_sync(w, gen, time, 1000000000, mono);
		put_schema(w, gen, time);
		put_properties(w, gen, time);
		for (n = (unsigned int)draw(5); n; n--)
			put_events(w, gen, time);
		if (draw(2))
			put_stacks(w, gen, time);
		put_properties(w, gen, time);
		w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, time);
		w_byte(w, EXPTRACE_WIRE_LEDGER);
		w_ledger_entry(w, (unsigned int)draw(3), (unsigned int)draw_number(), draw_number(),
			       draw_number(), (unsigned int)draw_number(), draw_number());
		w_end(w);
		put_syncs(w, gen, &time, &mono);
		if (draw(8))
			w_end_of_generation(w);
		if (!draw(6))
			w_header_of(w, 1 + (unsigned int)draw(2));
		if (!draw(6))
			w_bytes(w, "\0\0\1", 3);
		if (!draw(6))
			w_sync(w, gen + draw(3), time, 1000000000, mono);
	}
}

/* Continues behind damage. The reader must make progress each time, or this would never end. */
static bool resync(struct exptrace_trace *trace)
{
	const struct exptrace_damage *damage;

	if (exptrace_resync(trace, &damage) != 1)
		return false;
	if (damage->end < damage->offset || (damage->after && damage->after <= damage->before))
		abort();
	return true;
}

/* Reads all events and their arguments; returns a sum of them. */
static uint64_t read_events(int fd)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	uint64_t sum = 0, last = 0;
	uint32_t i;
	int ret;

	if (exptrace_open_fd(fd, &trace))
		abort();
	while ((ret = exptrace_next_event(trace, &record)) == 1 || (ret && resync(trace))) {
		if (ret != 1)
			continue;
		if (record->generation < last)
			abort();
		last = record->generation;
		for (i = 0; i < record->event->nargs; i++) {
			sum += record->args[i].u64;
			if (record->args[i].str && record->args[i].len)
				sum += (uint8_t)record->args[i].str[record->args[i].len - 1];
		}
	}
	exptrace_close(trace);
	return sum;
}

static uint64_t walk_batches(int fd)
{
	const struct exptrace_record *record;
	const struct exptrace_batch *batch;
	struct exptrace_trace *trace;
	uint64_t sum = 0;
	int ret;

	if (exptrace_open_fd(fd, &trace))
		abort();
	while ((ret = exptrace_next_batch(trace, &batch)) != 0) {
		if (ret < 0 && !resync(trace))
			break;
		while (ret == 1 && exptrace_next_in_batch(trace, &record) == 1)
			sum += record->ticks;
	}
	exptrace_close(trace);
	return sum;
}

/* Returns the read end of a pipe with these bytes, or -1 if they do not fit. */
static int pipe_of(const uint8_t *data, size_t n)
{
	int ends[2];
	bool fits;

	if (pipe2(ends, O_CLOEXEC))
		abort();
	fits = fcntl(ends[1], F_SETPIPE_SZ, (int)n) >= (int)n &&
	       write(ends[1], data, n) == (ssize_t)n;
	close(ends[1]);
	if (fits)
		return ends[0];
	close(ends[0]);
	return -1;
}

static uint64_t try_trace(const uint8_t *data, size_t n, unsigned int round)
{
	static const struct command *const commands[] = {
		&command_check, &command_stat, &command_dump, &command_report, &command_cut,
	};
	const struct command *command = commands[round / 4 % 5];
	bool json = round / 20 % 2 && (command == &command_dump || command == &command_report);
	int fd = memory_file(data, n);
	uint64_t sum = read_events(fd), piped;

	lseek(fd, 0, SEEK_SET);
	sum += walk_batches(fd);
	close(fd);
	fd = round % 8 == 1 ? pipe_of(data, n) : -1;
	if (fd >= 0) {
		piped = round % 16 == 1 ? read_events(fd) : walk_batches(fd);
		close(fd);
		sum ^= piped;
	}
	/* the commands are slower, so each gets only some of the rounds */
	if (round % 4 == 0)
		run_bytes(command, json ? "--json" : NULL, data, n);
	return sum;
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : ROUNDS, round;
	uint64_t sum = 0;
	struct writer w = { 0 };
	uint8_t *data;

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 0x9e3779b97f4a7c15ULL;
	sample_trace(&w, 3);
	data = malloc(w.size);
	if (!data)
		return 1;
	for (round = 0; round < rounds; round++) {
		memcpy(data, w.data, w.size);
		sum += try_trace(data, mutate(data, w.size), round);
	}
	ok(round == rounds, "%u mutated traces are read without harm", rounds);
	for (round = 0; round < rounds / 2; round++) {
		w.size = 0;
		hostile_trace(&w);
		sum += try_trace(w.data, w.size, round);
	}
	ok(round == rounds / 2, "%u generated hostile traces are read without harm", round);
	printf("# sum of everything read: %" PRIu64 "\n", sum);
	free(data);
	w_free(&w);
	return tap_end();
}

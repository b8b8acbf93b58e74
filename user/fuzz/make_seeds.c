// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the initial inputs for fuzzing: small valid traces, one per group of events, and words.
 *
 * Usage: make_seeds TRACE-DIRECTORY WORDS-DIRECTORY
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tests/sample.h"

#define ARGS_MAX	8
#define FREQUENCY	1000000000
#define SECOND		1000000	/* ticks of a generation */

struct arg {
	unsigned int kind;
	const char *name;
};

struct event {
	unsigned int experiment, type, ntypes;
	const char *group, *name;
	struct arg args[ARGS_MAX];
};

#define ARG(kind, name)		{ EXPTRACE_KIND_##kind, name },
#define EVENT(EXPERIMENT, NAME, type, ntypes, group, name, args)		\
	{ EXPTRACE_EXPERIMENT_##EXPERIMENT, type, ntypes, group, name, { args } },

static const struct event events[] = {
	EXPTRACE_EVENTS(EVENT, ARG)
};

#define NR_EVENTS	(sizeof(events) / sizeof(events[0]))

static void save(const char *directory, const char *name, const void *bytes, size_t n)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd)) {
		perror(path);
		exit(1);
	}
}

/* A group and its _more group (see events.h) */
static bool is_in(const struct event *event, const char *group)
{
	return !strncmp(event->group, group, strlen(group));
}

static bool is_state(const struct event *event)
{
	return EXPTRACE_EVENT_IS_STATE(event->type);
}

static void describe(struct writer *w, const struct event *event)
{
	unsigned int n = 0, i;

	while (n < ARGS_MAX && event->args[n].name)
		n++;
	w_schema_event(w, event->experiment, event->type, event->ntypes, event->group,
		       event->name, n);
	for (i = 0; i < n; i++)
		w_schema_arg(w, event->args[i].kind, event->args[i].name);
}

static void put_schema(struct writer *w, uint64_t gen, const char *group)
{
	unsigned int i;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, gen * SECOND);
	w_byte(w, EXPTRACE_WIRE_SCHEMA);
	for (i = 0; i < 2; i++) {
		w_byte(w, EXPTRACE_WIRE_SCHEMA_EXPERIMENT);
		w_number(w, i);
		w_number(w, 2);
		w_string(w, i ? "allocfree" : "standard");
	}
	for (i = 0; i < NR_EVENTS; i++)
		if (is_state(&events[i]) || is_in(&events[i], group))
			describe(w, &events[i]);
	w_end(w);
}

static void put_property(struct writer *w, const char *key, const char *value)
{
	w_byte(w, EXPTRACE_WIRE_PROPERTY);
	w_string(w, key);
	w_string(w, value);
}

static void put_properties(struct writer *w, uint64_t gen)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, gen * SECOND);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	put_property(w, "text_base", "0xffffffff81000000");
	put_property(w, "data_base", "0xffff888000000000");
	put_property(w, "machine", gen & 1 ? "x86_64" : "aarch64");
	put_property(w, "mode", "flight");
	put_property(w, "online", "0-1,3");
	put_property(w, "boot_id", "0123");
	put_property(w, "addresses", "id");
	put_property(w, "clock", "tsc");
	put_property(w, "boottime_offset", gen & 1 ? "0" : "5000000");
	w_end(w);
}

/* Properties before the ledger: another flaw for each group. */
static void put_flaw(struct writer *w, uint64_t gen, size_t flaw)
{
	static const char *const flaws[][2] = {
		{ "unknown_sites", "3" }, { "unknown_stacks", "2" }, { "missing_tasks", "1" },
		{ "missing_names", "1" }, { "missing_changes", "1" }, { "missing_syncs", "1" },
		{ "clock_unstable", "1" }, { "known_switches", "0,2-3" },
		{ "known_switches", "chosen" }, { "filter", "pid" }, { "evicted_events", "5" },
		{ "unrecorded_frees", "kfree" },
	};

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, gen * SECOND);
	w_byte(w, EXPTRACE_WIRE_PROPERTIES);
	put_property(w, flaws[flaw][0], flaws[flaw][1]);
	w_end(w);
}

/* Small numbers, which match those of other events. */
static void put_arg(struct writer *w, const struct arg *arg, unsigned int round)
{
	switch (arg->kind) {
	case EXPTRACE_KIND_SITE:
		w_site(w, 1);
		break;
	case EXPTRACE_KIND_DATA_ADDRESS:
		w_object(w, 0x1000 + 64 * round);
		break;
	case EXPTRACE_KIND_STRING:
		w_string(w, strstr(arg->name, "comm") ? "make" : "text");
		break;
	case EXPTRACE_KIND_STACK_ID:
		w_number(w, 2);
		break;
	case EXPTRACE_KIND_PID:
		w_number(w, 100 + round % 3);
		break;
	case EXPTRACE_KIND_INT:
		w_signed(w, -(int64_t)round);
		break;
	case EXPTRACE_KIND_SYSCALL:
		w_number(w, round % 4 == 3 ? 1U << 31 | 5 : round % 4 ? round : 15);
		break;
	default:
		w_number(w, round);
	}
}

static void put_event(struct writer *w, const struct event *event, unsigned int round)
{
	unsigned int i = event->ntypes > 1, type = event->type + (i ? round % event->ntypes : 0);

	w_event(w, type, 100);
	for (; i < ARGS_MAX && event->args[i].name; i++)
		put_arg(w, &event->args[i], round);
}

static void put_events(struct writer *w, uint64_t gen, const char *group, unsigned int cpu)
{
	unsigned int experiment = !strcmp(group, "alloc"), round, i;

	w_begin(w, experiment ? EXPTRACE_EXPERIMENT_ALLOCFREE : STANDARD_BATCH, gen,
		SAMPLE_M(cpu, TASK), gen * SECOND + 1000);
	w_event(w, EXPTRACE_EVENT_CURRENT, 1);
	w_number(w, 100 + cpu);
	for (round = 0; round < 4; round++)
		for (i = 0; i < NR_EVENTS; i++)
			if (events[i].experiment == experiment &&
			    (is_in(&events[i], group) ||
			     (round == 1 && (events[i].type == EXPTRACE_EVENT_STACK))))
				put_event(w, &events[i], round);
	w_end(w);
}

static void put_state(struct writer *w, uint64_t gen)
{
	unsigned int i, round;

	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, gen * SECOND + 500);
	for (round = 0; round < 2; round++)
		for (i = 0; i < NR_EVENTS; i++)
			if (!events[i].experiment && is_state(&events[i]) &&
			    events[i].type != EXPTRACE_EVENT_STACK &&
			    events[i].type != EXPTRACE_EVENT_CURRENT)
				put_event(w, &events[i], round);
	/* names of an interrupt, a softirq, a system call */
	for (i = EXPTRACE_KIND_IRQ; i <= EXPTRACE_KIND_SYSCALL; i++) {
		w_event(w, EXPTRACE_EVENT_NAME, 1);
		w_number(w, i);
		w_number(w, 2);
		w_string(w, "named");
	}
	w_end(w);
}

static void put_symbols(struct writer *w, uint64_t gen)
{
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, gen * SECOND);
	w_byte(w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(w, 1, "function");
	w_string_entry(w, 2, "module");
	w_end(w);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, gen * SECOND);
	w_byte(w, EXPTRACE_WIRE_STACKS);
	w_stack(w, 1, 1);
	w_frame(w, 0x1234, 1, 0, 0x34);
	w_stack_cut_off(w, 2, 2);
	w_frame(w, 0x1234, 1, 2, 0x34);
	w_frame(w, -16, 0, 0, 0);
	w_end(w);
}

static void put_ledger(struct writer *w, uint64_t gen, const char *group)
{
	unsigned int experiment = !strcmp(group, "alloc"), n = 0, i, cpu;

	for (i = 0; i < NR_EVENTS; i++)
		n += 4 * is_in(&events[i], group);
	w_begin(w, STANDARD_BATCH, gen, EXPTRACE_M_NONE, gen * SECOND);
	w_byte(w, EXPTRACE_WIRE_LEDGER);
	for (cpu = 0; cpu < 2; cpu++)
		w_ledger_entry(w, experiment, cpu, n + (gen == 3), n, gen & 3, gen == 3);
	w_end(w);
}

/* A ledger for the events of a group, mostly without losses. */
static void put_generation(struct writer *w, uint64_t gen, const char *group, size_t flaw)
{
	w_sync(w, gen, gen * SECOND, FREQUENCY, gen * SECOND);
	put_schema(w, gen, group);
	put_properties(w, gen);
	put_state(w, gen);
	put_events(w, gen, group, 0);
	put_events(w, gen, group, 1);
	put_symbols(w, gen);
	if (gen > 1)
		put_flaw(w, gen, flaw);
	put_ledger(w, gen, group);
	w_sync(w, gen, gen * SECOND + SECOND / 2, FREQUENCY, gen * SECOND + SECOND / 2);
	w_sync(w, gen, gen * SECOND + SECOND - 1, FREQUENCY, gen * SECOND + SECOND - 1);
	w_end_of_generation(w);
}

static void save_groups(const char *directory)
{
	static const char *const groups[] = {
		"sched", "irq", "timer", "workqueue", "syscalls", "fault", "power", "signal",
		"block", "printk", "marker", "alloc",
	};
	struct writer w = { 0 };
	char name[64];
	size_t i;

	for (i = 0; i < 2 * sizeof(groups) / sizeof(groups[0]); i++) {
		w.size = 0;
		w_header_of(&w, i % 2 + 1);
		put_generation(&w, 1, groups[i / 2], i / 2);
		/* a second generation: the same, behind a gap, or with a loss */
		put_generation(&w, 2 + i / 2 % 3, groups[i / 2], i / 2);
		snprintf(name, sizeof(name), "%s-v%zu", groups[i / 2], i % 2 + 1);
		save(directory, name, w.data, w.size);
	}
	w_free(&w);
}

/* The sample trace of the tests, cut off, and without its beginning. */
static void save_samples(const char *directory)
{
	static const struct sample_faults faults[] = {
		{ .mode = "stream" }, { .no_opening = true, .no_schema = true }, { .no_end = true },
		{ .attempted = 1, .time_back = true }, { .bad_type = true }, { .mode = "flight" },
	};
	struct writer w = { 0 };
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		w.size = 0;
		w_header(&w);
		sample_generation(&w, 1, &faults[i]);
		sample_generation(&w, 2, &faults[0]);
		snprintf(name, sizeof(name), "sample-%zu", i);
		save(directory, name, w.data, w.size);
	}
	w_free(&w);
}

/* Behind the selecting byte, a bar stands for the zero byte between words. */
static void save_words(const char *directory)
{
	static const char *const words[] = {
		"\1sched,-sched_wakeup, +alloc|allocfree|alloc|kmalloc", "\1all|standard|sched|sched_switch",
		"\1syscalls:openat|standard|syscalls|sys_enter", "\2syscalls:openat,-syscalls:7|x86_64",
		"\2openat|i686", "\2424|aarch64", "\2all,-syscalls:read", "\3" "1,22,333|4096|0-3,8|50%",
		"\3syscalls=10us,sched_switch=1ms|allocfree=50,standard=10|0-1|2", "\0040-3,8-9", "\4" "1e3",
		"\00418446744073709551616", "\5-e|sched|-n|3", "\5-g|1-18446744073709551615",
		"\5--json|--all|--raw-time", "\5--events=irq|--lines=-1", "\6\33[2J\\text\377\303\244",
		"\7a\"b\\c\n\303\244\342\202\254",
	};
	char name[64], bytes[256];
	size_t i, j, n;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		n = strlen(words[i]);
		for (j = 0; j < n; j++)
			bytes[j] = words[i][j] == '|' ? 0 : words[i][j];
		bytes[0]--;
		snprintf(name, sizeof(name), "words-%zu", i);
		save(directory, name, bytes, n);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: make_seeds TRACE-DIRECTORY WORDS-DIRECTORY\n");
		return 2;
	}
	save_groups(argv[1]);
	save_samples(argv[1]);
	save_words(argv[2]);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * --from and --to: how times are written, and that a range has what a search through everything
 * finds, and no more is read.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmd/range.h"
#include "../cmd/text.h"
#include "frames.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

#define GENERATIONS	40
#define SECOND		UINT64_C(1000000000)
/* 2026-12-01T07:05:00Z */
#define SOME_DAY	(UINT64_C(1796108700) * SECOND)

static const struct {
	const char *text;
	enum moment_kind kind;	/* MOMENT_NONE: bad */
	uint64_t ns;
} texts[] = {
	{ "0", MOMENT_MONOTONIC, 0 },
	{ "1234.5", MOMENT_MONOTONIC, 1234500000000 },
	{ "1234.567890123", MOMENT_MONOTONIC, 1234567890123 },
	{ "123456789.000000001", MOMENT_MONOTONIC, 123456789000000001 },
	{ "1234.5678901239", MOMENT_MONOTONIC, 1234567890123 },
	{ "3s", MOMENT_MONOTONIC, 3 * SECOND },
	{ "99999999999", MOMENT_NONE, 0 },
	{ "18446744073709551616", MOMENT_NONE, 0 },
	{ "1.", MOMENT_NONE, 0 }, { ".5", MOMENT_NONE, 0 }, { "", MOMENT_NONE, 0 },
	{ "1e3", MOMENT_NONE, 0 }, { "0x10", MOMENT_NONE, 0 }, { "+5", MOMENT_NONE, 0 },
	{ "5 ", MOMENT_NONE, 0 }, { " 5", MOMENT_NONE, 0 }, { "nan", MOMENT_NONE, 0 },
	{ "-10s", MOMENT_BACK, 10 * SECOND },
	{ "-1.5m", MOMENT_BACK, 90 * SECOND },
	{ "-2h", MOMENT_BACK, 7200 * SECOND },
	{ "-1d", MOMENT_BACK, 86400 * SECOND },
	{ "-500ms", MOMENT_BACK, SECOND / 2 },
	{ "-0.000000001s", MOMENT_BACK, 1 },
	{ "-10", MOMENT_NONE, 0 }, { "-", MOMENT_NONE, 0 }, { "--1s", MOMENT_NONE, 0 },
	{ "-99999999999d", MOMENT_NONE, 0 }, { "-1S", MOMENT_NONE, 0 },
	{ "2026-12-01T07:05:00Z", MOMENT_WALL, SOME_DAY },
	{ "2026-12-01t07:05:00z", MOMENT_WALL, SOME_DAY },
	{ "2026-12-01 07:05:00Z", MOMENT_WALL, SOME_DAY },
	{ "2026-12-01T08:05:00+01:00", MOMENT_WALL, SOME_DAY },
	{ "2026-11-30T22:05:00-09:00", MOMENT_WALL, SOME_DAY },
	{ "2026-12-01T07:05:00.000000007Z", MOMENT_WALL, SOME_DAY + 7 },
	{ "2026-12-01T07:05:00.25+00:00", MOMENT_WALL, SOME_DAY + SECOND / 4 },
	{ "2026-12-01T02:05:00", MOMENT_WALL, SOME_DAY },	/* TZ is five hours behind */
	{ "2024-02-29T00:00:00Z", MOMENT_WALL, UINT64_C(1709164800) * SECOND },
	{ "1970-01-01T00:00:00Z", MOMENT_WALL, 0 },
	{ "2023-02-29T00:00:00Z", MOMENT_NONE, 0 }, { "2026-13-01T00:00:00Z", MOMENT_NONE, 0 },
	{ "2026-04-31T00:00:00Z", MOMENT_NONE, 0 }, { "2026-12-01T24:00:00Z", MOMENT_NONE, 0 },
	{ "2026-12-01T07:60:00Z", MOMENT_NONE, 0 }, { "2026-12-01", MOMENT_NONE, 0 },
	{ "2026-12-01T07:05Z", MOMENT_NONE, 0 }, { "2026-12-01T07:05:00Zx", MOMENT_NONE, 0 },
	{ "2026-12-01T07:05:00+1:00", MOMENT_NONE, 0 }, { "1969-12-31T23:59:59Z", MOMENT_NONE, 0 },
	{ "2026-12-01T07:05:00.Z", MOMENT_NONE, 0 }, { "26-12-01T07:05:00Z", MOMENT_NONE, 0 },
	{ "1970-01-01T00:00:00+01:00", MOMENT_NONE, 0 },
};

static void test_texts(void)
{
	unsigned int wrong = 0;
	size_t i;

	setenv("TZ", "XXX5", 1);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct moment moment = { 0 };
		bool good = moment_parse(texts[i].text, &moment);

		if (good == (texts[i].kind != MOMENT_NONE) &&
		    (!good || (moment.kind == texts[i].kind && moment.ns == texts[i].ns)))
			continue;
		wrong++;
		printf("# '%s': %d, kind %d, %" PRIu64 " ns\n", texts[i].text, good, moment.kind,
		       moment.ns);
	}
	is(wrong, 0, "times are understood exactly, and others refused");
}

/* A Sync with a wall clock */
static void sync_at(struct writer *w, uint64_t gen, uint64_t ns, uint64_t wall)
{
	w_begin(w, STANDARD_BATCH, gen, UINT64_MAX, ns);
	w_byte(w, EXPTRACE_WIRE_SYNC);
	w_byte(w, 8);
	w_number(w, SECOND);
	w_byte(w, EXPTRACE_WIRE_CLOCK_SNAPSHOT);
	w_number(w, 0);
	w_number(w, ns);
	w_number(w, wall / SECOND);
	w_number(w, wall % SECOND);
	w_end(w);
}

/*
 * Generations of 100 ms, with an event every 5 ms. The wall clock is set back by two seconds in
 * generation 20, and a generation overlaps the next one by a ms.
 */
static void timed_trace_at(struct writer *w, uint64_t start)
{
	unsigned int i, j;

	w_header(w);
	for (i = 1; i <= GENERATIONS; i++) {
		uint64_t ns = start + i * SECOND / 10, wall = SOME_DAY + ns;

		sync_at(w, i, ns, wall - (i > 20) * 2 * SECOND);
		w_schema(w, i, ns);
		w_begin(w, STANDARD_BATCH, i, SAMPLE_M(0, TASK), ns);
		w_event(w, EXPTRACE_EVENT_CURRENT, 1);
		w_number(w, 100);
		for (j = 0; j < 20; j++) {
			w_event(w, EXPTRACE_EVENT_SCHED_SWITCH + 1, SECOND / 200);
			w_number(w, 100 + j % 3);
		}
		w_end(w);
		if (i == 20)
			sync_at(w, i, ns + SECOND / 20, wall + SECOND / 20 - 2 * SECOND);
		sync_at(w, i, ns + SECOND / 10 + SECOND / 1000,
			wall + SECOND / 10 + SECOND / 1000 - (i >= 20) * 2 * SECOND);
		w_end_of_generation(w);
	}
}

static void timed_trace(struct writer *w)
{
	timed_trace_at(w, SECOND);
}

#define MOST	(GENERATIONS * 30)

struct times {
	size_t n;
	uint64_t ns[MOST], wall[MOST];
};

static struct times all, got;

static uint64_t number_after(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* The times that the last run has printed as JSON. */
static void take_times(struct times *times)
{
	char *line = run_output, *end;

	for (times->n = 0; *line == '{' && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		times->ns[times->n] = number_after(line, "{\"ns\":");
		times->wall[times->n++] = number_after(line, "\"wall_ns\":");
	}
}

static int dump_range(const char *path, const char *from, const char *to)
{
	const char *words[] = { "--json", "--wall-time", from ? from : to,
				from && to ? to : path, from && to ? path : NULL, NULL };

	return run_words(&command_dump, words);
}

/* Compares the range with a search through everything. Returns whether they agree. */
static bool agrees(const char *path, bool wall, uint64_t from, uint64_t to)
{
	const uint64_t *times = wall ? all.wall : all.ns;
	char first[64], last[64];
	size_t i, n = 0;
	bool same = true;

	if (wall) {
		char text[TEXT_WALL];

		*text_wall(text, from) = 0;
		snprintf(first, sizeof(first), "--from=%s", text);
		*text_wall(text, to) = 0;
		snprintf(last, sizeof(last), "--to=%s", text);
	} else {
		snprintf(first, sizeof(first), "--from=%" PRIu64 ".%09" PRIu64, from / SECOND,
			 from % SECOND);
		snprintf(last, sizeof(last), "--to=%" PRIu64 ".%09" PRIu64, to / SECOND, to % SECOND);
	}
	dump_range(path, first, last);
	take_times(&got);
	for (i = 0; i < all.n; i++) {
		if (times[i] < from || times[i] >= to)
			continue;
		same &= n < got.n && got.ns[n] == all.ns[i] && got.wall[n] == all.wall[i];
		n++;
	}
	if (!same || n != got.n)
		printf("# %s %s: %zu events, want %zu\n", first, last, got.n, n);
	return same && n == got.n;
}

static void write_file(const char *path, const struct writer *w)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(w->data, 1, w->size, file) != w->size || fclose(file))
		abort();
}

static void test_ranges(const char *path)
{
	unsigned int wrong = 0, wrong_wall = 0, i;

	dump_range(path, "--from=0", NULL);
	take_times(&all);
	is(all.n, GENERATIONS * 20, "--from=0 gives all events");
	srand(1);
	for (i = 0; i < 150; i++) {
		size_t a = (size_t)rand() % all.n, b = (size_t)rand() % all.n;
		uint64_t more = i % 3;

		if (all.ns[a] < all.ns[b])
			wrong += !agrees(path, false, all.ns[a] + more, all.ns[b] + more);
		if (all.wall[a] < all.wall[b])
			wrong_wall += !agrees(path, true, all.wall[a] + more, all.wall[b] + more);
	}
	is(wrong, 0, "a range of CLOCK_MONOTONIC has exactly the events with these times");
	is(wrong_wall, 0, "so has one of the wall clock, which was set back meanwhile");
	ok(dump_range(path, "--from=-1s", NULL) == EXIT_OK && (take_times(&got), true) &&
	   got.n == 200 && got.ns[0] == all.ns[all.n - 200], "-1s are the last second");
	ok(dump_range(path, NULL, "--to=-4s") == EXIT_OK && (take_times(&got), true) &&
	   got.n == 0, "--to counts from the end, too");
}

static void test_problems(const char *path)
{
	ok(dump_range(path, "--from=99", NULL) == EXIT_PROBLEM &&
	   run_printed("nothing was recorded from --from to --to; it is from 1.100000000 to "
		       "5.101000000 (2026-12-01T07:05:01.100000000Z to "
		       "2026-12-01T07:05:03.101000000Z)"),
	   "a range behind the trace is refused, and the message has the range of the trace");
	ok(dump_range(path, NULL, "--to=0.5") == EXIT_PROBLEM && run_printed("nothing was recorded"),
	   "so is one before it");
	ok(dump_range(path, "--from=2", "--to=2") == EXIT_USAGE && run_printed("--from is not before"),
	   "an empty range is a usage error");
	ok(dump_range(path, "--from=-1s", "--to=-2s") == EXIT_USAGE, "so is one that ends first");
	ok(dump_range(path, "--from=yesterday", NULL) == EXIT_USAGE && run_printed("RFC 3339"),
	   "so is a time that is none");
}

/* Whole generations, for the subcommands that cannot split them */
static void test_whole(const char *path)
{
	const char *words[] = { "--from=2.05", "--to=2.35", path, NULL };
	const char *cut[] = { "--from=2.05", "--to=2.35", "-o", "/dev/null", path, NULL };

	/* there are no ledgers */
	ok(run_words(&command_check, words) == EXIT_PROBLEM && run_printed("FAILED: 4 generations") &&
	   run_printed("extended to whole generations: 10 to 13"),
	   "check reads the generations that overlap the range");
	ok(run_words(&command_stat, words) == EXIT_OK && run_printed("Generations: 4") &&
	   run_printed("extended to whole generations: 10 to 13"), "so does stat");
	ok(run_words(&command_report, words) == EXIT_OK && run_printed("of 4 generations"), "so does report");
	ok(run_words(&command_cut, cut) == EXIT_OK && run_printed("4 generations, 10 to 13"), "so does cut");
}

/* Two recordings, each with generations from 1 on, in two files */
static void test_recordings(const char *path)
{
	char other[] = "/tmp/test_range.XXXXXX";
	const char *words[] = { "--from=2", path, other, NULL };
	struct writer w = { 0 };

	close(mkstemp(other));
	timed_trace_at(&w, 100 * SECOND);
	write_file(other, &w);
	ok(run_words(&command_dump, words) == EXIT_PROBLEM && run_printed("of several recordings"),
	   "seconds are refused for files of several recordings");
	ok(run_words(&command_stat, words) == EXIT_PROBLEM && run_printed("of several recordings"),
	   "so is any range for stat");
	unlink(other);
	w_free(&w);
}

/* What is outside of the range is not read, damaged or not. */
static void test_damage(const char *path, struct writer *w)
{
	size_t at = EXPTRACE_HEADER_SIZE, i;

	for (i = 1; i < 30; i++)
		at += generation_size(w, at);
	/* its second batch */
	w->data[at + (size_t)exptrace_piece(w->data + at, w->size - at, NULL, NULL)] ^= 0xff;
	write_file(path, w);
	ok(dump_range(path, NULL, "--to=3.5") == EXIT_OK, "damage behind the range is not read");
	ok(dump_range(path, "--from=4.6", NULL) == EXIT_OK, "nor is damage before it");
	ok(dump_range(path, "--from=3.5", NULL) == EXIT_PROBLEM, "damage in it is reported");
}

int main(void)
{
	char path[] = "/tmp/test_range.XXXXXX";
	struct writer w = { 0 }, compressed = { 0 };

	close(mkstemp(path));
	test_texts();
	timed_trace(&w);
	write_file(path, &w);
	test_ranges(path);
	test_problems(path);
	test_whole(path);
	test_recordings(path);
	w_compressed(&compressed, &w);
	write_file(path, &compressed);
	test_ranges(path);
	test_damage(path, &w);
	unlink(path);
	w_free(&w);
	w_free(&compressed);
	return tap_end();
}

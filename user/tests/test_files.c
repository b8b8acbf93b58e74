// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several files are read as one trace: in order, each event once, and what cannot be read is named.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frames.h"
#include "run.h"
#include "sample.h"
#include "tap.h"

#define GENERATIONS	6
#define FILES_MAX	64
#define MESSAGES	4096

static const struct sample_faults none;
static char *directory;		/* of the current test */

/* What reading delivered */
struct seen {
	char *text;		/* a line per event */
	size_t size, room;
	uint64_t events, damages, recordings, missing;
	uint64_t unread;	/* events that the ledger has and the trace has not */
	char messages[MESSAGES];	/* errors and notes, a line each */
};

static struct seen seen;

static void add_text(const char *text, size_t n)
{
	if (seen.size + n > seen.room) {
		seen.room = 2 * (seen.size + n);
		seen.text = realloc(seen.text, seen.room);
	}
	memcpy(seen.text + seen.size, text, n);
	seen.size += n;
}

static void add_message(const char *text)
{
	size_t used = strlen(seen.messages);

	snprintf(seen.messages + used, MESSAGES - used, "%s\n", text);
}

static void add_event(const struct exptrace_record *record)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s %" PRIu64 "\n",
			 record->generation, record->ns, record->cpu, record->event->name,
			 record->event->nargs ? record->args[0].u64 : 0);

	add_text(line, (size_t)n);
	seen.events += !EXPTRACE_EVENT_IS_STATE(record->type);
}

static void read_trace(struct exptrace_trace *trace)
{
	const struct exptrace_record *record;
	const char *note, *path;
	char line[512];
	size_t i;
	int ret;

	seen.size = 0;
	seen.events = seen.recordings = 0;
	seen.messages[0] = 0;
	for (i = 0; (note = exptrace_open_note(trace, i, &path)); i++) {
		snprintf(line, sizeof(line), "%s: %s", path, note);
		add_message(line);
	}
	do {
		while ((ret = exptrace_next_event(trace, &record)) == 1)
			add_event(record);
		if (ret < 0)
			add_message(exptrace_error(trace));
	} while (ret < 0 && exptrace_resync(trace, NULL) == 1);
	seen.damages = exptrace_account(trace)->damages;
	seen.unread = exptrace_account(trace)->unread;
	seen.missing = exptrace_account(trace)->missing;
	seen.recordings = exptrace_recording(trace) + 1;
	exptrace_close(trace);
}

/* Returns 0 or the error of opening, which is in seen.messages then. */
static int read_files(const char *const *paths, size_t n)
{
	struct exptrace_trace *trace;
	int err = exptrace_open_files(paths, n, &trace);

	if (err)
		snprintf(seen.messages, MESSAGES, "%s", exptrace_error(NULL));
	else
		read_trace(trace);
	return err;
}

static int read_directory(void)
{
	const char *path = directory;

	return read_files(&path, 1);
}

static void begin_directory(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/exptrace-files-XXXXXX");
	directory = mkdtemp(path);
	if (!directory)
		abort();
}

static void end_directory(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command))
		abort();
}

static const char *file_path(const char *name)
{
	static char paths[16][128];
	static unsigned int next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static void put_file(const char *name, const uint8_t *bytes, size_t n)
{
	int fd = open(file_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd))
		abort();
}

/* A header and the bytes of @w from @from to @to. */
static void put_segment(const char *name, const struct writer *w, size_t from, size_t to)
{
	struct writer file = { 0 };

	w_header(&file);
	w_bytes(&file, w->data + from, to - from);
	put_file(name, file.data, file.size);
	w_free(&file);
}

/* Generations with a boot_id; records where each begins, and the end. */
static void write_boot(struct writer *w, const char *boot, uint64_t first, uint64_t last,
		       size_t *begins)
{
	uint64_t gen;

	if (!w->size)
		w_header(w);
	for (gen = first; gen <= last; gen++) {
		if (begins)
			*begins++ = w->size;
		sample_opening(w, gen, &none);
		w_property(w, gen, sample_start(gen) + 2, "boot_id", boot);
		sample_batches(w, gen, &none);
		sample_closing(w, gen, &none);
	}
	if (begins)
		*begins = w->size;
}

/* Returns the text of all events of the trace. The caller frees it. */
static char *expected(const struct writer *w, size_t *size)
{
	struct exptrace_trace *trace;
	char *text;

	if (exptrace_open_memory(w->data, w->size, &trace))
		abort();
	read_trace(trace);
	text = malloc(seen.size + 1);
	memcpy(text, seen.text, seen.size);
	*size = seen.size;
	return text;
}

static bool has_read(const char *text, size_t size)
{
	return seen.size == size && !memcmp(seen.text, text, size);
}

/* Does a message contain both texts? */
static bool has_named(const char *a, const char *b)
{
	char *line, *save = NULL, *copy = strdup(seen.messages);
	bool found = false;

	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		found = found || (strstr(line, a) && strstr(line, b));
	free(copy);
	if (!found)
		printf("# '%s' and '%s' are missing in: %s\n", a, b, seen.messages);
	return found;
}

struct lines {
	const char *text[FILES_MAX * 64];
	size_t n;
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Counts lines that are there more than once, without the help of the library. */
static uint64_t count_twice(void)
{
	char *copy = strndup(seen.text, seen.size), *line, *save = NULL;
	static struct lines lines;
	uint64_t twice = 0;
	size_t i;

	lines.n = 0;
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		lines.text[lines.n++] = line;
	qsort(lines.text, lines.n, sizeof(lines.text[0]), compare_lines);
	for (i = 1; i < lines.n; i++)
		twice += !strcmp(lines.text[i], lines.text[i - 1]);
	free(copy);
	return twice;
}

static void test_generations(void)
{
	size_t begins[GENERATIONS + 1], size, i;
	const char *paths[GENERATIONS];
	char names[GENERATIONS][32], full[GENERATIONS][128];
	struct writer w = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	text = expected(&w, &size);
	for (i = 0; i < GENERATIONS; i++) {
		/* names that sort against the order of recording */
		snprintf(names[i], sizeof(names[i]), "seg-%zu", GENERATIONS - i);
		put_segment(names[i], &w, begins[i], begins[i + 1]);
		snprintf(full[i], sizeof(full[i]), "%s", file_path(names[i]));
		paths[i] = full[(i * 5 + 3) % GENERATIONS];
	}
	is(read_directory(), 0, "a directory of segments can be opened");
	ok(has_read(text, size), "a directory of segments reads as the trace it was cut from");
	ok(!*seen.messages && seen.recordings == 1 && !seen.missing, "and nothing is noted");
	is(read_files(paths, GENERATIONS), 0, "files in any order can be opened");
	ok(has_read(text, size), "files in any order read as the trace they were cut from");
	free(text);
	w_free(&w);
	end_directory();
}

/* Cuts at each boundary of batches: the generation is joined. */
static void test_batches(void)
{
	size_t begins[4], size, at, cuts = 0, wrong = 0, noted = 0;
	struct writer w = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, 3, begins);
	text = expected(&w, &size);
	for (at = EXPTRACE_HEADER_SIZE; at < w.size;
	     at += (size_t)exptrace_piece(w.data + at, w.size - at, NULL, NULL)) {
		put_segment("z", &w, EXPTRACE_HEADER_SIZE, at);
		put_segment("a", &w, at, w.size);
		wrong += read_directory() || !has_read(text, size);
		noted += *seen.messages != 0;
		cuts++;
	}
	ok(cuts > 30 && !wrong, "a trace cut in two between any batches reads as before");
	is(noted, 0, "and nothing is noted");
	free(text);
	w_free(&w);
	end_directory();
}

/* One file for each batch, in shuffled names. */
static void test_single_batches(void)
{
	size_t begins[4], size, at, n = 0;
	struct writer w = { 0 };
	char name[32], *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, 3, begins);
	text = expected(&w, &size);
	for (at = EXPTRACE_HEADER_SIZE; at < w.size; n++) {
		size_t piece = (size_t)exptrace_piece(w.data + at, w.size - at, NULL, NULL);

		/* end marks stay with the batch before them */
		if (at + piece < w.size && w.data[at + piece] == EXPTRACE_WIRE_END_OF_GENERATION)
			piece++;
		snprintf(name, sizeof(name), "%zu", n * 37 % 101);
		put_segment(name, &w, at, at + piece);
		at += piece;
	}
	ok(!read_directory() && seen.events == 3 * SAMPLE_EVENTS,
	   "a trace in one file per batch has all its events");
	ok(has_read(text, size), "and in the same order");
	is(count_twice(), 0, "and none twice");
	free(text);
	w_free(&w);
	end_directory();
}

/* Returns the offset behind the @n-th piece from @at on. */
static size_t skip_pieces(const struct writer *w, size_t at, unsigned int n)
{
	while (n--)
		at += (size_t)exptrace_piece(w->data + at, w->size - at, NULL, NULL);
	return at;
}

static void test_overlap(void)
{
	size_t begins[GENERATIONS + 1], size;
	struct writer w = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	text = expected(&w, &size);
	put_segment("snapshot-1", &w, begins[0], begins[4]);
	put_segment("snapshot-2", &w, begins[2], begins[6]);
	put_segment("copy", &w, begins[2], begins[3]);
	ok(!read_directory() && has_read(text, size), "generations that several files have are read once");
	is(count_twice(), 0, "and no event twice");
	/* one of the copies is cut off in the middle of a batch */
	put_segment("snapshot-1", &w, begins[0], begins[3] + 300);
	ok(!read_directory() && has_read(text, size), "a complete generation is preferred to a part of it");
	is(count_twice(), 0, "and no event is there twice");
	/* without its properties, the boot of a copy is unknown */
	put_segment("copy", &w, begins[4], skip_pieces(&w, begins[4], 2));
	ok(!read_directory() && has_read(text, size) && seen.recordings == 1,
	   "a generation that is cut off before its properties is known to be a copy");
	free(text);
	w_free(&w);
	end_directory();
}

/* A collector was killed; the next one began with a batch that the first one has, too. */
static void test_killed(void)
{
	size_t begins[4], size, from, to;
	struct writer w = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, 3, begins);
	text = expected(&w, &size);
	from = skip_pieces(&w, begins[1], 4);
	to = skip_pieces(&w, begins[1], 8);
	put_segment("1", &w, begins[0], to);
	put_segment("2", &w, from, w.size);
	ok(!read_directory() && has_read(text, size), "batches that both parts of a generation have are read once");
	put_segment("1", &w, begins[0], to + 20);
	ok(!read_directory() && has_read(text, size), "an incomplete batch at the end of a file is left out");
	ok(has_named("/1: cut off in a batch at offset", "20 bytes are left out"), "and named");
	put_segment("2", &w, begins[2], w.size);
	ok(!read_directory() && seen.damages == 1 && has_named("cut off in generation 2", "/1"),
	   "a generation that no file continues is cut off, and its file named");
	is(count_twice(), 0, "no event is there twice");
	unlink(file_path("2"));
	ok(!read_directory() && has_named("cut off in generation 2", "/1"),
	   "the last file may end within a batch, like a trace of one file");
	free(text);
	w_free(&w);
	end_directory();
}

/* Replaces the length of the data of the batch at @at. */
static void set_length(struct writer *w, size_t at, uint64_t length)
{
	unsigned int number, i;

	/* generation, m and time */
	for (at++, number = 0; number < 3; at++)
		number += !(w->data[at] & 0x80);
	for (i = 0; i < EXPTRACE_VARINT_MAX; i++, length >>= 7)
		w->data[at + i] = (uint8_t)((length & 0x7f) |
					    (i < EXPTRACE_VARINT_MAX - 1 ? 0x80 : 0));
}

/* A batch seems to reach into the next file. */
static void test_wrong_length(void)
{
	size_t begins[GENERATIONS + 1], at;
	struct writer w = { 0 };

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	put_segment("2", &w, begins[3], begins[6]);
	at = skip_pieces(&w, begins[1], 2);
	set_length(&w, at, begins[3] - at + 300);
	put_segment("1", &w, begins[0], begins[3]);
	ok(!read_directory() && seen.events == (GENERATIONS - 1) * SAMPLE_EVENTS && seen.damages == 1,
	   "a wrong length does not reach into the next file");
	ok(has_named("cut off in generation 2", "/1"), "and the file in which it is is named");
	w_free(&w);
	end_directory();
}

static void test_damage(void)
{
	size_t begins[GENERATIONS + 1], size, i;
	uint64_t all = (uint64_t)GENERATIONS * SAMPLE_EVENTS, lost = 0, twice = 0, silent = 0;
	struct writer w = { 0 };
	char *text, place[64];

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	text = expected(&w, &size);
	put_segment("1", &w, begins[0], begins[3]);
	put_segment("2", &w, begins[3], begins[6]);
	/* the second batch of generation 2 is none any more */
	i = skip_pieces(&w, begins[1], 1);
	w.data[i] ^= 0xff;
	put_segment("1", &w, begins[0], begins[3]);
	snprintf(place, sizeof(place), "at offset %zu of ", i);
	ok(!read_directory() && seen.events == all - SAMPLE_EVENTS && seen.damages == 1,
	   "damage costs one generation");
	ok(has_named(place, "/1"), "and is named with the file and the offset in it");
	w.data[i] ^= 0xff;
	/* the end of the first file */
	i = skip_pieces(&w, begins[2], 3);
	w.data[i] ^= 0xff;
	put_segment("1", &w, begins[0], begins[3]);
	ok(!read_directory() && seen.events == all - SAMPLE_EVENTS && has_named("at offset", "/1"),
	   "damage at a file's end does not reach into the next file");
	/* a copy of that generation is sound */
	w.data[i] ^= 0xff;
	put_segment("copy", &w, begins[2], begins[3]);
	ok(!read_directory() && has_read(text, size), "a sound copy replaces a damaged generation");
	ok(has_named("/1: damaged from offset", "/copy"), "and the damage is noted");
	unlink(file_path("copy"));
	for (i = EXPTRACE_HEADER_SIZE; i < begins[3]; i += 13) {
		w.data[i] ^= 0x55;
		put_segment("1", &w, begins[0], begins[3]);
		w.data[i] ^= 0x55;
		if (read_directory())
			abort();
		/* only one generation can suffer, and those of the other file never do */
		lost += seen.events + SAMPLE_EVENTS < all;
		silent += seen.events < all && !*seen.messages && !seen.damages && !seen.unread;
		twice += count_twice() != 0;
	}
	is(lost, 0, "a flipped bit costs at most one generation");
	is(twice, 0, "and makes no event appear twice");
	is(silent, 0, "and nothing is lost silently");
	free(text);
	w_free(&w);
	end_directory();
}

static void test_truncated(void)
{
	size_t begins[5], i;
	uint64_t few = 0, silent = 0;
	struct writer w = { 0 };

	begin_directory();
	write_boot(&w, "boot-a", 1, 4, begins);
	put_segment("2", &w, begins[2], begins[4]);
	for (i = begins[0]; i < begins[2]; i += 7) {
		put_segment("1", &w, begins[0], i);
		if (read_directory())
			abort();
		few += seen.events < (2 + (i >= begins[1])) * SAMPLE_EVENTS;
		silent += i != begins[0] && i != begins[1] && !*seen.messages;
	}
	is(few, 0, "a truncated file is read up to its last complete generation");
	is(silent, 0, "and where it ends is named");
	w_free(&w);
	end_directory();
}

static uint64_t random_state = 1;

static size_t random_below(size_t n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (size_t)((random_state >> 33) % n);
}

/* How many generations lie wholly in one of the ranges? */
static uint64_t count_whole(const size_t *begins, const size_t (*ranges)[2], size_t n)
{
	uint64_t whole = 0;
	size_t i, j;

	for (i = 0; i < GENERATIONS; i++) {
		for (j = 0; j < n && !(ranges[j][0] <= begins[i] && ranges[j][1] >= begins[i + 1]);)
			j++;
		whole += j < n;
	}
	return whole;
}

/* Files with any bytes of a trace, cut where nothing ends, and overlapping. */
static void test_any_bytes(void)
{
	size_t begins[GENERATIONS + 1], ranges[4][2], i;
	uint64_t few = 0, twice = 0;
	struct writer w = { 0 };
	unsigned int round;
	char name[8];

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	for (round = 0; round < 500; round++) {
		for (i = 0; i < 4; i++) {
			size_t a = begins[0] + random_below(w.size - begins[0] + 1);
			size_t b = begins[0] + random_below(w.size - begins[0] + 1);

			/* half of them begin with a whole piece */
			if (i % 2)
				a = skip_pieces(&w, begins[0], (unsigned int)random_below(80));
			if (a > b && !(i % 2))
				ranges[i][0] = b, ranges[i][1] = a;
			else
				ranges[i][0] = a, ranges[i][1] = a > b ? a : b;
			snprintf(name, sizeof(name), "%zu", i);
			put_segment(name, &w, ranges[i][0], ranges[i][1]);
		}
		if (read_directory())
			abort();
		few += seen.events < count_whole(begins, ranges, 4) * SAMPLE_EVENTS;
		twice += count_twice() != 0;
	}
	is(few, 0, "each generation that is whole in one of several files is read, whatever the others have");
	is(twice, 0, "and no event twice");
	w_free(&w);
	end_directory();
}

/* A compressed segment, in frames of a generation each, in @file. */
static void compress_segment(struct writer *file, const struct writer *w, size_t from, size_t to)
{
	struct writer plain = { 0 };

	w_header(&plain);
	w_bytes(&plain, w->data + from, to - from);
	w_compressed(file, &plain);
	w_free(&plain);
}

static void test_compressed(void)
{
	size_t begins[GENERATIONS + 1], size, i, n;
	uint64_t all = (uint64_t)GENERATIONS * SAMPLE_EVENTS, few = 0, silent = 0, twice = 0;
	struct writer w = { 0 }, file = { 0 }, stream = { 0 };
	char *text;

	begin_directory();
	write_boot(&w, "boot-a", 1, GENERATIONS, begins);
	text = expected(&w, &size);
	put_segment("2", &w, begins[2], begins[6]);
	compress_segment(&file, &w, begins[0], begins[3]);
	put_file("1", file.data, file.size);
	ok(!read_directory() && has_read(text, size) && !*seen.messages,
	   "compressed and plain files that overlap are read together");
	w_stream_frame(&stream, w.data, begins[3], 3);
	put_file("1", stream.data, stream.size);
	ok(!read_directory() && has_read(text, size), "also if frames do not tell their size");
	put_segment("2", &w, begins[3], begins[6]);
	for (i = 0; i < file.size; i += 5) {
		file.data[i] ^= 0x10;
		put_file("1", file.data, file.size);
		file.data[i] ^= 0x10;
		if (read_directory())
			abort();
		few += seen.events < all / 2;
		silent += seen.events < all && !*seen.messages;
		twice += count_twice() != 0;
	}
	is(few, 0, "damage in a compressed file does not reach into the next one");
	is(silent, 0, "and is named");
	is(twice, 0, "and makes no event appear twice");
	few = silent = 0;
	for (n = 0; n < file.size; n += 3) {
		put_file("1", file.data, n);
		if (read_directory())
			abort();
		few += seen.events < all / 2;
		silent += seen.events < all && !*seen.messages && !seen.missing;
	}
	is(few, 0, "a compressed file that is cut off does not harm the next one");
	is(silent, 0, "and is named");
	free(text);
	w_free(&w);
	w_free(&file);
	w_free(&stream);
	end_directory();
}

static void test_recordings(void)
{
	struct writer a = { 0 }, b = { 0 }, c = { 0 };
	const char *words[4] = { NULL };

	begin_directory();
	w_wall_s = 1700000500;
	write_boot(&a, "boot-new", 1, 3, NULL);
	put_file("1", a.data, a.size);
	w_wall_s = 1700000000;
	write_boot(&b, "boot-old", 2, 4, NULL);
	put_file("2", b.data, b.size);
	ok(!read_directory() && seen.events == 6 * SAMPLE_EVENTS && seen.recordings == 2 && !seen.damages,
	   "two boots are read as two recordings");
	ok(seen.size && seen.text[0] == '2', "the boot that was earlier by the wall clock comes first");
	is(seen.missing, 0, "no generation is missing between recordings");
	words[0] = directory;
	is(run_words(&command_check, words), 0, "check accepts a directory with two boots");
	ok(run_printed("OK: 6 generations"), "and checks all of it");
	words[0] = "-o";
	words[1] = file_path("out");
	words[2] = directory;
	is(run_words(&command_cut, words), 1, "cut does not join two recordings");
	ok(run_printed("is of another recording"), "and says so");
	end_directory();
	begin_directory();
	write_boot(&c, "boot-old", 6, 7, NULL);
	put_file("2", c.data, c.size);
	put_file("1", b.data, b.size);
	words[0] = directory;
	words[1] = NULL;
	is(run_words(&command_check, words), 1, "check reports generations that are missing in a recording");
	ok(run_printed("1 generations before it are missing"), "and how many");
	w_free(&a);
	w_free(&b);
	w_free(&c);
	end_directory();
	w_wall_s = 1700000000;
}

/* Numbers begin again in the same boot. */
static void test_restart(void)
{
	struct writer a = { 0 }, b = { 0 };
	uint64_t gen;

	begin_directory();
	write_boot(&a, "boot-a", 1, 3, NULL);
	put_file("2", a.data, a.size);
	w_header(&b);
	for (gen = 1; gen <= 2; gen++) {
		uint64_t start = sample_start(gen + 20);

		w_sync(&b, gen, start, 2000000000, start / 2);
		w_schema(&b, gen, start);
		w_property(&b, gen, start, "boot_id", "boot-a");
		w_begin(&b, STANDARD_BATCH, gen, SAMPLE_M(0, TASK), start + 100);
		w_event(&b, EXPTRACE_EVENT_SCHED_WAKEUP, 5);
		w_number(&b, 200);
		w_number(&b, 1);
		w_end(&b);
		w_sync(&b, gen, start + 900000, 2000000000, (start + 900000) / 2);
		w_end_of_generation(&b);
	}
	put_file("1", b.data, b.size);
	ok(!read_directory() && seen.events == 3 * SAMPLE_EVENTS + 2 && seen.recordings == 2 &&
	   !seen.damages && !seen.missing, "two recordings of one boot are read one after the other");
	ok(seen.size && !strncmp(seen.text + seen.size - 8, "wakeup", 6) == 0 && seen.text[0] == '1',
	   "in the order of CLOCK_MONOTONIC");
	w_free(&a);
	w_free(&b);
	end_directory();
}

/* A second recording whose beginning was taken by an earlier reader. */
static void test_borrowing(void)
{
	size_t begins[4];
	struct writer a = { 0 }, b = { 0 };

	begin_directory();
	write_boot(&a, "boot-a", 1, 2, NULL);
	put_file("1", a.data, a.size);
	w_wall_s += 1000;
	write_boot(&b, "boot-b", 1, 2, begins);
	put_segment("2", &b, skip_pieces(&b, begins[0], 4), b.size);
	ok(!read_directory() && seen.events == 4 * SAMPLE_EVENTS && !seen.damages,
	   "a recording without its beginning borrows the schema of its next generation");
	put_file("1", a.data, a.size - 1);
	ok(!read_directory() && seen.events == 4 * SAMPLE_EVENTS && seen.damages == 1 &&
	   has_named("cut off in generation 2", "/1"), "also if the recording before it is cut off");
	w_wall_s -= 1000;
	w_free(&a);
	w_free(&b);
	end_directory();
}

static void test_odd_files(void)
{
	size_t begins[3], size;
	struct writer w = { 0 };
	const char *paths[3];
	struct exptrace_trace *trace;
	char *text, first[128];

	begin_directory();
	write_boot(&w, "boot-a", 1, 2, begins);
	text = expected(&w, &size);
	put_segment("1", &w, begins[0], begins[1]);
	put_segment("2", &w, begins[1], begins[2]);
	put_file("empty", NULL, 0);
	put_file("header", w.data, EXPTRACE_HEADER_SIZE);
	put_file("half-header", w.data, 7);
	put_file("README", (const uint8_t *)"not a trace\n and more text", 26);
	put_file(".hidden", w.data, w.size);
	if (mkdir(file_path("subdirectory"), 0700) || mkfifo(file_path("fifo"), 0600) ||
	    symlink("nowhere", file_path("dangling")))
		abort();
	ok(!read_directory() && has_read(text, size), "only the traces of a directory are read");
	ok(has_named("/empty", "skipped") && has_named("/half-header", "skipped") &&
	   has_named("/README", "not a trace") && has_named("/dangling", "cannot open") &&
	   !strstr(seen.messages, "hidden") && !strstr(seen.messages, "/header"),
	   "files that are not read are named");
	snprintf(first, sizeof(first), "%s", file_path("1"));
	paths[0] = first;
	paths[1] = file_path("2");
	paths[2] = first;
	ok(!read_files(paths, 3) && has_read(text, size) && has_named("/1", "given twice"),
	   "a file that is given twice is read once");
	paths[2] = file_path("fifo");
	ok(read_files(paths, 3) == -ESPIPE && has_named("/fifo", "alone"), "a pipe among files is refused");
	paths[2] = "-";
	is(read_files(paths, 3), -ESPIPE, "so is standard input");
	paths[2] = file_path("README");
	ok(read_files(paths, 3) == -EBADMSG && has_named("/README", "not a trace"),
	   "a named file that is not a trace is refused");
	paths[2] = file_path("missing");
	ok(read_files(paths, 3) == -ENOENT && has_named("/missing", "cannot open"),
	   "a named file that does not exist is refused");
	paths[2] = file_path("empty");
	ok(!read_files(paths, 3) && has_read(text, size) && has_named("/empty", "empty"),
	   "a named file that is empty is noted");
	paths[0] = file_path("subdirectory");
	ok(read_files(paths, 1) == -ENODATA && has_named("subdirectory", "no trace"),
	   "a directory without a trace is refused");
	is(exptrace_open_files(paths, 0, &trace), -EINVAL, "no file at all is refused");
	free(text);
	w_free(&w);
	end_directory();
}

/* Files change between planning and reading. */
static void test_changes(void)
{
	size_t begins[4], size;
	struct writer w = { 0 };
	struct exptrace_trace *trace;
	const char *path;
	char *text;

	begin_directory();
	path = directory;
	write_boot(&w, "boot-a", 1, 3, begins);
	text = expected(&w, &size);
	put_segment("1", &w, begins[0], begins[1]);
	put_segment("2", &w, begins[1], begins[2]);
	if (exptrace_open(path, &trace))
		abort();
	unlink(file_path("2"));
	read_trace(trace);
	ok(seen.events == SAMPLE_EVENTS && has_named("cannot read: No such file", "/2"),
	   "a file that vanished is named");
	put_segment("2", &w, begins[1], begins[2]);
	if (exptrace_open(path, &trace) || truncate(file_path("2"), 40))
		abort();
	read_trace(trace);
	ok(seen.events == SAMPLE_EVENTS && has_named("has changed", "/2"), "a file that shrank is named");
	put_segment("2", &w, begins[1], begins[2]);
	if (exptrace_open(path, &trace))
		abort();
	put_segment("2", &w, begins[1], begins[3]);
	read_trace(trace);
	is(seen.events, 2 * SAMPLE_EVENTS, "what is added to a file later is not read");
	ok(!read_directory() && has_read(text, size), "the next reader gets it");
	free(text);
	w_free(&w);
	end_directory();
}

#define MANY		2000

static void test_many(void)
{
	struct rlimit old, few = { .rlim_cur = 32 };
	struct writer w = { 0 };
	char name[32];
	uint64_t gen;

	begin_directory();
	for (gen = 1; gen <= MANY; gen++) {
		w.size = 0;
		write_boot(&w, "boot-a", gen, gen, NULL);
		snprintf(name, sizeof(name), "segment-%" PRIu64, gen * 1009 % 2003);
		put_file(name, w.data, w.size);
	}
	if (getrlimit(RLIMIT_NOFILE, &old))
		abort();
	few.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	ok(!read_directory() && seen.events == (uint64_t)MANY * SAMPLE_EVENTS && !*seen.messages &&
	   !seen.missing && seen.recordings == 1, "thousands of files need few descriptors");
	setrlimit(RLIMIT_NOFILE, &old);
	w_free(&w);
	end_directory();
}

/* Runs dump, and removes the messages, which have paths. Returns its exit code. */
static int dump_lines(const char *const *words)
{
	int ret = run_words(&command_dump, words);
	char *from = run_output, *to = run_output, *end;

	for (; (end = strchr(from, '\n')); from = end + 1) {
		size_t n = (size_t)(end + 1 - from);

		if (!strncmp(from, "exptrace: ", 10))
			continue;
		memmove(to, from, n);
		to += n;
	}
	run_size = (size_t)(to - run_output);
	*to = 0;
	return ret;
}

static void test_commands(void)
{
	struct writer w = { 0 }, other = { 0 };
	size_t begins[4], n;
	char *whole, first[128], second[128];
	const char *words[5] = { NULL };

	begin_directory();
	write_boot(&w, "boot-a", 1, 3, begins);
	put_file("whole", w.data, w.size);
	words[0] = file_path("whole");
	dump_lines(words);
	whole = strdup(run_output);
	n = run_size;
	unlink(words[0]);
	put_segment("1", &w, begins[0], begins[1]);
	put_segment("2", &w, begins[1], begins[3]);
	words[0] = directory;
	ok(!dump_lines(words) && run_size == n && !memcmp(run_output, whole, n),
	   "dump of a directory is that of the whole trace");
	snprintf(first, sizeof(first), "%s", file_path("1"));
	snprintf(second, sizeof(second), "%s", file_path("2"));
	words[0] = second;
	words[1] = first;
	ok(!dump_lines(words) && run_size == n && !memcmp(run_output, whole, n),
	   "and so is dump of its files");
	ok(!run_words(&command_stat, words) && !run_words(&command_report, words) &&
	   !run_words(&command_check, words), "stat, report and check accept files");
	words[0] = "-o";
	words[1] = first;
	words[2] = second;
	words[3] = first;
	ok(run_words(&command_cut, words) == 1 && run_printed("a file of the trace itself"),
	   "cut does not replace a file that it reads");
	words[1] = file_path("out");
	ok(!run_words(&command_cut, words), "cut joins segments");
	words[0] = file_path("out");
	words[1] = NULL;
	dump_lines(words);
	ok(n && run_size == n && !memcmp(run_output, whole, n), "into the whole trace");
	free(whole);
	w_free(&w);
	w_free(&other);
	end_directory();
}

int main(void)
{
	test_generations();
	test_batches();
	test_single_batches();
	test_overlap();
	test_killed();
	test_wrong_length();
	test_damage();
	test_truncated();
	test_any_bytes();
	test_compressed();
	test_recordings();
	test_restart();
	test_borrowing();
	test_odd_files();
	test_changes();
	test_many();
	test_commands();
	free(seen.text);
	return tap_end();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories of segments of a trace, and what reading them delivers.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sample.h"
#include "segments.h"

#define LINES_MAX	4096

static const struct sample_faults none;
char *directory;

struct seen seen;

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

void read_trace(struct exptrace_trace *trace)
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
int read_files(const char *const *paths, size_t n)
{
	struct exptrace_trace *trace;
	int err = exptrace_open_files(paths, n, &trace);

	if (err)
		snprintf(seen.messages, MESSAGES, "%s", exptrace_error(NULL));
	else
		read_trace(trace);
	return err;
}

int read_directory(void)
{
	const char *path = directory;

	return read_files(&path, 1);
}

void begin_directory(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/exptrace-files-XXXXXX");
	directory = mkdtemp(path);
	if (!directory)
		abort();
}

void end_directory(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command))
		abort();
}

const char *file_path(const char *name)
{
	static char paths[16][128];
	static unsigned int next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

void put_file(const char *name, const uint8_t *bytes, size_t n)
{
	int fd = open(file_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd))
		abort();
}

/* A header and the bytes of @w from @from to @to. */
void put_segment(const char *name, const struct writer *w, size_t from, size_t to)
{
	struct writer file = { 0 };

	w_header(&file);
	w_bytes(&file, w->data + from, to - from);
	put_file(name, file.data, file.size);
	w_free(&file);
}

/* Generations with a boot_id; records where each begins, and the end. */
void write_boot(struct writer *w, const char *boot, uint64_t first, uint64_t last,
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
char *expected(const struct writer *w, size_t *size)
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

bool has_read(const char *text, size_t size)
{
	return seen.size == size && !memcmp(seen.text, text, size);
}

/* Does a message contain both texts? */
bool has_named(const char *a, const char *b)
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
	const char *text[LINES_MAX];
	size_t n;
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Counts lines that are there more than once, without the help of the library. */
uint64_t count_twice(void)
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

/* Returns the offset behind the @n-th piece from @at on. */
size_t skip_pieces(const struct writer *w, size_t at, unsigned int n)
{
	while (n--)
		at += (size_t)exptrace_piece(w->data + at, w->size - at, NULL, NULL);
	return at;
}

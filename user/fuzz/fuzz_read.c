// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the input as a trace with the library, in all ways, and makes all queries.
 *
 * The result must be the same from a file and from a pipe that delivers a little at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <libexptrace.h>

#include "../cmd/stream.h"
#include "fuzz.h"

/* Summary of what was read */
struct sum {
	uint64_t hash;
	uint64_t events;
};

/* The rest of the input, to be written when the pipe is empty */
struct feed {
	const uint8_t *data;
	size_t left, part;
	int fd;			/* -1: the end */
};

static void add(struct sum *sum, uint64_t number)
{
	sum->hash = (sum->hash ^ number) * 0x100000001b3ULL;
}

static void add_bytes(struct sum *sum, const char *bytes, size_t n)
{
	add(sum, n);
	while (n--)
		add(sum, (uint8_t)*bytes++);
}

static void add_text(struct sum *sum, const char *text)
{
	if (text)
		add_bytes(sum, text, strlen(text));
}

static void add_stack(struct sum *sum, const struct exptrace_trace *trace, uint64_t id)
{
	const struct exptrace_frame *frames;
	int n = exptrace_stack(trace, id, &frames), i;

	for (i = 0; i < n; i++) {
		add(sum, frames[i].address);
		add_text(sum, frames[i].function);
		add_text(sum, frames[i].module);
	}
	add(sum, exptrace_stack_cut_off(trace, id));
}

static void add_value(struct sum *sum, const struct exptrace_trace *trace, uint32_t kind,
		      const struct exptrace_value *value)
{
	add(sum, value->u64);
	if (value->str)
		add_bytes(sum, value->str, value->len);
	if (kind == EXPTRACE_KIND_SITE || kind == EXPTRACE_KIND_STACK_ID)
		add_stack(sum, trace, value->u64);
	add_text(sum, exptrace_name(trace, kind, value->u64));
}

static void add_record(struct sum *sum, struct exptrace_trace *trace,
		       const struct exptrace_record *record)
{
	int64_t thread = exptrace_thread(trace, record->pid);
	uint32_t i;

	sum->events++;
	add(sum, record->generation);
	add(sum, record->ticks);
	add(sum, record->ns);
	add(sum, record->type);
	add_text(sum, record->event->name);
	add_text(sum, record->event->group);
	add_text(sum, exptrace_comm(trace, record->pid));
	if (thread >= 0) {
		add_text(sum, exptrace_thread_comm(trace, (uint64_t)thread));
		add(sum, (uint64_t)exptrace_thread_pid(trace, (uint64_t)thread));
	}
	add_stack(sum, trace, record->stack);
	for (i = 0; i < record->event->nargs; i++)
		add_value(sum, trace, record->event->args[i].kind, &record->args[i]);
}

/* The tables of a generation. */
struct tables {
	struct exptrace_trace *trace;
	struct sum sum;
};

static void add_tables(void *arg, const struct exptrace_generation *generation)
{
	struct tables *tables = arg;
	const struct exptrace_ledger_entry *entries;
	const char *key, *value;
	const struct exptrace_sync *sync;
	size_t n = exptrace_ledger(tables->trace, &entries), i;

	add(&tables->sum, generation->number);
	for (i = 0; i < n; i++)
		add(&tables->sum, entries[i].recorded + entries[i].nlosses);
	for (i = 0; !exptrace_property_at(tables->trace, i, &key, &value); i++) {
		add_text(&tables->sum, key);
		add_text(&tables->sum, value);
	}
	for (i = 0; (sync = exptrace_sync_at(tables->trace, i)); i++)
		add(&tables->sum, exptrace_ns(tables->trace, sync->ticks - i));
	add(&tables->sum, exptrace_gap(tables->trace));
}

static void add_schema(struct sum *sum, const struct exptrace_trace *trace)
{
	const struct exptrace_schema_event *event;
	const struct exptrace_account *account = exptrace_account(trace);
	size_t i;

	for (i = 0; (event = exptrace_schema_at(trace, i)); i++) {
		add(sum, event->type);
		add_text(sum, event->name);
	}
	for (i = 0; i < 256; i++)
		add_text(sum, exptrace_experiment_name(trace, (uint8_t)i));
	add(sum, account->unread + account->damaged_bytes + exptrace_times(trace)->gap_ns);
}

/* Writes more into the pipe. Returns false if that does not help. */
static bool feed_more(struct feed *feed)
{
	size_t n = feed && feed->left < feed->part ? feed->left : feed ? feed->part : 0;

	if (!feed || feed->fd < 0)
		return false;
	if (n && write(feed->fd, feed->data, n) != (ssize_t)n)
		abort();
	feed->data += n;
	feed->left -= n;
	if (!feed->left) {
		close(feed->fd);
		feed->fd = -1;
	}
	return true;
}

/* Continues behind damage. Each call must consume more of the stream, so that this ends. */
static bool go_on_behind(struct exptrace_trace *trace, struct feed *feed, struct sum *sum,
			 uint64_t *last)
{
	const struct exptrace_damage *damage;
	int ret;

	add_text(sum, exptrace_error(trace));
	do
		ret = exptrace_resync(trace, &damage);
	while (ret == -EAGAIN && feed_more(feed));
	if (ret == -EAGAIN)
		fuzz_fail("-EAGAIN at the end of a stream");
	if (ret == 1 && (damage->end < damage->offset ||
			 (damage->after && damage->after <= damage->before)))
		fuzz_fail("damage from %llu to %llu", (unsigned long long)damage->offset,
			  (unsigned long long)damage->end);
	/* the previous generation may consist of a single batch with a wrong number */
	if (ret == 1 && damage->after)
		*last = damage->before;
	return ret == 1;
}

static struct sum read_events(int fd, struct feed *feed)
{
	const struct exptrace_record *record;
	struct tables tables = { 0 };
	struct sum sum = { 0 };
	uint64_t last = 0;
	int ret;

	if (exptrace_open_fd(fd, &tables.trace))
		abort();
	exptrace_on_generation(tables.trace, add_tables, &tables);
	while ((ret = exptrace_next_event(tables.trace, &record)) != 0) {
		if (ret == -EAGAIN && feed_more(feed))
			continue;
		if (ret < 0 && !go_on_behind(tables.trace, feed, &sum, &last))
			break;
		if (ret != 1)
			continue;
		if (record->generation < last)
			fuzz_fail("generation %llu comes after %llu",
				  (unsigned long long)record->generation,
				  (unsigned long long)last);
		last = record->generation;
		add_record(&sum, tables.trace, record);
	}
	add_schema(&sum, tables.trace);
	add(&sum, tables.sum.hash);
	exptrace_close(tables.trace);
	return sum;
}

static struct sum walk_batches(int fd, struct feed *feed)
{
	const struct exptrace_record *record;
	const struct exptrace_batch *batch;
	struct tables tables = { 0 };
	struct sum sum = { 0 };
	uint64_t last = 0;
	int ret;

	if (exptrace_open_fd(fd, &tables.trace))
		abort();
	exptrace_on_generation(tables.trace, add_tables, &tables);
	while ((ret = exptrace_next_batch(tables.trace, &batch)) != 0) {
		if (ret == -EAGAIN && feed_more(feed))
			continue;
		if (ret < 0 && !go_on_behind(tables.trace, feed, &sum, &last))
			break;
		if (ret != 1)
			continue;
		add_bytes(&sum, (const char *)batch->data, batch->length);
		while (exptrace_next_in_batch(tables.trace, &record) == 1)
			add_record(&sum, tables.trace, record);
	}
	add_schema(&sum, tables.trace);
	add(&sum, tables.sum.hash);
	exptrace_close(tables.trace);
	return sum;
}

typedef struct sum read_fn(int fd, struct feed *feed);

/* Reads the same bytes from a pipe, in parts. */
static struct sum read_piped(read_fn *read_all, const uint8_t *data, size_t size)
{
	struct feed feed = { .data = data, .left = size, .part = size / 7 + 1 };
	struct sum sum;
	int ends[2];

	if (feed.part > 4096)
		feed.part = 4096;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		abort();
	feed.fd = ends[1];
	sum = read_all(ends[0], &feed);
	if (feed.fd >= 0)
		close(feed.fd);
	close(ends[0]);
	return sum;
}

static void compare(read_fn *read_all, int fd, const uint8_t *data, size_t size)
{
	struct sum sum, piped;

	lseek(fd, 0, SEEK_SET);
	sum = read_all(fd, NULL);
	piped = read_piped(read_all, data, size);
	if (sum.events != piped.events || sum.hash != piped.hash)
		fuzz_fail("%llu events from a file, %llu others from a pipe",
			  (unsigned long long)sum.events, (unsigned long long)piped.events);
}

/* The counts that record makes of the device's bytes */
static void count_stream(const uint8_t *data, size_t size)
{
	struct stream stream = { 0 };
	size_t n = 0;
	int piece;

	if (size < EXPTRACE_HEADER_SIZE)
		return;
	data += EXPTRACE_HEADER_SIZE;
	size -= EXPTRACE_HEADER_SIZE;
	while ((piece = exptrace_piece(data + n, size - n, NULL, NULL)) > 0)
		n += (size_t)piece;
	stream_count(&stream, data, n);
}

static void try_trace(const uint8_t *data, size_t size)
{
	int fd = fuzz_file(data, size);

	compare(read_events, fd, data, size);
	compare(walk_batches, fd, data, size);
	close(fd);
	count_stream(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double start = fuzz_seconds();
	uint8_t *copy = malloc(size + 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (size > FUZZ_CHOICE)
		copy[FUZZ_CHOICE] = 0;
	try_trace(copy, size);
	fuzz_limit("reading", start, size);
	free(copy);
	return 0;
}

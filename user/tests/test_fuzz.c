// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutated traces, always the same ones: nothing crashes, hangs or leaks.
 *
 * Usage: test_fuzz [ROUNDS [SEED]]
 */
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

/* Moves some bytes elsewhere. */
static void copy(uint8_t *data, size_t n)
{
	size_t len = draw(n / 4) + 1;
	size_t to = draw(n - len), from = draw(n - len);

	memmove(data + to, data + from, len);
}

/* What a lost block leaves. */
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

/* Goes on behind damage, which must come to an end: each time with more of the stream, or for the first. */
static bool go_on_behind(struct exptrace_trace *trace)
{
	struct exptrace_damage damage;

	if (exptrace_resync(trace, &damage) != 1)
		return false;
	if (damage.end < damage.offset || (damage.after && damage.after <= damage.before))
		abort();
	return true;
}

/* Reads all events, and all their arguments. */
static uint64_t read_events(int fd)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	uint64_t sum = 0, last = 0;
	uint32_t i;
	int ret;

	if (exptrace_open_fd(fd, &trace))
		abort();
	while ((ret = exptrace_next_event(trace, &record)) == 1 || (ret && go_on_behind(trace))) {
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
		if (ret < 0 && !go_on_behind(trace))
			break;
		while (ret == 1 && exptrace_next_in_batch(trace, &record) == 1)
			sum += record->ticks;
	}
	exptrace_close(trace);
	return sum;
}

static uint64_t try_trace(const uint8_t *data, size_t n, unsigned int round)
{
	static const struct command *const commands[] = {
		&command_check, &command_stat, &command_dump, &command_report, &command_cut,
	};
	int fd = memory_file(data, n);
	uint64_t sum = read_events(fd);

	lseek(fd, 0, SEEK_SET);
	sum += walk_batches(fd);
	close(fd);
	/* the commands take longer: each gets some of the rounds */
	if (round % 4 == 0)
		run_bytes(commands[round / 4 % 5], NULL, data, n);
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
	printf("# what was read adds up to %" PRIu64 "\n", sum);
	free(data);
	w_free(&w);
	return tap_end();
}

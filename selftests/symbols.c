// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call sites: their symbols are the kernel's own in every generation, and their number is bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "recording.h"

/* A line of /proc/kallsyms. */
struct symbol {
	unsigned long long address;
	char name[512], module[64];
};

struct symbols {
	struct symbol *list;
	size_t nr;
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Read the functions of the kernel and its modules; none if the addresses are hidden. */
static void symbols_read(struct symbols *symbols)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	size_t room = 0;
	char line[1024], type;

	while (f && fgets(line, sizeof(line), f)) {
		struct symbol *s;

		if (symbols->nr == room) {
			room = room ? 2 * room : 1 << 16;
			symbols->list = realloc(symbols->list, room * sizeof(*symbols->list));
			if (!symbols->list)
				abort();
		}
		s = &symbols->list[symbols->nr];
		s->module[0] = '\0';
		if (sscanf(line, "%llx %c %511s [%63[^]]]", &s->address, &type, s->name, s->module) >= 3 && s->address &&
		    strchr("tTwW", type))
			symbols->nr++;
	}
	if (f)
		fclose(f);
	qsort(symbols->list, symbols->nr, sizeof(*symbols->list), by_address);
}

/* Is this a symbol of the address? An address may have several names. */
static bool is_symbol_of(const struct symbols *symbols, uint64_t address, const char *text)
{
	size_t low = 0, high = symbols->nr;
	unsigned long long start;
	char want[1024];

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (symbols->list[middle].address <= address)
			low = middle;
		else
			high = middle;
	}
	start = symbols->list[low].address;
	for (;; low--) {
		const struct symbol *s = &symbols->list[low];

		if (s->address != start)
			return false;
		snprintf(want, sizeof(want), s->module[0] ? "%s+0x%llx [%s]" : "%s+0x%llx", s->name,
			 (unsigned long long)address - start, s->module);
		if (!strcmp(want, text))
			return true;
		if (!low)
			return false;
	}
}

/* The call site argument of an event, or NULL. */
static const struct stream_arg *place_of(const struct recording *r, const struct stream_event *e)
{
	const struct stream_type *t = &r->stream.types[e->experiment][e->type];
	int i;

	for (i = 0; i < t->nargs; i++)
		if (t->kind[i] == EXPTRACE_KIND_SITE)
			return &e->arg[i];
	return NULL;
}

static void run_something(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", ": | cat; ls /proc /sys/kernel >/dev/null; (:)", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static int record_places(int fd)
{
	return record_only(fd, "kmalloc", "kfree", "kmem_cache_alloc", "kmem_cache_free", "hrtimer_expire_entry",
			   "workqueue_execute_start", NULL);
}

TEST_F(module, symbols_match_kallsyms)
{
	size_t i, places = 0, wrong = 0, modules = 0;
	struct symbols symbols = {};
	struct recording r = {};

	symbols_read(&symbols);
	if (!symbols.nr)
		SKIP(return, "/proc/kallsyms shows no addresses");
	ASSERT_EQ(0, record_places(self->control));
	ASSERT_EQ(0, recording_start(self->control));
	run_something();
	STOP_AND_DECODE(&r);
	ASSERT_TRUE(r.stream.raw_addresses);
	for (i = 0; i < r.nr; i++) {
		const struct stream_arg *place = place_of(&r, r.sorted[i]);

		if (!place || !place->value)
			continue;
		places++;
		modules += place->string && strstr(place->string, " [");
		if (place->string && is_symbol_of(&symbols, place->value, place->string))
			continue;
		if (!wrong++)
			TH_LOG("%llx is no %s", (unsigned long long)place->value, place->string ? place->string : "(no symbol)");
	}
	EXPECT_LT(100, places);
	EXPECT_EQ(0, wrong);
	recording_free(&r);
	free(symbols.list);
}

/* exptrace's own work begins generations: a function of a module. */
TEST_F(module, functions_of_modules_are_named)
{
	struct exptrace_start args = start_small();
	struct recording r = {};
	size_t i, found = 0;

	ASSERT_EQ(0, record_only(self->control, "workqueue_execute_start", "workqueue_execute_end", NULL));
	args.period_ms = 50;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	ASSERT_TRUE(WAIT_FOR(device_info(self->control).generation >= 4));
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_arg *place = place_of(&r, r.sorted[i]);

		found += place && place->string && !strcmp(place->string, "advance_by_itself+0x0 [exptrace]");
	}
	EXPECT_LE(2, found);
	recording_free(&r);
}

TEST_F(module, readers_who_may_not_see_addresses_see_symbols)
{
	struct recording r = {};
	size_t i, places = 0, bad = 0;

	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "2"));
	ASSERT_EQ(0, record_places(self->control));
	ASSERT_EQ(0, recording_start(self->control));
	EXPECT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "0"));
	run_something();
	STOP_AND_DECODE(&r);
	EXPECT_FALSE(r.stream.raw_addresses);
	for (i = 0; i < r.nr; i++) {
		const struct stream_arg *place = place_of(&r, r.sorted[i]);

		if (!place || !place->value)
			continue;
		places++;
		/* An identifier, and a name with an offset. */
		bad += place->value > UINT32_MAX || !place->string || !strstr(place->string, "+0x") ||
		       strstr(place->string, "ffffff");
	}
	EXPECT_LT(100, places);
	EXPECT_EQ(0, bad);
	recording_free(&r);
}

/*
 * The decoder forgets all call sites at the end of a generation, so each generation must have its
 * own.
 */
TEST_F(module, each_generation_has_the_symbols_of_its_call_sites)
{
	struct exptrace_advance advance;
	struct recording r = {};
	size_t i, unnamed = 0;
	int round;

	ASSERT_EQ(0, record_places(self->control));
	ASSERT_EQ(0, recording_start(self->control));
	for (round = 0; round < 4; round++) {
		run_something();
		advance = (struct exptrace_advance){};
		ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	}
	STOP_AND_DECODE(&r);
	ASSERT_LE(5, r.stream.nr_generations);
	for (i = 0; i < 4; i++) {
		EXPECT_LT(10, r.stream.generations[i].places);
		EXPECT_EQ(0, r.stream.generations[i].unknown_sites);
	}
	for (i = 0; i < r.nr; i++) {
		const struct stream_arg *place = place_of(&r, r.sorted[i]);

		unnamed += place && place->value && !place->string;
	}
	EXPECT_EQ(0, unnamed);
	recording_free(&r);
}

/*
 * A small pool has room for the symbols of few call sites: the others are counted, and everything
 * else is recorded.
 */
TEST_F(module, too_many_call_sites_are_counted_and_nothing_is_lost)
{
	struct exptrace_start args = start_small();
	uint64_t unknown = 0, found = 0;
	struct recording r = {};
	struct exptrace_info info;
	size_t i;

	args.pool_size = 384 << 10;
	ASSERT_EQ(0, record_only(self->control, "kmalloc", "kfree", "kmem_cache_alloc", "kmem_cache_free", NULL));
	args.flags |= EXPTRACE_START_STOP_ON_CLOSE;
	args.mode = EXPTRACE_MODE_FLIGHT;
	r.stream.flight = true;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	ASSERT_TRUE(WAIT_FOR((run_something(), device_info(self->control).unknown_sites)));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	EXPECT_LT(0, info.unknown_sites);
	i = device_open(O_RDONLY);
	ASSERT_EQ(0, bytes_drain(&r.bytes, i, 1 << 20));
	close(i);
	ASSERT_EQ(0, stream_parse(&r.stream, r.bytes.data, r.bytes.size)) {
		TH_LOG("%s", r.stream.error);
	}
	r.sorted = stream_sorted(&r.stream, &r.nr);
	for (i = 0; i < r.stream.nr_generations; i++) {
		unknown += r.stream.generations[i].unknown_sites;
		EXPECT_GE(args.pool_size / 64 / 100, r.stream.generations[i].places);
	}
	for (i = 0; i < r.nr; i++) {
		const struct stream_arg *place = place_of(&r, r.sorted[i]);

		found += place && !place->value;
	}
	EXPECT_LT(0, unknown);
	/* Events may have been evicted, with those that had no call site. */
	EXPECT_LE(found, unknown);
	EXPECT_LE(unknown, info.unknown_sites);
	recording_free(&r);
}

TEST_HARNESS_MAIN

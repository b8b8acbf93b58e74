// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damage at every byte: everything before it is delivered, and nothing crashes.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

/* Reads the first @n bytes. Returns the last result; counts events, and adds up their times. */
static int read_bytes(const uint8_t *data, size_t n, unsigned int *events, uint64_t *times)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	int ret, fd = memory_file(data, n);

	*events = 0;
	*times = 0;
	if (exptrace_open_fd(fd, &trace))
		return -ENOMEM;
	while ((ret = exptrace_next_event(trace, &record)) == 1) {
		++*events;
		*times += record->ticks;
	}
	if (ret < 0 && exptrace_next_event(trace, &record) != ret)
		ret = -EIO;	/* an error must persist */
	test_close(trace, fd);
	return ret;
}

/* Whether a trace may end after @n bytes: behind the header or a generation. */
static bool is_end(const struct writer *w, size_t n, const size_t *ends, size_t nends)
{
	(void)w;
	while (nends--)
		if (ends[nends] == n)
			return true;
	return false;
}

static void test_truncation(void)
{
	static const struct sample_faults none;
	struct writer w = { 0 };
	size_t ends[3], n, wrong = 0, fewer = 0, passed = 0;
	unsigned int events, before = 0;
	uint64_t times;

	w_header(&w);
	ends[0] = w.size;
	sample_generation(&w, 1, &none);
	ends[1] = w.size;
	sample_generation(&w, 2, &none);
	ends[2] = w.size;
	for (n = 0; n <= w.size; n++) {
		int ret = read_bytes(w.data, n, &events, &times);

		wrong += ret != (is_end(&w, n, ends, 3) ? 0 : -ENODATA);
		fewer += events < before;
		before = events;
		passed += run_bytes(&command_check, NULL, w.data, n) == EXIT_OK;
	}
	is(wrong, 0, "a trace cut off at any byte (of %zu) ends with -ENODATA", w.size);
	is(fewer, 0, "more bytes of a trace never give fewer events");
	is(events, 2 * SAMPLE_ALL, "the whole trace gives all events");
	is(passed, 3, "check accepts a cut behind the header and behind a generation only");
	w_free(&w);
}

/* Begins a trace of one kfree at call site 7, and then a table of type @what. */
static void begin_tables(struct writer *w, unsigned int what)
{
	static const struct sample_faults none;

	w_header(w);
	sample_opening(w, 1, &none);
	w_begin(w, EXPTRACE_EXPERIMENT_ALLOCFREE, 1, SAMPLE_M(0, TASK), sample_start(1));
	w_event(w, EXPTRACE_EVENT_KFREE, 1);
	w_object(w, 0x1000 >> 3);
	w_site(w, 7);
	w_end(w);
	w_begin(w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, sample_start(1) + 10);
	w_byte(w, what);
}

/* Ends the table and the trace. dump must show @site, and report @damage unless NULL. */
static void expect_tables(struct writer *w, const char *site, const char *damage)
{
	int ret;

	w_end(w);
	w_end_of_generation(w);
	ret = run_trace(&command_dump, "-ekfree", w);
	ok(ret == (damage ? EXIT_PROBLEM : EXIT_OK) && run_printed(site) &&
	   (!damage || run_printed(damage)), "%s: %s", damage ? damage : "no damage", site);
	w_free(w);
}

static void add_stack(struct writer *w, uint64_t id, uint64_t function, uint64_t module)
{
	w_stack(w, id, 1);
	w_frame(w, 0x10, function, module, 4);
}

static void test_stacks(void)
{
	struct writer w = { 0 };

	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	add_stack(&w, 8, 0, 0);
	expect_tables(&w, "call_site=site 7\n", NULL);
	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	add_stack(&w, 7, 0, 0);
	add_stack(&w, 9, 1, 0);
	expect_tables(&w, "call_site=0xffffffff81000010\n",
		      "stacks of generation 1 has a frame with a string that is not there");
	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	add_stack(&w, 7, 0, 5);
	expect_tables(&w, "call_site=site 7\n", "has a frame with a string that is not there");
	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	add_stack(&w, 7, 0, 0);
	add_stack(&w, 7, 0, 0);
	expect_tables(&w, "call_site=0xffffffff81000010\n", "has two stacks with the same number");
	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	add_stack(&w, 0, 0, 0);
	expect_tables(&w, "call_site=site 7\n", "has a stack with the number 0");
	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	w_stack(&w, 7, 0);
	expect_tables(&w, "call_site=site 7\n", "has a stack of no frames, or of more than 128");
	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	w_stack(&w, 7, UINT64_MAX);
	expect_tables(&w, "call_site=site 7\n", "has a stack of no frames, or of more than 128");
	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	w_stack(&w, 7, 2);
	w_frame(&w, 1, 0, 0, 0);
	expect_tables(&w, "call_site=site 7\n", "has a number that is cut off or too large");
	begin_tables(&w, EXPTRACE_WIRE_STACKS);
	w_byte(&w, EXPTRACE_WIRE_STRING);
	expect_tables(&w, "call_site=site 7\n", "has an entry of unknown type");
}

static void test_strings(void)
{
	struct writer w = { 0 };

	begin_tables(&w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(&w, 3, "name\n");
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, sample_start(1) + 10);
	w_byte(&w, EXPTRACE_WIRE_STACKS);
	add_stack(&w, 7, 3, 3);
	expect_tables(&w, "call_site=name\\x0a+0x4 [name\\x0a]\n", NULL);
	begin_tables(&w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(&w, 0, "none");
	expect_tables(&w, "call_site=site 7\n", "has a string with the number 0");
	begin_tables(&w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(&w, 3, "one");
	w_string_entry(&w, 3, "other");
	expect_tables(&w, "call_site=site 7\n", "has two strings with the same number");
	begin_tables(&w, EXPTRACE_WIRE_STRINGS);
	w_byte(&w, EXPTRACE_WIRE_STRING);
	w_number(&w, 1);
	w_number(&w, 50);
	expect_tables(&w, "call_site=site 7\n", "has a string that is cut off");
	begin_tables(&w, EXPTRACE_WIRE_STRINGS);
	w_byte(&w, EXPTRACE_WIRE_STRING);
	w_number(&w, 1);
	w_number(&w, 2000);
	expect_tables(&w, "call_site=site 7\n", "has a string of more than 1024 bytes");
}

/* Events with two frames, without a stack, with stack 0, an unknown and a cut-off stack. */
static void test_event_stacks(void)
{
	static const struct sample_faults none;
	struct writer w = { 0 };
	int ret;

	w_header(&w);
	sample_opening(&w, 1, &none);
	w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), sample_start(1));
	w_event(&w, EXPTRACE_EVENT_STACK, 5);
	w_number(&w, 4100);
	w_event(&w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
	w_number(&w, 11);
	w_event(&w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
	w_number(&w, 12);
	w_event(&w, EXPTRACE_EVENT_STACK, 1);
	w_number(&w, 0);
	w_event(&w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
	w_number(&w, 13);
	w_event(&w, EXPTRACE_EVENT_STACK, 1);
	w_number(&w, 4101);
	w_event(&w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
	w_number(&w, 14);
	w_event(&w, EXPTRACE_EVENT_STACK, 1);
	w_number(&w, 4102);
	w_event(&w, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 1);
	w_number(&w, 15);
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, sample_start(1) + 10);
	w_byte(&w, EXPTRACE_WIRE_STRINGS);
	w_string_entry(&w, 1, "inner");
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, sample_start(1) + 10);
	w_byte(&w, EXPTRACE_WIRE_STACKS);
	w_stack(&w, 4100, 2);
	w_frame(&w, 0x10, 1, 0, 4);
	w_frame(&w, 0x20, 0, 0, 0);
	w_stack_cut_off(&w, 4102, 1);
	w_frame(&w, 0x10, 1, 0, 4);
	w_end(&w);
	w_end_of_generation(&w);
	ret = run_trace(&command_dump, NULL, &w);
	ok(ret == EXIT_OK &&
	   run_printed(" pid=11\n\tffffffff81000010 inner+0x4\n\tffffffff81000020 0xffffffff81000020\n"),
	   "a stack is printed below its event, one frame per line");
	ok(!strstr(run_output, "pid=12\n\t") && !strstr(run_output, "pid=13\n\t") &&
	   !strstr(run_output, "pid=14\n\t"),
	   "no stack is printed for other events");
	ok(run_printed(" pid=15\n\tffffffff81000010 inner+0x4\n\t             ... and further out\n") &&
	   !run_printed("20\n\t             ... "),
	   "only a stack that was cut off is marked as such");
	ret = run_trace(&command_dump, "--json", &w);
	ok(ret == EXIT_OK &&
	   run_printed("\"pid\":11},\"stack\":[\"inner+0x4\",\"0xffffffff81000020\"]}\n") &&
	   run_printed("\"pid\":15},\"stack\":[\"inner+0x4\"],\"stack_cut_off\":true}\n") &&
	   run_printed("\"pid\":12}}\n"), "JSON has a stack as a list");
	w_free(&w);
}

/* Begins a batch of experiment 1 after an empty table. */
static void begin_objects(struct writer *w)
{
	begin_tables(w, EXPTRACE_WIRE_STACKS);
	w_end(w);
	w_begin(w, EXPTRACE_EXPERIMENT_ALLOCFREE, 1, SAMPLE_M(0, TASK), sample_start(1) + 50);
}

/* dump must show object @n of @values, in one batch with those before it, as @shown. */
static void expect_object(const uint64_t *values, unsigned int n, const char *shown)
{
	struct writer w = { 0 };
	unsigned int i;

	begin_objects(&w);
	for (i = 0; i <= n; i++) {
		w_event(&w, EXPTRACE_EVENT_KFREE, 1);
		w_object(&w, values[i]);
		w_site(&w, 0);
	}
	expect_tables(&w, shown, NULL);
}

/* An object of these @n bytes, at the end of a batch, must be damage. */
static void expect_bad_object(const char *bytes, size_t n)
{
	struct writer w = { 0 };

	begin_objects(&w);
	w_event(&w, EXPTRACE_EVENT_KFREE, 1);
	w_bytes(&w, bytes, n);
	expect_tables(&w, "call_site=site 7", "with a bad argument");
}

/* Objects in short and long form, and events that end within one. */
static void test_objects(void)
{
	static const uint64_t values[] = {
		0, W_NULL, 1, 0xff0000ULL << 15 | 1, (0xff0000ULL << 15) - 1, UINT64_MAX,
		0xff0000ULL << 15 | 0x1ff, 0x201, 0x201 | 1 << 15, 0x201, W_NULL,
	};
	static const char *const shown[] = {
		"ptr=ffff888000000000", "ptr=0000000000000000", "ptr=ffff888000000008",
		"ptr=ffff8c7c00000008", "ptr=ffff8c7bfffffff8", "ptr=ffff887fffffffff",
		"ptr=ffff8c7c00000ff8", "ptr=ffff888000001008", "ptr=ffff888000041008",
		"ptr=ffff888000001008", "ptr=0000000000000000",
	};
	unsigned int i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		expect_object(values, i, shown[i]);
	for (i = 0; i < 4; i++)
		expect_bad_object("\1\0\7\0", i);		/* short form, then a call site */
	for (i = 0; i < 7; i++)
		expect_bad_object("\1\200\3\4\5\7\0", i);	/* long form */
	for (i = 0; i < 8; i++)
		expect_bad_object("\1\200\3\4\377\200\1\7", i);
	/* an address of more than 64 bits */
	expect_bad_object("\1\200\3\4\377\200\200\200\200\40\7\0", 12);
}

/* A user address is the distance from the last one of its kind in the batch. */
static void test_user_addresses(void)
{
	static const struct sample_faults none;
	struct writer w = { 0 };

	w_header(&w);
	sample_opening(&w, 1, &none);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, sample_start(1));
	w_byte(&w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(&w, 0, EXPTRACE_EVENT_PAGE_FAULT_USER, 1, "fault", "page_fault_user", 3);
	w_schema_arg(&w, EXPTRACE_KIND_USER_ADDRESS, "address");
	w_schema_arg(&w, EXPTRACE_KIND_USER_CODE, "ip");
	w_schema_arg(&w, EXPTRACE_KIND_FLAGS, "error_code");
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), sample_start(1) + 50);
	w_event(&w, EXPTRACE_EVENT_PAGE_FAULT_USER, 1);
	w_signed(&w, 0x7000);
	w_signed(&w, -8);
	w_number(&w, 6);
	w_event(&w, EXPTRACE_EVENT_PAGE_FAULT_USER, 1);
	w_signed(&w, -0x1000);
	w_signed(&w, 0x408);
	w_number(&w, 6);
	w_end(&w);
	w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), sample_start(1) + 60);
	w_event(&w, EXPTRACE_EVENT_PAGE_FAULT_USER, 1);
	w_signed(&w, 0x10);
	w_signed(&w, 0x20);
	w_number(&w, 4);
	w_end(&w);
	w_end_of_generation(&w);
	ok(run_trace(&command_dump, "-epage_fault_user", &w) == EXIT_OK &&
	   run_printed("address=0000000000007000 ip=fffffffffffffff8 error_code=0x6") &&
	   run_printed("address=0000000000006000 ip=0000000000000400 error_code=0x6") &&
	   run_printed("address=0000000000000010 ip=0000000000000020 error_code=0x4"),
	   "user addresses are decoded from distances within a batch");
	w_free(&w);
}

/* The incomplete last generation is delivered up to the cut. */
static void test_last_generation(void)
{
	static const struct sample_faults none;
	struct writer w = { 0 };
	unsigned int events;
	uint64_t times;
	int ret;

	w_header(&w);
	sample_generation(&w, 1, &none);
	sample_opening(&w, 2, &none);
	sample_batches(&w, 2, &none);
	ret = read_bytes(w.data, w.size, &events, &times);
	ok(ret == -ENODATA && events == 2 * SAMPLE_ALL,
	   "a generation without its closing batches is delivered");
	ret = read_bytes(w.data, w.size - 3, &events, &times);
	ok(ret == -ENODATA && events == 2 * SAMPLE_ALL - 2,
	   "only the batch that was cut off is missing");
	w_free(&w);
}

static void test_bad_event(void)
{
	static const struct sample_faults none, bad = { .bad_type = true };
	struct writer w = { 0 };
	unsigned int events;
	uint64_t times;
	int ret;

	w_header(&w);
	sample_generation(&w, 1, &none);
	sample_generation(&w, 2, &bad);
	sample_generation(&w, 3, &none);
	ret = read_bytes(w.data, w.size, &events, &times);
	ok(ret == -EBADMSG && events == 2 * SAMPLE_ALL - 2,
	   "all events are delivered except the bad one and those behind it in its batch");
	run_trace(&command_dump, NULL, &w);
	ok(run_printed(": event of a type that the schema lacks (type 79 of experiment 1) "
		       "in generation 2 at offset "), "dump reports what is wrong, and where");
	w_free(&w);
}

/* Changes each byte in turn. No command may crash, and check must find changes that lose events. */
static void test_corruption(void)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff, 0x34 };
	struct writer w = { 0 };
	size_t n, i, odd = 0, found = 0, tried = 0;

	sample_trace(&w, 1);
	for (n = 0; n < w.size; n++) {
		for (i = 0; i < sizeof(masks); i++) {
			unsigned int events;
			uint64_t times;
			int check, ret;

			w.data[n] ^= masks[i];
			check = run_bytes(&command_check, NULL, w.data, w.size);
			ret = read_bytes(w.data, w.size, &events, &times);
			run_bytes(&command_dump, "--all", w.data, w.size);
			run_bytes(&command_stat, NULL, w.data, w.size);
			w.data[n] ^= masks[i];
			tried++;
			found += check != EXIT_OK;
			/* a trace that check accepts must have all its events */
			odd += check == EXIT_OK && (ret != 0 || events < SAMPLE_EVENTS);
		}
	}
	is(odd, 0, "a trace that check accepts has all its events, whichever byte was changed");
	ok(found > tried / 3, "check finds most changed bytes (%zu of %zu)", found, tried);
	w_free(&w);
}

/* The reader must not trust lengths and counts that exceed the data. */
static void test_excessive_counts(void)
{
	struct writer w = { 0 };
	unsigned int events;
	uint64_t times;
	int ret;

	w_header(&w);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 1);
	w_byte(&w, EXPTRACE_WIRE_LEDGER);
	w_byte(&w, EXPTRACE_WIRE_LEDGER_ENTRY);
	w_bytes(&w, "\1\1\1\1", 4);
	w_number(&w, UINT64_MAX / 2);
	w_end(&w);
	ret = read_bytes(w.data, w.size, &events, &times);
	ok(ret == -EBADMSG, "a ledger with more reasons than bytes is damage");
	w_free(&w);

	w_header(&w);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 1);
	w_byte(&w, EXPTRACE_WIRE_SCHEMA);
	w_schema_event(&w, 0, 64, 1, "g", "n", UINT32_MAX);
	w_end(&w);
	ret = read_bytes(w.data, w.size, &events, &times);
	ok(ret == -EBADMSG, "a schema with more arguments than bytes is damage");
	w_free(&w);

	w_header(&w);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 1);
	memset(w.data + w.size - EXPTRACE_VARINT_MAX, 0xff, EXPTRACE_VARINT_MAX - 1);
	w.data[w.size - 1] = 1;
	ret = read_bytes(w.data, w.size, &events, &times);
	ok(ret == -EBADMSG, "a batch of 2^64 - 1 bytes is damage");
	w_free(&w);
}

/* An event's type encodes the variant, its first argument, which so cannot be a string. */
static void test_string_variant(void)
{
	static const unsigned int kinds[] = { EXPTRACE_KIND_STRING, 200 };
	struct writer w = { 0 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		w_header(&w);
		w_sync(&w, 1, 1000, 1000000000, 1000);
		w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, 1000);
		w_byte(&w, EXPTRACE_WIRE_SCHEMA);
		w_schema_event(&w, 0, 70, 1, "g", "text", 1);
		w_schema_arg(&w, EXPTRACE_KIND_STRING, "text");
		w_schema_event(&w, 0, 80, 2, "g", "both", 1);
		w_schema_arg(&w, kinds[i], "comm");
		w_end(&w);
		w_begin(&w, STANDARD_BATCH, 1, SAMPLE_M(0, TASK), 1000);
		w_event(&w, 70, 1);
		w_string(&w, "a length that is left behind");
		w_event(&w, 81, 1);
		w_end(&w);
		w_end_of_generation(&w);
		ok(run_trace(&command_dump, NULL, &w) == EXIT_PROBLEM &&
		   run_printed("describes an event whose variant is a string"),
		   "a variant of kind %u is damage", kinds[i]);
		w_free(&w);
	}
}

int main(void)
{
	test_string_variant();
	test_truncation();
	test_last_generation();
	test_bad_event();
	test_corruption();
	test_excessive_counts();
	test_stacks();
	test_strings();
	test_event_stacks();
	test_objects();
	test_user_addresses();
	return tap_end();
}

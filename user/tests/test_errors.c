// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every call that fails sets a message of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "run.h"
#include "sample.h"
#include "tap.h"

static const struct sample_faults none;

/* The error of all ioctls; if 0, only EXPTRACE_IOC_INFO succeeds. */
static int ioctl_error;

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	(void)fd;
	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request == EXPTRACE_IOC_INFO && !ioctl_error) {
		memset(arg, 0, sizeof(struct exptrace_info));
		((struct exptrace_info *)arg)->abi_version = EXPTRACE_ABI_VERSION;
		return 0;
	}
	errno = ioctl_error ? ioctl_error : EINVAL;
	return -1;
}

/* Sets the message of another call, so that a missing message is noticed. */
static void leave_stale(const struct exptrace_trace *trace)
{
	const struct exptrace_frame *frames;
	struct exptrace_trace *other;

	if (trace)
		exptrace_stack(trace, 12345, &frames);
	else
		exptrace_open("/nowhere/stale", &other);
}

static bool has_message(const struct exptrace_trace *trace, const char *want)
{
	const char *text = exptrace_error(trace);

	if (strstr(text, want) && !strstr(text, "stale"))
		return true;
	printf("# the message is '%s'\n", text);
	return false;
}

#define FAILS(trace, call, err, text)	do {				\
		int64_t ret_;						\
									\
		leave_stale(trace);					\
		ret_ = (call);						\
		ok(ret_ == (err) && has_message(trace, text), "%s: %s", #call, text);	\
	} while (0)

static struct exptrace_trace *open_bytes(const void *bytes, size_t n)
{
	struct exptrace_trace *trace;

	if (exptrace_open_memory(bytes, n, &trace))
		abort();
	return trace;
}

static void test_none(void)
{
	struct exptrace_trace *trace = open_bytes("", 0);

	ok(!strcmp(exptrace_error(NULL), "") && !strcmp(exptrace_error(trace), ""),
	   "the message is empty before any call has failed");
	exptrace_close(trace);
}

static void test_opening(void)
{
	char path[400] = "/nowhere/";
	struct exptrace_trace *trace;

	FAILS(NULL, exptrace_open("/nowhere/x", &trace), -ENOENT,
	      "/nowhere/x: cannot open: No such file");
	memset(path + 9, 'x', sizeof(path) - 10);
	FAILS(NULL, exptrace_open(path, &trace), -ENOENT, "xx: cannot open: ");
	FAILS(NULL, exptrace_open_files((const char *const[]){ "/nowhere/x", "/nowhere/y" }, 2, &trace),
	      -ENOENT, "/nowhere/x: cannot open: No such file");
	FAILS(NULL, exptrace_open_files(NULL, 0, &trace), -EINVAL, "no file to read is given");
	if (exptrace_open_fd(-1, &trace))
		return;
	FAILS(trace, exptrace_next_event(trace, &(const struct exptrace_record *){ 0 }), -EBADF,
	      "cannot read: Bad file descriptor at offset 0");
	exptrace_close(trace);
}

static void test_names(void)
{
	FAILS(NULL, exptrace_syscall_number("x86_64", "nonsense", 8), -ENOENT,
	      "nonsense: there is no such system call");
	FAILS(NULL, exptrace_syscall_number_in("x86_64", EXPTRACE_SYSCALLS_COMPAT, "nonsense", 3),
	      -ENOENT, "non: there is no such system call");
	FAILS(NULL, exptrace_device_experiment_id("nonsense", 8), -ENOENT,
	      "nonsense: there is no such experiment");
}

static void test_selections(void)
{
	struct exptrace_syscall_tables calls = { 0 };
	struct exptrace_selection *selection;

	FAILS(NULL, exptrace_selection_parse("sched,tp:x", 10, &selection, NULL), -EINVAL,
	      "tp:x: ");
	if (exptrace_selection_parse("syscalls:nonsense", 17, &selection, NULL))
		return;
	FAILS(NULL, exptrace_selection_syscalls(selection, "x86_64", false, &calls), -ENOENT,
	      "syscalls:nonsense: there is no such system call");
	exptrace_selection_free(selection);
}

static void test_pieces(void)
{
	FAILS(NULL, exptrace_header_version("exptrace", 8), -EBADMSG, "not the header of a trace");
	FAILS(NULL, exptrace_header_version("exptrace v9\0\0\0\0\0", 16), -EPROTONOSUPPORT,
	      "unsupported version");
	FAILS(NULL, exptrace_piece("x", 1, NULL, NULL), -EBADMSG, "neither a batch nor the end");
}

static void count(void *arg, const struct exptrace_record *record)
{
	(void)record;
	++*(unsigned int *)arg;
}

/* Mixing the ways of reading a trace. */
static void test_ways(void)
{
	const struct exptrace_record *record;
	const struct exptrace_batch *batch;
	const struct exptrace_frame *frames;
	const char *key, *value;
	struct writer w = { 0 };
	struct exptrace_trace *trace;

	sample_trace(&w, 1);
	trace = open_bytes(w.data, w.size);
	if (exptrace_next_event(trace, &record) != 1)
		return;
	FAILS(trace, exptrace_next_batch(trace, &batch), -EINVAL, "read in another way");
	FAILS(trace, exptrace_next_frame(trace, &batch), -EINVAL, "read in another way");
	FAILS(trace, exptrace_thread(trace, -1), -ENOENT, "a thread id is never negative");
	FAILS(trace, exptrace_thread_at(trace, -1, 0), -ENOENT, "a thread id is never negative");
	FAILS(trace, exptrace_property_at(trace, 1000, &key, &value), -ENOENT, "no such property");
	ok(exptrace_stack(trace, 0, &frames) == -ENOENT && has_message(trace, "no such call site or stack"),
	   "a stack that is not known: no such call site or stack");
	exptrace_close(trace);
	trace = open_bytes(w.data, w.size);
	if (exptrace_next_batch(trace, &batch) != 1)
		return;
	FAILS(trace, exptrace_next_event(trace, &record), -EINVAL, "read in another way");
	exptrace_close(trace);
	w_free(&w);
}

/* Reads batch by batch. @sound: the first batch with events is sound, but has no schema. */
static void test_batches(bool sound)
{
	const struct sample_faults faults = { .no_schema = sound, .bad_type = !sound };
	const struct exptrace_record *record;
	const struct exptrace_batch *batch;
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	unsigned int n = 0;
	int ret;

	w_header(&w);
	sample_generation(&w, 1, &faults);
	trace = open_bytes(w.data, w.size);
	do
		ret = exptrace_next_batch(trace, &batch);
	while (ret == 1 && batch->kind != EXPTRACE_BATCH_EVENTS);
	if (sound) {
		FAILS(trace, exptrace_next_in_batch(trace, &record), -ENOENT, "no schema for this batch");
		FAILS(trace, exptrace_each_in_batch(trace, count, &n), -ENOENT, "no schema for this");
	} else {
		FAILS(trace, exptrace_each_in_batch(trace, count, &n), -EBADMSG,
		      "of a type that the schema lacks (type 79");
	}
	exptrace_close(trace);
	w_free(&w);
}

/* A persistent error sets its message again, even if another call has failed in between. */
static void test_lasting(void)
{
	const struct exptrace_record *record;
	const struct exptrace_damage *damage;
	const struct exptrace_batch *batch;
	struct exptrace_trace *trace;
	struct writer w = { 0 };

	sample_trace(&w, 3);
	w.data[EXPTRACE_HEADER_SIZE] = 0xee;
	trace = open_bytes(w.data, w.size);
	FAILS(trace, exptrace_next_batch(trace, &batch), -EBADMSG, "byte 238 where a batch should");
	FAILS(trace, exptrace_next_batch(trace, &batch), -EBADMSG, "byte 238 where a batch should");
	exptrace_close(trace);
	trace = open_bytes(w.data, w.size);
	FAILS(trace, exptrace_next_event(trace, &record), -EBADMSG, "byte 238 where a batch should");
	FAILS(trace, exptrace_next_event(trace, &record), -EBADMSG, "byte 238 where a batch should");
	exptrace_close(trace);
	trace = open_bytes(w.data, 700);
	while (exptrace_next_frame(trace, &batch) == 1)
		;
	exptrace_close(trace);
	trace = open_bytes("", 0);
	FAILS(trace, exptrace_next_frame(trace, &batch), -ENODATA,
	      "there is no data, not even a header, at offset 0");
	exptrace_close(trace);
	/* two traces in a row */
	w.size = 0;
	sample_trace(&w, 2);
	w_header(&w);
	sample_generation(&w, 1, &none);
	trace = open_bytes(w.data, w.size);
	while (exptrace_next_event(trace, &record) == 1)
		;
	FAILS(trace, exptrace_resync(trace, &damage), -EBADMSG, "generation 1 comes after generation 2");
	exptrace_close(trace);
	w_free(&w);
}

static void test_seeking(void)
{
	struct exptrace_trace *trace;
	struct writer w = { 0 };
	int ends[2];

	sample_trace(&w, 2);
	trace = open_bytes(w.data, w.size);
	FAILS(trace, exptrace_seek_index(trace, 2), -ENOENT, "no such generation");
	FAILS(trace, exptrace_seek_generation(trace, 3), -ENOENT, "no such generation");
	FAILS(trace, exptrace_seek_time(trace, EXPTRACE_CLOCK_REALTIME, UINT64_MAX - 1), -ENOENT,
	      "the trace ends before that time");
	exptrace_close(trace);
	trace = open_bytes(w.data, 10);
	FAILS(trace, exptrace_index_size(trace), -EBADMSG, "not a trace of exptrace");
	exptrace_close(trace);
	if (pipe2(ends, O_NONBLOCK) || exptrace_open_fd(ends[0], &trace))
		return;
	FAILS(trace, exptrace_seek_index(trace, 0), -ESPIPE, "a pipe cannot be searched");
	exptrace_close(trace);
	close(ends[0]);
	close(ends[1]);
	w_free(&w);
}

static void test_nothing_yet(void)
{
	const struct exptrace_record *record;
	struct exptrace_trace *trace;
	int ends[2];

	if (pipe2(ends, O_NONBLOCK) || exptrace_open_fd(ends[0], &trace))
		return;
	FAILS(trace, exptrace_next_event(trace, &record), -EAGAIN, "no more data yet");
	exptrace_close(trace);
	close(ends[0]);
	close(ends[1]);
}

#define DEVICE_FAILS(call, text)	FAILS(NULL, call, -EIO, "/dev/null: " text ": Input/output error")

static void test_device(void)
{
	const struct exptrace_start start = EXPTRACE_START_INIT;
	struct exptrace_syscall_tables tables = { 0 };
	struct exptrace_syscalls calls = { 0 };
	struct exptrace_event event = { 0 };
	struct exptrace_filter *filter;
	struct exptrace_device *device;
	struct exptrace_batch_ref ref;
	struct exptrace_selection *selection;
	const struct exptrace_sink sink = { 0 };
	struct exptrace_info info;
	const void *batch;
	uint64_t size;

	FAILS(NULL, exptrace_device_open("/nowhere/x", O_RDONLY, &device), -ENOENT,
	      "/nowhere/x: cannot open: No such file");
	ioctl_error = ENOTTY;
	FAILS(NULL, exptrace_device_open("/dev/null", O_RDWR, &device), -EPROTO,
	      "/dev/null: the module has another ABI version");
	ioctl_error = 0;
	if (exptrace_device_open("/dev/null", O_RDWR, &device))
		abort();
	FAILS(NULL, exptrace_device_map(device), -EINVAL, "/dev/null: there is no pool");
	FAILS(NULL, exptrace_device_take(device, &ref, &batch), -EINVAL, "/dev/null: the pool is not");
	FAILS(NULL, exptrace_device_drain(device, &sink, NULL), -EPROTO, "not the header of a trace");
	ioctl_error = EIO;
	DEVICE_FAILS(exptrace_device_info(device, &info), "cannot get its state");
	DEVICE_FAILS(exptrace_device_map(device), "cannot get its state");
	DEVICE_FAILS(exptrace_device_start(device, &start), "cannot start recording");
	DEVICE_FAILS(exptrace_device_least_pool(device, &start, &size, NULL),
		     "cannot get the smallest pool size");
	DEVICE_FAILS(exptrace_device_stop(device), "cannot stop recording");
	DEVICE_FAILS(exptrace_device_advance(device, NULL), "cannot begin a generation");
	DEVICE_FAILS(exptrace_device_snapshot(device, 0, NULL, NULL), "cannot take a snapshot");
	DEVICE_FAILS(exptrace_device_trigger(device), "cannot fire the trigger");
	DEVICE_FAILS(exptrace_device_set_trigger(device, 1), "cannot set the trigger");
	DEVICE_FAILS(exptrace_device_mark(device, EXPTRACE_MARK_TEXT, "x"), "cannot write a marker");
	DEVICE_FAILS(exptrace_device_mark_begin(device, "x"), "cannot write a marker");
	DEVICE_FAILS(exptrace_device_mark_end(device, "x"), "cannot write a marker");
	DEVICE_FAILS(exptrace_device_mark_log(device, "x", "y"), "cannot write a marker");
	DEVICE_FAILS(exptrace_device_give(device), "cannot give back a batch");
	DEVICE_FAILS(exptrace_device_event(device, 0, &event), "cannot describe an event");
	DEVICE_FAILS(exptrace_device_switch(device, &event, 0), "cannot switch an event");
	DEVICE_FAILS(exptrace_device_enable(device, 0, true), "cannot switch an event");
	DEVICE_FAILS(exptrace_device_set_event(device, 0, 0), "cannot switch an event");
	DEVICE_FAILS(exptrace_device_syscalls(device, &calls), "cannot get the system calls");
	DEVICE_FAILS(exptrace_device_set_syscalls(device, &calls), "cannot choose system calls");
	DEVICE_FAILS(exptrace_device_syscall_tables(device, &tables), "cannot get the system calls");
	DEVICE_FAILS(exptrace_device_set_syscall_tables(device, &tables), "cannot choose system calls");
	DEVICE_FAILS(exptrace_device_filter(device, &filter), "cannot get the filter");
	DEVICE_FAILS(exptrace_device_set_filter(device, NULL), "cannot set the filter");
	if (exptrace_selection_parse("sched", 5, &selection, NULL))
		return;
	DEVICE_FAILS(exptrace_selection_offer_device(selection, device),
		     "cannot describe an event");
	DEVICE_FAILS(exptrace_device_select(device, selection), "cannot describe an event");
	exptrace_selection_free(selection);
	exptrace_device_close(device);
	ioctl_error = 0;
}

int main(void)
{
	test_none();
	test_opening();
	test_names();
	test_selections();
	test_pieces();
	test_ways();
	test_batches(true);
	test_batches(false);
	test_lasting();
	test_seeking();
	test_nothing_yet();
	test_device();
	return tap_end();
}

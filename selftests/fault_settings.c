// SPDX-License-Identifier: GPL-2.0-only
/* Each setting fails cleanly if an allocation or a copy fails: events, filters, the trigger, markers, sysfs. */
#define _GNU_SOURCE

#include "faults.h"


#define SYSFS		"/sys/class/misc/exptrace/"

static int set_event(FIXTURE_DATA(fault) *self, int index, bool on)
{
	struct exptrace_event event = { .index = index, .flags = on ? EXPTRACE_EVENT_F_ENABLED : 0 };

	return device_ioctl(self->device, EXPTRACE_IOC_SET_EVENT, &event);
}

static bool event_is_on(FIXTURE_DATA(fault) *self, int index)
{
	struct exptrace_event event = { .index = index };

	return !device_ioctl(self->device, EXPTRACE_IOC_GET_EVENT, &event) && event.flags & EXPTRACE_EVENT_F_ENABLED;
}

/*
 * GET_EVENT reports the real state: an event can be disabled without memory, and one that could not
 * be enabled is off.
 */
TEST_F_TIMEOUT(fault, enabling_or_disabling_an_event_fails_cleanly, TIMEOUT)
{
	int index;

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	index = event_index(self->device, "kmalloc");
	ASSERT_LE(0, index);
	ASSERT_EQ(0, start(self));
#define SWITCHED_ON(err)						\
	do {								\
		EXPECT_EQ(!(err), event_is_on(self, index));		\
		EXPECT_EQ(0, set_event(self, index, false));		\
	} while (0)
	FAIL_EACH(-ENOMEM, set_event(self, index, true), SWITCHED_ON);
	EXPECT_EQ(0, set_event(self, index, true));
#define SWITCHED_OFF(err)						\
	do {								\
		EXPECT_EQ(!!(err), event_is_on(self, index));		\
		EXPECT_EQ(0, set_event(self, index, true));		\
	} while (0)
	FAIL_EACH(-EFAULT, set_event(self, index, false), SWITCHED_OFF);
	EXPECT_EQ(0, stop(self));
	check_whole(_metadata, self);
}

static int set_event_with_stack(FIXTURE_DATA(fault) *self, int index)
{
	struct exptrace_event event = { .index = index, .flags = EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK };

	return device_ioctl(self->device, EXPTRACE_IOC_SET_EVENT, &event);
}

/* The stack table, once allocated, stays until the module is unloaded. */
TEST_F_TIMEOUT(fault, first_event_with_a_stack_fails_cleanly, TIMEOUT)
{
	int index;

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	index = event_index(self->device, "kmalloc");
	ASSERT_LE(0, index);
	ASSERT_EQ(0, start_roomy(self));
#define FIRST_STACK(err)						\
	do {								\
		EXPECT_EQ(!(err), event_is_on(self, index));		\
		if (!(err)) {						\
			ASSERT_EQ(0, stop(self));			\
			check_whole(_metadata, self);			\
			load_afresh(_metadata, self, "");		\
			ASSERT_EQ(0, start_roomy(self));		\
		}							\
	} while (0)
	FAIL_EACH(-ENOMEM, set_event_with_stack(self, index), FIRST_STACK);
	ASSERT_EQ(0, stop(self));
}

static int set_trigger(FIXTURE_DATA(fault) *self, uint64_t us)
{
	struct exptrace_trigger trigger = { .latency_us = us };

	return device_ioctl(self->device, EXPTRACE_IOC_SET_TRIGGER, &trigger);
}

TEST_F_TIMEOUT(fault, setting_the_trigger_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
#define TRIGGER_SET(err)	EXPECT_EQ(0, set_trigger(self, 0))
	FAIL_EACH(-ENOMEM, set_trigger(self, 1000000), TRIGGER_SET);
}

/* Setting it attaches probes, too. */
TEST_F_TIMEOUT(fault, setting_the_trigger_during_a_recording_fails_cleanly, TIMEOUT)
{
	struct observed o;

	start_observed(_metadata, self, &o);
	FAIL_EACH(-ENOMEM, set_trigger(self, 1000000), TRIGGER_SET);
	stop_observed(_metadata, self, &o);
}

static int set_filter(FIXTURE_DATA(fault) *self, uint32_t cpu)
{
	uint32_t pids[] = { getpid(), getppid() };
	uint64_t cpus = 1ULL << cpu;
	struct exptrace_filter filter = {
		.flags = EXPTRACE_FILTER_CHILDREN, .nr_threads = 1, .threads = (uintptr_t)pids,
		.nr_processes = 2, .processes = (uintptr_t)pids, .nr_cpu_words = 1, .cpus = (uintptr_t)&cpus,
		.min_syscall_ns = 1, .min_switch_ns = 1,
	};

	return device_ioctl(self->device, EXPTRACE_IOC_SET_FILTER, &filter);
}

static bool has_filter(FIXTURE_DATA(fault) *self)
{
	struct exptrace_filter filter = {};

	return !device_ioctl(self->device, EXPTRACE_IOC_GET_FILTER, &filter) && filter.min_syscall_ns;
}

static int take_filter_back(FIXTURE_DATA(fault) *self)
{
	struct exptrace_filter none = {};

	return device_ioctl(self->device, EXPTRACE_IOC_SET_FILTER, &none);
}

/* A filter is set completely or not at all, whether or not one is set already. */
TEST_F_TIMEOUT(fault, setting_a_filter_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load("events=all"));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, start_roomy(self));
#define FILTER_SET(err)							\
	do {								\
		EXPECT_EQ(!(err), has_filter(self));			\
		EXPECT_EQ(0, take_filter_back(self));			\
	} while (0)
	FAIL_EACH(-ENOMEM, set_filter(self, 0), FILTER_SET);
	EXPECT_EQ(0, set_filter(self, 0));
#define FILTER_STAYS(err)	EXPECT_TRUE(has_filter(self))
	FAIL_EACH(-ENOMEM, set_filter(self, 0), FILTER_STAYS);
	ASSERT_EQ(0, stop(self));
	check_whole(_metadata, self);
}

/* The filter of set_filter(), as GET_FILTER returns it. */
struct returned_filter {
	struct exptrace_filter filter;
	uint32_t threads[2], processes[2];
	uint64_t cpus[1];
};

static int get_filter(FIXTURE_DATA(fault) *self, struct returned_filter *got)
{
	memset(got, 0xcc, sizeof(*got));
	got->filter = (struct exptrace_filter){
		.nr_threads = 2, .threads = (uintptr_t)got->threads, .nr_processes = 2,
		.processes = (uintptr_t)got->processes, .nr_cpu_words = 1, .cpus = (uintptr_t)got->cpus,
	};
	return device_ioctl(self->device, EXPTRACE_IOC_GET_FILTER, &got->filter);
}

static bool is_as_set(const struct returned_filter *got)
{
	return got->filter.nr_threads == 1 && got->filter.nr_processes == 2 && got->filter.nr_cpu_words &&
	       got->threads[0] == (uint32_t)getpid() && got->threads[1] == 0xcccccccc &&
	       got->processes[0] + got->processes[1] == (uint32_t)(getpid() + getppid()) && got->cpus[0] == 1;
}

/* A filter that could not be returned can be returned the next time. */
TEST_F_TIMEOUT(fault, getting_a_filter_fails_cleanly, TIMEOUT)
{
	struct returned_filter got;

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
#define FILTER_RETURNED(err)						\
	do {								\
		EXPECT_TRUE((err) || is_as_set(&got));			\
		EXPECT_EQ(0, get_filter(self, &got));			\
		EXPECT_TRUE(is_as_set(&got));				\
	} while (0)
	ASSERT_EQ(0, set_filter(self, 0));
	FAIL_EACH(-ENOMEM, get_filter(self, &got), FILTER_RETURNED);
	EXPECT_EQ(0, take_filter_back(self));
}

/* The table of when system calls began is the largest allocation of any filter. */
static int set_syscall_filter(FIXTURE_DATA(fault) *self)
{
	struct exptrace_filter filter = { .min_syscall_ns = 1 };

	return device_ioctl(self->device, EXPTRACE_IOC_SET_FILTER, &filter);
}

TEST_F_TIMEOUT(fault, setting_a_filter_without_a_recording_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	FAIL_EACH(-ENOMEM, set_syscall_filter(self), FILTER_SET);
	FAIL_EACH(-ENOMEM, set_filter(self, 0), FILTER_SET);
}

static int mark(FIXTURE_DATA(fault) *self, int kind)
{
	struct exptrace_mark mark = { .kind = kind, .length = 1000, .text = (uintptr_t)self->image };

	if (kind == EXPTRACE_MARK_LOG) {
		mark.key_length = 1000;
		mark.key = (uintptr_t)self->image;
	}
	return device_ioctl(self->device, EXPTRACE_IOC_MARK, &mark);
}

static int write_marker(FIXTURE_DATA(fault) *self)
{
	ssize_t n = write(self->device, self->image, 1000);

	return n < 0 ? -errno : n == 1000 ? 0 : -EIO;
}

/* A failed marker is not in the stream; every other one is there once. */
TEST_F_TIMEOUT(fault, markers_fail_cleanly, TIMEOUT)
{
	static const int types[] = {
		EXPTRACE_EVENT_MARKER, EXPTRACE_EVENT_MARKER_BEGIN, EXPTRACE_EVENT_MARKER_END, EXPTRACE_EVENT_MARKER_LOG,
	};
	unsigned int made[4] = {}, kind;
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, start_roomy(self));
#define MARKED(err)	made[kind] += !(err)
	for (kind = EXPTRACE_MARK_TEXT; kind <= EXPTRACE_MARK_LOG; kind++)
		FAIL_EACH(-ENOMEM, mark(self, kind), MARKED);
	kind = EXPTRACE_MARK_TEXT;
	FAIL_EACH(-ENOMEM, write_marker(self), MARKED);
	ASSERT_EQ(0, stop(self));
	ASSERT_EQ(0, bytes_drain(&bytes, self->device, 65536));
	EXPECT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	for (kind = EXPTRACE_MARK_TEXT; kind <= EXPTRACE_MARK_LOG; kind++) {
		EXPECT_LT(0, made[kind]);
		EXPECT_EQ(made[kind], stream_count(&stream, 0, types[kind], 0));
	}
	bytes_free(&bytes);
	stream_free(&stream);
}

/* Start attaches their probes: all of them or none. */
TEST_F_TIMEOUT(fault, start_with_a_filter_and_a_trigger_fails_cleanly, TIMEOUT)
{
	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, open_device(&self->device));
	ASSERT_EQ(0, set_filter(self, 0));
	ASSERT_EQ(0, set_trigger(self, 3000000000ULL));
	FAIL_EACH(-ENOMEM, start(self), CHECK_STARTED);
	check_whole(_metadata, self);
	EXPECT_TRUE(has_filter(self));
	EXPECT_EQ(0, take_filter_back(self));
	EXPECT_EQ(0, set_trigger(self, 0));
}

static int write_attribute(int fd, const char *text)
{
	ssize_t n = pwrite(fd, text, strlen(text), 0);

	return n < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(fault, sysfs_writes_fail_cleanly, TIMEOUT)
{
	int recording, advance, events;
	char before[4096], after[4096];

	ASSERT_EQ(0, module_load("pool_mb=4 batch_kb=64"));
	ASSERT_EQ(0, open_device(&self->device));
	recording = open(SYSFS "recording", O_WRONLY | O_CLOEXEC);
	advance = open(SYSFS "advance", O_WRONLY | O_CLOEXEC);
	events = open(SYSFS "events", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, recording);
	ASSERT_LE(0, advance);
	ASSERT_LE(0, events);
	/* An open file reads one recording. */
#define STARTED_BY_SYSFS(err)						\
	do {								\
		check_started(_metadata, self, err);			\
		if (!(err))						\
			check_whole(_metadata, self);			\
		close(self->device);					\
		ASSERT_EQ(0, open_device(&self->device));		\
	} while (0)
	FAIL_EACH(-ENOMEM, write_attribute(recording, "1"), STARTED_BY_SYSFS);
	ASSERT_EQ(0, start_roomy(self));
	FAIL_EACH(-ENOMEM, write_attribute(advance, "1"), STILL_RECORDS);

	/* A selection takes effect completely or not at all. */
	read_file(SYSFS "events", before, sizeof(before));
#define SELECTED(err)							\
	do {								\
		read_file(SYSFS "events", after, sizeof(after));	\
		if (err) {						\
			EXPECT_STREQ(before, after);			\
		} else {						\
			EXPECT_STRNE(before, after);			\
		}							\
		EXPECT_EQ(0, write_attribute(events, "sched"));		\
	} while (0)
	FAIL_EACH(-ENOMEM, write_attribute(events, "alloc"), SELECTED);
	FAIL_EACH(-ENOMEM, write_attribute(events, "+sched_waking:stack,alloc:stack"), SELECTED);

#define STOPPED_BY_SYSFS(err)						\
	do {								\
		EXPECT_EQ(!!(err), device_info(self->device).state);	\
		if (!(err)) {						\
			check_whole(_metadata, self);			\
			EXPECT_EQ(0, start(self));			\
		}							\
	} while (0)
	FAIL_EACH(-ENOMEM, write_attribute(recording, "0"), STOPPED_BY_SYSFS);
	EXPECT_EQ(0, stop(self));
	check_whole(_metadata, self);
	close(recording);
	close(advance);
	close(events);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is freed without a tracepoint: kmem_cache_free_bulk() and kfree_rcu(). */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "recording.h"

#define ALLOCFREE	EXPTRACE_EXPERIMENT_ALLOCFREE
#define RUN		"/sys/module/exptrace_bulk/parameters/run"
#define TRACER		"/proc/sys/kernel/ftrace_enabled"

/* Size of each object of kmod/test/bulk.c. */
#define SIZE		1111
/* Maximum that a call which cannot be preempted may record. */
#define BURST		64

static int bulk_load(void)
{
	return module_load_helper("exptrace_bulk.ko", "");
}

static int bulk_remove(void)
{
	return syscall(SYS_delete_module, "exptrace_bulk", 0) ? -errno : 0;
}

/* Does the kernel's function tracer call probes? Only then do the events exist. */
static bool can_hook(int control)
{
	struct exptrace_event event;

	return !event_get(control, "kmem_cache_free_bulk", &event) && event.flags & EXPTRACE_EVENT_F_AVAILABLE;
}

/* Does kfree_rcu() free in sheaves, which no event shows? */
static bool has_sheaves(void)
{
	char name[128];
	bool found = false;
	FILE *f = fopen("/proc/kallsyms", "r");

	while (f && !found && fscanf(f, "%*s %*s %127s%*[^\n]", name) == 1)
		found = !strcmp(name, "__kfree_rcu_sheaf");
	if (f)
		fclose(f);
	return found;
}

static int start_alloc(int control)
{
	int err = record_only(control, "kmalloc", "kfree", "kmem_cache_alloc", "kmem_cache_free", NULL);

	/* An older module has only those. */
	if (!err && can_hook(control))
		err = event_set(control, "kmem_cache_free_bulk", true) ?: event_set(control, "kfree_rcu", true);
	return err ?: recording_start(control);
}

/* What happened to the test module's objects. */
struct fate {
	size_t allocated, live, given, freed, twice;
};

struct step {
	uint64_t ptr;
	size_t when;
	int type;
	bool ours;	/* an object of the test module is allocated */
};

static int by_object(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	if (x->ptr != y->ptr)
		return x->ptr < y->ptr ? -1 : 1;
	return x->when < y->when ? -1 : x->when > y->when;
}

static bool is_alloc(const struct stream_event *e)
{
	return e->type == EXPTRACE_EVENT_KMALLOC || e->type == EXPTRACE_EVENT_KMEM_CACHE_ALLOC;
}

static struct step make_step(const struct stream_event *e, size_t when)
{
	return (struct step){ .ptr = e->arg[0].value, .when = when, .type = e->type,
			      .ours = is_alloc(e) && e->arg[1].value == SIZE };
}

/* Check the steps of one object, from its allocation to the next allocation of its memory. */
static void follow(struct fate *fate, const struct step *step, size_t n)
{
	bool ours = false, given = false, freed = false;
	size_t i;

	for (i = 0; i <= n; i++) {
		bool ends = i == n || step[i].type == EXPTRACE_EVENT_KMALLOC ||
			    step[i].type == EXPTRACE_EVENT_KMEM_CACHE_ALLOC;

		if (ends && ours) {
			fate->allocated++;
			fate->freed += freed;
			fate->given += given && !freed;
			fate->live += !given && !freed;
		}
		if (i == n)
			break;
		if (ends) {
			ours = step[i].ours;
			given = freed = false;
		} else if (step[i].type == EXPTRACE_EVENT_KFREE_RCU) {
			fate->twice += ours && given;
			given = true;
		} else {
			fate->twice += ours && freed;
			freed = true;
		}
	}
}

static struct fate find_fate(const struct stream *stream)
{
	const struct stream_event **sorted;
	struct fate fate = {};
	struct step *steps;
	size_t nr, n = 0, i, end;

	sorted = stream_sorted(stream, &nr);
	steps = calloc(nr + 1, sizeof(*steps));
	for (i = 0; i < nr; i++)
		if (sorted[i]->experiment == ALLOCFREE && sorted[i]->type >= EXPTRACE_EVENT_FIRST)
			steps[n++] = make_step(sorted[i], i);
	qsort(steps, n, sizeof(*steps), by_object);
	for (i = 0; i < n; i = end) {
		for (end = i; end < n && steps[end].ptr == steps[i].ptr; end++)
			;
		follow(&fate, &steps[i], end - i);
	}
	free(steps);
	free(sorted);
	return fate;
}

/* Parse what was recorded so far; the recording continues. */
static int look(int control, int reader, struct bytes *bytes, struct stream *stream)
{
	struct exptrace_advance advance = {};
	int err = device_ioctl(control, EXPTRACE_IOC_ADVANCE, &advance);

	if (!err)
		err = bytes_drain(bytes, reader, 1 << 20);
	if (err && err != -EAGAIN)
		return err;
	stream_free(stream);
	*stream = (struct stream){};
	return stream_parse(stream, bytes->data, bytes->size);
}

TEST_F(module, objects_given_to_kfree_rcu_are_recorded_as_freed)
{
	bool sheaves = has_sheaves();
	struct stream stream = {};
	struct bytes bytes = {};
	struct fate fate = {};

	if (access(TRACER, F_OK))
		SKIP(return, "this kernel has no function tracer");
	ASSERT_EQ(0, bulk_load());
	ASSERT_EQ(0, start_alloc(self->control));
	self->reader = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, write_file(RUN, "rcu 3000"));
	/* The kernel frees them at any later time. */
	EXPECT_TRUE(WAIT_FOR(look(self->control, self->reader, &bytes, &stream) ||
			     (fate = find_fate(&stream), fate.freed + (sheaves ? fate.given : 0) >= 3000)));
	EXPECT_STREQ("", stream.error);
	EXPECT_EQ(0, stream_lost_needlessly(&stream));
	EXPECT_EQ(3000, fate.allocated);
	EXPECT_EQ(0, fate.live);
	EXPECT_EQ(0, fate.twice);
	if (!sheaves)
		EXPECT_EQ(3000, fate.freed);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	stream_free(&stream);
	bytes_free(&bytes);
	EXPECT_EQ(0, bulk_remove());
}

/* One call is recorded like kmem_cache_free(): when, where, and by whom. */
TEST_F(module, objects_freed_in_bulk_are_recorded_as_freed)
{
	struct recording r = {};
	size_t i, here = 0;
	struct fate fate;

	if (access(TRACER, F_OK))
		SKIP(return, "this kernel has no function tracer");
	ASSERT_EQ(0, bulk_load());
	ASSERT_EQ(0, start_alloc(self->control));
	ASSERT_EQ(0, write_file(RUN, "bulk 1000"));
	STOP_AND_DECODE(&r);
	fate = find_fate(&r.stream);
	EXPECT_EQ(1000, fate.allocated);
	EXPECT_EQ(1000, fate.freed);
	EXPECT_EQ(0, fate.twice);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment == ALLOCFREE && e->type == EXPTRACE_EVENT_KMEM_CACHE_FREE_BULK &&
		    e->pid == getpid() && e->arg[1].string && strstr(e->arg[1].string, "[exptrace_bulk]"))
			here++;
	}
	EXPECT_EQ(1000, here);
	recording_free(&r);
	EXPECT_EQ(0, bulk_remove());
}

/* Preemption must not be off for long, and whatever is missing must be counted. */
TEST_F(module, objects_freed_without_preemption_are_recorded_or_counted)
{
	struct recording r = {};
	struct fate fate;

	if (!access(REALTIME, F_OK))
		SKIP(return, "with PREEMPT_RT nothing is freed so");
	if (access(TRACER, F_OK))
		SKIP(return, "this kernel has no function tracer");
	ASSERT_EQ(0, bulk_load());
	ASSERT_EQ(0, start_alloc(self->control));
	ASSERT_EQ(0, write_file(RUN, "burst 300"));
	ASSERT_EQ(0, recording_stop_lossy(&r, self->control)) {
		TH_LOG("%s", r.stream.error);
	}
	fate = find_fate(&r.stream);
	EXPECT_EQ(300, fate.allocated);
	EXPECT_EQ(BURST, fate.freed);
	EXPECT_EQ(300 - BURST, stream_lost_for(&r.stream, ALLOCFREE, EXPTRACE_LOST_BURST));
	EXPECT_EQ(300 - BURST, stream_lost(&r.stream));
	recording_free(&r);
	EXPECT_EQ(0, bulk_remove());
}

/* A generation does not claim an event that was disabled during a part of it. */
TEST_F(module, generation_reports_which_frees_it_lacks)
{
	static const char *const lacks[] = { "", "kmem_cache_free_bulk", "kmem_cache_free_bulk,kfree_rcu", "kfree_rcu", "" };
	struct exptrace_advance advance = {};
	struct recording r = {};
	size_t i;

	if (!can_hook(self->control))
		SKIP(return, "this kernel's functions can't be hooked");
	ASSERT_EQ(0, start_alloc(self->control));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	ASSERT_EQ(0, event_set(self->control, "kmem_cache_free_bulk", false));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	ASSERT_EQ(0, event_set(self->control, "kmem_cache_free_bulk", true));
	ASSERT_EQ(0, event_set(self->control, "kfree_rcu", false));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	ASSERT_EQ(0, event_set(self->control, "kfree_rcu", true));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	STOP_AND_DECODE(&r);
	ASSERT_EQ(5, r.stream.nr_generations);
	for (i = 0; i < 5; i++)
		EXPECT_STREQ(lacks[i], r.stream.generations[i].unrecorded_frees);
	recording_free(&r);

	/* Without memory events there is nothing to report. */
	r = (struct recording){};
	ASSERT_EQ(0, record_only(self->control, "sched_switch", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	STOP_AND_DECODE(&r);
	EXPECT_STREQ("", r.stream.generations[r.stream.nr_generations - 1].unrecorded_frees);
	recording_free(&r);
}

/* With the function tracer disabled, a recording reports what it lacks. */
TEST_F(module, recording_works_without_the_function_tracer)
{
	struct recording r = {};
	char line[256];
	int log, err;

	if (!can_hook(self->control))
		SKIP(return, "this kernel's functions can't be hooked");
	err = write_file(TRACER, "0");
	if (err == -EOPNOTSUPP || err == -ENOENT)
		SKIP(return, "this kernel's function tracer can't be switched off");
	ASSERT_EQ(0, err);
	log = log_open();
	EXPECT_EQ(0, start_alloc(self->control));
	EXPECT_EQ(0, write_file(TRACER, "1"));
	EXPECT_TRUE(log_has(log, "can't hook kmem_cache_free_bulk(): -16", line));
	close(log);
	STOP_AND_DECODE(&r);
	EXPECT_STREQ("kmem_cache_free_bulk,kfree_rcu", r.stream.generations[0].unrecorded_frees);
	recording_free(&r);

	/* The function tracer cannot be disabled while these events are recorded. */
	r = (struct recording){};
	ASSERT_EQ(0, start_alloc(self->control));
	EXPECT_EQ(-EBUSY, write_file(TRACER, "0"));
	STOP_AND_DECODE(&r);
	EXPECT_STREQ("", r.stream.generations[r.stream.nr_generations - 1].unrecorded_frees);
	EXPECT_EQ(0, write_file(TRACER, "0"));
	EXPECT_EQ(0, write_file(TRACER, "1"));
	recording_free(&r);
}

/* The innermost frame is the function itself, followed by its caller. */
TEST_F(module, stack_of_a_function_begins_with_it)
{
	static const char *const functions[] = { "kmem_cache_free_bulk+", "kvfree_call_rcu+" };
	static const char *const names[] = { "kmem_cache_free_bulk", "kfree_rcu" };
	static const int types[] = { EXPTRACE_EVENT_KMEM_CACHE_FREE_BULK, EXPTRACE_EVENT_KFREE_RCU };
	struct recording r = {};
	size_t i, j;

	if (!can_hook(self->control))
		SKIP(return, "this kernel's functions can't be hooked");
	ASSERT_EQ(0, bulk_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	for (j = 0; j < 2; j++)
		ASSERT_EQ(0, event_set_flags(self->control, names[j], EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, write_file(RUN, "bulk 10"));
	ASSERT_EQ(0, write_file(RUN, "rcu 10"));
	STOP_AND_DECODE(&r);
	for (j = 0; j < 2; j++) {
		size_t ours = 0;

		for (i = 0; i < r.nr; i++) {
			const struct stream_event *e = r.sorted[i];
			const char *next, *end;

			if (e->experiment != ALLOCFREE || e->type != types[j] || e->pid != getpid() || !e->frames)
				continue;
			next = strchr(e->frames, '\n');
			end = next ? strchr(next + 1, '\n') : NULL;
			ours += end && !strncmp(e->frames, functions[j], strlen(functions[j])) &&
				memmem(next, end - next, "[exptrace_bulk]", 15);
		}
		EXPECT_EQ(10, ours);
	}
	recording_free(&r);
	EXPECT_EQ(0, bulk_remove());
}

/*
 * Capturing a stack takes as long as many events. If it were done for each object, all events would
 * be as far apart as the first two. The first call of some functions is slower, and any may be
 * disturbed.
 */
TEST_F(module, objects_freed_in_one_call_share_one_stack)
{
	uint64_t stack = 0, time[100] = {}, *t;
	size_t i, objects = 0, stacks = 0, quick = 0;
	struct recording r = {};

	if (!access(REALTIME, F_OK))
		SKIP(return, "with PREEMPT_RT nothing is freed so");
	if (!can_hook(self->control))
		SKIP(return, "this kernel's functions can't be hooked");
	ASSERT_EQ(0, bulk_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, event_set_flags(self->control, "kmem_cache_free_bulk", EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK));
	ASSERT_EQ(0, recording_start(self->control));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, write_file(RUN, "burst 20"));
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment != ALLOCFREE || e->type != EXPTRACE_EVENT_KMEM_CACHE_FREE_BULK || e->pid != getpid() ||
		    !e->arg[1].string || !strstr(e->arg[1].string, "[exptrace_bulk]"))
			continue;
		if (objects < 100)
			time[objects] = e->time;
		objects++;
		stacks += e->stack && (!stack || e->stack == stack);
		stack = e->stack;
	}
	EXPECT_EQ(100, objects);
	EXPECT_EQ(100, stacks);
	for (t = time + 20; t < time + 100; t += 20)
		quick += t[19] - t[1] < (t[1] - t[0]) * 4;
	EXPECT_LT(0, quick);
	recording_free(&r);
	EXPECT_EQ(0, bulk_remove());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* Kernel stacks: where a thread was, each stack once, for the events that should have one. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "recording.h"

#define STACK	EXPTRACE_EVENT_F_STACK
#define ON	EXPTRACE_EVENT_F_ENABLED

/* The experiment of kmod/test/renames.c, and its event. */
#define RENAMES		6
#define TEST_RENAME	64

static uint32_t flags_of(int fd, const char *name)
{
	struct exptrace_event event = { .index = event_index(fd, name) };

	return device_ioctl(fd, EXPTRACE_IOC_GET_EVENT, &event) ? ~0U : event.flags;
}

/* The functions of a stack without offsets, one per line. */
static char *functions_of(const char *frames)
{
	char *text = strdup(frames ? frames : ""), *from = text, *to = text;

	while (*from) {
		size_t name = strcspn(from, "+\n"), line = strcspn(from, "\n");

		memmove(to, from, name);
		to += name;
		*to++ = '\n';
		from += line + (from[line] == '\n');
	}
	*to = '\0';
	return text;
}

/* The same for /proc/PID/stack; "" if it cannot be seen. */
static void stack_of(pid_t pid, char *text, size_t size)
{
	char path[64], line[512], name[256];
	FILE *f;

	*text = '\0';
	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "[<%*[^>]>] %255[^+]", name) == 1 && strlen(text) + strlen(name) + 2 < size)
			strcat(strcat(text, name), "\n");
	if (f)
		fclose(f);
}

static pid_t start_pausing(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

/* The stack of a thread in pause(2) is the one that the kernel reports for the sleeping thread. */
TEST_F(module, stack_of_a_switch_is_where_the_thread_sleeps)
{
	char proc[4096], *functions = NULL;
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0;
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, event_set_flags(self->control, "sched_switch", ON | STACK));
	ASSERT_EQ(0, recording_start(self->control));
	pid = start_pausing();
	ASSERT_TRUE(WAIT_FOR(process_state(pid) == 'S'));
	stack_of(pid, proc, sizeof(proc));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_SCHED_SWITCH, pid, &at))) {
		if (e->arg[0].value != EXPTRACE_TASK_S)
			continue;
		free(functions);
		functions = functions_of(e->frames);
	}
	ASSERT_NE(NULL, functions);
	EXPECT_EQ(functions, strstr(functions, "__schedule\n")) {
		TH_LOG("%s", functions);
	}
	EXPECT_NE(NULL, strstr(functions, "\nschedule\n"));
	EXPECT_NE(NULL, strstr(functions, "pause"));
	/* /proc omits the scheduler's functions; the rest is equal to the end. */
	if (proc[0]) {
		EXPECT_NE(NULL, strstr(functions, proc)) {
			TH_LOG("here:\n%sthere:\n%s", functions, proc);
		}
	}
	free(functions);
	recording_free(&r);
}

TEST_F(module, only_events_that_should_have_a_stack_have_one)
{
	size_t i, with = 0, without = 0, wrong = 0;
	struct recording r = {};
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, "kfree", "sched_wakeup", NULL));
	ASSERT_EQ(0, event_set_flags(self->control, "kmalloc", ON | STACK));
	EXPECT_EQ(ON | STACK, flags_of(self->control, "kmalloc") & (ON | STACK));
	EXPECT_EQ(ON, flags_of(self->control, "kfree") & (ON | STACK));
	ASSERT_EQ(0, recording_start(self->control));
	pid = work_pingpong(20);
	ASSERT_LT(0, pid);
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		if (e->experiment == 1 && e->type == EXPTRACE_EVENT_KMALLOC) {
			with++;
			/* Its call site is in its stack. */
			wrong += !e->frames || !e->arg[3].string || !strstr(e->frames, e->arg[3].string);
		} else {
			without++;
			wrong += e->stack != 0;
		}
	}
	EXPECT_LT(0, with);
	EXPECT_LT(20, without);
	EXPECT_EQ(0, wrong);
	recording_free(&r);
}

/*
 * Record this process's renames by another module, which has its own probe: NULL, or what is wrong.
 */
static const char *record_renames(int fd, struct recording *r, bool both)
{
	int i;

	if (record_only(fd, both ? "task_rename" : NULL, NULL) || event_set_flags(fd, "test_rename", ON | STACK) ||
	    recording_start(fd))
		return "it can't be started";
	for (i = 0; i < 5; i++)
		prctl(PR_SET_NAME, i % 2 ? "one" : "other");
	/* Its stacks are resolved while the module is loaded. */
	if (device_ioctl(fd, EXPTRACE_IOC_ADVANCE, &(struct exptrace_advance){}) || recording_stop(r, fd))
		return "it can't be stopped";
	return NULL;
}

/*
 * The stack begins at the tracepoint, without the probe and the rest of its module. With another
 * probe at the tracepoint, or on a kernel without static calls, a function of the kernel lies in
 * between.
 */
TEST_F(module, stacks_of_another_module_begin_at_the_tracepoint)
{
	const struct stream_event *e;
	int both;
	size_t i;

	syscall(SYS_delete_module, "exptrace_renames", 0);
	ASSERT_EQ(0, module_load_helper("exptrace_renames.ko", ""));
	for (both = 0; both < 2; both++) {
		struct recording r = {};
		size_t n = 0;

		ASSERT_EQ(NULL, record_renames(self->control, &r, both)) {
			TH_LOG("%s", r.stream.error);
		}
		for (i = 0; i < r.nr; i++) {
			e = r.sorted[i];
			if (e->experiment != RENAMES || e->type != TEST_RENAME || e->pid != getpid())
				continue;
			n++;
			ASSERT_NE(NULL, e->frames);
			EXPECT_EQ(e->frames, strstr(e->frames, "__set_task_comm+")) {
				TH_LOG("%s", e->frames);
			}
			EXPECT_EQ(NULL, strstr(e->frames, "[exptrace"));
			EXPECT_NE(NULL, strstr(e->frames, "prctl"));
		}
		EXPECT_EQ(5, n);
		recording_free(&r);
	}
	EXPECT_EQ(0, syscall(SYS_delete_module, "exptrace_renames", 0));
}

/*
 * Number of frames in the stack of kmod/test/deep.c, which calls itself this deep, and whether the
 * stack is marked as truncated.
 */
static unsigned int frames_of_deep(int fd, unsigned int depth, bool *cut_off)
{
	struct recording r = {};
	unsigned int frames = 0;
	char parameters[32];
	const char *line;
	size_t i;

	snprintf(parameters, sizeof(parameters), "depth=%u", depth);
	*cut_off = false;
	if (recording_start(fd) || module_load_helper("exptrace_deep.ko", parameters) != -ECANCELED || recording_stop(&r, fd))
		return 0;
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment != 1 || e->type != EXPTRACE_EVENT_KMALLOC || e->arg[1].value != 4019 || !e->frames)
			continue;
		for (line = e->frames; *line; line += strcspn(line, "\n") + 1) {
			*cut_off = !strcmp(line, STREAM_CUT_OFF "\n");
			frames += !*cut_off;
		}
	}
	recording_free(&r);
	return frames;
}

/* Stacks are truncated at 48 frames, not before: those with exactly that many are whole. */
TEST_F(module, truncated_stacks_are_marked)
{
	unsigned int shallow;
	bool cut_off;

	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, event_set_flags(self->control, "kmalloc", ON | STACK));
	shallow = frames_of_deep(self->control, 0, &cut_off);
	ASSERT_LT(0, shallow);
	ASSERT_GT(48, shallow);
	EXPECT_FALSE(cut_off);
	EXPECT_EQ(48, frames_of_deep(self->control, 48 - shallow, &cut_off));
	EXPECT_FALSE(cut_off);
	EXPECT_EQ(48, frames_of_deep(self->control, 49 - shallow, &cut_off));
	EXPECT_TRUE(cut_off);
	EXPECT_EQ(48, frames_of_deep(self->control, 80, &cut_off));
	EXPECT_TRUE(cut_off);
}

/* In a generation, equal stacks have equal numbers, and different ones different numbers. */
TEST_F(module, each_stack_is_written_once)
{
	size_t i, j, n = 0, different = 0, wrong = 0;
	const struct stream_event *seen[64];
	struct recording r = {};

	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, event_set_flags(self->control, "sched_switch", ON | STACK));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_LT(0, work_pingpong(300));
	STOP_AND_DECODE(&r);
	ASSERT_EQ(1, r.stream.nr_generations);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment || e->type != EXPTRACE_EVENT_SCHED_SWITCH)
			continue;
		n++;
		wrong += !e->frames;
		for (j = 0; j < different && seen[j]->stack != e->stack; j++)
			wrong += !strcmp(seen[j]->frames, e->frames);
		if (j == different && different < 64)
			seen[different++] = e;
		else if (j < different)
			wrong += strcmp(seen[j]->frames, e->frames) != 0;
	}
	EXPECT_LT(300, n);
	EXPECT_GT(n / 5, different);
	EXPECT_EQ(0, wrong);
	recording_free(&r);
}

static void run_something(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", "ls -lR /proc/self /sys/kernel/mm | cat >/dev/null; sleep 0.1", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/*
 * In interrupts, under locks of the scheduler, in allocations: the kernel does not complain (see
 * the fixture), and nothing is lost.
 */
TEST_F(module, all_events_can_have_stacks_everywhere)
{
	size_t i, with = 0, interrupts = 0, unknown = 0;
	struct exptrace_event event = {};
	struct recording r = {};

	while (!device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event)) {
		if (event.flags & EXPTRACE_EVENT_F_AVAILABLE && !EXPTRACE_EVENT_IS_STATE(event.type)) {
			event.flags = ON | STACK;
			ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &event));
		}
		event = (struct exptrace_event){ .index = event.index + 1 };
	}
	ASSERT_EQ(0, recording_start(self->control));
	run_something();
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		with += e->stack != 0;
		unknown += e->stack == 0;
		interrupts += e->stack && (e->m & 3) == EXPTRACE_CONTEXT_HARDIRQ;
	}
	EXPECT_LT(100, with);
	EXPECT_LT(0, interrupts);
	for (i = 0; i < r.stream.nr_generations; i++)
		unknown -= r.stream.generations[i].unknown_stacks;
	EXPECT_EQ(0, unknown);
	recording_free(&r);
}

/* Requested during a recording, stacks start with the next generation, which begins then. */
TEST_F(module, stacks_can_be_switched_while_recording)
{
	size_t i, before = 0, with = 0, after = 0;
	struct recording r = {};
	uint64_t first, last;

	ASSERT_EQ(0, record_only(self->control, "sched_switch", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	first = device_info(self->control).generation;
	ASSERT_LT(0, work_pingpong(20));
	ASSERT_EQ(0, event_set_flags(self->control, "sched_switch", ON | STACK));
	EXPECT_LT(first, device_info(self->control).generation);
	ASSERT_LT(0, work_pingpong(20));
	ASSERT_EQ(0, event_set_flags(self->control, "sched_switch", ON));
	last = device_info(self->control).generation;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &(struct exptrace_advance){}));
	ASSERT_LT(0, work_pingpong(20));
	STOP_AND_DECODE(&r);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment || e->type != EXPTRACE_EVENT_SCHED_SWITCH)
			continue;
		before += e->generation == first && e->stack;
		with += e->frames != NULL;
		after += e->generation > last && e->stack;
	}
	EXPECT_EQ(0, before);
	EXPECT_LT(20, with);
	EXPECT_EQ(0, after);
	recording_free(&r);
}

/* A small pool has room for few stacks: the others are counted, and their events are recorded. */
TEST_F(module, too_many_stacks_are_counted)
{
	struct exptrace_start args = start_small();
	struct exptrace_info info;
	struct recording r = {};
	uint64_t unknown = 0;
	size_t i;
	int fd;

	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, event_set_flags(self->control, "kmem_cache_alloc", ON | STACK));
	args.pool_size = 512 << 10;
	args.mode = EXPTRACE_MODE_FLIGHT;
	r.stream.flight = true;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	ASSERT_TRUE(WAIT_FOR((run_something(), device_info(self->control).unknown_stacks)));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	fd = device_open(O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bytes_drain(&r.bytes, fd, 1 << 20));
	close(fd);
	ASSERT_EQ(0, stream_parse(&r.stream, r.bytes.data, r.bytes.size)) {
		TH_LOG("%s", r.stream.error);
	}
	for (i = 0; i < r.stream.nr_generations; i++)
		unknown += r.stream.generations[i].unknown_stacks;
	EXPECT_LT(0, unknown);
	EXPECT_LE(unknown, info.unknown_stacks);
	recording_free(&r);
}

TEST_HARNESS_MAIN

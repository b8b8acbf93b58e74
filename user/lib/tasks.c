// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Threads and their names: which thread has an id, and when.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/array.h"
#include "tasks.h"

#define LATEST	UINT64_MAX

struct task_thread {
	uint64_t pid;
	uint64_t start;		/* 0: unknown */
	uint64_t seen_ns;	/* when it first appeared */
	bool named;		/* since a name may be empty */
	char comm[TASKS_COMM_MAX];
};

struct task_holder {
	uint64_t since;		/* ticks */
	uint32_t thread;
	uint32_t before;	/* previous holder, its index plus 1; 0: none known */
	uint32_t jump;		/* an earlier one, or the same; 0: none */
	uint32_t depth;		/* number of previous holders */
	uint64_t passed;	/* lowest since of those from @before to @jump */
	bool began;		/* the thread began then */
};

/* An id */
struct task {
	uint32_t epoch;		/* the holder is known in this epoch */
	uint32_t holder;	/* index of the last holder plus 1; 0: none */
	uint32_t guess_epoch;	/* in this epoch @guess stands for an unidentified thread */
	uint32_t guess;
};

/* Thread 0 stands for the idle tasks, and epoch 0 for none. */
static int tasks_make_ready(struct tasks *tasks)
{
	if (tasks->nthreads)
		return 0;
	if (array_reach(&tasks->threads, 0, &tasks->threads_room, sizeof(*tasks->threads)))
		return -ENOMEM;
	tasks->nthreads = 1;
	tasks->epoch++;
	return 0;
}

/* Finds or adds the id. Returns NULL if out of memory. */
static struct task *get_task(struct tasks *tasks, uint64_t pid)
{
	int64_t i = tasks_make_ready(tasks) ? -ENOMEM : index_get(&tasks->pids, pid, 0);

	if (i < 0 || array_reach(&tasks->list, (size_t)i, &tasks->room, sizeof(*tasks->list)))
		return NULL;
	return &tasks->list[i];
}

static const struct task *find_task(const struct tasks *tasks, uint64_t pid)
{
	int64_t i = index_find(&tasks->pids, pid, 0);

	/* beyond the array: allocation failed for this one */
	return i < 0 || (size_t)i >= tasks->room ? NULL : &tasks->list[i];
}

static bool task_is_held(const struct tasks *tasks, const struct task *task)
{
	return task->holder && task->epoch == tasks->epoch;
}

/* Returns the number of the new thread, 0 if out of memory. */
static uint32_t add_thread(struct tasks *tasks, uint64_t pid, uint64_t ns)
{
	size_t n = tasks->nthreads;

	if (n == UINT32_MAX || array_reach(&tasks->threads, n, &tasks->threads_room,
						sizeof(*tasks->threads)))
		return 0;
	tasks->threads[n].pid = pid;
	tasks->threads[n].seen_ns = ns;
	return (uint32_t)tasks->nthreads++;
}

static uint32_t find_known(const struct tasks *tasks, uint64_t pid, uint64_t start)
{
	int64_t i = index_find(&tasks->starts, pid, start);

	return i < 0 || (size_t)i >= tasks->known_room ? 0 : tasks->known[i];
}

static int make_known(struct tasks *tasks, uint32_t thread, uint64_t start)
{
	int64_t i = index_get(&tasks->starts, tasks->threads[thread].pid, start);

	if (i < 0 || array_reach(&tasks->known, (size_t)i, &tasks->known_room,
				 sizeof(*tasks->known)))
		return -ENOMEM;
	tasks->known[i] = thread;
	tasks->threads[thread].start = start;
	return 0;
}

/* Since when the holder has its id; 0: since before any time that a caller can pass. */
static uint64_t holder_since(const struct tasks *tasks, uint32_t place)
{
	return place <= tasks->ntimeless ? 0 : tasks->holders[place - 1].since;
}

/*
 * An id may have had a million holders. Each has a pointer to one far back, so that a search takes
 * a logarithmic number of steps (the distances form a skew binary number).
 */
static void set_jump(struct tasks *tasks, struct task_holder *holder)
{
	const struct task_holder *before, *jump;

	if (!holder->before)
		return;
	before = &tasks->holders[holder->before - 1];
	holder->depth = before->depth + 1;
	holder->jump = holder->before;
	holder->passed = before->since;
	if (!before->jump)
		return;
	jump = &tasks->holders[before->jump - 1];
	if (!jump->jump || before->depth - jump->depth !=
			   jump->depth - tasks->holders[jump->jump - 1].depth)
		return;
	holder->jump = jump->jump;
	if (before->passed < holder->passed)
		holder->passed = before->passed;
	if (jump->passed < holder->passed)
		holder->passed = jump->passed;
}

/* Finds the last holder at @ticks, or else the first one. Returns its index plus 1. */
static uint32_t find_holder(const struct tasks *tasks, uint32_t place, uint64_t ticks)
{
	while (holder_since(tasks, place) > ticks) {
		const struct task_holder *holder = &tasks->holders[place - 1];

		if (!holder->before)
			break;
		/* skip holders that are all later */
		place = holder->jump > tasks->ntimeless && holder->passed > ticks ?
			holder->jump : holder->before;
	}
	return place;
}

/* Makes @thread the holder of the id from @ticks on. @began: the thread began then. */
static int tasks_hold(struct tasks *tasks, struct task *task, uint32_t thread, uint64_t ticks,
		bool began)
{
	if (!task_is_held(tasks, task) || tasks->holders[task->holder - 1].thread != thread) {
		if (array_reach(&tasks->holders, tasks->nholders, &tasks->holders_room,
				sizeof(*tasks->holders)))
			return -ENOMEM;
		tasks->holders[tasks->nholders++] = (struct task_holder) {
			.since = ticks, .thread = thread, .began = began,
			.before = task_is_held(tasks, task) ? task->holder : 0,
		};
		set_jump(tasks, &tasks->holders[tasks->nholders - 1]);
		task->holder = (uint32_t)tasks->nholders;
		tasks->changes++;
	}
	task->epoch = tasks->epoch;
	return 0;
}

/* Returns the thread that had the id at @ticks, 0 if unknown. */
static uint32_t holder_at(const struct tasks *tasks, const struct task *task, uint64_t ticks)
{
	uint32_t place = find_holder(tasks, task->holder, ticks);
	const struct task_holder *holder = &tasks->holders[place - 1];

	return holder->began && holder_since(tasks, place) > ticks ? 0 : holder->thread;
}

static void set_comm(struct tasks *tasks, uint32_t thread, const char *comm, size_t len)
{
	struct task_thread *named = &tasks->threads[thread];

	if (len > TASKS_COMM_MAX - 1)
		len = TASKS_COMM_MAX - 1;
	if (named->named && !memcmp(named->comm, comm, len) && !named->comm[len])
		return;
	memcpy(named->comm, comm, len);
	named->comm[len] = 0;
	named->named = true;
	tasks->changes++;
}

/* Returns the thread that appeared with this id but whose start is unknown; 0: none. */
static uint32_t seen_one(const struct tasks *tasks, const struct task *task)
{
	uint32_t thread = 0;

	if (task_is_held(tasks, task))
		thread = tasks->holders[task->holder - 1].thread;
	else if (task->guess_epoch == tasks->epoch)
		thread = task->guess;
	return tasks->threads[thread].start ? 0 : thread;
}

/*
 * Creates the thread of a record. A thread seen earlier with the same id is the same one if the
 * recorded start is early enough. Returns 0 if out of memory.
 */
static uint32_t make_thread(struct tasks *tasks, const struct task *task,
			    const struct task_news *news, bool begins)
{
	uint32_t thread = begins ? 0 : seen_one(tasks, task);

	if (!thread || news->start > tasks->threads[thread].seen_ns)
		thread = add_thread(tasks, news->pid, news->ns);
	return thread && make_known(tasks, thread, news->start) ? 0 : thread;
}

static int tasks_record(struct tasks *tasks, const struct task_news *news, bool begins)
{
	struct task *task = get_task(tasks, news->pid);
	uint32_t thread;

	if (!task)
		return -ENOMEM;
	if (tasks->doubt)
		return 0;
	/* a thread that begins is new, even if its start is as unknown as that of earlier ones */
	thread = begins && !news->start ? 0 : find_known(tasks, news->pid, news->start);
	if (!thread)
		thread = make_thread(tasks, task, news, begins);
	if (!thread || tasks_hold(tasks, task, thread, news->ticks, begins))
		return -ENOMEM;
	set_comm(tasks, thread, news->comm, news->len);
	return 0;
}

int tasks_exists(struct tasks *tasks, const struct task_news *news)
{
	return tasks_record(tasks, news, false);
}

int tasks_begin(struct tasks *tasks, const struct task_news *news)
{
	return tasks_record(tasks, news, true);
}

int tasks_name(struct tasks *tasks, const struct task_news *news)
{
	struct task *task = get_task(tasks, news->pid);
	uint32_t thread;

	if (!task)
		return -ENOMEM;
	if (tasks->doubt)
		return 0;
	if (!task_is_held(tasks, task)) {
		thread = seen_one(tasks, task);
		if (!thread)
			thread = add_thread(tasks, news->pid, news->ns);
		if (!thread || tasks_hold(tasks, task, thread, 0, false))
			return -ENOMEM;
	}
	set_comm(tasks, holder_at(tasks, task, LATEST), news->comm, news->len);
	return 0;
}

void tasks_break(struct tasks *tasks)
{
	tasks->epoch++;
	tasks->doubt = false;
	tasks->changes++;
}

void tasks_doubt(struct tasks *tasks)
{
	tasks_break(tasks);
	tasks->doubt = true;
	tasks->doubts++;
}

void tasks_forget_times(struct tasks *tasks)
{
	tasks->ntimeless = tasks->nholders;
}

int64_t tasks_thread(struct tasks *tasks, uint64_t pid, uint64_t ticks, uint64_t ns)
{
	struct task *task = pid ? get_task(tasks, pid) : NULL;
	uint32_t thread = 0;

	if (!task)
		return pid ? -ENOMEM : 0;
	if (task_is_held(tasks, task))
		thread = holder_at(tasks, task, ticks);
	if (thread)
		return thread;
	if (task->guess_epoch != tasks->epoch) {
		uint32_t guess = add_thread(tasks, pid, ns);

		if (!guess)
			return -ENOMEM;
		task->guess = guess;
		task->guess_epoch = tasks->epoch;
	}
	return task->guess;
}

bool tasks_changed(const struct tasks *tasks, uint64_t pid, uint64_t ticks)
{
	const struct task *task = find_task(tasks, pid);

	return task && task_is_held(tasks, task) && holder_since(tasks, task->holder) > ticks;
}

const char *tasks_comm(const struct tasks *tasks, int64_t pid)
{
	const struct task *task = pid > 0 ? find_task(tasks, (uint64_t)pid) : NULL;

	if (pid == 0)
		return "<idle>";
	if (!task || !task_is_held(tasks, task))
		return NULL;
	return tasks_thread_comm(tasks, holder_at(tasks, task, LATEST));
}

int64_t tasks_thread_pid(const struct tasks *tasks, uint64_t thread)
{
	return thread && thread < tasks->nthreads ? (int64_t)tasks->threads[thread].pid :
						    -(int64_t)!!thread;
}

const char *tasks_thread_comm(const struct tasks *tasks, uint64_t thread)
{
	if (!thread)
		return "<idle>";
	return thread < tasks->nthreads && tasks->threads[thread].named ?
	       tasks->threads[thread].comm : NULL;
}

void tasks_uninit(struct tasks *tasks)
{
	index_uninit(&tasks->pids);
	index_uninit(&tasks->starts);
	free(tasks->list);
	free(tasks->known);
	free(tasks->threads);
	free(tasks->holders);
}

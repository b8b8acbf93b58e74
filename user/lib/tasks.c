// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names of threads: pid to comm.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tasks.h"

struct task {
	uint64_t time;
	char comm[TASKS_COMM_MAX];
};

/* The task of @pid, made if it is not there; NULL without memory. */
static struct task *tasks_get(struct tasks *tasks, uint64_t pid)
{
	int64_t i = index_get(&tasks->index, pid, 0);
	size_t room = tasks->room ? 2 * tasks->room : 64;

	if (i < 0)
		return NULL;
	if ((size_t)i >= tasks->room) {
		struct task *list = realloc(tasks->list, room * sizeof(*list));

		if (!list)
			return NULL;
		memset(list + tasks->room, 0, (room - tasks->room) * sizeof(*list));
		tasks->list = list;
		tasks->room = room;
	}
	return &tasks->list[i];
}

int tasks_set(struct tasks *tasks, uint64_t pid, const char *comm, size_t len, uint64_t time)
{
	struct task *task = tasks_get(tasks, pid);

	if (!task)
		return -ENOMEM;
	if (time < task->time)
		return 0;
	if (len > TASKS_COMM_MAX - 1)
		len = TASKS_COMM_MAX - 1;
	task->time = time;
	if (!memcmp(task->comm, comm, len) && !task->comm[len])
		return 0;
	memcpy(task->comm, comm, len);
	task->comm[len] = 0;
	tasks->changes++;
	return 0;
}

void tasks_forget_times(struct tasks *tasks)
{
	size_t i;

	for (i = 0; i < tasks->room; i++)
		tasks->list[i].time = 0;
}

const char *tasks_comm(const struct tasks *tasks, int64_t pid)
{
	int64_t i;

	if (pid == 0)
		return "<idle>";
	i = pid < 0 ? -ENOENT : index_find(&tasks->index, (uint64_t)pid, 0);
	/* past the room: its name could not be kept, for want of memory */
	if (i < 0 || (size_t)i >= tasks->room || !tasks->list[i].comm[0])
		return NULL;
	return tasks->list[i].comm;
}

void tasks_uninit(struct tasks *tasks)
{
	index_uninit(&tasks->index);
	free(tasks->list);
}

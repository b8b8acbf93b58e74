// SPDX-License-Identifier: GPL-2.0-only
/* Threads that disturb a recording: advances, allocations, switches, CPU hotplug, restarts. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "looks.h"
#include "storms.h"

#define POOL		(16 << 20)

static volatile bool stop;
int control;

/* Each storm counts what it did, because a test during which one of them slept proves little. */

static void *advance_storm(void *count)
{
	struct exptrace_advance args;

	while (!stop) {
		args = (struct exptrace_advance){};
		if (!device_ioctl(control, EXPTRACE_IOC_ADVANCE, &args))
			++*(unsigned long *)count;
	}
	return NULL;
}

static void *alloc_storm(void *count)
{
	int pipes[2];

	while (!stop) {
		if (pipe(pipes))
			break;
		close(pipes[0]);
		close(pipes[1]);
		++*(unsigned long *)count;
	}
	return NULL;
}

static void *sched_storm(void *count)
{
	while (!stop && work_pingpong(50) > 0)
		++*(unsigned long *)count;
	return NULL;
}

static void *switch_storm(void *count)
{
	static const char *const names[] = { "kmalloc", "kfree", "sched_wakeup", "sched_migrate_task" };
	unsigned int i = 0;

	while (!stop) {
		event_set(control, names[i % 4], i / 4 % 2);
		usleep(20000);
		i++;
		++*(unsigned long *)count;
	}
	return NULL;
}

static void *hotplug_storm(void *count)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char path[64];
	int i = 0;

	while (!stop && cpus > 1) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%ld/online", 1 + i++ % (cpus - 1));
		if (write_file(path, "0"))
			continue;
		usleep(10000);
		write_file(path, "1");
		++*(unsigned long *)count;
	}
	return NULL;
}

static void *observe_storm(void *count)
{
	char text[16384];

	while (!stop) {
		read_file("/sys/kernel/debug/exptrace/state", text, sizeof(text));
		read_file("/sys/class/misc/exptrace/events", text, sizeof(text));
		usleep(5000);
		++*(unsigned long *)count;
	}
	return NULL;
}

/* Looks once more after the end of all other storms. */
static void *look_storm(void *count)
{
	bool last;

	do {
		last = stop;
		*(unsigned long *)count += !look();
		usleep(LOOK_US);
	} while (!last);
	return NULL;
}

int start(int mode)
{
	struct exptrace_start args = start_small();

	args.mode = mode;
	args.pool_size = POOL;
	args.period_ms = 1;
	return device_ioctl(control, EXPTRACE_IOC_START, &args);
}

volatile int restart_error;
uint64_t evicted;

/* After the end nothing more is evicted, and the next recording counts from zero. */
int end_recording(void)
{
	int err = device_ioctl(control, EXPTRACE_IOC_STOP, NULL);

	evicted += device_info(control).evicted_generations;
	return err;
}

/* Start once readers have all of the previous recording. If the storms end first, do not start. */
static int start_when_read(int mode)
{
	int err;

	WAIT_FOR((err = start(mode)) != -EBUSY || stop);
	return err == -EBUSY && stop ? 0 : err;
}

/* Recordings of 1 to 128 ms, longer on a slow machine, in alternating modes. */
static void *restart_storm(void *count)
{
	unsigned int i = 0;

	while (!stop && !restart_error) {
		int err;

		usleep(1000 << i++ % 8);
		err = end_recording() ?: start_when_read(i % 2 ? EXPTRACE_MODE_FLIGHT : EXPTRACE_MODE_STREAM);
		*(unsigned long *)count += !err;
		restart_error = err;
	}
	return NULL;
}

bool switching, restarting, looking;

static const struct {
	const char *name;
	void *(*run)(void *count);
	const bool *wanted;	/* NULL: always */
} storms[] = {
	{ "advance", advance_storm, NULL },
	{ "advance again", advance_storm, NULL },
	{ "alloc", alloc_storm, NULL },
	{ "sched", sched_storm, NULL },
	{ "switch", switch_storm, &switching },
	{ "hotplug", hotplug_storm, NULL },
	{ "observe", observe_storm, NULL },
	{ "restart", restart_storm, &restarting },
	{ "look", look_storm, &looking },
};

#define NR_STORMS	(sizeof(storms) / sizeof(storms[0]))

static pthread_t threads[NR_STORMS];
static unsigned long counts[NR_STORMS];

static bool is_wanted(size_t i)
{
	return !storms[i].wanted || *storms[i].wanted;
}

unsigned long count_restarts(void)
{
	size_t i;

	for (i = 0; storms[i].run != restart_storm; i++)
		;
	return __atomic_load_n(&counts[i], __ATOMIC_RELAXED);
}

int begin_storms(void)
{
	size_t i;

	stop = false;
	memset(counts, 0, sizeof(counts));
	for (i = 0; i < NR_STORMS; i++)
		if (is_wanted(i) && pthread_create(&threads[i], NULL, storms[i].run, &counts[i]))
			return -1;
	return 0;
}

const char *end_storms(void)
{
	const char *idle = NULL;
	size_t i;

	stop = true;
	for (i = 0; i < NR_STORMS; i++)
		if (is_wanted(i))
			pthread_join(threads[i], NULL);
	for (i = 0; i < NR_STORMS; i++)
		if (is_wanted(i) && !counts[i] && (storms[i].run != hotplug_storm || sysconf(_SC_NPROCESSORS_CONF) > 1))
			idle = storms[i].name;
	return idle;
}

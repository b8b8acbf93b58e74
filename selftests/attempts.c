// SPDX-License-Identifier: GPL-2.0-only
/* What writers counted as attempted, by experiment, against what the observer counted. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attempts.h"

/*
 * Since Linux 7.0 a task can be preempted between the observer's part of an event and the
 * recorder's, and continue on another CPU. Before, both parts run on one CPU.
 */
static bool events_can_be_preempted(void)
{
	struct utsname name;

	return !uname(&name) && atoi(name.release) >= 7;
}

/*
 * Number of events on one CPU that the observer may have counted and the recorder not yet. A
 * virtual CPU may be stopped in the middle of one while another stops the recording.
 */
#define MOST_HALF_DONE	EXPTRACE_NR_CONTEXTS

uint64_t observer_slack(void)
{
	uint64_t n = MOST_HALF_DONE * sysconf(_SC_NPROCESSORS_CONF);
	struct sysinfo info;

	/* One event per task. */
	if (events_can_be_preempted() && !sysinfo(&info))
		n += info.procs;
	return n;
}

/* Missed program runs are not counted by CPU. */
static bool is_between(const struct edges *e, int x, int cpu, uint64_t attempted)
{
	uint64_t least = e->before_stop.n[x][cpu] - e->after_start.n[x][cpu];
	uint64_t most = e->after_stop.n[x][cpu] - e->before_start.n[x][cpu] +
			e->after_stop.missed[x] - e->before_start.missed[x];

	if (least <= attempted + MOST_HALF_DONE && attempted <= most + MOST_HALF_DONE)
		return true;
	fprintf(stderr, "# experiment %d, CPU %d: %llu attempted, the observer saw %llu to %llu\n", x, cpu,
		(unsigned long long)attempted, (unsigned long long)least, (unsigned long long)most);
	return false;
}

uint64_t observed_between(const struct observation *from, const struct observation *to, int x)
{
	uint64_t sum = to->missed[x] - from->missed[x];
	int cpu;

	for (cpu = 0; cpu < OBSERVED_CPUS; cpu++)
		sum += to->n[x][cpu] - from->n[x][cpu];
	return sum;
}

void attempts_add(struct attempts *sum, const struct stream_generation *gen)
{
	int x, cpu;

	for (x = 0; x < OBSERVED_EXPERIMENTS; x++)
		for (cpu = 0; cpu < OBSERVED_CPUS; cpu++)
			sum->n[x][cpu] += gen->count[x][cpu].attempted;
}

int attempts_differ(const struct attempts *attempts, const struct edges *e, bool verbose)
{
	uint64_t slack = observer_slack();
	int x, cpu, n = 0;

	for (x = 0; x < OBSERVED_EXPERIMENTS; x++) {
		uint64_t least = observed_between(&e->after_start, &e->before_stop, x);
		uint64_t most = observed_between(&e->before_start, &e->after_stop, x);
		uint64_t attempted = 0;
		bool wrong;

		for (cpu = 0; cpu < OBSERVED_CPUS; cpu++) {
			attempted += attempts->n[x][cpu];
			n += !events_can_be_preempted() && !is_between(e, x, cpu, attempts->n[x][cpu]);
		}
		wrong = !least || least > attempted + slack || attempted > most + slack;
		n += wrong;
		if (!wrong && !verbose)
			continue;
		fprintf(stderr, "# experiment %d: %llu attempted, the observer saw %llu to %llu\n", x,
			(unsigned long long)attempted, (unsigned long long)least, (unsigned long long)most);
	}
	return n;
}

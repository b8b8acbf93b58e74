// SPDX-License-Identifier: GPL-2.0-only
/* Timers and work: the values match perf. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/socket.h>

#include "compare.h"

/* The address of a kernel or module function, 0 if unknown. */
static uint64_t address_of(const char *function)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address, found = 0;
	char name[256];

	while (f && !found && fscanf(f, "%llx %*c %255s%*[^\n]", &address, name) == 2)
		if (!strcmp(name, function))
			found = address;
	if (f)
		fclose(f);
	return found;
}

#define WAITERS	8

/*
 * Socket timeouts of 300 ms and a bit more. Each is a timer whose function is process_timeout().
 * Timers that far ahead expire in groups of up to 9, each except the last some jiffies late.
 */
static void wait_with_timers(void)
{
	int i, fds[2], status, failed = 0;

	for (i = 0; i < WAITERS; i++) {
		struct timeval timeout = { .tv_usec = 300000 + 4000 * i };
		char byte;

		if (fork())
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) ||
		    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
			_exit(1);
		_exit(recv(fds[0], &byte, 1, 0) != -1 || errno != EAGAIN);
	}
	usleep(20000);
	while (wait(&status) > 0)
		failed |= status;
	if (failed)
		_exit(1);
}

/* The last time that perf saw this tracepoint for the timer that has expired, or NULL. */
static const struct perf_seen *start_of(const struct comparison *c, const struct perf_seen *expired, int tracepoint)
{
	const struct perf_seen *s;

	for (s = expired; s-- > c->perf.seen;)
		if (s->tracepoint == tracepoint && s->value[0] == expired->value[0])
			return s;
	return NULL;
}

enum { TIMER_ENTRY, TIMER_EXIT, TIMER_START, HRTIMER_ENTRY, HRTIMER_EXIT, HRTIMER_START };

/* Indices of the perf fields that are not compared argument by argument. */
#define NOW	3
#define BASECLK	4
#define EXPIRES	2
#define LATE	2

static const struct perf_tracepoint seen_timers[] = {
	[TIMER_ENTRY] = { "timer/timer_expire_entry", { "timer", "function", NULL, [NOW] = "now", [BASECLK] = "baseclk" } },
	[TIMER_EXIT] = { "timer/timer_expire_exit", { "timer" } },
	[TIMER_START] = { "timer/timer_start", { "timer", "function", [EXPIRES] = "expires", [NOW] = "now" } },
	[HRTIMER_ENTRY] = { "timer/hrtimer_expire_entry", { "hrtimer", "function", NULL, [NOW] = "now" } },
	[HRTIMER_EXIT] = { "timer/hrtimer_expire_exit", { "hrtimer" } },
	[HRTIMER_START] = { "timer/hrtimer_start", { "hrtimer", "function", [EXPIRES] = "softexpires" } },
};

/* An upper bound of jiffies at this event: its value at the next event on this CPU. */
static uint64_t jiffies_after(const struct comparison *c, const struct perf_seen *expired)
{
	const struct perf_seen *s;

	for (s = expired + 1; s < c->perf.seen + c->perf.nr; s++)
		if (s->cpu == expired->cpu && (s->tracepoint == TIMER_ENTRY || s->tracepoint == TIMER_START))
			return s->value[NOW];
	return ~0ULL;
}

TEST_F(module, timers_have_their_function_and_lateness)
{
	size_t i, compared = 0, late = 0;
	struct comparison c = {};

	ASSERT_EQ(0, record_only(self->control, "timer_expire_entry", "timer_expire_exit", NULL));
	RECORD_AND_COMPARE(&c, seen_timers, wait_with_timers);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_TIMER_EXPIRE_ENTRY, TIMER_ENTRY));
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_TIMER_EXPIRE_EXIT, TIMER_EXIT));
	for (i = 0; i < c.r.nr; i++) {
		const struct perf_seen *expired = c.match[i], *start;
		const struct stream_event *e = c.r.sorted[i];
		uint64_t jiffies;

		if (e->type != EXPTRACE_EVENT_TIMER_EXPIRE_ENTRY)
			continue;
		EXPECT_LE(0, (int64_t)e->arg[2].value);
		/* Other timers may get a new expiry time without being started again. */
		if (!expired || !e->arg[1].string || strcmp(e->arg[1].string, "process_timeout+0x0"))
			continue;
		start = start_of(&c, expired, TIMER_START);
		if (!start)
			continue;
		/* exptrace and perf each read jiffies, perhaps at different times. */
		jiffies = start->value[EXPIRES] + e->arg[2].value;
		EXPECT_LE(expired->value[BASECLK], jiffies);
		EXPECT_GE(jiffies_after(&c, expired), jiffies);
		late += !!e->arg[2].value;
		compared++;
	}
	EXPECT_LT(0, count_pairs(&c.r, EXPTRACE_EVENT_TIMER_EXPIRE_ENTRY, EXPTRACE_EVENT_TIMER_EXPIRE_EXIT));
	EXPECT_LE(WAITERS, compared);
	EXPECT_LT(0, late);
	comparison_free(&c);
}

static void sleep_a_little(void)
{
	usleep(20000);
}

/*
 * Replace perf's unused field by the lateness of each timer that expired, if perf saw when it was
 * to expire. Lateness is compared like an argument: for a timer that expires repeatedly, such as
 * the tick, nothing else identifies the expiry.
 */
static void set_lateness(struct comparison *c)
{
	size_t i;

	c->perf.field[HRTIMER_ENTRY][LATE].size = sizeof(c->perf.seen->value[LATE]);
	for (i = 0; i < c->perf.nr; i++) {
		struct perf_seen *s = &c->perf.seen[i];
		const struct perf_seen *start;

		if (s->tracepoint != HRTIMER_ENTRY)
			continue;
		start = start_of(c, s, HRTIMER_START);
		if (start)
			s->value[LATE] = s->value[NOW] - start->value[EXPIRES];
		else
			s->unknown |= 1U << LATE;
	}
}

TEST_F(module, hrtimers_have_their_function_and_lateness)
{
	uint64_t wakeup = address_of("hrtimer_wakeup");
	size_t i, woken = 0, compared = 0;
	struct comparison c = {};

	ASSERT_EQ(0, record_only(self->control, "hrtimer_expire_entry", "hrtimer_expire_exit", NULL));
	RECORD_AND_COMPARE(&c, seen_timers, sleep_a_little);
	set_lateness(&c);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_HRTIMER_EXPIRE_ENTRY, HRTIMER_ENTRY));
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_HRTIMER_EXPIRE_EXIT, HRTIMER_EXIT));
	for (i = 0; i < c.r.nr; i++) {
		const struct stream_event *e = c.r.sorted[i];

		if (e->type != EXPTRACE_EVENT_HRTIMER_EXPIRE_ENTRY)
			continue;
		EXPECT_LE(0, (int64_t)e->arg[LATE].value);
		woken += e->arg[1].value == wakeup;
		compared += c.match[i] && !c.match[i]->unknown;
	}
	EXPECT_LT(0, count_pairs(&c.r, EXPTRACE_EVENT_HRTIMER_EXPIRE_ENTRY, EXPTRACE_EVENT_HRTIMER_EXPIRE_EXIT));
	EXPECT_LT(0, compared);
	if (wakeup) {
		EXPECT_LT(0, woken);
	}
	comparison_free(&c);
}

/* The module has its own work item, which begins generations. */
TEST_F(module, work_has_its_function_from_start_to_end)
{
	uint64_t advance = address_of("advance_by_itself");
	struct exptrace_start args = start_small();
	const struct stream_event *e, *end = NULL;
	struct recording r = {};
	size_t at = 0, behind;

	ASSERT_EQ(0, record_only(self->control, "workqueue_execute_start", "workqueue_execute_end", NULL));
	args.period_ms = 50;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	ASSERT_TRUE(WAIT_FOR(device_info(self->control).generation >= 4));
	STOP_AND_DECODE(&r);
	if (!advance)
		SKIP(return, "/proc/kallsyms lacks the module's functions");
	while ((e = next_of(&r, EXPTRACE_EVENT_WORKQUEUE_EXECUTE_START, 0, &at)) && e->arg[1].value != advance)
		;
	ASSERT_NE(NULL, e);
	/* The same worker ends the same work. */
	behind = at;
	end = next_of(&r, EXPTRACE_EVENT_WORKQUEUE_EXECUTE_END, e->pid, &behind);
	ASSERT_NE(NULL, end);
	EXPECT_EQ(e->arg[0].value, end->arg[0].value);
	EXPECT_EQ(advance, end->arg[1].value);
	recording_free(&r);
}

TEST_HARNESS_MAIN

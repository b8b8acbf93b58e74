// SPDX-License-Identifier: GPL-2.0-only
/* Each event of the standard stream, provoked: its values are those that the program, /proc or perf knows. */
#define _GNU_SOURCE
#include <linux/loop.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "compare.h"

#define PAGES		32
#define SOFTIRQS	10

/* The address of a kernel function, 0 if unknown; module functions too. */
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

static void call_the_kernel(void)
{
	syscall(SYS_getppid);
	syscall(SYS_close, -1);
	syscall(SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY, 0);
	syscall(SYS_getuid);
}

TEST_F(module, system_calls_are_those_that_perf_sees)
{
	static const struct perf_tracepoint seen[] = {
		{ "raw_syscalls/sys_enter", { "id", "args[0]", "args[1]", "args[2]", "args[3]", "args[4]", "args[5]" } },
		{ "raw_syscalls/sys_exit", { "id", "ret" } },
	};
	struct comparison c = {};
	size_t at = 0, calls = 0;

	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", "sys_enter_args", NULL));
	RECORD_AND_COMPARE(&c, seen, call_the_kernel);
	EXPECT_SAME(differs_in_child(&c, EXPTRACE_EVENT_SYS_ENTER, 0));
	EXPECT_SAME(differs_in_child(&c, EXPTRACE_EVENT_SYS_ENTER_ARGS, 0));
	EXPECT_SAME(differs_in_child(&c, EXPTRACE_EVENT_SYS_EXIT, 1));
	while (next_of(&c.r, EXPTRACE_EVENT_SYS_ENTER_ARGS, c.pid, &at))
		calls++;
	EXPECT_LE(4, calls);
	comparison_free(&c);
}

/* What the program knows: the number and the result of each. */
TEST_F(module, system_calls_have_their_results)
{
	static const struct {
		uint64_t nr;
		int64_t ret;
	} known[] = { { SYS_close, -EBADF }, { SYS_openat, -ENOENT }, { SYS_getuid, 0 } };
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0, i;
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(call_the_kernel);
	ASSERT_LT(0, pid);
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, pid, &at)) && e->arg[0].value != SYS_getppid)
		;
	ASSERT_NE(NULL, e);
	EXPECT_EQ(getpid(), (pid_t)e->arg[1].value);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, pid, &at);
		ASSERT_NE(NULL, e);
		EXPECT_EQ(known[i].nr, e->arg[0].value);
		e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, pid, &at);
		ASSERT_NE(NULL, e);
		EXPECT_EQ(known[i].nr, e->arg[0].value);
		EXPECT_EQ(known[i].ret, (int64_t)e->arg[1].value);
	}
	recording_free(&r);
}

static void take_signal(int unused)
{
	(void)unused;
}

static void handle_a_signal(void)
{
	signal(SIGUSR1, take_signal);
	raise(SIGUSR1);
	syscall(-1);
	syscall(SYS_getuid);
}

/* Its end has not its number any more; it has none rather than one that is another's. */
TEST_F(module, return_from_a_signals_handler_has_an_end)
{
	const struct stream_event *e;
	struct recording r = {};
	size_t at, end;
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(handle_a_signal);
	ASSERT_LT(0, pid);
	STOP_AND_DECODE(&r);
	at = 0;
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, pid, &at)) && e->arg[0].value != SYS_rt_sigreturn)
		;
	ASSERT_NE(NULL, e);
	end = at;
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, pid, &end);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_SYSCALL_NONE, e->arg[0].value);
	/* So has what a program asks for without one, from its beginning on. */
	e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_SYSCALL_NONE, e->arg[0].value);
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, pid, &end);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_SYSCALL_NONE, e->arg[0].value);
	EXPECT_EQ(-ENOSYS, (int64_t)e->arg[1].value);
	recording_free(&r);
}

TEST_F(module, return_from_a_signals_handler_can_be_asked_for)
{
	struct exptrace_syscalls calls = {};
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0;
	pid_t pid;

	calls.wanted[SYS_rt_sigreturn / 64] = 1ULL << SYS_rt_sigreturn % 64;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALLS, &calls));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(handle_a_signal);
	ASSERT_LT(0, pid);
	STOP_AND_DECODE(&r);
	e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(SYS_rt_sigreturn, e->arg[0].value);
	EXPECT_EQ(NULL, next_of(&r, EXPTRACE_EVENT_SYS_ENTER, pid, &at));
	at = 0;
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_SYSCALL_NONE, e->arg[0].value);
	recording_free(&r);
}

TEST_F(module, only_system_calls_asked_for_are_attempted)
{
	struct exptrace_syscalls calls = {};
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0, ours = 0;
	pid_t pid;

	calls.wanted[SYS_getppid / 64] = 1ULL << SYS_getppid % 64;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALLS, &calls));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(call_the_kernel);
	ASSERT_LT(0, pid);
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, 0, &at))) {
		EXPECT_EQ(SYS_getppid, e->arg[0].value);
		ours += e->pid == pid;
	}
	EXPECT_EQ(1, ours);
	at = 0;
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(getpid(), (pid_t)e->arg[1].value);
	EXPECT_EQ(stream_count(&r.stream, 0, EXPTRACE_EVENT_SYS_ENTER, 0) +
		  stream_count(&r.stream, 0, EXPTRACE_EVENT_SYS_EXIT, 0), stream_attempted(&r.stream, 0));
	recording_free(&r);
	/* It is told, and all are wanted again. */
	memset(&calls, 0, sizeof(calls));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_SYSCALLS, &calls));
	EXPECT_EQ(1ULL << SYS_getppid % 64, calls.wanted[SYS_getppid / 64]);
	calls.reserved[1] = 1;
	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALLS, &calls));
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALLS, NULL));
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_GET_SYSCALLS, NULL));
}

static char *pages;

static void __attribute__((noinline)) touch_pages(void)
{
	int zero = open("/dev/zero", O_RDONLY), i;

	/* Each by the same instruction. */
#pragma GCC unroll 1
	for (i = 0; i < PAGES; i++)
		((volatile char *)pages)[i * 4096] = 1;
	/* And the last one by the kernel. */
	if (read(zero, pages + PAGES * 4096, 1) != 1)
		_exit(1);
}

TEST_F(module, page_faults_tell_the_page_and_who_touched_it)
{
	static const struct perf_tracepoint seen[] = {
		{ "exceptions/page_fault_user", { "address", "ip", "error_code" } },
		{ "exceptions/page_fault_kernel", { "address", "ip", "error_code" } },
	};
	const struct stream_event *e;
	struct comparison c = {};
	size_t at = 0;
	uint64_t ip = 0;
	int i;

	if (record_only(self->control, "page_fault_user", "page_fault_kernel", NULL))
		SKIP(return, "this kernel has no tracepoints for page faults");
	pages = mmap(NULL, (PAGES + 1) * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	madvise(pages, (PAGES + 1) * 4096, MADV_NOHUGEPAGE);
	RECORD_AND_COMPARE(&c, seen, touch_pages);
	EXPECT_SAME(differs_in_child(&c, EXPTRACE_EVENT_PAGE_FAULT_USER, 0));
	EXPECT_SAME(differs_in_child(&c, EXPTRACE_EVENT_PAGE_FAULT_KERNEL, 1));
	for (i = 0; i < PAGES; i++) {
		while ((e = next_of(&c.r, EXPTRACE_EVENT_PAGE_FAULT_USER, c.pid, &at)) &&
		       e->arg[0].value != (uint64_t)pages + i * 4096)
			;
		ASSERT_NE(NULL, e);
		/* The one instruction of ours; a write (2) of the user (4). */
		EXPECT_LE((uint64_t)touch_pages, e->arg[1].value);
		EXPECT_GT((uint64_t)touch_pages + 4096, e->arg[1].value);
		if (i) {
			EXPECT_EQ(ip, e->arg[1].value);
		}
		ip = e->arg[1].value;
		EXPECT_EQ(6, e->arg[2].value & 6);
	}
	at = 0;
	while ((e = next_of(&c.r, EXPTRACE_EVENT_PAGE_FAULT_KERNEL, c.pid, &at)) &&
	       e->arg[0].value != (uint64_t)pages + PAGES * 4096)
		;
	ASSERT_NE(NULL, e);
	EXPECT_LE(0xffffffff80000000ULL, e->arg[1].value);
	EXPECT_EQ(2, e->arg[2].value & 6);
	munmap(pages, (PAGES + 1) * 4096);
	comparison_free(&c);
}

/*
 * What begins in a context ends there before the next begins, with the same first argument: how many do so, or -1 if
 * one does not. The tracepoints are attached one after the other, so that the first ends may be missing.
 */
static int count_pairs(const struct recording *r, int entry, int exit)
{
	const struct stream_event *running[4 * STREAM_CPUS] = {};
	bool ended[4 * STREAM_CPUS] = {};
	int pairs = 0;
	size_t i;

	for (i = 0; i < r->nr; i++) {
		const struct stream_event *e = r->sorted[i];

		if (e->type == entry) {
			if (running[e->m] && ended[e->m])
				return -1;
			running[e->m] = e;
		} else if (e->type == exit) {
			if (running[e->m] && running[e->m]->arg[0].value != e->arg[0].value)
				return -1;
			pairs += !!running[e->m];
			running[e->m] = NULL;
			ended[e->m] = true;
		}
	}
	return pairs;
}

/* The sum of the numbers that follow "name:" in a file of /proc. */
static uint64_t proc_count(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	uint64_t sum = 0;
	char line[4096];

	while (f && fgets(line, sizeof(line), f)) {
		char *at = line + strspn(line, " "), *end;

		if (strncmp(at, name, strlen(name)) || at[strlen(name)] != ':')
			continue;
		for (at += strlen(name) + 1;; at = end) {
			uint64_t n = strtoull(at, &end, 10);

			if (end == at)
				break;
			sum += n;
		}
	}
	if (f)
		fclose(f);
	return sum;
}

static const char *const softirqs[SOFTIRQS] = {
	"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU",
};

static void read_softirqs(uint64_t count[SOFTIRQS])
{
	int i;

	for (i = 0; i < SOFTIRQS; i++)
		count[i] = proc_count("/proc/softirqs", softirqs[i]);
}

/* As many as /proc/softirqs counts meanwhile: between what it says inside of the recording, and around it. */
TEST_F(module, soft_interrupts_are_as_many_as_proc_counts)
{
	uint64_t before[SOFTIRQS], first[SOFTIRQS], last[SOFTIRQS], after[SOFTIRQS], seen[SOFTIRQS] = {}, sum = 0;
	uint64_t entered[4 * STREAM_CPUS] = {};
	struct recording r = {};
	size_t i;

	ASSERT_EQ(0, record_only(self->control, "softirq_entry", "softirq_exit", "softirq_raise", NULL));
	read_softirqs(before);
	ASSERT_EQ(0, recording_start(self->control));
	read_softirqs(first);
	ASSERT_LT(0, work_pingpong(50));
	usleep(100000);
	read_softirqs(last);
	STOP_AND_DECODE(&r);
	read_softirqs(after);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		ASSERT_GT(SOFTIRQS, e->arg[0].value);
		if (e->type == EXPTRACE_EVENT_SOFTIRQ_ENTRY) {
			seen[e->arg[0].value]++;
			entered[e->m] = e->arg[0].value + 1;
		} else if (e->type == EXPTRACE_EVENT_SOFTIRQ_EXIT && entered[e->m]) {
			/* They do not nest. (Of preemptible ones, others may come between.) */
			if ((e->m & 3) == EXPTRACE_CONTEXT_SOFTIRQ) {
				EXPECT_EQ(entered[e->m] - 1, e->arg[0].value);
			}
			entered[e->m] = 0;
		}
	}
	for (i = 0; i < SOFTIRQS; i++) {
		EXPECT_LE(last[i] - first[i], seen[i]) {
			TH_LOG("%s", softirqs[i]);
		}
		EXPECT_GE(after[i] - before[i], seen[i]) {
			TH_LOG("%s", softirqs[i]);
		}
		sum += seen[i];
	}
	EXPECT_LT(0, sum);
	EXPECT_LT(0, stream_count(&r.stream, 0, EXPTRACE_EVENT_SOFTIRQ_RAISE, 0));
	recording_free(&r);
}

static void use_softirqs(void)
{
	if (work_pingpong(50) < 0)
		_exit(1);
	usleep(100000);
}

/*
 * Raised before they are run, each time; raised once more before it is run, it is run once. One that is being begun may
 * be pending again already, and with PREEMPT_RT wait in a thread besides.
 */
#define RAISED_MAX	3

TEST_F(module, soft_interrupts_are_those_that_perf_sees)
{
	static const struct perf_tracepoint seen[] = {
		{ "irq/softirq_raise", { "vec" } }, { "irq/softirq_entry", { "vec" } }, { "irq/softirq_exit", { "vec" } },
	};
	unsigned int raised[STREAM_CPUS][SOFTIRQS], cpu, vec;
	struct comparison c = {};
	size_t i, entered = 0;

	ASSERT_EQ(0, record_only(self->control, "softirq_entry", "softirq_exit", "softirq_raise", NULL));
	RECORD_AND_COMPARE(&c, seen, use_softirqs);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_SOFTIRQ_RAISE, 0));
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_SOFTIRQ_ENTRY, 1));
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_SOFTIRQ_EXIT, 2));
	/* What was raised before the recording began is not known. */
	for (cpu = 0; cpu < STREAM_CPUS; cpu++)
		for (vec = 0; vec < SOFTIRQS; vec++)
			raised[cpu][vec] = RAISED_MAX;
	for (i = 0; i < c.r.nr; i++) {
		const struct stream_event *e = c.r.sorted[i];

		if (EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		cpu = e->m >> 2;
		vec = e->arg[0].value;
		ASSERT_GT(SOFTIRQS, vec);
		if (e->type == EXPTRACE_EVENT_SOFTIRQ_RAISE) {
			raised[cpu][vec] += raised[cpu][vec] < RAISED_MAX;
		} else if (e->type == EXPTRACE_EVENT_SOFTIRQ_ENTRY) {
			EXPECT_LT(0, raised[cpu][vec]) {
				TH_LOG("%s on CPU %u", softirqs[vec], cpu);
			}
			raised[cpu][vec] -= !!raised[cpu][vec];
			entered++;
		}
	}
	EXPECT_LT(0, entered);
	comparison_free(&c);
}

/* Something that the machine's devices have to do: names that are not cached are looked up. */
static void use_devices(void)
{
	char path[64];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "/usr/exptrace-%d-%d-%lld", getpid(), i, now_ms());
		if (!access(path, F_OK))
			_exit(1);
	}
}

/* A handler of an interrupt may be one of several, which come after each other; none comes in the middle of another. */
TEST_F(module, interrupts_are_those_that_perf_sees)
{
	static const struct perf_tracepoint seen[] = {
		{ "irq/irq_handler_entry", { "irq" } }, { "irq/irq_handler_exit", { "irq", "ret" } },
	};
	struct comparison c = {};
	int pairs;
	size_t i;

	ASSERT_EQ(0, record_only(self->control, "irq_handler_entry", "irq_handler_exit", NULL));
	RECORD_AND_COMPARE(&c, seen, use_devices);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, 0));
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, 1));
	for (i = 0; i < c.r.nr; i++)
		if (!EXPTRACE_EVENT_IS_STATE(c.r.sorted[i]->type)) {
			EXPECT_EQ(EXPTRACE_CONTEXT_HARDIRQ, c.r.sorted[i]->m & 3);
		}
	pairs = count_pairs(&c.r, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, EXPTRACE_EVENT_IRQ_HANDLER_EXIT);
	EXPECT_LE(0, pairs);
	comparison_free(&c);
	if (!pairs)
		SKIP(return, "no device of this machine interrupts");
}

TEST_F(module, interrupts_are_as_many_as_proc_counts)
{
	const struct stream_event *e;
	uint64_t irq, seen = 0, before, first, last, after;
	struct recording r = {};
	size_t at = 0, i;
	char name[16];

	ASSERT_EQ(0, record_only(self->control, "irq_handler_entry", "irq_handler_exit", NULL));
	/* Which interrupt comes? */
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_LT(0, in_child(use_devices));
	STOP_AND_DECODE(&r);
	e = next_of(&r, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, 0, &at);
	if (!e) {
		recording_free(&r);
		SKIP(return, "no device of this machine interrupts");
	}
	irq = e->arg[0].value;
	recording_free(&r);
	memset(&r, 0, sizeof(r));

	snprintf(name, sizeof(name), "%llu", (unsigned long long)irq);
	before = proc_count("/proc/interrupts", name);
	ASSERT_EQ(0, recording_start(self->control));
	first = proc_count("/proc/interrupts", name);
	ASSERT_LT(0, in_child(use_devices));
	last = proc_count("/proc/interrupts", name);
	STOP_AND_DECODE(&r);
	after = proc_count("/proc/interrupts", name);
	for (i = 0; i < r.nr; i++) {
		e = r.sorted[i];
		if (e->type == EXPTRACE_EVENT_IRQ_HANDLER_ENTRY)
			seen += e->arg[0].value == irq;
		if (e->type == EXPTRACE_EVENT_IRQ_HANDLER_EXIT) {
			EXPECT_GE(3, e->arg[1].value);
		}
	}
	/* Handlers that share the interrupt are called for each, so there may be more. */
	EXPECT_LE(last - first, seen);
	EXPECT_LT(0, after - before);
	recording_free(&r);
}

#define WAITERS	8

/*
 * Waits of 300 ms and a bit more, on sockets: each is a timer, whose function is process_timeout(). So far ahead, timers
 * expire with up to 8 others at a time, each some jiffies late but the last.
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

/* What perf saw last at this tracepoint of the timer that has expired; NULL: nothing. */
static const struct perf_seen *start_of(const struct comparison *c, const struct perf_seen *expired, int tracepoint)
{
	const struct perf_seen *s;

	for (s = expired; s-- > c->perf.seen;)
		if (s->tracepoint == tracepoint && s->value[0] == expired->value[0])
			return s;
	return NULL;
}

enum { TIMER_ENTRY, TIMER_EXIT, TIMER_START, HRTIMER_ENTRY, HRTIMER_EXIT, HRTIMER_START };

/* Which fields are there for what is not compared argument by argument. */
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

/* What jiffies was at most when this event happened: what it was at the next one on its CPU. */
static uint64_t jiffies_after(const struct comparison *c, const struct perf_seen *expired)
{
	const struct perf_seen *s;

	for (s = expired + 1; s < c->perf.seen + c->perf.nr; s++)
		if (s->cpu == expired->cpu && (s->tracepoint == TIMER_ENTRY || s->tracepoint == TIMER_START))
			return s->value[NOW];
	return ~0ULL;
}

TEST_F(module, timers_tell_their_function_and_how_late_they_are)
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
		/* Other timers may get another time without being started anew. */
		if (!expired || !e->arg[1].string || strcmp(e->arg[1].string, "process_timeout+0x0"))
			continue;
		start = start_of(&c, expired, TIMER_START);
		if (!start)
			continue;
		/* It's read by each of the two, maybe not at the same time. */
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
 * How late those that expired were: perf has no such field, but when each was to expire, if it saw that. They are compared as
 * an argument, for of a timer that expires again and again, like the tick's, nothing else tells which time it was.
 */
static void tell_lateness(struct comparison *c)
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

TEST_F(module, high_resolution_timers_tell_their_function_and_how_late_they_are)
{
	uint64_t wakeup = address_of("hrtimer_wakeup");
	size_t i, woken = 0, compared = 0;
	struct comparison c = {};

	ASSERT_EQ(0, record_only(self->control, "hrtimer_expire_entry", "hrtimer_expire_exit", NULL));
	RECORD_AND_COMPARE(&c, seen_timers, sleep_a_little);
	tell_lateness(&c);
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

/* The module has a work of its own, which begins generations. */
TEST_F(module, work_tells_its_function_from_start_to_end)
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

static void leave_cpus_idle(void)
{
	usleep(50000);
}

TEST_F(module, idle_cpus_go_and_come_back)
{
	static const struct perf_tracepoint seen[] = { { "power/cpu_idle", { "state", "cpu_id" } } };
	int64_t state[STREAM_CPUS];
	struct comparison c = {};
	size_t i, n = 0;

	memset(state, 0xcc, sizeof(state));
	ASSERT_EQ(0, record_only(self->control, "cpu_idle", NULL));
	RECORD_AND_COMPARE(&c, seen, leave_cpus_idle);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_CPU_IDLE, 0));
	for (i = 0; i < c.r.nr; i++) {
		const struct stream_event *e = c.r.sorted[i];
		unsigned int cpu = e->m >> 2;
		int64_t now;

		if (e->type != EXPTRACE_EVENT_CPU_IDLE)
			continue;
		now = e->arg[0].value;
		EXPECT_EQ(cpu, e->arg[1].value);
		EXPECT_EQ(0, e->pid);
		EXPECT_LE(-1, now);
		EXPECT_GT(16, now);
		/* One that comes back was away, and one that goes was there. */
		if (now == -1) {
			EXPECT_NE(-1, state[cpu]);
		} else if (state[cpu] < 16 && state[cpu] >= -1) {
			EXPECT_EQ(-1, state[cpu]);
		}
		state[cpu] = now;
		n++;
	}
	EXPECT_LT(0, n);
	comparison_free(&c);
}

/* What a driver would tell, a module does; so it need not be a machine that changes them. */
static void tell_frequencies(void)
{
	/* It does what it is for and does not stay. */
	if (module_load_helper("exptrace_frequency.ko", "changes=100") != -EAGAIN)
		_exit(1);
}

static const struct perf_tracepoint seen_frequency[] = { { "power/cpu_frequency", { "state", "cpu_id" } } };

TEST_F(module, frequencies_are_those_that_perf_sees)
{
	struct comparison c = {};
	size_t at = 0, told = 0;

	ASSERT_EQ(0, record_only(self->control, "cpu_frequency", NULL));
	RECORD_AND_COMPARE(&c, seen_frequency, tell_frequencies);
	EXPECT_SAME(differs_in_child(&c, EXPTRACE_EVENT_CPU_FREQUENCY, 0));
	while (next_of(&c.r, EXPTRACE_EVENT_CPU_FREQUENCY, c.pid, &at))
		told++;
	EXPECT_EQ(100 * sysconf(_SC_NPROCESSORS_CONF), told);
	comparison_free(&c);
}

#define CPUFREQ "/sys/devices/system/cpu/cpu0/cpufreq/"

static char governor[64];

/* From one end to the other and back to where it was. */
static void change_governor(void)
{
	write_file(CPUFREQ "scaling_governor", "powersave");
	write_file(CPUFREQ "scaling_governor", "performance");
	write_file(CPUFREQ "scaling_governor", governor);
}

static uint64_t cpufreq_limit(const char *file)
{
	char text[32];

	return strtoull(read_file(file, text, sizeof(text)), NULL, 10);
}

/* Drivers that leave the frequency to the CPU have nothing to tell, to perf neither. */
TEST_F(module, frequencies_are_those_that_the_policy_allows)
{
	const struct stream_event *e;
	struct comparison c = {};
	size_t at = 0;

	if (!*read_file(CPUFREQ "scaling_governor", governor, sizeof(governor)))
		SKIP(return, "this machine has no cpufreq");
	ASSERT_EQ(0, record_only(self->control, "cpu_frequency", NULL));
	RECORD_AND_COMPARE(&c, seen_frequency, change_governor);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_CPU_FREQUENCY, 0));
	while ((e = next_of(&c.r, EXPTRACE_EVENT_CPU_FREQUENCY, 0, &at))) {
		EXPECT_LE(cpufreq_limit(CPUFREQ "cpuinfo_min_freq"), e->arg[0].value);
		EXPECT_GE(cpufreq_limit(CPUFREQ "cpuinfo_max_freq"), e->arg[0].value);
	}
	at = c.perf.nr;
	comparison_free(&c);
	if (!at)
		SKIP(return, "this machine's cpufreq driver tells no frequencies");
}

static void on_signal(int sig)
{
	(void)sig;
}

static void send_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	union sigval value = { 0 };

	sigaction(SIGUSR1, &action, NULL);
	signal(SIGUSR2, SIG_IGN);
	if (kill(getpid(), SIGUSR1) || sigqueue(getpid(), SIGUSR1, value) ||
	    syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1) || kill(getpid(), SIGUSR2))
		_exit(1);
}

TEST_F(module, signals_tell_how_they_were_sent_and_taken)
{
	static const struct {
		int sig, code, group, result;
	} sent[] = {
		{ SIGUSR1, SI_USER, 1, 0 }, { SIGUSR1, SI_QUEUE, 1, 0 }, { SIGUSR1, SI_TKILL, 0, 0 },
		{ SIGUSR2, SI_USER, 1, 1 },
	};
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0, i;
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, "signal_generate", "signal_deliver", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(send_signals);
	ASSERT_LT(0, pid);
	STOP_AND_DECODE(&r);
	for (i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		e = next_of(&r, EXPTRACE_EVENT_SIGNAL_GENERATE, pid, &at);
		ASSERT_NE(NULL, e);
		EXPECT_EQ(sent[i].sig, (int)e->arg[0].value);
		EXPECT_EQ(pid, (pid_t)e->arg[1].value);
		EXPECT_EQ(sent[i].code, (int)e->arg[2].value);
		EXPECT_EQ(sent[i].group, (int)e->arg[3].value);
		EXPECT_EQ(sent[i].result, (int)e->arg[4].value);
		if (sent[i].result)
			continue;
		e = next_of(&r, EXPTRACE_EVENT_SIGNAL_DELIVER, pid, &at);
		ASSERT_NE(NULL, e);
		EXPECT_EQ(sent[i].sig, (int)e->arg[0].value);
		EXPECT_EQ(sent[i].code, (int)e->arg[1].value);
		EXPECT_EQ(SA_RESTART, e->arg[2].value & (SA_RESTART | SA_NODEFER | SA_RESETHAND));
	}
	/* The parent is told of the child's end. */
	e = next_of(&r, EXPTRACE_EVENT_SIGNAL_GENERATE, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(SIGCHLD, e->arg[0].value);
	EXPECT_EQ(getpid(), (pid_t)e->arg[1].value);
	EXPECT_EQ(CLD_EXITED, e->arg[2].value);
	recording_free(&r);
}

/* A loop device over a file of 1 MiB in memory, *file; its descriptor for direct reads, or -1. */
static int open_loop(int *number, int *file)
{
	char path[32];
	int control, loop = -1;

	/* Where it is a module, that may not be loaded. */
	if (access("/dev/loop-control", F_OK) && system("modprobe loop >/dev/null 2>&1"))
		return -1;
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	*file = memfd_create("exptrace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	*number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	snprintf(path, sizeof(path), "/dev/loop%d", *number);
	if (*file >= 0 && *number >= 0 && !ftruncate(*file, 1 << 20))
		loop = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (loop >= 0 && ioctl(loop, LOOP_SET_FD, *file)) {
		close(loop);
		loop = -1;
	}
	if (control >= 0)
		close(control);
	if (loop < 0 && *file >= 0)
		close(*file);
	return loop;
}

static int loop, loop_file;

/* The last write fails: the file takes no more. */
static void use_loop(void)
{
	char *buffer;

	if (posix_memalign((void **)&buffer, 4096, 8192) || pread(loop, buffer, 8192, 65536) != 8192 ||
	    pwrite(loop, buffer, 4096, 4096) != 4096 || fcntl(loop_file, F_ADD_SEALS, F_SEAL_WRITE) ||
	    pwrite(loop, buffer, 8192, 8192) != -1 || errno != EIO)
		_exit(1);
}

TEST_F(module, block_requests_tell_what_is_done_where_and_whether_it_failed)
{
	static const struct {
		char operation;
		uint64_t offset, bytes;
		int error;
	} known[] = { { 'R', 65536, 8192, 0 }, { 'W', 4096, 4096, 0 }, { 'W', 8192, 8192, -EIO } };
	const struct stream_event *issue, *complete;
	size_t issued = 0, completed = 0, i;
	struct recording r = {};
	uint64_t dev;
	int number;

	loop = open_loop(&number, &loop_file);
	if (loop < 0)
		SKIP(return, "no loop device");
	ASSERT_EQ(0, record_only(self->control, "block_rq_issue", "block_rq_complete", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	EXPECT_LT(0, in_child(use_loop));
	STOP_AND_DECODE(&r);
	ioctl(loop, LOOP_CLR_FD);
	close(loop);
	close(loop_file);

	dev = 7ULL << 20 | number;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		while ((issue = next_of(&r, EXPTRACE_EVENT_BLOCK_RQ_ISSUE, 0, &issued)) && issue->arg[0].value != dev)
			;
		while ((complete = next_of(&r, EXPTRACE_EVENT_BLOCK_RQ_COMPLETE, 0, &completed)) &&
		       complete->arg[0].value != dev)
			;
		ASSERT_NE(NULL, issue);
		ASSERT_NE(NULL, complete);
		EXPECT_EQ(known[i].operation, issue->arg[1].string[0]);
		EXPECT_STREQ(issue->arg[1].string, complete->arg[1].string);
		EXPECT_EQ(known[i].offset / 512, issue->arg[2].value);
		EXPECT_EQ(known[i].offset / 512, complete->arg[2].value);
		EXPECT_EQ(known[i].bytes, issue->arg[3].value);
		EXPECT_EQ(known[i].bytes, complete->arg[3].value);
		EXPECT_EQ(known[i].error, (int64_t)complete->arg[4].value);
		EXPECT_GT(completed, issued);
	}
	recording_free(&r);
}

TEST_F(module, log_lines_are_recorded_as_text)
{
	char text[64], line[1024];
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0, found = 0;

	snprintf(text, sizeof(text), "exptrace selftest of %d", getpid());
	memset(line, 'x', sizeof(line));
	memcpy(line, text, strlen(text));
	line[900] = '\0';
	ASSERT_EQ(0, record_only(self->control, "console", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, write_file("/dev/kmsg", text));
	ASSERT_EQ(0, write_file("/dev/kmsg", line));
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_CONSOLE, 0, &at))) {
		if (!strcmp(e->arg[0].string, text))
			found |= 1;
		if (!strcmp(e->arg[0].string, line))
			found |= 2;
	}
	EXPECT_EQ(3, found);
	recording_free(&r);
}

/* They can have any address in them (invariant 12). */
TEST_F(module, log_lines_are_for_who_may_see_addresses)
{
	struct recording r = {};
	char old[16];

	read_file("/proc/sys/kernel/kptr_restrict", old, sizeof(old));
	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "2"));
	ASSERT_EQ(0, record_only(self->control, "console", NULL));
	EXPECT_EQ(0, recording_start(self->control));
	EXPECT_EQ(0, device_info(self->control).addresses);
	EXPECT_EQ(0, write_file("/dev/kmsg", "exptrace selftest"));
	EXPECT_EQ(7, write(self->control, "marker\n", 7));
	EXPECT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", old));
	STOP_AND_DECODE(&r);
	/* The marker alone. */
	EXPECT_EQ(1, stream_attempted(&r.stream, 0));
	recording_free(&r);
}

static pthread_mutex_t mutex;
static volatile int have_mutex;
static volatile pid_t owner, waiter;

static void *hold_mutex(void *unused)
{
	pthread_mutex_lock(&mutex);
	owner = thread_id();
	have_mutex = 1;
	/* Until somebody waits for it, which shows as its sleep. */
	WAIT_FOR(waiter && thread_sleeps(waiter));
	pthread_mutex_unlock(&mutex);
	return unused;
}

static void *wait_for_mutex(void *unused)
{
	waiter = thread_id();
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return unused;
}

TEST_F(module, inherited_priority_is_told)
{
	struct sched_param fifo = { .sched_priority = 10 };
	const struct stream_event *e;
	pthread_mutexattr_t inherit;
	struct recording r = {};
	pthread_attr_t realtime;
	bool inherited = false;
	pthread_t low, high;
	uint64_t prio = 120;
	size_t at = 0;

	pthread_mutexattr_init(&inherit);
	pthread_mutexattr_setprotocol(&inherit, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&mutex, &inherit);
	pthread_attr_init(&realtime);
	pthread_attr_setinheritsched(&realtime, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&realtime, SCHED_FIFO);
	pthread_attr_setschedparam(&realtime, &fifo);
	ASSERT_EQ(0, record_only(self->control, "sched_pi_setprio", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, pthread_create(&low, NULL, hold_mutex, NULL));
	ASSERT_TRUE(WAIT_FOR(have_mutex));
	ASSERT_EQ(0, pthread_create(&high, &realtime, wait_for_mutex, NULL));
	pthread_join(low, NULL);
	pthread_join(high, NULL);
	STOP_AND_DECODE(&r);
	/* Each change begins where the one before ended. With PREEMPT_RT, the kernel's locks lend priority too. */
	while ((e = next_of(&r, EXPTRACE_EVENT_SCHED_PI_SETPRIO, 0, &at))) {
		if ((pid_t)e->arg[0].value != owner)
			continue;
		EXPECT_EQ(prio, e->arg[1].value);
		prio = e->arg[2].value;
		inherited |= prio == 99 - 10;
	}
	EXPECT_TRUE(inherited);
	EXPECT_EQ(120, prio);
	recording_free(&r);
}

static uint64_t *spent;

static void spend_time(void)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (!t.tv_sec && t.tv_nsec < 50000000);
	*spent = t.tv_sec * 1000000000ULL + t.tv_nsec;
}

TEST_F(module, runtime_adds_up_to_the_cpu_time)
{
	const struct stream_event *e;
	struct recording r = {};
	uint64_t sum = 0;
	size_t at = 0;
	pid_t pid;

	spent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, spent);
	ASSERT_EQ(0, record_only(self->control, "sched_stat_runtime", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(spend_time);
	ASSERT_LT(0, pid);
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_SCHED_STAT_RUNTIME, 0, &at)))
		if ((pid_t)e->arg[0].value == pid)
			sum += e->arg[1].value;
	EXPECT_LE(*spent, sum);
	/* Its exit is not in what it measured itself. */
	EXPECT_GT(*spent + 1000000000, sum);
	munmap(spent, 4096);
	recording_free(&r);
}

/*
 * Whoever is woken was to be woken before. One of two that wake each other may never sleep, so either will do; and neither
 * does in the first round, if the child runs only when there is something to read.
 */
TEST_F(module, waking_comes_before_the_wakeup)
{
	size_t at = 0, waking[2] = {}, wakeups[2] = {};
	const struct stream_event *e;
	struct recording r = {};
	pid_t other;

	ASSERT_EQ(0, record_only(self->control, "sched_waking", "sched_wakeup", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	other = work_pingpong(50);
	ASSERT_LT(0, other);
	STOP_AND_DECODE(&r);
	while (at < r.nr) {
		bool is_other;

		e = r.sorted[at++];
		is_other = (pid_t)e->arg[0].value == other;
		if (EXPTRACE_EVENT_IS_STATE(e->type) || (!is_other && (pid_t)e->arg[0].value != getpid()))
			continue;
		waking[is_other] += e->type == EXPTRACE_EVENT_SCHED_WAKING;
		wakeups[is_other] += e->type == EXPTRACE_EVENT_SCHED_WAKEUP;
		EXPECT_LE(wakeups[is_other], waking[is_other]);
	}
	EXPECT_LE(50 - 1, wakeups[0] + wakeups[1]);
	recording_free(&r);
}

#define CGROUP	"/sys/fs/cgroup/exptrace-test"

static volatile pid_t sleeper;

static void *sleep_in_thread(void *unused)
{
	sleeper = thread_id();
	pause();
	return unused;
}

/* A process in a cgroup of its own, nice, on CPU 0, whose second thread sleeps; it says when it's ready. */
static void be_described(int ready)
{
	pthread_t thread;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || nice(5) != 5 ||
	    pthread_create(&thread, NULL, sleep_in_thread, NULL) || !WAIT_FOR(sleeper && thread_sleeps(sleeper)) ||
	    write(ready, (const void *)&sleeper, sizeof(sleeper)) != sizeof(sleeper))
		_exit(1);
	pause();
}

TEST_F(module, statedump_describes_threads)
{
	const struct stream_event *e, *leader = NULL, *thread = NULL;
	bool cgroups = !mkdir(CGROUP, 0755);
	struct recording r = {};
	struct stat cgroup = {};
	size_t at = 0;
	char text[16];
	int ready[2];
	pid_t pid, tid;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		be_described(ready[1]);
		_exit(0);
	}
	snprintf(text, sizeof(text), "%d", pid);
	cgroups = cgroups && !write_file(CGROUP "/cgroup.procs", text) && !stat(CGROUP, &cgroup);
	ASSERT_EQ((ssize_t)sizeof(tid), read(ready[0], &tid, sizeof(tid)));
	ASSERT_EQ(0, recording_start(self->control));
	STOP_AND_DECODE(&r);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rmdir(CGROUP);
	while ((e = next_of(&r, EXPTRACE_EVENT_TASK, 0, &at))) {
		if ((pid_t)e->arg[0].value == pid)
			leader = e;
		if ((pid_t)e->arg[0].value == tid)
			thread = e;
	}
	ASSERT_NE(NULL, leader);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(pid, (pid_t)leader->arg[1].value);
	EXPECT_EQ(pid, (pid_t)thread->arg[1].value);
	EXPECT_EQ(EXPTRACE_TASK_S, thread->arg[3].value);
	EXPECT_EQ(0, thread->arg[4].value);
	EXPECT_EQ(125, thread->arg[5].value);
	if (cgroups) {
		EXPECT_EQ(cgroup.st_ino, thread->arg[6].value);
		EXPECT_EQ(cgroup.st_ino, leader->arg[6].value);
	}
	recording_free(&r);
}

/* The line of an interrupt in /proc/interrupts, "" if there is none. */
static const char *irq_line(unsigned int irq, char line[4096])
{
	FILE *f = fopen("/proc/interrupts", "r");
	char *end;

	while (f && fgets(line, 4096, f))
		if (strtoul(line, &end, 10) == irq && *end == ':')
			break;
	if (!f || feof(f))
		*line = '\0';
	if (f)
		fclose(f);
	return line;
}

TEST_F(module, statedump_names_interrupts)
{
	const struct stream_event *e;
	struct recording r = {};
	char line[4096], online[128];
	size_t at = 0, irqs = 0, vecs = 0;

	ASSERT_EQ(0, recording_start(self->control));
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_NAME, 0, &at))) {
		if (e->m != EXPTRACE_M_NONE)
			continue;
		if (e->arg[0].value == EXPTRACE_KIND_SOFTIRQ) {
			ASSERT_GT(SOFTIRQS, e->arg[1].value);
			EXPECT_STREQ(softirqs[e->arg[1].value], e->arg[2].string);
			vecs++;
		} else if (e->arg[0].value == EXPTRACE_KIND_IRQ) {
			EXPECT_NE(NULL, strstr(irq_line(e->arg[1].value, line), e->arg[2].string)) {
				TH_LOG("interrupt %d is no %s", (int)e->arg[1].value, e->arg[2].string);
			}
			irqs++;
		}
	}
	EXPECT_EQ(SOFTIRQS, vecs);
	EXPECT_LT(0, irqs);
	EXPECT_STREQ(read_file("/sys/devices/system/cpu/online", online, sizeof(online)), r.stream.online);
	recording_free(&r);
}

/* What the batch of an event of an interrupt has called that last, or "". */
static const char *handler_of(const struct stream_event *e)
{
	const struct stream_event *name = e;

	/* The batch begins behind the writer's last one, or another's. */
	while (name->generation == e->generation && name->m == e->m && name->batch == e->batch) {
		if (!name->experiment && name->type == EXPTRACE_EVENT_NAME && name->arg[1].value == e->arg[0].value)
			return name->arg[2].string;
		name--;
	}
	return "";
}

/* Loads kmod/test/irqs.c, which knows whose turn it is, and looks at what the events of a type say. */
static void look_at_handlers(struct __test_metadata *_metadata, int control, int type, const char *event)
{
	static const char *const turns[] = { "first", "second", "first" };
	size_t cpus = sysconf(_SC_NPROCESSORS_ONLN), at = 0, n = 0;
	const struct stream_event *e;
	struct recording r = {};
	const char *want;
	char text[32];
	uint64_t irq;

	ASSERT_EQ(0, record_only(control, event, NULL));
	ASSERT_EQ(0, recording_start(control));
	ASSERT_EQ(0, module_load_helper("exptrace_irqs.ko", ""));
	irq = strtoul(read_file("/sys/module/exptrace_irqs/parameters/irq", text, sizeof(text)), NULL, 10);
	ASSERT_EQ(0, syscall(SYS_delete_module, "exptrace_irqs", 0));
	ASSERT_EQ(0, recording_stop(&r, control)) {
		TH_LOG("%s", r.stream.error);
	}
	while ((e = next_of(&r, type, 0, &at))) {
		if (e->arg[0].value != irq) {
			EXPECT_STRNE("", handler_of(e));
			continue;
		}
		if (n < 3 * cpus)
			want = turns[n / cpus];
		else
			want = (n - 3 * cpus) % 2 ? "right" : "left";
		EXPECT_STREQ(want, handler_of(e));
		n++;
	}
	EXPECT_EQ(5 * cpus, n);
	recording_free(&r);
}

TEST_F(module, interrupts_have_the_names_of_the_handlers_that_run)
{
	look_at_handlers(_metadata, self->control, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, "irq_handler_entry");
	look_at_handlers(_metadata, self->control, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, "irq_handler_exit");
}

TEST_F(module, markers_are_what_was_written)
{
	struct exptrace_mark mark = { .kind = EXPTRACE_MARK_BEGIN, .length = 6, .text = (uintptr_t)"region" };
	struct exptrace_mark bad[] = {
		{ .kind = 4 }, { .length = EXPTRACE_STRING_MAX + 1 }, { .reserved = 1 }, { .key = 1 },
		{ .key_length = 1 }, { .kind = EXPTRACE_MARK_LOG, .key_length = EXPTRACE_STRING_MAX + 1 },
		{ .kind = EXPTRACE_MARK_LOG, .reserved = 1 },
	};
	static const char *const said[] = { "hello", "no newline", "", "%s\x01\xff" };
	char line[2 * EXPTRACE_STRING_MAX];
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0, i;

	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	EXPECT_EQ(-1, write(self->control, "x", 1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, recording_start(self->control));
	EXPECT_EQ(6, write(self->control, "hello\n", 6));
	EXPECT_EQ(10, write(self->control, "no newline", 10));
	EXPECT_EQ(1, write(self->control, "\n", 1));
	EXPECT_EQ(4, write(self->control, "%s\x01\xff", 4));
	EXPECT_EQ(0, write(self->control, "", 0));
	EXPECT_EQ(-1, syscall(SYS_write, self->control, 8, 5));
	EXPECT_EQ(EFAULT, errno);
	/* What is too long is taken in part. */
	memset(line, 'x', sizeof(line));
	EXPECT_EQ(EXPTRACE_STRING_MAX, write(self->control, line, sizeof(line)));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	mark.kind = EXPTRACE_MARK_END;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_MARK, &bad[i]));
	mark.text = 8;
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	STOP_AND_DECODE(&r);

	for (i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		e = next_of(&r, EXPTRACE_EVENT_MARKER, getpid(), &at);
		ASSERT_NE(NULL, e);
		EXPECT_STREQ(said[i], e->arg[0].string);
	}
	e = next_of(&r, EXPTRACE_EVENT_MARKER, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_STRING_MAX, strspn(e->arg[0].string, "x"));
	e = next_of(&r, EXPTRACE_EVENT_MARKER_BEGIN, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ("region", e->arg[0].string);
	e = next_of(&r, EXPTRACE_EVENT_MARKER_END, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ("region", e->arg[0].string);
	EXPECT_EQ(7, stream_attempted(&r.stream, 0));
	recording_free(&r);
}

/* Also the largest, which must fit in a batch. */
TEST_F(module, marked_values_have_their_keys)
{
	struct exptrace_mark mark = {
		.kind = EXPTRACE_MARK_LOG, .length = 5, .text = (uintptr_t)"value",
		.key_length = 3, .key = (uintptr_t)"key",
	};
	const struct stream_event *e;
	struct recording r = {};
	char key[EXPTRACE_STRING_MAX], value[EXPTRACE_STRING_MAX];
	size_t at = 0;

	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, recording_start(self->control));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	mark.length = mark.key_length = 0;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	memset(key, 'k', sizeof(key));
	memset(value, 'v', sizeof(value));
	mark.key_length = sizeof(key);
	mark.length = sizeof(value);
	mark.key = (uintptr_t)key;
	mark.text = (uintptr_t)value;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	mark.key = 8;
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	STOP_AND_DECODE(&r);

	e = next_of(&r, EXPTRACE_EVENT_MARKER_LOG, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ("key", e->arg[0].string);
	EXPECT_STREQ("value", e->arg[1].string);
	e = next_of(&r, EXPTRACE_EVENT_MARKER_LOG, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ("", e->arg[0].string);
	EXPECT_STREQ("", e->arg[1].string);
	e = next_of(&r, EXPTRACE_EVENT_MARKER_LOG, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_STRING_MAX, strspn(e->arg[0].string, "k"));
	EXPECT_EQ(EXPTRACE_STRING_MAX, strspn(e->arg[1].string, "v"));
	EXPECT_EQ(3, stream_attempted(&r.stream, 0));
	recording_free(&r);
}

TEST_HARNESS_MAIN

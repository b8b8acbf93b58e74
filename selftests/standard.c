// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls, page faults, signals and block requests: the test causes each, and compares the
 * event with what the program or perf knows.
 */
#define _GNU_SOURCE
#include <linux/loop.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "compare.h"

#define PAGES		32

static void call_the_kernel(void)
{
	syscall(SYS_getppid);
	syscall(SYS_close, -1);
	syscall(SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY, 0);
	syscall(SYS_getuid);
}

TEST_F(module, system_calls_match_perf)
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

/* The program knows the number and the result of each call. */
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

/*
 * At its end its number is no longer known. The event has none, rather than that of another call.
 */
TEST_F(module, return_from_signal_handler_has_an_end)
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
	/* A call with an invalid number has none, either, from its beginning on. */
	e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_SYSCALL_NONE, e->arg[0].value);
	e = next_of(&r, EXPTRACE_EVENT_SYS_EXIT, pid, &end);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_SYSCALL_NONE, e->arg[0].value);
	EXPECT_EQ(-ENOSYS, (int64_t)e->arg[1].value);
	recording_free(&r);
}

TEST_F(module, return_from_signal_handler_can_be_selected)
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

TEST_F(module, only_selected_system_calls_are_attempted)
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
	/* GET_SYSCALLS returns the selection. Then select all again. */
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

	/* The same instruction touches all of these pages. */
#pragma GCC unroll 1
	for (i = 0; i < PAGES; i++)
		((volatile char *)pages)[i * 4096] = 1;
	/* The kernel touches the last one. */
	if (read(zero, pages + PAGES * 4096, 1) != 1)
		_exit(1);
}

TEST_F(module, page_faults_have_the_page_and_the_instruction)
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
		/* The instruction is ours; a write (2) by the user (4). */
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

TEST_F(module, signals_show_how_they_were_sent_and_delivered)
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
	/* The child's end sends a signal to the parent. */
	e = next_of(&r, EXPTRACE_EVENT_SIGNAL_GENERATE, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(SIGCHLD, e->arg[0].value);
	EXPECT_EQ(getpid(), (pid_t)e->arg[1].value);
	EXPECT_EQ(CLD_EXITED, e->arg[2].value);
	recording_free(&r);
}

/* A loop device over a file of 1 MiB in memory, *file: a descriptor for direct reads, or -1. */
static int open_loop(int *number, int *file)
{
	char path[32];
	int control, loop = -1;

	/* The loop module may not be loaded. */
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

/* The last write fails, because the file accepts no more data. */
static void use_loop(void)
{
	char *buffer;

	if (posix_memalign((void **)&buffer, 4096, 8192) || pread(loop, buffer, 8192, 65536) != 8192 ||
	    pwrite(loop, buffer, 4096, 4096) != 4096 || fcntl(loop_file, F_ADD_SEALS, F_SEAL_WRITE) ||
	    pwrite(loop, buffer, 8192, 8192) != -1 || errno != EIO)
		_exit(1);
}

TEST_F(module, block_requests_show_operation_sector_and_error)
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

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* Filters by process and thread: what they follow through fork, clone, exec and exit. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>

#include "filter.h"


TEST_F(module, threads_of_the_chosen_process_are_followed)
{
	struct recording r = {};
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_in_a_new_thread));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, worker.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	EXPECT_EQ(2 * CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

TEST_F(module, threads_of_a_chosen_thread_are_not_followed)
{
	struct recording r = {};
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_in_a_new_thread));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_thread(self->control, worker.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	EXPECT_EQ(CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

TEST_F(module, children_are_followed_only_on_request)
{
	struct recording r = {}, all = {};
	struct worker worker;

	ASSERT_EQ(0, worker_begin(&worker, call_in_a_new_process));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, worker.pid, 0));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	EXPECT_EQ(CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);

	/* The process, its child, and the child's thread. */
	ASSERT_EQ(0, filter_process(self->control, worker.pid, EXPTRACE_FILTER_CHILDREN));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&all);
	EXPECT_EQ(CALLS, calls_of(&all, worker.pid, SYS_getppid));
	EXPECT_EQ(3 * CALLS, calls_of(&all, 0, SYS_getppid));
	EXPECT_EXACT(&all);
	recording_free(&all);
	/* The same for a thread. */
	memset(&r, 0, sizeof(r));
	ASSERT_EQ(0, filter_thread(self->control, worker.pid, EXPTRACE_FILTER_CHILDREN));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(3 * CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&worker);
}

static struct worker inner;

static void run_inner(void)
{
	if (!inner.pid && worker_begin(&inner, call_in_a_new_thread))
		_exit(1);
	else if (!worker_run(&inner))
		_exit(1);
}

/* A child that existed before the filter was set. */
TEST_F(module, existing_children_are_followed)
{
	struct recording r = {};
	struct worker outer;

	ASSERT_EQ(0, worker_begin(&outer, run_inner));
	ASSERT_TRUE(worker_run(&outer));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	ASSERT_EQ(0, filter_process(self->control, outer.pid, EXPTRACE_FILTER_CHILDREN));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&outer));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(2 * CALLS, calls_of(&r, 0, SYS_getppid));
	EXPECT_EXACT(&r);
	recording_free(&r);
	worker_end(&outer);
}

TEST_F(module, reused_pid_is_another_process)
{
	struct recording r = {};
	struct worker worker;

	if (access(NS_LAST_PID, W_OK))
		SKIP(return, "this kernel lacks " NS_LAST_PID);
	ASSERT_EQ(0, worker_begin(&worker, call_the_kernel));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sched_process_exit", NULL));
	ASSERT_EQ(0, filter_process(self->control, worker.pid, EXPTRACE_FILTER_CHILDREN));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_TRUE(worker_run(&worker));
	worker_end(&worker);
	if (fork_as(worker.pid) < 0) {
		device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL);
		SKIP(return, "the id cannot be had again");
	}
	STOP_AND_DECODE(&r);
	EXPECT_EQ(CALLS, calls_of(&r, worker.pid, SYS_getppid));
	/* The exit of the first process still passes. */
	EXPECT_EQ(1, stream_count(&r.stream, 0, EXPTRACE_EVENT_SCHED_PROCESS_EXIT, 0));
	EXPECT_EXACT(&r);
	recording_free(&r);
}

static pid_t *thread_of_exec;

static void *exec_in_thread(void *unused)
{
	*thread_of_exec = thread_id();
	WAIT_FOR(*(volatile pid_t *)&thread_of_exec[1]);
	execl("/bin/true", "true", NULL);
	_exit(1);
	return unused;
}

static void exec_work(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_in_thread, NULL);
	pthread_join(thread, NULL);
}

/* The thread gets its process's pid then. */
TEST_F(module, thread_that_calls_exec_is_still_followed)
{
	struct recording r = {};
	pid_t pid;

	thread_of_exec = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, thread_of_exec);
	ASSERT_EQ(0, record_only(self->control, "sys_enter", NULL));
	pid = fork();
	if (!pid) {
		exec_work();
		_exit(1);
	}
	ASSERT_TRUE(WAIT_FOR(*(volatile pid_t *)thread_of_exec));
	ASSERT_EQ(0, filter_thread(self->control, *thread_of_exec, 0));
	ASSERT_EQ(0, recording_start(self->control));
	thread_of_exec[1] = 1;
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(1, calls_of(&r, pid, SYS_exit_group));
	EXPECT_EXACT(&r);
	recording_free(&r);
	munmap(thread_of_exec, 4096);
}

static volatile pid_t waiting_thread;

static void *wait_in_thread(void *unused)
{
	waiting_thread = thread_id();
	WAIT_FOR(!waiting_thread);
	return unused;
}

TEST_F(module, id_of_a_thread_is_not_accepted_as_process)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_in_thread, NULL));
	ASSERT_TRUE(WAIT_FOR(waiting_thread));
	EXPECT_EQ(-ESRCH, filter_process(self->control, waiting_thread, 0));
	EXPECT_EQ(0, filter_thread(self->control, waiting_thread, 0));
	waiting_thread = 0;
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN

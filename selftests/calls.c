// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls: each end matches its beginning, whatever happens to the thread in between. Each
 * kind of program has its own numbers.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "recording.h"

#define NAMELESS	EXPTRACE_SYSCALL_NONE
#define COMPAT		EXPTRACE_SYSCALL_COMPAT
#define X32		EXPTRACE_SYSCALL_X32

/* Numbers of 32-bit programs. */
#define IA32_EXECVE	11
#define IA32_GETPID	20

/* What a child did. */
struct seen {
	pid_t thread;
	uint64_t begun;		/* just before it executed a program */
};

static struct seen *seen;

static void fail(int sig __attribute__((unused)))
{
	_exit(1);
}

/* Run work() in a child: its pid if it succeeded, else -1. */
static pid_t in_child(void (*work)(void))
{
	pid_t pid;
	int status;

	if (!seen)
		seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*seen = (struct seen) {};
	pid = fork();
	if (!pid) {
		/*
		 * A call that this kernel lacks faults; without a handler the kernel would log it.
		 */
		signal(SIGSEGV, fail);
		work();
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && !status ? pid : -1;
}

static int memfd_of(const void *bytes, size_t size)
{
	int fd = memfd_create("program", 0);

	return fd >= 0 && write(fd, bytes, size) == (ssize_t)size ? fd : -1;
}

static int memfd_of_true(void)
{
	static char bytes[1 << 20];
	int fd = open("/bin/true", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	return n < 0 ? -1 : memfd_of(bytes, n);
}

/* Returns only on error. */
static void execute(int fd)
{
	char *const argv[] = { "program", NULL }, *const envp[] = { NULL };

	seen->begun = now_ns();
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
}

static void execute_memfd(void)
{
	execute(memfd_of_true());
	_exit(1);
}

static void *execute_in_thread(void *unused)
{
	char *const argv[] = { "true", NULL }, *const envp[] = { NULL };

	seen->thread = thread_id();
	seen->begun = now_ns();
	execve("/bin/true", argv, envp);
	_exit(1);
	return unused;
}

static void execute_in_second_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, execute_in_thread, NULL))
		pthread_join(thread, NULL);
	_exit(1);
}

static void fail_to_execute(void)
{
	char *const argv[] = { "program", NULL }, *const envp[] = { NULL };

	execve("/no/such/program", argv, envp);
	execve("/", argv, envp);
	execute(memfd_of("none", 4));
	syscall(SYS_execveat, -1, "x", argv, envp, 0);
	/* The call before and the one after the successful one have the same id. */
	execute(memfd_of_true());
	_exit(1);
}

/* The thread's next end of a call, or NULL. */
static const struct stream_event *next_end(const struct recording *r, pid_t pid, size_t *at)
{
	return next_of(r, EXPTRACE_EVENT_SYS_EXIT, pid, at);
}

/* Index after the thread's first beginning of that call; 0 if there is none. */
static size_t find_begin(const struct recording *r, pid_t pid, uint64_t nr)
{
	const struct stream_event *e;
	size_t at = 0;

	while ((e = next_of(r, EXPTRACE_EVENT_SYS_ENTER, pid, &at)))
		if (e->arg[0].value == nr)
			return at;
	return 0;
}

/* Number of the thread's ends that belong to another call than the last one begun. */
static size_t mismatches(const struct recording *r, pid_t pid)
{
	uint64_t begun = NAMELESS;
	size_t i, n = 0;

	for (i = 0; i < r->nr; i++) {
		const struct stream_event *e = r->sorted[i];

		if (e->experiment || e->pid != pid)
			continue;
		if (e->type == EXPTRACE_EVENT_SYS_ENTER)
			begun = e->arg[0].value;
		/* The first end is that of the call that created the thread. */
		if (e->type == EXPTRACE_EVENT_SYS_EXIT && begun != NAMELESS && e->arg[0].value != begun) {
			fprintf(stderr, "# %#llx ends as %#llx\n", (unsigned long long)begun,
				(unsigned long long)e->arg[0].value);
			n++;
		}
	}
	return n;
}

static int want_calls(int fd, enum exptrace_syscall_table table, unsigned int nr)
{
	struct exptrace_syscall_tables calls = {};

	calls.wanted[table][nr / 64] = 1ULL << nr % 64;
	return device_ioctl(fd, EXPTRACE_IOC_SET_SYSCALL_TABLES, &calls);
}

TEST_F(module, exec_from_a_file_ends_its_own_call)
{
	const struct stream_event *e;
	struct recording r = {};
	size_t at;
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(execute_memfd);
	STOP_AND_DECODE(&r);
	ASSERT_LT(0, pid);
	at = find_begin(&r, pid, SYS_execveat);
	ASSERT_NE(0, at);
	e = next_end(&r, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(SYS_execveat, e->arg[0].value);
	EXPECT_EQ(0, e->arg[1].value);
	EXPECT_EQ(0, mismatches(&r, pid));
	recording_free(&r);
}

TEST_F(module, failed_exec_ends_the_call_that_began_it)
{
	struct recording r = {};
	size_t at = 0, failed = 0;
	const struct stream_event *e;
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(fail_to_execute);
	STOP_AND_DECODE(&r);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, mismatches(&r, pid));
	while ((e = next_end(&r, pid, &at)))
		if (e->arg[0].value == SYS_execve || e->arg[0].value == SYS_execveat)
			failed += (int64_t)e->arg[1].value < 0;
	EXPECT_EQ(4, failed);
	recording_free(&r);
}

/* Both, and nothing else. */
TEST_F(module, beginning_and_end_of_exec_calls_can_be_selected)
{
	struct exptrace_syscalls calls = {};
	struct recording r = {};
	pid_t pid;

	calls.wanted[SYS_execveat / 64] = 1ULL << SYS_execveat % 64;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALLS, &calls));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(execute_memfd);
	STOP_AND_DECODE(&r);
	ASSERT_LT(0, pid);
	EXPECT_EQ(1, stream_count(&r.stream, 0, EXPTRACE_EVENT_SYS_ENTER, 0));
	EXPECT_EQ(1, stream_count(&r.stream, 0, EXPTRACE_EVENT_SYS_EXIT, 0));
	EXPECT_EQ(0, mismatches(&r, pid));
	recording_free(&r);
}

/* It has its process's id then. sched_process_exec has the old one. */
TEST_F(module, exec_by_a_second_thread_ends_the_call_under_the_pid)
{
	const struct stream_event *e;
	struct recording r = {};
	size_t at, exec = 0;
	pid_t pid;

	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", "sched_process_exec", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(execute_in_second_thread);
	STOP_AND_DECODE(&r);
	ASSERT_LT(0, pid);
	at = find_begin(&r, seen->thread, SYS_execve);
	ASSERT_NE(0, at);
	e = next_of(&r, EXPTRACE_EVENT_SCHED_PROCESS_EXEC, pid, &exec);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(pid, (pid_t)e->arg[0].value);
	EXPECT_EQ(seen->thread, (pid_t)e->arg[1].value);
	EXPECT_LT(at, exec);
	e = next_end(&r, pid, &exec);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(SYS_execve, e->arg[0].value);
	EXPECT_EQ(0, e->arg[1].value);
	recording_free(&r);
}

/* Expect the one event of a call with a minimum duration, which every call exceeds here. */
static void expect_timed(struct __test_metadata *_metadata, int control, void (*work)(void), uint64_t nr)
{
	struct exptrace_filter filter = { .min_syscall_ns = 1 };
	const struct stream_event *e, *found = NULL;
	struct recording r = {};
	uint64_t done;
	size_t at = 0;
	pid_t pid;

	ASSERT_EQ(0, record_only(control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, device_ioctl(control, EXPTRACE_IOC_SET_FILTER, &filter));
	ASSERT_EQ(0, recording_start(control));
	pid = in_child(work);
	done = now_ns();
	ASSERT_EQ(0, recording_stop(&r, control)) {
		TH_LOG("%s", r.stream.error);
	}
	ASSERT_LT(0, pid);
	while ((e = next_of(&r, EXPTRACE_EVENT_SYS_CALL, pid, &at))) {
		if (e->arg[0].value != nr)
			continue;
		EXPECT_EQ(NULL, found);
		found = e;
	}
	ASSERT_NE(NULL, found);
	EXPECT_EQ(0, found->arg[1].value);
	/* It reads several pages and maps a program. */
	EXPECT_LT(1000, found->arg[2].value);
	EXPECT_GT(done - seen->begun, found->arg[2].value);
	/* The note about its beginning is not used twice. */
	at = 0;
	while ((e = next_end(&r, pid, &at)))
		EXPECT_NE(nr, e->arg[0].value);
	recording_free(&r);
}

TEST_F(module, exec_of_a_file_has_its_duration)
{
	expect_timed(_metadata, self->control, execute_memfd, SYS_execveat);
}

TEST_F(module, exec_by_a_second_thread_has_its_duration)
{
	expect_timed(_metadata, self->control, execute_in_second_thread, SYS_execve);
}

#ifdef __x86_64__

static long ia32_call(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static void ia32_getpid(void)
{
	if (ia32_call(IA32_GETPID, 0, 0, 0) != getpid())
		_exit(1);
}

/* Execute a 64-bit program by a 32-bit call, whose pointers are short. */
static void ia32_execve(void)
{
	struct {
		char path[16];
		uint32_t argv[2];
	} *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	strcpy(low->path, "/bin/true");
	low->argv[0] = (uintptr_t)low->path;
	ia32_call(IA32_EXECVE, (uintptr_t)low->path, (uintptr_t)low->argv, (uintptr_t)&low->argv[1]);
	_exit(1);
}

/* Execute the smallest 32-bit program: exit(0). */
static void execute_32_bit_program(void)
{
	static const struct {
		Elf32_Ehdr head;
		Elf32_Phdr load;
		unsigned char code[8];
	} program = {
		.head = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_386, .e_version = EV_CURRENT,
			.e_entry = 0x10000 + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
			.e_phoff = sizeof(Elf32_Ehdr), .e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1,
		},
		.load = {
			.p_type = PT_LOAD, .p_vaddr = 0x10000, .p_paddr = 0x10000, .p_filesz = sizeof(program),
			.p_memsz = sizeof(program), .p_flags = PF_R | PF_X, .p_align = 0x1000,
		},
		/* xor %ebx,%ebx; xor %eax,%eax; inc %eax; int $0x80 */
		.code = { 0x31, 0xdb, 0x31, 0xc0, 0x40, 0xcd, 0x80 },
	};

	execute(memfd_of(&program, sizeof(program)));
	_exit(1);
}

#define SKIP_WITHOUT_IA32						\
	do {								\
		if (in_child(ia32_getpid) < 0)				\
			SKIP(return, "this kernel runs no 32-bit programs"); \
	} while (0)

TEST_F(module, calls_of_32_bit_programs_can_be_selected)
{
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0;
	pid_t pid;

	SKIP_WITHOUT_IA32;
	ASSERT_EQ(0, want_calls(self->control, EXPTRACE_SYSCALLS_COMPAT, IA32_GETPID));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(ia32_getpid);
	STOP_AND_DECODE(&r);
	ASSERT_LT(0, pid);
	/* No call of other programs with the same number. */
	EXPECT_EQ(1, stream_count(&r.stream, 0, EXPTRACE_EVENT_SYS_ENTER, 0));
	EXPECT_EQ(1, stream_count(&r.stream, 0, EXPTRACE_EVENT_SYS_EXIT, 0));
	EXPECT_EQ(2, stream_attempted(&r.stream, 0));
	e = next_end(&r, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(COMPAT | IA32_GETPID, e->arg[0].value);
	EXPECT_EQ(pid, (pid_t)e->arg[1].value);
	recording_free(&r);
}

TEST_F(module, exec_of_another_kind_of_program_ends_its_call)
{
	static const struct {
		void (*work)(void);
		uint64_t nr;
	} known[] = { { ia32_execve, COMPAT | IA32_EXECVE }, { execute_32_bit_program, SYS_execveat } };
	const struct stream_event *e;
	size_t at, i;
	pid_t pid;

	SKIP_WITHOUT_IA32;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct recording r = {};

		ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
		ASSERT_EQ(0, recording_start(self->control));
		pid = in_child(known[i].work);
		STOP_AND_DECODE(&r);
		ASSERT_LT(0, pid);
		at = find_begin(&r, pid, known[i].nr);
		ASSERT_NE(0, at);
		e = next_end(&r, pid, &at);
		ASSERT_NE(NULL, e);
		EXPECT_EQ(known[i].nr, e->arg[0].value);
		EXPECT_EQ(0, e->arg[1].value);
		EXPECT_EQ(0, mismatches(&r, pid));
		recording_free(&r);
	}
}

static void x32_getppid(void)
{
	syscall(X32 | SYS_getppid);
}

/* They have their numbers even if the kernel rejects them. */
TEST_F(module, calls_of_x32_programs_can_be_selected)
{
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0;
	pid_t pid;

	ASSERT_EQ(0, want_calls(self->control, EXPTRACE_SYSCALLS_X32, SYS_getppid));
	ASSERT_EQ(0, record_only(self->control, "sys_enter", "sys_exit", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	pid = in_child(x32_getppid);
	syscall(SYS_getppid);
	STOP_AND_DECODE(&r);
	ASSERT_LT(0, pid);
	EXPECT_EQ(2, stream_attempted(&r.stream, 0));
	e = next_of(&r, EXPTRACE_EVENT_SYS_ENTER, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(X32 | SYS_getppid, e->arg[0].value & ~(uint64_t)COMPAT);
	e = next_end(&r, pid, &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(X32 | SYS_getppid, e->arg[0].value & ~(uint64_t)COMPAT);
	recording_free(&r);
}

#endif

/* A selection by an older program keeps its meaning. */
TEST_F(module, selection_without_tables_excludes_other_kinds_of_programs)
{
	struct exptrace_syscall_tables tables;
	struct exptrace_syscalls calls = {};
	char line[256];
	size_t i;

	calls.wanted[0] = 2;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALLS, &calls));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_SYSCALL_TABLES, &tables));
	for (i = 0; i < EXPTRACE_NR_SYSCALL_TABLES * EXPTRACE_MAX_SYSCALLS / 64; i++)
		EXPECT_EQ(i ? 0 : 2, (&tables.wanted[0][0])[i]);
	tables.wanted[EXPTRACE_SYSCALLS_COMPAT][1] = 5;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALL_TABLES, &tables));
	EXPECT_STREQ("only system calls 1, of 32-bit programs 64,66",
		     read_file("/sys/class/misc/exptrace/filter", line, sizeof(line)));
	memset(&calls, 0, sizeof(calls));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_SYSCALLS, &calls));
	EXPECT_EQ(2, calls.wanted[0]);
	memset(calls.wanted, 0xff, sizeof(calls.wanted));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALLS, &calls));
	EXPECT_STREQ("none", read_file("/sys/class/misc/exptrace/filter", line, sizeof(line)));
	tables.reserved[1] = 1;
	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALL_TABLES, &tables));
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_SET_SYSCALL_TABLES, NULL));
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_GET_SYSCALL_TABLES, NULL));
}

static bool kernel_has(int nr)
{
	return syscall(nr, -1, 1, -1, -1, -1, -1) != -1 || errno != ENOSYS;
}

/* A reader may have been built before these calls existed. */
TEST_F(module, statedump_names_calls_that_readers_may_not_know)
{
	static const struct {
		int nr;
		const char *name;
	} newer[] = { { 451, "cachestat" }, { 452, "fchmodat2" }, { 462, "mseal" }, { 463, "setxattrat" } };
	const struct stream_event *e;
	struct recording r = {};
	size_t i, at, n = 0;

	ASSERT_EQ(0, recording_start(self->control));
	STOP_AND_DECODE(&r);
	for (i = 0; i < sizeof(newer) / sizeof(newer[0]); i++) {
		bool named = false;

		for (at = 0; (e = next_of(&r, EXPTRACE_EVENT_NAME, 0, &at));)
			if (e->arg[0].value == EXPTRACE_KIND_SYSCALL && e->arg[1].value == (uint64_t)newer[i].nr) {
				EXPECT_STREQ(newer[i].name, e->arg[2].string);
				named = true;
			}
		EXPECT_EQ(kernel_has(newer[i].nr), named);
		n += kernel_has(newer[i].nr);
	}
	recording_free(&r);
	if (!n)
		SKIP(return, "this kernel has no newer calls than Linux 6.1");
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * An independent witness counts the same events: a BPF program on the same tracepoints. For every task of a workload
 * and every type of event, exptrace must have recorded as many events as the witness saw, and the sums over their
 * arguments must be equal.
 *
 * What makes the comparison exact: only tasks count whose whole life lies inside both windows, from the fork that
 * makes them (the witness puts them into its map right there, and the trace is searched by the same rule) to the switch
 * away from the dead task (the witness counts those, and the recording goes on until it has seen as many as forks, and
 * until every CPU has since run something else). The witness says what it missed: recursion (see MEMORY_EVENT there), or
 * no room in a map.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bpf_object.h"
#include "fixture.h"
#include "witness.h"

#define PIDS		(1 << 22)
#define PROGRAMS	32

/* Recordings until the witness has seen everything. */
#define ATTEMPTS	10

/* Number of tasks that "works" starts in a round; see there. */
#define ROUND_TASKS	25

/*
 * Rounds of the workload while generations follow each other, no two rounds in the same generation.
 */
#define ROUNDS		4

static const char *const type_names[WITNESS_NR] = {
	"sched_switch", "sched_wakeup", "sched_wakeup_new", "sched_migrate_task", "sched_process_fork",
	"sched_process_exec", "sched_process_exit", "task_rename", "kmalloc", "kfree", "kmem_cache_alloc",
	"kmem_cache_free",
};

struct witness {
	struct bpf_object *object;
	struct bpf_link *links[PROGRAMS];
	int programs[PROGRAMS], nr, tasks, control;
	bool of_memory[PROGRAMS];
};

static int witness_open(struct witness *w)
{
	struct bpf_program *program;

	w->object = bpf_object_beside("witness.bpf.o");
	if (!w->object)
		return -errno;
	w->tasks = bpf_object__find_map_fd_by_name(w->object, "tasks");
	w->control = bpf_object__find_map_fd_by_name(w->object, "control");
	bpf_object__for_each_program(program, w->object) {
		w->programs[w->nr] = bpf_program__fd(program);
		w->of_memory[w->nr] = !strncmp(bpf_program__section_name(program), "raw_tp/k", 8);
		w->links[w->nr] = bpf_program__attach(program);
		if (!w->links[w->nr++])
			return -errno;
	}
	return 0;
}

static void witness_detach(struct witness *w)
{
	int i;

	for (i = 0; i < w->nr; i++)
		bpf_link__destroy(w->links[i]);
}

/* How often one of these programs was not run because it was already running on that CPU. */
static uint64_t witness_misses(const struct witness *w, bool of_memory)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < w->nr; i++) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);

		if (w->of_memory[i] != of_memory)
			continue;
		if (bpf_obj_get_info_by_fd(w->programs[i], &info, &size))
			return ~0ULL;
		sum += info.recursion_misses;
	}
	return sum;
}

static struct witness_control witness_control(const struct witness *w)
{
	struct witness_control c = {};
	int key = 0;

	bpf_map_lookup_elem(w->control, &key, &c);
	return c;
}

static bool witness_saw_all_die(const struct witness *w)
{
	struct witness_control c = witness_control(w);

	return c.born && c.born == c.dead;
}

/* The workload: all tasks descend from one root, which waits for them. */

static void run(char *const argv[])
{
	execv(argv[0], argv);
	_exit(127);
}

/* Tasks that wake each other up on any CPUs. */
static void talk(void)
{
	int to[2], from[2], i;
	pid_t pid;
	char c;

	if (pipe(to) || pipe(from))
		_exit(1);
	pid = fork();
	for (i = 0; i < 150; i++) {
		if (!pid && (read(to[0], &c, 1) != 1 || write(from[1], &c, 1) != 1))
			_exit(1);
		if (pid && (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1))
			_exit(1);
	}
}

static void allocate(void)
{
	int fds[2], i;

	for (i = 0; i < 60; i++) {
		if (pipe(fds) || fcntl(fds[0], F_SETPIPE_SZ, 16384 << (i & 3)) < 0)
			_exit(1);
		close(fds[0]);
		close(fds[1]);
		close(open("/proc/self/stat", O_RDONLY));
		munmap(mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 8192);
	}
}

static void migrate(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);
	int i;

	for (i = 0; i < 40; i++)
		pin_to_cpu(0, i % n);
}

static void *thread(void *data)
{
	char name[16];

	snprintf(name, sizeof(name), "thread %d", (int)(long)data);
	prctl(PR_SET_NAME, name);
	sched_yield();
	return NULL;
}

static void start_threads(void)
{
	pthread_t threads[6];
	long i;

	for (i = 0; i < 6; i++)
		if (pthread_create(&threads[i], NULL, thread, (void *)i))
			_exit(1);
	for (i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	/* The last one may die with the process. */
}

/* Execute programs, some in tasks whose parent has exited. */
static void start_programs(void)
{
	char *const true_argv[] = { "/bin/true", NULL };
	int i;

	for (i = 0; i < 6; i++)
		if (!fork())
			run(true_argv);
	if (!fork()) {
		if (!fork())
			run(true_argv);
		_exit(0);
	}
	/* Two generations of children, of which the middle one exits first. */
	while (wait(NULL) > 0)
		;
}

static void be_killed(void)
{
	pid_t pid = fork();

	if (!pid) {
		for (;;)
			pause();
	}
	kill(pid, SIGSTOP);
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * Tasks of a round: these eight, one more each for talk and be_killed, six threads, eight programs
 * and their parents.
 */
static void (*const works[])(void) = { talk, allocate, migrate, start_threads, start_programs, be_killed, talk, allocate };

/* Run each work once. */
static void do_round(void)
{
	size_t i;

	for (i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		if (!fork()) {
			works[i]();
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
}

/* Runs all rounds, one for each byte received; adopts tasks whose parent exits. */
static void do_rounds(int go, int done)
{
	char c;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		_exit(1);
	while (read(go, &c, 1) == 1) {
		do_round();
		if (write(done, &c, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

/* The root: waits for its start, then starts the task that runs the rounds. */
static void root_task(int go, int done)
{
	/*
	 * None of its tasks preempts another. Newer kernels let a BPF program be preempted, and do
	 * not run it for another task on its CPU meanwhile.
	 */
	struct sched_param fifo = { .sched_priority = 1 };
	int status;
	char c;

	if (sched_setscheduler(0, SCHED_FIFO, &fifo) || read(go, &c, 1) != 1)
		_exit(1);
	if (!fork())
		do_rounds(go, done);
	_exit(wait(&status) < 0 || status);
}

/* Run on each CPU once, so that whatever ran there before has been switched away. */
static void visit_every_cpu(void)
{
	cpu_set_t old;
	int cpu;

	sched_getaffinity(0, sizeof(old), &old);
	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++)
		pin_to_cpu(0, cpu);
	sched_setaffinity(0, sizeof(old), &old);
}

/* The trace's side: the same counts from what exptrace recorded. */

struct tally {
	struct witness_counts *counts;	/* by watched task */
	int *slots;			/* by pid: index in counts + 1 */
	int nr;
};

static void watch(struct tally *t, uint64_t pid)
{
	if (pid >= PIDS || t->slots[pid])
		return;
	t->counts = realloc(t->counts, (t->nr + 1) * sizeof(*t->counts));
	memset(&t->counts[t->nr], 0, sizeof(*t->counts));
	t->slots[pid] = ++t->nr;
}

/* Find the tasks forked by the root, its children and their descendants. */
static void find_watched(struct tally *t, const struct stream *s, pid_t root)
{
	size_t i;
	int before;

	do {
		before = t->nr;
		for (i = 0; i < s->nr_events; i++) {
			const struct stream_event *e = &s->events[i];

			if (e->experiment || e->type != EXPTRACE_EVENT_SCHED_PROCESS_FORK || e->arg[0].value >= PIDS)
				continue;
			if (e->arg[0].value == (uint64_t)root || t->slots[e->arg[0].value])
				watch(t, e->arg[1].value);
		}
	} while (t->nr != before);
}

static void tally_add(struct tally *t, int64_t pid, enum witness_type type, uint64_t sum)
{
	struct witness_counts *c;

	if (pid < 0 || pid >= PIDS || !t->slots[pid])
		return;
	c = &t->counts[t->slots[pid] - 1];
	c->n[type]++;
	c->sum[type] += sum;
}

static uint64_t comm_sum(const char *comm)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < 16; i++)
		sum = sum * 31 + (unsigned char)(*comm ? *comm++ : 0);
	return sum;
}

static void tally_standard(struct tally *t, const struct stream_event *e)
{
	const struct stream_arg *a = e->arg;

	switch (e->type) {
	case EXPTRACE_EVENT_SCHED_SWITCH:
		return tally_add(t, e->pid, WITNESS_SWITCH, a[1].value);
	case EXPTRACE_EVENT_SCHED_WAKEUP:
		return tally_add(t, a[0].value, WITNESS_WAKEUP, a[1].value);
	case EXPTRACE_EVENT_SCHED_WAKEUP_NEW:
		return tally_add(t, a[0].value, WITNESS_WAKEUP_NEW, a[1].value);
	case EXPTRACE_EVENT_SCHED_MIGRATE_TASK:
		return tally_add(t, a[0].value, WITNESS_MIGRATE, a[1].value * 1000 + a[2].value);
	case EXPTRACE_EVENT_SCHED_PROCESS_FORK:
		return tally_add(t, a[1].value, WITNESS_FORK, a[0].value);
	case EXPTRACE_EVENT_SCHED_PROCESS_EXEC:
		return tally_add(t, a[0].value, WITNESS_EXEC, a[1].value);
	case EXPTRACE_EVENT_SCHED_PROCESS_EXIT:
		return tally_add(t, a[0].value, WITNESS_EXIT, 0);
	case EXPTRACE_EVENT_TASK_RENAME:
		return tally_add(t, a[0].value, WITNESS_RENAME, comm_sum(a[1].string));
	}
}

/* Only in task context: in interrupts e->pid is unknown. */
static void tally_allocfree(struct tally *t, const struct stream_event *e)
{
	const struct stream_arg *a = e->arg;

	switch (e->type) {
	case EXPTRACE_EVENT_KMALLOC:
		return tally_add(t, e->pid, WITNESS_KMALLOC, a[3].value + 3 * a[0].value);
	case EXPTRACE_EVENT_KFREE:
		return tally_add(t, e->pid, WITNESS_KFREE, a[1].value + 3 * a[0].value);
	case EXPTRACE_EVENT_KMEM_CACHE_ALLOC:
		return tally_add(t, e->pid, WITNESS_CACHE_ALLOC, a[2].value + 3 * a[0].value);
	case EXPTRACE_EVENT_KMEM_CACHE_FREE:
		return tally_add(t, e->pid, WITNESS_CACHE_FREE, a[2].value + 3 * a[0].value);
	}
}

static void tally_all(struct tally *t, const struct stream *s, pid_t root)
{
	size_t i;

	t->slots = calloc(PIDS, sizeof(*t->slots));
	if (!t->slots)
		abort();
	find_watched(t, s, root);
	for (i = 0; i < s->nr_events; i++) {
		if (s->events[i].experiment)
			tally_allocfree(t, &s->events[i]);
		else
			tally_standard(t, &s->events[i]);
	}
}

/* Number of differences between the two programs for memory events. */
static int disagreements(int pid, const struct witness_counts *seen)
{
	int differences = 0, first, again;

	for (first = WITNESS_KMALLOC, again = WITNESS_AGAIN; first < WITNESS_NR; first++, again++) {
		if (seen->n[first] == seen->n[again] && seen->sum[first] == seen->sum[again])
			continue;
		differences++;
		fprintf(stderr, "# task %d, %s: one program has %llu, the other %llu: they cannot be trusted\n", pid,
			type_names[first], seen->n[first], seen->n[again]);
	}
	return differences;
}

/*
 * Did the witness see everything? Of the scheduler's events it counts what it missed, because no
 * interrupt causes one while another is being traced.
 */
static bool can_be_trusted(const struct witness *w)
{
	struct witness_counts seen;
	int pid, previous = -1, differences = 0;

	while (!bpf_map_get_next_key(w->tasks, previous < 0 ? NULL : &previous, &pid)) {
		previous = pid;
		bpf_map_lookup_elem(w->tasks, &pid, &seen);
		differences += disagreements(pid, &seen);
	}
	return !differences && !witness_misses(w, false);
}

/* Compare both sides: the number of (task, type) that differ. */
static int compare(const struct tally *t, const struct witness *w, struct witness_counts *total)
{
	struct witness_counts seen;
	int pid, previous = -1, tasks = 0, differences = 0, type;

	while (!bpf_map_get_next_key(w->tasks, previous < 0 ? NULL : &previous, &pid)) {
		static const struct witness_counts none;
		const struct witness_counts *c = &none;

		previous = pid;
		tasks++;
		bpf_map_lookup_elem(w->tasks, &pid, &seen);
		if (t->slots[pid])
			c = &t->counts[t->slots[pid] - 1];
		for (type = 0; type < WITNESS_NR; type++) {
			total->n[type] += seen.n[type];
			if (seen.n[type] == c->n[type] && seen.sum[type] == c->sum[type])
				continue;
			differences++;
			fprintf(stderr, "# task %d, %s: the witness has %llu (sum %llx), exptrace %llu (sum %llx)\n", pid,
			       type_names[type], seen.n[type], seen.sum[type], c->n[type], c->sum[type]);
		}
	}
	if (tasks != t->nr)
		fprintf(stderr, "# the witness has %d tasks, exptrace %d\n", tasks, t->nr);
	return differences + abs(tasks - t->nr);
}

FIXTURE(witness) {
	int log, control;
	pid_t root;
	struct witness witness;
	struct stream stream;
	struct tally tally;
};

FIXTURE_VARIANT(witness) {
	bool all_cpus;
	uint32_t period_ms;
};

FIXTURE_VARIANT_ADD(witness, one_cpu) { .all_cpus = false };
FIXTURE_VARIANT_ADD(witness, all_cpus) { .all_cpus = true };
FIXTURE_VARIANT_ADD(witness, all_cpus_and_many_generations) { .all_cpus = true, .period_ms = 25 };

FIXTURE_SETUP(witness)
{
	(void)variant;
	memset(self, 0, sizeof(*self));
	LOAD_MODULE("events=sched,alloc");
}

FIXTURE_TEARDOWN(witness)
{
	(void)variant;
	UNLOAD_MODULE();
}

/* Read the whole recording. */
static int read_stream(struct stream *stream)
{
	struct bytes bytes = {};
	int fd = device_open(O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = bytes_drain(&bytes, fd, 1 << 20);
	close(fd);
	if (!err && stream_parse(stream, bytes.data, bytes.size))
		err = -EBADMSG;
	bytes_free(&bytes);
	return err;
}

static int rounds_of(const FIXTURE_VARIANT(witness) *variant)
{
	return variant->period_ms ? ROUNDS : 1;
}

/*
 * One byte starts the root, and one each round. However long a round takes, the next one is in a
 * later generation. (While real-time tasks occupy all CPUs, the work that begins generations does
 * not run, so none may begin during a round.)
 */
static void do_the_work(struct __test_metadata *_metadata, FIXTURE_DATA(witness) *self,
			const FIXTURE_VARIANT(witness) *variant, int go, int done)
{
	uint64_t generation;
	int round;
	char c;

	ASSERT_EQ(1, write(go, "", 1));
	for (round = 0; round < rounds_of(variant); round++) {
		ASSERT_EQ(1, write(go, "", 1));
		ASSERT_EQ(1, read(done, &c, 1));
		generation = device_info(self->control).generation;
		ASSERT_TRUE(!variant->period_ms || WAIT_FOR(device_info(self->control).generation > generation));
	}
}

/* Record the workload with exptrace and with the witness. */
static void witness_record(struct __test_metadata *_metadata, FIXTURE_DATA(witness) *self,
			  const FIXTURE_VARIANT(witness) *variant)
{
	struct exptrace_start start = { .batch_size = 16384, .period_ms = variant->period_ms, .pool_size = 96 << 20 };
	struct witness *w = &self->witness;
	struct witness_control c = {};
	int go[2], done[2], key = 0, status;

	ASSERT_EQ(0, pipe2(go, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(done, O_CLOEXEC));
	self->root = fork();
	if (!self->root) {
		/* If the test ends early, the child ends too, because it keeps nothing open. */
		close(go[1]);
		close(done[0]);
		close(self->control);
		root_task(go[0], done[1]);
	}
	ASSERT_LT(0, self->root);
	close(go[0]);
	close(done[1]);
	ASSERT_EQ(0, witness_open(w));
	c.root = self->root;
	ASSERT_EQ(0, bpf_map_update_elem(w->control, &key, &c, BPF_ANY));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	do_the_work(_metadata, self, variant, go[1], done[0]);
	close(go[1]);
	close(done[0]);
	ASSERT_EQ(self->root, waitpid(self->root, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_TRUE(WAIT_FOR(witness_saw_all_die(w))) {
		c = witness_control(w);
		TH_LOG("%llu tasks were born, %llu died", c.born, c.dead);
	}
	visit_every_cpu();
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	witness_detach(w);
	ASSERT_EQ(0, read_stream(&self->stream)) {
		TH_LOG("%s", self->stream.error);
	}
}

static void witness_close(FIXTURE_DATA(witness) *self)
{
	bpf_object__close(self->witness.object);
	memset(&self->witness, 0, sizeof(self->witness));
	stream_free(&self->stream);
}

/* Invariant 9: attempted events match what BPF programs saw. */
TEST_F(witness, counts_match_to_the_last_event)
{
	struct witness_counts total = {};
	struct witness_control c;
	int type, attempts;

	if (access("/sys/kernel/btf/vmlinux", R_OK))
		SKIP(return, "the kernel has no type information (BTF)");
	if (!variant->all_cpus)
		pin_to_cpu(0, 0);
	/* Where BPF programs can be preempted, the witness may miss something, though rarely. */
	for (attempts = 1; witness_record(_metadata, self, variant), !can_be_trusted(&self->witness); attempts++) {
		ASSERT_GT(ATTEMPTS, attempts);
		TH_LOG("the witness missed something: once more");
		witness_close(self);
	}
	c = witness_control(&self->witness);
	ASSERT_EQ(0, c.errors);
	ASSERT_EQ(0, stream_lost_needlessly(&self->stream)) {
		stream_describe_losses(&self->stream);
		TH_LOG("%s", self->stream.error);
	}
	ASSERT_TRUE(self->stream.raw_addresses);
	tally_all(&self->tally, &self->stream, self->root);
	EXPECT_EQ(0, compare(&self->tally, &self->witness, &total));
	/* Plus the task that runs the rounds. */
	EXPECT_EQ(rounds_of(variant) * ROUND_TASKS + 1, self->tally.nr);
	/* An event that neither side saw is a failure, too. */
	for (type = 0; type < WITNESS_NR; type++) {
		TH_LOG("%-18s %6llu", type_names[type], total.n[type]);
		if (type == WITNESS_MIGRATE && (!variant->all_cpus || sysconf(_SC_NPROCESSORS_ONLN) < 2))
			continue;
		EXPECT_LT(0, total.n[type]) {
			TH_LOG("no %s at all", type_names[type]);
		}
	}
	if (variant->period_ms) {
		EXPECT_LT(ROUNDS, self->stream.nr_generations);
	}
	TH_LOG("%d tasks, %zu generations, %llu memory events in interrupts left out (and %llu program runs)",
	       self->tally.nr, self->stream.nr_generations, c.interrupts,
	       (unsigned long long)witness_misses(&self->witness, true));
	free(self->tally.slots);
	free(self->tally.counts);
	witness_close(self);
}

TEST_HARNESS_MAIN

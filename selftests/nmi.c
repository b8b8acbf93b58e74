// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events in NMIs are recorded, with stacks; and an experiment of another module is a stream like
 * any other.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>

#include "recording.h"

#define TEST_EXPERIMENT	7
#define TEST_EVENT	64
#define ROUNDS		200
#define STACK_ROUNDS	50

static volatile bool storm_on;

static void *storm(void *unused)
{
	int pipes[2];

	while (storm_on) {
		if (pipe(pipes))
			break;
		close(pipes[0]);
		close(pipes[1]);
	}
	return unused;
}

/* Invariant 3: they occur in the middle of others, and neither is lost. */
TEST_F(module, events_from_nmis_are_recorded_and_counted)
{
	uint64_t attempted = 0, recorded = 0, lost = 0, sent, from_nmi = 0, from_task = 0;
	struct exptrace_start args = start_small();
	struct stream stream = {};
	struct bytes bytes = {};
	pthread_t thread;
	char text[64];
	size_t g, i;
	int cpu, err;

	ASSERT_EQ(0, event_set(self->control, "kmalloc", true));
	ASSERT_EQ(0, event_set(self->control, "kfree", true));
	args.pool_size = 64 << 20;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	storm_on = true;
	ASSERT_EQ(0, pthread_create(&thread, NULL, storm, NULL));
	snprintf(text, sizeof(text), "rounds=%d", ROUNDS);
	err = module_load_helper("exptrace_test.ko", text);
	storm_on = false;
	pthread_join(thread, NULL);
	/* ETIMEDOUT: an NMI that the module sent was not handled. */
	ASSERT_EQ(0, err);
	sent = strtoull(read_file("/sys/module/exptrace_test/parameters/nmis", text, sizeof(text)), NULL, 10);
	EXPECT_EQ(ROUNDS * sysconf(_SC_NPROCESSORS_ONLN), sent);
	ASSERT_EQ(0, syscall(SYS_delete_module, "exptrace_test", 0));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	for (g = 0; g < stream.nr_generations; g++) {
		for (cpu = 0; cpu < STREAM_CPUS; cpu++) {
			const struct stream_count *count = &stream.generations[g].count[TEST_EXPERIMENT][cpu];

			attempted += count->attempted;
			recorded += count->recorded;
			lost += count->attempted - count->recorded;
		}
	}
	for (i = 0; i < stream.nr_events; i++) {
		const struct stream_event *event = &stream.events[i];

		if (event->experiment != TEST_EXPERIMENT || event->type != TEST_EVENT)
			continue;
		if (event->m % 4 == EXPTRACE_CONTEXT_NMI) {
			from_nmi++;
			EXPECT_NE(0, event->arg[0].value);
			EXPECT_EQ(event->m / 4, event->arg[1].value);
		} else {
			from_task++;
			EXPECT_EQ(EXPTRACE_CONTEXT_TASK, event->m % 4);
			EXPECT_EQ(0, event->arg[0].value);
		}
	}
	/* One event in each NMI, and one in the sender's own context. */
	EXPECT_EQ(2 * sent, attempted);
	EXPECT_EQ(recorded, from_nmi + from_task);
	EXPECT_EQ(sent, from_task);
	EXPECT_EQ(sent, from_nmi + lost);
	/* The lock that an NMI may find taken is rarely taken. */
	EXPECT_LT(sent / 2, from_nmi);
	bytes_free(&bytes);
	stream_free(&stream);
}

/*
 * From the handler to the entry, all with names. What was interrupted may be a module's init code,
 * which has none.
 */
static bool is_stack_of_nmi(const char *frames)
{
	const char *handler = strstr(frames, "\nhandle_nmi+"), *entry = strstr(frames, "\nexc_nmi+");

	return !strncmp(frames, "kfree+", strlen("kfree+")) && handler && entry && handler < entry &&
	       strstr(handler, " [exptrace_test]\n") == strchr(handler, ' ') && frames + strcspn(frames, "?") > entry;
}

/* Is there anything outside the NMI's entry? There is if the kernel was interrupted. */
static bool has_interrupted_code(const char *frames)
{
	const char *entry = strstr(frames, "\nasm_exc_nmi+");

	entry = entry ? entry : strstr(frames, "\nend_repeat_nmi+");
	return entry && strchr(entry + 1, '\n')[1];
}

/*
 * Each event has its whole stack, or none, which is counted. An NMI's first event needs a batch,
 * and the storm often has the lock: the events lost then (invariant 5) are those missing from NMIs,
 * and nothing else is lost.
 */
TEST_F(module, stacks_are_captured_in_NMIs)
{
	size_t i, with = 0, wrong = 0, interrupted = 0, without = 0, nmis = 0;
	struct exptrace_start args = start_small();
	struct recording r = {};
	uint64_t unknown = 0, kfrees_lost;
	pthread_t thread;
	char text[64];
	int err;

	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, event_set_flags(self->control, "kfree", EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK));
	args.pool_size = 64 << 20;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &args));
	storm_on = true;
	ASSERT_EQ(0, pthread_create(&thread, NULL, storm, NULL));
	snprintf(text, sizeof(text), "rounds=%d", STACK_ROUNDS);
	err = module_load_helper("exptrace_test.ko", text);
	storm_on = false;
	pthread_join(thread, NULL);
	ASSERT_EQ(0, err);
	/* The module's functions are looked up while it is loaded. */
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &(struct exptrace_advance){}));
	ASSERT_EQ(0, syscall(SYS_delete_module, "exptrace_test", 0));
	ASSERT_EQ(0, recording_stop_lossy(&r, self->control)) {
		TH_LOG("%s", r.stream.error);
	}
	kfrees_lost = stream_lost_for(&r.stream, EXPTRACE_EXPERIMENT_ALLOCFREE, EXPTRACE_LOST_CONTENDED);
	EXPECT_EQ(kfrees_lost + stream_lost_for(&r.stream, TEST_EXPERIMENT, EXPTRACE_LOST_CONTENDED),
		  stream_lost_needlessly(&r.stream)) {
		stream_describe_losses(&r.stream);
		TH_LOG("%s", r.stream.error);
	}
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (e->experiment != 1 || e->type != EXPTRACE_EVENT_KFREE)
			continue;
		without += !e->stack;
		if (e->m % 4 != EXPTRACE_CONTEXT_NMI)
			continue;
		nmis++;
		if (!e->stack)
			continue;
		with++;
		interrupted += e->frames && has_interrupted_code(e->frames);
		if ((!e->frames || !is_stack_of_nmi(e->frames)) && !wrong++)
			TH_LOG("%s", e->frames ? e->frames : "(no stack)");
	}
	for (i = 0; i < r.stream.nr_generations; i++)
		unknown += r.stream.generations[i].unknown_stacks;
	TH_LOG("%zu from NMIs, %zu of them with a stack, %zu of what was interrupted", nmis, with, interrupted);
	/* One event in each NMI that was sent. */
	EXPECT_EQ(STACK_ROUNDS * sysconf(_SC_NPROCESSORS_ONLN), nmis + kfrees_lost);
	EXPECT_LT(kfrees_lost, nmis);
	EXPECT_LT(nmis / 2, with);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(0, interrupted);
	EXPECT_EQ(unknown, without);
	recording_free(&r);
}

TEST_HARNESS_MAIN

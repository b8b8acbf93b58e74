// SPDX-License-Identifier: GPL-2.0-only
/* Events from NMIs are recorded, and an experiment of another module is a stream like the others. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>

#include "fixture.h"

#define TEST_EXPERIMENT	7
#define TEST_EVENT	64
#define ROUNDS		200

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

/* Invariant 3: they come in the middle of others, and neither is lost. */
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
	/* ETIMEDOUT: an NMI that it sent was handled by nobody. */
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
	/* As many as were sent, and as many from the sender's own context. */
	EXPECT_EQ(2 * sent, attempted);
	EXPECT_EQ(recorded, from_nmi + from_task);
	EXPECT_EQ(sent, from_task);
	EXPECT_EQ(sent, from_nmi + lost);
	/* The lock that an NMI may find taken is rarely taken. */
	EXPECT_LT(sent / 2, from_nmi);
	bytes_free(&bytes);
	stream_free(&stream);
}

TEST_HARNESS_MAIN

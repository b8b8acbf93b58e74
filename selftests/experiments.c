// SPDX-License-Identifier: GPL-2.0-only
/*
 * Experiments of other modules come and go: which generations have them in the schema, which events
 * are enabled, and what is recorded.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "recording.h"

/* The experiment of kmod/test/guest.c, and its events. */
#define GUEST		5
#define GUEST_WRITE	64
#define GUEST_RENAME	65
#define GUEST_DIR	"/sys/kernel/exptrace_guest/"

#define ROUNDS		10

static int guest_remove(void)
{
	return syscall(SYS_delete_module, "exptrace_guest", 0) ? -errno : 0;
}

static int guest_load(void)
{
	return module_load_helper("exptrace_guest.ko", "");
}

static int guest_register(bool there)
{
	return write_file(GUEST_DIR "registered", there ? "1" : "0");
}

static int guest_write(unsigned int events)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", events);
	return write_file(GUEST_DIR "write", text);
}

static int start(int fd)
{
	struct exptrace_start args = start_small();

	args.flags = EXPTRACE_START_DISCARD;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

static int stop(int fd)
{
	return device_ioctl(fd, EXPTRACE_IOC_STOP, NULL);
}

static bool has_guest(const struct stream_generation *g)
{
	return g->experiments & 1U << GUEST;
}

/* Number of generations with the experiment in the schema. */
static unsigned int nr_with_guest(const struct stream *stream)
{
	unsigned int nr = 0;
	size_t g;

	for (g = 0; g < stream->nr_generations; g++)
		nr += has_guest(&stream->generations[g]);
	return nr;
}

TEST_F(module, experiment_is_in_the_schema_while_it_is_registered)
{
	struct recording r = {};
	size_t g;

	ASSERT_EQ(0, guest_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, start(self->control));
	ASSERT_EQ(0, guest_register(true));
	ASSERT_EQ(0, guest_write(3));
	ASSERT_EQ(0, guest_register(false));
	STOP_AND_DECODE(&r);
	/* The generations of START, of its registration and of its removal. */
	ASSERT_EQ(3, r.stream.nr_generations);
	for (g = 0; g < 3; g++)
		EXPECT_EQ(g == 1, has_guest(&r.stream.generations[g]));
	EXPECT_EQ(3, stream_count(&r.stream, GUEST, GUEST_WRITE, r.stream.generations[1].number));
	EXPECT_EQ(3, stream_attempted(&r.stream, GUEST));
	recording_free(&r);
	EXPECT_EQ(0, guest_remove());
}

TEST_F(module, event_missing_from_the_schema_is_neither_recorded_nor_counted)
{
	struct recording r = {};

	ASSERT_EQ(0, guest_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, start(self->control));
	EXPECT_EQ(0, guest_write(100));
	ASSERT_EQ(0, guest_register(true));
	EXPECT_EQ(0, guest_write(10));
	ASSERT_EQ(0, guest_register(false));
	EXPECT_EQ(0, guest_write(1000));
	EXPECT_EQ(0, device_info(self->control).lost);
	STOP_AND_DECODE(&r);
	EXPECT_EQ(10, stream_attempted(&r.stream, GUEST));
	EXPECT_EQ(10, stream_count(&r.stream, GUEST, GUEST_WRITE, 0));
	recording_free(&r);
	EXPECT_EQ(0, guest_remove());
}

static volatile bool writing;

static void *write_on(void *unused)
{
	while (writing)
		if (guest_write(100))
			break;
	return unused;
}

/* Whatever happens meanwhile, everything can be decoded and adds up. */
TEST_F(module, experiment_is_written_while_it_comes_and_goes)
{
	struct recording r = {};
	pthread_t thread;
	int i;

	ASSERT_EQ(0, guest_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, recording_start(self->control));
	writing = true;
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_on, NULL));
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(0, guest_register(true));
		EXPECT_EQ(0, guest_register(false));
	}
	writing = false;
	pthread_join(thread, NULL);
	ASSERT_EQ(0, recording_stop_lossy(&r, self->control)) {
		TH_LOG("%s", r.stream.error);
	}
	EXPECT_EQ(ROUNDS, nr_with_guest(&r.stream));
	recording_free(&r);
	EXPECT_EQ(0, guest_remove());
}

TEST_F(module, reregistered_experiment_is_disabled)
{
	struct exptrace_event event = { .flags = EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK };
	struct recording r = {};
	int index;

	ASSERT_EQ(0, guest_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, guest_register(true));
	index = event_index(self->control, "guest_rename");
	ASSERT_LE(0, index);
	event.index = index;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &event));
	ASSERT_EQ(0, guest_register(false));
	EXPECT_EQ(-ENOENT, event_index(self->control, "guest_rename"));
	ASSERT_EQ(0, guest_register(true));
	ASSERT_EQ(index, event_index(self->control, "guest_rename"));
	event = (struct exptrace_event){ .index = index };
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
	EXPECT_EQ(EXPTRACE_EVENT_F_AVAILABLE, event.flags);
	ASSERT_EQ(0, start(self->control));
	ASSERT_EQ(0, prctl(PR_SET_NAME, "et-unseen"));
	STOP_AND_DECODE(&r);
	EXPECT_EQ(0, stream_attempted(&r.stream, GUEST));
	recording_free(&r);
	EXPECT_EQ(0, guest_remove());
}

/* When an experiment comes or goes, an index may refer to another event. */
TEST_F(module, SET_EVENT_by_name_never_sets_another_event)
{
	struct exptrace_event first, guest, lacking, now;

	ASSERT_EQ(0, guest_load());
	ASSERT_EQ(0, guest_register(true));
	ASSERT_EQ(0, module_load_helper("exptrace_lacking.ko", ""));
	ASSERT_EQ(0, event_get(self->control, "sched_switch", &first));
	ASSERT_EQ(0, event_get(self->control, "guest_rename", &guest));
	ASSERT_EQ(0, event_get(self->control, "test_fork", &lacking));
	EXPECT_LT(guest.index, lacking.index);
	ASSERT_EQ(0, guest_register(false));

	/* The index of the guest's event now refers to another one. */
	guest.flags = EXPTRACE_EVENT_F_ENABLED;
	EXPECT_EQ(-ENOENT, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &guest));
	ASSERT_EQ(0, event_get(self->control, "test_fork", &now));
	EXPECT_EQ(guest.index, now.index);
	EXPECT_EQ(EXPTRACE_EVENT_F_AVAILABLE, now.flags);

	/* The other event is found by its name, whatever the index. */
	lacking.flags = EXPTRACE_EVENT_F_ENABLED;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &lacking));
	lacking.index = ~0U;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &lacking));
	ASSERT_EQ(0, event_get(self->control, "test_fork", &now));
	EXPECT_EQ(EXPTRACE_EVENT_F_AVAILABLE | EXPTRACE_EVENT_F_ENABLED, now.flags);

	/* A name belongs to its experiment, and must be terminated. */
	lacking.experiment = first.experiment;
	EXPECT_EQ(-ENOENT, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &lacking));
	lacking.experiment = 255;
	EXPECT_EQ(-ENOENT, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &lacking));
	memset(lacking.name, 'x', sizeof(lacking.name));
	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &lacking));

	/* Programs that set no name still use the index. */
	first = (struct exptrace_event){ .index = first.index };
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &first));
	ASSERT_EQ(0, event_get(self->control, "sched_switch", &now));
	EXPECT_EQ(EXPTRACE_EVENT_F_AVAILABLE, now.flags);
	EXPECT_EQ(0, syscall(SYS_delete_module, "exptrace_lacking", 0));
	EXPECT_EQ(0, guest_remove());
}

/* Fill the pool with markers until there is no room for another generation. */
static bool fill_pool(int fd)
{
	static const char text[1024] = "x";
	struct exptrace_advance advance = {};

	while (write(fd, text, sizeof(text)) > 0)
		;
	return device_ioctl(fd, EXPTRACE_IOC_ADVANCE, &advance) == -ENOBUFS;
}

/*
 * An experiment is removed while the pool has no room for a generation without it. A new one with
 * its number must not get into the same generation, so it cannot be registered before there is
 * room.
 */
TEST_F(module, experiment_number_is_not_used_twice_in_a_generation)
{
	struct bytes bytes = {};
	struct stream stream = {};
	unsigned int comes = 0;
	size_t g;
	int fd;

	ASSERT_EQ(0, guest_load());
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, start(self->control));
	ASSERT_EQ(0, guest_register(true));
	ASSERT_EQ(0, guest_write(1));
	ASSERT_TRUE(fill_pool(self->control));
	ASSERT_EQ(0, guest_register(false));
	EXPECT_EQ(-ENOBUFS, guest_register(true));
	self->reader = fd = device_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EAGAIN, bytes_drain(&bytes, fd, 65536));
	ASSERT_EQ(0, guest_register(true));
	ASSERT_EQ(0, guest_write(1));
	ASSERT_EQ(0, guest_register(false));
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, bytes_drain(&bytes, fd, 65536));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	/* It is there twice, each time after a generation without it. */
	for (g = 1; g < stream.nr_generations; g++)
		comes += !has_guest(&stream.generations[g - 1]) && has_guest(&stream.generations[g]);
	EXPECT_EQ(2, comes);
	EXPECT_FALSE(has_guest(&stream.generations[0]));
	EXPECT_FALSE(has_guest(&stream.generations[stream.nr_generations - 1]));
	EXPECT_EQ(2, stream_count(&stream, GUEST, GUEST_WRITE, 0));
	stream_free(&stream);
	bytes_free(&bytes);
	EXPECT_EQ(0, guest_remove());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* What the ioctls of /dev/exptrace accept and refuse, and when the module can be unloaded. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "fixture.h"

TEST_F(module, unknown_ioctls_fail_with_ENOTTY)
{
	static const unsigned long unknown[] = {
		0, ~0U,
		_IO(EXPTRACE_IOC_MAGIC, 0x06), _IO(EXPTRACE_IOC_MAGIC, 0xff),
		_IOR(EXPTRACE_IOC_MAGIC + 1, 0x00, struct exptrace_info),
		_IOR(EXPTRACE_IOC_MAGIC, 0x00, char), _IO(EXPTRACE_IOC_MAGIC, 0x00),
		_IOW(EXPTRACE_IOC_MAGIC, 0x00, struct exptrace_info),
		_IOW(EXPTRACE_IOC_MAGIC, 0x01, struct exptrace_info),
		_IOW(EXPTRACE_IOC_MAGIC, 0x03, struct exptrace_advance),
	};
	char argument[512] = {};
	size_t i;

	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		EXPECT_EQ(-ENOTTY, device_ioctl(self->control, unknown[i], argument)) {
			TH_LOG("ioctl %#lx", unknown[i]);
		}
		EXPECT_EQ(-ENOTTY, device_ioctl(self->reader, unknown[i], argument)) {
			TH_LOG("ioctl %#lx, a file that is open for reading", unknown[i]);
		}
	}
}

/* Try to start. In any case nothing is being recorded afterwards. */
static int try_start(int fd, struct exptrace_start start)
{
	int err = device_ioctl(fd, EXPTRACE_IOC_START, &start);

	if (!err)
		device_ioctl(fd, EXPTRACE_IOC_STOP, NULL);
	return err;
}

TEST_F(module, START_refuses_unknown_flags_and_reserved_fields)
{
	struct exptrace_start start;
	int i;

	for (i = 2; i < 32; i++) {
		start = start_small();
		start.flags = 1U << i;
		EXPECT_EQ(-EINVAL, try_start(self->control, start)) {
			TH_LOG("flag %d", i);
		}
	}
	for (i = 0; i < 2 * 64; i++) {
		start = start_small();
		start.reserved[i / 64] = 1ULL << i % 64;
		EXPECT_EQ(-EINVAL, try_start(self->control, start)) {
			TH_LOG("reserved[%d] bit %d", i / 64, i % 64);
		}
	}
	start = start_small();
	start.flags = EXPTRACE_START_DISCARD;
	EXPECT_EQ(0, try_start(self->control, start));
}

TEST_F(module, START_refuses_values_out_of_range)
{
	static const uint32_t batch_sizes[] = { 0, 1, 2048, 3000, 4095, 4097, 12288, 65535, 131072, 1U << 31, ~1U };
	static const uint32_t modes[] = { 2, 3, 0x80000000, ~0U };
	static const uint64_t pool_sizes[] = { 1, 4095, 4096, 8192 };
	struct exptrace_start start;
	size_t i;

	for (i = 0; i < sizeof(batch_sizes) / sizeof(batch_sizes[0]); i++) {
		start = start_small();
		start.batch_size = batch_sizes[i];
		EXPECT_EQ(-EINVAL, try_start(self->control, start)) {
			TH_LOG("batch_size %u", batch_sizes[i]);
		}
	}
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		start = start_small();
		start.mode = modes[i];
		EXPECT_EQ(-EINVAL, try_start(self->control, start)) {
			TH_LOG("mode %u", modes[i]);
		}
	}
	for (i = 0; i < sizeof(pool_sizes) / sizeof(pool_sizes[0]); i++) {
		start = start_small();
		start.pool_size = pool_sizes[i];
		EXPECT_EQ(-EINVAL, try_start(self->control, start)) {
			TH_LOG("pool_size %llu", (unsigned long long)pool_sizes[i]);
		}
	}
	for (i = 0; i < EXPTRACE_MAX_EXPERIMENTS; i++) {
		start = start_small();
		start.quota[i] = 101;
		EXPECT_EQ(-EINVAL, try_start(self->control, start)) {
			TH_LOG("quota[%zu]", i);
		}
	}
	EXPECT_EQ(0, device_info(self->control).state);
}

TEST_F(module, START_accepts_every_batch_size_and_the_module_parameters)
{
	struct exptrace_start start = start_small();
	struct exptrace_info info;
	uint32_t size;

	start.flags = EXPTRACE_START_DISCARD;
	for (size = 4096; size <= 65536; size *= 2) {
		start.batch_size = size;
		ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
		info = device_info(self->control);
		EXPECT_EQ(size, info.batch_size);
		EXPECT_EQ(info.pool_size, (uint64_t)info.batches * info.batch_size);
		EXPECT_LE(info.pool_size, start.pool_size);
		EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	}
	start.batch_size = start.period_ms = EXPTRACE_START_DEFAULT;
	start.pool_size = 0;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	info = device_info(self->control);
	EXPECT_EQ(16384, info.batch_size);
	EXPECT_EQ(1000, info.period_ms);
	EXPECT_LE(16 << 20, info.pool_size);
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

TEST_F(module, ADVANCE_and_event_ioctls_refuse_unknown_flags)
{
	struct exptrace_start start = start_small();
	struct exptrace_advance advance;
	struct exptrace_event event;
	int i;

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	for (i = 0; i < 64; i++) {
		memset(&advance, 0xcc, sizeof(advance));
		advance.flags = i < 32 ? 1U << i : 0;
		advance.reserved = i < 32 ? 0 : 1U << (i - 32);
		EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
		EXPECT_EQ(0xccccccccccccccccULL, advance.generation);
	}
	for (i = 1; i < 32; i++) {
		event = (struct exptrace_event){ .flags = 1U << i };
		if (event.flags == EXPTRACE_EVENT_F_STACK)
			continue;
		EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &event));
	}
	for (i = 0; i < 6; i++) {
		event = (struct exptrace_event){ .flags = EXPTRACE_EVENT_F_ENABLED };
		event.reserved[i] = 1;
		EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &event));
		EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
	}
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

TEST_F(module, bad_pointers_fail_with_EFAULT)
{
	static const unsigned long requests[] = {
		EXPTRACE_IOC_INFO, EXPTRACE_IOC_START, EXPTRACE_IOC_ADVANCE,
		EXPTRACE_IOC_GET_EVENT, EXPTRACE_IOC_SET_EVENT,
	};
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct exptrace_start start = start_small();
	size_t i, p;

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, mprotect(page + 4096, 4096, PROT_NONE));
	void *bad[] = { NULL, (void *)1, page + 4096, page + 4095, (void *)0xffff888000000000 };

	/* ADVANCE reads its argument only while there is something to advance. */
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		for (p = 0; p < sizeof(bad) / sizeof(bad[0]); p++) {
			EXPECT_EQ(-EFAULT, device_ioctl(self->control, requests[i], bad[p])) {
				TH_LOG("ioctl %#lx, pointer %p", requests[i], bad[p]);
			}
		}
	}
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(-1, read(self->reader, page + 4096, 4096));
	EXPECT_EQ(EFAULT, errno);
	/* A batch whose copy failed is not lost. */
	struct stream stream = {};
	struct bytes bytes = {};

	EXPECT_EQ(0, bytes_drain(&bytes, self->reader, 4096));
	EXPECT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(1, stream.nr_generations);
	bytes_free(&bytes);
	stream_free(&stream);
}

static long mem_available(void)
{
	char text[4096];
	const char *line = strstr(read_file("/proc/meminfo", text, sizeof(text)), "MemAvailable:");

	return line ? atol(line + strlen("MemAvailable:")) : 0;
}

TEST_F(module, huge_pool_fails_with_ENOMEM_and_kills_no_process)
{
	static const uint64_t sizes[] = { 1ULL << 36, 1ULL << 40, 1ULL << 62, 1ULL << 63, ~0ULL, ~0ULL - 4095 };
	struct exptrace_start start = start_small();
	long before = mem_available();
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		start.pool_size = sizes[i];
		EXPECT_EQ(-ENOMEM, try_start(self->control, start)) {
			TH_LOG("pool_size %#llx", (unsigned long long)sizes[i]);
		}
	}
	EXPECT_TRUE(WAIT_FOR(mem_available() > before - 16 * 1024));
	EXPECT_FALSE(log_has(self->log, "Out of memory", NULL));
	EXPECT_EQ(0, try_start(self->control, start_small()));
}

TEST_F(module, START_and_STOP_fail_in_the_wrong_state)
{
	struct exptrace_start start = start_small();
	struct exptrace_advance advance;

	memset(&advance, 0xcc, sizeof(advance));
	advance.flags = advance.reserved = 0;
	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	EXPECT_EQ(0xccccccccccccccccULL, advance.generation);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	EXPECT_EQ(-EBUSY, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	start.flags = EXPTRACE_START_DISCARD;
	EXPECT_EQ(-EBUSY, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

struct catalogue_entry {
	int experiment, type;
	const char *group, *name;
};

#define NO_ARG(kind, name)
#define ENTRY(EXPERIMENT, NAME, type, ntypes, group, name, args) { EXPTRACE_EXPERIMENT_##EXPERIMENT, type, group, name },
static const struct catalogue_entry catalogue[] = { EXPTRACE_EVENTS(ENTRY, NO_ARG) };

/*
 * Flags of an event after the module is loaded. A kernel without block devices has no block events,
 * and one without a function tracer cannot hook functions.
 */
static unsigned int flags_at_first(const struct catalogue_entry *c)
{
	if (!strcmp(c->group, "block") && access("/sys/block", F_OK))
		return 0;
	if ((!strcmp(c->name, "kmem_cache_free_bulk") || !strcmp(c->name, "kfree_rcu")) &&
	    access("/proc/sys/kernel/ftrace_enabled", F_OK))
		return 0;
	return EXPTRACE_EVENT_F_AVAILABLE | (strcmp(c->group, "sched") ? 0 : EXPTRACE_EVENT_F_ENABLED);
}

TEST_F(module, GET_EVENT_enumerates_the_catalogue)
{
	struct exptrace_event event;
	unsigned int index = 0;
	size_t i;

	for (i = 0; i < sizeof(catalogue) / sizeof(catalogue[0]); i++) {
		const struct catalogue_entry *c = &catalogue[i];

		/*
		 * Events that come by themselves, from programs, or in place of others cannot be
		 * switched.
		 */
		if (EXPTRACE_EVENT_IS_STATE(c->type) || !strcmp(c->group, "marker") || !strcmp(c->name, "sys_call"))
			continue;
		memset(&event, 0xcc, sizeof(event));
		event.index = index;
		event.flags = 0;
		memset(event.reserved, 0, sizeof(event.reserved));
		ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
		EXPECT_EQ(index, event.index);
		EXPECT_EQ(c->experiment, event.experiment);
		EXPECT_EQ(c->type, event.type);
		EXPECT_STREQ(c->group, event.group);
		EXPECT_STREQ(c->name, event.name);
		EXPECT_EQ(flags_at_first(c), event.flags);
		EXPECT_EQ(0, event.group[sizeof(event.group) - 1]);
		EXPECT_EQ(0, event.name[sizeof(event.name) - 1]);
		index++;
	}
	event = (struct exptrace_event){ .index = index };
	EXPECT_EQ(-ENOENT, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
	EXPECT_EQ(-ENOENT, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &event));
	event.index = ~0U;
	EXPECT_EQ(-ENOENT, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
	EXPECT_EQ(-ENOENT, device_ioctl(self->control, EXPTRACE_IOC_SET_EVENT, &event));
}

TEST_F(module, GET_EVENT_reports_what_SET_EVENT_set)
{
	struct exptrace_event event = { .index = event_index(self->control, "kfree") };

	ASSERT_EQ(0, event_set(self->control, "kfree", true));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
	EXPECT_EQ(EXPTRACE_EVENT_F_AVAILABLE | EXPTRACE_EVENT_F_ENABLED, event.flags);
	/* Setting it twice changes nothing. */
	ASSERT_EQ(0, event_set(self->control, "kfree", true));
	ASSERT_EQ(0, event_set(self->control, "kfree", false));
	ASSERT_EQ(0, event_set(self->control, "kfree", false));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
	EXPECT_EQ(EXPTRACE_EVENT_F_AVAILABLE, event.flags);
}

TEST_F(module, INFO_is_consistent)
{
	struct exptrace_start start = start_small();
	struct exptrace_info info = device_info(self->control);
	uint64_t first;

	EXPECT_EQ(EXPTRACE_ABI_VERSION, info.abi_version);
	EXPECT_EQ(EXPTRACE_STATE_STOPPED, info.state);
	EXPECT_EQ(0, info.generation);
	EXPECT_EQ(0, info.lost);
	start.period_ms = 54321;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	info = device_info(self->control);
	first = info.generation;
	EXPECT_EQ(EXPTRACE_STATE_RECORDING, info.state);
	EXPECT_LT(0, info.generation);
	EXPECT_EQ(4096, info.batch_size);
	EXPECT_EQ(54321, info.period_ms);
	EXPECT_EQ(start.pool_size, info.pool_size);
	EXPECT_EQ(start.pool_size / 4096, info.batches);
	EXPECT_LT(0, info.batches_empty);
	EXPECT_LE(info.batches_empty + info.batches_full, info.batches);
	EXPECT_EQ(0, info.lost);
	EXPECT_EQ(0, info.reserved[0] | info.reserved[1] | info.reserved[2] | info.latency_us);
	EXPECT_EQ(0, info.missing_tasks | info.missing_changes | info.unknown_sites | info.unknown_stacks);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	info = device_info(self->control);
	EXPECT_EQ(EXPTRACE_STATE_STOPPED, info.state);
	EXPECT_EQ(0, info.generation);
	EXPECT_LT(0, info.batches_full);
	/* Every batch that is not waiting for the reader is empty again. */
	EXPECT_EQ(info.batches, info.batches_empty + info.batches_full);
	/* Generation numbers are never reused. */
	start.flags = EXPTRACE_START_DISCARD;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	EXPECT_LT(first, device_info(self->control).generation);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

TEST_F(module, open_file_pins_the_module)
{
	EXPECT_EQ(-EAGAIN, module_remove());
	close(self->control);
	self->control = -1;
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(-EAGAIN, module_remove());
	close(self->reader);
	self->reader = -1;
	EXPECT_EQ(0, module_unload());
	EXPECT_EQ(-ENOENT, device_open(O_RDONLY));
}

TEST_F(module, module_can_be_unloaded_while_it_records)
{
	struct exptrace_start start = start_small();

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	close(self->control);
	self->control = -1;
	work_pingpong(50);
	EXPECT_EQ(0, module_unload());
}

TEST_HARNESS_MAIN

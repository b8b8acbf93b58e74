// SPDX-License-Identifier: GPL-2.0-only
/* Who may open /dev/exptrace, what its ioctls accept and refuse, and what the recorder tells about itself. */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fixture.h"

#define CAP_BIT(cap)	(1ULL << (cap))

/* Become a user with these capabilities and no others. */
static int drop_to_user(uint64_t caps)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {};
	int i;

	for (i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = caps >> (32 * i);
	return prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
	       setresuid(65534, 65534, 65534) || syscall(SYS_capset, &header, data);
}

/* What a child's function says that runs as a user with these capabilities; 255 if it could not. */
static int as_user(uint64_t caps, int (*function)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(drop_to_user(caps) ? 255 : function());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 255;
	return WEXITSTATUS(status);
}

static int open_errno(void)
{
	int fd = device_open(O_RDONLY);

	return fd < 0 ? -fd : 0;
}

TEST_F(module, device_is_for_root_alone)
{
	struct stat st;

	ASSERT_EQ(0, stat(EXPTRACE_DEVICE, &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(EACCES, as_user(0, open_errno));
	EXPECT_EQ(EACCES, as_user(CAP_BIT(CAP_PERFMON), open_errno));
}

#define SYSFS	"/sys/class/misc/exptrace/"
#define EVENTS_PARAMETER	"/sys/module/exptrace/parameters/events"

/* Whether one of the files that tell what is traced can be opened. */
static int open_what_is_traced(void)
{
	return open(SYSFS "events", O_RDONLY) >= 0 || open(SYSFS "filter", O_RDONLY) >= 0 ||
	       open(EVENTS_PARAMETER, O_RDONLY) >= 0;
}

/* Whether those can be opened, and read, that tell whether and how far. */
static int read_the_rest(void)
{
	static const char *const files[] = { SYSFS "recording", SYSFS "generation", SYSFS "trigger_latency_us" };
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!*read_file(files[i], text, sizeof(text)))
			return 0;
	return 1;
}

TEST_F(module, what_is_traced_is_for_root_alone)
{
	struct stat st;

	ASSERT_EQ(0, stat(SYSFS "events", &st));
	EXPECT_EQ(S_IFREG | 0600, st.st_mode);
	ASSERT_EQ(0, stat(SYSFS "filter", &st));
	EXPECT_EQ(S_IFREG | 0400, st.st_mode);
	ASSERT_EQ(0, stat(EVENTS_PARAMETER, &st));
	EXPECT_EQ(S_IFREG | 0400, st.st_mode);
	EXPECT_EQ(0, as_user(0, open_what_is_traced));
	EXPECT_EQ(1, as_user(0, read_the_rest));
}

TEST_F(module, open_needs_a_capability_besides_the_permission)
{
	ASSERT_EQ(0, chmod(EXPTRACE_DEVICE, 0666));
	EXPECT_EQ(EPERM, as_user(0, open_errno));
	EXPECT_EQ(EPERM, as_user(~(CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_SYS_ADMIN)) & (CAP_BIT(CAP_LAST_CAP) - 1),
				 open_errno));
	EXPECT_EQ(0, as_user(CAP_BIT(CAP_PERFMON), open_errno));
	EXPECT_EQ(0, as_user(CAP_BIT(CAP_SYS_ADMIN), open_errno));
}

/* Start as whoever calls it: 100 + whether addresses are recorded. */
static int start_and_tell(void)
{
	struct exptrace_start start = start_small();
	int fd = device_open(O_WRONLY), answer;

	start.flags = EXPTRACE_START_DISCARD;
	if (fd < 0 || device_ioctl(fd, EXPTRACE_IOC_START, &start))
		return 254;
	answer = 100 + device_info(fd).addresses;
	if (device_ioctl(fd, EXPTRACE_IOC_STOP, NULL))
		answer = 253;
	close(fd);
	return answer;
}

TEST_F(module, addresses_are_for_who_may_see_them)
{
	char old[16];

	read_file("/proc/sys/kernel/kptr_restrict", old, sizeof(old));
	ASSERT_EQ(0, chmod(EXPTRACE_DEVICE, 0666));
	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "1"));
	EXPECT_EQ(100, as_user(CAP_BIT(CAP_PERFMON), start_and_tell));
	EXPECT_EQ(101, as_user(CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_SYSLOG), start_and_tell));
	EXPECT_EQ(101, start_and_tell());
	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "2"));
	EXPECT_EQ(100, start_and_tell());
	EXPECT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", old));
}

/* The errno with which the whole of a recording can't be read, or 0. */
static int read_errno(void)
{
	struct bytes bytes = {};
	int fd = device_open(O_RDONLY), err;

	if (fd < 0)
		return 254;
	err = bytes_drain(&bytes, fd, 65536);
	close(fd);
	bytes_free(&bytes);
	return -err;
}

/* The errno with which its first batch can't be taken, or 0; what is taken of a batch tells addresses, too. */
static int take_errno(void)
{
	struct exptrace_batch_ref ref;
	int fd = device_open(O_RDONLY), err;

	if (fd < 0)
		return 254;
	err = device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref);
	close(fd);
	return -err;
}

/* The errno with which its pool can't be mapped, or 0. */
static int map_errno(void)
{
	int fd = device_open(O_RDONLY), err;

	if (fd < 0)
		return 254;
	err = mmap(NULL, device_info(fd).pool_size, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? errno : 0;
	close(fd);
	return err;
}

/* What root recorded is not for a reader who may not see addresses (invariant 12). */
TEST_F(module, raw_addresses_are_not_read_without_the_right)
{
	struct exptrace_start start = start_small();
	char old[16];

	read_file("/proc/sys/kernel/kptr_restrict", old, sizeof(old));
	ASSERT_EQ(0, chmod(EXPTRACE_DEVICE, 0666));
	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "1"));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_EQ(1, device_info(self->control).addresses);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_EQ(EPERM, as_user(CAP_BIT(CAP_PERFMON), take_errno));
	EXPECT_EQ(EPERM, as_user(CAP_BIT(CAP_PERFMON), map_errno));
	EXPECT_EQ(EPERM, as_user(CAP_BIT(CAP_PERFMON), read_errno));
	EXPECT_EQ(0, as_user(CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_SYSLOG), take_errno));
	EXPECT_EQ(0, as_user(CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_SYSLOG), map_errno));
	EXPECT_EQ(0, as_user(CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_SYSLOG), read_errno));
	EXPECT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", old));
}

TEST_F(module, only_one_reader)
{
	int second;

	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(-EBUSY, device_open(O_RDONLY));
	EXPECT_EQ(-EBUSY, device_open(O_RDWR));
	close(self->reader);
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(-EBUSY, device_open(O_RDONLY));
	second = device_open(O_WRONLY);
	EXPECT_LE(0, second);
	close(second);
}

TEST_F(module, control_file_controls_and_reads_nothing)
{
	struct exptrace_advance advance;
	struct exptrace_start start = start_small();
	char c = 0x55;

	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	EXPECT_EQ(1, device_info(self->control).state);
	memset(&advance, 0xcc, sizeof(advance));
	advance.flags = advance.reserved = 0;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_ADVANCE, &advance));
	EXPECT_EQ(0, event_set(self->control, "sched_switch", false));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	EXPECT_EQ(-1, read(self->control, &c, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(0x55, c);
}

TEST_F(module, file_that_only_controls_takes_and_gives_nothing)
{
	struct exptrace_batch_ref ref;

	memset(&ref, 0x55, sizeof(ref));
	EXPECT_EQ(-EBADF, device_ioctl(self->control, EXPTRACE_IOC_TAKE, &ref));
	EXPECT_EQ(0x55555555, ref.kind);
	EXPECT_EQ(-EBADF, device_ioctl(self->control, EXPTRACE_IOC_GIVE, NULL));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(-EINVAL, device_ioctl(self->reader, EXPTRACE_IOC_GIVE, NULL));
}

TEST_F(module, read_is_EBUSY_while_a_batch_is_taken)
{
	struct exptrace_start start = start_small();
	struct exptrace_batch_ref ref;
	struct stream stream = {};
	char c = 0x55;

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_TAKE, &ref));
	EXPECT_EQ(-1, read(self->reader, &c, 1));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0x55, c);
	/* It comes again to the next reader. */
	close(self->reader);
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(0, drain_and_parse(self->reader, &stream));
	stream_free(&stream);
}

TEST_F(module, reading_file_does_not_control)
{
	struct exptrace_start start = start_small();
	struct exptrace_advance advance = {};
	struct exptrace_event event = {};

	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(-EBADF, device_ioctl(self->reader, EXPTRACE_IOC_START, &start));
	EXPECT_EQ(-EBADF, device_ioctl(self->reader, EXPTRACE_IOC_STOP, NULL));
	EXPECT_EQ(-EBADF, device_ioctl(self->reader, EXPTRACE_IOC_ADVANCE, &advance));
	EXPECT_EQ(-EBADF, device_ioctl(self->reader, EXPTRACE_IOC_SET_EVENT, &event));
	EXPECT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_GET_EVENT, &event));
	EXPECT_EQ(1, device_info(self->reader).abi_version);
	EXPECT_EQ(0, device_info(self->reader).state);
}

TEST_F(module, unknown_ioctls_are_ENOTTY)
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

/* Try to start with this; whatever it says, nothing records afterwards. */
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

TEST_F(module, START_takes_every_batch_size_and_the_parameters)
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

TEST_F(module, ADVANCE_and_events_refuse_what_they_do_not_know)
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

TEST_F(module, bad_pointers_are_EFAULT)
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

	/* ADVANCE looks at its argument only while there is something to advance. */
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
	/* What could not be delivered is not lost. */
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

TEST_F(module, huge_pool_is_ENOMEM_and_kills_nobody)
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

TEST_F(module, START_and_STOP_in_the_wrong_state)
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

/* How an event is after loading. A kernel without block devices has no events of theirs, and one
 * without a function tracer can't hook functions.
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

		/* What comes by itself, from programs, or in place of others, has no switch. */
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

TEST_F(module, SET_EVENT_is_seen_by_GET_EVENT)
{
	struct exptrace_event event = { .index = event_index(self->control, "kfree") };

	ASSERT_EQ(0, event_set(self->control, "kfree", true));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_GET_EVENT, &event));
	EXPECT_EQ(EXPTRACE_EVENT_F_AVAILABLE | EXPTRACE_EVENT_F_ENABLED, event.flags);
	/* Twice is as good as once. */
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
	/* All that does not wait for the reader is empty again. */
	EXPECT_EQ(info.batches, info.batches_empty + info.batches_full);
	/* Generation numbers are never used again. */
	start.flags = EXPTRACE_START_DISCARD;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	EXPECT_LT(first, device_info(self->control).generation);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
}

#define MOST_LISTED	32
#define STATE		"/sys/kernel/debug/exptrace/state"
#define HOLDER		"/sys/module/exptrace_holder/parameters/"

/* A line of the list of generations. */
struct listed {
	unsigned long long gen, recording, events;
	char state[16];
	unsigned int begun, batches, pushed, reserved;
};

/* What the recorder tells about itself. */
struct state {
	char text[32768];
	struct listed list[MOST_LISTED];
	int nr;
};

/* The number behind "name " at a line's beginning, or -1. */
static long long state_number(const struct state *s, const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(s->text, line);
	return at ? strtoll(at + strlen(line), NULL, 10) : -1;
}

static bool parse_listed(const char *line, struct listed *g)
{
	return sscanf(line, "list generation %llu: recording %llu state %15s begun %u batches %u pushed %u events %llu reserved %u",
		      &g->gen, &g->recording, g->state, &g->begun, &g->batches, &g->pushed, &g->events,
		      &g->reserved) == 8;
}

/* -1 if there is a line that can't be understood. */
static int state_read(struct state *s)
{
	const char *line;

	s->nr = 0;
	s->text[0] = '\n';
	read_file(STATE, s->text + 1, sizeof(s->text) - 1);
	for (line = s->text; (line = strstr(line, "\nlist ")); line++)
		if (s->nr == MOST_LISTED || !parse_listed(line + 1, &s->list[s->nr++]))
			return -1;
	return 0;
}

/* The lists and what INFO says, of one moment: nothing is handed over from one to the other. */
static bool state_and_info(int fd, struct state *s, struct exptrace_info *info)
{
	struct exptrace_info after;

	*info = device_info(fd);
	if (state_read(s))
		return false;
	after = device_info(fd);
	return info->batches_full == after.batches_full && info->generation == after.generation;
}

static unsigned int batches_listed(const struct state *s)
{
	unsigned int sum = 0;
	int i;

	for (i = 0; i < s->nr; i++)
		sum += s->list[i].batches;
	return sum;
}

static bool is_listed(const struct state *s, int i, unsigned long long gen, const char *state, bool begun)
{
	return i < s->nr && s->list[i].gen == gen && !strcmp(s->list[i].state, state) && s->list[i].begun == begun;
}

static uint64_t advance(int fd)
{
	struct exptrace_advance args = {};

	return device_ioctl(fd, EXPTRACE_IOC_ADVANCE, &args) ? 0 : args.generation;
}

/* Events that were found in a generation; its statedump, which is of no CPU, has none. */
static uint64_t events_of(const struct stream *stream, uint64_t generation)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < stream->nr_events; i++) {
		const struct stream_event *e = &stream->events[i];

		sum += e->generation == generation && !EXPTRACE_EVENT_IS_STATE(e->type) && e->m != EXPTRACE_M_NONE;
	}
	return sum;
}

/* Is what was taken of a generation, in that many batches of the pool, what was told about it? */
static bool is_as_listed(const struct stream *stream, size_t i, unsigned int batches, const struct listed *l)
{
	const struct stream_generation *g = &stream->generations[i];

	if (g->number == l->gen && batches == l->batches && events_of(stream, l->gen) == l->events)
		return true;
	printf("# generation %llu: %u batches and %llu events taken, listed %llu: %u and %llu\n",
	       (unsigned long long)g->number, batches, (unsigned long long)events_of(stream, g->number), l->gen,
	       l->batches, l->events);
	return false;
}

/* Takes all that there is out of the mapped pool, and counts the batches of each generation. */
static int take_and_parse(int fd, struct stream *stream, unsigned int *batches)
{
	static const uint8_t mark = EXPTRACE_WIRE_END_OF_GENERATION;
	size_t size = device_info(fd).pool_size;
	struct exptrace_batch_ref ref;
	uint8_t *pool;
	int err;

	pool = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (pool == MAP_FAILED)
		return -errno;
	while (!(err = device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref)) && ref.kind != EXPTRACE_REF_END) {
		if (ref.kind == EXPTRACE_REF_BATCH)
			err = stream_parse_batches(stream, pool + ref.offset, ref.length);
		else
			err = stream_parse_batches(stream, &mark, 1);
		if (err)
			break;
		batches[stream->nr_generations - 1] += ref.kind == EXPTRACE_REF_BATCH;
	}
	munmap(pool, size);
	return err;
}

TEST_F(module, state_tells_each_generation_while_it_records_and_after)
{
	struct exptrace_start start = start_small();
	unsigned int batches[3] = {};
	struct exptrace_info info;
	struct stream stream = {};
	static struct state s;
	uint64_t first;
	int i;

	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, s.nr);
	EXPECT_EQ(1, state_number(&s, "lists_read"));
	EXPECT_EQ(0, state_number(&s, "recordings_begun"));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	first = device_info(self->control).generation;
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, work_pingpong(500));
		ASSERT_EQ(first + i, advance(self->control));
	}
	ASSERT_TRUE(WAIT_FOR(state_and_info(self->control, &s, &info)));
	ASSERT_EQ(3, s.nr);
	EXPECT_TRUE(is_listed(&s, 0, first, "complete", false));
	EXPECT_TRUE(is_listed(&s, 1, first + 1, "complete", false));
	EXPECT_TRUE(is_listed(&s, 2, first + 2, "open", false));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(1, s.list[i].recording);
		EXPECT_EQ(s.list[i].pushed, s.list[i].batches);
		EXPECT_EQ(i == 2, s.list[i].reserved > 0);
	}
	EXPECT_LT(0, s.list[0].events);
	EXPECT_EQ(info.batches_full, batches_listed(&s));
	EXPECT_EQ(3, state_number(&s, "generations"));
	EXPECT_EQ(s.list[2].reserved, state_number(&s, "reserved"));
	EXPECT_EQ(first + 2, info.generation);
	EXPECT_EQ(first % 2 ? 0 : first + 2, state_number(&s, "writing parity 0: generation"));
	EXPECT_EQ(first % 2 ? first + 2 : 0, state_number(&s, "writing parity 1: generation"));
	EXPECT_EQ(0, state_number(&s, "taken") | state_number(&s, "frozen") | state_number(&s, "reading") |
		     state_number(&s, "dead") | state_number(&s, "not_shown") | state_number(&s, "closed") |
		     state_number(&s, "periodic_pending") | state_number(&s, "recordings_ended"));

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_TRUE(state_and_info(self->control, &s, &info));
	ASSERT_EQ(3, s.nr);
	EXPECT_TRUE(is_listed(&s, 2, first + 2, "complete", false));
	EXPECT_EQ(info.batches_full, batches_listed(&s));
	EXPECT_EQ(1, state_number(&s, "recordings_ended"));
	EXPECT_EQ(0, state_number(&s, "reserved") | s.list[2].reserved | state_number(&s, "writing parity 0: generation") |
		     state_number(&s, "writing parity 1: generation"));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, take_and_parse(self->reader, &stream, batches)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(3, stream.nr_generations);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(is_as_listed(&stream, i, batches[i], &s.list[i]));
	stream_free(&stream);
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, s.nr);
	EXPECT_EQ(0, state_number(&s, "generations"));
}

TEST_F(module, state_tells_what_a_reader_and_a_snapshot_hold)
{
	struct exptrace_start start = start_small();
	struct exptrace_snapshot shot = {};
	struct exptrace_batch_ref ref;
	unsigned int batches[3] = {};
	struct exptrace_info info;
	struct stream stream = {};
	static struct state s;
	struct listed before;
	size_t i;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, work_pingpong(500));
		ASSERT_LT(0, advance(self->control));
	}
	ASSERT_EQ(0, state_read(&s));
	before = s.list[0];
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_TAKE, &ref));
	ASSERT_TRUE(WAIT_FOR(state_and_info(self->control, &s, &info)));
	EXPECT_EQ(1, state_number(&s, "taken"));
	EXPECT_EQ(ref.generation, state_number(&s, "reading"));
	EXPECT_TRUE(is_listed(&s, 0, ref.generation, "complete", true));
	EXPECT_TRUE(is_listed(&s, 1, ref.generation + 1, "complete", false));
	EXPECT_EQ(before.batches - 1, s.list[0].batches);
	EXPECT_EQ(before.pushed, s.list[0].pushed);
	EXPECT_EQ(info.batches_full, batches_listed(&s));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_GIVE, NULL));
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, state_number(&s, "taken"));

	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(ref.generation + 1, shot.first);
	EXPECT_EQ(shot.last, state_number(&s, "frozen"));
	EXPECT_TRUE(is_listed(&s, 0, ref.generation, "complete", true));
	EXPECT_TRUE(is_listed(&s, 2, shot.last, "complete", false));
	EXPECT_TRUE(is_listed(&s, 3, shot.last + 1, "open", false));
	ASSERT_EQ(0, take_and_parse(self->reader, &stream, batches)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(2, stream.nr_generations);
	for (i = 0; i < 2; i++)
		EXPECT_TRUE(is_as_listed(&stream, i, batches[i], &s.list[1 + i]));
	stream_free(&stream);
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, state_number(&s, "frozen"));
}

TEST_F(module, state_shows_the_oldest_and_the_newest_of_many_generations)
{
	struct exptrace_start start = start_small();
	unsigned long long first, last;
	static struct state s;
	int i;

	start.pool_size = 16 << 20;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	for (i = 1; i < MOST_LISTED; i++)
		ASSERT_LT(0, advance(self->control));
	last = device_info(self->control).generation;
	first = last - MOST_LISTED + 1;
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(0, state_number(&s, "not_shown"));
	ASSERT_EQ(MOST_LISTED, s.nr);
	for (i = 0; i < MOST_LISTED; i++)
		EXPECT_EQ(first + i, s.list[i].gen);
	for (i = 0; i < 3; i++)
		ASSERT_LT(0, advance(self->control));
	ASSERT_EQ(0, state_read(&s));
	EXPECT_EQ(MOST_LISTED + 3, state_number(&s, "generations"));
	EXPECT_EQ(3, state_number(&s, "not_shown"));
	ASSERT_EQ(MOST_LISTED, s.nr);
	for (i = 0; i < MOST_LISTED; i++)
		EXPECT_EQ(first + i + (i < MOST_LISTED / 2 ? 0 : 3), s.list[i].gen);
	EXPECT_STREQ("open", s.list[MOST_LISTED - 1].state);
}

TEST_F(module, state_counts_generations_that_were_given_up)
{
	struct exptrace_start start = start_small();
	static struct state s;

	start.mode = EXPTRACE_MODE_FLIGHT;
	start.pool_size = 1 << 20;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_TRUE(WAIT_FOR(advance(self->control) && device_info(self->control).evicted_generations));
	ASSERT_EQ(0, state_read(&s));
	EXPECT_LE(1, state_number(&s, "dead"));
	EXPECT_GE(device_info(self->control).evicted_generations, state_number(&s, "dead"));
	EXPECT_EQ(state_number(&s, "generations"), s.nr + state_number(&s, "not_shown"));
}

/* A snapshot's arguments where the kernel can read, but not write; NULL if there is no memory. */
static struct exptrace_snapshot *read_only_snapshot(uint32_t flags)
{
	struct exptrace_snapshot *shot = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (shot == MAP_FAILED)
		return NULL;
	*shot = (struct exptrace_snapshot){ .flags = flags, .first = 0xcccccccc, .last = 0xcccccccc };
	return mprotect(shot, 4096, PROT_READ) ? NULL : shot;
}

static bool holds_nothing(void)
{
	static struct state s;

	return !state_read(&s) && !state_number(&s, "frozen") && !state_number(&s, "trigger_armed") &&
	       !state_number(&s, "trigger_done");
}

/* A process that fires the trigger as soon as somebody waits for it. */
static pid_t fork_trigger(int fd)
{
	static struct state s;
	pid_t pid = fork();

	if (!pid)
		_exit(!WAIT_FOR(!state_read(&s) && state_number(&s, "trigger_armed") == 1) ||
		      device_ioctl(fd, EXPTRACE_IOC_TRIGGER, NULL));
	return pid;
}

/* Everything that the next snapshot has, with an argument that is in order. */
static int read_snapshot(int fd, struct exptrace_snapshot *shot, struct stream *stream)
{
	*shot = (struct exptrace_snapshot){};
	return device_ioctl(fd, EXPTRACE_IOC_SNAPSHOT, shot) ?: drain_and_parse(fd, stream);
}

TEST_F(module, snapshot_that_cannot_be_told_is_not_held)
{
	static const uint32_t flags[] = { 0, EXPTRACE_SNAPSHOT_WAIT };
	struct exptrace_start start = start_small();
	struct exptrace_snapshot *bad, shot;
	struct stream stream;
	int i, status;
	size_t g;
	pid_t pid;

	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	start.mode = EXPTRACE_MODE_FLIGHT;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	for (i = 0; i < 2; i++) {
		bad = read_only_snapshot(flags[i]);
		ASSERT_NE(NULL, bad);
		ASSERT_LT(0, work_pingpong(100));
		pid = flags[i] ? fork_trigger(self->control) : 0;
		EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, bad));
		if (pid) {
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
			EXPECT_EQ(0, status);
		}
		EXPECT_EQ(0xcccccccc, bad->first);
		EXPECT_TRUE(holds_nothing());
		stream = (struct stream){};
		ASSERT_EQ(0, read_snapshot(self->reader, &shot, &stream)) {
			TH_LOG("%s", stream.error);
		}
		/* Those that the others had completed, too. */
		ASSERT_EQ(2 * (i + 1), stream.nr_generations);
		EXPECT_EQ(shot.first, stream.generations[0].number);
		EXPECT_EQ(shot.last, stream.generations[2 * i + 1].number);
		for (g = 0; g < stream.nr_generations; g++)
			EXPECT_TRUE(stream.generations[g].whole && stream.generations[g].ledger &&
				    stream.generations[g].ended);
		stream_free(&stream);
		munmap(bad, 4096);
	}
}

TEST_F(module, stream_goes_on_after_a_snapshot_that_cannot_be_told)
{
	struct exptrace_snapshot *bad = read_only_snapshot(0);
	struct exptrace_start start = start_small();
	struct bytes bytes = {};
	struct stream stream = {};

	ASSERT_NE(NULL, bad);
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_LT(0, work_pingpong(100));
	ASSERT_LT(0, advance(self->control));
	ASSERT_EQ(EXPTRACE_HEADER_SIZE, bytes_read(&bytes, self->reader, EXPTRACE_HEADER_SIZE));
	EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, bad));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	/* No second header in it, nothing left out, and its end is that of the recording. */
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 4096));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(3, stream.nr_generations);
	EXPECT_EQ(0, device_info(self->control).batches_full);
	bytes_free(&bytes);
	stream_free(&stream);
	munmap(bad, 4096);
}

/*
 * A generation that is large is ended, not one that becomes so when it ends: what every CPU has begun, and the tables, may
 * be more than that by themselves.
 */
TEST_F(module, advance_asks_for_no_other)
{
	struct exptrace_start start = start_small();
	char text[1000];
	static struct state s;
	uint64_t first;

	memset(text, 'x', sizeof(text));
	/* 128 batches: one of 16 is large. */
	start.pool_size = 512 << 10;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	first = device_info(self->control).generation;
	do {
		ASSERT_EQ((ssize_t)sizeof(text), write(self->control, text, sizeof(text)));
		ASSERT_EQ(0, state_read(&s));
	} while (s.list[0].pushed < 14);
	ASSERT_GT(16, s.list[0].pushed);
	ASSERT_EQ(first, advance(self->control));
	usleep(300000);
	ASSERT_EQ(0, state_read(&s));
	EXPECT_LE(16, s.list[0].pushed);
	EXPECT_EQ(first + 1, device_info(self->control).generation);
}

/* Reads the header and the first batch of the stream, and not a byte more; amid it nothing else can be done. */
static int read_first_batch(int fd, struct bytes *bytes)
{
	struct exptrace_snapshot shot = {};
	struct exptrace_batch_ref ref;
	struct stream_batch batch;

	for (;;) {
		ssize_t n = bytes_read(bytes, fd, 1);

		if (n != 1)
			return n ? n : -EPIPE;
		if (bytes->size <= EXPTRACE_HEADER_SIZE)
			continue;
		if (stream_batch_at(bytes->data + EXPTRACE_HEADER_SIZE, bytes->size - EXPTRACE_HEADER_SIZE, &batch) == 1)
			return 0;
		if (device_ioctl(fd, EXPTRACE_IOC_TAKE, &ref) != -EBUSY ||
		    device_ioctl(fd, EXPTRACE_IOC_SNAPSHOT, &shot) != -EBUSY)
			return -EPROTO;
	}
}

/* The tables around a generation come several at a time, but a reader may stop after any. */
TEST_F(module, reader_between_two_batches_may_take_the_rest)
{
	struct exptrace_start start = start_small();
	unsigned int batches[1] = {};
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_LT(0, work_pingpong(100));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, read_first_batch(self->reader, &bytes));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size));
	ASSERT_EQ(1, stream.nr_generations);
	ASSERT_EQ(0, take_and_parse(self->reader, &stream, batches)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(1, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole && stream.generations[0].ledger && stream.generations[0].ended);
	stream_free(&stream);
	bytes_free(&bytes);
}

/* Of the file's two places, in the stream and in a snapshot, each has its header, and is left as it was. */
TEST_F(module, reader_between_two_batches_may_snapshot_and_go_on)
{
	struct exptrace_snapshot *bad = read_only_snapshot(0), shot = {};
	struct exptrace_start start = start_small();
	struct stream stream = {};
	struct bytes bytes = {};

	ASSERT_NE(NULL, bad);
	start.mode = EXPTRACE_MODE_FLIGHT;
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	ASSERT_LT(0, work_pingpong(100));
	ASSERT_LT(0, advance(self->control));
	self->reader = device_open(O_RDWR);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, read_first_batch(self->reader, &bytes));
	ASSERT_EQ(0, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, &shot));
	/* Of that nothing is read. */
	EXPECT_EQ(-EFAULT, device_ioctl(self->reader, EXPTRACE_IOC_SNAPSHOT, bad));
	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_STOP, NULL));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 4096));
	ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(4, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole && stream.generations[3].ended);
	bytes_free(&bytes);
	stream_free(&stream);
	munmap(bad, 4096);
}

static int pin_to(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

static bool holder_is(const char *answer)
{
	char text[16];

	return !strcmp(answer, read_file(HOLDER "holding", text, sizeof(text)));
}

/* A process of CPU 1 that comes by the pool's lock, for a reader's place in the stream. */
static pid_t fork_holder(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(pin_to(1) || device_open(O_RDONLY) < 0);
	return pid;
}

/* While a CPU has interrupts off, who sleeps may not be woken in time, on any CPU: this asks without a pause. */
static bool lock_is_held(void)
{
	long long end = now_ms() + DEADLINE_MS;

	while (!holder_is("Y"))
		if (now_ms() > end)
			return false;
	return true;
}

/* Nothing is recorded: a CPU that did would wait for the lock, too, and nobody would let it go. */
TEST_F(module, state_is_readable_while_the_pools_lock_is_held)
{
	struct exptrace_start start = start_small();
	static struct state before, held, after;
	bool was_held;
	int status;
	pid_t pid;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	ASSERT_EQ(0, try_start(self->control, start));
	syscall(SYS_delete_module, "exptrace_holder", 0);
	if (access("/sys/kernel/debug/kprobes", F_OK))
		SKIP(return, "the kernel has no kprobes");
	ASSERT_EQ(0, module_load_helper("exptrace_holder.ko", "cpu=1"));
	ASSERT_EQ(0, pin_to(0));
	ASSERT_EQ(0, state_read(&before));
	ASSERT_EQ(1, state_number(&before, "lists_read"));
	pid = fork_holder();
	was_held = lock_is_held();
	EXPECT_EQ(0, state_read(&held));
	EXPECT_TRUE(was_held);
	EXPECT_TRUE(holder_is("Y"));
	EXPECT_EQ(0, write_file(HOLDER "release", "1"));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, state_number(&held, "pool_locked"));
	EXPECT_EQ(0, state_number(&held, "lists_read"));
	EXPECT_EQ(0, held.nr);
	EXPECT_EQ(state_number(&before, "full"), state_number(&held, "full"));
	EXPECT_EQ(state_number(&before, "generations"), state_number(&held, "generations"));
	EXPECT_EQ(0, state_read(&after));
	EXPECT_EQ(1, state_number(&after, "lists_read"));
	EXPECT_EQ(before.nr, after.nr);
	EXPECT_EQ(0, syscall(SYS_delete_module, "exptrace_holder", 0));
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

TEST_F(module, module_goes_while_it_records)
{
	struct exptrace_start start = start_small();

	ASSERT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_START, &start));
	close(self->control);
	self->control = -1;
	work_pingpong(50);
	EXPECT_EQ(0, module_unload());
}

TEST_HARNESS_MAIN

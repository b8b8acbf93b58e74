// SPDX-License-Identifier: GPL-2.0-only
/* Who may open /dev/exptrace and see addresses, and what each kind of open file may do. */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
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

/* Run @function in a child as a user with these capabilities: its result, or 255 if that failed. */
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

TEST_F(module, device_is_accessible_to_root_only)
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

/* Can any of the files that describe what is traced be opened? */
static int open_what_is_traced(void)
{
	return open(SYSFS "events", O_RDONLY) >= 0 || open(SYSFS "filter", O_RDONLY) >= 0 ||
	       open(EVENTS_PARAMETER, O_RDONLY) >= 0;
}

/* Can the files that report whether a recording is on, and how far it is, be read? */
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

TEST_F(module, description_of_what_is_traced_is_for_root_only)
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

/* Start as the caller: 100, plus 1 if addresses are recorded. */
static int start_and_report(void)
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

TEST_F(module, addresses_are_for_those_who_may_see_them)
{
	char old[16];

	read_file("/proc/sys/kernel/kptr_restrict", old, sizeof(old));
	ASSERT_EQ(0, chmod(EXPTRACE_DEVICE, 0666));
	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "1"));
	EXPECT_EQ(100, as_user(CAP_BIT(CAP_PERFMON), start_and_report));
	EXPECT_EQ(101, as_user(CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_SYSLOG), start_and_report));
	EXPECT_EQ(101, start_and_report());
	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "2"));
	EXPECT_EQ(100, start_and_report());
	EXPECT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", old));
}

/* The errno of reading a whole recording; 0 if it can be read. */
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

/*
 * The errno of taking the first batch, because a batch contains addresses, too; 0 if it can be
 * taken.
 */
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

/* The errno of mapping the pool; 0 if it can be mapped. */
static int map_errno(void)
{
	int fd = device_open(O_RDONLY), err;

	if (fd < 0)
		return 254;
	err = mmap(NULL, device_info(fd).pool_size, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? errno : 0;
	close(fd);
	return err;
}

/* Readers who may not see addresses cannot read what root recorded (invariant 12). */
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

TEST_F(module, control_descriptor_controls_but_does_not_read)
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

TEST_F(module, control_descriptor_cannot_TAKE_or_GIVE)
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

TEST_F(module, read_fails_with_EBUSY_while_a_batch_is_taken)
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
	/* The next reader gets it again. */
	close(self->reader);
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	EXPECT_EQ(0, drain_and_parse(self->reader, &stream));
	stream_free(&stream);
}

TEST_F(module, reading_descriptor_does_not_control)
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

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* Log lines and markers: text from the kernel log and from programs. */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "recording.h"

TEST_F(module, log_lines_are_recorded_as_text)
{
	char text[64], line[1024];
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0, found = 0;

	snprintf(text, sizeof(text), "exptrace selftest of %d", getpid());
	memset(line, 'x', sizeof(line));
	memcpy(line, text, strlen(text));
	line[900] = '\0';
	ASSERT_EQ(0, record_only(self->control, "console", NULL));
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_EQ(0, write_file("/dev/kmsg", text));
	ASSERT_EQ(0, write_file("/dev/kmsg", line));
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_CONSOLE, 0, &at))) {
		if (!strcmp(e->arg[0].string, text))
			found |= 1;
		if (!strcmp(e->arg[0].string, line))
			found |= 2;
	}
	EXPECT_EQ(3, found);
	recording_free(&r);
}

/* Log lines may contain addresses (invariant 12). */
TEST_F(module, log_lines_are_for_those_who_may_see_addresses)
{
	struct recording r = {};
	char old[16];

	read_file("/proc/sys/kernel/kptr_restrict", old, sizeof(old));
	ASSERT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", "2"));
	ASSERT_EQ(0, record_only(self->control, "console", NULL));
	EXPECT_EQ(0, recording_start(self->control));
	EXPECT_EQ(0, device_info(self->control).addresses);
	EXPECT_EQ(0, write_file("/dev/kmsg", "exptrace selftest"));
	EXPECT_EQ(7, write(self->control, "marker\n", 7));
	EXPECT_EQ(0, write_file("/proc/sys/kernel/kptr_restrict", old));
	STOP_AND_DECODE(&r);
	/* Only the marker. */
	EXPECT_EQ(1, stream_attempted(&r.stream, 0));
	recording_free(&r);
}

TEST_F(module, markers_equal_what_was_written)
{
	struct exptrace_mark mark = { .kind = EXPTRACE_MARK_BEGIN, .length = 6, .text = (uintptr_t)"region" };
	struct exptrace_mark bad[] = {
		{ .kind = 4 }, { .length = EXPTRACE_STRING_MAX + 1 }, { .reserved = 1 }, { .key = 1 },
		{ .key_length = 1 }, { .kind = EXPTRACE_MARK_LOG, .key_length = EXPTRACE_STRING_MAX + 1 },
		{ .kind = EXPTRACE_MARK_LOG, .reserved = 1 },
	};
	static const char *const said[] = { "hello", "no newline", "", "%s\x01\xff" };
	char line[2 * EXPTRACE_STRING_MAX];
	const struct stream_event *e;
	struct recording r = {};
	size_t at = 0, i;

	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	EXPECT_EQ(-1, write(self->control, "x", 1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, recording_start(self->control));
	EXPECT_EQ(6, write(self->control, "hello\n", 6));
	EXPECT_EQ(10, write(self->control, "no newline", 10));
	EXPECT_EQ(1, write(self->control, "\n", 1));
	EXPECT_EQ(4, write(self->control, "%s\x01\xff", 4));
	EXPECT_EQ(0, write(self->control, "", 0));
	EXPECT_EQ(-1, syscall(SYS_write, self->control, 8, 5));
	EXPECT_EQ(EFAULT, errno);
	/* Text that is too long is truncated. */
	memset(line, 'x', sizeof(line));
	EXPECT_EQ(EXPTRACE_STRING_MAX, write(self->control, line, sizeof(line)));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	mark.kind = EXPTRACE_MARK_END;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_MARK, &bad[i]));
	mark.text = 8;
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	STOP_AND_DECODE(&r);

	for (i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		e = next_of(&r, EXPTRACE_EVENT_MARKER, getpid(), &at);
		ASSERT_NE(NULL, e);
		EXPECT_STREQ(said[i], e->arg[0].string);
	}
	e = next_of(&r, EXPTRACE_EVENT_MARKER, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_STRING_MAX, strspn(e->arg[0].string, "x"));
	e = next_of(&r, EXPTRACE_EVENT_MARKER_BEGIN, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ("region", e->arg[0].string);
	e = next_of(&r, EXPTRACE_EVENT_MARKER_END, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ("region", e->arg[0].string);
	EXPECT_EQ(7, stream_attempted(&r.stream, 0));
	recording_free(&r);
}

/* Including the largest value, which must fit in a batch. */
TEST_F(module, logged_values_have_their_keys)
{
	struct exptrace_mark mark = {
		.kind = EXPTRACE_MARK_LOG, .length = 5, .text = (uintptr_t)"value",
		.key_length = 3, .key = (uintptr_t)"key",
	};
	const struct stream_event *e;
	struct recording r = {};
	char key[EXPTRACE_STRING_MAX], value[EXPTRACE_STRING_MAX];
	size_t at = 0;

	EXPECT_EQ(-EINVAL, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	ASSERT_EQ(0, record_only(self->control, NULL));
	ASSERT_EQ(0, recording_start(self->control));
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	mark.length = mark.key_length = 0;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	memset(key, 'k', sizeof(key));
	memset(value, 'v', sizeof(value));
	mark.key_length = sizeof(key);
	mark.length = sizeof(value);
	mark.key = (uintptr_t)key;
	mark.text = (uintptr_t)value;
	EXPECT_EQ(0, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	mark.key = 8;
	EXPECT_EQ(-EFAULT, device_ioctl(self->control, EXPTRACE_IOC_MARK, &mark));
	STOP_AND_DECODE(&r);

	e = next_of(&r, EXPTRACE_EVENT_MARKER_LOG, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ("key", e->arg[0].string);
	EXPECT_STREQ("value", e->arg[1].string);
	e = next_of(&r, EXPTRACE_EVENT_MARKER_LOG, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_STREQ("", e->arg[0].string);
	EXPECT_STREQ("", e->arg[1].string);
	e = next_of(&r, EXPTRACE_EVENT_MARKER_LOG, getpid(), &at);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(EXPTRACE_STRING_MAX, strspn(e->arg[0].string, "k"));
	EXPECT_EQ(EXPTRACE_STRING_MAX, strspn(e->arg[1].string, "v"));
	EXPECT_EQ(3, stream_attempted(&r.stream, 0));
	recording_free(&r);
}

TEST_HARNESS_MAIN

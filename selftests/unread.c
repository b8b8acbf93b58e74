// SPDX-License-Identifier: GPL-2.0-only
/* What happens to data that no reader has read to its end. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "read.h"

/*
 * A batch that a reader got in part is delivered from its beginning to the next reader; nothing is
 * lost and nothing is delivered twice.
 */
TEST_F(module, next_reader_restarts_at_the_partly_read_batch)
{
	static const size_t read_first[] = { 16, 17, 100, 5000, 12345 };
	struct stream_batch batch;
	size_t i;

	for (i = 0; i < sizeof(read_first) / sizeof(read_first[0]); i++) {
		struct stream stream = {};
		struct bytes first = {}, second = {};
		size_t left = read_first[i], cut;

		ASSERT_EQ(0, start(self->control, 0));
		ASSERT_LT(0, work_pingpong(ROUNDS));
		ASSERT_EQ(0, stop(self->control));
		self->reader = device_open(O_RDONLY);
		ASSERT_LE(0, self->reader);
		while (left) {
			ssize_t n = bytes_read(&first, self->reader, left);

			ASSERT_LT(0, n);
			left -= n;
		}
		close(self->reader);
		self->reader = device_open(O_RDONLY);
		ASSERT_LE(0, self->reader);
		ASSERT_EQ(0, bytes_drain(&second, self->reader, 65536));
		close(self->reader);
		self->reader = -1;

		ASSERT_EQ(0, stream_parse(&stream, first.data, first.size)) {
			TH_LOG("first file: %s", stream.error);
		}
		cut = stream.cut;
		ASSERT_LT(EXPTRACE_HEADER_SIZE, second.size);
		ASSERT_LT(0, stream_batch_at(second.data + EXPTRACE_HEADER_SIZE, second.size - EXPTRACE_HEADER_SIZE, &batch));
		EXPECT_EQ(0, memcmp(first.data + first.size - cut, second.data + EXPTRACE_HEADER_SIZE, cut));
		/* Parsing fails unless the ledger adds up over both files. */
		ASSERT_EQ(0, stream_parse(&stream, second.data, second.size)) {
			TH_LOG("read %zu first, %zu bytes cut: %s", read_first[i], cut, stream.error);
		}
		EXPECT_EQ(0, stream.cut);
		EXPECT_TRUE(is_one_whole_generation(&stream));
		EXPECT_EQ(0, stream_lost_needlessly(&stream));
		bytes_free(&first);
		bytes_free(&second);
		stream_free(&stream);
	}
}

TEST_F(module, unread_recording_is_dropped_only_on_request)
{
	struct stream stream = {};
	uint64_t generation;

	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(-EBUSY, start(self->control, 0));
	EXPECT_EQ(0, device_info(self->control).state);
	ASSERT_EQ(0, start(self->control, EXPTRACE_START_DISCARD));
	generation = device_info(self->control).generation;
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	ASSERT_EQ(1, stream.nr_generations);
	EXPECT_EQ(generation, stream.generations[0].number);
	EXPECT_EQ(0, start(self->control, 0));
	EXPECT_EQ(0, stop(self->control));
	stream_free(&stream);
}

/*
 * An open file reads one recording: at its end it stays at the end, and the next recording needs a
 * new open file.
 */
TEST_F(module, file_at_the_end_stays_there)
{
	struct stream stream = {};
	struct bytes bytes = {};
	size_t size;

	ASSERT_EQ(0, start(self->control, 0));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
	size = bytes.size;
	ASSERT_EQ(0, start(self->control, 0));
	EXPECT_EQ(0, bytes_read(&bytes, self->reader, 65536));
	ASSERT_LT(0, work_pingpong(20));
	ASSERT_EQ(0, stop(self->control));
	EXPECT_EQ(0, bytes_read(&bytes, self->reader, 65536));
	EXPECT_EQ(size, bytes.size);
	close(self->reader);
	self->reader = -1;
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_EQ(1, stream.nr_generations);
	EXPECT_TRUE(stream.generations[0].whole);
	EXPECT_LE(40, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	bytes_free(&bytes);
	stream_free(&stream);
}

/*
 * A reader with a partly read batch closes after DISCARD: a new recording can start, and nothing
 * warns.
 */
TEST_F(module, DISCARD_and_close_with_a_partly_read_batch)
{
	struct stream stream = {};
	struct bytes bytes = {};
	int err;

	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_EQ(0, stop(self->control));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(20, bytes_read(&bytes, self->reader, 20));
	err = start(self->control, EXPTRACE_START_DISCARD);
	EXPECT_TRUE(!err || err == -EBUSY);
	close(self->reader);
	self->reader = -1;
	if (err) {
		ASSERT_EQ(0, start(self->control, EXPTRACE_START_DISCARD));
	}
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(is_one_whole_generation(&stream));
	bytes_free(&bytes);
	stream_free(&stream);
}

/*
 * DISCARD while a reader has a partly read batch: all or nothing is dropped, and a new recording
 * can start.
 */
TEST_F(module, DISCARD_while_a_batch_is_being_read)
{
	struct stream stream = {};
	struct bytes bytes = {};
	int err;

	ASSERT_EQ(0, start(self->control, 0));
	ASSERT_LT(0, work_pingpong(ROUNDS));
	ASSERT_EQ(0, stop(self->control));
	self->reader = device_open(O_RDONLY);
	ASSERT_LE(0, self->reader);
	ASSERT_EQ(100, bytes_read(&bytes, self->reader, 100));
	err = start(self->control, EXPTRACE_START_DISCARD);
	if (err) {
		/* Refused, so nothing may be missing. */
		EXPECT_EQ(-EBUSY, err);
		ASSERT_EQ(0, bytes_drain(&bytes, self->reader, 65536));
		ASSERT_EQ(0, stream_parse(&stream, bytes.data, bytes.size)) {
			TH_LOG("%s", stream.error);
		}
		EXPECT_TRUE(stream.nr_generations == 1 && stream.generations[0].ended);
	}
	close(self->reader);
	self->reader = -1;
	stream_free(&stream);
	if (err) {
		ASSERT_EQ(0, start(self->control, 0));
	}
	ASSERT_EQ(0, stop(self->control));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(is_one_whole_generation(&stream));
	bytes_free(&bytes);
	stream_free(&stream);
}

TEST_F(module, STOP_ON_CLOSE_stops_at_the_last_close)
{
	struct stream stream = {};
	int fd = device_open(O_WRONLY), copy;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, start(fd, EXPTRACE_START_STOP_ON_CLOSE));
	copy = dup(fd);
	close(fd);
	EXPECT_EQ(1, device_info(self->control).state);
	close(copy);
	EXPECT_EQ(0, device_info(self->control).state);
	/* Unread data can still be read. */
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_TRUE(stream.nr_generations == 1 && stream.generations[0].ended);
	stream_free(&stream);
	/* It does not affect another file's recording. */
	fd = device_open(O_WRONLY);
	ASSERT_EQ(0, start(self->control, 0));
	close(fd);
	EXPECT_EQ(1, device_info(self->control).state);
	EXPECT_EQ(0, stop(self->control));
}

TEST_F(module, killed_recorder_leaves_nothing_running)
{
	struct stream stream = {};
	pid_t pid = fork();

	if (!pid) {
		int fd = device_open(O_RDWR);

		if (start(fd, EXPTRACE_START_STOP_ON_CLOSE))
			_exit(1);
		for (;;)
			pause();
	}
	ASSERT_TRUE(WAIT_FOR(device_info(self->control).state == EXPTRACE_STATE_RECORDING));
	ASSERT_LT(0, work_pingpong(50));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_TRUE(WAIT_FOR(device_info(self->control).state == EXPTRACE_STATE_STOPPED));
	ASSERT_EQ(0, drain_into(&stream, 65536)) {
		TH_LOG("%s", stream.error);
	}
	EXPECT_LE(100, stream_count(&stream, 0, EXPTRACE_EVENT_SCHED_SWITCH, 0));
	stream_free(&stream);
}

TEST_HARNESS_MAIN

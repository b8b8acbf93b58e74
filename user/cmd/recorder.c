// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies the device to a file while it records.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "recorder.h"

#define RECORDER_BUFFER	(1024 * 1024)

int recorder_init(struct recorder *recorder)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	recorder->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (recorder->signals < 0)
		return -errno;
	recorder->buffer = malloc(RECORDER_BUFFER);
	return recorder->buffer ? 0 : -ENOMEM;
}

void recorder_uninit(struct recorder *recorder)
{
	free(recorder->buffer);
	if (recorder->signals >= 0)
		close(recorder->signals);
}

static void write_all(struct recorder *recorder, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(recorder->fd, recorder->buffer + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			recorder->write_error = n < 0 ? -errno : -EIO;
			return;
		}
		done += (size_t)n;
		recorder->bytes += (uint64_t)n;
	}
}

/* Copies what one read gives; the device does not block. */
static void copy_once(struct recorder *recorder)
{
	ssize_t n = read(exptrace_device_fd(recorder->device), recorder->buffer, RECORDER_BUFFER);

	if (n > 0)
		write_all(recorder, (size_t)n);
	else if (n == 0)
		recorder->ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		recorder->read_error = -errno;
}

static bool has_failed(const struct recorder *recorder)
{
	return recorder->read_error || recorder->write_error;
}

static void take_signals(struct recorder *recorder, struct target *target)
{
	struct signalfd_siginfo info;

	while (read(recorder->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			target_reap(target);
		else
			recorder->interrupted = true;
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The timeout of poll(2) until @deadline; 0: none. */
static int time_left(uint64_t deadline)
{
	uint64_t now = now_ms();

	if (!deadline)
		return -1;
	if (now >= deadline)
		return 0;
	return deadline - now > 1000000 ? 1000000 : (int)(deadline - now);
}

void recorder_run(struct recorder *recorder, struct target *target, uint64_t ms)
{
	uint64_t deadline = ms ? now_ms() + ms : 0;
	struct pollfd fds[] = {
		{ .fd = exptrace_device_fd(recorder->device), .events = POLLIN },
		{ .fd = recorder->signals, .events = POLLIN },
	};

	while (!recorder->ended && !recorder->interrupted && !target->done &&
	       !has_failed(recorder)) {
		int left = time_left(deadline);

		if (!left)
			break;
		if (poll(fds, 2, left) <= 0)
			continue;
		if (fds[1].revents)
			take_signals(recorder, target);
		if (fds[0].revents)
			copy_once(recorder);
	}
}

void recorder_drain(struct recorder *recorder)
{
	struct pollfd fd = { .fd = exptrace_device_fd(recorder->device), .events = POLLIN };

	while (!recorder->ended && !has_failed(recorder)) {
		poll(&fd, 1, -1);
		copy_once(recorder);
	}
}

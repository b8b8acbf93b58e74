// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies the device to a file while it records.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "recorder.h"

/* how often it is looked whether someone else has stopped a flight recording, in ms */
#define FLIGHT_CHECK	1000

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
	signal(SIGXFSZ, SIG_IGN);
	recorder->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return recorder->signals < 0 ? -errno : 0;
}

void recorder_uninit(struct recorder *recorder)
{
	if (recorder->signals >= 0)
		close(recorder->signals);
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

/* The timeout of poll(2) until @deadline, but at most @max; -1: none; 0: it is over. */
static int time_left(uint64_t deadline, int max)
{
	uint64_t now = now_ms();

	if (!deadline)
		return max;
	if (now >= deadline)
		return 0;
	return max >= 0 && deadline - now > (uint64_t)max ? max :
	       deadline - now > 1000000 ? 1000000 : (int)(deadline - now);
}

static bool is_recording(const struct recorder *recorder)
{
	struct exptrace_info info;

	return exptrace_device_info(recorder->device, &info) ||
	       info.state == EXPTRACE_STATE_RECORDING;
}

void recorder_run(struct recorder *recorder, struct target *target, uint64_t ms)
{
	uint64_t deadline = ms ? now_ms() + ms : 0;
	struct pollfd fds[] = {
		{ .fd = recorder->signals, .events = POLLIN },
		{ .fd = exptrace_device_fd(recorder->device), .events = POLLIN },
	};
	struct stream *stream = &recorder->stream;

	while (!stream->ended && !recorder->interrupted && !target->done &&
	       !stream_has_failed(stream)) {
		int left = time_left(deadline, recorder->flight ? FLIGHT_CHECK : -1);

		if (!left)
			break;
		/* a flight recorder leaves in the pool what is there */
		if (poll(fds, recorder->flight ? 1 : 2, left) <= 0) {
			if (recorder->flight && !is_recording(recorder))
				break;
			continue;
		}
		if (fds[0].revents)
			take_signals(recorder, target);
		if (fds[1].revents)
			stream_copy(stream);
	}
}

void recorder_drain(struct recorder *recorder)
{
	struct pollfd fd = { .fd = exptrace_device_fd(recorder->device), .events = POLLIN };
	struct stream *stream = &recorder->stream;

	while (!stream->ended && !stream_has_failed(stream)) {
		poll(&fd, 1, -1);
		stream_copy(stream);
	}
}

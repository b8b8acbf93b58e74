// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies the device to a file while recording.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "recorder.h"
#include "signals.h"

/* How often to check whether someone else has stopped a flight recording, in ms */
#define FLIGHT_CHECK	1000
/* How often to interrupt a write that blocks, in microseconds */
#define STALL_CHECK_US	50000

static void on_alarm(int number)
{
	(void)number;
}

int recorder_init(struct recorder *recorder)
{
	/* without SA_RESTART: writes must return */
	struct sigaction action = { .sa_handler = on_alarm };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* a signalfd reports ignored signals, too, once they are blocked */
	if (!signals_ignored(SIGHUP))
		sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGALRM, &action, NULL);
	/* if it were ignored, children would leave no exit code */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	recorder->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return recorder->signals < 0 ? -errno : 0;
}

void recorder_uninit(struct recorder *recorder)
{
	if (recorder->signals >= 0)
		close(recorder->signals);
}

static void read_signals(struct recorder *recorder)
{
	struct signalfd_siginfo info;

	while (read(recorder->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			target_reap(&recorder->target);
		} else {
			recorder->impatient |= recorder->ended;
			recorder->interrupted = true;
		}
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The timeout for poll(2) until @deadline (0: it passed), at most @max (-1: no limit). */
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

static bool still_recording(const struct recorder *recorder)
{
	struct exptrace_info info;

	return exptrace_device_info(recorder->device, &info) ||
	       info.state == EXPTRACE_STATE_RECORDING;
}

/* Should the recording end? */
static bool is_over(const struct recorder *recorder)
{
	return recorder->interrupted || recorder->target.done ||
	       !time_left(recorder->deadline, -1);
}

static void end_recording(struct recorder *recorder)
{
	if (recorder->ended)
		return;
	recorder->ended = true;
	recorder->end_result = recorder->end(recorder->end_arg);
	recorder->progress_ms = now_ms();
}

static bool is_out_of_patience(struct recorder *recorder)
{
	if (recorder->taken != recorder->stream.taken) {
		recorder->taken = recorder->stream.taken;
		recorder->progress_ms = now_ms();
	}
	return recorder->impatient ||
	       now_ms() - recorder->progress_ms >= RECORDER_PATIENCE * 1000;
}

/*
 * Other processes may share the pipe: making it non-blocking would affect them, and what
 * poll(2) reports may be outdated. A timer that interrupts blocking writes works with any
 * file.
 */
static void interrupt_writes(bool on)
{
	const struct itimerval timer = {
		{ 0, on ? STALL_CHECK_US : 0 }, { 0, on ? STALL_CHECK_US : 0 },
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Called when a write was interrupted. End the recording if it is time, without waiting. */
static bool recorder_give_up(void *arg)
{
	struct recorder *recorder = arg;

	read_signals(recorder);
	if (is_over(recorder) && !recorder->ended) {
		/* the timer would interrupt the device's calls, too */
		interrupt_writes(false);
		end_recording(recorder);
		interrupt_writes(true);
	}
	return recorder->ended && is_out_of_patience(recorder);
}

/* Replace an older trace only when this one can be read. */
static void place_file(struct recorder *recorder)
{
	if (recorder->stream.complete && recorder->may_place && !recorder->misplaced)
		recorder->misplaced = outfile_place(&recorder->file, true) != 0;
}

/* Wait for data, and end the recording if it is time. */
static void wait_for_data(struct recorder *recorder)
{
	struct pollfd fds[] = {
		{ .fd = exptrace_device_fd(recorder->device), .events = POLLIN },
		{ .fd = recorder->signals, .events = POLLIN },
	};

	while (!recorder->ended && !is_over(recorder)) {
		if (poll(fds, 2, time_left(recorder->deadline, -1)) <= 0)
			continue;
		if (fds[1].revents)
			read_signals(recorder);
		if (fds[0].revents)
			return;
	}
	end_recording(recorder);
	if (!recorder->end_result)
		poll(fds, 1, -1);
}

/* Called between rounds of the drain */
static bool recorder_go_on(void *arg)
{
	struct recorder *recorder = arg;

	interrupt_writes(false);
	place_file(recorder);
	wait_for_data(recorder);
	if (!recorder->stream.regular)
		interrupt_writes(true);
	return !recorder->end_result;
}

void recorder_begin(struct recorder *recorder)
{
	stream_begin(&recorder->stream, recorder->file.fd);
	recorder->stream.go_on = recorder_go_on;
	recorder->stream.give_up = recorder_give_up;
	recorder->stream.arg = recorder;
	/* while the pool is mapped, nobody can start another recording */
	exptrace_device_map(recorder->device);
}

static int recorder_drain(struct recorder *recorder)
{
	stream_drain(&recorder->stream, recorder->device);
	interrupt_writes(false);
	place_file(recorder);
	end_recording(recorder);
	return recorder->end_result;
}

/* A flight recording stays in the pool until it ends. */
static void wait_until_over(struct recorder *recorder)
{
	struct pollfd fd = { .fd = recorder->signals, .events = POLLIN };

	while (!is_over(recorder)) {
		if (poll(&fd, 1, time_left(recorder->deadline, FLIGHT_CHECK)) > 0)
			read_signals(recorder);
		else if (!still_recording(recorder))
			return;
	}
}

int recorder_finish(struct recorder *recorder)
{
	end_recording(recorder);
	if (!recorder->end_result)
		recorder_drain(recorder);
	return recorder->end_result;
}

int recorder_run(struct recorder *recorder, uint64_t ms)
{
	recorder->deadline = ms ? now_ms() + ms : 0;
	recorder->may_place = true;
	if (!recorder->flight)
		return recorder_drain(recorder);
	wait_until_over(recorder);
	return recorder_finish(recorder);
}

void recorder_wait(struct recorder *recorder)
{
	struct pollfd fd = { .fd = recorder->signals, .events = POLLIN };
	struct target *target = &recorder->target;

	while (target->pid && !target->done) {
		if (recorder->interrupted)
			kill(target->pid, SIGTERM);
		recorder->interrupted = false;
		poll(&fd, 1, -1);
		read_signals(recorder);
	}
}

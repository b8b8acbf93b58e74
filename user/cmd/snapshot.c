// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace snapshot: writes what the pool holds to a file, while recording goes on.
 *
 * The file gets its name when it is complete. An incomplete one keeps its temporary name.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cmd.h"
#include "explain.h"
#include "outfile.h"
#include "signals.h"
#include "stream.h"

#define NSIGNALS	3
/* How often to interrupt the wait again after a signal, in microseconds */
#define AGAIN_US	100000

struct snapshot {
	const char *path;	/* the file to write */
	struct outfile file;
	bool wait;
	uint64_t latency_us;	/* 0: none */

	struct exptrace_device *device;
	struct stream stream;
	uint64_t first, last;	/* the generations that the kernel holds for it */
};

static volatile sig_atomic_t interrupted;

static void snapshot_on_signal(int signal)
{
	if (signal != SIGALRM)
		interrupted = signal;
}

/*
 * Signals interrupt the wait, except for one that comes just before it. So after the first
 * signal, a timer interrupts the wait again and again.
 */
static void on_first_signal(int signal)
{
	static const struct itimerval again = {
		{ 0, AGAIN_US }, { 0, AGAIN_US },
	};

	snapshot_on_signal(signal);
	setitimer(ITIMER_REAL, &again, NULL);
}

static void snapshot_catch_signals(void)
{
	static const int signals[NSIGNALS] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_first_signal };
	size_t i;

	for (i = 0; i < NSIGNALS; i++)
		if (signals[i] != SIGHUP || !signals_ignored(SIGHUP))
			sigaction(signals[i], &action, NULL);
	action.sa_handler = snapshot_on_signal;
	sigaction(SIGALRM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int take_error(const struct snapshot *snapshot, int err)
{
	struct exptrace_info info;

	/* while it records, a pool that is too small may hold no complete generation */
	if (err == -EAGAIN && !exptrace_device_info(snapshot->device, &info) &&
	    info.state == EXPTRACE_STATE_RECORDING)
		return problem("cannot snapshot: no generation is complete, and there is no room "
			       "to complete one; in stream mode read first, in flight mode ask "
			       "for a larger --pool");
	if (err == -ECANCELED)
		return problem("no snapshot was taken: recording stopped before the trigger fired");
	return explain_control(err, "snapshot");
}

static int wait_and_hold(struct snapshot *snapshot)
{
	int err = -EINTR;

	while (err == -EINTR && !interrupted)
		err = exptrace_device_snapshot(snapshot->device,
					       snapshot->wait ? EXPTRACE_SNAPSHOT_WAIT : 0,
					       &snapshot->first, &snapshot->last);
	if (err == -EINTR)
		return problem("interrupted: no snapshot was taken");
	return err ? take_error(snapshot, err) : EXIT_OK;
}

static int explain_latency(const struct snapshot *snapshot, int err)
{
	unsigned long long us = snapshot->latency_us;

	if (err == -EINVAL)
		return problem("--latency %llu: cannot wait for more than an hour", us);
	if (err == -ENOENT)
		return problem("--latency %llu: this kernel lacks a tracepoint for it", us);
	return explain_control(err, "set the latency");
}

/*
 * Make the kernel hold what will be written. With --wait, wait for the trigger first;
 * --latency sets its threshold meanwhile.
 */
static int take_snapshot(struct snapshot *snapshot)
{
	struct exptrace_info info;
	int err, ret;

	if (snapshot->wait && !exptrace_device_info(snapshot->device, &info) &&
	    info.state != EXPTRACE_STATE_RECORDING)
		return explain_control(-EINVAL, "wait for a trigger");
	if (!snapshot->latency_us)
		return wait_and_hold(snapshot);
	err = exptrace_device_set_trigger(snapshot->device, snapshot->latency_us);
	if (err)
		return explain_latency(snapshot, err);
	ret = wait_and_hold(snapshot);
	/* now: closing the device would do it, but only after the copy */
	err = exptrace_device_set_trigger(snapshot->device, 0);
	if (err)
		explain_control(err, "unset the latency");
	return ret;
}

/* An incomplete snapshot is kept if it can be read. The recorder still has all of it. */
static int report_failure(struct snapshot *snapshot)
{
	const struct stream *stream = &snapshot->stream;

	/* another attempt would fail, too */
	if (stream->read_error == -EPERM && !stream->complete) {
		outfile_discard(&snapshot->file);
		return explain_read(stream->read_error);
	}
	if (stream->write_error && stream->write_error != -EINTR)
		write_problem(snapshot->file.name, stream->write_error);
	else if (stream->read_error)
		explain_read(stream->read_error);
	else
		problem("interrupted while writing");
	if (stream->complete || !snapshot->file.temporary)
		return problem("generations %llu to %llu, %llu of them complete, are in %s; take "
			       "another snapshot soon, the recorder has up to %llu until it needs "
			       "the room", (unsigned long long)stream->first,
			       (unsigned long long)stream->last,
			       (unsigned long long)stream->complete,
			       outfile_present_name(&snapshot->file),
			       (unsigned long long)snapshot->last);
	outfile_discard(&snapshot->file);
	return problem("nothing of it is kept; take another snapshot soon, the recorder has it "
		       "until it needs the room");
}

static int report_success(struct snapshot *snapshot)
{
	const struct stream *stream = &snapshot->stream;

	if (outfile_place(&snapshot->file, false))
		return EXIT_PROBLEM;
	problem("%llu generation%s, %llu to %llu, %llu bytes to %s, %llu events lost",
		(unsigned long long)stream->complete, stream->complete == 1 ? "" : "s",
		(unsigned long long)snapshot->first, (unsigned long long)snapshot->last,
		(unsigned long long)stream->bytes, snapshot->file.name,
		(unsigned long long)stream->lost);
	return EXIT_OK;
}

/* A reader that has stopped reading need not be waited for: the device keeps everything. */
static bool snapshot_give_up(void *arg)
{
	(void)arg;
	return interrupted;
}

static bool snapshot_go_on(void *arg)
{
	(void)arg;
	return !interrupted;
}

/* A file system may report only at fsync(2) or close(2) that there is no room. */
static void copy_snapshot(struct snapshot *snapshot)
{
	struct stream *stream = &snapshot->stream;
	int err;

	stream_begin(stream, snapshot->file.fd);
	stream->go_on = snapshot_go_on;
	stream->give_up = snapshot_give_up;
	stream_drain(stream, snapshot->device);
	if (stream->ended && stream->regular && fsync(stream->fd) && errno != EINVAL)
		stream->write_error = -errno;
	err = outfile_close(&snapshot->file);
	if (err && !stream->write_error)
		stream->write_error = err;
}

static int write_snapshot(struct snapshot *snapshot)
{
	const struct stream *stream = &snapshot->stream;

	copy_snapshot(snapshot);
	return stream->ended && !stream_has_failed(stream) ? report_success(snapshot) :
							     report_failure(snapshot);
}

/* Open the file first, rather than fail after a long wait. */
static int snapshot_run(struct snapshot *snapshot)
{
	int ret = outfile_find(&snapshot->file, snapshot->path);

	if (!ret) {
		snapshot_catch_signals();
		ret = outfile_create(&snapshot->file, 0600);
	}
	if (!ret) {
		ret = take_snapshot(snapshot);
		if (ret)
			outfile_discard(&snapshot->file);
		else
			ret = write_snapshot(snapshot);
	}
	outfile_uninit(&snapshot->file);
	return ret;
}

enum { OPT_WAIT = 256, OPT_LATENCY };

static const struct option options[] = {
	{ "output",	required_argument,	NULL, 'o' },
	{ "wait",	no_argument,		NULL, OPT_WAIT },
	{ "latency",	required_argument,	NULL, OPT_LATENCY },
	{ "help",	no_argument,		NULL, 'h' },
	{ 0 }
};

/* An hour: the limit of exptrace_device_set_trigger() */
#define LATENCY_MAX	3600000000

static int snapshot_parse(struct snapshot *snapshot, int argc, char **argv)
{
	int c;

	while ((c = next_option(&command_snapshot, argc, argv, ":o:h", options)) >= 0) {
		if (c == 'o')
			snapshot->path = optarg;
		snapshot->wait |= c == OPT_WAIT || c == OPT_LATENCY;
		if (c == OPT_LATENCY && !parse_number(optarg, 1, LATENCY_MAX, &snapshot->latency_us))
			return bad_value(&command_snapshot, argv,
					 "a number of microseconds, 1 to 3600000000");
	}
	return c;
}

static int run_snapshot(int argc, char **argv)
{
	struct snapshot snapshot = { 0 };
	int ret = snapshot_parse(&snapshot, argc, argv);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	if (!snapshot.path)
		return usage_error(&command_snapshot, "no -o FILE is given (- is standard output)");
	if (!no_operand(&command_snapshot, argc, argv))
		return EXIT_USAGE;
	ret = open_device(O_RDWR, &snapshot.device);
	if (!ret)
		ret = snapshot_run(&snapshot);
	exptrace_device_close(snapshot.device);
	return ret;
}

const struct command command_snapshot = {
	.name = "snapshot",
	.purpose = "Writes what the pool holds to a file, while recording goes on",
	.synopsis = "-o FILE|- [--wait] [--latency US]",
	.help =
	"  -o, --output FILE   the file to write (-: standard output)\n"
	"      --wait          wait for the trigger: 'exptrace trigger' or --latency\n"
	"      --latency US    wait until a thread runs more than US microseconds after it\n"
	"                      was woken\n"
	"\n"
	"The recorder keeps what a snapshot reads: the next one has it, too, unless the\n"
	"recorder has given it up. Only a complete snapshot replaces an older FILE.\n",
	.run = run_snapshot,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace snapshot: writes what the pool holds to a file, while recording goes on.
 *
 * The file gets its name when it is complete. What could not be completed keeps the
 * name that it had until then.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cmd.h"
#include "recorder.h"

#define NSIGNALS	3
/* how often an interrupted wait is interrupted again, in microseconds */
#define AGAIN_US	100000

struct snapshot {
	char *path;		/* where to; NULL: standard output */
	char *temporary;	/* its name until it is complete; NULL: written in place */
	bool wait;
	uint64_t latency_us;	/* 0: none */

	struct exptrace_device *device;
	struct stream stream;
	uint64_t first, last;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	if (signal != SIGALRM)
		interrupted = signal;
}

/*
 * Signals interrupt the wait. One that comes just before it would not; so from the
 * first on, an alarm comes every now and then.
 */
static void on_first_signal(int signal)
{
	static const struct itimerval again = {
		{ 0, AGAIN_US }, { 0, AGAIN_US },
	};

	on_signal(signal);
	setitimer(ITIMER_REAL, &again, NULL);
}

static void catch_signals(void)
{
	static const int signals[NSIGNALS] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_first_signal };
	size_t i;

	for (i = 0; i < NSIGNALS; i++)
		sigaction(signals[i], &action, NULL);
	action.sa_handler = on_signal;
	sigaction(SIGALRM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* Follows links, so that a link to a file stays one. */
static bool resolve_path(struct snapshot *snapshot)
{
	char *real = realpath(snapshot->path, NULL);

	if (!real)
		return errno == ENOENT;
	free(snapshot->path);
	snapshot->path = real;
	return true;
}

/* Opens what is to be written; the descriptor, or a negative errno. */
static int open_file(struct snapshot *snapshot)
{
	struct stat stat;
	int fd;

	if (!snapshot->path)
		return STDOUT_FILENO;
	if (!resolve_path(snapshot))
		return -errno;
	if (!lstat(snapshot->path, &stat) && !S_ISREG(stat.st_mode)) {
		fd = open(snapshot->path, O_WRONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	if (asprintf(&snapshot->temporary, "%s.XXXXXX", snapshot->path) < 0) {
		snapshot->temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(snapshot->temporary, O_CLOEXEC);
	if (fd >= 0)
		return fd;
	free(snapshot->temporary);
	snapshot->temporary = NULL;
	return -errno;
}

static int take_error(const struct snapshot *snapshot, int err)
{
	struct exptrace_info info;

	/* with a pool that is too small, there may be no complete generation while it records */
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

/* Holds what is to be written; waits for the trigger, with its threshold set, if asked for. */
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
	/* at once, not only when the copy is written and the device closed */
	err = exptrace_device_set_trigger(snapshot->device, 0);
	if (err)
		explain_control(err, "take back the latency");
	return ret;
}

static void copy_all(struct snapshot *snapshot)
{
	struct stream *stream = &snapshot->stream;

	while (!stream->ended && !stream_has_failed(stream) && !interrupted)
		stream_copy(stream);
	/* a file system may tell only now that there is no room */
	if (stream->ended && stream->regular && fsync(stream->fd) && errno != EINVAL)
		stream->write_error = -errno;
}

static const char *final_name(const struct snapshot *snapshot)
{
	return snapshot->path ? snapshot->path : "standard output";
}

static const char *present_name(const struct snapshot *snapshot)
{
	return snapshot->temporary ? snapshot->temporary : final_name(snapshot);
}

/* What is there of the snapshot is kept; nothing was taken away from the recorder. */
static int report_failure(struct snapshot *snapshot)
{
	const struct stream *stream = &snapshot->stream;

	/* Nothing of it could be read, and no other one could be. */
	if (stream->read_error == -EPERM && !stream->complete) {
		if (snapshot->temporary)
			unlink(snapshot->temporary);
		return explain_read(stream->read_error);
	}
	if (stream->write_error)
		write_problem(final_name(snapshot), stream->write_error);
	else if (stream->read_error)
		explain_read(stream->read_error);
	else
		problem("interrupted while writing");
	if (stream->complete || !snapshot->temporary)
		return problem("generations %llu to %llu, %llu of them complete, are in %s; take "
			       "another snapshot soon, the recorder has up to %llu until it needs "
			       "the room", (unsigned long long)stream->first,
			       (unsigned long long)stream->last,
			       (unsigned long long)stream->complete, present_name(snapshot),
			       (unsigned long long)snapshot->last);
	unlink(snapshot->temporary);
	return problem("nothing of it is kept; take another snapshot soon, the recorder has it "
		       "until it needs the room");
}

static int report_success(struct snapshot *snapshot)
{
	const struct stream *stream = &snapshot->stream;

	if (snapshot->temporary && rename(snapshot->temporary, snapshot->path))
		return problem("cannot rename %s to %s: %s; the snapshot is complete",
			       snapshot->temporary, snapshot->path, strerror(errno));
	fprintf(stderr, "exptrace: %llu generation%s, %llu to %llu, %llu bytes to %s, %llu events lost\n",
		(unsigned long long)stream->complete, stream->complete == 1 ? "" : "s",
		(unsigned long long)snapshot->first, (unsigned long long)snapshot->last,
		(unsigned long long)stream->bytes, final_name(snapshot),
		(unsigned long long)stream->lost);
	return EXIT_OK;
}

static int write_snapshot(struct snapshot *snapshot, int fd)
{
	struct stream *stream = &snapshot->stream;
	int err = stream_begin(stream, snapshot->device, fd);

	if (err) {
		stream->read_error = err;
	} else {
		copy_all(snapshot);
		stream_end(stream);
	}
	if (snapshot->path && close(fd) && !stream->write_error)
		stream->write_error = -errno;
	if (!stream->ended || stream_has_failed(stream))
		return report_failure(snapshot);
	return report_success(snapshot);
}

/* The file is opened first: a wait shall not end with a message that it cannot be. */
static int snapshot_run(struct snapshot *snapshot)
{
	int fd = open_file(snapshot), ret;

	if (fd < 0)
		return write_problem(final_name(snapshot), fd);
	ret = take_snapshot(snapshot);
	if (!ret)
		return write_snapshot(snapshot, fd);
	if (snapshot->path)
		close(fd);
	if (snapshot->temporary)
		unlink(snapshot->temporary);
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

static int snapshot_parse(struct snapshot *snapshot, const char **path, int argc, char **argv)
{
	int c;

	while ((c = next_option(&command_snapshot, argc, argv, ":o:h", options)) >= 0) {
		if (c == 'o')
			*path = optarg;
		snapshot->wait |= c == OPT_WAIT || c == OPT_LATENCY;
		if (c == OPT_LATENCY && !parse_number(optarg, 1, UINT64_MAX, &snapshot->latency_us))
			return bad_value(&command_snapshot, argv, "a number of microseconds");
	}
	return c;
}

static int run_snapshot(int argc, char **argv)
{
	struct snapshot snapshot = { 0 };
	const char *path = NULL;
	int ret = snapshot_parse(&snapshot, &path, argc, argv);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	if (!path)
		return usage_error(&command_snapshot, "no -o FILE is given (- is standard output)");
	if (!no_operand(&command_snapshot, argc, argv))
		return EXIT_USAGE;
	if (strcmp(path, "-")) {
		snapshot.path = need_memory(strdup(path), "beginning the snapshot");
	}
	catch_signals();
	ret = open_device(O_RDWR, &snapshot.device);
	if (!ret)
		ret = snapshot_run(&snapshot);
	exptrace_device_close(snapshot.device);
	free(snapshot.temporary);
	free(snapshot.path);
	return ret;
}

const struct command command_snapshot = {
	.name = "snapshot",
	.purpose = "Writes what the pool holds to a file, while recording goes on",
	.synopsis = "-o FILE|- [--wait] [--latency US]",
	.help =
	"  -o, --output FILE   where to (- is standard output)\n"
	"      --wait          wait for the trigger: 'exptrace trigger', or --latency\n"
	"      --latency US    wait until a thread runs more than US microseconds after it\n"
	"                      was woken\n"
	"\n"
	"Nothing is taken away: the next snapshot has the same, as far as the recorder has not\n"
	"given it up, and what is new. FILE is replaced only by a complete snapshot.\n",
	.run = run_snapshot,
};

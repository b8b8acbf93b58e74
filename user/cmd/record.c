// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace record: records into a file, while a command runs or for some time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "recorder.h"

struct record {
	const char *path;
	uint64_t duration_ms;
	bool follow;		/* only the command */
	char **argv;		/* of the command; NULL: none */
	struct settings settings;

	struct selection selection;
	struct recorder recorder;
	struct target target;
	int fd;			/* of the file */
	bool created;		/* it was not there before */
};

static bool is_stdout(const struct record *record)
{
	return !strcmp(record->path, "-");
}

static int record_open_file(struct record *record)
{
	int *fd = &record->fd;

	if (is_stdout(record)) {
		*fd = STDOUT_FILENO;
		return EXIT_OK;
	}
	*fd = open(record->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	record->created = *fd >= 0;
	if (*fd < 0 && errno == EEXIST)
		*fd = open(record->path, O_WRONLY | O_CLOEXEC);
	if (*fd < 0)
		return write_problem(record->path, -errno);
	return EXIT_OK;
}

/* An older trace in the file is given up only now that there is a new one. */
static void record_truncate_file(struct record *record)
{
	struct stat stat;

	if (!is_stdout(record) && !fstat(record->fd, &stat) && S_ISREG(stat.st_mode) &&
	    ftruncate(record->fd, 0))
		record->recorder.stream.write_error = -errno;
}

static void record_close_file(struct record *record, bool keep)
{
	struct stream *stream = &record->recorder.stream;

	if (is_stdout(record))
		return;
	if (close(record->fd) && !stream->write_error)
		stream->write_error = -errno;
	if (!keep && record->created)
		unlink(record->path);
}

static int record_stop(struct record *record)
{
	int err = exptrace_device_stop(record->recorder.device);

	/* -EINVAL: someone else has stopped it */
	if (err && err != -EINVAL)
		return problem("cannot stop recording: %s", strerror(-err));
	return EXIT_OK;
}

/* All figures are of what was written, but for what a flight recorder gave up whole. */
static void record_summary(struct record *record)
{
	const struct stream *stream = &record->recorder.stream;
	struct exptrace_info info = { 0 };

	fprintf(stderr, "exptrace: %llu bytes in %llu generation%s to %s, %llu events lost",
		(unsigned long long)stream->bytes, (unsigned long long)stream->generations,
		stream->generations == 1 ? "" : "s",
		is_stdout(record) ? "standard output" : record->path,
		(unsigned long long)stream->lost);
	if (!exptrace_device_info(record->recorder.device, &info) && info.evicted_generations)
		fprintf(stderr, "; %llu generation%s before with %llu events given up",
			(unsigned long long)info.evicted_generations,
			info.evicted_generations == 1 ? "" : "s",
			(unsigned long long)info.evicted_events);
	fputc('\n', stderr);
}

/* Recording is on: runs the command, copies, stops. */
static int record_run(struct record *record)
{
	struct recorder *recorder = &record->recorder;
	int ret, target_error = 0, err;

	err = stream_begin(&recorder->stream, recorder->device, record->fd);
	if (err) {
		target_abandon(&record->target);
		return problem("cannot prepare: %s", strerror(-err));
	}
	record_truncate_file(record);
	if (record->argv && !record->follow)
		target_error = target_prepare(&record->target, record->argv, is_stdout(record));
	if (record->argv && !target_error)
		target_error = target_start(&record->target, record->argv);
	if (!target_error)
		recorder_run(recorder, &record->target, record->duration_ms);
	ret = record_stop(record);
	if (!ret)
		recorder_drain(recorder);
	stream_end(&recorder->stream);
	if (!ret && !stream_has_failed(&recorder->stream))
		record_summary(record);
	return target_error ? target_error : ret;
}

/* What the recorder met on its way. */
static int record_result(const struct record *record)
{
	const struct stream *stream = &record->recorder.stream;

	if (stream->read_error)
		return explain_read(stream->read_error);
	if (stream->write_error)
		return explain_write(stream, record->path);
	return EXIT_OK;
}

static int record_to_file(struct record *record)
{
	int err, ret = record_open_file(record);

	if (ret) {
		target_abandon(&record->target);
		return ret;
	}
	err = exptrace_device_start(record->recorder.device, &record->settings.start);
	if (err) {
		target_abandon(&record->target);
		record_close_file(record, false);
		return explain_start(record->recorder.device, &record->settings.start, err);
	}
	ret = record_run(record);
	record_close_file(record, true);
	if (record_result(record))
		ret = EXIT_PROBLEM;
	target_wait(&record->target, record->recorder.interrupted);
	return ret ? ret : record->target.exit_code;
}

/* A command that is followed is made, but does not run yet. */
static int record_filtered(struct record *record)
{
	struct exptrace_device *device = record->recorder.device;
	struct filter *filter = &record->settings.filter;
	int ret = EXIT_OK;

	if (record->follow)
		ret = target_prepare(&record->target, record->argv, is_stdout(record));
	if (ret)
		return ret;
	if (record->follow)
		ret = filter_follow(filter, record->target.pid);
	if (!ret)
		ret = filter_set(filter, device);
	if (ret) {
		target_abandon(&record->target);
		return ret;
	}
	ret = record_to_file(record);
	filter_restore(filter, device);
	return ret;
}

static int record_with_device(struct record *record)
{
	int err, ret;

	err = recorder_init(&record->recorder);
	if (err) {
		ret = problem("cannot prepare: %s", strerror(-err));
	} else {
		ret = selection_set(&record->selection, record->recorder.device,
				    &record->settings.events);
		if (!ret)
			ret = selection_set_stacks(&record->selection, record->recorder.device,
						   &record->settings.stacked);
		if (!ret) {
			ret = record_filtered(record);
			selection_restore(&record->selection, record->recorder.device);
		}
	}
	recorder_uninit(&record->recorder);
	return ret;
}

enum { OPT_DURATION = OPT_OTHERS, OPT_FOLLOW };

static const struct option options[] = {
	SETTINGS_OPTIONS,
	{ "output",	required_argument,	NULL, 'o' },
	{ "duration",	required_argument,	NULL, OPT_DURATION },
	{ "follow",	no_argument,		NULL, OPT_FOLLOW },
	{ "help",	no_argument,		NULL, 'h' },
	{ 0 }
};

/* Returns false if the value is bad. */
static bool record_option(struct record *record, int c)
{
	if (c == OPT_DURATION)
		return parse_seconds(optarg, &record->duration_ms);
	if (c == 'o')
		record->path = optarg;
	if (c == OPT_FOLLOW)
		record->follow = true;
	return settings_option(&record->settings, c);
}

static int record_parse(struct record *record, int argc, char **argv)
{
	int c;

	/* + : what follows the command's name is the command's */
	while ((c = next_option(&command_record, argc, argv, "+:o:h" SETTINGS_LETTERS, options)) >= 0)
		if (!record_option(record, c))
			return bad_value(&command_record, argv, c == OPT_DURATION ?
					 "a number of seconds" : settings_wanted(c));
	if (c == -1 && optind < argc)
		record->argv = argv + optind;
	if (c == -1 && record->follow && !record->argv)
		return usage_error(&command_record, "--follow: no COMMAND is given");
	return c;
}

static int run_record(int argc, char **argv)
{
	struct record record = {
		.path = "exptrace.trace",
		.settings = { .what = "sched", .start = EXPTRACE_START_INIT },
		.recorder.signals = -1,
	};
	int ret = record_parse(&record, argc, argv);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	record.settings.start.flags |= EXPTRACE_START_STOP_ON_CLOSE;
	record.recorder.flight = record.settings.start.mode == EXPTRACE_MODE_FLIGHT;
	ret = settings_parse(&command_record, &record.settings);
	if (!ret)
		ret = open_device(O_RDWR | O_NONBLOCK, &record.recorder.device);
	if (!ret) {
		ret = record_with_device(&record);
		exptrace_device_close(record.recorder.device);
	}
	settings_uninit(&record.settings);
	return ret;
}

const struct command command_record = {
	.name = "record",
	.purpose = "Records into a file, while COMMAND runs or until it is interrupted",
	.synopsis = "[-o FILE|-] [-e WHAT] [--stacks WHAT] [--duration S] [--flight]\n"
		    "                       [--quota EXP=PERCENT[,...]] [--pool MIB] [--batch KIB]\n"
		    "                       [--period MS] [--discard] [-p PID[,...]] [--tid TID[,...]]\n"
		    "                       [--children] [--cgroup DIR] [--cpu LIST]\n"
		    "                       [--min-duration WHAT=TIME[,...]] [--follow] [-- COMMAND...]",
	.help =
	"  -o, --output FILE   where to (default: exptrace.trace; - is standard output)\n"
	"  -e, --events WHAT   what (default: sched): events, groups, experiments, a group's events\n"
	"                      ('sched:sched_*'), system calls (syscalls:openat); +a,-b\n"
	"      --duration S    stop after S seconds (decimals allowed)\n"
	"      --follow        only COMMAND, and the processes that it creates\n"
	SETTINGS_HELP
	"\n"
	"With --flight, what the pool holds at the end is written, and nothing before.\n"
	"The exit code is COMMAND's, if recording went well. 'exptrace list' shows the events.\n",
	.run = run_record,
};

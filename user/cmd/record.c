// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace record: records to a file, while a command runs or for some time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "explain.h"
#include "recorder.h"
#include "selection.h"
#include "settings.h"

struct record {
	const char *path;
	uint64_t duration_ms;
	bool follow;		/* record only the command */
	char **argv;		/* the command and its arguments; NULL: none */
	struct settings settings;

	struct selection selection;
	struct recorder recorder;
	bool begun;		/* recording, and the command, if there is one, was started */
};

static bool is_stdout(const struct record *record)
{
	return !strcmp(record->path, "-");
}

/* End the recording, and restore events and filter. */
static int record_end(void *arg)
{
	struct record *record = arg;
	struct exptrace_device *device = record->recorder.device;
	int err = exptrace_device_stop(device);

	filter_restore(&record->settings.filter, device);
	selection_restore(&record->selection, device);
	/* -EINVAL: someone else stopped it */
	if (err && err != -EINVAL)
		return problem("cannot stop recording: %s", strerror(-err));
	return EXIT_OK;
}

/* All figures count what was written, except for what a flight recorder gave up before. */
static void record_summary(struct record *record)
{
	const struct stream *stream = &record->recorder.stream;
	struct exptrace_info info = { 0 };
	char before[96] = "";

	if (!exptrace_device_info(record->recorder.device, &info) && info.evicted_generations)
		snprintf(before, sizeof(before),
			 "; %llu generation%s before with %llu events given up",
			 (unsigned long long)info.evicted_generations,
			 info.evicted_generations == 1 ? "" : "s",
			 (unsigned long long)info.evicted_events);
	problem("%llu bytes in %llu generation%s to %s, %llu events lost%s",
		(unsigned long long)stream->bytes, (unsigned long long)stream->generations,
		stream->generations == 1 ? "" : "s",
		outfile_present_name(&record->recorder.file),
		(unsigned long long)stream->lost, before);
}

/*
 * Run the command, copy, stop. If the command cannot be run, read what was recorded all the
 * same: unread, it would block the next recording.
 */
static int record_run(struct record *record)
{
	struct recorder *recorder = &record->recorder;
	int target_error = 0;

	if (record->argv && !record->follow)
		target_error = target_prepare(&recorder->target, record->argv, is_stdout(record));
	if (record->argv && !target_error)
		target_error = target_start(&recorder->target, record->argv);
	record->begun = !target_error;
	if (!target_error)
		return recorder_run(recorder, record->duration_ms);
	recorder_finish(recorder);
	return target_error;
}

/*
 * Close the file, and give it its name if that was not done. A file without a complete
 * generation does not replace an older one. Returns an exit code.
 */
static int record_close_file(struct record *record)
{
	struct recorder *recorder = &record->recorder;
	struct outfile *file = &recorder->file;
	struct stream *stream = &recorder->stream;
	int err = outfile_close(file);

	if (err && !stream->write_error)
		stream->write_error = err;
	if (!record->begun || !stream->bytes) {
		outfile_discard(file);
		return EXIT_OK;
	}
	if (recorder->misplaced)
		return EXIT_PROBLEM;
	if (!stream->complete && outfile_has_older(file))
		return problem("no generation is complete: it is in %s, and the older %s stays",
			       file->temporary, file->name);
	return outfile_place(file, true);
}

/* Report how copying went. */
static int record_result(struct record *record)
{
	const struct stream *stream = &record->recorder.stream;

	if (stream->read_error)
		return explain_read(stream->read_error);
	if (stream->write_error == -EINTR)
		return explain_stall(record->recorder.device, stream, &record->recorder.file,
				     record->recorder.impatient);
	if (stream->write_error)
		return explain_write(stream, &record->recorder.file);
	if (record->begun && !record->recorder.end_result)
		record_summary(record);
	return EXIT_OK;
}

/* Called with events and filter set. */
static int record_on_device(struct record *record)
{
	struct recorder *recorder = &record->recorder;
	struct exptrace_start *start = &record->settings.start;
	int err = exptrace_device_start(recorder->device, start), ret;

	if (err)
		return explain_start(recorder->device, start, err);
	recorder_begin(recorder);
	ret = record_run(record);
	if (record_close_file(record))
		ret = EXIT_PROBLEM;
	if (record_result(record))
		ret = EXIT_PROBLEM;
	recorder_wait(recorder);
	return ret ? ret : recorder->target.exit_code;
}

/* The process for a command to follow is created here, but does not run the command yet. */
static int record_set_filter(struct record *record)
{
	struct filter *filter = &record->settings.filter;
	struct target *target = &record->recorder.target;
	int ret = EXIT_OK;

	if (record->follow)
		ret = target_prepare(target, record->argv, is_stdout(record));
	if (!ret && record->follow)
		ret = filter_follow(filter, target->pid);
	return ret ? ret : filter_set(filter, record->recorder.device);
}

static int record_set(struct record *record)
{
	struct exptrace_device *device = record->recorder.device;
	int ret = selection_set(&record->selection, device, &record->settings.events);

	if (!ret)
		ret = selection_set_stacks(&record->selection, device, &record->settings.stacked);
	return ret ? ret : record_set_filter(record);
}

/* Called with the file open and signals blocked. */
static int record_with_file(struct record *record)
{
	struct recorder *recorder = &record->recorder;
	int ret = record_set(record);

	if (!ret)
		ret = record_on_device(record);
	if (!record->begun) {
		target_abandon(&recorder->target);
		outfile_discard(&recorder->file);
	}
	/* does nothing if the end of the recording did it */
	filter_restore(&record->settings.filter, recorder->device);
	selection_restore(&record->selection, recorder->device);
	return ret;
}

/* Opening a pipe may wait for its reader, so it is done before signals are blocked. */
static int record_with_device(struct record *record)
{
	struct recorder *recorder = &record->recorder;
	int ret = outfile_find(&recorder->file, record->path), err;

	err = ret ? 0 : recorder_init(recorder);
	if (err)
		ret = problem("cannot prepare: %s", strerror(-err));
	if (!ret)
		ret = outfile_create(&recorder->file, 0600);
	if (!ret)
		ret = record_with_file(record);
	recorder_uninit(recorder);
	outfile_uninit(&recorder->file);
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

	/* +: stop at the first operand, as the rest belongs to the command */
	while ((c = next_option(&command_record, argc, argv, "+:o:h" SETTINGS_LETTERS, options)) >= 0)
		if (!record_option(record, c))
			return bad_value(&command_record, argv, c == OPT_DURATION ?
					 "a number of seconds, 0.001 to 1000000000" : settings_wanted(c));
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
		.recorder = { .signals = -1, .end = record_end, .end_arg = &record },
	};
	int ret = record_parse(&record, argc, argv);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	ret = record.argv ? target_find(record.argv) : 0;
	if (ret)
		return ret;
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
	.purpose = "Records to a file, while COMMAND runs or until interrupted",
	.synopsis = "[-o FILE|-] [-e WHAT] [--stacks WHAT] [--duration S] [--flight]\n"
		    "                       [--quota EXP=PERCENT[,...]] [--pool MIB] [--batch KIB]\n"
		    "                       [--period MS] [--discard] [-p PID[,...]] [--tid TID[,...]]\n"
		    "                       [--children] [--cgroup DIR] [--cpu LIST]\n"
		    "                       [--min-duration WHAT=TIME[,...]] [--follow] [-- COMMAND...]",
	.help =
	"  -o, --output FILE   the file to write (default: exptrace.trace; -: standard output)\n"
	"  -e, --events WHAT   what to record (default: sched): events, groups, experiments, a\n"
	"                      group's events ('sched:sched_*'), system calls\n"
	"                      (syscalls:openat); +a,-b\n"
	"      --duration S    stop after S seconds (decimals allowed)\n"
	"      --follow        record only COMMAND and the processes that it creates\n"
	SETTINGS_HELP
	"\n"
	"An older FILE becomes FILE.old when the new one has a complete generation.\n"
	"With --flight, nothing is written until the end; then, what the pool holds.\n"
	"The exit code is COMMAND's if recording went well. 'exptrace list' shows the events.\n",
	.run = run_record,
};

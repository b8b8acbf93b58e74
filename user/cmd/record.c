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
	const char *what;
	uint64_t duration_ms;
	char **argv;		/* of the command; NULL: none */
	struct exptrace_start start;

	struct selection selection;
	struct recorder recorder;
	struct target target;
	bool created;		/* the file was not there before */
	uint64_t first_generation;
};

static bool is_stdout(const struct record *record)
{
	return !strcmp(record->path, "-");
}

static int record_open_file(struct record *record)
{
	int *fd = &record->recorder.fd;

	if (is_stdout(record)) {
		*fd = STDOUT_FILENO;
		return EXIT_OK;
	}
	*fd = open(record->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	record->created = *fd >= 0;
	if (*fd < 0 && errno == EEXIST)
		*fd = open(record->path, O_WRONLY | O_CLOEXEC);
	if (*fd < 0)
		return problem("cannot write to %s: %s", record->path, strerror(errno));
	return EXIT_OK;
}

/* An older trace in the file is given up only now that there is a new one. */
static void record_truncate_file(struct record *record)
{
	struct stat stat;

	if (!is_stdout(record) && !fstat(record->recorder.fd, &stat) &&
	    S_ISREG(stat.st_mode) && ftruncate(record->recorder.fd, 0))
		record->recorder.write_error = -errno;
}

static void record_close_file(struct record *record, bool keep)
{
	if (is_stdout(record))
		return;
	if (close(record->recorder.fd) && !record->recorder.write_error)
		record->recorder.write_error = -errno;
	if (!keep && record->created)
		unlink(record->path);
}

static int record_stop(struct record *record, struct exptrace_info *info)
{
	struct exptrace_device *device = record->recorder.device;
	int err;

	exptrace_device_info(device, info);
	err = exptrace_device_stop(device);
	/* -EINVAL: someone else has stopped it */
	if (err && err != -EINVAL)
		return problem("cannot stop recording: %s", strerror(-err));
	return EXIT_OK;
}

static void record_summary(const struct record *record, uint64_t last, uint64_t lost)
{
	uint64_t generations = last ? last - record->first_generation + 1 : 1;

	fprintf(stderr, "exptrace: %llu bytes in %llu generation%s to %s, %llu events lost\n",
		(unsigned long long)record->recorder.bytes, (unsigned long long)generations,
		generations == 1 ? "" : "s",
		is_stdout(record) ? "standard output" : record->path,
		(unsigned long long)lost);
}

/* Recording is on: runs the command, copies, stops. */
static int record_run(struct record *record)
{
	struct recorder *recorder = &record->recorder;
	struct exptrace_info info = { 0 };
	uint64_t last;
	int ret = EXIT_OK, target_error = 0;

	record_truncate_file(record);
	if (!exptrace_device_info(recorder->device, &info))
		record->first_generation = info.generation;
	if (record->argv)
		target_error = target_start(&record->target, record->argv,
					    is_stdout(record));
	if (!target_error)
		recorder_run(recorder, &record->target, record->duration_ms);
	ret = record_stop(record, &info);
	last = info.generation;
	if (!ret)
		recorder_drain(recorder);
	if (!exptrace_device_info(recorder->device, &info) && !ret && !recorder->write_error)
		record_summary(record, last, info.lost);
	return target_error ? target_error : ret;
}

/* What the recorder met on its way. */
static int record_result(const struct record *record)
{
	const struct recorder *recorder = &record->recorder;

	if (recorder->read_error)
		return problem("cannot read %s: %s", EXPTRACE_DEVICE,
			       strerror(-recorder->read_error));
	if (recorder->write_error)
		return explain_write(recorder->write_error, record->path, recorder->bytes);
	return EXIT_OK;
}

static int record_to_file(struct record *record)
{
	int err, ret = record_open_file(record);

	if (ret)
		return ret;
	err = exptrace_device_start(record->recorder.device, &record->start);
	if (err) {
		record_close_file(record, false);
		return explain_start(err);
	}
	ret = record_run(record);
	record_close_file(record, true);
	if (record_result(record))
		ret = EXIT_PROBLEM;
	target_wait(&record->target, record->recorder.interrupted);
	return ret ? ret : record->target.exit_code;
}

static int record_with_device(struct record *record)
{
	int err, ret;

	err = recorder_init(&record->recorder);
	if (err) {
		ret = problem("cannot prepare: %s", strerror(-err));
	} else {
		ret = selection_set(&record->selection, record->recorder.device, record->what);
		if (!ret) {
			ret = record_to_file(record);
			selection_restore(&record->selection, record->recorder.device);
		}
	}
	recorder_uninit(&record->recorder);
	return ret;
}

enum { OPT_DURATION = 256, OPT_POOL, OPT_BATCH, OPT_PERIOD, OPT_DISCARD };

static const struct option options[] = {
	{ "output",	required_argument,	NULL, 'o' },
	{ "events",	required_argument,	NULL, 'e' },
	{ "duration",	required_argument,	NULL, OPT_DURATION },
	{ "pool",	required_argument,	NULL, OPT_POOL },
	{ "batch",	required_argument,	NULL, OPT_BATCH },
	{ "period",	required_argument,	NULL, OPT_PERIOD },
	{ "discard",	no_argument,		NULL, OPT_DISCARD },
	{ "help",	no_argument,		NULL, 'h' },
	{ 0 }
};

/* Returns false if the value is bad. */
static bool record_option(struct record *record, int c)
{
	uint64_t n = 0;
	bool ok = true;

	switch (c) {
	case 'o':
		record->path = optarg;
		break;
	case 'e':
		record->what = optarg;
		break;
	case OPT_DURATION:
		ok = parse_seconds(optarg, &record->duration_ms);
		break;
	case OPT_POOL:
		ok = parse_number(optarg, 1, UINT64_MAX >> 20, &n);
		record->start.pool_size = n << 20;
		break;
	case OPT_BATCH:
		ok = parse_number(optarg, 4, 64, &n) && !(n & (n - 1));
		record->start.batch_size = (uint32_t)n << 10;
		break;
	case OPT_PERIOD:
		ok = parse_number(optarg, 0, UINT32_MAX - 1, &n);
		record->start.period_ms = (uint32_t)n;
		break;
	case OPT_DISCARD:
		record->start.flags |= EXPTRACE_START_DISCARD;
		break;
	}
	return ok;
}

static int record_parse(struct record *record, int argc, char **argv)
{
	int c;

	/* + : what follows the command's name is the command's */
	while ((c = next_option(&command_record, argc, argv, "+:o:e:h", options)) >= 0)
		if (!record_option(record, c))
			return usage_error(&command_record, "bad value '%s'", optarg);
	if (c == -1 && optind < argc)
		record->argv = argv + optind;
	return c;
}

static int run_record(int argc, char **argv)
{
	struct record record = {
		.path = "exptrace.trace",
		.what = "sched",
		.start = {
			.flags = EXPTRACE_START_STOP_ON_CLOSE,
			.mode = EXPTRACE_MODE_STREAM,
			.batch_size = EXPTRACE_START_DEFAULT,
			.period_ms = EXPTRACE_START_DEFAULT,
		},
		.recorder.signals = -1,
	};
	int ret = record_parse(&record, argc, argv);

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	ret = exptrace_device_open(NULL, O_RDWR | O_NONBLOCK, &record.recorder.device);
	if (ret)
		return explain_open(ret);
	ret = record_with_device(&record);
	exptrace_device_close(record.recorder.device);
	return ret;
}

const struct command command_record = {
	.name = "record",
	.purpose = "Records into a file, while COMMAND runs or until it is interrupted",
	.synopsis = "[-o FILE|-] [-e WHAT] [--duration S] [--pool MIB] [--batch KIB]\n"
		    "                       [--period MS] [--discard] [-- COMMAND...]",
	.help =
	"  -o, --output FILE   where to (default: exptrace.trace; - is standard output)\n"
	"  -e, --events WHAT   what: events, groups, experiments (default: sched)\n"
	"      --duration S    stop after S seconds (decimals allowed)\n"
	"      --pool MIB      memory for what was not written yet\n"
	"      --batch KIB     4, 8, 16, 32 or 64\n"
	"      --period MS     milliseconds between generations; 0: one generation\n"
	"      --discard       drop an earlier recording that nobody read\n"
	"\n"
	"The exit code is COMMAND's, if recording went well. 'exptrace list' shows the events.\n",
	.run = run_record,
};

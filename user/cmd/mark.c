// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace mark: writes a text into the recording.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cmd.h"
#include "explain.h"

enum { OPT_BEGIN = 256, OPT_END, OPT_KEY };

static const struct option options[] = {
	{ "begin",	no_argument,		NULL, OPT_BEGIN },
	{ "end",	no_argument,		NULL, OPT_END },
	{ "key",	required_argument,	NULL, OPT_KEY },
	{ "help",	no_argument,		NULL, 'h' },
	{ 0 }
};

static int mark(enum exptrace_mark_kind kind, const char *key, const char *text)
{
	struct exptrace_device *device;
	int err;

	if (open_device(O_WRONLY, &device))
		return EXIT_PROBLEM;
	err = key ? exptrace_device_mark_log(device, key, text) :
	      exptrace_device_mark(device, kind, text);
	exptrace_device_close(device);
	if (err == -EINVAL)
		return problem("cannot mark: nothing is being recorded");
	if (err == -ENOBUFS)
		return problem("cannot mark: the pool is full, the marker is lost");
	return err ? problem("cannot mark: %s", strerror(-err)) : EXIT_OK;
}

static int run_mark(int argc, char **argv)
{
	enum exptrace_mark_kind kind = EXPTRACE_MARK_TEXT;
	const char *key = NULL;
	unsigned int given = 0;
	int c;

	while ((c = next_option(&command_mark, argc, argv, ":h", options)) >= 0) {
		if (c == OPT_KEY)
			key = optarg;
		else
			kind = c == OPT_BEGIN ? EXPTRACE_MARK_BEGIN : EXPTRACE_MARK_END;
		given++;
	}
	if (c == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (c != -1)
		return EXIT_USAGE;
	if (given > 1)
		return usage_error(&command_mark, "give only one of --begin, --end and --key");
	if (optind == argc)
		return usage_error(&command_mark, "no TEXT is given");
	if (optind < argc - 1)
		return usage_error(&command_mark, "%s: one TEXT only", argv[optind + 1]);
	return mark(kind, key, argv[optind]);
}

const struct command command_mark = {
	.name = "mark",
	.purpose = "Writes a text into the recording",
	.synopsis = "[--begin|--end|--key KEY] TEXT",
	.help =
	"      --begin    begin the region named TEXT\n"
	"      --end      end that region\n"
	"      --key KEY  TEXT is the value of this key\n"
	"\n"
	"'echo TEXT > /dev/exptrace' does the same without options.\n",
	.run = run_mark,
};

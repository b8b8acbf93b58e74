// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options and their values, alike for all subcommands.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"

int usage_error(const struct command *command, const char *format, ...)
{
	va_list args;

	fputs("exptrace: ", stderr);
	va_start(args, format);
	put_message(format, args);
	va_end(args);
	fprintf(stderr, "\nusage: exptrace %s %s\n", command->name, command->synopsis);
	return EXIT_USAGE;
}

int bad_value(const struct command *command, char **argv, const char *wanted)
{
	/* the value is a word of its own, or the rest of the option's word */
	if (optarg == argv[optind - 1])
		return usage_error(command, "%s %s: not %s", argv[optind - 2], optarg, wanted);
	return usage_error(command, "%s: not %s", argv[optind - 1], wanted);
}

bool no_operand(const struct command *command, int argc, char **argv)
{
	if (optind < argc)
		usage_error(command, "%s: no operand is expected", argv[optind]);
	return optind == argc;
}

void print_help(const struct command *command)
{
	printf("usage: exptrace %s %s\n\n%s.\n\n%s", command->name, command->synopsis,
	       command->purpose, command->help);
}

/* Did getopt_long() refuse the option because it has a value and takes none? */
static bool has_excess_value(const struct option *options)
{
	for (; options->name; options++)
		if (options->val == optopt)
			return options->has_arg == no_argument;
	return false;
}

/* @c: the return value of getopt_long() */
static void bad_option(const struct command *command, char **argv, int c,
		       const struct option *options)
{
	const char *word = argv[optind - 1];

	if (c == ':')
		usage_error(command, "%s: a value is missing", word);
	else if (!optopt)
		usage_error(command, "%s: no such option, or not the only one that begins so", word);
	else if (has_excess_value(options))
		usage_error(command, "%s: the option takes no value", word);
	else	/* a letter among others: optind does not point behind its word yet */
		usage_error(command, "-%c: no such option", optopt);
}

int next_option(const struct command *command, int argc, char **argv, const char *letters,
		const struct option *options)
{
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, letters, options, NULL);
	if (c == 'h') {
		print_help(command);
		return OPTION_HELP_SHOWN;
	}
	if (c == '?' || c == ':') {
		bad_option(command, argv, c, options);
		return OPTION_BAD;
	}
	return c;
}

bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value >= min && *value <= max;
}

const char *parse_decimal(const char *text, double *value)
{
	double place = 1;
	const char *pos;

	/* strtod() accepts hexadecimal numbers and signs, and expects the locale's point */
	*value = 0;
	for (pos = text; *pos >= '0' && *pos <= '9'; pos++)
		*value = 10 * *value + (*pos - '0');
	if (pos == text || *pos != '.')
		return pos == text ? NULL : pos;
	for (text = ++pos; *pos >= '0' && *pos <= '9'; pos++) {
		*value = 10 * *value + (*pos - '0');
		place *= 10;
	}
	*value /= place;
	return pos == text ? NULL : pos;
}

bool parse_seconds(const char *text, uint64_t *ms)
{
	double seconds;
	const char *end = parse_decimal(text, &seconds);

	/* less than a millisecond would become 0 */
	if (!end || *end || !(seconds >= 0.001) || seconds > 1e9)
		return false;
	*ms = (uint64_t)(seconds * 1000 + 0.5);
	return true;
}

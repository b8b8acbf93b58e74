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
	/* A word of its own behind the option's, or the end of that. */
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

/* Whether getopt_long() has refused the value of an option that takes none. */
static bool has_value_too_much(const struct option *options)
{
	for (; options->name; options++)
		if (options->val == optopt)
			return options->has_arg == no_argument;
	return false;
}

/* @c: what getopt_long() has returned. */
static void bad_option(const struct command *command, char **argv, int c,
		       const struct option *options)
{
	const char *word = argv[optind - 1];

	if (c == ':')
		usage_error(command, "%s: a value is missing", word);
	else if (!optopt)
		usage_error(command, "%s: no such option, or not the only one that begins so", word);
	else if (has_value_too_much(options))
		usage_error(command, "%s: the option takes no value", word);
	else	/* in a word with other letters, which is not over yet */
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

	/* strtod() has hexadecimal numbers, signs and the locale's point, too */
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

	/* what would be none at all is more than that */
	if (!end || *end || !(seconds >= 0.001) || seconds > 1e9)
		return false;
	*ms = (uint64_t)(seconds * 1000 + 0.5);
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options, operands and messages, alike for all subcommands.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "interrupt.h"

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

static bool before_waiting(void *arg)
{
	(void)arg;
	flush_stdout();
	return !interrupted;
}

int open_trace(const struct command *command, int argc, char **argv,
	       struct exptrace_trace **trace)
{
	int err;

	if (optind == argc)
		return usage_error(command, "no FILE is given (- is standard input)");
	if (optind < argc - 1)
		return usage_error(command, "%s: one FILE only", argv[optind + 1]);
	message_trace(argv[optind]);
	err = exptrace_open(argv[optind], trace);
	if (err == -ENOMEM)
		out_of_memory("opening it");
	if (err)
		return trace_problem("cannot open: %s", strerror(-err));
	exptrace_on_wait(*trace, before_waiting, NULL);
	return EXIT_OK;
}

void print_line(const char *title, const char *value)
{
	printf("%-12s ", title);
	print_name(value, 0);
	putchar('\n');
}

void print_gaps(const struct exptrace_trace *trace)
{
	const struct exptrace_times *times = exptrace_times(trace);

	if (times->gaps)
		printf("Gaps:        %llu between generations, %.6f s; suspended: %.6f s\n",
		       (unsigned long long)times->gaps, (double)times->gap_ns / 1e9,
		       (double)times->suspended_ns / 1e9);
}

void note_times(const struct exptrace_trace *trace)
{
	const struct exptrace_times *times = exptrace_times(trace);

	if (times->gaps)
		trace_note("%llu times nothing was recorded between two generations, for %.6f s in "
			"all, and for %.6f s in suspend", (unsigned long long)times->gaps,
			(double)times->gap_ns / 1e9, (double)times->suspended_ns / 1e9);
	if (times->unstable)
		trace_note("the clock of %llu generations was found to be unstable: their times "
			"are uncertain", (unsigned long long)times->unstable);
}

void note_names(const struct exptrace_trace *trace)
{
	uint64_t n = exptrace_nameless(trace);

	if (n)
		trace_note("changes of threads were lost in %llu generations: no name in them is "
			"certain", (unsigned long long)n);
}

void note_borrowed(const struct exptrace_trace *trace)
{
	uint64_t borrower, lender;

	if (exptrace_borrowed(trace, &borrower, &lender))
		trace_note("generation %llu lacks its beginning, which an earlier reader took; "
			"it is read by the schema of generation %llu",
			(unsigned long long)borrower, (unsigned long long)lender);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace: find the subcommand and run it.
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "interrupt.h"
#include "signals.h"
#include "text.h"

static const struct command *const commands[] = {
	&command_record,
	&command_start,
	&command_stop,
	&command_advance,
	&command_snapshot,
	&command_trigger,
	&command_mark,
	&command_info,
	&command_dump,
	&command_stat,
	&command_report,
	&command_check,
	&command_cut,
	&command_list,
};

#define NR_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static void print_overview(FILE *to)
{
	size_t i;

	fprintf(to, "usage: exptrace COMMAND [OPTION...] [FILE]\n\n"
		"Records what the Linux kernel does, and shows it.\n\n");
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(to, "  %-8s  %s\n", commands[i]->name, commands[i]->purpose);
	fprintf(to, "\n'exptrace help COMMAND' shows the options.\n"
		"Exit codes: 0 success, 1 a problem was found or something failed, 2 usage error.\n");
}

static int unknown_command(const char *name)
{
	problem("%s: there is no such command; see 'exptrace --help'", name);
	return EXIT_USAGE;
}

static int run_help(const char *name)
{
	const struct command *command = name ? find_command(name) : NULL;

	if (command)
		print_help(command);
	else if (!name)
		print_overview(stdout);
	else
		return unknown_command(name);
	return EXIT_OK;
}

/* Are there at most @most operands after argv[0]? Reports it if not. */
static bool has_operands(int argc, char **argv, int most)
{
	if (argc - 1 > most)
		problem("%s: %s takes %s", argv[most + 1], argv[0],
			most ? "one COMMAND only" : "nothing else");
	return argc - 1 <= most;
}

static int run_version(int argc, char **argv)
{
	const char *library = exptrace_library_version(NULL, NULL, NULL);

	if (!has_operands(argc, argv, 0))
		return EXIT_USAGE;
	printf("exptrace %s", EXPTRACE_VERSION_STRING);
	if (strcmp(library, EXPTRACE_VERSION_STRING))
		printf(" (with libexptrace %s)", library);
	putchar('\n');
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *command;

	text_init();
	if (!name) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return run_version(argc - 1, argv + 1);
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return has_operands(argc - 1, argv + 1, 0) ? run_help(NULL) : EXIT_USAGE;
	if (!strcmp(name, "help"))
		return has_operands(argc - 1, argv + 1, 1) ? run_help(argv[2]) : EXIT_USAGE;
	command = find_command(name);
	return command ? command->run(argc - 1, argv + 1) : unknown_command(name);
}

int main(int argc, char **argv)
{
	int ret;

	signals_begin();
	open_standard_files();
	ret = finish(run(argc, argv));
	interrupt_end();
	return ret;
}

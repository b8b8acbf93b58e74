// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace: finds the subcommand and runs it.
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

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
	fprintf(to, "\n'exptrace help COMMAND' tells more.\n"
		"Exit codes: 0 fine, 1 a problem was found or something failed, 2 usage.\n");
}

static int run_help(const char *name)
{
	const struct command *command = name ? find_command(name) : NULL;

	if (command)
		print_help(command);
	else if (!name)
		print_overview(stdout);
	else {
		problem("there is no command '%s'; see 'exptrace --help'", name);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int print_version(void)
{
	const char *library = exptrace_library_version(NULL, NULL, NULL);

	printf("exptrace %s", EXPTRACE_VERSION_STRING);
	if (strcmp(library, EXPTRACE_VERSION_STRING))
		printf(" (with libexptrace %s)", library);
	return putchar('\n') < 0;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *command;

	if (!name) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return print_version();
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return run_help(NULL);
	if (!strcmp(name, "help"))
		return run_help(argv[2]);
	command = find_command(name);
	if (!command) {
		problem("there is no command '%s'; see 'exptrace --help'", name);
		return EXIT_USAGE;
	}
	return command->run(argc - 1, argv + 1);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs all functions that parse text typed by a user, or print numbers and text.
 *
 * The input is a byte that selects a function, and words separated by zero bytes.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <libexptrace.h>

#include "../common/cpus.h"
#include "../cmd/cmd.h"
#include "../cmd/json.h"
#include "../cmd/settings.h"
#include "fuzz.h"

#define WORDS	4

struct input {
	const uint8_t *bytes;
	size_t size;
	char *words[WORDS];	/* "" if missing */
};

static const char *or_none(const char *word)
{
	return *word ? word : NULL;
}

/* All ways to query whether a word matches an event, or is found, must agree. */
static void check_words(struct exptrace_selection *selection, const struct input *input)
{
	const char *experiment = or_none(input->words[1]), *group = input->words[2];
	const char *name = input->words[3];
	size_t i, len, n = exptrace_selection_words(selection);
	bool named = false;

	exptrace_selection_offer(selection, experiment, group, name);
	for (i = 0; i < n; i++) {
		bool means = exptrace_selection_word_means(selection, i, experiment, group, name);

		if (!exptrace_selection_word(selection, i, &len) || !len)
			fuzz_fail("a word without a letter");
		if (means && exptrace_selection_word_state(selection, i) == EXPTRACE_WORD_UNKNOWN)
			fuzz_fail("a word that means what is there is unknown");
		named |= means;
	}
	if (!named && exptrace_selection_means(selection, experiment, group, name, false))
		fuzz_fail("an event is on that no word means");
}

static void try_select(const struct input *input)
{
	const char *what = input->words[0];
	struct exptrace_selection_error error = { 0 };
	struct exptrace_selection *selection;
	size_t len = strlen(what);
	int err = exptrace_selection_parse(what, len, &selection, &error);

	if (err && (error.length > len || error.offset > len - error.length || !error.problem))
		fuzz_fail("a problem that is not in the text");
	if (!err)
		check_words(selection, input);
	exptrace_selection_free(selection);
}

static void try_syscalls(const struct input *input)
{
	const char *machine = or_none(input->words[1]), *name = input->words[0];
	struct exptrace_syscall_tables tables = { 0 };
	struct exptrace_selection *selection;
	int nr, table;

	if (!exptrace_selection_parse(name, strlen(name), &selection, NULL))
		exptrace_selection_syscalls(selection, machine, input->size & 1, &tables);
	exptrace_selection_free(selection);
	nr = exptrace_syscall_number(machine, name, strlen(name));
	if (nr >= EXPTRACE_MAX_SYSCALLS)
		fuzz_fail("system call %d", nr);
	for (table = 0; table < 3; table++)
		exptrace_syscall_number_in(machine, (enum exptrace_syscall_table)table, name,
					   strlen(name));
	if (nr >= 0)
		exptrace_syscall_name(machine, (uint64_t)nr);
}

static void try_settings(const struct input *input)
{
	static const int letters[] = {
		'e', 'p', OPT_POOL, OPT_BATCH, OPT_PERIOD, OPT_STACKS, OPT_QUOTA, OPT_TID,
		OPT_CGROUP, OPT_CPU, OPT_MIN_DURATION,
	};
	struct settings *settings = calloc(1, sizeof(*settings));
	size_t i;

	if (!settings)
		abort();
	for (i = 0; i < WORDS; i++) {
		size_t letter = (input->size + i) % (sizeof(letters) / sizeof(letters[0]));

		optarg = input->words[i];
		settings_option(settings, letters[letter]);
	}
	settings_parse(&command_start, settings);
	settings_uninit(settings);
	filter_forget(&settings->filter);
	free(settings);
}

static void try_numbers(const struct input *input)
{
	struct cpus cpus = { 0 };
	uint64_t value, cpu;

	parse_number(input->words[0], 0, UINT64_MAX, &value);
	parse_seconds(input->words[0], &value);
	if (cpus_read(&cpus, input->words[0]))
		abort();
	for (cpu = 0; cpu < 8; cpu++)
		cpus_has(&cpus, cpu << 2 * cpu);
	cpus_uninit(&cpus);
}

static void try_options(const struct input *input)
{
	static const struct command *const commands[] = {
		&command_dump, &command_report, &command_check, &command_cut, &command_stat,
	};
	const struct command *command = commands[input->size % 5];
	char *argv[WORDS + 3] = { (char *)command->name };
	char file[] = "/dev/null";
	int argc = 1, i;

	/* do not write files or read standard input */
	for (i = 0; i < WORDS && *input->words[i]; i++)
		if (strncmp(input->words[i], "-o", 2) && strncmp(input->words[i], "--o", 3) &&
		    strcmp(input->words[i], "-"))
			argv[argc++] = input->words[i];
	argv[argc++] = file;
	optind = 0;
	command->run(argc, argv);
	fflush(stdout);
}

static uint64_t number_at(const struct input *input, size_t i)
{
	uint64_t number = 0;

	if (8 * i + 8 <= input->size)
		memcpy(&number, input->bytes + 8 * i, 8);
	return number;
}

/* Output must fit and must not contain control bytes that a terminal would obey. */
static void check_printed(const char *text, const char *end, size_t most)
{
	if (end < text || (size_t)(end - text) > most)
		fuzz_fail("a text of %td bytes, not %zu", end - text, most);
	for (; text < end; text++)
		if (*text < ' ' || *text > '~')
			fuzz_fail("the byte 0x%02x is printed", (unsigned char)*text);
}

static void try_text(const struct input *input)
{
	size_t size = input->size, most = TEXT_FOREIGN(size) + 64;
	char *text = malloc(most), number[64];
	uint64_t n = number_at(input, 0);

	if (!text)
		abort();
	check_printed(text, text_foreign(text, (const char *)input->bytes, size),
		      TEXT_FOREIGN(size));
	check_printed(number, text_number(number, n), TEXT_NUMBER_MAX);
	check_printed(number, text_signed(number, (int64_t)n), TEXT_NUMBER_MAX);
	check_printed(number, text_hex(number, n, (unsigned int)(size % 17)), 16);
	check_printed(number, text_cpu(number, n), TEXT_NUMBER_MAX);
	check_printed(number, text_nine(number, (uint32_t)(n % 1000000000)), 9);
	check_printed(number, text_padded(number, n, (unsigned int)(size % 24), ' '), 24);
	free(text);
}

static void try_output(const struct input *input)
{
	const char *bytes = (const char *)input->bytes;
	static struct output output;
	size_t i;

	output_init(&output, open("/dev/null", O_WRONLY | O_CLOEXEC));
	for (i = 0; i < 40; i++) {
		output_foreign(&output, bytes, input->size);
		json_bytes(&output, bytes, input->size);
		output_bytes(&output, bytes, input->size);
		output_number(&output, number_at(input, i), (unsigned int)(i % 30), '0');
		output_signed(&output, (int64_t)number_at(input, i));
		output_hex(&output, number_at(input, i), (unsigned int)(i % 17));
	}
	output_flush(&output);
	close(output.fd);
	print_foreign(bytes, input->size, input->size % 40);
	fflush(stdout);
}

static void split(struct input *input, char *copy)
{
	size_t i, n = 0;

	memcpy(copy, input->bytes, input->size);
	copy[input->size] = 0;
	for (i = 0; i < WORDS; i++) {
		input->words[i] = copy + n;
		n += strlen(copy + n);
		n += n < input->size;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const struct input *) = {
		try_select, try_syscalls, try_settings, try_numbers, try_options, try_text,
		try_output,
	};
	double start = fuzz_seconds();
	struct input input = { .bytes = data + 1, .size = size - 1 };
	static bool quiet;
	char *copy;

	if (!size)
		return 0;
	if (!quiet) {
		quiet = freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr);
		if (!quiet)
			abort();
	}
	copy = malloc(size);
	if (!copy)
		abort();
	split(&input, copy);
	tries[data[0] % (sizeof(tries) / sizeof(tries[0]))](&input);
	fuzz_limit("words", start, size);
	free(copy);
	return 0;
}

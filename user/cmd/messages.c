// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to standard error, and the handling of standard output, for all subcommands.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/array.h"
#include "cmd.h"
#include "text.h"

#define PIECE		256
/* Enough for two file names */
#define MESSAGE_MAX	10000

/* The trace that messages name; NULL: none */
static const char *trace_name;
/* The output to flush before out_of_memory() exits; NULL: none */
static struct output *pending;
/* The first failure of stdout: a negative errno. stdio keeps no errno for us. */
static int stdout_error;
static char stdout_buffer[1 << 18];

void message_trace(const char *path)
{
	trace_name = !path || strcmp(path, "-") ? path : "standard input";
}

static size_t put_foreign(FILE *file, const char *text, size_t len)
{
	char piece[TEXT_FOREIGN(PIECE)];
	size_t columns = 0;

	while (len) {
		size_t part = text_part(text, len, PIECE);
		size_t n = (size_t)(text_foreign(piece, text, part) - piece);

		fwrite(piece, 1, n, file);
		columns += text_columns(piece, n);
		text += part;
		len -= part;
	}
	return columns;
}

void put_message(const char *format, va_list args)
{
	char text[MESSAGE_MAX];
	int n = vsnprintf(text, sizeof(text), format, args);

	if (n > 0)
		put_foreign(stderr, text, n < MESSAGE_MAX ? (size_t)n : MESSAGE_MAX - 1);
}

void message_name(const char *name)
{
	put_foreign(stderr, name, strlen(name));
}

void print_foreign(const char *text, size_t len, size_t width)
{
	size_t columns = put_foreign(stdout, text, len);

	printf("%*s", columns < width ? (int)(width - columns) : 0, "");
}

void print_name(const char *name, size_t width)
{
	print_foreign(name, strlen(name), width);
}

int problem(const char *format, ...)
{
	va_list args;

	flush_stdout();
	fputs("exptrace: ", stderr);
	va_start(args, format);
	put_message(format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_PROBLEM;
}

/* "exptrace: FILE: note: ...", @kind being "note: " or "" */
static void print_message(const char *kind, const char *format, va_list args)
{
	flush_stdout();
	fputs("exptrace: ", stderr);
	if (trace_name) {
		put_foreign(stderr, trace_name, strlen(trace_name));
		fputs(": ", stderr);
	}
	fputs(kind, stderr);
	put_message(format, args);
	fputc('\n', stderr);
}

int trace_problem(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message("", format, args);
	va_end(args);
	return EXIT_PROBLEM;
}

void trace_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message("note: ", format, args);
	va_end(args);
}

int write_problem(const char *name, int err)
{
	return problem("%s: cannot write: %s", name ? name : "standard output", strerror(-err));
}

void message_pending(struct output *output)
{
	pending = output;
}

void out_of_memory(const char *doing)
{
	if (pending)
		output_flush(pending);
	trace_problem("out of memory while %s", doing);
	exit(finish(EXIT_PROBLEM));
}

void *need_memory(void *memory, const char *doing)
{
	if (!memory)
		out_of_memory(doing);
	return memory;
}

void *grow_memory(void *memory, size_t n, size_t size, const char *doing)
{
	return need_memory(reallocarray(memory, n, size), doing);
}

void reach_new_memory(void *array, size_t i, size_t *room, size_t size, const char *doing)
{
	if (array_reach(array, i, room, size))
		out_of_memory(doing);
}

void open_standard_files(void)
{
	/* the other direction, so that using them fails with EBADF, as if they were closed */
	static const int flags[] = { O_WRONLY, O_RDONLY, O_RDONLY };
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			exit(EXIT_PROBLEM);
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, stdout_buffer, _IOFBF, sizeof(stdout_buffer));
}

int flush_stdout(void)
{
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && !stdout_error)
		stdout_error = errno ? -errno : -EIO;
	return stdout_error;
}

int finish(int code)
{
	int err = flush_stdout();

	/* some file systems report only on close that there is no room */
	if (!err && close(STDOUT_FILENO))
		err = -errno;
	if (err)
		write_problem(NULL, err);
	return err && !code ? EXIT_PROBLEM : code;
}

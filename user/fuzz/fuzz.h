/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzz targets share.
 *
 * A target is a program of libFuzzer. When it is given files, it runs each of them once; when it
 * is given a directory, it makes new inputs from those there. What is wrong ends the process: a
 * report of a sanitizer, abort(), too much time, too much memory.
 */
#ifndef EXPTRACE_FUZZ_H
#define EXPTRACE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <exptrace/wire.h>

/* The last byte of a trace's header is 0; here it says what is done with the trace. */
#define FUZZ_CHOICE	(EXPTRACE_HEADER_SIZE - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* libFuzzer's own mutations, with its dictionary; returns the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Ends the process, and keeps the input as a finding. */
#define fuzz_fail(...)						\
	do {							\
		fuzz_say("FINDING: " __VA_ARGS__);		\
		abort();					\
	} while (0)

/* Prints a line where libFuzzer prints, also while standard error is kept. */
__attribute__((format(printf, 1, 2)))
void fuzz_say(const char *format, ...);

/* A file in memory with these bytes, at its beginning. */
int fuzz_file(const uint8_t *data, size_t size);

/* Seconds of CPU time so far: what a busy machine does not change. */
double fuzz_seconds(void);

/* Ends the process if what took @size bytes, and began at @start, took more than it may. */
void fuzz_limit(const char *what, double start, size_t size);

#endif /* EXPTRACE_FUZZ_H */

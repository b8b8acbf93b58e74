/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions shared by the fuzz targets.
 *
 * A target is a libFuzzer program. With files as arguments it runs each of them once; with a
 * directory it makes new inputs from the files in it. A finding ends the process: a sanitizer
 * report, abort(), too much time, too much memory.
 */
#ifndef EXPTRACE_FUZZ_H
#define EXPTRACE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <exptrace/wire.h>

/* The last byte of a trace's header, normally 0, selects what a target does with the trace. */
#define FUZZ_CHOICE	(EXPTRACE_HEADER_SIZE - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* libFuzzer's own mutations, with its dictionary; returns the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Ends the process, so that libFuzzer saves the input as a finding. */
#define fuzz_fail(...)						\
	do {							\
		fuzz_say("FINDING: " __VA_ARGS__);		\
		abort();					\
	} while (0)

/* Prints a line where libFuzzer prints, even while standard error is captured. */
__attribute__((format(printf, 1, 2)))
void fuzz_say(const char *format, ...);

/* Creates a file in memory with these bytes, positioned at its beginning. */
int fuzz_file(const uint8_t *data, size_t size);

/* Seconds of CPU time so far, which other load does not change */
double fuzz_seconds(void);

/* Ends the process if work on @size bytes that began at @start exceeded the time limit. */
void fuzz_limit(const char *what, double start, size_t size);

#endif /* EXPTRACE_FUZZ_H */

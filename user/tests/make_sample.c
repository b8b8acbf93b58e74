// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the sample trace to standard output. Usage: make_sample [GENERATIONS]
 */
#include <stdlib.h>
#include <unistd.h>

#include "sample.h"

int main(int argc, char **argv)
{
	struct writer w = { 0 };
	int failed;

	sample_trace(&w, argc > 1 ? (unsigned int)atoi(argv[1]) : 2);
	failed = write(STDOUT_FILENO, w.data, w.size) != (ssize_t)w.size;
	w_free(&w);
	return failed;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * For shell tests: read at the given hexadecimal addresses, which are forbidden, and survive the
 * faults.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static sigjmp_buf faulted;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(faulted, 1);
}

int main(int argc, char **argv)
{
	int i;

	signal(SIGSEGV, on_fault);
	for (i = 1; i < argc; i++) {
		const volatile char *address = (const char *)strtoull(argv[i], NULL, 16);

		if (sigsetjmp(faulted, 1))
			continue;
		(void)*address;
		fprintf(stderr, "poke: it could be read at %s\n", argv[i]);
		return 1;
	}
	return 0;
}

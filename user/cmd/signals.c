// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signal dispositions: those at the start of the program, for the command that it runs.
 */
#include <signal.h>
#include <stddef.h>

#include "signals.h"

/* The signals whose disposition record changes; those that it only blocks are in the mask. */
static const int changed[] = { SIGALRM, SIGCHLD, SIGPIPE, SIGXFSZ };

#define NR_CHANGED	(sizeof(changed) / sizeof(changed[0]))

static struct sigaction before[NR_CHANGED];
static sigset_t mask;

void signals_begin(void)
{
	sigset_t alarm;
	size_t i;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm, &mask);
	for (i = 0; i < NR_CHANGED; i++)
		sigaction(changed[i], NULL, &before[i]);
	signal(SIGXFSZ, SIG_IGN);
}

bool signals_ignored(int number)
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

void signals_restore(void)
{
	size_t i;

	for (i = 0; i < NR_CHANGED; i++)
		sigaction(changed[i], &before[i], NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIGINT, SIGTERM and SIGHUP in the commands that read a trace: show what was read so far.
 *
 * Writes restart after a signal (SA_RESTART), so code that prints need not care. poll(2),
 * in which the library waits for input, returns despite SA_RESTART. A signal that comes
 * just before poll(2) does not interrupt it, so after the first signal a timer does, again
 * and again.
 */
#include <stddef.h>
#include <sys/time.h>

#include "interrupt.h"

#define TICK_US		100000
#define TICKS_MAX	(INTERRUPT_SECONDS * 1000000 / TICK_US)

volatile sig_atomic_t interrupted;

/* In the handler of this signal, it takes effect when the handler returns. */
static void end_by(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}

static void on_tick(int number)
{
	static volatile sig_atomic_t ticks;

	(void)number;
	if (++ticks >= TICKS_MAX)
		end_by(interrupted);
}

static void interrupt_on_signal(int number)
{
	static const struct itimerval tick = { { 0, TICK_US }, { 0, TICK_US } };

	if (interrupted)
		end_by(number);
	interrupted = number;
	setitimer(ITIMER_REAL, &tick, NULL);
}

void interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART }, old;
	size_t i;

	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = interrupt_on_signal;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

void interrupt_end(void)
{
	if (interrupted)
		end_by(interrupted);
}

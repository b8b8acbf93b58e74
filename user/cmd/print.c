// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines and columns of text that several subcommands print alike.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "print.h"

const char *thread_name(const struct exptrace_trace *trace, uint64_t thread)
{
	const char *comm = exptrace_thread_comm(trace, thread);

	return comm ? comm : "<...>";
}

void print_thread(const struct exptrace_trace *trace, uint64_t thread)
{
	printf("%8" PRId64 "  ", exptrace_thread_pid(trace, thread));
	print_name(thread_name(trace, thread), COMM_WIDTH);
}

void print_unread(const struct exptrace_trace *trace)
{
	const struct exptrace_account *account = exptrace_account(trace);

	if (account->damaged_bytes)
		printf("Damaged:     %" PRIu64 " bytes\n", account->damaged_bytes);
	if (account->unread)
		printf("Not read:    %" PRIu64 " events that the ledger counts\n", account->unread);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of system calls that readers may not know.
 *
 * A reader knows the names of the kernel headers it was built with, which may be older
 * than this kernel. So each generation has the names of the few calls that the oldest
 * supported kernel lacks. Their numbers are the same in all tables.
 */
#include "call_names.h"

const struct exptrace_call_name exptrace_newer_calls[] = {
#include "call_names.inc"
	{}
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of system calls that readers may not know.
 *
 * A reader has the names of its own build, which may be older than this kernel. So each
 * generation tells those that the first supported kernel has not: a handful. They have the same
 * numbers in all tables.
 */
#include "call_names.h"

const struct exptrace_call_name exptrace_newer_calls[] = {
#include "call_names.inc"
	{}
};

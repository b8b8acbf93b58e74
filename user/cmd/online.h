/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs ran as a generation began: its property "online".
 */
#ifndef EXPTRACE_ONLINE_H
#define EXPTRACE_ONLINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether @cpu is in *@list, as "0-3,8", which moves on: so it is asked for growing numbers.
 * NULL: the trace does not say, and all are.
 */
bool online_has(const char **list, uint64_t cpu);

#endif /* EXPTRACE_ONLINE_H */

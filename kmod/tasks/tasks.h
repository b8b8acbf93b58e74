/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The face of tasks/.
 */
#ifndef _EXPTRACE_TASKS_H
#define _EXPTRACE_TASKS_H

#include "exec.h"
#include "threads.h"

#endif /* _EXPTRACE_TASKS_H */

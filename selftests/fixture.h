/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of most selftests: loads the module, unloads it afterwards, and checks the kernel
 * log.
 */
#ifndef EXPTRACE_SELFTEST_FIXTURE_H
#define EXPTRACE_SELFTEST_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "support.h"

/* In seconds. Waits inside a test give up sooner (DEADLINE_MS). */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 240

static void __attribute__((constructor)) skip_where_it_cannot_run(void)
{
	const char *why = module_missing();

	if (!why)
		return;
	printf("TAP version 13\n1..0 # SKIP %s\n", why);
	exit(4);
}

/*
 * For FIXTURE_SETUP of a fixture with "log" and "control": load the module and open it for control.
 */
#define LOAD_MODULE(parameters)					\
	do {							\
		self->control = -1;				\
		self->log = log_open();				\
		ASSERT_LE(0, self->log);			\
		ASSERT_EQ(0, module_unload());			\
		ASSERT_EQ(0, module_load(parameters));		\
		self->control = device_open(O_WRONLY);		\
		ASSERT_LE(0, self->control);			\
	} while (0)

/*
 * For FIXTURE_TEARDOWN: unload the module and check the kernel log. Close all other descriptors
 * first.
 */
#define UNLOAD_MODULE()						\
	do {							\
		char _line[256];				\
								\
		if (self->control >= 0)				\
			close(self->control);			\
		EXPECT_EQ(0, module_unload());			\
		EXPECT_FALSE(log_has(self->log, NULL, _line)) {	\
			TH_LOG("kernel log: %s", _line);	\
		}						\
		close(self->log);				\
	} while (0)

/* "control" can only control. "reader" belongs to the test and is closed if it is open. */
FIXTURE(module) {
	int log, control, reader;
};

FIXTURE_SETUP(module)
{
	self->reader = -1;
	LOAD_MODULE("");
}

FIXTURE_TEARDOWN(module)
{
	if (self->reader >= 0)
		close(self->reader);
	UNLOAD_MODULE();
}

#endif

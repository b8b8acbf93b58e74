/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test results: "ok - behaviour" a line. run.sh numbers them and adds the plan.
 */
#ifndef EXPTRACE_TAP_H
#define EXPTRACE_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int tap_failures __attribute__((unused));

#define ok(condition, ...)						\
	do {								\
		bool ok_ = (condition);					\
		printf("%s - ", ok_ ? "ok" : "not ok");			\
		printf(__VA_ARGS__);					\
		printf("\n");						\
		if (!ok_)						\
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);	\
		tap_failures += !ok_;					\
		fflush(stdout);						\
	} while (0)

#define is(got, want, ...)						\
	do {								\
		uint64_t got_ = (uint64_t)(got), want_ = (uint64_t)(want);	\
		ok(got_ == want_, __VA_ARGS__);				\
		if (got_ != want_)					\
			printf("# got %" PRIu64 ", want %" PRIu64 "\n", got_, want_);	\
	} while (0)

#define tap_end()	(tap_failures ? 1 : 0)

#endif /* EXPTRACE_TAP_H */

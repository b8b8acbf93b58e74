// SPDX-License-Identifier: GPL-2.0-only
/*
 * For shell tests: count events by BPF programs. For each line of input, print the counts: events
 * of the standard stream and of the allocations, each with the number missed. A first line before
 * that has the maximum error of a comparison; or "none" and why nothing is counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attempts.h"

static int print_counts(const struct observer *observer)
{
	static const struct observation zero;
	struct observation now;
	int err = observer_read(observer, &now);

	if (err) {
		fprintf(stderr, "tally: %s\n", strerror(-err));
		return err;
	}
	printf("%" PRIu64 " %" PRIu64 "\n", observed_between(&zero, &now, 0), observed_between(&zero, &now, 1));
	return fflush(stdout);
}

int main(void)
{
	const char *missing = observer_missing();
	struct observer *observer;
	char line[16];
	int err = 0;

	if (missing) {
		printf("none %s\n", missing);
		fflush(stdout);
		while (fgets(line, sizeof(line), stdin))
			;
		return 0;
	}
	observer = observer_open();
	if (!observer) {
		perror("tally");
		return 1;
	}
	printf("%" PRIu64 "\n", observer_slack());
	fflush(stdout);
	while (!err && fgets(line, sizeof(line), stdin))
		err = print_counts(observer);
	observer_close(observer);
	return !!err;
}

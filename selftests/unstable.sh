#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the test of a TSC that becomes unstable. It stays unstable until the next boot, so this runs after all tests that use the
# TSC, and only on a throwaway machine.
program=$(dirname "$0")/../build/selftests/unstable

skip() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

[ -n "${EXPTRACE_VM:-}" ] || skip "would take this machine's TSC for unstable until it is booted again"
[ -x "$program" ] || skip "build/selftests/unstable is not built"
exec "$program"

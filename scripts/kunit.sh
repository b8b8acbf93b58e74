#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Loads $EXPTRACE_KO, built with EXPTRACE_KUNIT=1, and prints the report of its tests from the kernel's log, as TAP.
#
# Usage: kunit.sh         (in a VM with the debug kernel)
set -euo pipefail
. "$(dirname "$0")/lib.sh"

case ${1:-} in -h | --help) usage; exit 0 ;; esac
mark=kunit-$$
echo "$mark" >/dev/kmsg
insmod "$EXPTRACE_KO"
rmmod exptrace
# The kernel indents the results inside a suite, and does not print the number of suites.
dmesg | sed -e "1,/$mark/d" -e 's/^\[[^]]*\] //' | awk '
	BEGIN { print "TAP version 13" }
	/^    / { print "# " substr($0, 5); next }
	/^(not )?ok / { suites++; sub(/ok [0-9]+/, "ok " suites) }
	/^(not )?ok |^# / { print }
	END { print "1.." suites + 0 }'

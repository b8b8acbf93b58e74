#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command in a debug VM, then looks for memory that the module leaked.
#
# Usage: leakcheck.sh COMMAND…
#
# Exit code: COMMAND's, or 100 if it succeeded and kmemleak blames the module: by its name, or by code that was unloaded. Other
# leaks are the kernel's own and only shown. Without kmemleak, only COMMAND runs.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

kmemleak=/sys/kernel/debug/kmemleak

# An object counts as leaked if it is older than five seconds and two scans find no pointer to it.
scan() {
	sleep 6
	echo scan >$kmemleak
	sleep 1
	echo scan >$kmemleak
}

case ${1:-} in '' | -h | --help) usage; exit 0 ;; esac
if [ ! -w $kmemleak ]; then
	exec "$@"
fi
code=0
# Without EXPTRACE_VM no test locks the kernel down, which would forbid reading kmemleak's report.
env -u EXPTRACE_VM "$@" || code=$?
scan
cat $kmemleak >&2
# In the backtrace of an unloaded module, addresses have no symbols.
if grep -q -E 'exptrace|\] 0xf{6}' $kmemleak; then
	note "memory was leaked"
	[ "$code" -ne 0 ] || code=100
fi
exit "$code"

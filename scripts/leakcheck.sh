#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command in a debug VM, then looks for memory that the module has lost.
#
# Usage: leakcheck.sh COMMAND…
#
# Exit code: COMMAND's, or 100 if it succeeded and kmemleak blames the module: by its name, or by code that is gone. What
# else kmemleak finds is the kernel's own and only shown. Where there is no kmemleak, it is COMMAND alone.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

kmemleak=/sys/kernel/debug/kmemleak

# An object counts as lost when it is older than five seconds, and a second look does not find it either.
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
# Nothing may lock this kernel down: then kmemleak would not tell.
env -u EXPTRACE_VM "$@" || code=$?
scan
cat $kmemleak >&2
# The backtrace of a module that is gone has bare addresses.
if grep -q -E 'exptrace|\] 0xf{6}' $kmemleak; then
	note "memory was lost"
	[ "$code" -ne 0 ] || code=100
fi
exit "$code"

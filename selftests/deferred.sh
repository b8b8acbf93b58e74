#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs on the host those parts of the shell tests that a VM has left in its out folder (see on_host in tap.sh): mostly the
# decoding of traces, which takes many times as long under emulation. Prints TAP, nothing if there is no such part.
#
# Usage: deferred.sh DIRECTORY       the out folder's "host"; what has passed is removed
here=$(cd "$(dirname "$0")" && pwd)
number=0 failed=0
[ -d "${1:?}" ] || exit 0

# run DIRECTORY: a part of a test; the directory is named PROGRAM/TEST. It has as much time as a whole program in a VM.
run() {
	local program name log=$1/.log seconds=${EXPTRACE_TEST_TIMEOUT:-900}
	program=$(basename "$(dirname "$1")") name=$(basename "$1")
	number=$((number + 1))
	if [ ! -e "$1/.function" ]; then
		echo "not ok $number $program: $name on the host: the VM has not left all of it"
		failed=1
	elif timeout --foreground "$seconds" "$here/$program" --deferred "$1" "$(cat "$1/.function")" >"$log" 2>&1; then
		[ ! -e "$1/remarks" ] || sed 's/^/# /' "$1/remarks"
		echo "ok $number $program: $name on the host$([ ! -e "$1/skip" ] || echo " # SKIP $(cat "$1/skip")")"
		rm -rf "$1"
	else
		[ $? -ne 124 ] || echo "timed out after $seconds s" >>"$log"
		sed 's/^#* */# /' "$log"
		echo "not ok $number $program: $name on the host"
		failed=1
	fi
}

echo "TAP version 13"
begun=$(date +%s)
for dir in "$1"/*/*/; do
	run "${dir%/}"
done
echo "time deferred.sh $(($(date +%s) - begun))"
echo "1..$number"
exit "$failed"

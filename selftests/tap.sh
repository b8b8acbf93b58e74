# SPDX-License-Identifier: GPL-2.0-only
# The harness of the shell tests. Each test is a function that runs in a subshell. The module is unloaded before and after it. A
# test fails if one of its commands fails or the kernel log then has a warning. The report is TAP.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Read by the tests.
# shellcheck disable=SC2034
exptrace=$here/../build/user/exptrace
# shellcheck disable=SC2034
sys=/sys/class/misc/exptrace
program=$(basename "$0")
# "PROGRAM --deferred DIRECTORY FUNCTION" runs what on_host has left in a directory.
if [ "${1:-}" = --deferred ]; then
	work=$2 deferred=$3
else
	work=$(mktemp -d) deferred=
fi
bug_signs='WARNING:|BUG:|Oops|Call Trace|general protection|possible (circular|recursive)|inconsistent lock state'
bug_signs+='|INFO: (rcu|task)|KASAN|UBSAN|KCSAN|suspicious RCU|scheduling while atomic|sleeping function called'

skip_all() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

# skip REASON: a test that cannot run does not count as passed.
skip() {
	echo "$*" >"$work/skip"
	exit 0
}

# remark TEXT: show this in the report, whether the test passes or not.
remark() { echo "$*" >>"$work/remarks"; }

fail() {
	echo "# $*"
	exit 1
}

# expect_status N COMMAND...: the command must exit with this code.
expect_status() {
	local want=$1 status=0
	shift
	"$@" || status=$?
	[ "$status" -eq "$want" ] || fail "exit code $status instead of $want: $*"
}

# not COMMAND...: the command must fail. A failing "!" would not end a test.
not() {
	! "$@" || fail "should have failed: $*"
}

# Wait up to a minute until a command succeeds.
wait_for() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || fail "timed out waiting for: $*"
		sleep 0.02
	done
}

is_loaded() { grep -q '^exptrace ' /proc/modules; }
recording_is() { [ "$(cat "$sys/recording")" = "$1" ]; }

load() { insmod "$EXPTRACE_KO" "$@"; }

# refuses ERROR FILE TEXT: writing TEXT to FILE fails with this error.
refuses() {
	local message
	if message=$( (echo "$3" >"$2") 2>&1); then
		fail "$2 accepted '$3'"
	fi
	[[ $message == *"$1" ]] || fail "$2, '$3': $message instead of $1"
}

# have_stacks NAME...: exactly these events, sorted by name, have stacks.
have_stacks() { [ "$(awk '$5 == "stack" { print $3 }' "$sys/events" | sort | xargs)" = "$*" ] || fail "$(cat "$sys/events")"; }

# A test module in the same directory.
load_lacking() { insmod "$(dirname "$EXPTRACE_KO")/exptrace_lacking.ko"; }

unload() {
	! grep -q '^exptrace_lacking ' /proc/modules || wait_for rmmod exptrace_lacking 2>/dev/null
	! is_loaded || wait_for rmmod exptrace 2>/dev/null
}

# on_host FUNCTION: run the rest of a test, which needs the files in $work but neither the module nor this kernel. In a VM
# of check.sh (EXPTRACE_DEFER), leave it in the out folder, for deferred.sh to run at the host's full speed; else run it now.
on_host() {
	local dir
	if [ -z "${EXPTRACE_DEFER:-}" ] || [ -n "$deferred" ]; then
		"$1"
		return
	fi
	dir=${EXPTRACE_OUT:?}/host/$program/$name
	mkdir -p "$dir"
	cp -r "$work/." "$dir/"
	# Last: a directory without this file is not complete.
	echo "$1" >"$dir/.function"
}

# Print what the kernel logged since the test began.
log_since() { dmesg | sed -n "/$mark/,\$p"; }

run_test() {
	local name=$1 status=0 begun=$SECONDS
	rm -rf "${work:?}"/*
	mark="selftest-$$-$name"
	(unload)
	echo "$mark" >/dev/kmsg
	# No "||" here: in a list, the shell would ignore that a command of the test fails. Background jobs end with the test.
	# shellcheck disable=SC2154 # set by the shell
	(
		set -Eeuo pipefail
		trap 'echo "line $LINENO failed: $BASH_COMMAND"' ERR
		trap 'kill $(jobs -p) 2>/dev/null || :' EXIT
		"$name"
	) >"$work/log" 2>&1
	status=$?
	(unload) >>"$work/log" 2>&1 || status=1
	if log_since | grep -E "$bug_signs" >>"$work/log"; then
		status=1
	fi
	[ "$status" -eq 0 ] || sed 's/^#* */# /' "$work/log"
	[ ! -e "$work/remarks" ] || sed 's/^/# /' "$work/remarks"
	echo "# $((SECONDS - begun)) s"
	if [ "$status" -ne 0 ]; then
		echo "not ok $number $name"
		failed=1
	elif [ -e "$work/skip" ]; then
		echo "ok $number $name # SKIP $(cat "$work/skip")"
	else
		echo "ok $number $name"
	fi
}

# Run what on_host has deferred; the output is the log of the failure.
run_deferred() {
	rm -f "$work"/{remarks,skip}
	set -Eeuo pipefail
	trap 'echo "line $LINENO failed: $BASH_COMMAND"' ERR
	trap 'kill $(jobs -p) 2>/dev/null || :' EXIT
	"$deferred"
}

# run_tests NAME...: run these tests; the exit code is 1 if one failed.
run_tests() {
	local number=0 failed=0 name
	if [ -n "$deferred" ]; then
		name=$(basename "$work")
		run_deferred
		exit
	fi
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	[ -r "${EXPTRACE_KO:-}" ] || skip_all "EXPTRACE_KO does not name the module to test"
	trap 'rm -rf "$work"' EXIT
	echo "TAP version 13"
	echo "1..$#"
	for name; do
		number=$((number + 1))
		run_test "$name"
	done
	exit "$failed"
}

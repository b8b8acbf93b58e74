#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A kernel that is locked down gives nothing away. It stays so until it is booted again, so this is the last test, and
# only for a machine that is thrown away.
# shellcheck disable=SC2317 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

lockdown=/sys/kernel/security/lockdown

[ -n "${EXPTRACE_VM:-}" ] || skip_all "would lock this machine's kernel down until it is booted again"
mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security
[ -e "$lockdown" ] || skip_all "this kernel has no lockdown"

locked_down_kernel_opens_the_device_to_nobody() {
	load autostart=1
	cat /dev/exptrace >"$work/before" &
	local reader=$! message
	wait_for test -s "$work/before"
	"$exptrace" info
	echo confidentiality >"$lockdown"
	grep -F '[confidentiality]' "$lockdown"
	message=$("$exptrace" info 2>&1) && fail "the device can be opened"
	[[ $message == *"locked down"* ]] || fail "the message does not name the cause: $message"
	message=$(head -c 1 /dev/exptrace 2>&1) && fail "the device can be read"
	[[ $message == *"not permitted"* ]] || fail "not EPERM: $message"
	# What is open stays open, as the files of tracefs do.
	echo 0 >"$sys/recording"
	wait "$reader"
	"$exptrace" check "$work/before"
}

run_tests locked_down_kernel_opens_the_device_to_nobody

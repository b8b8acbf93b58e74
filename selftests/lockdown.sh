#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# With a locked-down kernel, nobody can record or read traces. Lockdown lasts until the next boot, so this is the last test, and
# only for a throwaway machine.
# shellcheck disable=SC2317 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

lockdown=/sys/kernel/security/lockdown

[ -n "${EXPTRACE_VM:-}" ] || skip_all "would lock this machine's kernel down until it is booted again"
mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security
[ -e "$lockdown" ] || skip_all "this kernel has no lockdown"

state() { sed -n "s/^$1 //p" /sys/kernel/debug/exptrace/state; }

# Writes that would start or change a recording are refused, whether one is active or not, and have no effect.
sysfs_changes_nothing() {
	local before denied="Operation not permitted"
	before=$(cat "$sys"/{recording,generation,events,trigger_latency_us}; state triggers)
	refuses "$denied" "$sys/recording" 1
	refuses "$denied" "$sys/events" +alloc
	refuses "$denied" "$sys/events" -sched_switch
	refuses "$denied" "$sys/events" sched:stack
	refuses "$denied" "$sys/advance" 1
	refuses "$denied" "$sys/trigger" 1
	refuses "$denied" "$sys/trigger_latency_us" 1000
	[ "$(cat "$sys"/{recording,generation,events,trigger_latency_us}; state triggers)" = "$before" ] || fail "something has changed"
}

locked_down_kernel_opens_the_device_to_nobody_and_starts_nothing() {
	load autostart=1 period_ms=0
	cat /dev/exptrace >"$work/before" &
	local reader=$! message
	wait_for test -s "$work/before"
	"$exptrace" info
	exec 3>"$sys/events"
	echo confidentiality >"$lockdown"
	grep -F '[confidentiality]' "$lockdown"
	message=$("$exptrace" info 2>&1) && fail "the device can be opened"
	[[ $message == *"locked down"* ]] || fail "the message does not name the cause: $message"
	message=$(head -c 1 /dev/exptrace 2>&1) && fail "the device can be read"
	[[ $message == *"not permitted"* ]] || fail "not EPERM: $message"
	sysfs_changes_nothing
	message=$(printf '+alloc\n' 2>&1 >&3) && fail "a file that was open accepts what is refused otherwise"
	[[ $message == *"not permitted"* ]] || fail "not EPERM: $message"
	exec 3>&-
	# As with tracefs, open files stay open, and an active recording can be stopped.
	recording_is 1
	echo 0 >"$sys/recording"
	recording_is 0
	wait "$reader"
	"$exptrace" check "$work/before"
	sysfs_changes_nothing
	[ "$(state lists_read)" = 1 ]
}

# A locked-down kernel loads only signed modules, so this needs a kernel that was built with the module's key.
locked_down_kernel_starts_nothing_with_the_module() {
	load 2>/dev/null || skip "this kernel does not load the module when it is locked down"
	recording_is 0
	unload
	not load autostart=1
	is_loaded && fail "the module is there"
	log_since | grep -F 'exptrace: autostart refused: the kernel is locked down'
}

run_tests locked_down_kernel_opens_the_device_to_nobody_and_starts_nothing \
	locked_down_kernel_starts_nothing_with_the_module

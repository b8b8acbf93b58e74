#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The exptrace command on a live kernel.
# shellcheck disable=SC2317 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

[ -x "$exptrace" ] || skip_all "build/user/exptrace is not built"

record_for_a_time_and_read_it_back() {
	load
	# Somebody has to do something meanwhile.
	(while :; do /bin/true; done) &
	"$exptrace" record -o "$work/t" -e sched,alloc --duration 1
	kill $!
	recording_is 0
	"$exptrace" check "$work/t" | grep '^OK'
	"$exptrace" stat "$work/t" | grep 'sched_switch'
	"$exptrace" dump "$work/t" >"$work/dump"
	grep -q ' sched_switch: ' "$work/dump"
	grep -q ' kmalloc: ' "$work/dump"
	# In the order of time.
	grep -o -E ' [0-9]+\.[0-9]{9}: ' "$work/dump" >"$work/times"
	[ "$(wc -l <"$work/times")" -eq "$(wc -l <"$work/dump")" ]
	sort -c -t . -k 1,1n -k 2,2n "$work/times"
}

record_passes_on_the_command_and_its_exit_code() {
	load
	expect_status 0 "$exptrace" record -o "$work/t" -- /bin/true
	expect_status 7 "$exptrace" record -o "$work/t" -- sh -c 'exit 7'
	# shellcheck disable=SC2016 # expanded in there
	expect_status 143 "$exptrace" record -o "$work/t" -- sh -c 'kill $$'
	expect_status 127 "$exptrace" record -o "$work/t" -- /no/such/command
	recording_is 0
	expect_status 0 "$exptrace" record -o "$work/t" -- cat /dev/null
	"$exptrace" dump -e sched_process_exec "$work/t" | grep 'cat'
	"$exptrace" check "$work/t"
}

record_ends_well_when_interrupted() {
	local signal
	load
	for signal in INT TERM; do
		# A background job of a shell ignores SIGINT, so let timeout(1) send it.
		expect_status 0 timeout --preserve-status -s "$signal" 1 "$exptrace" record -o "$work/t"
		recording_is 0
		"$exptrace" check "$work/t"
	done
}

record_without_the_module_says_what_to_do() {
	rm -f "$work/t"
	expect_status 1 "$exptrace" record -o "$work/t" --duration 1 2>"$work/err"
	grep -q -E 'insmod|modprobe|module' "$work/err"
	[ "$(wc -l <"$work/err")" -le 3 ]
	[ ! -s "$work/t" ]
}

killed_record_leaves_nothing_recording() {
	load
	"$exptrace" record -o "$work/t" --period 100 &
	local pid=$!
	wait_for recording_is 1
	wait_for test -s "$work/t"
	kill -9 "$pid"
	wait "$pid" || :
	wait_for recording_is 0
	# What it has written can be read as far as it goes, and the rest is still in the module.
	"$exptrace" dump "$work/t" >/dev/null || :
	cat /dev/exptrace >"$work/rest"
	cat "$work/t" >"$work/all"
	"$exptrace" record --discard -o "$work/t2" --duration 0.2
	"$exptrace" check "$work/t2"
}

second_record_does_not_disturb_the_first() {
	load
	"$exptrace" record -o "$work/t" &
	local pid=$!
	wait_for recording_is 1
	expect_status 1 "$exptrace" record -o "$work/t2" --duration 0.2
	recording_is 1
	kill -TERM "$pid"
	wait "$pid" || :
	"$exptrace" check "$work/t"
}

full_disk_is_one_message_and_what_was_written_is_readable() {
	local status=0
	load
	mkdir "$work/small"
	mount -t tmpfs -o size=128k tmpfs "$work/small"
	find /proc /sys -maxdepth 4 >/dev/null 2>&1 &
	"$exptrace" record -o "$work/small/t" -e sched,alloc --period 50 --duration 15 2>"$work/err" || status=$?
	cp "$work/small/t" "$work/t"
	umount "$work/small"
	[ "$status" -eq 1 ] || fail "exit code $status"
	# One message; a hint may follow.
	[ "$(grep -c 'No space left' "$work/err")" -eq 1 ] || fail "not one message: $(cat "$work/err")"
	[ "$(wc -l <"$work/err")" -le 2 ] || fail "not one message: $(cat "$work/err")"
	recording_is 0
	# What there is can be seen, and check says that the end is missing; unless the disk was full just after an end.
	("$exptrace" dump "$work/t" || :) | grep -c sched_switch
	python3 "$here/decode.py" "$work/t" 2>"$work/cut" >/dev/null
	if [ -s "$work/cut" ]; then
		expect_status 1 "$exptrace" check "$work/t"
	else
		expect_status 0 "$exptrace" check "$work/t"
	fi
	head -c -1 "$work/t" >"$work/shorter"
	python3 "$here/decode.py" "$work/shorter" 2>&1 >/dev/null | grep -E 'cut off|has no end'
	expect_status 1 "$exptrace" check "$work/shorter"
}

reading_ends_quietly_when_nobody_listens() {
	load
	"$exptrace" record -o "$work/t" -e sched,alloc --duration 0.3
	"$exptrace" dump "$work/t" 2>"$work/err" | head -n 1 >/dev/null
	[ ! -s "$work/err" ] || fail "$(cat "$work/err")"
}

list_shows_what_the_module_has() {
	load events=sched_switch
	"$exptrace" list >"$work/list"
	diff <(awk '{ print $1, $2, $3, $4 }' "$sys/events" | sort) <(awk '{ print $1, $2, $3, $4 }' "$work/list" | sort)
}

run_tests record_for_a_time_and_read_it_back record_passes_on_the_command_and_its_exit_code \
	record_ends_well_when_interrupted record_without_the_module_says_what_to_do \
	killed_record_leaves_nothing_recording second_record_does_not_disturb_the_first \
	full_disk_is_one_message_and_what_was_written_is_readable reading_ends_quietly_when_nobody_listens \
	list_shows_what_the_module_has

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The exptrace command on a live kernel.
# shellcheck disable=SC2317 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

[ -x "$exptrace" ] || skip_all "build/user/exptrace is not built"

record_for_a_time_and_read_it_back() {
	load
	# Something to record.
	(while :; do /bin/true; done) &
	"$exptrace" record -o "$work/t" -e sched,alloc --duration 1
	kill $!
	recording_is 0
	cp /proc/sys/kernel/random/boot_id "$work/boot_id"
	on_host read_it_back
}

read_it_back() {
	"$exptrace" check "$work/t" | grep '^OK'
	"$exptrace" stat "$work/t" | tee "$work/stat" | grep 'sched_switch'
	grep -q "^Boot: *$(cat "$work/boot_id")\$" "$work/stat"
	"$exptrace" dump "$work/t" >"$work/dump"
	grep -q ' sched_switch: ' "$work/dump"
	grep -q ' kmalloc: ' "$work/dump"
	# The events are sorted by time.
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
	local signal pid
	load
	for signal in INT TERM; do
		# Otherwise a background job of a shell ignores SIGINT.
		env --default-signal=INT "$exptrace" record -o "$work/t" &
		pid=$!
		wait_for recording_is 1
		kill -s "$signal" "$pid"
		expect_status 0 wait "$pid"
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
	# The file can be read to its end, and the rest is still in the module.
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
	# One message, perhaps followed by a hint.
	[ "$(grep -c 'No space left' "$work/err")" -eq 1 ] || fail "not one message: $(cat "$work/err")"
	[ "$(wc -l <"$work/err")" -le 2 ] || fail "not one message: $(cat "$work/err")"
	recording_is 0
	# dump shows the events, and check reports the missing end, unless the disk was full just after a generation's end.
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
	diff <(sort "$sys/events") <(awk '{ $1 = $1; print }' "$work/list" | sort)
	not grep stack "$work/list"
	# It shows which events have stacks, on or off.
	"$exptrace" start -e kmalloc --stacks sched_switch,kmalloc
	"$exptrace" list >"$work/list"
	diff <(sort "$sys/events") <(awk '{ $1 = $1; print }' "$work/list" | sort)
	[ "$(awk 'NF > 4' "$sys/events" | sort | xargs)" = "allocfree alloc kmalloc on stack standard sched sched_switch off stack" ] ||
		fail "$(cat "$sys/events")"
	"$exptrace" stop
}

# All tested kernels have all of the module's own events, but a test module has one that no kernel has.
missing_events_are_noted_and_the_rest_is_recorded() {
	load
	load_lacking
	log_since | grep 'exptrace: this kernel has no tracepoint exptrace_is_in_no_kernel: its event is missing$'
	grep -x 'lacking test test_missing missing' "$sys/events"
	"$exptrace" list | grep ' test  *test_missing  *missing$'
	expect_status 0 "$exptrace" record -o "$work/t" -e sched,test_missing -- sh -c '/bin/true; :' 2>"$work/err"
	grep -x "exptrace: --events sched,test_missing: note: this kernel has no tracepoint for 'test_missing'" "$work/err"
	[ "$(wc -l <"$work/err")" -eq 2 ] || fail "$(cat "$work/err")"
	"$exptrace" check "$work/t" | grep '^OK'
	"$exptrace" dump "$work/t" | grep -c ' sched_switch: '
	# There is a note if some events of a group are missing, none for a system call or an excluded event.
	expect_status 0 "$exptrace" record -o "$work/t" -e test,syscalls:close -- sh -c '/bin/true; :' 2>"$work/err"
	grep -x "exptrace: --events test,syscalls:close: note: this kernel lacks 1 of the 2 events of 'test'" "$work/err"
	[ "$(wc -l <"$work/err")" -eq 2 ] || fail "$(cat "$work/err")"
	"$exptrace" check "$work/t" | grep '^OK.* 0 lost'
	"$exptrace" dump "$work/t" | grep -c ' test_fork: .*child_pid='
	expect_status 0 "$exptrace" record -o "$work/t" -e test,-test_missing -- /bin/true 2>"$work/err"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$(cat "$work/err")"
	expect_status 0 "$exptrace" record -o "$work/t" --stacks sched_switch,test_missing -- /bin/true 2>"$work/err"
	grep -x "exptrace: --stacks sched_switch,test_missing: note: this kernel has no tracepoint for 'test_missing'" "$work/err"
	# A recording without events does not start, and a misspelt word is an error, not a note.
	rm "$work/t"
	expect_status 1 "$exptrace" record -o "$work/t" -e sched,-sched,test_missing -- /bin/true 2>"$work/err"
	grep "this kernel has no tracepoint for 'sched,-sched,test_missing', and no other event is on" "$work/err"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$(cat "$work/err")"
	expect_status 1 "$exptrace" start -e test_missing 2>"$work/err"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$(cat "$work/err")"
	expect_status 1 "$exptrace" record -o "$work/t" -e sched,test_mising -- /bin/true 2>"$work/err"
	grep "there is no event, group or experiment 'test_mising'" "$work/err"
	[ ! -e "$work/t" ]
	recording_is 0
	# In sysfs, only the list shows it.
	echo 'sched_switch test_missing' >"$sys/events"
	grep -x 'lacking test test_missing missing' "$sys/events"
	grep -x 'standard sched sched_switch on' "$sys/events"
}

# Print the arguments of the markers in $work/t, in order.
markers() { "$exptrace" dump -e marker "$work/t" | sed 's/.*: \(marker[a-z_]*\): /\1 /'; }

mark_writes_its_arguments() {
	load
	expect_status 1 "$exptrace" mark early 2>"$work/err"
	grep -q 'nothing is being recorded' "$work/err"
	# Markers are recorded even if they are not selected.
	# shellcheck disable=SC2016 # expanded in there
	"$exptrace" record -o "$work/t" -e sched_process_exit -- sh -c '
		set -e
		"$0" mark "hello there"
		"$0" mark --begin build
		"$0" mark --key request -- --42
		"$0" mark --key "" ""
		"$0" mark --end build
		"$0" mark "$(printf "%02000d" 0)"
		echo shell >/dev/exptrace' "$exptrace"
	"$exptrace" check "$work/t" | grep '^OK.* 0 lost'
	markers >"$work/seen"
	diff "$work/seen" - <<-END
		marker text=hello there
		marker_begin name=build
		marker_log key=request value=--42
		marker_log key= value=
		marker_end name=build
		marker text=$(printf '%01024d' 0)
		marker text=shell
	END
	"$exptrace" dump --json -e marker_log "$work/t" | grep -F '"args":{"key":"request","value":"--42"}'
	# Without a reader, the pool becomes full. CPUs other than the one that finds it full may still have room in their batches.
	"$exptrace" start -e sched_process_exit --pool 1 --period 0
	not taskset -c 0 dd if=/dev/zero of=/dev/exptrace bs=1024 count=4096 2>"$work/err"
	grep -q 'No buffer space' "$work/err"
	expect_status 1 taskset -c 0 "$exptrace" mark late 2>"$work/err"
	grep -q 'the pool is full, the marker is lost' "$work/err"
	expect_status 1 taskset -c 0 "$exptrace" mark --key late late 2>"$work/err"
	grep -q 'the pool is full, the marker is lost' "$work/err"
	"$exptrace" stop
}

# A bit of everything: files, searching, compressing, threads that communicate, short processes.
mixed_work() {
	find /usr/include -name '*.h' | head -100 | xargs grep -l define >"$work/found"
	tar cf - /usr/include/linux | gzip -1 >"$work/packed"
	python3 -c '
import socket, threading, time
a, b = socket.socketpair()
def talk(s):
    for _ in range(200):
        s.send(bytes(100))
        s.recv(100)
t = [threading.Thread(target=talk, args=(s,)) for s in (a, b)]
[x.start() for x in t]
[x.join() for x in t]
for _ in range(50):
    time.sleep(0.001)'
	for _ in $(seq 20); do sh -c 'echo a | cat | wc -c' >/dev/null; done
	dd if=/dev/zero of="$work/zeros" bs=64k count=50 status=none
	cp "$work/zeros" "$work/copy"
}

events_of_a_mixed_workload_take_eight_bytes() {
	load
	"$exptrace" record -o "$work/t" --pool 64 \
		-e sched,sched_more,irq,irq_more,timer,workqueue,syscalls,fault,power,signal,block,printk,alloc \
		-- bash -c "work='$work'; $(declare -f mixed_work); mixed_work"
	rm -f "$work"/{found,packed,zeros,copy}
	on_host events_take_eight_bytes
}

events_take_eight_bytes() {
	"$exptrace" check "$work/t"
	"$exptrace" stat "$work/t" >"$work/stat"
	grep '^Events:' "$work/stat"
	[ "$(sed -n 's|^Events: *\([0-9]*\),.*|\1|p' "$work/stat")" -gt 50000 ]
	awk '/^Events:/ { exit !($(NF - 1) > 0 && $(NF - 1) <= 8) }' "$work/stat"
}

# Print the first and the last generation of a snapshot.
generations_of() {
	"$exptrace" dump --json --all "$1" | sed 's/.*"generation":\([0-9]*\).*/\1/' | sort -nu | sed -n '1p;$p' | xargs
}

snapshot_writes_what_the_recorder_holds() {
	load
	expect_status 1 "$exptrace" snapshot -o "$work/none" 2>"$work/err"
	grep -q . "$work/err"
	"$exptrace" start --flight -e sched --pool 16 --period 200
	sleep 1
	"$exptrace" snapshot -o "$work/one"
	recording_is 1
	sleep 0.5
	"$exptrace" snapshot -o - >"$work/two"
	"$exptrace" stop
	on_host second_snapshot_has_more_than_the_first
}

second_snapshot_has_more_than_the_first() {
	local first last from to
	"$exptrace" check "$work/one" | grep '^OK'
	"$exptrace" check "$work/two" | grep '^OK'
	# The first took nothing away; the second has more.
	read -r first last <<<"$(generations_of "$work/one")"
	[ "$last" -gt "$first" ]
	read -r from to <<<"$(generations_of "$work/two")"
	[ "$from" -eq "$first" ]
	[ "$to" -gt "$last" ]
}

waiting_snapshot_ends_with_the_trigger() {
	local pid
	load
	"$exptrace" start --flight -e sched --pool 4
	"$exptrace" snapshot --wait -o "$work/late" &
	pid=$!
	# Wait until it is in ioctl(2).
	wait_for grep -q '^16 ' "/proc/$pid/syscall"
	sleep 0.3
	kill -0 "$pid"
	"$exptrace" trigger
	wait "$pid"
	"$exptrace" check "$work/late" | grep '^OK'
	"$exptrace" info | grep 'Triggers fired: *1$'
	"$exptrace" stop
}

# Print the names of python3's system calls in $work/t, in order. (sched_process_exec gives it its name.)
calls_of_python() {
	"$exptrace" dump -e sys_enter "$work/t" | sed -n 's/^ *python3-.*: sys_enter: nr=[0-9]* \[\(.*\)\]$/\1/p'
}

system_calls_can_be_chosen() {
	local program='import os; [(os.getppid(), os.getuid(), os.close(os.open("/dev/null", 0))) for _ in range(7)]'
	load
	"$exptrace" record -o "$work/t" -e sched_process_exec,syscalls:openat,syscalls:getppid -- python3 -c "$program"
	"$exptrace" check "$work/t" | grep '^OK.* 0 lost'
	[ "$(calls_of_python | sort -u | paste -s -d ' ')" = "getppid openat" ]
	[ "$(calls_of_python | grep -c getppid)" -eq 7 ]
	"$exptrace" report --json "$work/t" >"$work/report"
	python3 -c 'import json, sys; print(*sorted(c["name"] for c in json.load(sys.stdin)["syscalls"]))' \
		<"$work/report" | grep -x 'getppid openat'

	# Select a system call by number and with other events; exclude one.
	"$exptrace" record -o "$work/t" -e sched,syscalls:110 -- python3 -c "$program"
	[ "$(calls_of_python | sort -u)" = getppid ]
	[ "$(calls_of_python | wc -l)" -eq 7 ]
	"$exptrace" dump -e sched_switch "$work/t" | grep -c sched_switch
	"$exptrace" record -o "$work/t" -e sched,syscalls,-syscalls:getppid -- python3 -c "$program"
	not grep -x getppid <(calls_of_python)
	[ "$(calls_of_python | grep -c -x getuid)" -ge 7 ]

	# A recording's selection ends with it.
	"$exptrace" record -o "$work/t" -e sched,syscalls -- python3 -c "$program"
	[ "$(calls_of_python | grep -c -x getppid)" -eq 7 ]
}

list_shows_the_selected_events() {
	local what
	load events=sched_switch
	for what in sched 'sched:*' 'sched:sched_*,task_rename,sched:sched_pi_setprio' '-*,+sched'; do
		diff <("$exptrace" list -- "$what") <("$exptrace" list | awk '$2 == "sched"')
	done
	diff <("$exptrace" list '*:?free,allocfree:kmalloc') <("$exptrace" list | awk '$3 == "kfree" || $3 == "kmalloc"')
	diff <("$exptrace" list all) <("$exptrace" list)
	expect_status 1 "$exptrace" list irq:sched_switch 2>"$work/err"
	grep "did you mean 'sched:sched_switch'?\$" "$work/err"
	# record accepts each event of the list by its name and as GROUP:NAME.
	"$exptrace" list | awk '$4 != "missing" { print $3; print $2 ":" $3 }' | paste -s -d , >"$work/all"
	expect_status 0 "$exptrace" record -o "$work/t" -e "$(cat "$work/all")" -- /bin/true
}

record_accepts_the_words_that_dump_accepts() {
	local word
	load
	"$exptrace" record -o "$work/t" -e '*_process_*,sched:*_switch,syscalls:get*id' -- \
		python3 -c 'import os; [(os.getppid(), os.getuid(), os.close(os.open("/dev/null", 0))) for _ in range(7)]'
	"$exptrace" check "$work/t" | grep '^OK.* 0 lost'
	"$exptrace" stat "$work/t" >"$work/stat"
	grep ' sched_process_exec' "$work/stat"
	grep ' sched_switch' "$work/stat"
	not grep ' sched_wakeup' "$work/stat"
	calls_of_python | sort -u >"$work/calls"
	grep -x getppid "$work/calls"
	grep -x getuid "$work/calls"
	not grep -v '^get.*id$' "$work/calls"
	"$exptrace" dump -e syscalls:getppid "$work/t" >"$work/dump"
	[ "$(grep -c 'sys_e[a-z]*: nr=110 \[getppid\]' "$work/dump")" -ge 14 ]
	not grep -v 'nr=110 ' "$work/dump"
	"$exptrace" report --json -e syscalls:getppid "$work/t" >"$work/report"
	python3 -c 'import json, sys; print(*(c["name"] for c in json.load(sys.stdin)["syscalls"]))' \
		<"$work/report" | grep -x getppid
	# What one command refuses, the others refuse.
	for word in nonsense 'x*' irq:sched_switch syscalls:nonsense 'syscalls:x*y'; do
		expect_status 1 "$exptrace" record -o "$work/t2" -e "$word" -- true 2>"$work/err"
		expect_status 1 "$exptrace" start --stacks "$word" 2>"$work/err"
		expect_status 1 "$exptrace" dump -e "$word" "$work/t" 2>"$work/err"
		[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$word: $(cat "$work/err")"
	done
	[ ! -e "$work/t2" ]
	recording_is 0
	for word in '' + 'tp:x' '-fn:x' '['; do
		expect_status 2 "$exptrace" record -o "$work/t2" -e "$word" -- true 2>"$work/err"
		expect_status 2 "$exptrace" start --stacks "$word" 2>"$work/err"
	done
}

unknown_system_calls_are_refused() {
	local word
	load
	for word in syscalls:no_such_call syscalls:openat,syscalls:no_such_call syscalls:1024 syscalls:-1 syscalls: \
		syscalls:0x10 syscalls:99999999999999999999 -syscalls:no_such_call; do
		expect_status 1 "$exptrace" record -o "$work/t" -e "$word" -- true 2>"$work/err"
		grep -q "there is no system call '" "$work/err" || fail "$word: $(cat "$work/err")"
		[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$word: $(cat "$work/err")"
		[ ! -s "$work/t" ]
		recording_is 0
	done
	# None of them was selected.
	"$exptrace" record -o "$work/t" -e sched,syscalls -- python3 -c 'import os; os.getppid()'
	calls_of_python | grep -x getppid
}

record_follows_the_command_and_its_children_only() {
	load
	(while :; do /bin/true; done) &
	local other=$!
	"$exptrace" record -o "$work/t" -e sched,syscalls --follow -- sh -c 'cat /dev/null; (sleep 0.2; true)'
	kill "$other"
	"$exptrace" check "$work/t"
	"$exptrace" stat "$work/t" | grep '^Filter: .*processes [0-9]* and children$'
	# The command from its first instruction, its children, and their children.
	"$exptrace" dump -e sched_process_exec "$work/t" >"$work/dump"
	[ "$(grep -c 'sched_process_exec' "$work/dump")" -eq 3 ] || fail "$(cat "$work/dump")"
	grep -q 'filename=.*/sh' "$work/dump"
	grep -q 'filename=.*/cat' "$work/dump"
	grep -q 'filename=.*/sleep' "$work/dump"
	! grep 'filename=.*/true' "$work/dump" || fail "others are recorded"
	# No other process made system calls.
	"$exptrace" dump -e sys_enter --json "$work/t" | grep -o '"comm":"[^"]*"' | sort -u >"$work/comms"
	! grep -v -E '"(sh|cat|sleep|exptrace)"' "$work/comms" || fail "others called"
	[ "$(cat "$sys/filter")" = none ]
	expect_status 127 "$exptrace" record -o "$work/t" --follow -- /no/such/command
	expect_status 7 "$exptrace" record -o "$work/t" --follow -- sh -c 'exit 7'
	expect_status 2 "$exptrace" record -o "$work/t" --follow 2>/dev/null
}

record_sets_filters_and_removes_them() {
	local pid before
	load
	sleep 1000 &
	pid=$!
	"$exptrace" start -e sched --flight --pid "$pid" --children --cpu 0
	before=$(cat "$sys/filter")
	[ "$before" = "processes $pid and children; cpus 0" ] || fail "$before"
	"$exptrace" info | grep "^Filter:  *processes $pid and children; CPUs 0$"
	"$exptrace" stop
	# record ignores the filter that start has left; start uses it, and says so.
	"$exptrace" record --discard -o "$work/t" --duration 0.3
	"$exptrace" stat "$work/t" >"$work/stat"
	! grep '^Filter:' "$work/stat" || fail "it is filtered"
	[ "$(cat "$sys/filter")" = "$before" ]
	"$exptrace" start --flight 2>"$work/err"
	grep -q "note: a filter is set.*processes $pid and children; CPUs 0" "$work/err"
	"$exptrace" stop
	"$exptrace" start --flight --no-filter --discard 2>"$work/err"
	! grep note "$work/err" || fail "it is still there"
	[ "$(cat "$sys/filter")" = none ]
	"$exptrace" stop
	"$exptrace" record --discard -o "$work/t" -e syscalls:getppid,syscalls:close --duration 0.2
	"$exptrace" stat "$work/t" | grep '^Filter: *only system calls 3,110, of 32-bit programs 6,64, of x32 programs 3,110$'
	"$exptrace" start --flight --discard -e syscalls:getppid,syscalls:close
	"$exptrace" info | grep '^System calls: *close,getppid$'
	"$exptrace" stop
	kill "$pid"
}

# Inside, process ids are small, like those of the host's first processes.
record_in_a_pid_namespace_follows_its_own_processes() {
	local self=$BASHPID
	command -v unshare >/dev/null || skip "needs unshare(1)"
	unshare -pf --mount-proc true 2>/dev/null || skip "no pid namespace can be made here"
	load
	unshare -pf --mount-proc "$exptrace" record -o "$work/t" -e sched --follow -- cat /dev/null
	"$exptrace" check "$work/t"
	"$exptrace" dump -e sched_process_exec "$work/t" >"$work/dump"
	[ "$(grep -c 'filename=.*/cat' "$work/dump")" -eq 1 ] || fail "$(cat "$work/dump")"
	# An id that exists only outside, and is larger than any inside.
	expect_status 1 unshare -pf --mount-proc "$exptrace" record -o "$work/t" -p "$self" --duration 0.1 2>"$work/err"
	grep -q "there is no process $self\$" "$work/err" || fail "$(cat "$work/err")"
	# A process that the host selected has no id inside, and must not be shown as another process.
	"$exptrace" start --flight -p "$self"
	unshare -pf --mount-proc "$exptrace" info | grep '^Filter:  *processes ?$'
	"$exptrace" info | grep "^Filter:  *processes $self\$"
	"$exptrace" stop
}

invalid_filter_is_one_message() {
	local option
	load
	for option in '--pid 0' '--pid x' '--pid 1,' '--tid -1' '--cpu 1-0' '--cpu x' '--cpu 99999' \
		'--min-duration syscalls' '--min-duration syscalls=1' '--min-duration x=1ms' '--min-duration syscalls=-1ms'; do
		# shellcheck disable=SC2086 # words
		expect_status 2 "$exptrace" record -o "$work/t" --duration 0.1 $option 2>/dev/null
	done
	for option in '--pid 4194303' '--tid 4194303' '--cpu 8191' '--cgroup /no/such' '--children'; do
		# shellcheck disable=SC2086 # words
		expect_status 1 "$exptrace" record -o "$work/t" --duration 0.1 $option 2>"$work/err"
		[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$option: $(cat "$work/err")"
	done
	[ "$(cat "$sys/filter")" = none ]
	recording_is 0
}

report_has_the_system_calls_that_took_long() {
	load
	"$exptrace" record -o "$work/t" -e syscalls --follow --min-duration syscalls=100ms,sched_switch=1ms -- \
		sh -c 'sleep 0.3; cat /dev/null'
	"$exptrace" check "$work/t"
	"$exptrace" dump -e sys_call "$work/t" >"$work/dump"
	grep -q 'sleep-.* sys_call: nr=[0-9]*(clock_nanosleep) ret=0 duration=3' "$work/dump" ||
		grep -q 'sys_call: nr=.*nanosleep.* duration=[0-9]\{9\}' "$work/dump" || fail "$(cat "$work/dump")"
	"$exptrace" report "$work/t" >"$work/report"
	grep -q '^Filter: .*system calls of 100000000 ns or more; switches after 1000000 ns or more' "$work/report"
	grep -q 'clock_nanosleep' "$work/report"
}

# The recorder's own work item advances generations.
report_names_functions_of_timers_and_works() {
	load
	expect_status 0 "$exptrace" record -e timer,workqueue --period 100 -o "$work/t" -- sleep 1
	"$exptrace" report "$work/t" >"$work/report"
	grep -q ' advance_by_itself \[exptrace\]$' "$work/report" || fail "$(cat "$work/report")"
	grep -q ' hrtimer_wakeup$' "$work/report" || fail "$(cat "$work/report")"
	"$exptrace" report --json "$work/t" >"$work/json"
	python3 - "$work/json" <<-'END'
		import json, sys
		report = json.load(open(sys.argv[1]))
		works = [w for w in report["works"] if w["function"] == "advance_by_itself [exptrace]"]
		assert len(works) == 1 and works[0]["count"] >= 5 and works[0]["sum_ns"] > 0, report["works"]
		assert any(t["function"] == "hrtimer_wakeup" and t["count"] for t in report["hrtimers"])
		assert any(t["function"] == "delayed_work_timer_fn" for t in report["timers"]), report["timers"]
	END
}

record_with_stacks_shows_them_and_leaves_none_on() {
	load
	expect_status 0 "$exptrace" record -e sched,kmalloc --stacks sched_switch -o "$work/t" -- sleep 0.2
	"$exptrace" check "$work/t"
	"$exptrace" dump "$work/t" >"$work/dump"
	grep -A 1 ' sched_switch: ' "$work/dump" | grep -P '^\t[0-9a-f]{16} __schedule\+0x'
	grep -A 1 ' kmalloc: ' "$work/dump" >"$work/kmalloc"
	expect_status 1 grep -P '^\t' "$work/kmalloc"
	expect_status 0 "$exptrace" record -e sched -o "$work/t" -- sleep 0.1
	"$exptrace" dump "$work/t" >"$work/dump"
	expect_status 1 grep -P '^\t' "$work/dump"
	expect_status 1 "$exptrace" record --stacks nonsense -o "$work/t" -- /bin/true
	recording_is 0
}

# Stacks that a killed recorder has left on: each costs more than its event.
leftover_stacks_are_reported() {
	load
	"$exptrace" record -o "$work/t" --stacks sched_switch --period 100 &
	local pid=$!
	wait_for recording_is 1
	kill -9 "$pid"
	wait "$pid" || :
	wait_for recording_is 0
	have_stacks sched_switch
	# record has none, and leaves the setting as it was; start uses it, and says so.
	"$exptrace" record --discard -o "$work/t" -- /bin/true
	"$exptrace" check "$work/t"
	"$exptrace" dump "$work/t" >"$work/dump"
	grep -c ' sched_switch: ' "$work/dump"
	expect_status 1 grep -P '^\t' "$work/dump"
	have_stacks sched_switch
	"$exptrace" start --flight -e sched,kmalloc 2>"$work/err"
	grep '^exptrace: note: 1 of the events that are on have stacks, as before (--no-stacks ' "$work/err"
	"$exptrace" stop
	"$exptrace" start --flight --discard -e kmalloc 2>"$work/err"
	not grep note "$work/err"
	"$exptrace" stop
	"$exptrace" start --flight --discard -e sched --stacks sched_wakeup 2>"$work/err"
	not grep note "$work/err"
	have_stacks sched_wakeup
	"$exptrace" stop
	"$exptrace" start --flight --discard --no-stacks 2>"$work/err"
	not grep note "$work/err"
	have_stacks
	"$exptrace" stop
}

# "all" means all events that can have stacks, also of other modules.
events_that_cannot_have_stacks_do_not_keep_others_from_them() {
	local word
	load events=sched_switch
	load_lacking
	# Selected together with others, they stay as they are; selected alone, they are an error, and nothing changes.
	echo all:stack >"$sys/events"
	[ "$(awk '$1 != "lacking" && $4 != "missing" && !/ on stack$/' "$sys/events")" = "" ] || fail "$(cat "$sys/events")"
	[ "$(awk '$1 == "lacking" { print $4, $5 }' "$sys/events" | xargs)" = "off missing" ] || fail "$(cat "$sys/events")"
	echo 'sched_switch:stack test_fork' >"$sys/events"
	echo +all:stack >"$sys/events"
	grep -x 'lacking test test_fork on' "$sys/events"
	echo sched_switch:stack >"$sys/events"
	for word in test_fork:stack +test:stack sched_wakeup:stack,lacking:stack +test_missing:stack; do
		refuses "Operation not supported" "$sys/events" "$word"
		have_stacks sched_switch
	done
	log_since | grep 'exptrace: no event of "lacking:stack" can have a stack$'
	echo -all:stack >"$sys/events"
	have_stacks

	expect_status 0 "$exptrace" record -o "$work/t" -e sched,test --stacks all -- sh -c '/bin/true; :' 2>"$work/err"
	grep -x "exptrace: --stacks all: note: 1 of the [0-9]* events of 'all' cannot have stacks" "$work/err"
	"$exptrace" check "$work/t"
	"$exptrace" dump "$work/t" >"$work/dump"
	grep -A 1 ' sched_switch: ' "$work/dump" | grep -P '^\t[0-9a-f]{16} __schedule\+0x'
	grep -A 1 ' test_fork: ' "$work/dump" >"$work/fork"
	expect_status 1 grep -P '^\t' "$work/fork"
	expect_status 1 "$exptrace" record -o "$work/t" --stacks sched,test -- /bin/true 2>"$work/err"
	grep -x "exptrace: cannot record stacks: 'test' has none" "$work/err"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$(cat "$work/err")"
	have_stacks
	recording_is 0
}

readers_that_may_not_see_addresses_get_an_error() {
	local user=(setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set "-all,+perfmon"
		--inh-caps "-all,+perfmon" --ambient-caps "-all,+perfmon")
	load
	[ "$(cat /proc/sys/kernel/kptr_restrict)" -lt 2 ] || skip "kptr_restrict is 2: nobody may"
	chmod 666 /dev/exptrace
	chmod 777 "$work"
	"$exptrace" start --flight
	expect_status 1 "${user[@]}" "$exptrace" snapshot -o "$work/t" 2>"$work/err"
	grep 'CAP_SYSLOG' "$work/err"
	[ "$(wc -l <"$work/err")" -eq 1 ]
	not ls "$work"/t*
	expect_status 1 "${user[@]}" "$exptrace" snapshot -o - 2>"$work/err" >/dev/null
	grep 'CAP_SYSLOG' "$work/err"
	[ "$(wc -l <"$work/err")" -eq 1 ]
	"$exptrace" stop
}

info_reports_that_a_full_pool_stops_a_recording_after_a_suspend() {
	local asleep
	asleep=$(dirname "$EXPTRACE_KO")/exptrace_sleep.ko
	[ -e "$asleep" ] || skip "exptrace_sleep.ko is not built: this kernel has no suspend"
	load
	"$exptrace" start --pool 1 -e syscalls
	dd if=/dev/zero of=/dev/null bs=1 count=200000
	not insmod "$asleep" how=1 ms=10
	wait_for grep -x 0 "$sys/generation"
	"$exptrace" info | grep '^Generation: *none: .*full'
	"$exptrace" stop
}

snapshot_reports_the_same_losses_as_check() {
	local lost
	load
	"$exptrace" start --pool 1 -e all
	dd if=/dev/zero of=/dev/null bs=1 count=100000
	"$exptrace" stop
	"$exptrace" snapshot -o "$work/t" 2>"$work/err"
	lost=$(sed -n 's/.*, \([0-9]*\) events lost$/\1/p' "$work/err")
	[ "$lost" -gt 0 ]
	"$exptrace" check "$work/t" | grep "^OK.* $lost lost"
}

failing_output_is_reported_by_commands_that_control_the_recorder() {
	local command
	load
	"$exptrace" start -e sched --flight
	for command in info list advance "snapshot -o -"; do
		# shellcheck disable=SC2086 # words
		expect_status 1 "$exptrace" $command >/dev/full 2>"$work/err"
		grep -x 'exptrace: standard output: cannot write: No space left on device' "$work/err"
		# shellcheck disable=SC2086 # words
		expect_status 1 "$exptrace" $command 2>"$work/err" >&-
		grep -x 'exptrace: standard output: cannot write: Bad file descriptor' "$work/err"
	done
	# An opened file must not become standard output.
	expect_status 0 "$exptrace" snapshot -o "$work/t" >&-
	"$exptrace" check "$work/t"
	expect_status 0 "$exptrace" stop >&-
	expect_status 1 "$exptrace" record -o - --discard --duration 0.2 2>"$work/err" >&-
	grep '^exptrace: standard output: cannot write: Bad file descriptor; recording is stopped' "$work/err"
	recording_is 0
}

options_and_files_are_named_with_the_module_as_without_it() {
	load
	expect_status 1 "$exptrace" record -o /no/such/t --duration 0.1 2>"$work/err"
	grep -x 'exptrace: /no/such/t: cannot write: .*No such file or directory' "$work/err"
	expect_status 1 "$exptrace" snapshot -o /no/such/t 2>"$work/err"
	grep -x 'exptrace: /no/such/t: cannot write: .*No such file or directory' "$work/err"
	expect_status 2 "$exptrace" start --pool 0 2>"$work/err"
	grep -x 'exptrace: --pool 0: not a number of MiB, 1 to 17592186044415' "$work/err"
	recording_is 0
}

run_tests record_for_a_time_and_read_it_back record_passes_on_the_command_and_its_exit_code \
	record_ends_well_when_interrupted record_without_the_module_says_what_to_do \
	killed_record_leaves_nothing_recording second_record_does_not_disturb_the_first \
	full_disk_is_one_message_and_what_was_written_is_readable reading_ends_quietly_when_nobody_listens \
	list_shows_what_the_module_has list_shows_the_selected_events missing_events_are_noted_and_the_rest_is_recorded \
	mark_writes_its_arguments \
	events_of_a_mixed_workload_take_eight_bytes snapshot_writes_what_the_recorder_holds \
	waiting_snapshot_ends_with_the_trigger system_calls_can_be_chosen \
	record_accepts_the_words_that_dump_accepts \
	unknown_system_calls_are_refused record_follows_the_command_and_its_children_only \
	record_sets_filters_and_removes_them \
	record_in_a_pid_namespace_follows_its_own_processes invalid_filter_is_one_message \
	report_has_the_system_calls_that_took_long \
	report_names_functions_of_timers_and_works record_with_stacks_shows_them_and_leaves_none_on \
	leftover_stacks_are_reported \
	events_that_cannot_have_stacks_do_not_keep_others_from_them \
	readers_that_may_not_see_addresses_get_an_error \
	info_reports_that_a_full_pool_stops_a_recording_after_a_suspend \
	snapshot_reports_the_same_losses_as_check failing_output_is_reported_by_commands_that_control_the_recorder \
	options_and_files_are_named_with_the_module_as_without_it

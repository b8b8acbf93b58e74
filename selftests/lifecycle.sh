#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Loading and unloading the module: parameters, sysfs, refused loads, unloading under load.
# shellcheck disable=SC2317 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

# Switch, fork and allocate, until killed.
busy() {
	while :; do
		/bin/true | cat >/dev/null
		find /proc/self -maxdepth 1 >/dev/null
	done
}

autostarted_recording_ends_with_the_stop_and_is_valid() {
	load autostart=1
	recording_is 1
	cat /dev/exptrace >"$work/trace" &
	local reader=$!
	/bin/true | cat
	echo 0 >"$sys/recording"
	wait "$reader"
	"$exptrace" check "$work/trace"
	python3 "$here/decode.py" "$work/trace" >/dev/null
	"$exptrace" dump "$work/trace" | grep 'sched_process_exec: .*true'
}

sysfs_starts_stops_and_advances() {
	load
	[ "$(cat "$sys/recording")" = 0 ]
	[ "$(cat "$sys/generation")" = 0 ]
	echo 1 >"$sys/recording"
	[ "$(cat "$sys/recording")" = 1 ]
	local first
	first=$(cat "$sys/generation")
	[ "$first" -gt 0 ]
	echo x >"$sys/advance"
	[ "$(cat "$sys/generation")" -gt "$first" ]
	echo 0 >"$sys/recording"
	[ "$(cat "$sys/generation")" = 0 ]
	cat /dev/exptrace >"$work/trace"
	"$exptrace" check "$work/trace"
}

sysfs_refuses_invalid_requests() {
	load
	refuses "Invalid argument" "$sys/recording" 0
	refuses "Invalid argument" "$sys/recording" maybe
	refuses "Invalid argument" "$sys/advance" 1
	echo 1 >"$sys/recording"
	refuses "Device or resource busy" "$sys/recording" 1
	refuses "Permission denied" "$sys/generation" 1
	echo 0 >"$sys/recording"
	# A start must not discard an unread recording.
	refuses "Device or resource busy" "$sys/recording" 1
	cat /dev/exptrace >/dev/null
	echo 1 >"$sys/recording"
}

# The events of "alloc" that hook functions instead of tracepoints, if the kernel can do that.
rcu=() bulk=()
if [ -e /proc/sys/kernel/ftrace_enabled ]; then
	rcu=(kfree_rcu) bulk=(kmem_cache_free_bulk)
fi

states() { awk '{ print $3, $4 }' "$sys/events"; }
are_on() { [ "$(states | awk '$2 == "on" { print $1 }' | sort | xargs)" = "$*" ] || fail "on: $(states | xargs)"; }

sysfs_selects_events_by_name_and_group() {
	load events=sched_switch
	are_on sched_switch
	[ "$(awk '{ print NF }' "$sys/events" | sort -u)" = 4 ]
	grep -q '^standard sched sched_switch on$' "$sys/events"
	grep -q '^allocfree alloc kfree off$' "$sys/events"
	echo "+alloc -kfree" >"$sys/events"
	are_on "${rcu[@]}" kmalloc kmem_cache_alloc kmem_cache_free "${bulk[@]}" sched_switch
	echo "kfree" >"$sys/events"
	are_on kfree
	refuses "No such file or directory" "$sys/events" "+no_such_event"
	refuses "No such file or directory" "$sys/events" "+kmalloc -no_such_event"
	are_on kfree
}

sysfs_and_parameters_select_stacks() {
	local words
	load events=sched_switch:stack,sched_wakeup
	are_on sched_switch sched_wakeup
	have_stacks sched_switch
	echo "+alloc:stack -kfree:stack" >"$sys/events"
	are_on kfree "${rcu[@]}" kmalloc kmem_cache_alloc kmem_cache_free "${bulk[@]}" sched_switch sched_wakeup
	have_stacks "${rcu[@]}" kmalloc kmem_cache_alloc kmem_cache_free "${bulk[@]}" sched_switch
	# An event that is disabled keeps its stack setting; enabling stacks enables the event.
	echo "-sched_switch +sched_wakeup" >"$sys/events"
	have_stacks "${rcu[@]}" kmalloc kmem_cache_alloc kmem_cache_free "${bulk[@]}" sched_switch
	refuses "No such file or directory" "$sys/events" "+kfree:stack -no_such_event:stack"
	refuses "No such file or directory" "$sys/events" "+kfree:stacks"
	refuses "No such file or directory" "$sys/events" ":stack"
	log_since | grep 'exptrace: no event, group or experiment is called "no_such_event:stack"$'
	log_since | grep 'exptrace: no event, group or experiment is called ":stack"$'
	have_stacks "${rcu[@]}" kmalloc kmem_cache_alloc kmem_cache_free "${bulk[@]}" sched_switch
	# Words without a sign select exactly these events.
	echo "syscalls:39 sys_enter:stack -sys_exit" >"$sys/events"
	are_on sys_enter
	have_stacks sys_enter
	grep -q 'only system calls 39$' "$sys/filter"
	# Words with ":stack" do not select system calls, so the order of the words does not matter.
	for words in "syscalls:39 syscalls:stack" "syscalls:stack syscalls:39" "all:stack -all:stack syscalls:39" \
		"sys_enter:stack syscalls:39" "syscalls:39 sys_enter:stack"; do
		echo "$words" >"$sys/events"
		grep -x 'standard syscalls sys_exit on.*' "$sys/events" || fail "$words: $(cat "$sys/events")"
		grep -q 'only system calls 39$' "$sys/filter" || fail "$words: $(cat "$sys/filter")"
	done
	have_stacks sys_enter
	echo "syscalls:stack" >"$sys/events"
	[ "$(cat "$sys/filter")" = none ]
	echo "syscalls:stack syscalls syscalls:39" >"$sys/events"
	[ "$(cat "$sys/filter")" = none ]
	# Also during a recording.
	echo kmem_cache_alloc >"$sys/events"
	have_stacks
	echo 1 >"$sys/recording"
	echo "+sched_switch:stack" >"$sys/events"
	/bin/true | cat
	echo 0 >"$sys/recording"
	cat /dev/exptrace >"$work/trace"
	"$exptrace" check "$work/trace"
	"$exptrace" dump "$work/trace" >"$work/dump"
	grep -A 1 ' sched_switch: ' "$work/dump" | grep -P '^\t[0-9a-f]{16} __schedule\+0x'
	grep -A 1 ' kmem_cache_alloc: ' "$work/dump" >"$work/alloc"
	expect_status 1 grep -P '^\t' "$work/alloc"
}

is_world_writable() { find "$sys/" -maxdepth 1 -type f -perm /022 | grep .; }

sysfs_is_writable_for_root_alone() {
	load
	not is_world_writable
	if setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "echo 1 >$sys/recording" 2>/dev/null; then
		fail "anybody can start"
	fi
	# Nor can root without the capability.
	if setpriv --bounding-set -perfmon,-sys_admin --inh-caps -perfmon,-sys_admin \
		sh -c "echo 1 >$sys/recording" 2>/dev/null; then
		fail "root without CAP_PERFMON can start"
	fi
	recording_is 0
}

# invalid PARAMETER PATTERN: the module refuses this parameter with EINVAL, and the kernel log has the pattern.
invalid() {
	local message
	if message=$(load "$1" 2>&1); then
		fail "$1 was accepted"
	fi
	[[ $message == *"nvalid"* ]] || fail "$1: $message instead of EINVAL"
	log_since | grep "$2" || fail "$1: the kernel log does not say '$2'"
	not is_loaded
}

invalid_parameters_are_refused_and_explained() {
	invalid batch_kb=5 'exptrace: .*batch_kb=5'
	invalid batch_kb=128 'exptrace: .*batch_kb=128'
	invalid batch_kb=0 'exptrace: .*batch_kb=0'
	invalid batch_kb=x 'batch_kb'
	invalid events=nonsense 'exptrace: .*nonsense'
	invalid autostart=maybe 'autostart'
	# A pool too small for a generation.
	invalid "batch_kb=64 pool_mb=1 autostart=1 period_ms=x" 'period_ms'
}

pool_that_is_too_small_or_too_large_fails_the_autostart() {
	expect_status 1 load autostart=1 pool_mb=1000000
	log_since | grep 'exptrace: .*1000000'
	not is_loaded
	load autostart=1 pool_mb=4 batch_kb=4
	[ "$("$exptrace" list | wc -l)" -ge 12 ]
}

parameters_are_visible_and_used() {
	load batch_kb=8 pool_mb=3 period_ms=0 events=task_rename autostart=1
	[ "$(cat /sys/module/exptrace/parameters/batch_kb)" = 8 ]
	echo 0 >"$sys/recording"
	cat /dev/exptrace >"$work/trace"
	[ "$(python3 "$here/decode.py" "$work/trace" | grep -c '"generation"')" = 1 ]
	grep -q -a batch_size.8192 "$work/trace"
}

# Messages of newer and older kernels: since 6.4, they first compare the size of struct module.
other_kernel='section size must match the kernel'
other_kernel+='|exptrace: disagrees about version of symbol module_layout|exptrace: version magic .* should be '

module_of_another_kernel_is_refused_and_says_why() {
	local ko tried=0
	# The stripped copies are replaced at once: the linker may be writing a module of another step meanwhile.
	for ko in "$here"/../build/*/stripped/exptrace.ko; do
		[ "$(modinfo -F vermagic "$ko" | cut -d ' ' -f 1)" != "$(uname -r)" ] || continue
		# For a module of another architecture, the kernel logs nothing.
		[[ $ko != */arm64/* ]] || continue
		tried=$((tried + 1))
		echo "other kernel $tried" >/dev/kmsg
		expect_status 1 insmod "$ko" 2>"$work/err"
		grep -i 'invalid module format' "$work/err" || fail "$ko: $(cat "$work/err")"
		log_since | sed "1,/other kernel $tried\$/d" | grep -E "$other_kernel" || fail "$ko: not in the kernel log"
		not is_loaded
	done
	[ "$tried" -gt 0 ] || skip "no module of another kernel in build/"
}

# Start BPF programs that count the events of "sched" and the tracepoints of "alloc" on the whole machine.
count_events() {
	coproc observer { "$here/../build/selftests/tally"; }
	read -r slack reason <&"${observer[0]}"
	[ "$slack" != none ] || remark "nothing is compared with BPF programs: $reason"
}

# count ARRAY: the number of events so far, in the standard stream and of allocations.
count() {
	[ "$slack" != none ] || return 0
	echo >&"${observer[1]}"
	read -r -a "$1" <&"${observer[0]}"
}

# as_many_as_counted RECORDING: it has all events from about its begin to about its end, so as many were attempted as the BPF
# programs saw. Adds a line "ATTEMPTED LEAST MOST" for each experiment to $work/compared.
as_many_as_counted() {
	local i attempted slack before_start after_start before_stop after_stop
	{
		read -r slack
		read -r -a before_start
		read -r -a after_start
		read -r -a before_stop
		read -r -a after_stop
	} <"$1.counts"
	# A line for each experiment.
	mapfile -t attempted < <("$exptrace" stat "$1" | sed -n 's/^ .* attempted \([0-9]*\), recorded .*/\1/p')
	[ ${#attempted[@]} -eq 2 ]
	for i in 0 1; do
		local least=$((before_stop[i] - after_start[i])) most=$((after_stop[i] - before_start[i]))
		if [ $((attempted[i] + slack)) -lt "$least" ] || [ "${attempted[i]}" -gt $((most + slack)) ]; then
			fail "experiment $i: ${attempted[i]} attempted, BPF programs saw $least to $most"
		fi
		echo "${attempted[i]} $least $most" >>"$work/compared"
	done
}

start_by_sysfs() { echo 1 >"$sys/recording"; }

# start_counted COMMAND...: this command starts the recording.
start_counted() {
	count before_start
	"$@"
	count after_start
}

stop_counted() {
	count before_stop
	echo 0 >"$sys/recording"
	count after_stop
}

# examine RECORDING: check the order of its generations, each event, that each ledger adds up and has as many events as there
# are; then its counts, if there are any.
examine() {
	local options
	read -r -a options <"$1.options"
	"$exptrace" check "${options[@]}" "$1" | grep '^OK'
	[ ! -e "$1.counts" ] || as_many_as_counted "$1"
}

# keep OPTION...: these are check's options for $recording. Examined at once, or with all others on the host.
keep() {
	echo "$*" >"$recording.options"
	[ -z "${EXPTRACE_DEFER:-}" ] || return 0
	examine "$recording"
	rm "$recording"*
}

keep_with_counts() {
	[ "$slack" = none ] ||
		printf '%s\n' "$slack" "${before_start[*]}" "${after_start[*]}" "${before_stop[*]}" "${after_stop[*]}" >"$recording.counts"
	keep
}

record_and_read_afterwards() {
	sleep 0.1
	stop_counted
	cat /dev/exptrace >"$recording"
	keep_with_counts
}

# The reader reads from the beginning, and meets the end of the recording meanwhile.
record_and_read_meanwhile() {
	cat /dev/exptrace >"$recording" &
	local reader=$!
	sleep 0.1
	stop_counted
	wait "$reader"
	keep_with_counts
}

# Most likely in the middle of a batch. Once the reader was waited for, it is gone and the device is free again.
kill_a_reader() {
	dd if=/dev/exptrace of=/dev/null bs=1000 status=none &
	local reader=$!
	sleep 0.2
	kill -KILL "$reader"
	expect_status 137 wait "$reader"
}

# The first generation is partial: an earlier reader has read its beginning.
read_rest() {
	echo 0 >"$sys/recording"
	cat /dev/exptrace >"$recording"
	keep --allow-partial-first
}

# A snapshot takes nothing away: the recording goes on, and all of it can still be read. A full pool may have no room to end a
# generation.
take_snapshot() {
	if "$exptrace" snapshot -o "$recording" 2>"$work/err"; then
		keep
	else
		local status=$?
		grep 'no generation is complete' "$work/err" || fail "exit code $status: $(cat "$work/err")"
		read_rest
	fi
}

# Invariant 11, as often as EXPTRACE_CYCLES says. The module is unloaded when all was read (2, 6, 7), or what a killed reader had
# left (0); or while it records and nothing was read (1, 3, 5), or a part (4). All that is left is valid, except if it is unloaded
# at once (3). What was read as a whole is compared with BPF programs.
module_comes_and_goes_while_the_machine_works() {
	local i cycles=${EXPTRACE_CYCLES:-20} workers=() slack before_start after_start before_stop after_stop recording
	local parameters=("events=sched,kmalloc,kfree,kmem_cache_alloc,kmem_cache_free" period_ms=20 batch_kb=4 pool_mb=2)
	count_events
	for i in 1 2; do
		busy &
		workers+=($!)
	done
	for i in $(seq "$cycles"); do
		recording=$work/recording$i
		case $((i % 8)) in
		2 | 6) load "${parameters[@]}"; start_counted start_by_sysfs ;;
		*) start_counted load autostart=1 "${parameters[@]}" ;;
		esac
		case $((i % 8)) in
		0) kill_a_reader; read_rest ;;
		1 | 5) take_snapshot ;;
		2 | 6) record_and_read_afterwards ;;
		3) ;;
		4) kill_a_reader; take_snapshot ;;
		7) record_and_read_meanwhile ;;
		esac
		rmmod exptrace
	done
	kill "${workers[@]}"
	wait "${workers[@]}" || :
	not is_loaded
	echo "$cycles $slack" >"$work/cycles"
	on_host examine_recordings
}

# Those that were not examined at once; then as many as there must be.
examine_recordings() {
	local cycles slack recording
	read -r cycles slack <"$work/cycles"
	for recording in "$work"/recording*.options; do
		[ -e "$recording" ] || break
		recording=${recording%.options}
		echo "${recording##*/}"
		examine "$recording"
	done
	[ "$slack" != none ] || return 0
	[ -s "$work/compared" ]
	remark "$(awk -v "cycles=$cycles" '{ attempted += $1; least += $2; most += $3 } END {
		print NR / 2 " of " cycles " recordings compared: " attempted " events attempted, BPF programs saw " least " to " most }' \
		"$work/compared")"
}

reader_pins_the_module() {
	load autostart=1
	exec 5</dev/exptrace
	expect_status 1 rmmod exptrace
	exec 5<&-
	rmmod exptrace
}

run_tests autostarted_recording_ends_with_the_stop_and_is_valid sysfs_starts_stops_and_advances \
	sysfs_refuses_invalid_requests sysfs_selects_events_by_name_and_group sysfs_and_parameters_select_stacks \
	sysfs_is_writable_for_root_alone invalid_parameters_are_refused_and_explained \
	pool_that_is_too_small_or_too_large_fails_the_autostart parameters_are_visible_and_used \
	module_of_another_kernel_is_refused_and_says_why module_comes_and_goes_while_the_machine_works \
	reader_pins_the_module

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Outputs of the exptrace command: existing files, files of other users, links, pipes without a reader.
# shellcheck disable=SC2317,SC2119 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

[ -x "$exptrace" ] || skip_all "build/user/exptrace is not built"

user=65534
as_user=(setpriv --reuid "$user" --regid "$user" --clear-groups)

# Set the variables that sudo(8) sets.
as_sudo() { SUDO_UID=$user SUDO_GID=$user "$@"; }

# Print the names of the files in a directory in one line.
files_in() { find "$1" -mindepth 1 -printf '%f\n' | sort | xargs; }

# only FILE...: $work/d has exactly these files.
only() { [ "$(files_in "$work/d")" = "$*" ] || fail "there are: $(files_in "$work/d")"; }

load_with_directory() {
	load
	chmod 755 "$work"
	mkdir "$work/d"
}

the_readme_works_as_it_is_written() {
	load_with_directory
	chown "$user" "$work/d"
	cd "$work/d" || exit
	as_sudo "$exptrace" record -e sched,alloc -- /bin/true
	[ "$(stat -c '%a %u %g' exptrace.trace)" = "600 $user $user" ] || fail "$(stat -c '%a %u %g' exptrace.trace)"
	"${as_user[@]}" "$exptrace" stat exptrace.trace | grep sched_switch
	# The same for snapshots, and for cut as root.
	as_sudo "$exptrace" start --flight
	as_sudo "$exptrace" snapshot -o snapshot
	"$exptrace" stop
	"${as_user[@]}" "$exptrace" check snapshot
	as_sudo "$exptrace" cut -o cut snapshot
	[ "$(stat -c %u cut)" = "$user" ]
	# Without sudo, root owns the file; also if the variables are invalid.
	"$exptrace" record --discard -o mine -- /bin/true
	[ "$(stat -c '%a %u' mine)" = "600 0" ]
	SUDO_UID=-1 SUDO_GID=x "$exptrace" record -o mine -- /bin/true
	[ "$(stat -c '%a %u' mine)" = "600 0" ]
}

a_recording_that_does_not_begin_leaves_all_as_it_was() {
	local pid
	load_with_directory
	"$exptrace" record -o "$work/d/t" -- /bin/true
	"$exptrace" record -o "$work/d/t" -- /bin/true
	sha256sum "$work/d/t" "$work/d/t.old" >"$work/sums"
	cat "$sys/events" >"$work/events"
	expect_status 127 "$exptrace" record -o "$work/d/t" -e all -- no-such-command 2>"$work/err"
	grep -x "exptrace: cannot run 'no-such-command': No such file or directory" "$work/err"
	[ "$(wc -l <"$work/err")" -eq 1 ]
	expect_status 126 "$exptrace" record -o "$work/d/t" -- /etc
	expect_status 126 "$exptrace" record -o "$work/d/t" -- "$work/sums"
	# Only execve(2) reports this.
	printf '#!/no/such/shell\n' >"$work/script"
	chmod +x "$work/script"
	expect_status 127 "$exptrace" record -o "$work/d/t" -- "$work/script"
	expect_status 127 "$exptrace" record -o "$work/d/t" --follow -- "$work/script"
	expect_status 1 "$exptrace" record -o "$work/d/t" -e nonsense -- /bin/true
	expect_status 1 "$exptrace" record -o "$work/d/t" --pid 4194303 -- /bin/true
	expect_status 1 "$exptrace" record -o "$work/d/t" --pool 1000000 -- /bin/true
	"$exptrace" start --flight
	expect_status 1 "$exptrace" record -o "$work/d/t" -- /bin/true
	"$exptrace" stop
	expect_status 1 "$exptrace" record -o "$work/d/t" -- /bin/true 2>"$work/err"
	grep 'was not read' "$work/err"
	cat /dev/exptrace >/dev/null
	sha256sum -c "$work/sums"
	only t t.old
	diff "$work/events" "$sys/events"
	recording_is 0
}

the_older_trace_is_kept_once() {
	local i
	load_with_directory
	for i in 1 2 3; do
		"$exptrace" record -o "$work/d/t" -- /bin/echo "run$i"
		sha256sum <"$work/d/t" >"$work/sum$i"
	done
	only t t.old
	diff "$work/sum3" <(sha256sum <"$work/d/t")
	diff "$work/sum2" <(sha256sum <"$work/d/t.old")
	# Snapshots keep no older file.
	"$exptrace" start --flight
	"$exptrace" snapshot -o "$work/d/t"
	only t t.old
	diff "$work/sum2" <(sha256sum <"$work/d/t.old")
	"$exptrace" stop
}

a_recording_can_be_read_while_it_goes_on() {
	local pid
	load_with_directory
	echo old >"$work/d/t"
	"$exptrace" record -o "$work/d/t" --period 100 &
	pid=$!
	wait_for test -e "$work/d/t.old"
	recording_is 1
	"$exptrace" dump "$work/d/t" >"$work/dump" || :
	grep -c sched_switch "$work/dump"
	kill "$pid"
	wait "$pid"
	[ "$(cat "$work/d/t.old")" = old ]
	"$exptrace" check "$work/d/t"
	only t t.old
}

has_temporary() { [ -n "$(find "$work/d" -name 't.??????' -size +0)" ]; }

files_of_a_killed_recorder_are_kept() {
	local pid found
	load_with_directory
	echo old >"$work/d/t"
	# No generation is complete.
	"$exptrace" record -o "$work/d/t" --period 0 &
	pid=$!
	wait_for has_temporary
	kill -9 "$pid"
	wait "$pid" || :
	wait_for recording_is 0
	found=$(cd "$work/d" && echo t.??????)
	[ "$(cat "$work/d/t")" = old ]
	"$exptrace" record --discard -o "$work/d/t" -- /bin/true
	# shellcheck disable=SC2046 # words
	only $(printf '%s\n' t t.old "$found" | sort)
	"$exptrace" check "$work/d/t"
}

a_full_disk_does_not_cost_the_older_trace() {
	load_with_directory
	mount -t tmpfs -o size=64k tmpfs "$work/d"
	echo old >"$work/d/t"
	(while :; do /bin/true; done) &
	expect_status 1 "$exptrace" record -o "$work/d/t" -e all --period 0 2>"$work/err"
	kill $!
	cat "$work/err"
	grep 'No space left' "$work/err"
	has_temporary
	grep "is in $work/d/t\.......," "$work/err"
	[ "$(cat "$work/d/t")" = old ]
	cp "$work"/d/t.?????? "$work/part"
	umount "$work/d"
	# which events come first is chance, the statedump is not
	("$exptrace" dump --all "$work/part" || :) | grep -c ': '
}

# In a directory like /tmp, other users can create links and files with the output's name.
links_and_files_of_other_users_are_refused() {
	load_with_directory
	chmod 1777 "$work/d"
	echo precious >"$work/victim"
	chmod 600 "$work/victim"
	# Do not rely on the kernel's protection, which is not enabled everywhere.
	echo 0 >/proc/sys/fs/protected_symlinks
	echo 0 >/proc/sys/fs/protected_fifos
	echo 0 >/proc/sys/fs/protected_regular
	echo 0 >/proc/sys/fs/protected_hardlinks

	"${as_user[@]}" ln -s "$work/victim" "$work/d/t"
	expect_status 1 "$exptrace" record -o "$work/d/t" -- /bin/true
	"$exptrace" start --flight
	expect_status 1 "$exptrace" snapshot -o "$work/d/t"
	"$exptrace" snapshot -o "$work/s"
	"$exptrace" stop
	expect_status 1 "$exptrace" cut -o "$work/d/t" "$work/s"
	rm "$work/d/t"
	"${as_user[@]}" mkfifo "$work/d/t"
	expect_status 1 timeout 20 "$exptrace" record -o "$work/d/t" --discard -- /bin/true
	rm "$work/d/t"
	only

	# A file is replaced, and its other hard links are left alone.
	ln "$work/victim" "$work/d/t"
	chown "$user" "$work/victim"
	"$exptrace" record --discard -o "$work/d/t" -- /bin/true
	[ "$(stat -c %u "$work/d/t")" = 0 ]
	"$exptrace" check "$work/d/t"
	rm "$work/d/t.old"
	"${as_user[@]}" ln -s "$work/victim" "$work/d/t.old"
	as_sudo "$exptrace" record -o "$work/d/t" -- /bin/true
	[ ! -L "$work/d/t.old" ]
	[ "$(cat "$work/victim")" = precious ]
	[ "$(stat -c %u "$work/victim")" = "$user" ]

	# Our own links are followed, and those of the user who called sudo.
	rm "$work"/d/*
	as_sudo "${as_user[@]}" ln -s "$work/there" "$work/d/t"
	as_sudo "$exptrace" record -o "$work/d/t" -- /bin/true
	[ -L "$work/d/t" ]
	"$exptrace" check "$work/there"
	only t
}

special_files_are_written_in_place() {
	load_with_directory
	"$exptrace" record -o /dev/null -- /bin/true
	[ -c /dev/null ]
	"$exptrace" record -o /dev/stdout -- /bin/true | "$exptrace" check -
	"$exptrace" record -o /dev/stdout -- /bin/true >"$work/d/t"
	"$exptrace" check "$work/d/t"
	mkfifo "$work/d/fifo"
	"$exptrace" check "$work/d/fifo" >"$work/check" &
	"$exptrace" record -o "$work/d/fifo" -- /bin/true
	wait $!
	only fifo t
}

# While the pipe has no reader, nothing may be enabled, and a signal must end the command.
a_pipe_without_a_reader_is_waited_for_before_anything_else() {
	local pid
	load_with_directory
	mkfifo "$work/d/fifo"
	cat "$sys/events" >"$work/events"
	"$exptrace" record -o "$work/d/fifo" -e all &
	pid=$!
	# Wait until it is in openat(2).
	wait_for grep -q '^257 ' "/proc/$pid/syscall"
	recording_is 0
	diff "$work/events" "$sys/events"
	kill "$pid"
	expect_status 143 wait "$pid"
}

# True if process $1 is blocked while writing to standard output.
is_stalled() { grep -q '^1 0x1 ' "/proc/$1/syscall" && sleep 0.2 && grep -q '^1 0x1 ' "/proc/$1/syscall"; }

# record_into_stalled OPTION...: record into the pipe at descriptor 7, which nobody reads. Sets pid.
record_into_stalled() {
	rm -f "$work/fifo"
	mkfifo "$work/fifo"
	exec 7<>"$work/fifo"
	"$exptrace" record -e all --pool 16 --period 100 -o - "$@" >&7 2>"$work/err" 7>&- &
	pid=$!
	wait_for is_stalled "$pid"
}

# True if the recording has ended, while the recorder still tries to write.
is_over() {
	recording_is 0
	diff "$work/events" "$sys/events"
	[ "$(cat "$sys/filter")" = none ]
	kill -0 "$pid"
}

# has_given_up MESSAGE: the recorder ended and said where the rest of the trace is.
has_given_up() {
	expect_status 1 wait "$pid"
	cat "$work/err"
	grep "$1" "$work/err"
	grep "up to [1-9][0-9]* more are left in the device: read them with 'cat /dev/exptrace > OTHER-FILE'" "$work/err"
	exec 7>&-
	[ "$(wc -c </dev/exptrace)" -gt 10000 ]
}

busy() { while :; do /bin/true; done; }

a_stalled_pipe_does_not_keep_a_recording_from_its_end() {
	local pid signal
	load
	cat "$sys/events" >"$work/events"
	busy &
	for signal in INT TERM HUP; do
		record_into_stalled --cpu 0-1
		kill -s "$signal" "$pid"
		wait_for is_over
		# A second signal ends it at once.
		kill -s "$signal" "$pid"
		has_given_up 'interrupted while standard output took nothing'
	done
	record_into_stalled --duration 0.5
	wait_for is_over
	has_given_up 'standard output took nothing for 5 s'
	# A command that runs until the pipe is full.
	# shellcheck disable=SC2016 # expanded in there
	record_into_stalled -- sh -c 'while [ ! -e "$0" ]; do /bin/true; done' "$work/stop"
	recording_is 1
	touch "$work/stop"
	wait_for is_over
	has_given_up 'standard output took nothing for 5 s'
}

a_reader_that_continues_in_time_gets_everything() {
	local pid
	load
	cat "$sys/events" >"$work/events"
	busy &
	record_into_stalled
	kill "$pid"
	wait_for is_over
	"$exptrace" check "$work/fifo" >"$work/check" 7>&- &
	exec 7>&-
	expect_status 0 wait "$pid"
	wait $!
	grep '^OK' "$work/check"
}

a_snapshot_into_a_stalled_pipe_ends_by_a_signal() {
	local pid
	load
	busy &
	"$exptrace" start -e all --flight --pool 16 --period 100
	sleep 0.5
	mkfifo "$work/fifo"
	exec 7<>"$work/fifo"
	"$exptrace" snapshot -o - >&7 2>"$work/err" 7>&- &
	pid=$!
	wait_for is_stalled "$pid"
	kill "$pid"
	expect_status 1 wait "$pid"
	grep 'interrupted while writing' "$work/err"
	"$exptrace" stop
}

# Complete generations are shown at once, although no more data follows to fill a buffer.
shows_switches() { grep -q sched_switch "$work/dump"; }

dump_shows_a_generation_of_the_device_when_it_is_complete() {
	local pid
	load
	"$exptrace" start -e sched --period 0
	"$exptrace" dump - </dev/exptrace >"$work/dump" &
	pid=$!
	"$exptrace" advance
	wait_for shows_switches
	kill "$pid"
	expect_status 143 wait "$pid"
	"$exptrace" stop
	: >"$work/dump"
	"$exptrace" start --discard -e sched --period 0
	# shellcheck disable=SC2002 # a pipe is wanted
	cat /dev/exptrace | "$exptrace" dump - >"$work/dump" &
	"$exptrace" advance
	wait_for shows_switches
	"$exptrace" stop
	wait
	: >"$work/dump"
	"$exptrace" record -o - --period 0 2>"$work/err" | "$exptrace" dump - >"$work/dump" &
	wait_for recording_is 1
	"$exptrace" advance
	wait_for shows_switches
	recording_is 1
	kill %%
	wait
}

an_ignored_hangup_stays_ignored() {
	local pid
	load
	(trap '' HUP && exec "$exptrace" record -o "$work/t") &
	pid=$!
	wait_for recording_is 1
	# SIGHUP is neither blocked nor caught.
	[ $((0x$(awk '/^SigBlk/ { print $2 }' "/proc/$pid/status") & 1)) -eq 0 ]
	[ $((0x$(awk '/^SigIgn/ { print $2 }' "/proc/$pid/status") & 1)) -eq 1 ]
	kill "$pid"
	expect_status 0 wait "$pid"
}

an_ignored_hangup_ends_no_snapshot() {
	local pid
	load
	"$exptrace" start --flight
	(trap '' HUP && exec "$exptrace" snapshot -o "$work/t" --wait) &
	pid=$!
	# Wait until it is in ioctl(2).
	wait_for grep -q '^16 ' "/proc/$pid/syscall"
	kill -s HUP "$pid"
	sleep 0.3
	"$exptrace" trigger
	expect_status 0 wait "$pid"
	"$exptrace" stop
	"$exptrace" check "$work/t"
}

signals_of() { grep -E '^Sig(Blk|Ign)' "$1"; }

a_command_has_the_signal_settings_of_the_caller_of_record() {
	local with=(env "--ignore-signal=PIPE,XFSZ,ALRM,CHLD" "--block-signal=USR1,TERM")
	load
	"${with[@]}" cat /proc/self/status >"$work/want"
	# timeout(1) outermost, because it changes some of them.
	timeout -s KILL 20 "${with[@]}" "$exptrace" record -o "$work/t" -- cat /proc/self/status >"$work/status"
	diff <(signals_of "$work/want") <(signals_of "$work/status")
	"$exptrace" record -o "$work/t" -- cat /proc/self/status >"$work/status"
	diff <(signals_of /proc/self/status) <(signals_of "$work/status")
	"$exptrace" record -o "$work/t" --follow -- cat /proc/self/status >"$work/status"
	diff <(signals_of /proc/self/status) <(signals_of "$work/status")
}

an_empty_file_name_is_refused() {
	load_with_directory
	cd "$work/d" || exit
	expect_status 1 "$exptrace" record -o '' -- touch ran 2>"$work/err"
	grep "cannot write: No such file" "$work/err"
	only
}

a_signal_ends_a_command_that_lasts_longer_than_the_recording() {
	local pid
	load
	"$exptrace" record -o "$work/t" --duration 0.1 -- sleep 1000 &
	pid=$!
	wait_for test -s "$work/t"
	wait_for recording_is 0
	kill "$pid"
	expect_status 143 wait "$pid"
	"$exptrace" check "$work/t"
}

run_tests the_readme_works_as_it_is_written a_recording_that_does_not_begin_leaves_all_as_it_was \
	the_older_trace_is_kept_once a_recording_can_be_read_while_it_goes_on files_of_a_killed_recorder_are_kept \
	a_full_disk_does_not_cost_the_older_trace links_and_files_of_other_users_are_refused \
	special_files_are_written_in_place a_pipe_without_a_reader_is_waited_for_before_anything_else \
	a_stalled_pipe_does_not_keep_a_recording_from_its_end \
	a_reader_that_continues_in_time_gets_everything a_snapshot_into_a_stalled_pipe_ends_by_a_signal \
	dump_shows_a_generation_of_the_device_when_it_is_complete an_ignored_hangup_stays_ignored \
	an_ignored_hangup_ends_no_snapshot a_command_has_the_signal_settings_of_the_caller_of_record an_empty_file_name_is_refused \
	a_signal_ends_a_command_that_lasts_longer_than_the_recording

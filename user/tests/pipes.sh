#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Pipes that make the command wait, and signals that arrive meanwhile.
# Usage: pipes.sh EXPTRACE MAKE_SAMPLE
exptrace=$1
make_sample=$2
. "$(dirname "$0")/ok.sh"

# Waits until the command succeeds, for half a minute at most.
wait_for() {
	left=1500
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.02
	done
}

has_lines() { [ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]; } # file number
ends_with() { # status process
	wait "$2"
	[ $? -eq "$1" ]
}
# Whether a process is blocked in write(2) to standard output, and not just for a moment.
in_write() { grep -q -s '^1 0x1 ' "/proc/$1/syscall"; }
is_stalled() { in_write "$1" && sleep 0.1 && in_write "$1"; }
# Whether a process waits for standard input in poll(2) or read(2).
is_waiting() { grep -q -s -E '^(0 0x0|7|271) ' "/proc/$1/syscall"; }

"$make_sample" 2 >"$dir/two"
"$make_sample" 3000 >"$dir/many"
size=$(($(wc -c <"$dir/two") - $("$make_sample" 1 | wc -c)))
head -c -$size "$dir/two" >"$dir/one"
"$exptrace" dump "$dir/one" >"$dir/one.txt"
lines=$(wc -l <"$dir/one.txt")

# Descriptor 7 keeps the pipe open while no process reads it.
mkfifo "$dir/pipe"
exec 7<>"$dir/pipe"
begin() { # file command…: starts the command on a pipe that has the file's contents and no end
	cat "$1" >&7
	shift
	rm -f "$dir/out"
	"$exptrace" "$@" <"$dir/pipe" >"$dir/out" 2>"$dir/err" 7>&- &
	pid=$!
}

begin "$dir/one" dump -
wait_for has_lines "$dir/out" "$lines" && cmp "$dir/one.txt" "$dir/out"
ok "dump shows a complete generation while it waits for the pipe"
kill $pid
ends_with 143 $pid && cmp "$dir/one.txt" "$dir/out"
ok "a signal ends dump while it waits for the pipe"

# Find a byte of a table, so that its damage does not prevent reading the rest.
for at in $(seq 60 120); do
	cp "$dir/one" "$dir/damaged"
	printf '\377' | dd of="$dir/damaged" bs=1 seek="$at" conv=notrunc 2>"$dir/err"
	"$exptrace" check "$dir/damaged" | grep -q '^schema of generation 1 has an entry of unknown type' && break
done
begin "$dir/damaged" check -
wait_for has_lines "$dir/out" 1
ok "check reports a problem while it waits for the pipe"
kill $pid
ends_with 143 $pid
ok "a signal ends check while it waits for the pipe"

begin "$dir/one" stat -
wait_for is_waiting $pid && [ ! -s "$dir/out" ] && kill $pid && ends_with 143 $pid &&
	grep -q '^Generations: 1$' "$dir/out" && grep -q 'note: interrupted: ' "$dir/err"
ok "stat shows the part that it has read if a signal ends it"
begin "$dir/one" report -
wait_for is_waiting $pid && [ ! -s "$dir/out" ] && kill $pid && ends_with 143 $pid &&
	grep -q '^Left out: *1 generations' "$dir/out" && grep -q 'note: interrupted: ' "$dir/err"
ok "report shows the part that it has read if a signal ends it"

echo old >"$dir/cut"
begin "$dir/one" cut -o "$dir/cut" -
# The generation was written to a temporary file, since more may follow.
wait_for test -n "$(find "$dir" -name 'cut.??????')" || wait_for is_waiting $pid
kill $pid
ends_with 143 $pid && [ "$(cat "$dir/cut")" = old ] && [ -z "$(find "$dir" -name 'cut.*')" ]
ok "cut leaves the older file, and no other file, if a signal ends it"
exec 7>&-

# Another process may have made standard input non-blocking.
cat >"$dir/nonblock.py" <<'END'
import fcntl, os, subprocess, sys
r, w = os.pipe()
fcntl.fcntl(r, fcntl.F_SETFL, os.O_NONBLOCK)
p = subprocess.Popen([sys.argv[1], "dump", "-"], stdin=r, stdout=subprocess.PIPE)
data = open(sys.argv[2], "rb").read()
for part in data[:300], data[300:]:
    os.write(w, part)
    while open(f"/proc/{p.pid}/syscall").read().split()[0] not in ("7", "271"):
        pass
os.close(w)
os.close(r)
sys.stdout.buffer.write(p.communicate()[0])
sys.exit(p.returncode)
END
if command -v python3 >/dev/null; then
	python3 "$dir/nonblock.py" "$exptrace" "$dir/one" >"$dir/out" && cmp "$dir/one.txt" "$dir/out"
	ok "dump waits for a non-blocking pipe"
else
	echo "ok - dump waits for a non-blocking pipe # SKIP no python3"
fi

# Nobody reads the output, which exceeds pipe and buffer.
mkfifo "$dir/pager"
exec 8<>"$dir/pager"
stall() { # command…
	"$exptrace" "$@" "$dir/many" >"$dir/pager" 2>"$dir/err" 8>&- &
	pid=$!
	wait_for is_stalled $pid
}

"$exptrace" dump "$dir/many" >"$dir/many.txt" 2>"$dir/err"
stall dump
kill $pid
cat "$dir/pager" >"$dir/out" 8>&- &
reader=$!
ends_with 143 $pid
ok "a signal ends dump while it writes"
exec 8>&-
wait $reader
n=$(wc -l <"$dir/out")
[ "$n" -gt 0 ] && head -n "$n" "$dir/many.txt" | cmp - "$dir/out"
ok "dump writes whole lines when a signal ends it"

exec 8<>"$dir/pager"
dd if=/dev/zero of="$dir/pager" oflag=nonblock bs=4096 2>"$dir/err" 8>&-
pids=
stall stat && pids=$pid && stall report && pids="$pids $pid" && stall report --json && pids="$pids $pid" &&
	stall dump && pids="$pids $pid"
ok "stat, report and dump wait for the reader of their output"
if env --block-signal=ALRM true 2>"$dir/err"; then
	env --block-signal=ALRM "$exptrace" dump "$dir/many" >"$dir/pager" 2>"$dir/err" 8>&- &
	wait_for is_stalled $! && pids="$pids $!"
fi
# shellcheck disable=SC2086 # words
kill $pids
ends=0
for pid in $pids; do
	ends_with 143 "$pid" && ends=$((ends + 1))
done
[ $ends -eq "$(echo "$pids" | wc -w)" ]
ok "a signal ends stat, report and dump, even if their caller has blocked SIGALRM"
stall dump
kill "$pid"
# Wait until the signal is delivered, so no longer pending.
wait_for grep -q '^ShdPnd:.*0000$' "/proc/$pid/status"
begun=$(date +%s)
kill "$pid"
ends_with 143 "$pid" && [ $(($(date +%s) - begun)) -le 3 ]
ok "a second signal ends dump at once"
exit $failed

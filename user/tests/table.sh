#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Errors of each command, cell by cell of the table "When something goes wrong" in docs/exptrace.md.
# Usage: table.sh EXPTRACE SAMPLE
exptrace=$1
sample=$2
. "$(dirname "$0")/ok.sh"
wrong=0

# One command per line with its options, which are split at blanks.
readers='dump
dump --json
dump --all --raw-time
stat
report
report --json
check
cut'
printers='--help
--version
help
help dump
dump --help
stat --help
report --help
check --help
cut --help
record --help
start --help
stop --help
advance --help
snapshot --help
trigger --help
mark --help
info --help
list --help'
controls="record
record -o $dir/none
record -o -
start
stop
advance
snapshot -o $dir/none
snapshot -o -
trigger
mark x
mark --key k x
info
list"

# Runs a command with its operands in the environment $with.
run() { # command operands…: sets $code to the exit code, and writes messages to $dir/err
	words=$1
	shift
	# shellcheck disable=SC2086 # words
	case $with in
	full) "$exptrace" $words "$@" >/dev/full 2>"$dir/err" ;;
	closed) "$exptrace" $words "$@" >&- 2>"$dir/err" ;;
	gone) env --default-signal=PIPE "$exptrace" $words "$@" >&4 2>"$dir/err" ;;
	gone_ignored) env --ignore-signal=PIPE "$exptrace" $words "$@" >&4 2>"$dir/err" ;;
	limited)
		# shellcheck disable=SC2094 # a pipe has no limit
		(set -o pipefail; (ulimit -c 0 -f 0 && exec "$exptrace" $words "$@") 2>&1 >"$dir/limited" |
			cat >"$dir/err") ;;
	no_stdin) "$exptrace" $words "$@" <&- >"$dir/out" 2>"$dir/err" ;;
	no_stderr) "$exptrace" $words "$@" >"$dir/out" 2>&- ;;
	nobody) setpriv --reuid 65534 --clear-groups "$exptrace" $words "$@" >"$dir/out" 2>"$dir/err" ;;
	*) "$exptrace" $words "$@" >"$dir/out" 2>"$dir/err" ;;
	esac
	code=$?
}

# Checks the exit code, and the first message as a whole line ("": no message).
cell() { # code message command operands…
	want=$1
	message=$2
	shift 2
	: >"$dir/err"
	run "$@"
	first=$(grep -v ': note: ' "$dir/err" | head -n 1)
	echo "$first" | grep -q -x -e "$message" && [ "$code" -eq "$want" ] && return
	wrong=$((wrong + 1))
	echo "# exptrace $*: code $code, want $want, want '$message':"
	sed 's/^/#   /' "$dir/err"
}

column() { # behaviour: reports the cells since the last column
	if [ $wrong -eq 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		failed=1
	fi
	wrong=0
}

each() { # commands code message operands…: checks a cell for each command
	list=$1
	code_wanted=$2
	message_wanted=$3
	shift 3
	echo "$list" >"$dir/list"
	while read -r command; do
		cell "$code_wanted" "$message_wanted" "$command" "$@" </dev/null
	done <"$dir/list"
}

with=full
each "$readers" 1 'exptrace: standard output: cannot write: No space left on device' "$sample"
each "$printers" 1 'exptrace: standard output: cannot write: No space left on device'
column "a full disk is reported"

with=limited
each "$readers" 1 'exptrace: standard output: cannot write: File too large' "$sample"
each "$printers" 1 'exptrace: standard output: cannot write: File too large'
cell 1 "exptrace: $dir/cut: cannot write: File too large" cut -o "$dir/cut" "$sample"
[ -z "$(find "$dir" -name 'cut*')" ] || wrong=$((wrong + 1))
column "a file size limit is reported"

with=closed
each "$readers" 1 'exptrace: standard output: cannot write: Bad file descriptor' "$sample"
each "$printers" 1 'exptrace: standard output: cannot write: Bad file descriptor'
column "closed standard output is reported"
cell 0 "exptrace: 2 generations, .* bytes to $dir/cut" "cut -o $dir/cut" "$sample"
cmp -s "$sample" "$dir/cut" || wrong=1
column "if standard output is closed, no other file gets its descriptor"

mkfifo "$dir/pipe"
# shellcheck disable=SC2094 # opens a pipe without a reader
exec 3<>"$dir/pipe" 4>"$dir/pipe"
exec 3<&-
with=gone
each "$readers" 141 '' "$sample"
each "$printers" 141 ''
column "SIGPIPE ends the command without a message if the reader is gone"
with=gone_ignored
each "$readers" 1 'exptrace: standard output: cannot write: Broken pipe' "$sample"
each "$printers" 1 'exptrace: standard output: cannot write: Broken pipe'
column "a broken pipe is reported if SIGPIPE is ignored"
exec 4>&-

with=no_stdin
each "$readers" 1 'exptrace: standard input: cannot read: Bad file descriptor at offset 0' -
column "closed standard input is reported"
with=no_stderr
each "$readers" 0 '' "$sample"
each "$readers" 1 '' "$dir/none"
column "closed standard error changes nothing"

with=
each "$readers" 1 "exptrace: $dir/none: cannot open: No such file or directory" "$dir/none"
column "a missing file is reported"
mkdir "$dir/directory"
each "$readers" 1 "exptrace: $dir/directory: there is no trace in it" "$dir/directory"
column "a directory without a trace is reported"
each "$readers" 1 "exptrace: /proc/self/mem: cannot read: Input/output error at offset 0" /proc/self/mem
column "a read error is reported"
touch "$dir/secret"
chmod 0 "$dir/secret"
chmod 755 "$dir"
if [ "$(id -u)" -ne 0 ]; then
	each "$readers" 1 "exptrace: $dir/secret: cannot open: Permission denied" "$dir/secret"
	column "a file without read permission is reported"
elif setpriv --reuid 65534 --clear-groups "$exptrace" --version >/dev/null 2>&1; then
	with=nobody
	each "$readers" 1 "exptrace: $dir/secret: cannot open: Permission denied" "$dir/secret"
	with=
	column "a file without read permission is reported"
else
	echo "ok - a file without read permission is reported # SKIP root may read everything"
fi

no_trace() { # file message
	each "$readers" 1 "exptrace: $dir/$1: $2" "$dir/$1"
	[ ! -s "$dir/out" ] || wrong=$((wrong + 1))
	column "$1: not a trace, and nothing on standard output"
}
: >"$dir/empty"
no_trace empty 'there is no data, not even a header, at offset 0'
head -c 9 "$sample" >"$dir/half_header"
no_trace half_header 'cut off in the header at offset 9'
sed '1s/^exptrace v./exptrace v9/' "$sample" >"$dir/newer"
no_trace newer 'version 9 of the trace format is not supported, only 1 to 2, at offset 0'
echo "This is a text, and no trace." >"$dir/text"
no_trace text 'not a trace of exptrace (it looks like text) at offset 0'
head -c 4096 "$exptrace" >"$dir/elf"
no_trace elf 'not a trace of exptrace (it looks like an ELF file) at offset 0'
printf 'PERFILE2%0100d' 0 >"$dir/perf"
no_trace perf 'not a trace of exptrace (it looks like perf data) at offset 0'
gzip -c <"$sample" >"$dir/gzip"
no_trace gzip 'not a trace of exptrace (it looks like gzip data) at offset 0'

head -c 16 "$sample" >"$dir/header"
each "$readers" 0 '' "$dir/header"
echo "$readers" >"$dir/list"
while read -r command; do
	run "$command" "$dir/header" </dev/null
	[ "$(cat "$dir/err")" = "exptrace: $dir/header: note: it has a header and no generation: 0 events" ] ||
		wrong=$((wrong + 1))
done <"$dir/list"
column "a trace that is only a header has 0 events, which is noted"
head -c 700 "$sample" >"$dir/short"
echo "$readers" | grep -v check >"$dir/most"
each "$(cat "$dir/most")" 1 "exptrace: $dir/short: cut off in generation 1 at offset 700.*" "$dir/short"
cell 1 '' check "$dir/short"
grep -q 'cut off in generation 1 at offset 700' "$dir/out" || wrong=1
column "a trace that is cut off is reported"

all='dump stat report check cut record start stop advance snapshot trigger mark info list'
for command in $all; do
	cell 2 'exptrace: --nonsense: no such option, or not the only one that begins so' "$command" --nonsense
	cell 2 'exptrace: -Z: no such option' "$command" -Z
	cell 2 'exptrace: --help=x: the option takes no value' "$command" --help=x
	cell 0 '' "$command" --help
done
column "an unknown option is reported"
for words in dump:-n dump:-e dump:--lines report:-n report:-e cut:-g cut:-o cut:--output record:-o record:--pool \
	record:--duration record:-p start:--quota start:--cpu snapshot:--latency snapshot:-o mark:--key; do
	cell 2 "exptrace: ${words#*:}: a value is missing" "${words%%:*}" "${words#*:}"
done
column "an option without its value is reported"
bad() { # command option value wanted…
	command=$1 option=$2 value=$3
	shift 3
	cell 2 "exptrace: $option $value: not $*" "$command" "$option" "$value" "$sample"
	case $option in
	--*) cell 2 "exptrace: $option=$value: not $*" "$command" "$option=$value" "$sample" ;;
	*) cell 2 "exptrace: $option$value: not $*" "$command" "$option$value" "$sample" ;;
	esac
}
bad dump -n x a number of lines, 0 to 18446744073709551615
bad dump --lines 5x a number of lines, 0 to 18446744073709551615
bad report -n y a number of lines, 0 to 18446744073709551615
bad cut -g 5-3 a range of generations
bad record --pool 0 a number of MiB, 1 to 17592186044415
bad record --batch 5 4, 8, 16, 32 or 64
bad record --period x a number of milliseconds, 0 to 4294967294
bad record --duration x a number of seconds, 0.001 to 1000000000
bad start --quota 9 'EXPERIMENT=PERCENT\[,...\], an experiment by name or number, and 0 to 100'
bad start --cpu x a list of CPUs, as 0-3,8, up to 8191
bad start -p x a list of at most 1024 ids of processes or threads, 1 to 2147483647
bad start --tid x a list of at most 1024 ids of processes or threads, 1 to 2147483647
bad start --min-duration x syscalls=TIME or sched_switch=TIME, with ns, us, ms or s, 1ns to 999999999s
bad snapshot --latency 0 a number of microseconds, 1 to 3600000000
column "a bad value is reported with its option"

for command in dump stat report check; do
	cell 2 'exptrace: no FILE is given (- is standard input)' "$command"
	cell 1 "exptrace: $dir/none: cannot open: No such file or directory" "$command" "$sample" "$dir/none"
done
cell 2 'exptrace: no FILE is given (- is standard input)' cut
cell 1 "exptrace: $dir/none: cannot open: No such file or directory" cut "$sample" "$dir/none"
for command in start stop advance trigger info "snapshot -o $dir/none"; do
	cell 2 'exptrace: x: no operand is expected' "$command" x
done
cell 2 'exptrace: b: one WHAT only (has the shell expanded a \*?)' list a b
cell 2 'exptrace: no -o FILE is given (- is standard output)' snapshot
cell 2 'exptrace: no TEXT is given' mark
cell 2 'exptrace: b: one TEXT only' mark a b
cell 2 'exptrace: --follow: no COMMAND is given' record --follow
cell 2 'exptrace: b: help takes one COMMAND only' help dump b
cell 2 'exptrace: x: --version takes nothing else' --version x
cell 2 'exptrace: x: --help takes nothing else' --help x
cell 2 "exptrace: nonsense: there is no such command; see 'exptrace --help'" nonsense
cell 2 "exptrace: nonsense: there is no such command; see 'exptrace --help'" help nonsense
column "too many or too few operands are reported"

if [ -e /dev/exptrace ]; then
	echo "ok - commands that need the module report that it is not loaded # SKIP the module is loaded"
else
	each "$controls" 1 "exptrace: /dev/exptrace is not there: the module is not loaded; .*"
	with=closed
	each "$controls" 1 "exptrace: /dev/exptrace is not there: the module is not loaded; .*"
	with=
	[ ! -e "$dir/none" ] || wrong=1
	column "commands that need the module report that it is not loaded"
fi

if grep -q -a __asan_init "$exptrace"; then
	echo "ok - too little memory is reported # SKIP sanitizers need more"
else
	echo "$readers" >"$dir/list"
	least=1000 # KiB, raised until the program starts at all
	until { (ulimit -c 0 && ulimit -v $least && exec "$exptrace" --version) >/dev/null; } 2>/dev/null; do
		least=$((least + 50))
	done
	for kib in $(seq $least 100 $((least + 1500))); do
		while read -r command; do
			# shellcheck disable=SC2086 # words
			(ulimit -c 0 && ulimit -v "$kib" && exec "$exptrace" $command "$sample") >"$dir/out" 2>"$dir/err" </dev/null
			code=$?
			[ $code -eq 0 ] ||
				{ [ $code -eq 1 ] && grep -q "^exptrace: $sample: out of memory while " "$dir/err"; } ||
				{ wrong=1; echo "# $command with $kib KiB: $code"; sed 's/^/#   /' "$dir/err"; }
		done <"$dir/list"
	done
	column "too little memory is reported"
fi
exit $failed

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The command's pipes, exit codes and messages. Usage: cli.sh EXPTRACE SAMPLE
exptrace=$1
sample=$2
here=$(dirname "$0")	# v1.trace was recorded by version 1; v1.json is what dump printed then
. "$(dirname "$0")/ok.sh"

exits() { # code command…: whether the command has that exit code
	want=$1
	shift
	"$@" >"$dir/out" 2>"$dir/err" </dev/null
	[ $? -eq "$want" ]
}

same_messages() { # file file: whether they differ at most in the name of the trace
	[ "$(sed "s|^exptrace: $dir/hole: ||; s|^exptrace: standard input: ||" "$1")" = \
		"$(sed "s|^exptrace: $dir/hole: ||; s|^exptrace: standard input: ||" "$2")" ]
}

"$exptrace" dump "$sample" >"$dir/file" && "$exptrace" dump - <"$sample" >"$dir/stdin" &&
	cmp -s "$dir/file" "$dir/stdin"
ok "dump reads standard input like a file"
cat "$sample" | "$exptrace" dump - >"$dir/pipe" && cmp -s "$dir/file" "$dir/pipe"
ok "dump reads a pipe like a file"
[ "$(cat "$sample" | "$exptrace" check -)" = "$("$exptrace" check "$sample")" ]
ok "check reads a pipe like a file"
{ "$exptrace" dump "$sample" 2>"$dir/err"; echo $? >"$dir/code"; } | head -n 1 >/dev/null
! grep -v ' note: ' "$dir/err"
ok "dump into a closed pipe prints no message"
head -c 700 "$sample" >"$dir/cut"
exits 1 "$exptrace" dump "$dir/cut" && grep -q 'cut off in generation 1 at offset 700' "$dir/err" &&
	[ "$(wc -l <"$dir/err")" -eq 1 ]
ok "dump of a damaged trace prints one message with the offset, and exits with 1"
# A hole in the first generation, from the schema to the events.
hole_end=$(($(stat -c %s "$sample") / 2 - 200))
head -c 700 "$sample" >"$dir/hole"
head -c $((hole_end - 700)) /dev/zero >>"$dir/hole"
tail -c +$((hole_end + 1)) "$sample" >>"$dir/hole"
exits 1 "$exptrace" dump "$dir/hole" && grep -q '; generation 2 follows at offset ' "$dir/err" && mv "$dir/err" "$dir/err1" &&
	mv "$dir/out" "$dir/out1" && ! "$exptrace" dump - <"$dir/hole" >"$dir/out" 2>"$dir/err" &&
	cmp -s "$dir/out" "$dir/out1" && same_messages "$dir/err" "$dir/err1" &&
	! cat "$dir/hole" | "$exptrace" dump - >"$dir/out" 2>"$dir/err" &&
	cmp -s "$dir/out" "$dir/out1" && same_messages "$dir/err" "$dir/err1"
ok "dump continues after a hole, in a file and in a pipe"
exits 1 "$exptrace" cut -o "$dir/whole" "$dir/hole" && exits 0 "$exptrace" check "$dir/whole"
ok "cut makes a sound trace out of one with a hole"
exits 1 "$exptrace" dump "$dir/none" && grep -q 'No such file' "$dir/err"
ok "the message about a missing file names it"
exits 1 "$exptrace" check "$exptrace" && grep -q 'not a trace' "$dir/err"
ok "a file that is not a trace is refused"
exits 2 "$exptrace" && exits 2 "$exptrace" nonsense && exits 2 "$exptrace" dump &&
	exits 2 "$exptrace" dump --nonsense x &&
	exits 2 "$exptrace" record --batch 5 && exits 2 "$exptrace" record --duration x &&
	exits 2 "$exptrace" help nonsense && exits 2 "$exptrace" snapshot && exits 2 "$exptrace" stop x &&
	exits 2 "$exptrace" snapshot -o x --latency 0 && exits 2 "$exptrace" start --quota alloc &&
	exits 2 "$exptrace" record --quota 9=5 && exits 2 "$exptrace" cut -g 5-3 "$sample" &&
	exits 2 "$exptrace" mark && exits 2 "$exptrace" mark a b && exits 2 "$exptrace" mark --begin --end a &&
	exits 2 "$exptrace" mark --begin --key k a && exits 2 "$exptrace" mark --key k
ok "bad usage exits with 2"
exits 2 "$exptrace" record --batch 4 --pool 0 && grep -q -- "^exptrace: --pool 0: " "$dir/err" &&
	exits 2 "$exptrace" start --pool=0 && grep -q -- '^exptrace: --pool=0: ' "$dir/err" &&
	exits 2 "$exptrace" record -px && grep -q -- '^exptrace: -px: ' "$dir/err" &&
	exits 2 "$exptrace" snapshot -o x --latency 0 && grep -q -- "^exptrace: --latency 0: " "$dir/err"
ok "a bad value is reported with its option"
wrong=
for value in '' ' 5' 5x 0x10 -1 +1 1e3 .5 5. 1,5 0 0.0000004 1000000001000 nan inf; do
	exits 2 "$exptrace" record --duration "$value" nonsense || wrong="$wrong '$value'"
	exits 2 "$exptrace" start --min-duration "syscalls=${value}ms" || wrong="$wrong '${value}ms'"
done
[ -z "$wrong" ] || echo "# accepted as a time:$wrong"
[ -z "$wrong" ]
ok "a time consists of digits and at most one point"
for option in "record --duration 0" "start --pool x" "start --period 4294967295" "record --tid 1,0" \
	"start --quota nonsense=1" "start --quota allocfree=101" "dump -n 5x" "report -n -1" \
	"snapshot --latency 3600000001"; do
	# shellcheck disable=SC2086 # words
	exits 2 "$exptrace" $option && grep -q -- "^exptrace: ${option#* }: not .* [1-9]" "$dir/err" ||
		echo "# no range: $option: $(head -n 1 "$dir/err")" >>"$dir/without_range"
done
[ ! -e "$dir/without_range" ] || cat "$dir/without_range"
[ ! -e "$dir/without_range" ]
ok "the message about a number gives its range"
exits 0 "$exptrace" --help && exits 0 "$exptrace" --version && exits 0 "$exptrace" help dump &&
	exits 0 "$exptrace" record --help && grep -q -- --duration "$dir/out"
ok "help is available"
exits 1 "$exptrace" dump "$sample" 2>/dev/null >/dev/full || "$exptrace" dump "$sample" >/dev/full 2>"$dir/err"
grep -q 'cannot write' "$dir/err"
ok "a full disk is reported"
"$exptrace" cut -g 2 - <"$sample" 2>"$dir/err" | "$exptrace" check - >"$dir/out" &&
	grep -q '^OK: 1 generations' "$dir/out" &&
	grep -q '1 generation, 2 to 2, .* bytes to standard output' "$dir/err"
ok "cut works in a pipe"
"$exptrace" dump --all --json "$here/v1.trace" >"$dir/v1.json" && cmp "$here/v1.json" "$dir/v1.json" &&
	"$exptrace" check "$here/v1.trace" >"$dir/out" &&
	grep -q '^OK: 2 generations, 24 batches, 18 events, 4 lost' "$dir/out" &&
	grep -q '^approximate: all times' "$dir/out" && ! "$exptrace" check "$sample" | grep '^approximate'
ok "dump and check of a trace of version 1 have not changed"
"$exptrace" cut "$here/v1.trace" 2>"$dir/err" | cmp - "$here/v1.trace"
ok "cut keeps version 1 of a trace"
cat "$sample" | "$exptrace" dump -e sched_swich - >"$dir/out" 2>"$dir/err"
[ $? -eq 1 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" -eq 1 ] &&
	grep -q "^exptrace: --events sched_swich: .* did you mean 'sched_switch'?\$" "$dir/err" &&
	exits 1 "$exptrace" report --json -e 'x*' "$sample" && [ ! -s "$dir/out" ] &&
	exits 2 "$exptrace" dump -e tp:sched:sched_switch "$sample" && exits 2 "$exptrace" dump --events= "$sample"
ok "an unknown word is reported before any event is shown"
# The first two look like an unquoted pattern that the shell has expanded. All are refused before
# the module is opened.
exits 1 "$exptrace" dump -e sched_a sched_b "$sample" && [ ! -s "$dir/out" ] && exits 2 "$exptrace" list sched_a sched_b &&
	exits 2 "$exptrace" list + && exits 2 "$exptrace" record -e fn:kfree && exits 2 "$exptrace" start -e '' &&
	exits 2 "$exptrace" record --stacks 'sched,[' && grep -q "^exptrace: --stacks sched,\[: '\['" "$dir/err"
ok "malformed words are refused"
if [ -e /dev/exptrace ]; then
	echo "ok - commands that need the module report that it is not loaded # SKIP the module is loaded"
else
	exits 1 "$exptrace" record && grep -q 'module is not loaded' "$dir/err" &&
		exits 1 "$exptrace" list
	for command in start stop advance trigger info "snapshot -o $dir/snapshot" "mark x" \
		"mark --key k x"; do
		# shellcheck disable=SC2086 # words
		exits 1 "$exptrace" $command && grep -q 'module is not loaded' "$dir/err" &&
			[ "$(wc -l <"$dir/err")" -eq 1 ] || echo "$command" >"$dir/silent"
	done
	[ ! -e "$dir/silent" ] && [ ! -e "$dir/snapshot" ]
	ok "commands that need the module report that it is not loaded"
fi
exit $failed

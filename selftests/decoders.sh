#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libexptrace and decode.py, which was written from docs/wire-format.md alone, agree on what the module recorded.
# shellcheck disable=SC2317 # the tests are called by their names
. "$(dirname "$0")/tap.sh"

[ -x "$exptrace" ] || skip_all "build/user/exptrace is not built"
command -v python3 >/dev/null || skip_all "no python3"

# Forks, names, allocations, migrations. Short, because Python is slow where this is decoded under emulation.
work_load() {
	echo x | tr x y
	taskset -c $(($(nproc) - 1)) /bin/true
}

# Each test records in the VM; both decoders then run on the host.
agree_on_trace() {
	"$exptrace" check "$work/t"
	"$exptrace" dump --json --all "$work/t" >"$work/dump"
	python3 "$here/decode.py" --against "$work/dump" "$work/t"
}

decoders_agree_event_by_event() {
	load events=all autostart=1 period_ms=100
	work_load
	echo 0 >"$sys/recording"
	cat /dev/exptrace >"$work/t"
	on_host agree_event_by_event
}

agree_event_by_event() {
	agree_on_trace
	[ "$(grep -c '"event":"kmalloc"' "$work/dump")" -gt 100 ]
}

decoders_agree_on_identifiers() {
	local old
	old=$(cat /proc/sys/kernel/kptr_restrict)
	echo 2 >/proc/sys/kernel/kptr_restrict
	load events=all autostart=1
	work_load
	echo 0 >"$sys/recording"
	cat /dev/exptrace >"$work/t"
	echo "$old" >/proc/sys/kernel/kptr_restrict
	on_host agree_on_trace
}

has_lost() {
	for _ in $(seq 20); do
		/bin/true
	done
	"$exptrace" info | grep -E 'lost: *[1-9]'
}

decoders_agree_on_stacks() {
	load
	"$exptrace" record -e all --stacks sched,alloc,irq -o "$work/t" -- sh -c "echo x | tr x y"
	on_host agree_on_stacks
}

agree_on_stacks() {
	agree_on_trace
	[ "$(grep -c '"stack":\["' "$work/dump")" -gt 50 ]
}

decoders_agree_on_losses() {
	# Small batches, for a pool that is enough for many CPUs and soon full.
	load events=all autostart=1 period_ms=0 batch_kb=4 pool_mb=1
	wait_for has_lost
	echo 0 >"$sys/recording"
	cat /dev/exptrace >"$work/t"
	on_host agree_on_losses
}

agree_on_losses() {
	local lost
	python3 "$here/decode.py" "$work/t" >"$work/summary"
	lost=$(python3 -c 'import json, sys; print(sum(json.load(sys.stdin)["lost"].values()))' <"$work/summary")
	"$exptrace" check "$work/t" | grep " $lost lost"
	[ "$lost" -gt 0 ]
}

# Both count the same number of each event.
decoders_count_the_same() {
	load events=all autostart=1 period_ms=100
	work_load
	echo 0 >"$sys/recording"
	cat /dev/exptrace >"$work/t"
	on_host count_the_same
}

count_the_same() {
	python3 "$here/decode.py" "$work/t" | sed -n 's|^ *"\([a-z]*\)/\([a-z_]*\)/[0-9-]*": \([0-9]*\),*$|\1 \2 \3|p' |
		awk '{ n[$1 " " $2] += $3 } END { for (k in n) print k, n[k] }' | sort >"$work/ours"
	"$exptrace" stat "$work/t" | awk '$1 ~ /^(standard|allocfree)$/ && $3 ~ /^[0-9]+$/ { print $1, $2, $3 }' |
		sort >"$work/theirs"
	[ "$(wc -l <"$work/ours")" -ge 12 ]
	diff "$work/ours" "$work/theirs"
}

# Both report a trace that is cut short, and one in which a byte is missing.
decoders_reject_the_same_damage() {
	load events=all autostart=1
	work_load
	echo 0 >"$sys/recording"
	cat /dev/exptrace >"$work/t"
	on_host reject_the_same_damage
}

reject_the_same_damage() {
	local size
	size=$(stat -c %s "$work/t")
	head -c $((size / 2)) "$work/t" >"$work/cut"
	expect_status 1 "$exptrace" check "$work/cut"
	python3 "$here/decode.py" "$work/cut" 2>&1 >/dev/null | grep cut
	(head -c 100 "$work/t"; tail -c +102 "$work/t") >"$work/missing"
	expect_status 1 "$exptrace" check "$work/missing"
	expect_status 1 python3 "$here/decode.py" "$work/missing"
}

# Prints the threads of a dump that were reaped before its generation began and only switch away for the last time in it. They
# are in none of the kernel's lists any more, so the statedump does not name them.
reaped_before() {
	awk 'match($0, /"pid":[0-9]+/) { pid = substr($0, RSTART + 6, RLENGTH - 6) }
		/"event":"sched_process_exit"/ { ended[pid] = 1 }
		/"event":"sched_switch"/ && /"prev_state":"X"/ && !/"comm"/ { gone[pid] = 1 }
		END { for (pid in gone) if (!(pid in ended)) print pid }' "$1"
}

# Including all names and symbols.
generation_alone_decodes_to_the_same() {
	load
	# Threads come and go all the time, so that some live across a generation's end.
	# shellcheck disable=SC2016 # expanded in there
	"$exptrace" record -e sched,irq,workqueue,kmalloc --stacks sched_wakeup --period 100 -o "$work/t" -- \
		bash -c 'for i in $(seq 20); do (sleep 0.05; : "$(echo x | tr x y)") & sleep 0.02; done; wait'
	on_host decode_each_generation
}

decode_each_generation() {
	local g pid n=0
	"$exptrace" check "$work/t"
	"$exptrace" dump --json --all "$work/t" |
		awk -v "to=$work/whole" '{ match($0, /"generation":[0-9]+/); print >(to substr($0, RSTART + 13, RLENGTH - 13)) }'
	for g in "$work"/whole*; do
		g=${g##*whole}
		"$exptrace" cut -g "$g" "$work/t" | "$exptrace" dump --json --all - >"$work/alone"
		for pid in $(reaped_before "$work/alone"); do
			echo "# generation $g: $pid was reaped before"
			sed -i "s/\"pid\":$pid,\"comm\":\"[^\"]*\",/\"pid\":$pid,/" "$work/whole$g"
		done
		cmp "$work/whole$g" "$work/alone" || fail "generation $g: $(diff "$work/whole$g" "$work/alone" | head -n 20)"
		n=$((n + 1))
		[ "$n" -lt 20 ] || break
	done
	[ "$n" -gt 5 ]
}

run_tests decoders_agree_event_by_event decoders_agree_on_identifiers decoders_agree_on_stacks decoders_agree_on_losses \
	decoders_count_the_same decoders_reject_the_same_damage generation_alone_decodes_to_the_same

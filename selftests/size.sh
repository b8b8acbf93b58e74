#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Messages about the least size of the pool, on any machine, also with many possible CPUs.
. "$(dirname "$0")/tap.sh"

# least_of FILE: print the least size that a message mentions.
least_of() { sed -n 's/.*[^0-9]\([0-9][0-9]*\) is the least for .*/\1/p; s/.*--pool \([0-9]*\), the least for .*/\1/p' "$1"; }

defaults_record_what_passes_the_check() {
	load
	"$exptrace" record -o "$work/t" -e sched -- sh -c '/bin/true; /bin/true'
	"$exptrace" check "$work/t"
	"$exptrace" start --flight -e sched
	/bin/true
	"$exptrace" snapshot -o "$work/t"
	"$exptrace" stop
	"$exptrace" check "$work/t"
}

# The command and the module take the size in MiB, and 1 is enough for one CPU. The program "size" tests sizes in bytes.
needs_two_cpus() { [ "$(nproc)" -gt 1 ] || skip "the smallest pool that can be requested, 1 MiB, works on one CPU"; }

too_small_a_pool_is_refused_with_the_smallest_that_works() {
	local least
	needs_two_cpus
	load
	expect_status 1 "$exptrace" record -o "$work/t" --pool 1 --batch 64 -- true 2>"$work/err"
	cat "$work/err"
	grep -x "exptrace: --pool 1: too small: [0-9]* is the least for $(nproc) CPUs and batches of 64 KiB" "$work/err"
	least=$(least_of "$work/err")
	expect_status 1 "$exptrace" start --pool $((least - 1)) --batch 64
	"$exptrace" start --pool "$least" --batch 64
	"$exptrace" stop
	"$exptrace" start --pool "$least" --batch 64 --discard
}

module_with_too_small_a_pool_says_what_works() {
	local least
	needs_two_cpus
	not load autostart=1 pool_mb=1 batch_kb=64
	log_since | grep 'a pool of 1024 KiB is too small' >"$work/said"
	least=$(sed -n 's/.*(pool_mb=\([0-9]*\)) is the least.*/\1/p' "$work/said")
	not load autostart=1 pool_mb=$((least - 1)) batch_kb=64
	load autostart=1 pool_mb="$least" batch_kb=64
	recording_is 1
	unload
	load pool_mb=1 batch_kb=64
	not "$exptrace" start 2>"$work/err"
	grep "the module's pool_mb is too small: give --pool $least, the least for" "$work/err"
	refuses 'Invalid argument' "$sys/recording" 1
	"$exptrace" start --pool "$least"
}

run_tests defaults_record_what_passes_the_check too_small_a_pool_is_refused_with_the_smallest_that_works \
	module_with_too_small_a_pool_says_what_works

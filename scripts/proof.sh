#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Proves the protocol of docs/proof: memory order with herd7, everything else with Spin. Prints TAP.
#
# Usage: proof.sh [quick|long]
#
#   quick   smaller bounds in each large search: half a minute instead of a few
#   long    larger bounds: many minutes
#
# A model whose name has "broken" in it must be rejected with a counterexample. herd7, Spin and the kernel's memory model come
# from Debian's packages, which are unpacked into the cache, not installed. Needs gcc. EXPTRACE_PROOF_MB limits Spin's memory
# (default 6000).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

proof=$top/docs/proof
tools=$cache/proof
number=0 failed=0

# fetch NAME SUITE PACKAGE…: unpack packages to $tools/NAME, once.
fetch() (
	local dir=$tools/$1 suite=$2 tmp
	shift 2
	lock_cache proof
	[ ! -d "$dir" ] || return 0
	note "fetching $*"
	mkdir -p "$tools"
	tmp=$(mktemp -d "$tools/.fetch-XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	use_suite "$suite"
	apt-get "${apt_opts[@]}" update >&2
	(cd "$tmp" && mkdir root && unpack_packages root "$@")
	mv "$tmp/root" "$dir"
)

# Take the kernel's memory model from its source package and delete the rest.
fetch_model() (
	[ ! -d "$tools/memory-model" ] || return 0
	fetch linux-source bookworm linux-source-6.1
	lock_cache proof
	rm -rf "$tools/memory-model.new"
	mkdir "$tools/memory-model.new"
	tar -xJf "$tools"/linux-source/usr/src/linux-source-6.1.tar.xz -C "$tools/memory-model.new" \
		--strip-components=3 --wildcards '*/tools/memory-model/linux-kernel.*' '*/tools/memory-model/lock.cat'
	mv "$tools/memory-model.new" "$tools/memory-model"
	rm -rf "$tools/linux-source"
)

# Debian has herd7 only in unstable, so it runs with unstable's C library.
herd() {
	local lib=$tools/herd/usr/lib/x86_64-linux-gnu
	if command -v herd7 >/dev/null; then
		herd7 "$@"
	else
		"$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$tools/herd/usr/bin/herd7" \
			-set-libdir "$tools/herd/usr/share/herdtools7/herd" "$@"
	fi
}

prepare() {
	command -v gcc >/dev/null || "$top/scripts/deps.sh" test
	command -v herd7 >/dev/null || fetch herd sid herdtools7 libc6 libgmp10
	spin=$(command -v spin) || { fetch spin bookworm spin; spin=$tools/spin/usr/bin/spin; }
	fetch_model
}

# report CODE NAME REMARK: print a result, "ok" if the code is 0.
report() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failed=$((failed + 1))
		[ ! -s "$work/out" ] || sed 's/^/# /' "$work/out" | tail -n 30
	fi
	[ -z "$3" ] || echo "#   $3"
}

# The model allows the outcome, or there is a data race.
is_rejected() { grep -q -e '^Flag' -e '^Observation .* \(Sometimes\|Always\) ' "$work/out"; }

litmus() {
	local name good=1 remark
	name=$(basename "$1" .litmus)
	(cd "$tools/memory-model" && herd -conf linux-kernel.cfg "$1") >"$work/out" 2>&1 || :
	remark=$(grep -e '^Flag' -e '^Observation' "$work/out" | tr '\n' ' ') || :
	if ! grep -q '^Observation' "$work/out"; then
		remark="no result"
	else
		case $name in
		*-broken-*) ! is_rejected || good=0 ;;
		*) is_rejected || good=0 ;;
		esac
	fi
	report "$good" "litmus $name" "$remark"
}

# search OPTIMIZATION-LEVEL MODEL SWITCH…
search() {
	local optimize=$1 model=$2
	shift 2
	(cd "$work" && "$spin" "$@" -a "$proof/$model.pml" &&
		gcc -w "-O$optimize" -DSAFETY -DCOLLAPSE "-DMEMLIM=${EXPTRACE_PROOF_MB:-6000}" -o pan pan.c &&
		./pan -m100000) >"$work/out" 2>&1 || :
}

remark_of_search() {
	awk '/^pan:1:/ { sub(/ \(at depth.*/, ""); sub(/^pan:1: */, ""); print "rejected: " $0 }
		/states, stored/ { states = $1 } /^pan: elapsed/ { time = $4 }
		END { printf "%s states, %s s\n", states, time }' "$work/out" | paste -sd ' '
}

# holds NAME MODEL SWITCH…: a search of all states must find no error.
holds() {
	local name=$1 good=1
	shift
	search "$level" "$@"
	if grep -q 'errors: 0' "$work/out" && ! grep -q -i -e 'depth too small' -e 'out of memory' \
		-e 'search not completed' "$work/out"; then
		good=0
	fi
	report "$good" "$name" "$(remark_of_search)"
}

# rejected NAME MODEL SWITCH…: the search must find a counterexample.
rejected() {
	local name=$1 good=1
	shift
	search 0 "$@"
	! grep -q -e '^pan:1: assertion violated' -e '^pan:1: invalid end state' "$work/out" || good=0
	report "$good" "$name" "$(remark_of_search)"
}

models() {
	local one="-DNCPU=1 -DEVENTS=3" two="-DNCPU=1 -DNEXP=2" flight="-DNGEN=3 -DEVENTS=$small" v
	local starts="-DSTARTS=$starts"
	# shellcheck disable=SC2086 # several switches, here and below
	{
		holds "protocol holds" protocol "-DEVENTS=$large"
		holds "protocol holds with one CPU" protocol -DNCPU=1 "-DEVENTS=$single"
		holds "protocol holds with batches of one event" protocol $one -DROOM=1
		holds "protocol holds with two experiments" protocol $two "-DEVENTS=$pair"
		for v in NO_GRACE_PERIOD GRACE_PERIOD_FIRST ONE_BUFFER NO_REFUSAL NO_RESERVE READER_EARLY; do
			rejected "protocol broken: $v" protocol -DEVENTS=2 -D$v
		done
		rejected "protocol broken: NO_LOCK_MARK" protocol $two -DEVENTS=3 -DNO_LOCK_MARK
		for v in NO_BUSY LATE_BUSY EARLY_LEAVE; do
			rejected "protocol broken: $v" protocol $one -D$v
		done
		holds "flight holds" flight $flight
		for v in EVICT_READ EVICT_FROZEN EVICT_CLOSING; do
			rejected "flight broken: $v" flight -DNGEN=3 -DEVENTS=3 -D$v
		done
		rejected "flight broken: KEEP_EMPTY" flight -DKEEP_EMPTY
		holds "session holds" session $starts
		for v in DISCARD_TAKEN BEGIN_EARLY ANY_SESSION PUT_BACK_FIRST LATE_CLOSE NO_FREEZE_CHECK NO_CLOSE; do
			rejected "session broken: $v" session -D$v
		done
		holds "trigger holds" trigger
		for v in NO_DONE NO_CANCEL LEAVE_RESULT OLD_FIRE ARM_STOPPED; do
			rejected "trigger broken: $v" trigger -D$v
		done
	}
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
quick) small=2 pair=1 single=3 large=2 starts=1 level=1 ;;
'') small=3 pair=2 single=4 large=3 starts=2 level=2 ;;
long) small=4 pair=3 single=5 large=4 starts=3 level=2 ;;
*) usage >&2; exit 2 ;;
esac
prepare
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "TAP version 13"
for file in "$proof"/litmus/*.litmus; do
	litmus "$file"
done
models
echo "1..$number"
[ "$failed" -eq 0 ]

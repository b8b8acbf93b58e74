#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the benchmark's modules for one kernel, in build/bench-KERNEL.
#
# Usage: bench-modules.sh KERNEL
#        bench-modules.sh --alone KERNEL [MAKE-ARGUMENT…]
#
# Prints a directory for modprobe that has the kernel's modules, the benchmark's, exptrace's and the peers'. With --alone, a
# directory that has only the benchmark's modules and exptrace.ko.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

alone=''
if [ "${1:-}" = --alone ]; then
	alone=y
	shift
fi
kernel=${1:-}
case $kernel in '' | -h | --help) usage; exit 0 ;; esac
shift
env=$("$top/scripts/kernel.sh" "$kernel")
eval "$env"
exptrace=$(dirname "$("$top/scripts/build-module.sh" "$kernel" "$@")")
dir=$top/build/bench-$kernel${alone:+-alone}
symbols=$exptrace/Module.symvers
lttng=()
if [ -z "$alone" ]; then
	env=$("$top/scripts/bench-peers.sh" "$kernel")
	eval "$env"
	if [ -e "$PEERS_MODULES/lttng/done" ]; then
		lttng=("LTTNG=$PEERS_MODULES/lttng/src")
		symbols+=" $PEERS_MODULES/lttng/Module.symvers"
	fi
fi
mkdir -p "$dir"
rsync -rc "$top/bench/kmod/" "$dir/"
if ! make -C "$KDIR" "M=$dir" "EXPTRACE=$exptrace" "${lttng[@]}" "KBUILD_EXTRA_SYMBOLS=$symbols" "$@" modules \
	>"$dir/build.log" 2>&1; then
	cat "$dir/build.log" >&2
	die "building the benchmark's modules for $kernel failed"
fi
if [ -n "$alone" ]; then
	cp "$exptrace/exptrace.ko" "$dir/"
	echo "$dir"
	exit 0
fi
# An unchanged tree stays in place, because running virtual machines may use it.
tree=$dir/tree/lib/modules/$KREL
modules=("$dir"/*.ko "$exptrace/exptrace.ko" "$PEERS_MODULES"/*/*.ko)
sums=$(sha256sum "${modules[@]}")
if [ "$sums" != "$(cat "$dir/tree/sums" 2>/dev/null)" ]; then
	rm -rf "$dir/tree"
	mkdir -p "$tree/extra"
	cp "${modules[@]}" "$tree/extra/"
	cp "$KMODDIR"/modules.{builtin,builtin.modinfo,order} "$tree/"
	# The peers' modules have debug information, which takes long to load from 9p.
	strip --strip-debug "$tree"/extra/*.ko
	/sbin/depmod -b "$dir/tree" "$KREL"
	echo "$sums" >"$dir/tree/sums"
fi
echo "$tree"

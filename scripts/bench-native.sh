#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The part of the benchmark that measures time, with kernel code that runs natively: nanoseconds per event, compared with the
# kernel's own ring_buffer_benchmark.
#
# Usage: bench-native.sh uml|scaling|host
#
#   uml       a kernel that runs as a process of this machine (see uml-kernel.sh); needs no root
#   scaling   the cost of more CPUs, in the same kernel
#   host      the running kernel: loads exptrace and the benchmark's modules, measures, and unloads them. Needs root, the
#             kernel's headers, and a kernel that can load modules
#
# Prints the lines of bench/native.sh or, for scaling, of bench/scaling.sh; if the kernel cannot be measured, a line
# "figure KIND impossible REASON". This machine should be idle otherwise. As root, UML runs with real-time priority, which
# occupies one CPU for three minutes, and the other while there is a reader or all CPUs write.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

# Print why the running kernel cannot be measured, if so.
why_not_host() {
	local rel
	rel=$(uname -r)
	if [ ! -e /proc/modules ]; then
		echo "the kernel that runs here has no modules"
	elif [ ! -d "/lib/modules/$rel/build" ]; then
		echo "the kernel that runs here has no headers in /lib/modules/$rel/build"
	elif [ "$(cat /proc/sys/kernel/modules_disabled 2>/dev/null)" = 1 ]; then
		echo "the kernel that runs here takes no more modules (kernel.modules_disabled)"
	elif grep -q -v '\[none\]' /sys/kernel/security/lockdown 2>/dev/null; then
		echo "the kernel that runs here is locked down, and takes only modules that are signed"
	elif [ "$(id -u)" -ne 0 ]; then
		echo "it has to be run as root"
	elif [ -d /sys/module/exptrace ]; then
		echo "exptrace is loaded already, and may be in use"
	fi
}

measure_host() {
	local reason modules
	reason=$(why_not_host)
	if [ -n "$reason" ]; then
		echo "figure native impossible $reason"
		return
	fi
	modules=$(scripts/bench-modules.sh --alone host)
	bench/native.sh native "$modules"
}

# Print the init of UML: it mounts this machine's files read-only and one folder writable, and runs a command.
write_init() {
	cat <<-END
		#!/bin/sh
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs devtmpfs /dev
		mount -t tmpfs tmpfs /run
		mkdir /run/out
		mount -t hostfs -o $out none /run/out
		cd $top
		EXPTRACE_BENCH_RUNS=${EXPTRACE_BENCH_RUNS:-} EXPTRACE_BENCH_TURNS=${EXPTRACE_BENCH_TURNS:-} EXPTRACE_BENCH_LONG=${EXPTRACE_BENCH_LONG:-}
		export EXPTRACE_BENCH_RUNS EXPTRACE_BENCH_TURNS EXPTRACE_BENCH_LONG
		export PATH=/usr/sbin:/usr/bin:/sbin:/bin TMPDIR=/run HOME=/run
		$* >/run/out/figures 2>/run/out/errors
		echo \$? >/run/out/code
		busybox poweroff -f
	END
}

# Run a command in UML with $1 CPUs and print its output. If these are more than this machine has, they wait for each other, so
# none may have real-time priority.
run_uml() {
	local cpus=$1 out=$top/build/bench/uml-run priority=()
	shift
	rm -rf "$out"
	mkdir -p "$out"
	write_init "$@" >"$out/init"
	chmod +x "$out/init"
	if [ "$cpus" -le "$(nproc)" ] && chrt -f 1 true 2>/dev/null; then
		priority=(chrt -f 1)
	fi
	timeout --kill-after=5 600 "${priority[@]}" "$KIMAGE" mem=2G "ncpus=$cpus" seccomp=on root=/dev/root rootfstype=hostfs "init=$out/init" \
		"uml_dir=$out/" con=null con0=null,fd:1 quiet panic=-1 >"$out/console" 2>&1 </dev/null || :
	if [ "$(cat "$out/code" 2>/dev/null)" != 0 ]; then
		cat "$out/console" "$out/errors" >&2 2>/dev/null || :
		die "the measurement in UML failed"
	fi
	cat "$out/figures"
}

# Set modules to the directory with the modules for UML.
make_uml() {
	local env
	scripts/uml-kernel.sh
	env=$(scripts/kernel.sh uml)
	eval "$env"
	modules=$(scripts/bench-modules.sh --alone uml ARCH=um)
	cp "$(find "$KMODDIR" -name 'ring_buffer_benchmark.ko')" "$modules/"
}

# Two CPUs: one of them only for the measured code.
measure_uml() {
	local modules
	make_uml
	run_uml 2 bench/native.sh uml "$modules"
}

# More CPUs than this machine has take time from each other, but this does not change which memory they write.
measure_scaling() {
	local modules cpus
	make_uml
	for cpus in 1 2 4 8; do
		if [ "$cpus" -le "$(nproc)" ]; then
			run_uml $cpus bench/scaling.sh "$modules"
		else
			run_uml $cpus bench/scaling.sh "$modules" lines
		fi
	done
}

case ${1:-} in
'' | -h | --help) usage ;;
host) measure_host ;;
uml) measure_uml ;;
scaling) measure_scaling ;;
*) die "unknown argument '$1' (uml, scaling, host)" ;;
esac

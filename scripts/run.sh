#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Records a few seconds of a real workload and shows what was recorded.
#
# Usage: run.sh [KERNEL]
#
# Records on the running kernel if it can load modules and its headers are installed; otherwise, or if KERNEL is given, in a
# throwaway VM with Debian's kernel. The trace is left in build/out/run.trace.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

case ${1:-} in -h | --help) usage; exit 0 ;; esac
cd "$top"

host_can_load() { [ -e /proc/modules ] && [ -e "/lib/modules/$(uname -r)/build/Makefile" ]; }

if [ $# -eq 0 ] && host_can_load; then
	echo "Recording on this machine's kernel, $(uname -r)."
	ko=$(scripts/build-module.sh host)
	mkdir -p build/out
	as_root env EXPTRACE_KO="$ko" EXPTRACE_OUT=build/out scripts/demo.sh
else
	kernel=${1:-6.1}
	[ $# -gt 0 ] || echo "This machine's kernel, $(uname -r), can't load the module: recording in a throwaway VM."
	scripts/vm.sh --kernel "$kernel" --cpus 2 --out build/out -- scripts/demo.sh
fi
echo
echo "The trace is build/out/run.trace: build/user/exptrace dump build/out/run.trace | less"

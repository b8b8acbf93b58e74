#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Finds a QEMU whose multi-threaded emulation can run a tracer, or fetches one into the cache.
#
# Usage: qemu.sh
#
# Prints a line for eval that sets the array QEMU to the program and its arguments. Before 8.1, a CPU could continue to execute
# code that another CPU had patched: attaching a tracepoint or enabling a static key ended in "Oops: int3" or a hang within
# seconds. EXPTRACE_QEMU=PROGRAM is used without a check.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# True if program $1 exists and is new enough.
good() {
	local version
	version=$("$1" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p') || :
	[ -n "$version" ] && printf '8.1\n%s\n' "$version" | sort -VC
}

# Unpack the backport's program and firmware; it uses the libraries of the host's QEMU package.
fetch() {
	local tmp codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	use_suite "$codename-backports"
	tmp=$(mktemp -d "$cache/.qemu-XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	apt-get "${apt_opts[@]}" update >&2
	(cd "$tmp" && mkdir root && unpack_packages root qemu-system-x86 qemu-system-data seabios)
	good "$tmp/root/usr/bin/qemu-system-x86_64" || die "$codename-backports has no QEMU 8.1 or newer that runs here"
	mv "$tmp/root" "$dir"
}

print() {
	local qemu=("$@")
	declare -p qemu | sed 's/^declare -a qemu/QEMU/'
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
--fetch) fetching=y ;;
'') fetching='' ;;
*) die "takes no arguments (see --help)" ;;
esac
dir=$cache/qemu
name="qemu-system-x86_64"
if [ -n "$fetching" ]; then
	lock_cache
	[ -d "$dir" ] || fetch
elif [ -n "${EXPTRACE_QEMU:-}" ]; then
	print "$EXPTRACE_QEMU"
elif good $name; then
	print $name
elif [ -d "$dir" ] || { note "QEMU is older than 8.1, fetching a newer one" && "$0" --fetch; }; then
	print "$dir/usr/bin/$name" -L "$dir/usr/share/qemu" -L "$dir/usr/share/seabios"
elif command -v $name >/dev/null; then
	note "using the host's old QEMU: with more than one CPU, expect panics that are not the kernel's fault"
	print $name
else
	die "QEMU is missing: run scripts/deps.sh vm"
fi

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian packages that the project needs, if they are missing.
#
# Usage: deps.sh [user|build|vm|test|arm64]…    (default: all)
#
#   user   the user side alone; nothing is installed if a compiler and libzstd's header are there
#   build  the module, also for Debian's kernels, the user side and its manual pages
#   vm     virtual machines
#   test   lint, fuzzing, and perf, which the tests compare with
#   arm64  the cross compiler
set -euo pipefail
. "$(dirname "$0")/lib.sh"

packages_of() {
	case $1 in
	user) echo gcc make libc6-dev libzstd-dev ;;
	build)
		echo gcc make bc bison flex pkg-config python3 rsync kmod xz-utils zstd pahole debootstrap
		echo libc6-dev libelf-dev libssl-dev libzstd-dev zlib1g-dev libbpf-dev clang llvm bpftool
		;;
	vm) echo qemu-system-x86 busybox-static binutils cpio kmod xz-utils zstd ;;
	test)
		echo gcc g++ make clang libc6-dev libclang-rt-dev libzstd-dev jq pkg-config linux-perf perl python3 rt-tests shellcheck sparse xz-utils
		;;
	arm64) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
	*) die "unknown group '$1' (user, build, vm, test, arm64)" ;;
	esac
}

missing() {
	local p
	for p in $(for group; do packages_of "$group"; done | tr ' ' '\n' | sort -u); do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
	done
}

install_packages() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install --no-install-recommends -y "$@" \
		>"$log" 2>&1
}

# A compiler and a libzstd from any source are enough, so that the user side can be built on systems other than Debian.
compiler_works() { printf '#include <%s>\n' stdio.h zstd.h | "${CC:-gcc}" -E -o /dev/null - 2>/dev/null; }

case ${1:-} in -h | --help) usage; exit 0 ;; esac
[ "$*" != user ] || ! compiler_works || exit 0
command -v apt-get >/dev/null || die "apt-get not found: only Debian is supported; install the equivalent packages by hand"
[ $# -gt 0 ] || set -- user build vm test arm64
for group; do packages_of "$group" >/dev/null; done
mapfile -t packages < <(missing "$@")
[ ${#packages[@]} -gt 0 ] || exit 0
[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || die "needs root or sudo to install: ${packages[*]}"

note "installing ${packages[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Fetch the package lists only if they are missing or too old.
if ! install_packages "${packages[@]}"; then
	as_root apt-get -qq update >"$log" 2>&1 || { cat "$log" >&2; die "apt-get update failed"; }
	install_packages "${packages[@]}" || { cat "$log" >&2; die "cannot install the packages"; }
fi

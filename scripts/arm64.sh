#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Compiles the module for Debian's 6.12 kernel for arm64, in build/arm64, and a static command, in build/arm64-user. Runs
# neither.
#
# Usage: arm64.sh
#
# Any warning is a failure. The kernel's tools and common headers are those of the amd64 kernel in the cache; only arm64's own
# headers and libzstd are fetched.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

cross=aarch64-linux-gnu-

# Put the headers of release $1 beside the files that they share with the amd64 kernel unpacked in $2.
fetch() {
	local rel=$1 amd64=$2 dir=$cache/kernel/$1 tmp common=linux-headers-${1%-arm64}-common
	[ ! -d "$dir" ] || return 0
	note "fetching the headers of $rel"
	use_suite bookworm-backports arm64
	tmp=$(mktemp -d "$cache/kernel/.fetch-XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	apt-get "${apt_opts[@]}" update >&2
	(cd "$tmp" && mkdir root && unpack_packages root "linux-headers-$rel")
	mkdir -p "$tmp/root/usr/lib"
	ln -sfn "$amd64/usr/src/$common" "$tmp/root/usr/src/$common"
	ln -sfn "$amd64"/usr/lib/linux-kbuild-* "$tmp/root/usr/lib/"
	sed -i "s#\(^include \|=\)/usr/src/#\1$dir/usr/src/#" "$tmp/root/usr/src/linux-headers-$rel/Makefile"
	mv "$tmp/root" "$dir"
}

# Unpack libzstd for arm64, static library included, into the cache.
fetch_libzstd() {
	local dir=$cache/libzstd-arm64 tmp
	[ ! -d "$dir" ] || return 0
	note "fetching libzstd for arm64"
	use_suite bookworm arm64
	tmp=$(mktemp -d "$cache/.fetch-XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	apt-get "${apt_opts[@]}" update >&2
	(cd "$tmp" && mkdir root && unpack_packages root libzstd-dev)
	mv "$tmp/root" "$dir"
}

# Register them, so that kernel.sh knows them as "arm64".
update() {
	local rel=${KREL%-amd64}-arm64
	lock_cache
	fetch "$rel" "${KDIR%/usr/src/*}"
	(fetch_libzstd)
	printf 'KREL=%q\nKIMAGE=\nKMODDIR=\nKDIR=%q\nKROOT=\n' "$rel" "$cache/kernel/$rel/usr/src/linux-headers-$rel" \
		>"$cache/kernel/arm64.env"
}

case ${1:-} in
'' | --update) ;;
-h | --help) usage; exit 0 ;;
*) die "takes no arguments (see --help)" ;;
esac
env=$("$top/scripts/kernel.sh" 6.12)
eval "$env"
if [ "${1:-}" = --update ]; then
	update
	exit 0
fi
"$top/scripts/deps.sh" arm64
# In a process of its own, which holds the lock until it exits.
"$0" --update
WERROR=1 STRIP=${cross}strip "$top/scripts/build-module.sh" arm64 ARCH=arm64 CROSS_COMPILE=$cross
zstd=$cache/libzstd-arm64/usr
make -s -C "$top/user" O="$top/build/arm64-user" CC=${cross}gcc AR=${cross}ar CPPFLAGS="-I$zstd/include" \
	LDFLAGS="-static -L$zstd/lib/aarch64-linux-gnu" "$top/build/arm64-user/exptrace"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Finds a kernel to build for and to boot, and fetches it into the cache.
#
# Usage: kernel.sh 6.1|6.12|6.12-rt|newest|host|BUILD-DIRECTORY
#
# Prints lines for eval:
#   KREL    the kernel's release, as in uname -r
#   KIMAGE  the bootable image
#   KMODDIR its modules, …/lib/modules/$KREL
#   KDIR    the directory to build modules in: make -C $KDIR M=…
#   KROOT   the root directory to build in, empty for the host's own
#
# Debian's packages are unpacked, never installed. The mirror is queried at most once a day, or now with EXPTRACE_REFRESH=1.
# Kernels that other scripts have registered in the cache (kernel/NAME.env) have names, too.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Set the suite, the meta-packages' flavour and the prefix of the releases that a name stands for.
describe() {
	flavour=amd64 root_suite='' only=''
	case $1 in
	6.1) suite=bookworm only=6.1. ;;
	6.12) suite=bookworm-backports only=6.12. ;;
	6.12-rt) suite=bookworm-backports only=6.12. flavour=rt-amd64 ;;
	# The host tools in its headers need that suite's C library.
	newest) suite=trixie-backports root_suite=trixie ;;
	*) die "unknown kernel '$1' (6.1, 6.12, 6.12-rt, newest, host)" ;;
	esac
}

# Print the release that the meta-package depends on, or, if that is of a newer series, the newest release of the series that
# still has headers.
resolve_release() {
	local rel
	rel=$(apt-cache "${apt_opts[@]}" depends "linux-headers-$flavour" |
		sed -n 's/^ *Depends: linux-headers-\([0-9].*\)$/\1/p' | sed -n 1p)
	if [[ -n $rel && $rel == "$only"* ]]; then
		echo "$rel"
		return
	fi
	[ -z "$rel" ] || note "$suite has moved on to $rel, looking for a $only* there"
	apt-cache "${apt_opts[@]}" search --names-only "^linux-headers-${only//./\\.}[0-9][^-]*-$flavour\$" |
		sed -n 's/^linux-headers-\([^ ]*\) .*/\1/p' | sort -V | tail -n 1 | grep . ||
		die "$suite has no headers of a $only* kernel any more${rel:+ (only $rel)}"
}

# Print the packages of release $1, image and headers, and the kernel packages that they depend on.
kernel_packages() {
	local todo=("linux-image-$1" "linux-headers-$1") seen=' ' p
	while [ ${#todo[@]} -gt 0 ]; do
		p=${todo[0]}
		todo=("${todo[@]:1}")
		case $seen in *" $p "*) continue ;; esac
		seen="$seen$p "
		echo "$p"
		mapfile -t -O "${#todo[@]}" todo < <(apt-cache "${apt_opts[@]}" depends "$p" |
			sed -n 's/^ *Depends: \(linux-\(image\|binary\|modules\|base\|headers\|kbuild\)-[0-9].*\)$/\1/p')
	done
}

# Change absolute paths in the packages to where they are unpacked: $1 now, $2 finally.
relocate() {
	local now=$1 final=$2 d link
	# Newer packages use /usr/lib only; one place for modules is simpler.
	if [ ! -e "$now/lib" ]; then
		ln -s usr/lib "$now/lib"
	elif [ -d "$now/usr/lib/modules" ] && [ ! -L "$now/lib" ]; then
		cp -a "$now/usr/lib/modules" "$now/lib/"
		rm -rf "$now/usr/lib/modules"
	fi
	for d in "$now"/usr/src/linux-headers-*; do
		sed -i "s#\(^include \|=\)/usr/src/#\1$final/usr/src/#" "$d/Makefile"
	done
	for link in "$now"/lib/modules/*/{build,source}; do
		ln -sfn "../../../usr/src/$(basename "$(readlink "$link")")" "$link"
	done
}

# Print the bootable image of release $2 under $1; newer packages have it beside the modules.
image() {
	local f
	for f in "$1/boot/vmlinuz-$2" "$1/lib/modules/$2/vmlinuz"; do
		[ -f "$f" ] && echo "$f" && return
	done
	die "the packages of $2 have no bootable image where it is expected"
}

# Fetch release $1 into the cache; a directory that exists is complete.
fetch() {
	local rel=$1 dir=$cache/kernel/$1 tmp packages
	[ ! -d "$dir" ] || return 0
	note "fetching $rel"
	tmp=$(mktemp -d "$cache/kernel/.fetch-XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	mapfile -t packages < <(kernel_packages "$rel")
	(cd "$tmp" && mkdir root && unpack_packages root "${packages[@]}")
	relocate "$tmp/root" "$dir"
	/sbin/depmod -b "$tmp/root" "$rel"
	rm -rf "$tmp"/root/usr/share
	image "$tmp/root" "$rel" >/dev/null
	mv "$tmp/root" "$dir"
}

# Make the root directory for building for kernels of another suite.
make_root() {
	local dir=$cache/root/$1 tmp
	[ ! -d "$dir" ] || return 0
	command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ] || die "debootstrap is missing: run scripts/deps.sh"
	note "making a root directory with $1, to build in"
	mkdir -p "$cache/root"
	tmp=$(mktemp -d "$cache/root/.make-XXXXXX")
	if ! as_root /usr/sbin/debootstrap --variant=minbase --include=make,gcc,libc6-dev,libelf-dev,libssl-dev,pahole \
		"$1" "$tmp" "$(debian_mirror)" >"$cache/root/$1.log" 2>&1; then
		as_root rm -rf --one-file-system "$tmp"
		die "debootstrap of $1 failed: see $cache/root/$1.log"
	fi
	as_root sh -c "rm -rf '$tmp'/var/cache/apt/archives/*.deb '$tmp'/var/lib/apt/lists/*"
	as_root mv "$tmp" "$dir"
}

# Query the mirror, fetch a new release and register it as $1, unless another process has just done so.
update() {
	local name=$1 rel dir img
	lock_cache
	if fresh "$cache/kernel/$name.env" && [ -z "${EXPTRACE_REFRESH:-}" ]; then
		return
	fi
	describe "$name"
	use_suite "$suite"
	apt-get "${apt_opts[@]}" update >&2
	rel=$(resolve_release)
	dir=$cache/kernel/$rel
	fetch "$rel"
	img=$(image "$dir" "$rel")
	[ -z "$root_suite" ] || make_root "$root_suite"
	{
		printf 'KREL=%q\n' "$rel"
		printf 'KIMAGE=%q\n' "$img"
		printf 'KMODDIR=%q\n' "$dir/lib/modules/$rel"
		printf 'KDIR=%q\n' "$dir/usr/src/linux-headers-$rel"
		printf 'KROOT=%q\n' "${root_suite:+$cache/root/$root_suite}"
	} >"$cache/kernel/$name.env.new"
	mv "$cache/kernel/$name.env.new" "$cache/kernel/$name.env"
}

host() {
	local rel
	rel=$(uname -r)
	[ -d "/lib/modules/$rel/build" ] || die "the running kernel $rel has no headers in /lib/modules/$rel/build"
	printf 'KREL=%q\nKIMAGE=%q\nKMODDIR=%q\nKDIR=%q\nKROOT=\n' "$rel" "/boot/vmlinuz-$rel" "/lib/modules/$rel" \
		"/lib/modules/$rel/build"
}

# A build directory of the user's own.
build_directory() {
	local rel
	rel=$(cat "$1/include/config/kernel.release" 2>/dev/null) ||
		die "$1 is not a kernel's build directory, or the kernel is not configured"
	printf 'KREL=%q\nKIMAGE=\nKMODDIR=\nKDIR=%q\nKROOT=\n' "$rel" "$1"
}

case ${1:-} in
'' | -h | --help) usage; exit 0 ;;
host) host; exit 0 ;;
/*) build_directory "$1"; exit 0 ;;
esac
mkdir -p "$cache/kernel"
if [ "$1" = --update ]; then
	update "$2"
	exit 0
fi
env=$cache/kernel/$1.env
# Kernels that other scripts have registered need no update.
if [[ ! $1 =~ ^(6\.1|6\.12|6\.12-rt|newest)$ ]]; then
	[ -f "$env" ] || describe "$1"
elif ! fresh "$env" || [ -n "${EXPTRACE_REFRESH:-}" ]; then
	# In a process of its own, because "set -e" has no effect inside a condition.
	if ! "$0" --update "$1"; then
		[ -f "$env" ] || die "cannot fetch the $1 kernel"
		note "cannot reach the mirror, using the $1 kernel in the cache"
	fi
fi
cat "$env"

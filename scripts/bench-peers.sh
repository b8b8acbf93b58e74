#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetches the recorders that exptrace is compared with, and builds their modules for one kernel, in the cache.
#
# Usage: bench-peers.sh KERNEL
#
# KERNEL is a name that kernel.sh knows. Prints lines for eval:
#   PEERS           the directory with the unpacked Debian packages (nothing is installed)
#   PEERS_MODULES   the modules that were built, one directory per package
#   PEERS_PATH      for PATH
#   PEERS_LIBS      for LD_LIBRARY_PATH
#   PEERS_BABELTRACE the directory of babeltrace2's plugins
#   PEERS_MISSING   modules that could not be built, a "NAME: REASON" per line
#
# The packages are those of Debian 12, with the dependencies that this machine lacks.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

tools=(lttng-tools babeltrace2 trace-cmd linux-perf sysdig)
sources=(lttng-modules-dkms falcosecurity-scap-dkms)
# LTTng's kmem probe needs a file that no package of headers has.
private=mm/slab.h

# The tools with all packages that installing them here would install.
packages() {
	printf '%s\n' "${tools[@]}" "${sources[@]}"
	apt-get "${apt_opts[@]}" -o Dir::State::status=/var/lib/dpkg/status --no-install-recommends -s install "${tools[@]}" |
		sed -n 's/^Inst \([^ ]*\) .*/\1/p'
}

fetch() {
	local tmp list
	lock_cache
	[ ! -d "$dir/root" ] || return 0
	note "fetching the recorders to compare with"
	use_suite bookworm
	mkdir -p "$dir"
	tmp=$(mktemp -d "$dir/.fetch-XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	apt-get "${apt_opts[@]}" update >&2
	mapfile -t list < <(packages | sort -u)
	(cd "$tmp" && mkdir root && unpack_packages root "${list[@]}")
	# Beside the include directory, where the probe looks for it.
	mkdir -p "$tmp/root/usr/src/linux/include/linux"
	unpack_source "$tmp/root/usr/src/linux" linux-source-6.1 "$private"
	mv "$tmp/root" "$dir/root"
}

# Build only the LTTng probes that are measured: stable kernels have changed other tracepoints, whose probes no longer build.
choose_probes() {
	printf '%s\n' "obj-\$(CONFIG_LTTNG) := lttng-probe-sched.o lttng-probe-kmem.o" \
		"obj-\$(CONFIG_LTTNG) += lttng-kprobes.o lttng-kretprobes.o lttng-uprobes.o" \
		"ccflags-y += -idirafter $dir/root/usr/src/linux/include/linux" >>"$1"
}

# Build the modules of the package with the source $2 as $1, with further arguments; if that fails, leave the reason.
build() {
	local name=$1 source=$2 work=$modules/$1
	shift 2
	[ ! -e "$work/done" ] && [ ! -e "$work/failed" ] || return 0
	note "building $name for $KREL"
	rm -rf "$work"
	mkdir -p "$work"
	cp -r "$source" "$work/src"
	[ "$name" != lttng ] || choose_probes "$work/src/src/probes/Kbuild"
	if make -C "$KDIR" "M=$work/src" "-j$(nproc)" "$@" modules >"$work/log" 2>&1; then
		find "$work/src" -name '*.ko' -exec cp -t "$work" {} +
		cp "$work/src/Module.symvers" "$work/"
		touch "$work/done"
	else
		grep -m 1 -E 'error:|Error ' "$work/log" | sed "s#$work/src/##g" >"$work/failed" ||
			tail -n 1 "$work/log" >"$work/failed"
	fi
}

# Print the source directory of a dkms package.
source_of() { find "$dir/root/usr/src" -maxdepth 1 -name "$1-*" | sed -n 1p; }

# In a process of its own, which holds the lock until it exits.
build_all() {
	lock_cache
	mkdir -p "$modules"
	build lttng "$(source_of lttng-modules)" CONFIG_LTTNG=m CONFIG_LTTNG_CLOCK_PLUGIN_TEST=m
	build scap "$(source_of scap)"
}

missing() {
	local reason
	for reason in "$modules"/*/failed; do
		[ ! -e "$reason" ] || echo "$(basename "${reason%/failed}"): $(sed -n 1p "$reason")"
	done
}

kernel=${1:-}
case $kernel in '' | -h | --help) usage; exit 0 ;; esac
dir=$cache/peers
if [ "$kernel" = --fetch ]; then
	fetch
	exit 0
fi
env=$("$top/scripts/kernel.sh" "${2:-$kernel}")
eval "$env"
[ -z "$KROOT" ] || die "the peers' modules are built for Debian 12's kernels only, not for $kernel"
modules=$dir/modules/$KREL
if [ "$kernel" = --build ]; then
	build_all
	exit 0
fi
[ -d "$dir/root" ] || "$0" --fetch
"$0" --build "$kernel"
root=$dir/root
printf '%s=%q\n' PEERS "$root" PEERS_MODULES "$modules" PEERS_PATH "$root/usr/bin:$root/usr/sbin" \
	PEERS_LIBS "$root/usr/lib/x86_64-linux-gnu:$root/usr/lib" \
	PEERS_BABELTRACE "$root/usr/lib/x86_64-linux-gnu/babeltrace2" PEERS_MISSING "$(missing)"

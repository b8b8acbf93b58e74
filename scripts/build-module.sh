#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds exptrace.ko for one kernel, in build/KERNEL (build/RELEASE for a build directory), and prints its path.
#
# Usage: build-module.sh KERNEL [MAKE-ARGUMENT…]
#
# KERNEL is a name that kernel.sh knows. The source tree stays clean: changed sources are copied, so that a second run builds
# only what changed. The compiler's output goes to build/KERNEL/build.log and is shown if it has warnings or errors. WERROR=1
# makes any warning, of the compiler or of modpost, a failure.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Compare by content, without times: a source that was restored with an older time must be built, too. Other files are excluded,
# hence not deleted.
copy_sources() {
	local only=(--include='*/' --include='*.[chS]' --include=Kbuild --exclude='*')
	# Build files with warnings again, or the warnings would be seen only once.
	if [ -e "$dir/warned" ]; then
		find "$dir" -name '*.o' -delete
		rm "$dir/warned"
	fi
	rsync -rc --delete "${only[@]}" "$top/kmod" "$top/include" "$dir/"
	rsync -c "$top/Kbuild" "$dir/"
}

# Run make, in the kernel's own root if it has one, where the kernel and the build have the same paths as here.
run_make() {
	local make=(make -C "$KDIR" "M=$dir" W=1 "-j$(nproc)" "$@" modules)
	if [ -z "$KROOT" ]; then
		"${make[@]}"
	else
		# shellcheck disable=SC2016 # expanded inside
		as_root unshare -m sh -euc '
			root=$1 kernel=$2 dir=$3
			shift 3
			for d in /dev /proc "$kernel" "$dir"; do
				mkdir -p "$root$d"
				mount --rbind "$d" "$root$d"
			done
			exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"' \
			sh "$KROOT" "${KDIR%/usr/src/*}" "$dir" "${make[@]}"
	fi
}

# Put copies without debug information, a twentieth of the size, into "stripped": a VM loads these hundreds of times.
strip_modules() {
	local ko
	mkdir -p "$dir/stripped"
	for ko in "$dir"/*.ko; do
		[ "$ko" -nt "$dir/stripped/${ko##*/}" ] || continue
		${STRIP:-strip} --strip-debug -o "$dir/stripped/.new" "$ko"
		mv "$dir/stripped/.new" "$dir/stripped/${ko##*/}"
	done
}

# A compiler newer than the kernel's is not a problem of the module.
has_warnings() { grep -v 'the compiler differs from the one used' "$dir/build.log" | grep -q -i 'warning:'; }

kernel=${1:-}
case $kernel in '' | -h | --help) usage; exit 0 ;; esac
shift
[ -f "$top/Kbuild" ] || die "no Kbuild in $top"
command -v rsync >/dev/null || die "rsync is missing: run scripts/deps.sh build"
env=$("$top/scripts/kernel.sh" "$kernel")
eval "$env"
case $kernel in
/*) dir=$top/build/$KREL ;;
*) dir=$top/build/$kernel ;;
esac
mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9

copy_sources
built=y
run_make "$@" >"$dir/build.log" 2>&1 9>&- || built=''
if has_warnings; then
	touch "$dir/warned"
	[ -z "${WERROR:-}" ] || built=''
fi
if [ -z "$built" ] || [ -e "$dir/warned" ]; then
	cat "$dir/build.log" >&2
fi
[ -n "$built" ] || die "building for $kernel failed"
strip_modules
echo "$dir/exptrace.ko"

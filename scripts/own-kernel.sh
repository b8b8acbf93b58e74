# SPDX-License-Identifier: GPL-2.0-only
# What debug-kernel.sh and uml-kernel.sh share: building a kernel of our own configuration into the cache, and registering it,
# so that kernel.sh, build-module.sh and vm.sh know it by name. Sourced after lib.sh.
# shellcheck shell=bash
#
# The script that sources this sets
#   name            of the kernel; names: all names under which it is registered
#   dir             where it is built, in the cache
#   suite, package  of the sources, which patch_source (a function) changes after they were fetched
#   config          words: an option that is on, or OPTION=VALUE; all others are off
#   make_options    further arguments for make, ARCH=… among them
#   image           of the kernel, below dir
#   install_image   a function that puts further files into the directory $1, next to lib/modules
# shellcheck disable=SC2154

fragment() {
	local word
	for word in $config; do
		case $word in
		*=*) echo "CONFIG_$word" ;;
		*) echo "CONFIG_$word=y" ;;
		esac
	done
}

# Kconfig drops an option with unmet dependencies silently: say which.
check_config() {
	local dropped
	dropped=$(grep -v -x -F -f "$dir/build/.config" "$dir/fragment" || :)
	[ -z "$dropped" ] || die "options that this kernel cannot have:" "$dropped"
}

build() {
	local make=(nice make -s -C "$source" "O=$dir/build" "-j$(nproc)" "${make_options[@]}")
	mkdir -p "$dir/build"
	fragment >"$dir/fragment"
	"${make[@]}" "KCONFIG_ALLCONFIG=$dir/fragment" allnoconfig
	check_config
	"${make[@]}" vmlinux modules
	rel=$("${make[@]}" kernelrelease)
	rm -rf "$dir/root.new"
	"${make[@]}" "INSTALL_MOD_PATH=$dir/root.new" modules_install
	install_image "$dir/root.new"
	rm -rf "$dir/root"
	mv "$dir/root.new" "$dir/root"
}

register() {
	local n
	mkdir -p "$cache/kernel"
	for n in "${names[@]}"; do
		{
			printf 'KREL=%q\n' "$rel"
			printf 'KIMAGE=%q\n' "$dir/$image"
			printf 'KMODDIR=%q\n' "$dir/root/lib/modules/$rel"
			printf 'KDIR=%q\n' "$dir/build"
			printf 'KROOT=\n'
		} >"$cache/kernel/$n.env.new"
		mv "$cache/kernel/$n.env.new" "$cache/kernel/$n.env"
	done
	echo "$key" >"$dir/key"
}

# The version of the sources, and all that goes into the build.
current_key() {
	echo "$(newest_source "$package") $({ fragment; echo "${make_options[@]}"; declare -f patch_source install_image; } | cksum)"
}
is_built() { [ -f "$cache/kernel/$name.env" ] && [ "$(cat "$dir/key" 2>/dev/null)" = "$(current_key)" ]; }

fetch_own_source() { fetch_source "$suite" "$package" patch_source; }

# Build the kernel if it is not there or not up to date. Fetching is a process of its own (see lock_cache): SCRIPT --fetch NAME.
build_own_kernel() {
	local began=$SECONDS code source key
	if [ -z "${EXPTRACE_REFRESH:-}" ] && is_built; then
		return
	fi
	"$0" --fetch "$name"
	mkdir -p "$dir"
	exec 8>"$dir/lock"
	flock 8
	! is_built || return 0
	source=$cache/source/$package/$(newest_source "$package") key=$(current_key)
	note "building the $name kernel: some minutes"
	# A process of its own, since "set -e" does not hold inside a condition.
	set +e
	(set -e; build; register) >"$dir/build.log" 2>&1 8>&-
	code=$?
	set -e
	if [ "$code" -ne 0 ]; then
		tail -n 30 "$dir/build.log" >&2
		die "building the $name kernel failed: see $dir/build.log"
	fi
	note "built in $((SECONDS - began)) s"
}

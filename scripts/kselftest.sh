#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetches parts of the kernel's sources: kselftest's rules, harness and runner, and checkpatch.
#
# Usage: kselftest.sh [--checkpatch]
#
# Prints the directory with lib.mk, kselftest_harness.h and kselftest/runner.sh, or, with --checkpatch, the path of
# checkpatch.pl. They come from Debian's linux-source-6.1 and are kept in the cache, never committed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Some versions of lib.mk include scripts/subarch.include; checkpatch reads the lists in its directory.
wanted=(tools/testing/selftests/lib.mk tools/testing/selftests/kselftest.h
	tools/testing/selftests/kselftest_harness.h tools/testing/selftests/run_kselftest.sh
	tools/testing/selftests/kselftest scripts/subarch.include
	scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch)

fetch() {
	local tmp
	lock_cache
	[ ! -d "$dir" ] || return 0
	note "fetching kselftest and checkpatch"
	use_suite bookworm
	tmp=$(mktemp -d "$cache/.source-XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	apt-get "${apt_opts[@]}" update >&2
	unpack_source "$tmp/new" linux-source-6.1 "${wanted[@]}"
	mv "$tmp/new" "$dir"
}

dir=$cache/linux-source-6.1
case ${1:-} in
-h | --help) usage; exit 0 ;;
--fetch) fetch; exit 0 ;;
esac
[ -d "$dir" ] || "$0" --fetch
case ${1:-} in
--checkpatch) echo "$dir/scripts/checkpatch.pl" ;;
'') echo "$dir/tools/testing/selftests" ;;
*) die "unknown argument '$1' (see --help)" ;;
esac

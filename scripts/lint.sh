#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Lints: checkpatch --strict, sparse, W=1 and the direction of calls for the module, shellcheck for the scripts, SPDX lines everywhere.
#
# Usage: lint.sh
#
# Prints TAP; the exit code is 0 if all passed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

failed=0 n=0

# lint NAME COMMAND…: it passes if the command succeeds; otherwise its output is shown.
lint() {
	local name=$1 output
	shift
	n=$((n + 1))
	if output=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' <<<"$output"
		failed=1
	fi
}

kernel_files() { git ls-files 'kmod/*.[ch]' 'kmod/**/*.[ch]' 'include/uapi/**/*.h' | sort -u; }

run_checkpatch() {
	local checkpatch
	checkpatch=$(scripts/kselftest.sh --checkpatch)
	kernel_files | xargs perl "$checkpatch" --quiet --file
}

# Sparse reports in the compiler's output. With C=2, it checks all files, also those that are up to date.
run_sparse() {
	WERROR=1 scripts/build-module.sh 6.1 C=2
	! grep -E 'warning:|error:' build/6.1/build.log
}

run_shellcheck() { git ls-files '*.sh' .ci/run | xargs shellcheck -x -P SCRIPTDIR -e SC2001,SC2002,SC2317; }

# Of the objects that sparse was run with.
check_layers() { scripts/layers.sh build/6.1; }

has_spdx() {
	local missing
	missing=$(git ls-files | grep -E '\.([chS]|sh|py|awk|pml|litmus|map)$|Makefile$|Kbuild$|^\.ci/' |
		xargs grep -L 'SPDX-License-Identifier:' || :)
	[ -z "$missing" ] || { echo "without an SPDX line:"; echo "$missing"; return 1; }
}

lint "the module passes checkpatch --strict" run_checkpatch
lint "the module passes sparse and W=1" run_sparse
lint "calls go down the layers" check_layers
lint "the scripts pass shellcheck" run_shellcheck
lint "every source file has an SPDX line" has_spdx
echo "1..$n"
exit "$failed"

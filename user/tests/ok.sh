# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # failed is for the including script
# Shared by the shell tests: a temporary directory $dir, and results. A test ends with
# "exit $failed".
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

ok() { # behaviour: reports the exit code of the command before it
	if [ $? -eq 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		failed=1
	fi
}

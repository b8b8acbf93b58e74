# SPDX-License-Identifier: GPL-2.0-only
# Makes kselftest's runner report how long each program ran, as a line "time PROGRAM SECONDS" of the program's output.
# check.sh collects these lines. Sourced by the Makefile after runner.sh, whose function this replaces.
# shellcheck shell=sh

uptime_of_now() {
	read -r now _ </proc/uptime
	echo "$now"
}

# Runs "$1" as the runner does; both instances of timeout(1) are the runner's.
# shellcheck disable=SC2154,SC2086 # the runner sets kselftest_timeout; $1 is a command with its arguments
tap_timeout() {
	started=$(uptime_of_now)
	/usr/bin/timeout --foreground "$kselftest_timeout" /usr/bin/timeout "$kselftest_timeout" $1
	status=$?
	echo "$started $(uptime_of_now) ${1#./}" | awk '{ printf "time %s %.1f\n", $3, $2 - $1 }'
	return $status
}

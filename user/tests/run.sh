#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the unit tests and prints one TAP stream. Usage: run.sh BUILD-DIRECTORY TEST...
# The shell tests use CC, CXX, NM and LDFLAGS, if set.
# JOBS: number of parallel programs (default: CPUs + 1, as some mostly sleep).
#
# Programs run in parallel, the slowest first; their results are printed in the order of the list.
# Those that measure CPU time run after all others, when the machine is quiet.
here=$(dirname "$0")

start() { # name: becomes that test program
	case $1 in
	test_*) exec "$out/tests/$1" ;;
	fuzz_words) exec "$out/fuzz/once_words" "$here/../fuzz/corpus/words" ;;
	fuzz_*) exec "$out/fuzz/once_${1#fuzz_}" "$here/../fuzz/corpus/trace" ;;
	headers | install) exec sh "$here/$1.sh" "$out" ;;
	library) exec sh "$here/library.sh" "$out" "$out/tests/sample.trace" ;;
	cli) exec sh "$here/cli.sh" "$out/exptrace" "$out/tests/sample.trace" ;;
	table) exec bash "$here/table.sh" "$out/exptrace" "$out/tests/sample.trace" ;;
	json) exec sh "$here/json.sh" "$out/exptrace" "$out/tests/texts.trace" ;;
	pipes) exec sh "$here/pipes.sh" "$out/exptrace" "$out/tests/make_sample" ;;
	*) echo "run.sh: no test $1" >&2; exit 127 ;;
	esac
}

if [ "$1" = --one ]; then # BUILD-DIRECTORY NAME: writes output and exit code to files
	out=$2
	rm -f "$out/tests/$3.code"
	started=$(date +%s.%N)
	(start "$3") >"$out/tests/$3.tap" 2>"$out/tests/$3.err" </dev/null
	echo $? >"$out/tests/$3.code"
	echo "$3 $started $(date +%s.%N)" | awk '{ printf "# time %s %.1f\n", $1, $3 - $2 }' >>"$out/tests/$3.tap"
	exit 0
fi

out=$1
shift
tests="$* fuzz_read fuzz_commands fuzz_words headers library cli table json install pipes"
jobs=${JOBS:-$(($(nproc) + 1))}
slowest="test_failures test_fuzz table pipes test_words test_resync test_damage test_record install"
measuring="test_growth test_linear"
# With sanitizers these measure nothing.
if grep -q -a __asan_init "$out/exptrace"; then
	slowest="test_failures $measuring ${slowest#test_failures }"
	measuring=
fi

among() { # words name: whether the name is one of the words
	case " $1 " in
	*" $2 "*) return 0 ;;
	esac
	return 1
}

names() { # prints the names of the tests that do not measure, the slowest first
	for name in $slowest; do
		among "$tests" "$name" && echo "$name"
	done
	for name in $tests; do
		among "$slowest $measuring" "$name" || echo "$name"
	done
}

report() { # name: prints its results, and a failure if it failed without printing one, or printed none
	cat "$out/tests/$1.tap"
	read -r code <"$out/tests/$1.code" || code=unknown
	if [ "$code" = 0 ]; then
		grep -q -E '^(not )?ok - ' "$out/tests/$1.tap" || echo "not ok - $1 prints no result"
		return
	fi
	grep -q '^not ok' "$out/tests/$1.tap" || echo "not ok - $1 ends with exit code $code"
	sed 's/^/# /' "$out/tests/$1.err"
}

for name in $tests; do
	rm -f "$out/tests/$name.code" "$out/tests/$name.tap" "$out/tests/$name.err"
done
"$out/tests/make_sample" >"$out/tests/sample.trace"
"$out/tests/make_texts" >"$out/tests/texts.trace"
{
	names | xargs -r -P "$jobs" -n 1 sh "$0" --one "$out" >&2
	# One CPU each.
	for name in $measuring; do
		! among "$tests" "$name" || echo "$name"
	done | xargs -r -P "$(nproc)" -n 1 sh "$0" --one "$out" >&2
	for name in $tests; do
		report "$name"
	done
} | awk '
	/^(not )?ok - / { n++; failed += /^not/; sub(/ - /, " " n " - ") }
	{ print }
	END { print "1.." n; exit failed > 0 }'

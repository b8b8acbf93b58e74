#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the unit tests and prints one TAP stream. Usage: run.sh BUILD-DIRECTORY TEST...
# The tests of the library as a whole use CC, CXX, NM and LDFLAGS, if they are set.
here=$(dirname "$0")
out=$1
shift

run() { # name command...: its results, and a failure if it ends badly without one
	name=$1
	shift
	"$@" >"$out/tests/$name.tap" 2>"$out/tests/$name.err"
	code=$?
	cat "$out/tests/$name.tap"
	if [ $code -ne 0 ] && ! grep -q '^not ok' "$out/tests/$name.tap"; then
		echo "not ok - $name ends with exit code $code"
	fi
	if [ $code -ne 0 ]; then
		sed 's/^/# /' "$out/tests/$name.err"
	fi
}

{
	for test in "$@"; do
		run "$test" "$out/tests/$test"
	done
	run fuzz_read "$out/fuzz/once_read" "$here/../fuzz/corpus/trace"
	run fuzz_commands "$out/fuzz/once_commands" "$here/../fuzz/corpus/trace"
	run fuzz_words "$out/fuzz/once_words" "$here/../fuzz/corpus/words"
	"$out/tests/make_sample" >"$out/tests/sample.trace"
	run headers sh "$here/headers.sh" "$out"
	run library sh "$here/library.sh" "$out" "$out/tests/sample.trace"
	run cli sh "$here/cli.sh" "$out/exptrace" "$out/tests/sample.trace"
	run table bash "$here/table.sh" "$out/exptrace" "$out/tests/sample.trace"
	"$out/tests/make_texts" >"$out/tests/texts.trace"
	run json sh "$here/json.sh" "$out/exptrace" "$out/tests/texts.trace"
	run install sh "$here/install.sh" "$out"
	run pipes sh "$here/pipes.sh" "$out/exptrace" "$out/tests/make_sample"
} | awk '
	/^(not )?ok - / { n++; failed += /^not/; sub(/ - /, " " n " - ") }
	{ print }
	END { print "1.." n; exit failed > 0 }'

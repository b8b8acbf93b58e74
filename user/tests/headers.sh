#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each public header compiles alone, as C11 and as C++, without a warning.
# Usage: headers.sh BUILD-DIRECTORY
out=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
cc=${CC:-cc}
. "$(dirname "$0")/ok.sh"

compiles() { # language compiler…: whether each header compiles, included twice
	language=$1
	shift
	for header in libexptrace.h exptrace/exptrace.h exptrace/events.h exptrace/wire.h; do
		printf '#include <%s>\n#include <%s>\n' $header $header |
			"$@" -pedantic -Wall -Wextra -Werror -I"$include" -I"$include/uapi" -fsyntax-only \
				-x "$language" - 2>"$dir/err" || {
			sed 's/^/# /' "$dir/err"
			return 1
		}
	done
}

runs() { # compiler options…: whether program.cc compiles, links and succeeds
	"$@" -pedantic -Wall -Wextra -Werror -I"$include" -I"$include/uapi" -o "$dir/program" \
		"$here/program.cc" -L"$out" -lexptrace -Wl,-rpath,"$out" 2>"$dir/err" && "$dir/program" &&
		return
	sed 's/^/# /' "$dir/err"
	return 1
}

# shellcheck disable=SC2086 # the compiler may have options
compiles c $cc -std=c11 && compiles c $cc -std=c11 -Wc++-compat -Wshadow
ok "each header compiles alone as C11"
for cxx in ${CXX:-g++ clang++}; do
	if ! command -v "$cxx" >/dev/null; then
		echo "ok - each header compiles alone as C++ with $cxx # SKIP no $cxx"
		continue
	fi
	compiles c++ "$cxx" -std=c++11 && compiles c++ "$cxx" -std=c++20
	ok "each header compiles alone as C++ with $cxx"
	case $LDFLAGS in
	*-fsanitize=*)
		echo "ok - a C++ program can use the library, with $cxx # SKIP $cxx may lack the sanitizers"
		continue ;;
	esac
	runs "$cxx" -std=c++11 && runs "$cxx" -std=c++20
	ok "a C++ program can use the library, with $cxx"
done
exit $failed

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The library's symbols, header and linking, as seen by programs.
# Usage: library.sh BUILD-DIRECTORY SAMPLE
out=$1
sample=$2
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
header=$include/libexptrace.h
cc=${CC:-cc}
nm=${NM:-nm}
. "$(dirname "$0")/ok.sh"

none() { # file: whether it is empty; prints it if not
	sed 's/^/# /' "$1"
	[ ! -s "$1" ]
}

# The header's declarations, one per line.
echo '#include <libexptrace.h>' | $cc -E -P -I"$include" -I"$include/uapi" - | tr '\n' ' ' | tr ';' '\n' |
	grep '\<exptrace_[a-z0-9_]*(' | grep -v typedef >"$dir/declarations"
sed 's/^[^(]*\<\(exptrace_[a-z0-9_]*\)(.*/\1/' "$dir/declarations" | sort >"$dir/declared"

# Leaves out the symbols of sanitizers.
$nm -g --defined-only "$out/libexptrace.a" | awk 'NF == 3 && $3 !~ /^__(odr_)?(asan|ubsan)/ { print $3 }' |
	sort >"$dir/static"
$nm -D --defined-only "$out/libexptrace.so" | awk '$2 == "T" { print $3 }' | sed 's/@.*//' | sort >"$dir/shared"
grep -v '^exptrace_' "$dir/static" >"$dir/foreign"
none "$dir/foreign" && grep -q '^exptrace_open$' "$dir/static"
ok "every global symbol of the static library begins with exptrace_"
diff "$dir/declared" "$dir/shared" >"$dir/diff"
none "$dir/diff"
ok "the shared library exports exactly the functions that the header declares"
diff "$dir/shared" "$dir/static" >"$dir/diff"
none "$dir/diff"
ok "the static library exports the same functions"

# The library allocates the structures that the header defines, so that they can grow. No function
# has a pointer to a writable one as parameter, except to one structure that is frozen.
sed -n 's/^struct \(exptrace_[a-z_]*\) {.*/\1/p' "$header" | grep -vx exptrace_selection_error >"$dir/structures"
sed 's/const struct exptrace_[a-z_]*//g; s/[(,]/ /g' "$dir/declarations" | awk '
	NR == FNR { grows[$1]; next }
	{ for (i = 1; i < NF; i++) if ($i == "struct" && $(i + 1) in grows) print }' "$dir/structures" - \
	>"$dir/written"
none "$dir/written" && [ -s "$dir/structures" ]
ok "no function fills in a caller's structure that may grow"

while read -r name; do
	grep -qE "^( \*|/\*) $name\(\)" "$header" || echo "$name"
done <"$dir/declared" >"$dir/undocumented"
none "$dir/undocumented"
ok "every function has a comment"

# Queries, which cannot fail, are left out.
grep -E '^ *(int|int64_t) ' "$dir/declarations" | sed 's/^[^(]*\<\(exptrace_[a-z0-9_]*\)(.*/\1/' |
	grep -vE '_(fd|version|thread_pid|pending_error)$' | while read -r name; do
	grep -q "\<$name(" "$here/test_errors.c" || echo "$name"
done >"$dir/untested"
none "$dir/untested"
ok "every function that may fail is called by the test of messages"

# The command
cat "$out"/cmd/*.d "$out"/cmd/*/*.d | tr ' ' '\n' | grep '/lib/[a-z_]*\.h' >"$dir/private"
none "$dir/private" && [ -e "$out/cmd/main.d" ]
ok "the command includes no private header of the library"
# shellcheck disable=SC2086 # options
$cc ${CMD_OBJECTS:-"$out"/cmd/*.o "$out"/cmd/*/*.o} "$out"/common/*.o -L"$out" -lexptrace -Wl,-rpath,"$(cd "$out" && pwd)" $LDFLAGS \
	-o "$dir/exptrace" 2>"$dir/err"
none "$dir/err" && "$dir/exptrace" dump "$sample" >"$dir/dumped" && "$out/exptrace" dump "$sample" |
	cmp - "$dir/dumped"
ok "the command works with the shared library"

# Installed, and found by pkg-config
version=$(sed -n 's/^#define EXPTRACE_VERSION_M[AI][JN]OR[[:space:]]*\|^#define EXPTRACE_VERSION_PATCH[[:space:]]*//p' "$header" | paste -s -d .)
cat >"$dir/program.c" <<'END'
#include <libexptrace.h>
#include <stdio.h>
#include <string.h>

int table_bad(void); /* also the name of a private function of the library */
int table_bad(void) { return 3; }

int main(void)
{
	unsigned int major, minor, patch;
	const char *text = exptrace_library_version(&major, &minor, &patch);
	struct exptrace_trace *trace;
	char numbers[64];

	snprintf(numbers, sizeof(numbers), "%u.%u.%u", major, minor, patch);
	if (strcmp(text, numbers) || strcmp(text, EXPTRACE_VERSION_STRING) ||
	    exptrace_open_memory("", 0, &trace))
		return 1;
	exptrace_close(trace);
	puts(text);
	return table_bad() != 3;
}
END
if ! command -v pkg-config >/dev/null; then
	echo "ok - pkg-config finds an installed library # SKIP no pkg-config"
	exit $failed
fi
for prefix in /opt/exptrace /usr/local; do
	MAKEFLAGS='' make -s -C "$here/.." install O="$(cd "$out" && pwd)" CC="$cc" DESTDIR="$dir/root" \
		prefix=$prefix libdir=$prefix/lib/some >"$dir/install" 2>&1 || cat "$dir/install"
done
export PKG_CONFIG_PATH="$dir/root/opt/exptrace/lib/some/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dir/root"
[ "$(pkg-config --modversion libexptrace)" = "$version" ] &&
	[ "$("$out/exptrace" --version)" = "exptrace $version" ]
ok "the header, the command and pkg-config give the same version"
# shellcheck disable=SC2046,SC2086 # options
$cc -o "$dir/program" "$dir/program.c" $(pkg-config --cflags --libs libexptrace) $LDFLAGS \
	-Wl,-rpath,"$dir/root/opt/exptrace/lib/some" && [ "$("$dir/program")" = "$version" ] &&
	PKG_CONFIG_PATH="$dir/root/usr/local/lib/some/pkgconfig" pkg-config --cflags libexptrace |
	grep -q "root/usr/local/include"
ok "pkg-config finds an installed library under any prefix"
case $LDFLAGS in
*-fsanitize=*)
	echo "ok - a program is linked with the static library # SKIP sanitizers cannot be linked statically" ;;
*)
	# shellcheck disable=SC2046,SC2086 # options
	$cc -static -o "$dir/program" "$dir/program.c" \
		$(pkg-config --static --cflags --libs libexptrace) $LDFLAGS &&
		[ "$("$dir/program")" = "$version" ]
	ok "a program linked with the static library may use the names of its private functions"
esac
exit $failed

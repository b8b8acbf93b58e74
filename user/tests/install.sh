#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Files that "make install" installs, and packages that "make user" requests.
# Usage: install.sh BUILD-DIRECTORY
out=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/ok.sh"
# Set by the make that runs this test.
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR PREFIX prefix bindir libdir includedir

# The installed files with their modes.
list() { (cd "$dir/to" && find . ! -type d -printf '%P %m\n' | sed 's/^\(.*\.so\) 777$/\1/' | sort); }

expected() { # prefix: the files that should be installed there
	sed "s|^|$1/|" <<-END | sort
		bin/exptrace 755
		include/exptrace/events.h 644
		include/exptrace/exptrace.h 644
		include/exptrace/wire.h 644
		include/libexptrace.h 644
		lib/libexptrace.a 644
		lib/libexptrace.so
		lib/libexptrace.so.0.2 755
		lib/pkgconfig/libexptrace.pc 644
	END
}

makes() { # prefix arguments…: whether make install with the arguments installs into the prefix
	where=$1
	shift
	rm -rf "$dir/to"
	make -s -C "$top/user" install O="$out" DESTDIR="$dir/to" "$@" >"$dir/log" 2>&1 &&
		list >"$dir/list" && expected "$where" | diff - "$dir/list" >&2
}

makes usr/local
ok "make install installs the command, the library and its headers into /usr/local, nothing else"
makes opt/x PREFIX=/opt/x && makes opt/x prefix=/opt/x && PREFIX=/opt/x makes opt/x && prefix=/opt/x makes opt/x
ok "make install uses PREFIX and prefix, as arguments and from the environment"
"$dir/to/opt/x/bin/exptrace" --version | grep -q '^exptrace '
ok "the installed command runs"
makes opt/x PREFIX=/opt/x && touch "$dir/to/opt/x/bin/other" &&
	make -s -C "$top/user" uninstall O="$out" DESTDIR="$dir/to" PREFIX=/opt/x >"$dir/log" 2>&1 &&
	[ "$(list)" = "opt/x/bin/other 644" ] && [ ! -e "$dir/to/opt/x/include/exptrace" ]
ok "make uninstall removes the installed files, and nothing else"
makes opt/x PREFIX=/opt/x && touch "$dir/to/opt/x/include/exptrace/mine.h" &&
	make -s -C "$top/user" uninstall O="$out" DESTDIR="$dir/to" PREFIX=/opt/x >"$dir/log" 2>&1 &&
	[ "$(list)" = "opt/x/include/exptrace/mine.h 644" ]
ok "make uninstall keeps other headers in its directory"

# Characters that are special to the shell, make or sed.
odd="it's a | & b"
mkdir "$dir/$odd"
make -s -C "$top/user" install O="$out" DESTDIR="$dir/$odd" PREFIX="/opt/$odd" >"$dir/log" 2>&1 &&
	mv "$dir/$odd" "$dir/odd" && rm -rf "$dir/to" && mkdir "$dir/to" && mv "$dir/odd/opt/$odd" "$dir/to/at" &&
	list >"$dir/list" && expected at | diff - "$dir/list" >&2 && [ -z "$(find "$dir/odd" ! -type d)" ] &&
	grep -q -x -F "prefix=/opt/$odd" "$dir/to/at/lib/pkgconfig/libexptrace.pc" &&
	mkdir "$dir/odd/opt/$odd" && cp -r "$dir/to/at/." "$dir/odd/opt/$odd" && mv "$dir/odd" "$dir/$odd" &&
	make -s -C "$top/user" uninstall O="$out" DESTDIR="$dir/$odd" PREFIX="/opt/$odd" >"$dir/log" 2>&1 &&
	[ -z "$(find "$dir/$odd" ! -type d)" ]
ok "PREFIX and DESTDIR may have blanks and special characters"

(cd "$dir" && make -s -f "$top/user/Makefile" install O="$out" DESTDIR=to2 prefix=a/b libdir=l >"$dir/log" 2>&1) &&
	[ -x "$dir/to2$dir/a/b/bin/exptrace" ] && pc=$dir/to2$dir/l/pkgconfig/libexptrace.pc &&
	grep -q -x -F "prefix=$dir/a/b" "$pc" && grep -q -x -F "libdir=$dir/l" "$pc"
ok "relative paths are relative to the working directory, and absolute in the .pc file"
make -n -C "$top" install DESTDIR=rel >"$dir/log" 2>&1 && ! grep -q -e '-C user' "$dir/log" &&
	grep -q "^install -d '*rel/" "$dir/log"
ok "relative paths are relative to the top directory if make runs there"

if command -v pkg-config >/dev/null && [ -n "${CC:-$(command -v gcc)}" ]; then
	make -s -C "$top/user" install O="$out" PREFIX="$dir/a place" >"$dir/log" 2>&1
	printf '#include <libexptrace.h>\nint main(void) { return !exptrace_library_version(0, 0, 0); }\n' >"$dir/p.c"
	flags=$(cd / && PKG_CONFIG_PATH="$dir/a place/lib/pkgconfig" pkg-config --cflags --libs libexptrace) &&
		(cd "$dir" && eval "${CC:-gcc} ${LDFLAGS:-} -o p p.c $flags") &&
		LD_LIBRARY_PATH="$dir/a place/lib" "$dir/p"
	ok "pkg-config handles a prefix with a blank"
else
	echo "ok - pkg-config handles a prefix with a blank # SKIP no pkg-config, or no compiler"
fi

# A user could not overwrite such a file after "sudo make install".
find "$out" -name libexptrace.pc >"$dir/log"
[ ! -s "$dir/log" ]
ok "make install writes nothing into the build directory"

# With -n, since a build would install packages.
make -n -C "$top" install PREFIX=/opt/x DESTDIR=/to >"$dir/log" 2>&1 &&
	grep -q "install .*/exptrace '*/to/opt/x/bin" "$dir/log" &&
	make -n -C "$top" install prefix=/opt/y DESTDIR=/to >"$dir/log" 2>&1 &&
	grep -q "install .*/exptrace '*/to/opt/y/bin" "$dir/log"
ok "make install uses PREFIX and prefix in the top directory too"

# Pretend that the machine has no packages and no compiler. apt-get only logs its arguments.
mkdir "$dir/bin"
cat >"$dir/bin/apt-get" <<-END
	#!/bin/sh
	echo "\$*" >>"$dir/asked"
END
printf '#!/bin/sh\nexit 1\n' >"$dir/bin/dpkg-query"
printf '#!/bin/sh\nexec "$@"\n' >"$dir/bin/sudo"
chmod +x "$dir/bin/apt-get" "$dir/bin/dpkg-query" "$dir/bin/sudo"
steps=$(make -n -C "$top" user 2>/dev/null | grep -o 'scripts/deps\.sh.*')
# shellcheck disable=SC2086 # words
(cd "$top" && PATH="$dir/bin:$PATH" CC=/no/compiler sh -c "$steps") >"$dir/log" 2>&1
grep -q ' gcc' "$dir/asked" && ! grep -q 'qemu\|debootstrap\|linux-perf' "$dir/asked"
ok "make user requests the packages for building, and none for virtual machines"
exit $failed

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What "make install" installs, and where; what "make user" asks for. Usage: install.sh BUILD-DIRECTORY
out=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/ok.sh"
# Not from the make that runs this.
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR PREFIX prefix bindir libdir includedir

# Files with their modes.
list() { (cd "$dir/to" && find . ! -type d -printf '%P %m\n' | sed 's/^\(.*\.so\) 777$/\1/' | sort); }

expected() { # prefix
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

makes() { # prefix where make puts things, given the arguments
	where=$1
	shift
	rm -rf "$dir/to"
	make -s -C "$top/user" install O="$out" DESTDIR="$dir/to" "$@" >"$dir/log" 2>&1 &&
		list >"$dir/list" && expected "$where" | diff - "$dir/list" >&2
}

makes usr/local
ok "make install installs just the command, the library and its headers, into /usr/local"
makes opt/x PREFIX=/opt/x && makes opt/x prefix=/opt/x && PREFIX=/opt/x makes opt/x && prefix=/opt/x makes opt/x
ok "PREFIX and prefix are heeded, as arguments and in the environment"
"$dir/to/opt/x/bin/exptrace" --version | grep -q '^exptrace '
ok "the installed command runs"
makes opt/x PREFIX=/opt/x && touch "$dir/to/opt/x/bin/other" &&
	make -s -C "$top/user" uninstall O="$out" DESTDIR="$dir/to" PREFIX=/opt/x >"$dir/log" 2>&1 &&
	[ "$(list)" = "opt/x/bin/other 644" ] && [ ! -e "$dir/to/opt/x/include/exptrace" ]
ok "make uninstall removes what was installed, and nothing else"
makes opt/x PREFIX=/opt/x && touch "$dir/to/opt/x/include/exptrace/mine.h" &&
	make -s -C "$top/user" uninstall O="$out" DESTDIR="$dir/to" PREFIX=/opt/x >"$dir/log" 2>&1 &&
	[ "$(list)" = "opt/x/include/exptrace/mine.h 644" ]
ok "and keeps other headers in its directory"

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
ok "blanks and other signs in PREFIX and DESTDIR are part of them"

(cd "$dir" && make -s -f "$top/user/Makefile" install O="$out" DESTDIR=to2 prefix=a/b libdir=l >"$dir/log" 2>&1) &&
	[ -x "$dir/to2$dir/a/b/bin/exptrace" ] && pc=$dir/to2$dir/l/pkgconfig/libexptrace.pc &&
	grep -q -x -F "prefix=$dir/a/b" "$pc" && grep -q -x -F "libdir=$dir/l" "$pc"
ok "relative paths start where make was called, and are absolute in the .pc file"
make -n -C "$top" install DESTDIR=rel >"$dir/log" 2>&1 && ! grep -q -e '-C user' "$dir/log" &&
	grep -q "^install -d '*rel/" "$dir/log"
ok "also if make was called in the top directory"

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

# After "sudo make install" a user could not overwrite such a file.
find "$out" -name libexptrace.pc >"$dir/log"
[ ! -s "$dir/log" ]
ok "make install writes nothing into the build directory"

# make -n, since a build would ask for packages.
make -n -C "$top" install PREFIX=/opt/x DESTDIR=/to >"$dir/log" 2>&1 &&
	grep -q "install .*/exptrace '*/to/opt/x/bin" "$dir/log" &&
	make -n -C "$top" install prefix=/opt/y DESTDIR=/to >"$dir/log" 2>&1 &&
	grep -q "install .*/exptrace '*/to/opt/y/bin" "$dir/log"
ok "PREFIX and prefix are heeded in the top directory as well"

# As on a machine without packages and compiler; apt-get only logs its arguments.
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
ok "make user requests packages for building, not for virtual machines"
exit $failed

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What "make install" installs, and where; what "make user" asks for. Usage: install.sh BUILD-DIRECTORY
out=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
# Those of the make that runs this are not meant.
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR PREFIX prefix bindir libdir includedir

ok() { # behaviour: tests the exit code before it
	if [ $? -eq 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		failed=1
	fi
}

# Of files the mode as well.
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
ok "what is installed runs"
makes opt/x PREFIX=/opt/x && touch "$dir/to/opt/x/bin/other" &&
	make -s -C "$top/user" uninstall O="$out" DESTDIR="$dir/to" PREFIX=/opt/x >"$dir/log" 2>&1 &&
	[ "$(list)" = "opt/x/bin/other 644" ] && [ ! -e "$dir/to/opt/x/include/exptrace" ]
ok "make uninstall removes what was installed, and nothing else"

# Nothing is run, or built: it would ask for packages.
make -n -C "$top" install PREFIX=/opt/x DESTDIR=/to >"$dir/log" 2>&1 &&
	grep -q 'install .*/exptrace /to/opt/x/bin' "$dir/log" &&
	make -n -C "$top" install prefix=/opt/y DESTDIR=/to >"$dir/log" 2>&1 &&
	grep -q 'install .*/exptrace /to/opt/y/bin' "$dir/log"
ok "PREFIX and prefix are heeded in the top directory as well"

# A machine without any package and compiler, on which apt-get only tells what it is asked for.
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
ok "make user asks for what building needs, not for virtual machines"
exit $failed

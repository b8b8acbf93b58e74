# SPDX-License-Identifier: GPL-2.0-only
# What the scripts share: messages, root rights, the cache, Debian packages.
# shellcheck shell=bash

# Read by the scripts that source this file.
# shellcheck disable=SC2034
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${EXPTRACE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/exptrace}

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { note "$*"; exit 2; }

# The header comment of a script is its help: print it up to the first line of code.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# Run a command as root, through sudo where that is needed.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root or sudo: $*"
	fi
}

# Take the lock of the cache, so that no two scripts fill it at the same time. The process holds it until it exits, so it must
# do nothing else.
lock_cache() {
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock 9
}

# True if a file is younger than a day.
fresh() { [ -n "$(find "$1" -maxdepth 0 -mmin -1440 2>/dev/null)" ]; }

# Print the address of the Debian mirror that this machine uses.
debian_mirror() {
	local m=${EXPTRACE_MIRROR:-}
	# shellcheck disable=SC2016 # the variable is apt's
	[ -n "$m" ] || m=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 2>/dev/null | sed -n 1p)
	[ -n "$m" ] || die "apt knows no Debian mirror (run apt-get update, or set EXPTRACE_MIRROR)"
	echo "$m"
}

# Set apt_opts so that apt looks only at one suite, $1, of the host's architecture or that in $2, with its own lists and cache:
# the host's apt is neither used nor changed, and suites do not mix.
use_suite() {
	local d=$cache/apt/$1${2:+-$2} source
	command -v apt-get >/dev/null || die "apt-get not found: only Debian's packages are supported"
	mkdir -p "$d/lists/partial" "$d/cache/archives/partial"
	: >"$d/status"
	source="[${2:+arch=$2 }signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $1 main"
	echo "deb $source" >"$d/sources.list"
	apt_opts=(-qq -o "Dir::Etc::SourceList=$d/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$d/lists" -o "Dir::State::status=$d/status" -o "Dir::Cache=$d/cache"
		-o APT::Sandbox::User= -o Debug::NoLocking=1
		-o APT::Update::Error-Mode=any -o Acquire::http::Timeout=20)
	[ -z "${2:-}" ] || apt_opts+=(-o "APT::Architecture=$2" -o "APT::Architectures::=$2")
}

# Download packages and unpack them, without installing, under the directory $1.
unpack_packages() {
	local root=$1 deb
	shift
	apt-get "${apt_opts[@]}" download "$@" >&2
	for deb in ./*.deb; do
		dpkg-deb -x "$deb" "$root"
		rm -f "$deb"
	done
}

# Download the source package of a kernel, $2, and unpack it, or only the given files, into the new directory $1.
unpack_source() {
	local dir=$1 package=$2
	shift 2
	mkdir -p "$dir" "$dir.deb/root"
	(cd "$dir.deb" && unpack_packages root "$package")
	tar -xf "$dir.deb/root/usr/src/$package.tar.xz" -C "$dir" --strip-components=1 "${@/#/$package/}"
	rm -rf "$dir.deb"
}

# Print the newest version in the cache of a kernel's sources, package $1.
newest_source() { find "$cache/source/$1/" -maxdepth 1 -name '[0-9]*' -printf '%f\n' 2>/dev/null | sort -V | tail -n 1 | grep .; }

# Fetch the newest sources of package $2, or of the one it depends on, from suite $1 into the cache; the command $3 changes
# them. A directory that exists is complete. Needs a process of its own (see lock_cache).
fetch_source() {
	local dir=$cache/source/$2 package=$2 change=${3:-:} tmp version real
	lock_cache
	if [ -z "${EXPTRACE_REFRESH:-}" ] && newest_source "$package" >/dev/null; then
		return
	fi
	note "fetching the kernel's sources"
	use_suite "$1"
	mkdir -p "$dir"
	tmp=$(mktemp -d "$dir/.fetch-XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	apt-get "${apt_opts[@]}" update >&2
	version=$(apt-cache "${apt_opts[@]}" policy "$package" | sed -n 's/^ *Candidate: //p')
	[ ! -d "$dir/$version" ] || return 0
	real=$(apt-cache "${apt_opts[@]}" depends "$package" | sed -n 's/^ *Depends: \(linux-source-.*\)/\1/p')
	unpack_source "$tmp/source" "${real:-$package}"
	"$change" "$tmp/source"
	mv "$tmp/source" "$dir/$version"
}

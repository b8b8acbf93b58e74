#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks that calls within the module go down its layers, as the first block of docs/design.md after "## Layers" lists them.
#
# Usage: layers.sh BUILD-DIRECTORY
#
# BUILD-DIRECTORY has the objects of kmod/, as build-module.sh leaves them. What an object uses is what nm(1) shows as
# undefined in it and as defined in another; data counts as calls do. Files of one line may call each other, but not in
# a circle. Every .c file of kmod/ must be in the list and have an object; only those of the first line, the tests, need
# not be built. Objects without a source are ignored: builds of an earlier layout leave them.
#
# Symbols do not show everything. A call through a pointer is seen where the function's address is taken, not where it is
# called; and an inline function of a header is seen only by what it uses itself.
#
# Prints what is wrong; the exit code is 0 if nothing is.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

case ${1:-} in -h | --help | '') usage; exit 0 ;; esac
build=$1
cd "$top"

# Layer number and name of each file or directory, the highest layer first.
list_layers() {
	awk '/^## / { here = $0 == "## Layers" }
		here && /^```/ { if (inside) exit; inside = 1; next }
		inside { line++; for (i = 1; i <= NF && $i ~ /(\/|\.c)$/; i++) print "layer", line, $i }' docs/design.md
}

list_files() { find kmod -name '*.c' | sed 's,^kmod/,file ,'; }

list_symbols() {
	(cd "$build/kmod" && find . -name '*.o' -exec nm -A {} +) |
		awk '{ sub(/^\.\//, ""); file = $1; sub(/\.o:.*/, ".c", file)
			if ($(NF - 1) ~ /^[Uvw]$/) print "uses", file, $NF
			else if ($(NF - 1) ~ /^[A-TV-Z]$/) print "has", file, $NF }'
}

{ list_layers; list_files; list_symbols; } | awk '
	# The file itself, or its directory; 0 if neither is in the list.
	function layer_of(file, dir) {
		dir = file
		sub(/[^\/]*$/, "", dir)
		return file in layer ? layer[file] : dir in layer ? layer[dir] : 0
	}
	function complain(text) { print text; bad = 1 }
	# Is there a way from file @from back to @to, through files of one layer?
	function reaches(from, to, i, n, next_files) {
		if (seen[from]++) return 0
		n = split(edges[from], next_files, " ")
		for (i = 1; i <= n; i++)
			if (next_files[i] == to || reaches(next_files[i], to)) return 1
		return 0
	}
	$1 == "layer" { layer[$3] = $2; layers++; next }
	$1 == "file" { files[$2]; next }
	!($2 in files) { next }
	{ built[$2] }
	$1 == "has" { owner[$3] = $2 }
	$1 == "uses" { user[++uses] = $2; symbol[uses] = $3 }
	END {
		if (!layers) { print "docs/design.md lists no layers"; exit 1 }
		if (!uses) { print "the build has no objects"; exit 1 }
		for (file in files) {
			if (!layer_of(file)) complain("kmod/" file " is in no layer of docs/design.md")
			else if (layer_of(file) > 1 && !(file in built)) complain("kmod/" file " has no object in the build")
		}
		for (name in layer)
			if (name ~ /\.c$/ && !(name in files)) complain("docs/design.md lists " name ", which is not in kmod/")
		for (i = 1; i <= uses; i++) {
			from = user[i]
			to = owner[symbol[i]]
			if (to == "" || to == from || !layer_of(to) || !layer_of(from)) continue
			if (layer_of(to) < layer_of(from))
				complain("kmod/" from " uses " symbol[i] " of kmod/" to ", which docs/design.md has in a higher layer")
			else if (layer_of(to) == layer_of(from) && !((from, to) in edge)) {
				edge[from, to] = symbol[i]
				edges[from] = edges[from] " " to
			}
		}
		for (pair in edge) {
			split(pair, part, SUBSEP)
			delete seen
			if (reaches(part[2], part[1]))
				complain("kmod/" part[1] " uses " edge[pair] " of kmod/" part[2] ", which uses kmod/" part[1] \
					", directly or through files of their layer")
		}
		exit bad
	}'

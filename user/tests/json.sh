#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Other programs can parse the JSON. Usage: json.sh EXPTRACE TRACE; make_texts writes the trace.
exptrace=$1
trace=$2
here=$(dirname "$0")
. "$(dirname "$0")/ok.sh"

"$exptrace" dump --json "$trace" >"$dir/lines" 2>"$dir/err"
texts=$(wc -l <"$dir/lines")
[ "$texts" -gt 1000 ]
ok "dump --json prints one line per text"
for program in python3 jq; do
	if ! command -v $program >/dev/null || ! command -v python3 >/dev/null; then
		echo "ok - $program reads all texts, and no byte is lost # SKIP no $program or no python3"
		continue
	fi
	case $program in
	python3) cat "$dir/lines" ;;
	jq) jq -c . "$dir/lines" | python3 -c '
import json, sys	# jq leaves characters unescaped that the test of python3 requires to be escaped
for line in sys.stdin:
	print(json.dumps(json.loads(line)))' ;;
	esac | python3 "$here/json_texts.py" >"$dir/read" 2>"$dir/err" && [ "$(cat "$dir/read")" -eq "$texts" ]
	ok "$program reads all texts, and no byte is lost"
	sed 's/^/# /' "$dir/err"
done
exit $failed

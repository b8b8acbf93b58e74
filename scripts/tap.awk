# SPDX-License-Identifier: GPL-2.0-only
# Reads TAP, also kselftest's nested TAP, and prints one line for each innermost test, with the output of failed ones.
#
# awk -v group=NAME -v counts=FILE -f tap.awk LOG     writes "passed failed skipped" to FILE
#
# Several streams may follow each other. A line of an inner stream begins with "# ", once per level. The result of a program
# that printed results of its own counts only if it is a failure that none of these explains, or if some of them are missing.

function finish(status, name, output) {
	print status " - " group ": " name
	if (status == "not ok") {
		failed++
		printf "%s", output
	} else if (name ~ / # SKIP/) {
		skipped++
	} else {
		passed++
	}
}

# Return the nesting depth of a line; sets "text" to the rest.
function strip(line,    depth) {
	for (depth = 0; substr(line, 1, 2) == "# "; depth++)
		line = substr(line, 3)
	text = line
	return depth
}

# A test at this depth ends: count the results inside it and forget them.
function close_inner(depth, status, name,    d, inner, bad) {
	for (d = depth + 1; d <= deepest; d++) {
		inner += results[d]
		bad += failures[d]
		if (planned[d] != "" && planned[d] != results[d]) {
			finish("not ok", name " has " results[d] + 0 " results, planned " planned[d], output)
			bad++
		}
		delete results[d]
		delete failures[d]
		delete planned[d]
	}
	if (!inner || (status == "not ok" && !bad))
		finish(status, name, output)
}

{
	depth = strip($0)
	if (depth > deepest)
		deepest = depth
}

text ~ /^1\.\.[0-9]+/ {
	planned[depth] += substr(text, 4) + 0
	if (sub(/^1\.\.0 *# SKIP */, "", text))
		why = text
}

# The harness does not name the tests that it skips.
text ~ /^ *RUN +[^ ]+ \.\.\.$/ {
	running = text
	gsub(/^ *RUN +| \.\.\.$/, "", running)
}

text ~ /^(not )?ok( |$)/ {
	status = text ~ /^not / ? "not ok" : "ok"
	name = text
	sub(/^(not )?ok *[0-9]* *(- )?/, "", name)
	sub(/^selftests: .*: /, "", name)
	if (name ~ /^# SKIP/)
		name = running " " name
	if (name ~ /# SKIP$/)
		name = name " " why
	results[depth]++
	failures[depth] += status == "not ok"
	close_inner(depth, status, name)
	output = why = ""
	next
}

{ output = output "    " $0 "\n" }

END {
	if (why != "")
		finish("ok", "all # SKIP " why)
	if (planned[0] == "" || planned[0] != results[0])
		finish("not ok", "ended early: " results[0] + 0 " results, planned " (planned[0] == "" ? "unknown" : planned[0]), output)
	print passed + 0, failed + 0, skipped + 0 >counts
}

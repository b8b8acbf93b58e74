# SPDX-License-Identifier: GPL-2.0-only
# Reads the output of objdump -dr --no-show-raw-insn for exptrace.ko. Prints a line for each instruction of a probe that the
# invariants forbid: the rule, the probe, the instruction; then "probes N". Only probes that record events count, that is, those
# that look up slots; probes of filters and triggers have other rules.
#
#	locked	an instruction that locks the bus, or a barrier (invariant 1)
#	shared	a store to static data other than the preemption count (invariant 1)
#	open	slots are looked up before preemption is disabled (invariant 2)
#	calls	a call of a function that is not known to be safe in any context (invariants 4 and 5)

BEGIN {
	# The refill and other functions off the fast path; the compiler's helpers; small functions of the kernel.
	n = split("exptrace_keeping_exptrace_[a-z0-9_]+ __SCT__preempt_schedule_notrace preempt_schedule_notrace_thunk " \
		  "__x86_return_thunk __x86_indirect_thunk_[a-z0-9_]+ __stack_chk_fail __(ubsan_handle|fortify)_[a-z0-9_]+ fortify_panic " \
		  "__ref_stack_chk_guard memcpy strnlen ktime_get_mono_fast_ns kmem_cache_size blk_fill_rwbs " \
		  "blk_status_to_errno exptrace_trigger_fire", names, " ")
	for (i = 1; i <= n; i++)
		known = known (i > 1 ? "|" : "") names[i]
	known = "^(" known ")$"
}

function found(rule) { findings[where] = findings[where] rule " " probe ": " insn "\n" }

# A relocation belongs to the instruction before it.
function end_of_instruction(   target, writes) {
	if (insn == "")
		return
	target = reloc
	sub(/[-+]0x[0-9a-f]+$/, "", target)
	if (insn ~ /(^|[ \t])(lock|[lms]fence)/ || insn ~ /xchg.*\(/)
		found("locked")
	writes = insn !~ /^(cmp|test|bt|call|jmp|nop|push|lea)[a-z]*[ \t]/ &&
		 insn ~ /(,|^(inc|dec|not|neg|pop|set[a-z]+)[a-z]*[ \t]+)(%[c-g]s:)?-?(0x[0-9a-f]+)?\((%rip|,%[a-z0-9]+,[1248])\)/
	if (insn ~ /^inc[lq].*%gs:/ && target ~ /^(__preempt_count|pcpu_hot)$/)
		off = 1
	else if (writes && !(insn ~ /^dec[lq].*%gs:/ && target ~ /^(__preempt_count|pcpu_hot)$/))
		found("shared")
	if (reloc == "exptrace_writers-0x4")
		records[where] = 1
	if (reloc == "exptrace_writers-0x4" && !off)
		found("open")
	if (insn ~ /^call/ && target !~ known)
		found("calls")
	insn = reloc = ""
}

/^[0-9a-f]+ <.*>:$/ {
	end_of_instruction()
	probe = $2 ~ /^<probe_[a-z0-9_.]+>:$/ ? substr($2, 2, length($2) - 3) : ""
	where = $1	# a name may be there twice
	off = 0
	next
}

probe == "" { next }

/R_X86_64_/ { reloc = $3; next }

/^ *[0-9a-f]+:\t/ {
	end_of_instruction()
	insn = $0
	sub(/^ *[0-9a-f]+:\t/, "", insn)
	sub(/ *#.*/, "", insn)
}

END {
	end_of_instruction()
	for (where in records) {
		printf "%s", findings[where]
		probes++
	}
	print "probes", probes + 0
}

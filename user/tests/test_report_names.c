// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report: names of interrupts and system calls.
 */
#include <string.h>

#include "report_trace.h"
#include "run.h"
#include "tap.h"

static void test_names(void)
{
	bool known = exptrace_syscall_number("x86_64", "openat", strlen("openat")) == 257;
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_property(&w, 1, "machine", "x86_64");
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, t_base);
	w_event(&w, EXPTRACE_EVENT_NAME, 1);
	w_number(&w, EXPTRACE_KIND_IRQ);
	w_number(&w, 24);
	w_string(&w, "nvme0q1");
	w_end(&w);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	t_at(&w, 1000, IRQ_ENTRY, 1, 24);
	t_at(&w, 1500, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	t_at(&w, 100, SYS_ENTER, 1, 257);
	t_at(&w, 200, SYS_EXIT, 2, 257, 6);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"number\":24,\"name\":\"nvme0q1\","),
	   "interrupts have the names in the trace");
	ok(!known || run_printed("{\"number\":257,\"name\":\"openat\","),
	   "system calls have the names of the trace's machine%s", known ? "" : " # SKIP not known here");
	w_free(&w);
}

static void call_at(struct writer *w, uint64_t time, uint64_t number)
{
	t_at(w, time, SYS_ENTER, 1, number);
	t_at(w, time + 10, SYS_EXIT, 2, number, 0);
}

/* 900 and 901 are in no table. */
static void test_call_names(void)
{
	bool known = exptrace_syscall_number("x86_64", "openat", strlen("openat")) == 257;
	const char *skip = known ? "" : " # SKIP not known here";
	const uint64_t compat = EXPTRACE_SYSCALL_COMPAT, x32 = compat | EXPTRACE_SYSCALL_X32;
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	t_property(&w, 1, "machine", "x86_64");
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, t_base);
	w_event(&w, EXPTRACE_EVENT_NAME, 1);
	w_number(&w, EXPTRACE_KIND_SYSCALL);
	w_number(&w, 900);
	w_string(&w, "of_tomorrow");
	w_end(&w);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_TASK);
	t_at(&w, 10, EXPTRACE_EVENT_CURRENT, 1, 100);
	call_at(&w, 100, compat | 5);
	call_at(&w, 200, x32 | 257);
	call_at(&w, 300, EXPTRACE_SYSCALL_X32 | 2);
	call_at(&w, 400, 900);
	call_at(&w, 500, compat | 900);
	call_at(&w, 600, 901);
	call_at(&w, 700, compat | 335);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK, "calls of several tables are reported");
	ok(!known || (run_printed("{\"number\":2147483653,\"name\":\"open\",") &&
		      run_printed("{\"number\":2147483983,\"name\":\"rt_tgsigqueueinfo\",")),
	   "calls of 32-bit programs are named from their own table%s", skip);
	ok(!known || (run_printed("{\"number\":3221225729,\"name\":\"openat\",") &&
		      run_printed("{\"number\":1073741826,\"name\":\"open\",")),
	   "calls of x32 programs are named from their own table%s", skip);
	ok(run_printed("{\"number\":900,\"name\":\"of_tomorrow\",") &&
	   run_printed("{\"number\":2147484548,\"name\":\"of_tomorrow\","),
	   "a call newer than all tables has its name from the trace, in each table");
	ok(run_printed("{\"number\":901,\"errors\""), "an unknown call has no name");
	ok(run_trace(&command_report, NULL, &w) == EXIT_OK && run_printed("       901  ?  "),
	   "a name from the trace is shown as text");
	ok(run_trace(&command_dump, NULL, &w) == EXIT_OK && run_printed("sys_enter: nr=901 [?]"),
	   "dump shows a name from the trace");
	w_free(&w);
}

static void put_irq_name(struct writer *w, uint64_t number, const char *name)
{
	w_event(w, EXPTRACE_EVENT_NAME, 1);
	w_number(w, EXPTRACE_KIND_IRQ);
	w_number(w, number);
	w_string(w, name);
}

/* The name in the statedump is "old"; batches of two CPUs each give another name. */
static void test_names_that_change(void)
{
	struct writer w = { 0 };

	w_header(&w);
	report_opening(&w, 1);
	w_begin(&w, STANDARD_BATCH, 1, EXPTRACE_M_NONE, t_base);
	put_irq_name(&w, 24, "old");
	w_end(&w);
	t_batch(&w, 1, 0, EXPTRACE_CONTEXT_HARDIRQ);
	t_at(&w, 1000, IRQ_ENTRY, 1, 24);
	t_at(&w, 1500, IRQ_EXIT, 2, 24, 0);
	put_irq_name(&w, 24, "first");
	t_at(&w, 2000, IRQ_ENTRY, 1, 24);
	t_at(&w, 2600, IRQ_EXIT, 2, 24, 0);
	t_at(&w, 5000, IRQ_ENTRY, 1, 24);
	t_at(&w, 5600, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	t_batch(&w, 1, 1, EXPTRACE_CONTEXT_HARDIRQ);
	put_irq_name(&w, 24, "second");
	t_at(&w, 3000, IRQ_ENTRY, 1, 24);
	t_at(&w, 3700, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	/* as if the first batch of this CPU were missing */
	t_batch(&w, 1, 1, EXPTRACE_CONTEXT_HARDIRQ);
	t_at(&w, 6000, IRQ_ENTRY, 1, 24);
	t_at(&w, 6300, IRQ_EXIT, 2, 24, 0);
	w_end(&w);
	t_closing(&w, 1, 0);
	ok(json(&w) == EXIT_OK && run_printed("{\"number\":24,\"name\":\"old\",\"count\":2,") &&
	   run_printed("{\"number\":24,\"name\":\"first\",\"count\":2,") &&
	   run_printed("{\"number\":24,\"name\":\"second\",\"count\":1,"),
	   "a name within a batch is valid from there to the end of the batch");
	w_free(&w);
}

int main(void)
{
	test_names();
	test_call_names();
	test_names_that_change();
	return tap_end();
}

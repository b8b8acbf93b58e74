// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spans, which begin with one event and end with another: interrupts and soft interrupts by CPU,
 * system calls by thread.
 *
 * Interrupts with the same number and different names are different: another handler may have got
 * the number.
 *
 * An end without a beginning, or with another number, measures nothing. A sys_call event, with
 * its duration, is both. A sys_exit that lost its number ends the thread's current call. A thread
 * that executes a program continues its call under the id of its process.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exptrace/wire.h>

#include "../../common/hash.h"
#include "../../common/index.h"
#include "../cmd.h"
#include "../histogram.h"
#include "../json.h"
#include "../pids.h"
#include "report.h"

#define ERRNO_MAX	4095
#define NSEC_PER_MSEC	1e6

/* A span in progress, on a CPU or in a thread. */
struct span {
	uint32_t epoch;		/* in which the span is valid */
	uint64_t number;
	uint64_t since;		/* nanoseconds */
	uint64_t moved_from;	/* of a call: the pid that the thread had when it began, or 0 */
};

/* All spans with the same number and name. */
struct family_member {
	uint64_t number;
	char *name;		/* of an interrupt, or NULL */
	uint64_t errors;	/* system calls that failed */
	struct histogram histogram;
};

struct family {
	struct index index;	/* number and hash of the name to the place in members */
	struct family_member **members;
	size_t room;
	uint64_t begun, ended;	/* spans with a beginning in the trace */
	uint64_t unmatched;	/* ends without a beginning */
};

enum { FAMILY_IRQ, FAMILY_SOFTIRQ, FAMILY_SYSCALL, NR_FAMILIES };

struct cpu {
	struct span spans[FAMILY_SYSCALL];
};

struct spans {
	struct family families[NR_FAMILIES];
	struct index cpu_index;
	struct cpu *cpus;
	size_t cpus_room;
	struct pids threads;	/* struct span */
	uint32_t epoch;
};

static const struct {
	const char *title;
	const char *key;	/* of JSON */
	const char *none;
	enum event_role_kind kind;
} about[NR_FAMILIES] = {
	{ "Interrupts: time in their handlers", "irqs",
	  "Interrupts: there is no irq_handler_entry", ROLE_IRQ_ENTRY },
	{ "Soft interrupts: including the interrupts during them", "softirqs",
	  "Soft interrupts: there is no softirq_entry", ROLE_SOFTIRQ_ENTRY },
	{ "System calls: from entry to exit, sleeping included", "syscalls",
	  "System calls: there is no sys_enter, and no sys_call", ROLE_SYS_ENTER },
};

static void *spans_create(void)
{
	struct spans *spans = need_memory(calloc(1, sizeof(*spans)), "beginning the report");

	spans->threads.size = sizeof(struct span);
	spans->epoch = 1;
	return spans;
}

static void family_uninit(struct family *family)
{
	size_t i;

	for (i = 0; i < family->index.n; i++) {
		histogram_uninit(&family->members[i]->histogram);
		free(family->members[i]->name);
		free(family->members[i]);
	}
	free(family->members);
	index_uninit(&family->index);
}

static void spans_destroy(void *state)
{
	struct spans *spans = state;
	size_t i;

	for (i = 0; i < NR_FAMILIES; i++)
		family_uninit(&spans->families[i]);
	index_uninit(&spans->cpu_index);
	free(spans->cpus);
	pids_uninit(&spans->threads);
	free(spans);
}

static void spans_forget(void *state, uint64_t ns, bool limited)
{
	struct spans *spans = state;

	(void)ns;
	(void)limited;
	spans->epoch++;
}

static const char adding[] = "adding up interrupts and system calls";

/* For traces without the names: they have not changed for a long time. */
static const char *softirq_name(uint64_t number)
{
	static const char *const names[] = {
		"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED",
		"HRTIMER", "RCU",
	};

	return number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}

/* The name of an interrupt, a soft interrupt or a system call; NULL if it has none. */
static const char *number_name(const struct exptrace_trace *trace, enum event_role_kind kind,
			       uint64_t number)
{
	const char *name;

	switch (kind) {
	case ROLE_IRQ_ENTRY:
		return exptrace_name(trace, EXPTRACE_KIND_IRQ, number);
	case ROLE_SYS_ENTER:
		return exptrace_name(trace, EXPTRACE_KIND_SYSCALL, number);
	default:
		name = exptrace_name(trace, EXPTRACE_KIND_SOFTIRQ, number);
		return name ? name : softirq_name(number);
	}
}

static struct family_member *new_member(uint64_t number, const char *name)
{
	struct family_member *member = need_memory(calloc(1, sizeof(*member)), adding);

	member->number = number;
	member->name = name ? need_memory(strdup(name), adding) : NULL;
	return member;
}

static bool member_has_name(const struct family_member *member, const char *name)
{
	return member->name && name ? !strcmp(member->name, name) : !member->name && !name;
}

static struct family_member *get_member(struct family *family, uint64_t number, const char *name)
{
	uint64_t hash = name ? hash_bytes(name, strlen(name)) : 0;
	int64_t i;

	for (;; hash++) {
		i = index_get(&family->index, number, hash);
		if (i < 0)
			out_of_memory(adding);
		reach_memory(&family->members, (size_t)i, &family->room, sizeof(*family->members),
			     adding);
		if (!family->members[i])
			family->members[i] = new_member(number, name);
		/* another name may have the same hash */
		if (member_has_name(family->members[i], name))
			return family->members[i];
	}
}

static struct span *cpu_span(struct spans *spans, uint64_t cpu, unsigned int family)
{
	int64_t i = index_get(&spans->cpu_index, cpu, 0);

	if (i < 0)
		out_of_memory(adding);
	reach_memory(&spans->cpus, (size_t)i, &spans->cpus_room, sizeof(*spans->cpus), adding);
	return &spans->cpus[i].spans[family];
}

static struct span *thread_span(struct spans *spans, const struct report_view *view,
				int64_t pid)
{
	return pids_get(&spans->threads, report_thread(view, (uint64_t)pid));
}

static void span_begin(struct spans *spans, struct span *span, unsigned int family,
		       uint64_t number, uint64_t ns)
{
	spans->families[family].begun++;
	if (span)
		*span = (struct span) { spans->epoch, number, ns, 0 };
}

/* Adds a span of @time nanoseconds that ends with @record; returns its member. */
static struct family_member *add_span(struct spans *spans, unsigned int family,
				      uint64_t number, const char *name, uint64_t time,
				      const struct exptrace_record *record)
{
	struct family_member *member = get_member(&spans->families[family], number, name);

	histogram_add(&member->histogram, time, record->ns, record->cpu);
	return member;
}

/* Returns the member of the span; NULL if the beginning is not known. */
static struct family_member *span_end(struct spans *spans, struct span *span,
				      unsigned int family, uint64_t number, const char *name,
				      const struct exptrace_record *record)
{
	if (!span || span->epoch != spans->epoch || span->number != number ||
	    record->ns < span->since) {
		spans->families[family].unmatched++;
		return NULL;
	}
	span->epoch = 0;
	spans->families[family].ended++;
	return add_span(spans, family, number, name, record->ns - span->since, record);
}

static void count_error(struct family_member *member, int64_t result)
{
	if (member && result < 0 && result >= -ERRNO_MAX)
		member->errors++;
}

static void end_syscall(struct spans *spans, const struct report_view *view,
			const struct report_event *event)
{
	struct span *span = thread_span(spans, view, event->record->pid);
	uint64_t number = report_arg(event, 0);

	if (span && number == EXPTRACE_SYSCALL_NONE)
		number = span->number;
	count_error(span_end(spans, span, FAMILY_SYSCALL, number, NULL, event->record),
		    (int64_t)report_arg(event, 1));
}

/* A call of the thread that had the new pid before never ends. */
static void move_syscall(struct spans *spans, const struct report_view *view,
			 const struct report_event *event)
{
	uint64_t pid = report_arg(event, 0);
	uint64_t old_pid = report_arg(event, 1);
	struct span *to = thread_span(spans, view, (int64_t)pid);
	struct span *from = thread_span(spans, view, (int64_t)old_pid);

	if (!to || !from || to == from)
		return;
	/* two events report the same exec: the call may have moved already */
	if (from->epoch == spans->epoch || to->moved_from != old_pid)
		*to = *from;
	to->moved_from = old_pid;
	from->epoch = 0;
}

/* A sys_call event, recorded for calls that took long enough, has the duration. */
static void whole_syscall(struct spans *spans, const struct report_event *event)
{
	count_error(add_span(spans, FAMILY_SYSCALL, report_arg(event, 0), NULL,
			     report_arg(event, 2), event->record),
		    (int64_t)report_arg(event, 1));
}

static void spans_event(void *state, const struct report_view *view, struct report_event *event)
{
	const struct exptrace_record *record = event->record;
	uint64_t number = report_arg(event, 0);
	struct spans *spans = state;

	switch (event->role->kind) {
	case ROLE_IRQ_ENTRY:
		span_begin(spans, cpu_span(spans, record->cpu, FAMILY_IRQ), FAMILY_IRQ, number,
			   record->ns);
		break;
	case ROLE_IRQ_EXIT:
		span_end(spans, cpu_span(spans, record->cpu, FAMILY_IRQ), FAMILY_IRQ, number,
			 number_name(view->trace, ROLE_IRQ_ENTRY, number), record);
		break;
	case ROLE_SOFTIRQ_ENTRY:
		span_begin(spans, cpu_span(spans, record->cpu, FAMILY_SOFTIRQ), FAMILY_SOFTIRQ,
			   number, record->ns);
		break;
	case ROLE_SOFTIRQ_EXIT:
		span_end(spans, cpu_span(spans, record->cpu, FAMILY_SOFTIRQ), FAMILY_SOFTIRQ,
			 number, NULL, record);
		break;
	case ROLE_SYS_ENTER:
		span_begin(spans, thread_span(spans, view, record->pid), FAMILY_SYSCALL, number,
			   record->ns);
		break;
	case ROLE_SYS_EXIT:
		end_syscall(spans, view, event);
		break;
	case ROLE_EXEC:
		move_syscall(spans, view, event);
		break;
	case ROLE_SYS_CALL:
		whole_syscall(spans, event);
		break;
	}
}

static int member_by_sum(const void *a, const void *b)
{
	const struct family_member *const *x = a, *const *y = b;

	if ((*x)->histogram.sum != (*y)->histogram.sum)
		return (*x)->histogram.sum < (*y)->histogram.sum ? 1 : -1;
	if ((*x)->number != (*y)->number)
		return (*x)->number < (*y)->number ? -1 : 1;
	return strcmp((*x)->name ? (*x)->name : "", (*y)->name ? (*y)->name : "");
}

/* The index is invalid afterwards. */
static void sort_members(struct family *family)
{
	if (family->index.n)
		qsort(family->members, family->index.n, sizeof(*family->members), member_by_sum);
}

/* Names of soft interrupts and system calls do not change. */
static const char *member_name(const struct report_view *view,
			       const struct family_member *member, enum event_role_kind kind)
{
	return kind == ROLE_IRQ_ENTRY ? member->name :
					 number_name(view->trace, kind, member->number);
}

static void print_member(const struct report_view *view, const struct family_member *member,
			 enum event_role_kind kind)
{
	const char *name = member_name(view, member, kind);

	printf("  %8" PRIu64 "  ", member->number);
	print_name(name ? name : kind == ROLE_SYS_ENTER ? "?" : "", COMM_WIDTH);
	printf(" %12.3f ", (double)member->histogram.sum / NSEC_PER_MSEC);
	histogram_print_row(&member->histogram);
	if (kind == ROLE_SYS_ENTER)
		printf(" %8" PRIu64, member->errors);
	histogram_print_word(&member->histogram);
	putchar('\n');
}

/* Spans with only one end in the trace. */
static void print_halves(const struct family *family)
{
	if (family->unmatched)
		printf("  %" PRIu64 " ended without a beginning in the trace: not counted\n",
		       family->unmatched);
	if (family->begun > family->ended)
		printf("  %" PRIu64 " began without an end in the trace: not counted\n",
		       family->begun - family->ended);
}

static void print_family(struct family *family, unsigned int which,
			 const struct report_view *view)
{
	bool errors = which == FAMILY_SYSCALL;
	struct histogram all = { 0 };
	size_t i;

	if (!family->index.n && !family->begun && !family->unmatched) {
		printf("\n%s\n", about[which].none);
		return;
	}
	sort_members(family);
	printf("\n%s; longest total first\n", about[which].title);
	printf("  %8s  %-16s %12s %s%s%s\n", "number", "name", "total ms", histogram_heading,
	       errors ? "   errors" : "", histogram_word_heading);
	for (i = 0; i < family->index.n && i < view->lines; i++)
		print_member(view, family->members[i], about[which].kind);
	for (i = 0; i < family->index.n; i++)
		histogram_merge(&all, &family->members[i]->histogram);
	putchar('\n');
	histogram_print(&all);
	histogram_uninit(&all);
	print_halves(family);
}

static void spans_print(void *state, const struct report_view *view)
{
	struct spans *spans = state;
	unsigned int i;

	for (i = 0; i < NR_FAMILIES; i++)
		print_family(&spans->families[i], i, view);
}

static void json_family(struct family *family, unsigned int which, const struct report_view *view,
			struct output *output)
{
	size_t i;

	sort_members(family);
	json_key(output, about[which].key);
	output_text(output, "\":[");
	for (i = 0; i < family->index.n; i++) {
		const struct family_member *member = family->members[i];

		json_number(output, i ? ",{\"number\":" : "{\"number\":", member->number);
		json_string(output, ",\"name\":",
				 member_name(view, member, about[which].kind));
		if (which == FAMILY_SYSCALL)
			json_number(output, ",\"errors\":", member->errors);
		histogram_json(output, ",", &member->histogram);
	}
	output_char(output, ']');
	json_key(output, about[which].key);
	json_number(output, "_not_begun\":", family->unmatched);
	json_key(output, about[which].key);
	json_number(output, "_not_ended\":", family->begun - family->ended);
}

static void spans_json(void *state, const struct report_view *view, struct output *output)
{
	struct spans *spans = state;
	unsigned int i;

	for (i = 0; i < NR_FAMILIES; i++)
		json_family(&spans->families[i], i, view, output);
}

const struct report_table report_spans = {
	.roles = ROLE_BIT(ROLE_IRQ_ENTRY) |
		 ROLE_BIT(ROLE_IRQ_EXIT) |
		 ROLE_BIT(ROLE_SOFTIRQ_ENTRY) |
		 ROLE_BIT(ROLE_SOFTIRQ_EXIT) |
		 ROLE_BIT(ROLE_SYS_ENTER) |
		 ROLE_BIT(ROLE_SYS_EXIT) |
		 ROLE_BIT(ROLE_SYS_CALL) |
		 ROLE_BIT(ROLE_EXEC),
	.create = spans_create,
	.destroy = spans_destroy,
	.event = spans_event,
	.forget = spans_forget,
	.print = spans_print,
	.json = spans_json,
};

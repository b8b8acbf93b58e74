// SPDX-License-Identifier: GPL-2.0-only
/*
 * An event as a line of text, in the layout of perf script and trace-cmd report.
 */
#include "format.h"

#define NSEC_PER_SEC	1000000000ULL
#define COMM_WIDTH	16
#define PID_WIDTH	7
#define SECONDS_WIDTH	6
#define DEVICE_MINOR_BITS	20

static const char *const task_states[EXPTRACE_NR_TASK_STATES] = {
	"R", "S", "D", "T", "t", "X", "Z", "P", "I", "R+",
};

static const char context_marks[EXPTRACE_NR_CONTEXTS] = { '.', 's', 'h', 'n' };

const char *format_task_state(uint64_t state)
{
	return state < EXPTRACE_NR_TASK_STATES ? task_states[state] : NULL;
}

bool format_has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n >= m && !strcmp(name + n - m, suffix);
}

static void put_comm(struct output *output, const struct exptrace_trace *trace, int64_t pid)
{
	const char *comm = exptrace_comm(trace, pid);

	if (!comm)
		comm = "<...>";
	output_foreign(output, comm, strlen(comm));
}

static void put_spaces(struct output *output, size_t n)
{
	while (n--)
		output_char(output, ' ');
}

/* "            comm-pid    " */
static void put_task(struct output *output, const struct exptrace_trace *trace, int64_t pid)
{
	const char *comm = exptrace_comm(trace, pid);
	size_t len = comm ? strlen(comm) : strlen("<...>");
	char text[TEXT_NUMBER_MAX + 1];

	put_spaces(output, len < COMM_WIDTH ? COMM_WIDTH - len : 0);
	put_comm(output, trace, pid);
	output_char(output, '-');
	len = 1;
	if (pid == EXPTRACE_PID_UNKNOWN)
		text[0] = '?';
	else
		len = (size_t)(text_signed(text, pid) - text);
	output_bytes(output, text, len);
	put_spaces(output, len < PID_WIDTH ? PID_WIDTH - len : 0);
}

static void put_writer(struct output *output, const struct exptrace_record *record)
{
	if (record->cpu == EXPTRACE_CPU_NONE) {
		output_text(output, " [---] -");
		return;
	}
	output_text(output, " [");
	output_number(output, record->cpu, 3, '0');
	output_text(output, "] ");
	output_char(output, context_marks[record->context]);
}

static void put_time(struct output *output, const struct exptrace_record *record, bool raw)
{
	output_char(output, ' ');
	if (raw) {
		output_number(output, record->ticks, SECONDS_WIDTH + 10, ' ');
	} else {
		output_number(output, record->ns / NSEC_PER_SEC, SECONDS_WIDTH, ' ');
		output_char(output, '.');
		output_number(output, record->ns % NSEC_PER_SEC, 9, '0');
	}
	output_text(output, ": ");
}

static void put_state(struct output *output, uint64_t state)
{
	const char *letters = format_task_state(state);

	if (letters)
		output_text(output, letters);
	else
		output_number(output, state, 0, ' ');
}

/* "major,minor" */
static void put_device(struct output *output, uint64_t device)
{
	output_number(output, device >> DEVICE_MINOR_BITS, 0, ' ');
	output_char(output, ',');
	output_number(output, device & ((1ULL << DEVICE_MINOR_BITS) - 1), 0, ' ');
}

static void put_value(struct output *output, uint32_t kind, const struct exptrace_value *value)
{
	if (value->str) {
		output_foreign(output, value->str, value->len);
		return;
	}
	switch (kind) {
	case EXPTRACE_KIND_INT:
		output_signed(output, (int64_t)value->u64);
		break;
	case EXPTRACE_KIND_CPU:
		output_number(output, value->u64, 3, '0');
		break;
	case EXPTRACE_KIND_TEXT_ADDRESS:
	case EXPTRACE_KIND_DATA_ADDRESS:
	case EXPTRACE_KIND_USER_ADDRESS:
		output_hex(output, value->u64, 16);
		break;
	case EXPTRACE_KIND_DEVICE:
		put_device(output, value->u64);
		break;
	case EXPTRACE_KIND_FLAGS:
		output_text(output, "0x");
		output_hex(output, value->u64, 0);
		break;
	case EXPTRACE_KIND_TASK_STATE:
		put_state(output, value->u64);
		break;
	default:
		output_number(output, value->u64, 0, ' ');
	}
}

static int64_t value_pid(const struct exptrace_value *value)
{
	return value->u64 > INT64_MAX ? EXPTRACE_PID_UNKNOWN : (int64_t)value->u64;
}

/* Whether the event itself has the name that belongs to the pid @name: child_comm to child_pid. */
static bool has_own_comm(const struct exptrace_schema_event *event, const char *name)
{
	size_t prefix = strlen(name) - strlen("pid");
	uint32_t i;

	for (i = 0; i < event->nargs; i++)
		if (!strncmp(event->args[i].name, name, prefix) &&
		    format_has_suffix(event->args[i].name + prefix, "comm"))
			return true;
	return false;
}

/* "next_comm=make " before next_pid=..., as other tools have it */
static void put_pid_comm(struct output *output, const struct exptrace_trace *trace,
			 const struct exptrace_record *record, uint32_t i)
{
	const char *name = record->event->args[i].name;

	if (!format_has_suffix(name, "pid") || has_own_comm(record->event, name))
		return;
	output_foreign(output, name, strlen(name) - strlen("pid"));
	output_text(output, "comm=");
	put_comm(output, trace, value_pid(&record->args[i]));
	output_char(output, ' ');
}

/* " [openat]" behind a number that has a name */
static void put_name(struct output *output, const struct exptrace_trace *trace, uint32_t kind,
		     uint64_t number)
{
	const char *name = exptrace_name(trace, kind, number);

	if (!name)
		return;
	output_text(output, " [");
	output_foreign(output, name, strlen(name));
	output_char(output, ']');
}

static void put_arg(struct output *output, const struct exptrace_trace *trace,
		    const struct exptrace_record *record, uint32_t i)
{
	const struct exptrace_schema_arg *arg = &record->event->args[i];

	output_char(output, ' ');
	if (arg->kind == EXPTRACE_KIND_PID)
		put_pid_comm(output, trace, record, i);
	output_foreign(output, arg->name, strlen(arg->name));
	output_char(output, '=');
	put_value(output, arg->kind, &record->args[i]);
	put_name(output, trace, arg->kind, record->args[i].u64);
}

/* sched_switch leaves out the task that every tool shows first: it is the current one. */
static void put_prev(struct output *output, const struct exptrace_trace *trace,
		     const struct exptrace_record *record)
{
	output_text(output, " prev_comm=");
	put_comm(output, trace, record->pid);
	output_text(output, " prev_pid=");
	if (record->pid == EXPTRACE_PID_UNKNOWN)
		output_char(output, '?');
	else
		output_signed(output, record->pid);
}

void format_text(struct output *output, const struct exptrace_trace *trace,
		 const struct exptrace_record *record, bool raw_time)
{
	const struct exptrace_schema_event *event = record->event;
	bool is_switch = !strcmp(event->name, "sched_switch");
	uint32_t i;

	put_task(output, trace, record->pid);
	put_writer(output, record);
	put_time(output, record, raw_time);
	output_foreign(output, event->name, strlen(event->name));
	output_char(output, ':');
	if (is_switch)
		put_prev(output, trace, record);
	for (i = 0; i < event->nargs; i++) {
		if (is_switch && !strcmp(event->args[i].name, "next_pid"))
			output_text(output, " ==>");
		put_arg(output, trace, record, i);
	}
	output_char(output, '\n');
}

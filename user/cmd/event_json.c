// SPDX-License-Identifier: GPL-2.0-only
/*
 * An event as a JSON object, one a line.
 */
#include "format.h"
#include "json.h"
#include "site.h"

static const char *const context_names[EXPTRACE_NR_CONTEXTS] = {
	"task", "softirq", "hardirq", "nmi",
};

/* The address of a call site; its number if the trace lacks the address. */
static void json_site(struct output *output, const struct exptrace_trace *trace, uint64_t site)
{
	const struct exptrace_frame *frame = site_frame(trace, site);

	if (frame)
		json_hex(output, frame->address);
	else
		output_number(output, site, 0, ' ');
}

static void put_value(struct output *output, const struct exptrace_trace *trace, uint32_t kind,
		      const struct exptrace_value *value)
{
	const char *state = kind == EXPTRACE_KIND_TASK_STATE ? format_task_state(value->u64) : NULL;

	if (value->str) {
		json_bytes(output, value->str, value->len);
	} else if (state) {
		json_string(output, "", state);
	} else if (kind == EXPTRACE_KIND_INT) {
		output_signed(output, (int64_t)value->u64);
	} else if (kind == EXPTRACE_KIND_DATA_ADDRESS || kind == EXPTRACE_KIND_USER_ADDRESS ||
		   kind == EXPTRACE_KIND_USER_CODE || kind == EXPTRACE_KIND_FLAGS) {
		json_hex(output, value->u64);
	} else if (kind == EXPTRACE_KIND_SITE) {
		json_site(output, trace, value->u64);
	} else {
		output_number(output, value->u64, 0, ' ');
	}
}

static void put_args(struct output *output, const struct exptrace_trace *trace,
		     const struct exptrace_record *record)
{
	uint32_t i;

	output_text(output, ",\"args\":{");
	for (i = 0; i < record->event->nargs; i++) {
		const struct exptrace_schema_arg *arg = &record->event->args[i];

		if (i)
			output_char(output, ',');
		json_string(output, "", arg->name);
		output_char(output, ':');
		put_value(output, trace, arg->kind, &record->args[i]);
	}
	output_char(output, '}');
}

/* The name of a number, or the symbol of a call site; NULL if it has none. */
static const char *name_of(const struct exptrace_trace *trace, uint32_t kind, uint64_t number,
			   char text[SITE_TEXT])
{
	const struct exptrace_frame *frame;

	if (kind != EXPTRACE_KIND_SITE)
		return exptrace_name(trace, kind, number);
	frame = site_frame(trace, number);
	if (!frame || !frame->function)
		return NULL;
	frame_text(frame, text);
	return text;
}

/* The names of numbers, by argument, if there are any. */
static void put_names(struct output *output, const struct exptrace_trace *trace,
		      const struct exptrace_record *record)
{
	const char *before = ",\"names\":{";
	char text[SITE_TEXT];
	uint32_t i;

	for (i = 0; i < record->event->nargs; i++) {
		const struct exptrace_schema_arg *arg = &record->event->args[i];
		const char *name = name_of(trace, arg->kind, record->args[i].u64, text);

		if (!name)
			continue;
		json_string(output, before, arg->name);
		json_string(output, ":", name);
		before = ",";
	}
	if (!before[1])
		output_char(output, '}');
}

/* The symbols of the stack, if there is one, innermost first. */
static void json_stack(struct output *output, const struct exptrace_trace *trace, uint64_t stack)
{
	const struct exptrace_frame *frames;
	int i, n = stack ? exptrace_stack(trace, stack, &frames) : 0;
	char text[SITE_TEXT];

	for (i = 0; i < n; i++) {
		frame_text(&frames[i], text);
		json_string(output, i ? "," : ",\"stack\":[", text);
	}
	if (n > 0)
		output_char(output, ']');
	if (n > 0 && exptrace_stack_cut_off(trace, stack))
		output_text(output, ",\"stack_cut_off\":true");
}

static void put_task(struct output *output, const struct exptrace_trace *trace, int64_t pid)
{
	const char *comm = exptrace_comm(trace, pid);

	if (pid != EXPTRACE_PID_UNKNOWN)
		json_number(output, ",\"pid\":", (uint64_t)pid);
	if (comm)
		json_string(output, ",\"comm\":", comm);
}

void format_json(struct output *output, const struct exptrace_trace *trace,
		 const struct exptrace_record *record, bool wall)
{
	const struct exptrace_schema_event *event = record->event;
	uint64_t wall_ns = wall ? exptrace_wall_ns(trace, record->ns) : 0;
	const char *experiment = exptrace_experiment_name(trace, event->experiment);

	json_number(output, "{\"ns\":", record->ns);
	json_number(output, ",\"ticks\":", record->ticks);
	if (wall_ns)
		json_number(output, ",\"wall_ns\":", wall_ns);
	json_number(output, ",\"generation\":", record->generation);
	if (!exptrace_syncs(trace))
		output_text(output, ",\"no_clock\":true");
	if (exptrace_clock_unstable(trace))
		output_text(output, ",\"clock_unstable\":true");
	if (record->cpu != EXPTRACE_CPU_NONE) {
		json_number(output, ",\"cpu\":", record->cpu);
		json_string(output, ",\"context\":", context_names[record->context]);
	}
	put_task(output, trace, record->pid);
	if (experiment)
		json_string(output, ",\"experiment\":", experiment);
	json_string(output, ",\"group\":", event->group);
	json_string(output, ",\"event\":", event->name);
	put_args(output, trace, record);
	put_names(output, trace, record);
	json_stack(output, trace, record->stack);
	output_text(output, "}\n");
}

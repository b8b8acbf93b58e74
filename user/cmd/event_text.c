// SPDX-License-Identifier: GPL-2.0-only
/*
 * An event as a line of text, in the layout of perf script and trace-cmd report.
 *
 * Each description is compiled into steps when its first event comes: a constant text, then a
 * value.
 */
#include <stdlib.h>

#include "cmd.h"
#include "format.h"
#include "site.h"

#define NSEC_PER_SEC	1000000000ULL
#define SECONDS_WIDTH	6
#define RAW_WIDTH	(SECONDS_WIDTH + 10)
#define DEVICE_MINOR_BITS	20
/* Names are converted in pieces of this many bytes. */
#define NAME_PART	64
/* Only the first arguments of an event get the name of their pid: the search is quadratic. */
#define ARGS_NAMED	64

/*
 * Writes a value at @pos, where there is room for OUTPUT_RESERVE bytes minus a step's text.
 * Returns the position after it, with room for a few more bytes. Values that may be longer go
 * through format->output.
 */
typedef char *put_fn(struct format *format, char *pos, const struct exptrace_value *value);

struct step {
	char text[TEXT_PIECE];	/* before the value */
	put_fn *put;		/* NULL while the text may grow */
	uint32_t arg;		/* index of the value */
	uint32_t kind;		/* of the value */
	uint8_t len;		/* of the text */
	bool named;		/* followed by the number's name, if it has one */
};

struct line {
	size_t n;		/* 0: not compiled yet */
	size_t room;
	struct step *steps;
};

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

/* Values by their kind */

static char *put_number(struct format *format, char *pos, const struct exptrace_value *value)
{
	(void)format;
	return text_number(pos, value->u64);
}

static char *put_signed(struct format *format, char *pos, const struct exptrace_value *value)
{
	(void)format;
	return text_signed(pos, (int64_t)value->u64);
}

static char *put_cpu(struct format *format, char *pos, const struct exptrace_value *value)
{
	(void)format;
	return text_cpu(pos, value->u64);
}

static char *put_address(struct format *format, char *pos, const struct exptrace_value *value)
{
	(void)format;
	return text_hex(pos, value->u64, 16);
}

static char *put_flags(struct format *format, char *pos, const struct exptrace_value *value)
{
	(void)format;
	*pos++ = '0';
	*pos++ = 'x';
	return text_hex(pos, value->u64, 0);
}

/* "major,minor" */
static char *put_device(struct format *format, char *pos, const struct exptrace_value *value)
{
	(void)format;
	pos = text_number(pos, value->u64 >> DEVICE_MINOR_BITS);
	*pos++ = ',';
	return text_number(pos, value->u64 & ((1ULL << DEVICE_MINOR_BITS) - 1));
}

/* A call site: "kfree+0x1a" */
static char *put_site(struct format *format, char *pos, const struct exptrace_value *value)
{
	char text[SITE_TEXT];

	site_text(format->trace, value->u64, text);
	format->output->pos = pos;
	output_foreign(format->output, text, strlen(text));
	return output_room(format->output, format->output->pos);
}

static char *put_state(struct format *format, char *pos, const struct exptrace_value *value)
{
	const char *letters = format_task_state(value->u64);

	if (!letters)
		return put_number(format, pos, value);
	*pos++ = *letters++;
	if (*letters)
		*pos++ = *letters;
	return pos;
}

static char *put_string(struct format *format, char *pos, const struct exptrace_value *value)
{
	format->output->pos = pos;
	output_foreign(format->output, value->str, value->len);
	return output_room(format->output, format->output->pos);
}

static put_fn *const kinds[] = {
	[EXPTRACE_KIND_INT] = put_signed,
	[EXPTRACE_KIND_CPU] = put_cpu,
	[EXPTRACE_KIND_SITE] = put_site,
	[EXPTRACE_KIND_DATA_ADDRESS] = put_address,
	[EXPTRACE_KIND_STRING] = put_string,
	[EXPTRACE_KIND_FLAGS] = put_flags,
	[EXPTRACE_KIND_TASK_STATE] = put_state,
	[EXPTRACE_KIND_USER_ADDRESS] = put_address,
	[EXPTRACE_KIND_USER_CODE] = put_address,
	[EXPTRACE_KIND_DEVICE] = put_device,
};

/* Unknown kinds are numbers, from 128 on strings. */
static put_fn *kind_put(uint32_t kind)
{
	if (kind >= 128)
		return put_string;
	if (kind >= sizeof(kinds) / sizeof(kinds[0]) || !kinds[kind])
		return put_number;
	return kinds[kind];
}

/* The other parts of a line */

static char *put_comm(char *pos, const struct thread *thread)
{
	return text_copy(pos, thread->column + thread->comm_at, thread->comm_len);
}

static char *put_pid_comm(struct format *format, char *pos, const struct exptrace_value *value)
{
	int64_t pid = value->u64 > INT64_MAX ? EXPTRACE_PID_UNKNOWN : (int64_t)value->u64;

	return put_comm(pos, threads_get(&format->threads, pid));
}

static char *put_writer_comm(struct format *format, char *pos, const struct exptrace_value *value)
{
	(void)value;
	return put_comm(pos, format->writer);
}

static char *put_writer_pid(struct format *format, char *pos, const struct exptrace_value *value)
{
	const struct thread *thread = format->writer;

	(void)value;
	return text_copy(pos, thread->column + thread->pid_at, thread->pid_len);
}

static char *put_nothing(struct format *format, char *pos, const struct exptrace_value *value)
{
	(void)format;
	(void)value;
	return pos;
}

/* " [openat]" after a number that has a name; " [?]" after an unknown system call */
static char *put_name(struct format *format, char *pos, uint32_t kind, uint64_t number)
{
	const char *name = exptrace_name(format->trace, kind, number);

	if (!name && kind != EXPTRACE_KIND_SYSCALL)
		return pos;
	if (!name)
		name = "?";
	*pos++ = ' ';
	*pos++ = '[';
	format->output->pos = pos;
	output_foreign(format->output, name, strlen(name));
	pos = output_room(format->output, format->output->pos);
	*pos++ = ']';
	return pos;
}

/* Compiling a description */

/* The step whose text can still grow. */
static struct step *open_step(struct line *line)
{
	size_t n = line->n;

	if (n && !line->steps[n - 1].put)
		return &line->steps[n - 1];
	reach_memory(&line->steps, n, &line->room, sizeof(*line->steps), "reading the schema");
	line->n++;
	return &line->steps[n];
}

/* Ends the step with a value; returns it. */
static struct step *add_put(struct line *line, put_fn *put, uint32_t arg)
{
	struct step *step = open_step(line);

	step->put = put;
	step->arg = arg;
	return step;
}

static void add_value(struct line *line, uint32_t kind, uint32_t arg)
{
	struct step *step = add_put(line, kind_put(kind), arg);

	step->kind = kind;
	step->named = true;
}

static void add_char(struct line *line, char c)
{
	struct step *step = open_step(line);

	step->text[step->len++] = c;
	if (step->len == TEXT_PIECE)
		step->put = put_nothing;
}

static void add_text(struct line *line, const char *text)
{
	while (*text)
		add_char(line, *text++);
}

static void add_foreign(struct line *line, const char *bytes, size_t n)
{
	char text[TEXT_FOREIGN(NAME_PART) + 1];

	while (n) {
		size_t part = text_part(bytes, n, NAME_PART);

		*text_foreign(text, bytes, part) = 0;
		add_text(line, text);
		bytes += part;
		n -= part;
	}
}

/* Does the event have an argument with the name for the pid @name, as child_comm for child_pid? */
static bool has_own_comm(const struct exptrace_schema_event *event, const char *name)
{
	size_t prefix = strlen(name) - strlen("pid");
	uint32_t i;

	for (i = 0; i < event->nargs && i < ARGS_NAMED; i++)
		if (!strncmp(event->args[i].name, name, prefix) &&
		    format_has_suffix(event->args[i].name + prefix, "comm"))
			return true;
	return false;
}

/* "next_comm=make " before next_pid=..., as other tools print it */
static void add_comm(struct line *line, const struct exptrace_schema_event *event, uint32_t arg)
{
	const char *name = event->args[arg].name;

	if (arg >= ARGS_NAMED || !format_has_suffix(name, "pid") || has_own_comm(event, name))
		return;
	add_foreign(line, name, strlen(name) - strlen("pid"));
	add_text(line, "comm=");
	add_put(line, put_pid_comm, arg);
	add_char(line, ' ');
}

static void add_arg(struct line *line, const struct exptrace_schema_event *event, uint32_t arg)
{
	const char *name = event->args[arg].name;
	uint32_t kind = event->args[arg].kind;

	add_char(line, ' ');
	if (kind == EXPTRACE_KIND_PID)
		add_comm(line, event, arg);
	add_foreign(line, name, strlen(name));
	add_char(line, '=');
	add_value(line, kind, arg);
}

/*
 * sched_switch does not record the previous task, which every tool shows first: it is the current
 * one. Its text is valid until the text of another thread is looked up.
 */
static void add_prev(struct line *line)
{
	add_text(line, " prev_comm=");
	add_put(line, put_writer_comm, 0);
	add_text(line, " prev_pid=");
	add_put(line, put_writer_pid, 0);
}

/* Everything after the time. */
static void compile(struct line *line, const struct exptrace_schema_event *event)
{
	bool is_switch = !strcmp(event->name, "sched_switch");
	uint32_t i;

	add_text(line, ": ");
	add_foreign(line, event->name, strlen(event->name));
	add_char(line, ':');
	if (is_switch)
		add_prev(line);
	for (i = 0; i < event->nargs; i++) {
		if (is_switch && !strcmp(event->args[i].name, "next_pid"))
			add_text(line, " ==>");
		add_arg(line, event, i);
	}
	add_char(line, '\n');
	add_put(line, put_nothing, 0);
}

/* The line of a description that is seen for the first time. */
static const struct line *make_line(struct format *format,
				    const struct exptrace_schema_event *event)
{
	struct line *line;

	reach_memory(&format->lines, event->index, &format->nlines, sizeof(*format->lines),
		     "reading the schema");
	line = &format->lines[event->index];
	compile(line, event);
	return line;
}

static const struct line *get_line(struct format *format,
				   const struct exptrace_schema_event *event)
{
	if (likely(event->index < format->nlines && format->lines[event->index].n))
		return &format->lines[event->index];
	return make_line(format, event);
}

/* " [000] ." */
static char *put_writer(char *pos, const struct exptrace_record *record)
{
	if (unlikely(record->cpu == EXPTRACE_CPU_NONE))
		return text_put(pos, " [---] -");
	pos = text_put(pos, " [");
	pos = text_cpu(pos, record->cpu);
	pos = text_put(pos, "] ");
	*pos++ = context_marks[record->context];
	return pos;
}

/* Caches the text of the second of the event. */
static void set_second(struct format *format, uint64_t ns)
{
	char *pos = format->second_text;

	*pos++ = ' ';
	pos = text_padded(pos, ns / NSEC_PER_SEC, SECONDS_WIDTH, ' ');
	*pos++ = '.';
	format->second = ns - ns % NSEC_PER_SEC;
	format->second_len = (size_t)(pos - format->second_text);
}

/* The time in another way than seconds. */
static char *put_other_time(const struct format *format, char *pos,
			    const struct exptrace_record *record)
{
	uint64_t wall;

	*pos++ = ' ';
	if (format->time == FORMAT_RAW)
		return text_padded(pos, record->ticks, RAW_WIDTH, ' ');
	wall = exptrace_wall_ns(format->trace, record->ns);
	return wall ? text_wall(pos, wall) : text_put(pos, "(unknown time)");
}

static char *put_time(struct format *format, char *pos, const struct exptrace_record *record)
{
	if (unlikely(format->time != FORMAT_MONOTONIC))
		return put_other_time(format, pos, record);
	if (unlikely(record->ns - format->second >= NSEC_PER_SEC))
		set_second(format, record->ns);
	pos = text_copy(pos, format->second_text, format->second_len);
	return text_nine(pos, (uint32_t)(record->ns - format->second));
}

static char *put_steps(struct format *format, char *pos, const struct line *line,
		       const struct exptrace_value *args)
{
	const struct step *step = line->steps, *end = step + line->n;

	for (; step < end; step++) {
		const struct exptrace_value *value = args + step->arg;

		pos = output_room(format->output, pos);
		memcpy(pos, step->text, TEXT_PIECE);
		pos = step->put(format, pos + step->len, value);
		if (step->named)
			pos = put_name(format, pos, step->kind, value->u64);
	}
	return pos;
}

/* One frame per line, in the layout of perf script. */
static void put_stack(const struct format *format, uint64_t stack)
{
	const struct exptrace_frame *frames;
	int i, n = exptrace_stack(format->trace, stack, &frames);
	char text[SITE_TEXT];

	for (i = 0; i < n; i++) {
		output_char(format->output, '\t');
		output_hex(format->output, frames[i].address, 16);
		output_char(format->output, ' ');
		frame_text(&frames[i], text);
		output_foreign(format->output, text, strlen(text));
		output_char(format->output, '\n');
	}
	if (exptrace_stack_cut_off(format->trace, stack))
		output_text(format->output, "\t             ... and further out\n");
}

void format_text(struct format *format, const struct exptrace_record *record)
{
	struct output *output = format->output;
	const struct line *line = get_line(format, record->event);
	const struct thread *writer;
	char *pos;

	threads_update(&format->threads);
	writer = threads_get(&format->threads, record->pid);
	format->writer = writer;
	pos = output_room(output, output->pos);
	pos = text_copy(pos, writer->column, writer->len);
	pos = put_writer(pos, record);
	pos = put_time(format, pos, record);
	output->pos = put_steps(format, pos, line, record->args);
	if (unlikely(record->stack))
		put_stack(format, record->stack);
}

void format_init(struct format *format, struct output *output,
		 const struct exptrace_trace *trace, enum format_time time)
{
	memset(format, 0, sizeof(*format));
	format->output = output;
	format->trace = trace;
	format->time = time;
	threads_init(&format->threads, trace);
	set_second(format, 0);
}

void format_uninit(struct format *format)
{
	size_t i;

	for (i = 0; i < format->nlines; i++)
		free(format->lines[i].steps);
	free(format->lines);
	threads_uninit(&format->threads);
}

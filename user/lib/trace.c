// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A trace that is being read: opening, closing, errors, and the questions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "error.h"
#include "syscall.h"
#include "trace.h"

API int exptrace_open_fd(int fd, struct exptrace_trace **trace)
{
	*trace = calloc(1, sizeof(**trace));
	if (!*trace)
		return error_failed(-ENOMEM, "cannot read a trace", NULL, 0);
	(*trace)->input.fd = fd;
	return 0;
}

API int exptrace_open(const char *path, struct exptrace_trace **trace)
{
	bool is_stdin = !strcmp(path, "-");
	int fd, err;

	*trace = NULL;
	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_failed(-errno, "cannot open", path, strlen(path));
	err = exptrace_open_fd(fd, trace);
	if (!err)
		(*trace)->input.own_fd = !is_stdin;
	else if (!is_stdin)
		close(fd);
	return err;
}

API int exptrace_open_memory(const void *bytes, size_t size, struct exptrace_trace **trace)
{
	*trace = calloc(1, sizeof(**trace));
	if (!*trace)
		return error_failed(-ENOMEM, "cannot read a trace", NULL, 0);
	input_init_memory(&(*trace)->input, bytes, size);
	return 0;
}

API int exptrace_fd(const struct exptrace_trace *trace)
{
	return trace->input.fd;
}

API void exptrace_on_wait(struct exptrace_trace *trace, exptrace_wait_fn *fn, void *arg)
{
	trace->input.on_wait = fn;
	trace->input.on_wait_arg = arg;
}

API void exptrace_close(struct exptrace_trace *trace)
{
	if (!trace)
		return;
	input_uninit(&trace->input);
	schema_uninit(&trace->schema);
	clock_uninit(&trace->clock);
	ledger_uninit(&trace->ledger);
	properties_uninit(&trace->properties);
	stacks_uninit(&trace->stacks);
	tasks_uninit(&trace->tasks);
	learn_uninit(&trace->learn);
	names_uninit(&trace->names);
	merge_uninit(&trace->merge);
	free(trace->values);
	free(trace);
}

int trace_error(struct exptrace_trace *trace, int err, uint64_t offset, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(trace->message, sizeof(trace->message), format, args);
	va_end(args);
	if (n < 0 || (size_t)n > sizeof(trace->message))
		n = sizeof(trace->message);
	snprintf(trace->message + n, sizeof(trace->message) - n, " at offset %llu",
		 (unsigned long long)offset);
	trace->error = trace->message;
	trace->error_offset = offset;
	return err;
}

int trace_reserve_values(struct exptrace_trace *trace)
{
	uint32_t n = trace->schema.max_args;
	void *values;

	if (n <= trace->nvalues && trace->values)
		return 0;
	/* also where no event has arguments: what follows the last of none is a place too */
	values = realloc(trace->values, (n + 1) * sizeof(*trace->values));
	if (!values)
		return trace_error(trace, -ENOMEM, trace->batch.offset, "out of memory");
	trace->values = values;
	trace->nvalues = n;
	return 0;
}

int trace_bad_event(struct exptrace_trace *trace, const struct cursor *cursor,
		    const struct exptrace_batch *batch)
{
	return trace_error(trace, -EBADMSG, cursor_offset(cursor),
			   "event %s (type %u of experiment %u) in generation %llu", cursor->bad,
			   cursor->type, batch->experiment, (unsigned long long)batch->generation);
}

API const char *exptrace_error(const struct exptrace_trace *trace)
{
	if (!trace)
		return error_text();
	return trace->error ? trace->error : "";
}

static int read_otherwise(const struct exptrace_trace *trace)
{
	return trace_refuse(trace, -EINVAL, "this trace is read in another way");
}

/* Events that nobody asked for are not missing. */
static void leave_batch(struct exptrace_trace *trace)
{
	if (trace->cursor.pos != trace->cursor.end)
		trace->counts_found = false;
	trace->cursor = (struct cursor) { 0 };
}

API int exptrace_next_batch(struct exptrace_trace *trace, const struct exptrace_batch **batch)
{
	const struct schema_event **types = NULL;
	int ret;

	if (trace->mode && trace->mode != TRACE_MODE_BATCHES)
		return read_otherwise(trace);
	trace->mode = TRACE_MODE_BATCHES;
	leave_batch(trace);
	ret = borrow_schema(trace);
	if (!ret)
		ret = framing_next(trace);
	if (ret != 1) {
		if (ret != -EAGAIN)
			generation_abandon(trace);
		return ret;
	}
	ret = generation_take(trace);
	if (ret)
		return ret;
	if (trace->batch.kind == EXPTRACE_BATCH_END)
		account_events(trace);
	if (trace->batch.kind == EXPTRACE_BATCH_EVENTS)
		types = schema_types(&trace->schema, trace->batch.experiment);
	if (types) {
		cursor_init(&trace->cursor, &trace->near, &trace->batch, types);
		trace_fill_batch(trace, &trace->batch);
	} else if (trace->batch.kind == EXPTRACE_BATCH_EVENTS) {
		trace->account.skipped++;
	}
	*batch = &trace->batch;
	return 1;
}

struct names_scope trace_scope(const struct exptrace_trace *trace)
{
	const struct exptrace_record *record = &trace->record;

	if (record->context == EXPTRACE_CONTEXT_NONE)
		return (struct names_scope) { 0 };
	return (struct names_scope) {
		.writer = record->cpu * EXPTRACE_NR_CONTEXTS + record->context + 1,
		.batch = trace->record_batch,
	};
}

int trace_learn_label(struct exptrace_trace *trace, const struct schema_event *event,
		      struct names_scope scope)
{
	const struct exptrace_value *name = &trace->values[event->comm_arg];

	return names_set(&trace->names, scope, trace->values[event->kind_arg].u64,
			 trace->values[event->pid_arg].u64, name->str, name->len);
}

int trace_learn(struct exptrace_trace *trace, const struct schema_event *event, uint64_t time)
{
	if (event->role == SCHEMA_ROLE_LABEL)
		return trace_learn_label(trace, event, trace_scope(trace));
	return learn_later(trace, event, time);
}

static int out_of_memory(struct exptrace_trace *trace)
{
	return trace_error(trace, -ENOMEM, trace->batch.offset, "out of memory");
}

/* Nothing can be told of the events of the batch at hand, if there are any. */
static int without_schema(const struct exptrace_trace *trace)
{
	if (trace->batch.kind != EXPTRACE_BATCH_EVENTS)
		return 0;
	return trace_refuse(trace, -ENOENT, "the trace has no schema for this batch");
}

/* Why no further event comes of it. */
static int end_batch(struct exptrace_trace *trace, int ret)
{
	if (ret == -EBADMSG)
		trace_bad_event(trace, &trace->cursor, &trace->batch);
	return ret == -ENOMEM ? out_of_memory(trace) : ret;
}

API int exptrace_next_in_batch(struct exptrace_trace *trace, const struct exptrace_record **record)
{
	struct cursor *cursor = &trace->cursor;
	int ret;

	if (!cursor->types)
		return without_schema(trace);
	ret = trace_step(trace, cursor);
	if (unlikely(ret <= 0))
		return end_batch(trace, ret);
	trace_fill_record(trace, cursor, cursor_pid(cursor, trace->values));
	trace->found += trace_is_recorded(trace->record.type);
	*record = &trace->record;
	return 1;
}

API int exptrace_each_in_batch(struct exptrace_trace *trace, exptrace_record_fn *fn, void *arg)
{
	struct cursor cursor = trace->cursor;	/* in registers */
	int ret;

	if (!cursor.types)
		return without_schema(trace);
	while ((ret = trace_step(trace, &cursor)) == 1) {
		trace_fill_record(trace, &cursor, cursor_pid(&cursor, trace->values));
		trace->found += trace_is_recorded(cursor.type);
		fn(arg, &trace->record);
	}
	trace->cursor = cursor;
	return end_batch(trace, ret);
}

API int exptrace_next_event(struct exptrace_trace *trace, const struct exptrace_record **record)
{
	int ret;

	if (trace->mode && trace->mode != TRACE_MODE_EVENTS)
		return read_otherwise(trace);
	trace->mode = TRACE_MODE_EVENTS;
	trace->input.hold = true;
	ret = borrow_schema(trace);
	if (!ret)
		ret = merge_next(trace);
	if (ret == 1)
		*record = &trace->record;
	return ret;
}

API int exptrace_pending_error(const struct exptrace_trace *trace)
{
	return trace->merge.error;
}

API int exptrace_next_frame(struct exptrace_trace *trace, const struct exptrace_batch **batch)
{
	int ret;

	if (trace->mode && trace->mode != TRACE_MODE_FRAMES)
		return read_otherwise(trace);
	trace->mode = TRACE_MODE_FRAMES;
	ret = framing_next(trace);
	if (ret == 1)
		*batch = &trace->batch;
	return ret;
}

API uint64_t exptrace_skipped(const struct exptrace_trace *trace)
{
	return trace->account.skipped;
}

API bool exptrace_borrowed(const struct exptrace_trace *trace, uint64_t *borrower,
			   uint64_t *lender)
{
	if (!trace->borrow.active)
		return false;
	*borrower = trace->borrow.borrower;
	*lender = trace->borrow.lender;
	return true;
}

API uint64_t exptrace_offset(const struct exptrace_trace *trace)
{
	return trace->input.offset;
}

/* The trace knows the kernel that it comes from, the library the one of its build. */
static const char *call_name(const struct exptrace_trace *trace, uint64_t number)
{
	const char *name = names_get(&trace->names, (struct names_scope) { 0 },
				     EXPTRACE_KIND_SYSCALL, number);
	uint64_t nr;

	if (!name)
		name = exptrace_syscall_name(trace->properties.machine, number);
	exptrace_syscall_split(number, &nr);
	if (!name && nr != number && nr >= SYSCALLS_COMMON)
		name = call_name(trace, nr);
	return name;
}

API const char *exptrace_name(const struct exptrace_trace *trace, uint32_t kind, uint64_t number)
{
	if (kind == EXPTRACE_KIND_SYSCALL && number == EXPTRACE_SYSCALL_NONE)
		return "none";
	if (kind == EXPTRACE_KIND_SYSCALL)
		return call_name(trace, number);
	return names_get(&trace->names, trace_scope(trace), kind, number);
}

API int exptrace_stack(const struct exptrace_trace *trace, uint64_t id,
		       const struct exptrace_frame **frames)
{
	int n = stacks_find(&trace->stacks, id, frames);

	return n < 0 ? trace_refuse(trace, n, "no such place or stack is known") : n;
}

API bool exptrace_stack_cut_off(const struct exptrace_trace *trace, uint64_t id)
{
	return stacks_cut_off(&trace->stacks, id);
}

/*
 * In the order of batches, what was read so far of a generation is taken in when somebody
 * asks: for the caller, nothing changes.
 */
static void catch_up(const struct exptrace_trace *trace)
{
	struct exptrace_trace *own = (struct exptrace_trace *)trace;

	/* what is asked has no errors: reading on has */
	if (own->learn.n && learn_all(own))
		own->failed = trace_error(own, -ENOMEM, own->input.offset, "out of memory");
}

API const char *exptrace_comm(const struct exptrace_trace *trace, int64_t pid)
{
	catch_up(trace);
	return tasks_comm(&trace->tasks, pid);
}

API uint64_t exptrace_comm_changes(const struct exptrace_trace *trace)
{
	catch_up(trace);
	return trace->tasks.changes;
}

static int64_t thread_at(struct exptrace_trace *trace, int64_t pid, uint64_t ticks, uint64_t ns)
{
	int64_t thread = tasks_thread(&trace->tasks, (uint64_t)pid, ticks, ns);

	return thread < 0 ? out_of_memory(trace) : thread;
}

API int64_t exptrace_thread(struct exptrace_trace *trace, int64_t pid)
{
	const struct exptrace_record *record = &trace->record;
	uint64_t ticks = trace->mode == TRACE_MODE_EVENTS ? UINT64_MAX : record->ticks;

	if (pid < 0)
		return trace_refuse(trace, -ENOENT, "no thread has an id below 0");
	catch_up(trace);
	return thread_at(trace, pid, ticks, clock_ns(&trace->clock, record->ticks));
}

API int64_t exptrace_thread_at(struct exptrace_trace *trace, int64_t pid, uint64_t ticks)
{
	if (pid < 0)
		return trace_refuse(trace, -ENOENT, "no thread has an id below 0");
	if (learn_all(trace))
		return out_of_memory(trace);
	return thread_at(trace, pid, ticks, exptrace_ns(trace, ticks));
}

API bool exptrace_pid_changed(const struct exptrace_trace *trace, int64_t pid, uint64_t ticks)
{
	catch_up(trace);
	return pid > 0 && tasks_changed(&trace->tasks, (uint64_t)pid, ticks);
}

API uint64_t exptrace_nameless(const struct exptrace_trace *trace)
{
	return trace->tasks.doubts;
}

API int64_t exptrace_thread_pid(const struct exptrace_trace *trace, uint64_t thread)
{
	return tasks_thread_pid(&trace->tasks, thread);
}

API const char *exptrace_thread_comm(const struct exptrace_trace *trace, uint64_t thread)
{
	return tasks_thread_comm(&trace->tasks, thread);
}

API const char *exptrace_property(const struct exptrace_trace *trace, const char *key)
{
	return properties_get(&trace->properties, key);
}

API int exptrace_property_at(const struct exptrace_trace *trace, size_t index, const char **key,
			     const char **value)
{
	if (index >= trace->properties.n)
		return trace_refuse(trace, -ENOENT, "there are fewer properties");
	*key = trace->properties.list[index].key;
	*value = trace->properties.list[index].value;
	return 0;
}

API size_t exptrace_ledger(const struct exptrace_trace *trace,
			   const struct exptrace_ledger_entry **entries)
{
	*entries = trace->ledger.entries;
	return trace->ledger.nentries;
}

API int exptrace_version(const struct exptrace_trace *trace)
{
	return trace->version;
}

API size_t exptrace_syncs(const struct exptrace_trace *trace)
{
	return trace->clock.nsyncs;
}

API const struct exptrace_sync *exptrace_sync_at(const struct exptrace_trace *trace, size_t index)
{
	return index < trace->clock.nsyncs ? &trace->clock.syncs[index] : NULL;
}

API bool exptrace_gap(const struct exptrace_trace *trace)
{
	return trace->gap;
}

API bool exptrace_set_back(const struct exptrace_trace *trace)
{
	return trace->set_back;
}

API bool exptrace_other_boot(const struct exptrace_trace *trace)
{
	return trace->other_boot;
}

API bool exptrace_runs_known(const struct exptrace_trace *trace, uint64_t cpu)
{
	return properties_know_runs(&trace->properties, cpu);
}

API bool exptrace_clock_unstable(const struct exptrace_trace *trace)
{
	return trace->properties.clock_unstable;
}

API const struct exptrace_times *exptrace_times(const struct exptrace_trace *trace)
{
	return &trace->times;
}

API uint64_t exptrace_ns(const struct exptrace_trace *trace, uint64_t ticks)
{
	/* what changes is only which line is at hand */
	return clock_ns((struct clock *)&trace->clock, ticks);
}

API const struct exptrace_schema_event *exptrace_schema_event(const struct exptrace_trace *trace,
							      uint8_t experiment, uint8_t type)
{
	const struct schema_event **types = schema_types(&trace->schema, experiment);

	return types && types[type] ? &types[type]->public : NULL;
}

API const struct exptrace_schema_event *exptrace_schema_at(const struct exptrace_trace *trace,
							   size_t index)
{
	return index < trace->schema.nevents ? &trace->schema.events[index]->public : NULL;
}

API const char *exptrace_experiment_name(const struct exptrace_trace *trace, uint8_t experiment)
{
	return trace->schema.experiments[experiment].name;
}

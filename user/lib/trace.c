// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An open trace: opening, closing, reading event by event, and queries.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "error.h"
#include "syscall.h"
#include "trace.h"
#include "zstd_frame.h"

static int open_source(int fd, bool own, struct exptrace_trace **trace)
{
	struct source *raw;

	*trace = calloc(1, sizeof(**trace));
	if (!*trace || source_open_fd(fd, own, &raw)) {
		if (own)
			close(fd);
	} else if (!source_open_zstd(raw, &(*trace)->input.source)) {
		(*trace)->fd = fd;
		return 0;
	}
	free(*trace);
	*trace = NULL;
	return error_failed(-ENOMEM, "cannot read a trace", NULL, 0);
}

API int exptrace_open_fd(int fd, struct exptrace_trace **trace)
{
	return open_source(fd, false, trace);
}

API int exptrace_open_files(const char *const *paths, size_t n, struct exptrace_trace **trace)
{
	struct files *files;
	struct stat stat_;
	int err;

	*trace = NULL;
	if (!n)
		return error_refused(-EINVAL, "no file to read is given", NULL, 0);
	/* a pipe or device may be read alone */
	if (n == 1 && (!strcmp(paths[0], "-") || stat(paths[0], &stat_) || !S_ISDIR(stat_.st_mode)))
		return exptrace_open(paths[0], trace);
	err = files_open(paths, n, &files);
	if (err)
		return err;
	*trace = calloc(1, sizeof(**trace));
	if (!*trace || source_open_files(files, &(*trace)->input.source)) {
		free(*trace);
		*trace = NULL;
		files_put(files);
		return error_failed(-ENOMEM, "cannot read a trace", NULL, 0);
	}
	(*trace)->fd = -1;
	(*trace)->files = files;
	return 0;
}

API int exptrace_open(const char *path, struct exptrace_trace **trace)
{
	bool is_stdin = !strcmp(path, "-");
	struct stat stat;
	int fd;

	*trace = NULL;
	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_failed(-errno, "cannot open", path, strlen(path));
	if (!is_stdin && !fstat(fd, &stat) && S_ISDIR(stat.st_mode)) {
		close(fd);
		return exptrace_open_files(&path, 1, trace);
	}
	return open_source(fd, !is_stdin, trace);
}

/* Reads frames in memory; other bytes stay where they are. */
static int open_bytes(struct input *input, const uint8_t *bytes, size_t size)
{
	struct source *raw;

	if (size < ZSTD_MAGIC_SIZE || zstd_kind_of(bytes) == ZSTD_KIND_NONE) {
		input_init_memory(input, bytes, size);
		return 0;
	}
	if (source_open_memory(bytes, size, &raw))
		return -ENOMEM;
	return source_open_zstd(raw, &input->source);
}

API const char *exptrace_open_note(const struct exptrace_trace *trace, size_t index,
				   const char **path)
{
	const struct files *files = trace->files;

	if (!files || index >= files->nnotes)
		return NULL;
	*path = files->notes[index].path;
	return files->notes[index].text;
}

API const char *exptrace_file_at(const struct exptrace_trace *trace, size_t index)
{
	const struct files *files = trace->files;

	return files && index < files->nmembers ? files->members[index].path : NULL;
}

API uint64_t exptrace_recording(const struct exptrace_trace *trace)
{
	return trace->recording;
}

API int exptrace_open_memory(const void *bytes, size_t size, struct exptrace_trace **trace)
{
	*trace = calloc(1, sizeof(**trace));
	if (*trace && !open_bytes(&(*trace)->input, bytes, size)) {
		(*trace)->fd = -1;
		return 0;
	}
	free(*trace);
	*trace = NULL;
	return error_failed(-ENOMEM, "cannot read a trace", NULL, 0);
}

API int exptrace_fd(const struct exptrace_trace *trace)
{
	return trace->fd;
}

API void exptrace_on_wait(struct exptrace_trace *trace, exptrace_wait_fn *fn, void *arg)
{
	struct source *source = trace->input.source;

	if (!source)
		return;
	source->on_wait = fn;
	source->on_wait_arg = arg;
}

API void exptrace_close(struct exptrace_trace *trace)
{
	if (!trace)
		return;
	input_uninit(&trace->input);
	trace_index_uninit(&trace->index);
	files_put(trace->files);
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

int trace_reserve_values(struct exptrace_trace *trace)
{
	uint32_t n = trace->schema.max_args;
	void *values;

	if (n <= trace->nvalues && trace->values)
		return 0;
	/* never empty, so that the end of no arguments is a valid pointer */
	values = realloc(trace->values, (n + 1) * sizeof(*trace->values));
	if (!values)
		return trace_no_memory(trace, trace->batch.offset);
	trace->values = values;
	trace->nvalues = n;
	return 0;
}

API int exptrace_next_event(struct exptrace_trace *trace, const struct exptrace_record **record)
{
	int ret;

	if (trace->mode && trace->mode != TRACE_MODE_EVENTS)
		return trace_wrong_mode(trace);
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
		return trace_wrong_mode(trace);
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

/* The trace's own names come first; the library has the calls of the kernel it was built for. */
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

	return n < 0 ? trace_refuse(trace, n, "no such call site or stack is known") : n;
}

API bool exptrace_stack_cut_off(const struct exptrace_trace *trace, uint64_t id)
{
	return stacks_cut_off(&trace->stacks, id);
}

API const char *exptrace_property(const struct exptrace_trace *trace, const char *key)
{
	return properties_get(&trace->properties, key);
}

API int exptrace_property_at(const struct exptrace_trace *trace, size_t index, const char **key,
			     const char **value)
{
	if (index >= trace->properties.n)
		return trace_refuse(trace, -ENOENT, "there is no such property");
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
	/* only the cached line changes */
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

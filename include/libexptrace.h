/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libexptrace: read traces of exptrace, and control its device.
 *
 * A trace is read in one of three ways, chosen by the first call:
 *
 *  - exptrace_next_batch() walks the batches in the order of the stream, and
 *    exptrace_next_in_batch() the events of the batch at hand. It needs memory
 *    for one batch only and is the fastest; nothing orders different CPUs.
 *  - exptrace_next_event() gives the events of all CPUs and experiments, merged
 *    by time within each generation. It needs memory for one generation.
 *  - exptrace_next_frame() walks the batches to copy them, and looks at nothing in them.
 *
 * Events are decoded by the schema in the trace, never by a catalogue that was
 * compiled in. The format is that of docs/wire-format.md.
 *
 * Errors: functions that return int, or int64_t, return 0 or more, or a negative errno, and then
 * exptrace_error() has a message: of calls on a trace with that, of others with NULL. In
 * particular:
 *	-EBADMSG	the trace is damaged
 *	-ENODATA	the trace is cut off
 *	-EPROTO		the trace is in a version of the format that is not known here
 *	-EAGAIN		a file that does not block has nothing yet; call again
 * All that comes before the damage is delivered first. exptrace_resync() then goes on
 * behind it: each generation can be decoded alone.
 *
 * Thread safety: an object is for one thread at a time; different objects are
 * independent of each other. The library has no global state but each thread's last message.
 *
 * Ownership: what a const pointer refers to belongs to the object it came from.
 * Unless said otherwise it is valid until the next call that reads from the
 * trace.
 *
 * The ABI is kept by these rules as long as the library's soname is the same:
 *  - Structures are made by the library. A caller gets a pointer to a const one, and has
 *    no reason to make any: so they may grow at their ends, and who was compiled with a
 *    shorter one finds its fields where they were.
 *  - Those that come in arrays, that others contain, or that a call fills in are frozen: they have
 *    the size that they have. They are struct exptrace_schema_arg, exptrace_value, exptrace_loss,
 *    exptrace_ledger_entry, exptrace_frame and exptrace_selection_error. What is to be told
 *    besides will have a function of its own.
 *  - The structures of exptrace/exptrace.h, which callers do make, are the kernel's ABI. Their
 *    sizes are frozen, too, and part of the numbers of the ioctls; they have reserved fields.
 *    struct exptrace_sink, which callers make as well, is frozen, too.
 *  - Enumerations may get more values, which callers have to expect.
 */
#ifndef LIBEXPTRACE_H
#define LIBEXPTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <exptrace/exptrace.h>
#include <exptrace/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of this header. The soname, by which the loader finds the library, changes when the
 * ABI breaks: it has the major number, and with 0 the minor one, too.
 */
#define EXPTRACE_VERSION_MAJOR	0
#define EXPTRACE_VERSION_MINOR	2
#define EXPTRACE_VERSION_PATCH	0

#define EXPTRACE_VERSION_TEXT_(n)	#n
#define EXPTRACE_VERSION_TEXT(major, minor, patch)			\
	EXPTRACE_VERSION_TEXT_(major) "." EXPTRACE_VERSION_TEXT_(minor) "."	\
	EXPTRACE_VERSION_TEXT_(patch)
/* "MAJOR.MINOR.PATCH" */
#define EXPTRACE_VERSION_STRING						\
	EXPTRACE_VERSION_TEXT(EXPTRACE_VERSION_MAJOR, EXPTRACE_VERSION_MINOR, EXPTRACE_VERSION_PATCH)

/**
 * exptrace_library_version() - the version of the library that runs
 * @major:	out, or NULL
 * @minor:	out, or NULL
 * @patch:	out, or NULL
 *
 * It may be newer than the header that the caller was compiled with. The version of a trace's
 * format is another thing: exptrace_version(). Any thread may call it.
 * Return: all three with dots between them, a constant string.
 */
const char *exptrace_library_version(unsigned int *major, unsigned int *minor, unsigned int *patch);

struct exptrace_trace;
struct exptrace_device;

/* The pid of a record where nothing tells which thread ran. */
#define EXPTRACE_PID_UNKNOWN	(-1)
/* The cpu and context of a writer that is bound to no CPU. */
#define EXPTRACE_CPU_NONE	UINT64_MAX
#define EXPTRACE_CONTEXT_NONE	0xff

/* What a batch holds. */
enum exptrace_batch_kind {
	EXPTRACE_BATCH_EVENTS,		/* timed events */
	EXPTRACE_BATCH_SYNC,
	EXPTRACE_BATCH_SCHEMA,
	EXPTRACE_BATCH_LEDGER,
	EXPTRACE_BATCH_PROPERTIES,
	EXPTRACE_BATCH_DATA,		/* an experiment's own bytes */
	EXPTRACE_BATCH_OTHER,		/* unknown or empty: to be skipped */
	EXPTRACE_BATCH_END,		/* no batch: the end-of-generation mark */
	EXPTRACE_BATCH_STRINGS,		/* names of functions and modules */
	EXPTRACE_BATCH_STACKS,		/* places in the kernel's code, and stacks of them */
};

/**
 * struct exptrace_batch - a batch or an end-of-generation mark
 * @kind:	what it holds
 * @experiment:	the experiment; 0: the standard stream
 * @context:	enum exptrace_context or EXPTRACE_CONTEXT_NONE
 * @experimental: it names its experiment itself (wire type 49)
 * @generation:	its generation; of a mark: the one that ends
 * @m:		its writer
 * @cpu:	the writer's CPU or EXPTRACE_CPU_NONE
 * @time:	ticks: the base of its first event
 * @offset:	bytes: where its header begins in the stream
 * @size:	bytes: header and data
 * @data:	what follows its header
 * @length:	bytes of data
 */
struct exptrace_batch {
	enum exptrace_batch_kind kind;
	uint8_t experiment;
	uint8_t context;
	bool experimental;
	uint64_t generation;
	uint64_t m;
	uint64_t cpu;
	uint64_t time;
	uint64_t offset;
	size_t size;
	const uint8_t *data;
	size_t length;
};

/**
 * struct exptrace_schema_arg - an argument of an event
 * @kind:	enum exptrace_kind, or one that this library does not know
 * @name:	its name
 */
struct exptrace_schema_arg {
	uint32_t kind;
	const char *name;
};

/**
 * struct exptrace_schema_event - an event as the trace's schema describes it
 * @index:	a dense number, from 0 on, of this description in this trace
 * @experiment:	its experiment
 * @type:	its first type
 * @ntypes:	how many types it takes; if more than 1, args[0] is the variant
 * @nargs:	number of arguments
 * @group:	its group
 * @name:	its name
 * @args:	its arguments
 *
 * Valid until exptrace_close(): equal descriptions in different generations are
 * one object.
 */
struct exptrace_schema_event {
	uint32_t index;
	uint8_t experiment;
	uint8_t type;
	uint16_t ntypes;
	uint32_t nargs;
	const char *group;
	const char *name;
	const struct exptrace_schema_arg *args;
};

/**
 * struct exptrace_value - the value of an argument
 * @u64:	the number; signed ones as int64_t; addresses complete, not relative; of
 *		EXPTRACE_KIND_SITE and EXPTRACE_KIND_STACK_ID what exptrace_stack() takes
 * @str:	a string's bytes (no terminator); NULL if it is a number
 * @len:	their number
 */
struct exptrace_value {
	uint64_t u64;
	const char *str;
	size_t len;
};

/**
 * struct exptrace_record - one event of a trace
 * @event:	its description
 * @args:	its event->nargs values
 * @generation:	its generation
 * @cpu:	its CPU or EXPTRACE_CPU_NONE
 * @ticks:	its time in ticks of the generation's clock
 * @ns:		its time in nanoseconds of CLOCK_MONOTONIC; 0 from
 *		exptrace_next_in_batch() (the clock is known at the generation's end)
 * @pid:	the thread that ran; for sched_switch the one before it;
 *		EXPTRACE_PID_UNKNOWN where nothing tells
 * @offset:	bytes: where it begins in the stream
 * @size:	bytes that it takes in the stream
 * @type:	its type: event->type + the variant
 * @context:	enum exptrace_context or EXPTRACE_CONTEXT_NONE
 * @stack:	the kernel's stack, for exptrace_stack(); 0: it was not recorded, or
 *		the recorder had no room for it
 */
struct exptrace_record {
	const struct exptrace_schema_event *event;
	const struct exptrace_value *args;
	uint64_t generation;
	uint64_t cpu;
	uint64_t ticks;
	uint64_t ns;
	int64_t pid;
	uint64_t offset;
	uint32_t size;
	uint8_t type;
	uint8_t context;
	uint64_t stack;
};

/**
 * struct exptrace_loss - events lost for one reason
 * @reason:	enum exptrace_lost, or one that this library does not know
 * @count:	number of events
 */
struct exptrace_loss {
	uint64_t reason;
	uint64_t count;
};

/**
 * struct exptrace_ledger_entry - what became of the events of one CPU
 * @experiment:	the experiment
 * @cpu:	the CPU
 * @attempted:	events that fired
 * @recorded:	of those, events in the trace
 * @nlosses:	number of losses
 * @losses:	the others, by reason
 * @offset:	bytes: the batch that holds it
 */
struct exptrace_ledger_entry {
	uint64_t experiment;
	uint64_t cpu;
	uint64_t attempted;
	uint64_t recorded;
	size_t nlosses;
	const struct exptrace_loss *losses;
	uint64_t offset;
};

/**
 * struct exptrace_sync - the clocks at one moment
 * @ticks:	the generation's clock
 * @frequency:	its nominal ticks per second
 * @mono_ns:	CLOCK_MONOTONIC in nanoseconds
 * @wall_s:	CLOCK_REALTIME, seconds
 * @wall_ns:	CLOCK_REALTIME, nanoseconds of the second
 */
struct exptrace_sync {
	uint64_t ticks;
	uint64_t frequency;
	uint64_t mono_ns;
	uint64_t wall_s;
	uint64_t wall_ns;
};

/**
 * exptrace_open() - open a trace file, or a device to read a trace from
 * @path:	the file; "-" is standard input
 * @trace:	out: to be closed with exptrace_close()
 *
 * Nothing is read yet: that a file is no trace is found by the first read.
 * Return: 0, or a negative errno of open(2), or -ENOMEM.
 */
int exptrace_open(const char *path, struct exptrace_trace **trace);

/**
 * exptrace_open_fd() - read a trace from an open file
 * @fd:		a file, pipe, socket or device; it stays the caller's
 * @trace:	out: to be closed with exptrace_close()
 *
 * Return: 0 or -ENOMEM.
 */
int exptrace_open_fd(int fd, struct exptrace_trace **trace);

/**
 * exptrace_open_memory() - read a trace that is in memory
 * @bytes:	the whole trace. They stay the caller's, are not copied, and must neither change
 *		nor go before exptrace_close(): batches refer to them. May be NULL if @size is 0
 * @size:	their number; with 0, the first read finds that the header is missing
 * @trace:	out: to be closed with exptrace_close()
 *
 * Memory needs not be aligned. Whatever the bytes are, none beyond them is read.
 * Return: 0 or -ENOMEM.
 */
int exptrace_open_memory(const void *bytes, size_t size, struct exptrace_trace **trace);

/* exptrace_fd() - the file that is read; it stays the trace's or its opener's. -1: memory */
int exptrace_fd(const struct exptrace_trace *trace);

/**
 * exptrace_wait_fn - called when there is nothing to be read yet
 * @arg:	what exptrace_on_wait() was given
 *
 * It is the moment to show what was read until now. Return: true: wait; false: do not, the
 * function that reads returns -EAGAIN.
 */
typedef bool exptrace_wait_fn(void *arg);

/**
 * exptrace_on_wait() - tell before waiting for a pipe, socket or device
 * @fn:		called in the thread that reads, again after each signal that comes while it
 *		waits; NULL: none
 * @arg:	passed to @fn
 *
 * With it, what is read may have O_NONBLOCK set, by whoever else has it open: it is waited for
 * with poll(2). A signal that comes between @fn and poll(2) does not end the wait.
 */
void exptrace_on_wait(struct exptrace_trace *trace, exptrace_wait_fn *fn, void *arg);

/* exptrace_close() - free a trace and all that came from it; NULL is fine */
void exptrace_close(struct exptrace_trace *trace);

/**
 * exptrace_error() - what went wrong last
 * @trace:	in the last call on this trace that failed; NULL: in this thread's last call that
 *		failed and had no trace, as those that open one, or that have a device
 *
 * To be asked right after the call. Of a fault in the trace it has the offset in bytes, of a device
 * or a file the path. That a name is not known, and a function returns NULL, is no failure.
 * Return: a text in English without a full stop; "" if none has failed. With a trace it is valid
 * until the next call that fails, or exptrace_close(); with NULL until this thread's next call of
 * this function. Another thread's trace is not to be asked about while it is used there.
 */
const char *exptrace_error(const struct exptrace_trace *trace);

/**
 * exptrace_next_batch() - the next batch, or end-of-generation mark
 * @batch:	out
 *
 * The tables that pass (schema, clock, ledger, properties) are taken in.
 * Return: 1, 0 at the end of the trace, or a negative errno. After -EBADMSG for
 * a table's contents the walk may go on; after damage between batches, or a generation
 * that comes where it may not, the same error is returned until exptrace_resync().
 * -EINVAL: exptrace_next_event() was used.
 */
int exptrace_next_batch(struct exptrace_trace *trace, const struct exptrace_batch **batch);

/**
 * exptrace_next_in_batch() - the next event of the batch at hand
 * @record:	out
 *
 * Who asks for all events of all batches finds those that could not be read in
 * exptrace_account().
 * Return: 1; 0 at the batch's end, and for a batch without events; -ENOENT: the
 * trace has no schema for the batch's experiment, skip it; -EBADMSG: the rest of
 * the batch cannot be decoded (the walk may go on with the next batch).
 */
int exptrace_next_in_batch(struct exptrace_trace *trace, const struct exptrace_record **record);

typedef void exptrace_record_fn(void *arg, const struct exptrace_record *record);

/**
 * exptrace_each_in_batch() - all events of the batch at hand that are left
 * @fn:		called for each; it may ask about the trace, and not read
 * @arg:	its first argument
 *
 * The same as exptrace_next_in_batch() in a loop, in less time.
 * Return: 0 at the batch's end; -ENOENT, -EBADMSG: likewise; -ENOMEM.
 */
int exptrace_each_in_batch(struct exptrace_trace *trace, exptrace_record_fn *fn, void *arg);

/**
 * exptrace_next_event() - the next event of the trace in the order of time
 * @record:	out
 *
 * Times of different CPUs are merged within each generation; the generations
 * follow each other. Batches without a schema (of an unknown experiment, or of a
 * first generation without its beginning, if nothing follows it) are skipped. Of a damaged
 * generation, all that can be decoded comes out, then the error, until exptrace_resync().
 * Of several errors in a generation it is the first.
 * Return: 1, 0 at the end, or a negative errno. -EINVAL: exptrace_next_batch()
 * was used.
 */
int exptrace_next_event(struct exptrace_trace *trace, const struct exptrace_record **record);

/**
 * exptrace_pending_error() - what the generation at hand will end with
 *
 * exptrace_next_event() has found it damaged or cut off, and gives out its events first. What
 * one writer did from the damage on may be missing among those that come.
 * Return: the negative errno that will follow; 0: none was found so far. No error itself.
 */
int exptrace_pending_error(const struct exptrace_trace *trace);

/**
 * exptrace_next_frame() - the next batch, or end-of-generation mark, to be copied
 * @batch:	out; its header lies before its data
 *
 * A third way to read a trace, for what copies it: what is in the batches is not looked at, nor
 * taken in, and so it is not known then. Errors are those of exptrace_next_batch() between
 * batches, and exptrace_resync() goes on behind them.
 * Return: 1, 0 at the end of the trace, or a negative errno. -EINVAL: it is read in another way.
 */
int exptrace_next_frame(struct exptrace_trace *trace, const struct exptrace_batch **batch);

/**
 * exptrace_header_version() - the version that a stream's header tells
 * @bytes:	what the stream begins with
 * @size:	their number; EXPTRACE_HEADER_SIZE are needed
 *
 * Any thread may call it.
 * Return: the version of the wire format; -EBADMSG: they are no header; -EPROTONOSUPPORT: of a
 * version that this library cannot read.
 */
int exptrace_header_version(const void *bytes, size_t size);

/**
 * exptrace_piece() - the batch, or end-of-generation mark, that some bytes begin with
 * @bytes:	a part of a stream behind its header, for example what read(2) had of the device, or
 *		exptrace_device_take()
 * @size:	their number
 * @kind:	out, or NULL: what it holds; EXPTRACE_BATCH_END is the mark
 * @generation:	out, or NULL: the batch's generation; 0 of the mark
 *
 * For what copies a stream without a trace; in one, exptrace_next_frame() checks the order, too.
 * Any thread may call it.
 * Return: its bytes; 0: it is not whole yet, and nothing is stored; -EBADMSG: it is neither.
 */
int exptrace_piece(const void *bytes, size_t size, enum exptrace_batch_kind *kind,
		   uint64_t *generation);

/*
 * exptrace_piece_lost() - the events that the recorder lost by the piece that some bytes begin
 * with: 0 if that is no ledger. What is damaged of it does not count. Any thread may call it
 */
uint64_t exptrace_piece_lost(const void *bytes, size_t size);

/**
 * struct exptrace_damage - bytes of a trace that nothing can be made of
 * @offset:	bytes: where they begin in the stream
 * @end:	bytes: where they end; the same: all batches can be read
 * @before:	the last generation that was read, in whole or in part; 0: none
 * @after:	the generation that follows at @end; 0: none does
 * @inside:	the end of @before was not reached
 * @other_trace: bytes: where a generation begins whose number is not above @before, so it
 *		must be another trace's; 0: none
 */
struct exptrace_damage {
	uint64_t offset;
	uint64_t end;
	uint64_t before;
	uint64_t after;
	bool inside;
	uint64_t other_trace;
};

/**
 * exptrace_resync() - go on behind damage
 * @damage:	out, or NULL: what was lost by it; it is the trace's, until the next call of
 *		this function
 *
 * After an error of exptrace_next_batch() or exptrace_next_event(). If batches can be read
 * where that left off, it goes on there. Else it goes on with the next generation that can be
 * found: where a Sync, tables up to a schema, and another batch of one generation follow each other,
 * all of them sound, with a number above the last one's. Of what a hole has left of a generation
 * without its beginning, nothing is read. The text of an event might look like a
 * generation's beginning too, if damage makes the search come across it: what follows damage is
 * as good as its source. Reading never goes on by itself.
 *
 * The search takes time in proportion to the bytes, and memory for half a MiB. In a file that is
 * full of what looks like a generation's beginning and is none, it may pass over a sound one.
 * Return: 1; 0: nothing follows; -EBADMSG: another trace follows; other errors are those of
 * reading, -EAGAIN among them (up to 256 KiB have to be there, or the end).
 */
int exptrace_resync(struct exptrace_trace *trace, const struct exptrace_damage **damage);

/**
 * struct exptrace_generation - a generation that was read
 * @number:	its number
 * @begins:	its beginning is there
 * @ends:	its end mark is there
 */
struct exptrace_generation {
	uint64_t number;
	bool begins;
	bool ends;
};

typedef void exptrace_generation_fn(void *arg, const struct exptrace_generation *generation);

/**
 * exptrace_on_generation() - be told of each generation, without events as well
 * @fn:		called when all was read that there is of one: by exptrace_next_event() before
 *		its first event, by exptrace_next_batch() at its end mark, or where it breaks off.
 *		It may ask about the generation at hand, and not read. NULL: no more
 * @arg:	its first argument
 */
void exptrace_on_generation(struct exptrace_trace *trace, exptrace_generation_fn *fn, void *arg);

/**
 * struct exptrace_account - what is in a trace, and what is not, as far as it was read
 * @generations: generations, in whole or in part
 * @first:	the number of the first one
 * @last:	the number of the last one
 * @missing:	numbers between them of which there is none: given up, or lost by damage
 * @partial:	of the generations, those without their beginning
 * @cut_off:	those without their end
 * @without_clock: those without a Sync that can be read: see exptrace_ns()
 * @damages:	how often exptrace_resync() was called
 * @damaged_bytes: the bytes that it passed over
 * @skipped:	event batches without a schema, which were skipped
 * @recorded:	events in the trace, by its ledgers
 * @lost:	events that the recorder lost, by its ledgers
 * @unread:	events of whole generations that are in the ledger, and that could not be read;
 *		with exptrace_next_batch(), of generations whose events were all asked for
 * @missing_tasks: threads that found no room in the statedumps
 * @missing_names: likewise, names of numbers
 * @unknown_sites: how often the recorder had no room for a place in the code
 * @unknown_stacks: likewise, for a stack
 * @surplus:	events of whole generations that are there and in no ledger: the trace is
 *		damaged, or has some twice
 * @set_backs:	how often exptrace_set_back() was true
 * @other_boots: how often exptrace_other_boot() was true
 */
struct exptrace_account {
	uint64_t generations;
	uint64_t first;
	uint64_t last;
	uint64_t missing;
	uint64_t partial;
	uint64_t cut_off;
	uint64_t without_clock;
	uint64_t damages;
	uint64_t damaged_bytes;
	uint64_t skipped;
	uint64_t recorded;
	uint64_t lost;
	uint64_t unread;
	uint64_t missing_tasks;
	uint64_t missing_names;
	uint64_t unknown_sites;
	uint64_t unknown_stacks;
	uint64_t surplus;
	uint64_t set_backs;
	uint64_t other_boots;
};

/*
 * exptrace_account() - that, of all generations read so far. It is valid until exptrace_close(),
 * and goes on as the trace is read
 */
const struct exptrace_account *exptrace_account(const struct exptrace_trace *trace);

/**
 * exptrace_borrowed() - was the first generation read by the schema of another?
 * @borrower:	out: the generation whose beginning is missing
 * @lender:	out: the next one, whose schema and properties it was read by
 *
 * A stream may begin in the middle of a generation, when an earlier reader took the
 * first part of it, its schema included. The same recorder wrote the next one, so its
 * schema fits; to find it, the library reads ahead (a pipe's bytes are kept in memory
 * meanwhile). Known after the first call that reads from the trace.
 * Return: whether it was; else nothing is stored.
 */
bool exptrace_borrowed(const struct exptrace_trace *trace, uint64_t *borrower,
		       uint64_t *lender);

/* exptrace_skipped() - how many event batches were skipped for want of a schema */
uint64_t exptrace_skipped(const struct exptrace_trace *trace);

/* exptrace_offset() - bytes of the stream that were consumed */
uint64_t exptrace_offset(const struct exptrace_trace *trace);

/**
 * exptrace_comm() - the name of a thread, as of the last event read
 * @pid:	the thread that has this id then
 *
 * Return: the name; NULL if unknown, also where it may have become another one, because
 * something is missing. "<idle>" for 0. Valid until the next event.
 */
const char *exptrace_comm(const struct exptrace_trace *trace, int64_t pid);

/**
 * exptrace_comm_changes() - how often a thread got another name so far
 *
 * As long as it returns the same, so does exptrace_comm(), for every thread: what was
 * made of a name needs not be made again.
 * Return: the number.
 */
uint64_t exptrace_comm_changes(const struct exptrace_trace *trace);

/**
 * exptrace_thread() - tells apart threads that have the same id one after the other
 * @pid:	the thread that has this id as of the last event read
 *
 * Threads are numbered in the order in which they are seen. Where the trace does not tell
 * whether a thread is one that was seen before, it gets another number. Traces of version 1
 * do not tell when threads began: only sched_process_fork tells there that an id is used
 * again. A thread that executes a program under its process's id (see sched_process_exec)
 * goes on as the process's first one.
 * Return: the number, 0 for the idle tasks; -ENOENT for EXPTRACE_PID_UNKNOWN; -ENOMEM.
 */
int64_t exptrace_thread(struct exptrace_trace *trace, int64_t pid);

/**
 * exptrace_thread_at() - likewise, at any time of the generation at hand
 * @pid:	the id
 * @ticks:	when
 *
 * For who walks over batches, and has come to the generation's end: what becomes of threads is
 * told by all CPUs. exptrace_on_generation() is the place to ask.
 * Return: as exptrace_thread().
 */
int64_t exptrace_thread_at(struct exptrace_trace *trace, int64_t pid, uint64_t ticks);

/*
 * exptrace_pid_changed() - may another thread have had @pid after @ticks? Else exptrace_thread_at()
 * tells the same for all times from then on
 */
bool exptrace_pid_changed(const struct exptrace_trace *trace, int64_t pid, uint64_t ticks);

/*
 * exptrace_nameless() - how many of the generations read so far lack something that became of
 * threads (the property missing_changes): no thread has a name there, and none is known to be
 * one of another generation
 */
uint64_t exptrace_nameless(const struct exptrace_trace *trace);

/* exptrace_thread_pid() - the id of thread number @thread, or EXPTRACE_PID_UNKNOWN */
int64_t exptrace_thread_pid(const struct exptrace_trace *trace, uint64_t thread);

/* exptrace_thread_comm() - its last name so far; NULL if unknown. Valid until the next event. */
const char *exptrace_thread_comm(const struct exptrace_trace *trace, uint64_t thread);

/**
 * exptrace_name() - the name that belongs to a number
 * @kind:	what is numbered, as in a schema's argument: EXPTRACE_KIND_SYSCALL,
 *		EXPTRACE_KIND_IRQ, EXPTRACE_KIND_SOFTIRQ
 * @number:	the number
 *
 * System calls are known by the tables that the library was built with, for the
 * machine that the trace comes from; the trace itself tells the others, and calls that
 * are newer than Linux 6.1, in the statedump of each generation. What has another name from
 * some event on has it for the record that was returned last, and may have yet another for the
 * next one. An interrupt that is shared has then the name of the handler that ran.
 * Return: the name, valid until the next record; NULL if unknown.
 */
const char *exptrace_name(const struct exptrace_trace *trace, uint32_t kind, uint64_t number);

/**
 * struct exptrace_frame - a place in the kernel's code
 * @address:	its address, or an identifier (see the property addresses)
 * @function:	the function that it is in; NULL if that is not known
 * @module:	the module that this is in; NULL: the kernel itself, or not known
 * @offset:	bytes from the function's beginning
 */
struct exptrace_frame {
	uint64_t address;
	const char *function;
	const char *module;
	uint64_t offset;
};

/**
 * exptrace_stack() - the places that a number stands for
 * @id:		the value of an argument of EXPTRACE_KIND_SITE (a stack of one frame) or
 *		EXPTRACE_KIND_STACK_ID
 * @frames:	out: the innermost first
 *
 * Of the generation at hand: its stacks are at its end. With exptrace_next_event() they
 * are known with its first event, unless the trace is cut off before; while batches are
 * walked, when they have passed.
 * Return: the number of frames, 1 at least; -ENOENT: not known (0 never is: the
 * recorder's table was full, or there is no place).
 */
int exptrace_stack(const struct exptrace_trace *trace, uint64_t id,
		   const struct exptrace_frame **frames);

/**
 * exptrace_stack_cut_off() - had a stack that exptrace_stack() knows more frames?
 * @id:		as for exptrace_stack()
 *
 * Further out, which the recorder did not take: it takes so many at most.
 * Return: whether it had; false of one that is not known.
 */
bool exptrace_stack_cut_off(const struct exptrace_trace *trace, uint64_t id);

/* exptrace_property() - the value of a property, NULL if there is none */
const char *exptrace_property(const struct exptrace_trace *trace, const char *key);

/**
 * exptrace_property_at() - the properties, one by one
 * @index:	from 0 on
 * @key:	out
 * @value:	out
 *
 * Return: 0, or -ENOENT past the last.
 */
int exptrace_property_at(const struct exptrace_trace *trace, size_t index, const char **key,
			 const char **value);

/**
 * exptrace_ledger() - the ledger of the generation at hand
 * @entries:	out
 *
 * While batches are walked: as far as it was read, complete at the mark.
 * Return: the number of entries.
 */
size_t exptrace_ledger(const struct exptrace_trace *trace,
		       const struct exptrace_ledger_entry **entries);

/* exptrace_lost_name() - a reason of exptrace_loss in a few words; NULL if unknown */
const char *exptrace_lost_name(uint64_t reason);

/* exptrace_version() - of the wire format, the lowest of joined traces; 0: nothing was read yet */
int exptrace_version(const struct exptrace_trace *trace);

/* exptrace_syncs() - the number of Syncs so far of the generation at hand */
size_t exptrace_syncs(const struct exptrace_trace *trace);

/**
 * exptrace_sync_at() - one of the Syncs of the generation at hand
 * @index:	0 for the first, in the order of the stream, which is that of time
 *
 * CLOCK_REALTIME at a time is that of the last Sync before it, plus what CLOCK_MONOTONIC
 * went on since; in version 1 of the format, only if it was not set meanwhile.
 * Return: the Sync; NULL past the last.
 */
const struct exptrace_sync *exptrace_sync_at(const struct exptrace_trace *trace, size_t index);

/**
 * exptrace_gap() - was nothing recorded just before the generation at hand?
 *
 * True if the generation before it in the stream has the number before, and ended before this
 * one began: the machine was suspended, the clock was changed, or the recorder had no room.
 * What was going on when the one before ended is not known any more then. Where generations
 * were given up or not read, their numbers tell.
 * Return: that.
 */
bool exptrace_gap(const struct exptrace_trace *trace);

/*
 * exptrace_set_back() - does the generation at hand begin before the one that was read before it
 * began? Then it was recorded sooner, or in another boot, and ticks may be smaller from here on.
 * Known when its first Sync is at hand
 */
bool exptrace_set_back(const struct exptrace_trace *trace);

/*
 * exptrace_other_boot() - is the generation at hand of another boot than the one before, by the
 * property boot_id? Known at its end: threads, places in the code and the clock are others
 */
bool exptrace_other_boot(const struct exptrace_trace *trace);

/**
 * exptrace_runs_known() - do the switches tell when threads ran on a CPU?
 * @cpu:	its number
 *
 * If all switches of the generation at hand were attempted there, or with a filter those of all
 * threads that it chose, who is seen to run did so without a break up to the next switch. To be
 * asked when all of the generation was read.
 * Return: whether they do.
 */
bool exptrace_runs_known(const struct exptrace_trace *trace, uint64_t cpu);

/**
 * exptrace_clock_unstable() - was the clock of the generation at hand found to be unstable?
 *
 * The times of its events are uncertain then; also if its rate changed so often that not all
 * of that was recorded. While batches are walked: known when the ledger
 * is at hand.
 * Return: whether it was.
 */
bool exptrace_clock_unstable(const struct exptrace_trace *trace);

/**
 * struct exptrace_times - what is to be known about the times of a trace
 * @gaps:	how often exptrace_gap() was true
 * @gap_ns:	how long it was in all, by CLOCK_MONOTONIC, which stands still in suspend
 * @suspended_ns: the time in suspend, during these gaps and beside them, as far as the
 *		recorder knew it when the next generation began
 * @unstable:	generations whose clock was found to be unstable
 */
struct exptrace_times {
	uint64_t gaps;
	uint64_t gap_ns;
	uint64_t suspended_ns;
	uint64_t unstable;
};

/*
 * exptrace_times() - that, of all generations read so far. It is valid until exptrace_close(),
 * and goes on as the trace is read
 */
const struct exptrace_times *exptrace_times(const struct exptrace_trace *trace);

/**
 * exptrace_ns() - nanoseconds of CLOCK_MONOTONIC at a tick
 * @ticks:	of the generation at hand
 *
 * On the straight line between the two Syncs around it, or beyond them on the nearest
 * one, rounded to the nearest; by the frequency if there is one Sync only. Without any,
 * by the clock of the generation before; without that, the ticks themselves. Saturates.
 *
 * It is within 1 us, and what reading the kernel's clocks takes, of CLOCK_MONOTONIC, where
 * the generation is complete and exptrace_clock_unstable() is false. In version 1 of the
 * format, only if that clock's rate did not change meanwhile: NTP can change it by
 * 500 ppm, adjtimex(2) by 10 %.
 * Return: nanoseconds.
 */
uint64_t exptrace_ns(const struct exptrace_trace *trace, uint64_t ticks);

/* exptrace_schema_event() - what a type means in the generation at hand, or NULL */
const struct exptrace_schema_event *exptrace_schema_event(const struct exptrace_trace *trace,
							  uint8_t experiment, uint8_t type);

/* exptrace_schema_at() - every description ever seen, by index; NULL past the last */
const struct exptrace_schema_event *exptrace_schema_at(const struct exptrace_trace *trace,
						       size_t index);

/* exptrace_experiment_name() - an experiment's name in the trace, or NULL */
const char *exptrace_experiment_name(const struct exptrace_trace *trace, uint8_t experiment);

/*
 * Selections: words that say which events are meant, and which system calls. docs/exptrace.md
 * has the grammar (WHAT).
 *
 * exptrace_selection_parse() finds words that are malformed. Whether the others mean anything
 * depends on what there is: offer the selection the events of a trace, of the device, or any
 * others, as often as there are new ones, and then ask for the state of each word. A word that
 * means nothing changes nothing.
 */
struct exptrace_selection;

/**
 * struct exptrace_selection_error - which word of a selection is malformed
 * @offset:	where it begins: bytes from the beginning of the text
 * @length:	its bytes, the sign included
 * @problem:	a constant string that goes on after the word: "has a '[' without ']'"
 *
 * It stays as it is.
 */
struct exptrace_selection_error {
	size_t offset;
	size_t length;
	const char *problem;
};

/**
 * exptrace_selection_parse() - make a selection of a text
 * @text:	the words; any bytes, copied
 * @len:	their number
 * @selection:	out: to be freed with exptrace_selection_free(); NULL after an error
 * @error:	out: after -EINVAL, what is wrong, of the first word of which something is; or NULL
 *
 * Without a word, the selection leaves everything as it is. Takes time and memory in proportion
 * to @len.
 * Return: 0; -EINVAL: a word is malformed, or has a reserved prefix; -ENOMEM.
 */
int exptrace_selection_parse(const char *text, size_t len, struct exptrace_selection **selection,
			     struct exptrace_selection_error *error);

/* exptrace_selection_free() - free it; NULL is fine */
void exptrace_selection_free(struct exptrace_selection *selection);

/**
 * exptrace_selection_means() - is an event meant?
 * @experiment:	the name of its experiment, or NULL
 * @group:	its group, or NULL
 * @name:	its name, or NULL
 * @now:	whether it is on now
 *
 * The last word that means it decides; without one, it is off if the first word has no sign,
 * and else stays as it is. Words for system calls mean the events of their group, whatever the
 * call.
 * Return: whether it shall be on.
 */
bool exptrace_selection_means(const struct exptrace_selection *selection, const char *experiment,
			      const char *group, const char *name, bool now);

/* exptrace_selection_words() - how many words it has */
size_t exptrace_selection_words(const struct exptrace_selection *selection);

/**
 * exptrace_selection_word() - a word, without its sign
 * @index:	which, from 0 on; less than exptrace_selection_words()
 * @len:	out: its bytes
 *
 * Return: the word, not terminated, with any bytes; valid as long as the selection.
 */
const char *exptrace_selection_word(const struct exptrace_selection *selection, size_t index,
				    size_t *len);

/* exptrace_selection_word_means() - does that word mean this event? Its sign does not matter */
bool exptrace_selection_word_means(const struct exptrace_selection *selection, size_t index,
				   const char *experiment, const char *group, const char *name);

/* What is known of a word. Values may be added. */
enum exptrace_word_state {
	EXPTRACE_WORD_FOUND,		/* it means something that was offered */
	EXPTRACE_WORD_ABSENT,		/* only an event that exptrace itself brings */
	EXPTRACE_WORD_UNKNOWN,		/* no event, group or experiment */
	EXPTRACE_WORD_UNKNOWN_SYSCALL,	/* no system call */
};

/* exptrace_selection_word_state() - does a word mean anything that was offered so far? */
enum exptrace_word_state exptrace_selection_word_state(
	const struct exptrace_selection *selection, size_t index);

/* exptrace_selection_offer() - an event that there is; any name may be NULL */
void exptrace_selection_offer(struct exptrace_selection *selection, const char *experiment,
			      const char *group, const char *name);

/**
 * exptrace_selection_offer_trace() - the events and the system calls of a trace
 *
 * That is every description that was read so far, the calls of its machine, and those that the
 * generation at hand names besides. The first generation that can be read tells all events that
 * its recorder had then: call it when the first event has been read, or all was read without
 * one. In later generations there may be more: experiments can come while something is recorded.
 */
void exptrace_selection_offer_trace(struct exptrace_selection *selection,
				    const struct exptrace_trace *trace);

/**
 * exptrace_selection_offer_device() - the events that the module has, and this machine's calls
 *
 * State events, which cannot be switched, are left out.
 * Return: 0 or a negative errno.
 */
int exptrace_selection_offer_device(struct exptrace_selection *selection,
				    struct exptrace_device *device);

/**
 * exptrace_selection_has() - is a record meant: its event, and if it is of a system call, that?
 * @trace:	was offered to it: the calls are those of exptrace_selection_offer_trace()
 * @record:	what was read of it last
 *
 * What was decided of an event is kept, by its index: use a selection for one trace only.
 * The end of a call without a number (%EXPTRACE_SYSCALL_NONE) counts as that of rt_sigreturn.
 * State events are as others here.
 */
bool exptrace_selection_has(struct exptrace_selection *selection,
			    const struct exptrace_trace *trace,
			    const struct exptrace_record *record);

/**
 * exptrace_syscall_split() - in which table does the number of an event count?
 * @number:	the value of an argument of EXPTRACE_KIND_SYSCALL
 * @nr:		out: the number there
 *
 * Return: the table. Any thread may call it, and the two that follow.
 */
enum exptrace_syscall_table exptrace_syscall_split(uint64_t number, uint64_t *nr);

/**
 * exptrace_syscall_name() - the name of a system call
 * @machine:	whose, as uname(2) has it; NULL: not known
 * @number:	as an event has it: with EXPTRACE_SYSCALL_COMPAT or EXPTRACE_SYSCALL_X32
 *
 * By the tables that the library was built with; a trace knows more: exptrace_name().
 * Return: a constant string; NULL if unknown.
 */
const char *exptrace_syscall_name(const char *machine, uint64_t number);

/**
 * exptrace_syscall_number() - a system call by its name, or its number in digits
 * @machine:	whose, as uname(2) has it
 * @name:	the name, not terminated
 * @len:	its length
 *
 * Return: its number; -ENOENT if unknown.
 */
int exptrace_syscall_number(const char *machine, const char *name, size_t len);

/**
 * exptrace_syscall_number_in() - likewise, in the table of a kind of programs
 * @machine:	as for exptrace_syscall_number(), and so are the others
 * @table:	programs of the machine's own kind, 32-bit ones, x32 ones
 * @name:	the name, not terminated
 * @len:	its length
 *
 * Digits mean a number of the machine's own programs; from 424 on, where calls have the same
 * number in all tables, one of the others too.
 * Return: its number; -ENOENT if unknown.
 */
int exptrace_syscall_number_in(const char *machine, enum exptrace_syscall_table table,
			       const char *name, size_t len);

/**
 * exptrace_selection_syscalls() - which system calls are meant, for programs of all kinds?
 * @machine:	whose names these are, as uname(2) has it; NULL: there are none, but numbers
 * @now:	whether system calls are on now
 * @calls:	in/out: which
 *
 * "syscalls:NAME" means the call of that name in each table that has it, and the first of such
 * words no other, if none were wanted; "syscalls" means all. These words have
 * %EXPTRACE_WORD_FOUND afterwards, if there is such a call.
 * Return: 0; -ENOENT: a call is unknown, and @calls is as before.
 */
int exptrace_selection_syscalls(struct exptrace_selection *selection, const char *machine,
				bool now, struct exptrace_syscall_tables *calls);

/**
 * exptrace_device_open() - open the recorder
 * @path:	NULL: /dev/exptrace
 * @flags:	as for open(2): O_RDONLY and O_RDWR make it the one reader,
 *		O_WRONLY controls only; O_NONBLOCK. O_CLOEXEC is implied
 * @device:	out: to be closed with exptrace_device_close()
 *
 * Return: 0; -ENOENT, -ENODEV, -ENXIO: the module is not loaded; -EACCES,
 * -EPERM: not permitted; -EBUSY: there is another reader; -EPROTO: the module
 * has another ABI version; -ENOMEM.
 */
int exptrace_device_open(const char *path, int flags, struct exptrace_device **device);

/* exptrace_device_close() - close it; NULL is fine */
void exptrace_device_close(struct exptrace_device *device);

/* exptrace_device_fd() - its file, for read(2), poll(2); it stays the device's */
int exptrace_device_fd(const struct exptrace_device *device);

/**
 * exptrace_device_info() - the state of the recorder
 * @info:	out; its fields are explained in exptrace/exptrace.h
 *
 * Return: 0 or a negative errno.
 */
int exptrace_device_info(struct exptrace_device *device, struct exptrace_info *info);

/*
 * How to record, where nothing is asked for: in stream mode, by the module's parameters. All
 * fields of struct exptrace_start, in their order: C++ has no names for them before C++20.
 */
#define EXPTRACE_START_INIT						\
	{ 0, EXPTRACE_MODE_STREAM, EXPTRACE_START_DEFAULT, EXPTRACE_START_DEFAULT,	\
	  0, { 0 }, { 0 }, { 0 } }

/**
 * exptrace_device_start() - start recording
 * @start:	EXPTRACE_START_INIT, and what shall be different; quota is by the
 *		experiment's number, in percent of the pool, 0: no limit; a boot_id of
 *		zeros becomes that of this machine
 *
 * Return: 0; -EBUSY: it records already, or an earlier recording was not read, or
 * the pool is mapped; -ENOMEM: no memory for the pool; -EINVAL; -EBADF: opened
 * O_RDONLY.
 */
int exptrace_device_start(struct exptrace_device *device, const struct exptrace_start *start);

/**
 * exptrace_device_least_pool() - the smallest pool that a recording can have now
 * @start:	as for exptrace_device_start(); its pool_size does not matter
 * @pool_size:	out: bytes
 * @batch_size:	out: bytes of its batches, which @start may leave to the module; may be NULL
 *
 * It depends on the CPUs that are online, the experiments, and whether any event has
 * stacks. Changes nothing; works on any open device, from any thread.
 *
 * Return: 0; -EINVAL: @start would be refused whatever the pool; -ENOTTY: an earlier module.
 */
int exptrace_device_least_pool(struct exptrace_device *device, const struct exptrace_start *start,
			       uint64_t *pool_size, uint32_t *batch_size);

/* exptrace_device_stop() - stop recording. 0, or -EINVAL: it does not record */
int exptrace_device_stop(struct exptrace_device *device);

/**
 * exptrace_device_advance() - begin a new generation and wait for the old one
 * @generation:	out, or NULL: the generation that is complete now
 *
 * Return: 0; -EINVAL: not recording; -ENOBUFS: the pool is too full.
 */
int exptrace_device_advance(struct exptrace_device *device, uint64_t *generation);

/**
 * exptrace_device_snapshot() - read what the pool holds, while recording goes on
 * @flags:	EXPTRACE_SNAPSHOT_WAIT: wait for the trigger
 * @first:	out, or NULL: the first generation of the snapshot
 * @last:	out, or NULL: its last
 *
 * read(2) on the device's file, and exptrace_device_take(), then deliver these
 * generations up to the end of file, and take nothing away.
 * Return: 0; -EAGAIN: no complete generation is there; -EBUSY: a batch was read in
 * part or taken, or another thread waits; -ECANCELED: recording stopped while it
 * waited; -EINTR: a signal came then; -ENOMEM; -EBADF: not opened O_RDWR.
 */
int exptrace_device_snapshot(struct exptrace_device *device, uint32_t flags,
			     uint64_t *first, uint64_t *last);

/* exptrace_device_trigger() - fire the trigger. 0, or -EBADF: opened O_RDONLY */
int exptrace_device_trigger(struct exptrace_device *device);

/**
 * exptrace_device_set_trigger() - let the trigger fire by itself
 * @latency_us:	microseconds: fire when a thread runs later than that after it was
 *		woken; 0: never. It holds until it is set again, or the device closed
 *
 * Return: 0; -EINVAL: more than an hour; -ENOENT: this kernel lacks a tracepoint for
 * it; -ENOMEM; -EBADF: opened O_RDONLY.
 */
int exptrace_device_set_trigger(struct exptrace_device *device, uint64_t latency_us);

/**
 * exptrace_device_mark() - write a marker into what is being recorded
 * @kind:	EXPTRACE_MARK_TEXT, or that a region of that name begins or ends
 * @text:	what it says; it is cut to 1024 bytes
 *
 * Cost: one ioctl(2), which copies the text; it never waits for a reader, nor for
 * another thread that marks. While nothing is recorded it fails at that cost too, so a
 * program that marks often should ask exptrace_device_info() now and then.
 * Thread safety: any number of threads may do this with one device at a time. The event
 * is the calling thread's.
 * Return: 0; -EINVAL: nothing is being recorded; -ENOBUFS: the pool is full, and the
 * marker is lost (which the ledger counts); -EBADF: opened O_RDONLY; -ENOMEM.
 */
int exptrace_device_mark(struct exptrace_device *device, enum exptrace_mark_kind kind,
			 const char *text);

/**
 * exptrace_device_mark_begin() - a region of that name begins; otherwise the same
 * @name:	its name; cut to 1024 bytes
 *
 * Regions of a thread nest: its last that began, and has not ended, is the first to end.
 * Return: as exptrace_device_mark().
 */
int exptrace_device_mark_begin(struct exptrace_device *device, const char *name);

/* exptrace_device_mark_end() - it ends, in the thread that began it */
int exptrace_device_mark_end(struct exptrace_device *device, const char *name);

/**
 * exptrace_device_mark_log() - write a value, with a key that it is found by
 * @key:	what kind of value it is, "request" for example; cut to 1024 bytes
 * @value:	the value; likewise
 *
 * Cost and thread safety are those of exptrace_device_mark().
 * Return: as exptrace_device_mark().
 */
int exptrace_device_mark_log(struct exptrace_device *device, const char *key,
			     const char *value);

/**
 * exptrace_device_map() - map the pool, for exptrace_device_take()
 *
 * The pool must exist (a recording was started) and stays as it is while it is
 * mapped: no recording can be started. Nothing happens if it is mapped already.
 * Return: 0; -EINVAL: there is no pool; or a negative errno of mmap(2).
 */
int exptrace_device_map(struct exptrace_device *device);

/* exptrace_device_unmap() - end that; exptrace_device_close() does it as well */
void exptrace_device_unmap(struct exptrace_device *device);

/**
 * exptrace_device_take() - take the next piece of the stream in the mapped pool
 * @ref:	out: what it is
 * @batch:	out: its ref->length bytes if it is a batch, else NULL; they are valid
 *		until the next take, give, unmap or close
 *
 * What was taken before is given back first. The stream's header is not among the
 * pieces: read(2) delivers it, and until it has, poll(2) reports POLLIN. A batch that
 * was taken and not given back when the device is closed goes to the next reader.
 * Return: 0; -EAGAIN: O_NONBLOCK, and there is nothing yet; -EBUSY: read(2) has
 * delivered a part of a batch; -EINTR; -EINVAL: the pool is not mapped.
 */
int exptrace_device_take(struct exptrace_device *device, struct exptrace_batch_ref *ref,
			 const void **batch);

/* exptrace_device_give() - give back what was taken. 0, or -EINVAL: nothing was */
int exptrace_device_give(struct exptrace_device *device);

/**
 * struct exptrace_sink - where exptrace_device_drain() passes the device's stream
 * @begin:	gets the stream's header, EXPTRACE_HEADER_SIZE bytes. Called once, before all
 *		others except @wait
 * @room:	returns 0 if the sink can accept the end of a generation. Called before each piece
 *		is taken from the mapped pool: taking the end of a generation cannot be undone,
 *		while the device keeps a batch that the sink refuses
 * @batch:	gets a whole batch of @generation, or several that the recorder keeps together.
 *		The bytes are valid during the call. Accept all of them or none.
 *		exptrace_piece() splits them, exptrace_piece_lost() counts lost events
 * @end_of_generation:	@generation is complete. In the stream this is one byte,
 *		EXPTRACE_WIRE_END_OF_GENERATION. @generation is 0 if it is unknown, because
 *		read(2) is used and delivered no batch of it
 * @wait:	waits until poll(2) reports that the device can be read; may return early. Called
 *		before the header and then at least once per 64 pieces or per MiB, while
 *		nothing is taken: handle signals here, and return an error to stop. NULL: the
 *		drain calls poll(2), and only the device or another callback ends it
 * @end:	called once, last, whatever happened. @err is 0 at the device's end, otherwise
 *		the negative errno of a callback or of the device. @dropped is the number of
 *		bytes that were read but not accepted by a callback; they are lost unless they
 *		are a snapshot's. It is 0 if the pool could be mapped. The return value is that
 *		of the drain: @err, or an error of its own
 *
 * Each callback gets the @arg of exptrace_device_drain() and returns 0, or a negative errno to end
 * the drain. Callbacks that are NULL are skipped.
 */
struct exptrace_sink {
	int (*begin)(void *arg, const void *header, size_t size);
	int (*room)(void *arg);
	int (*batch)(void *arg, uint64_t generation, const void *bytes, size_t size);
	int (*end_of_generation)(void *arg, uint64_t generation);
	int (*wait)(void *arg);
	int (*end)(void *arg, int err, uint64_t dropped);
};

/**
 * exptrace_device_drain() - pass all that the device delivers to a sink
 * @device:	opened for reading; recording, stopped, or with a snapshot
 * @sink:	the callbacks
 * @arg:	passed to them
 *
 * Goes on to the end of the recording or of the snapshot. Maps the pool, and unmaps it at the end,
 * even if it was mapped before. If it cannot be mapped, read(2) copies the stream into a buffer of
 * 1 MiB. If the sink refuses a batch, a mapped pool keeps it, and after the device was closed, the
 * next reader gets it and everything after it. Drain a recording or a snapshot only once: the drain
 * begins with the header, which the device delivers once.
 *
 * Thread safety: callbacks run in the calling thread. Until the drain returns, they and other
 * threads may control the device, for example stop the recording, but must not read,
 * map, take, give or close it.
 * Return: what @sink->end returned; without it, 0 at the end, the error of a callback, -EPROTO: the
 * stream has another version of the format; -EPERM: it has addresses that the caller may not see;
 * -EBADMSG: read(2) delivered something that is not a batch; -ENOMEM; or another negative errno of
 * read(2) or exptrace_device_take(). -EAGAIN and -EINTR come only from callbacks.
 */
int exptrace_device_drain(struct exptrace_device *device, const struct exptrace_sink *sink,
			  void *arg);

/**
 * exptrace_device_event() - describe an event of the module
 * @index:	from 0 on
 * @event:	out
 *
 * Return: 0, or -ENOENT past the last.
 */
int exptrace_device_event(struct exptrace_device *device, unsigned int index,
			  struct exptrace_event *event);

/**
 * exptrace_device_switch() - switch an event on or off, with stacks or without
 * @event:	what exptrace_device_event() told of it: its experiment and its name count
 * @flags:	EXPTRACE_EVENT_F_ENABLED or not, EXPTRACE_EVENT_F_STACK or not
 *
 * Return: 0; -ENOENT: no such event (any more), or this kernel lacks its tracepoint;
 * -EOPNOTSUPP: events of its experiment can't have stacks; -ENOMEM, -ENOBUFS: there is no
 * room for stacks now. After an error nothing has changed.
 */
int exptrace_device_switch(struct exptrace_device *device, const struct exptrace_event *event,
			   uint32_t flags);

/**
 * exptrace_device_enable() - switch an event on or off, without stacks
 * @index:	as for exptrace_device_event(); another event when an experiment of another
 *		module has come or gone since: see exptrace_device_switch()
 * @on:		whether it shall be on
 *
 * Return: 0; -ENOENT: no such event, or this kernel lacks its tracepoint.
 */
int exptrace_device_enable(struct exptrace_device *device, unsigned int index, bool on);

/**
 * exptrace_device_set_event() - switch an event on or off, with stacks or without
 * @index:	as for exptrace_device_enable()
 * @flags:	EXPTRACE_EVENT_F_ENABLED or not, EXPTRACE_EVENT_F_STACK or not
 *
 * Return: 0; -ENOENT: no such event, or this kernel lacks its tracepoint; -EOPNOTSUPP:
 * events of its experiment can't have stacks; -ENOMEM, -ENOBUFS: there is no room for
 * stacks now. After an error nothing has changed.
 */
int exptrace_device_set_event(struct exptrace_device *device, unsigned int index, uint32_t flags);

/* exptrace_device_syscalls() - which system calls are recorded. 0 or a negative errno */
int exptrace_device_syscalls(struct exptrace_device *device, struct exptrace_syscalls *calls);

/* exptrace_device_set_syscalls() - choose them. 0; -EINVAL; -EBADF: opened O_RDONLY */
int exptrace_device_set_syscalls(struct exptrace_device *device,
				 const struct exptrace_syscalls *calls);

/*
 * exptrace_device_syscall_tables() - which are recorded of programs of all kinds. 0 or a negative
 * errno. An older module records all calls of 32-bit programs and of x32 ones, if all others are
 * wanted too, else none
 */
int exptrace_device_syscall_tables(struct exptrace_device *device,
				   struct exptrace_syscall_tables *calls);

/* exptrace_device_set_syscall_tables() - choose them. 0; -EINVAL; -EBADF: opened O_RDONLY */
int exptrace_device_set_syscall_tables(struct exptrace_device *device,
				       const struct exptrace_syscall_tables *calls);

/**
 * exptrace_device_filter() - which filter is set
 * @filter:	out: it and its lists, in one piece of memory for free(3); all of it is
 *		zero if nothing is filtered
 *
 * Return: 0; -ENOMEM.
 */
int exptrace_device_filter(struct exptrace_device *device, struct exptrace_filter **filter);

/**
 * exptrace_device_set_filter() - choose which events are attempted, at any time
 * @filter:	the conditions, with the addresses of the lists (exptrace/exptrace.h);
 *		NULL: nothing is filtered
 *
 * It holds until it is set again, also when the device is closed. After an error, what
 * was set before still holds.
 * Return: 0; -ESRCH: no such thread or process; -ENOENT: no such cgroup; -EINVAL: no such
 * CPU, or a list is too long; -EOPNOTSUPP: this kernel has no cgroups; -ENOMEM;
 * -EBADF: opened O_RDONLY.
 */
int exptrace_device_set_filter(struct exptrace_device *device,
			       const struct exptrace_filter *filter);

/**
 * exptrace_device_select() - switch events by a selection
 *
 * Offers it the device's events and calls. Events that this kernel lacks are left alone.
 * System calls are selected too.
 * Return: the number of events that are on now, or a negative errno; -ENOENT: a
 * word is unknown (exptrace_selection_word_state()), and nothing has changed.
 */
int exptrace_device_select(struct exptrace_device *device, struct exptrace_selection *selection);

/**
 * exptrace_device_experiment() - the name of an experiment that exptrace brings
 * @experiment:	its number
 *
 * Return: a constant string; NULL if unknown (another module's, for example).
 */
const char *exptrace_device_experiment(uint8_t experiment);

/* exptrace_device_experiment_id() - its number by its name, or -ENOENT */
int exptrace_device_experiment_id(const char *name, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* LIBEXPTRACE_H */

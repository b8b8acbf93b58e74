/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libexptrace: read exptrace traces and control the device.
 *
 * There are three ways to read a trace. The first call chooses one:
 *
 *  - exptrace_next_batch() returns the batches in stream order, and exptrace_next_in_batch() the
 *    events of the current batch. This is the fastest way and needs memory for one batch only, but
 *    events of different CPUs are not in time order.
 *  - exptrace_next_event() returns the events of all CPUs and experiments, merged by time within
 *    each generation. It needs memory for one generation.
 *  - exptrace_next_frame() returns the batches to be copied, without looking into them.
 *
 * Events are decoded by the schema in the trace, never by a compiled-in catalogue. The format is
 * described in docs/wire-format.md.
 *
 * Errors: functions that return int or int64_t return 0 or more, or a negative errno. After an
 * error exptrace_error() returns a message: pass the trace for calls on a trace, NULL for all
 * others. In particular:
 *	-EBADMSG	the trace is damaged
 *	-ENODATA	the trace is cut off
 *	-EPROTO		this library does not know the trace's version of the format
 *	-EAGAIN		a nonblocking file has no data yet; call again
 * Everything before the damage is delivered first. exptrace_resync() then continues behind it,
 * since each generation can be decoded alone.
 *
 * Thread safety: only one thread at a time may use an object; different objects are independent.
 * The only global state of the library is the last message of each thread.
 *
 * Ownership: what a const pointer refers to belongs to the object that it came from. Unless stated
 * otherwise it is valid until the next call that reads from the trace.
 *
 * ABI: as long as the soname stays the same, these rules hold:
 *  - The library allocates structures; callers get pointers to const ones and have no reason to
 *    make their own. So structures may grow at the end, and a program that was compiled with a
 *    shorter one still finds its fields.
 *  - Structures that are elements of arrays, members of others, or filled in by a call are frozen:
 *    struct exptrace_schema_arg, exptrace_value, exptrace_loss, exptrace_ledger_entry,
 *    exptrace_frame and exptrace_selection_error. New facts will get functions of their own.
 *  - The structures of exptrace/exptrace.h, which callers do allocate, are the kernel's ABI. Their
 *    sizes are frozen, too, and are part of the ioctl numbers; they have reserved fields.
 *    struct exptrace_sink, which callers allocate as well, is frozen, too.
 *  - Enumerations may get more values. Callers must expect unknown ones.
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
 * ABI breaks: it contains the major number, and while that is 0 the minor number, too.
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
 * exptrace_library_version() - version of the library that is running
 * @major:	out, or NULL
 * @minor:	out, or NULL
 * @patch:	out, or NULL
 *
 * It may be newer than the header that the caller was compiled with. It is not the version of a
 * trace's format: see exptrace_version(). Any thread may call it.
 * Return: the three numbers with dots between them, a constant string.
 */
const char *exptrace_library_version(unsigned int *major, unsigned int *minor, unsigned int *patch);

struct exptrace_trace;
struct exptrace_device;

/* The pid of a record if it is unknown which thread ran. */
#define EXPTRACE_PID_UNKNOWN	(-1)
/* The cpu and context of a writer that is not bound to a CPU. */
#define EXPTRACE_CPU_NONE	UINT64_MAX
#define EXPTRACE_CONTEXT_NONE	0xff

/* What a batch holds. */
enum exptrace_batch_kind {
	EXPTRACE_BATCH_EVENTS,		/* timed events */
	EXPTRACE_BATCH_SYNC,
	EXPTRACE_BATCH_SCHEMA,
	EXPTRACE_BATCH_LEDGER,
	EXPTRACE_BATCH_PROPERTIES,
	EXPTRACE_BATCH_DATA,		/* private data of an experiment */
	EXPTRACE_BATCH_OTHER,		/* unknown or empty: skip it */
	EXPTRACE_BATCH_END,		/* the end-of-generation mark, not a batch */
	EXPTRACE_BATCH_STRINGS,		/* names of functions and modules */
	EXPTRACE_BATCH_STACKS,		/* call sites and stacks of the kernel */
};

/**
 * struct exptrace_batch - a batch or an end-of-generation mark
 * @kind:	what it holds
 * @experiment:	the experiment; 0: the standard stream
 * @context:	enum exptrace_context or EXPTRACE_CONTEXT_NONE
 * @experimental: the batch names its experiment (wire type 49)
 * @generation:	its generation; for a mark, the one that ends
 * @m:		its writer
 * @cpu:	the writer's CPU or EXPTRACE_CPU_NONE
 * @time:	ticks: base of the first event's time
 * @offset:	bytes: position of its header in the stream
 * @size:	bytes: header and data
 * @data:	the data behind the header
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
 * @kind:	enum exptrace_kind, or a kind unknown to this library
 * @name:	its name
 */
struct exptrace_schema_arg {
	uint32_t kind;
	const char *name;
};

/**
 * struct exptrace_schema_event - an event as the trace's schema describes it
 * @index:	dense number of this description in this trace, from 0
 * @experiment:	its experiment
 * @type:	its first type
 * @ntypes:	number of types it uses; if more than 1, args[0] is the variant
 * @nargs:	number of arguments
 * @group:	its group
 * @name:	its name
 * @args:	its arguments
 *
 * Valid until exptrace_close(). Equal descriptions in different generations are one object.
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
 * struct exptrace_value - value of an argument
 * @u64:	the number; signed ones as int64_t; addresses are absolute; for
 *		EXPTRACE_KIND_SITE and EXPTRACE_KIND_STACK_ID an id for exptrace_stack()
 * @str:	bytes of a string, not terminated; NULL if it is a number
 * @len:	number of bytes
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
 *		exptrace_next_in_batch(), since the clock is known at the generation's end only
 * @pid:	the thread that ran; for sched_switch the previous one;
 *		EXPTRACE_PID_UNKNOWN if unknown
 * @offset:	bytes: its position in the stream
 * @size:	bytes: its size in the stream
 * @type:	its type: event->type plus the variant
 * @context:	enum exptrace_context or EXPTRACE_CONTEXT_NONE
 * @stack:	id of the kernel stack, for exptrace_stack(); 0: not recorded, or the
 *		recorder had no room for it
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
 * @reason:	enum exptrace_lost, or a reason unknown to this library
 * @count:	number of events
 */
struct exptrace_loss {
	uint64_t reason;
	uint64_t count;
};

/**
 * struct exptrace_ledger_entry - what happened to the events of one CPU
 * @experiment:	the experiment
 * @cpu:	the CPU
 * @attempted:	number of events that fired
 * @recorded:	number of those that are in the trace
 * @nlosses:	number of losses
 * @losses:	the lost ones, by reason
 * @offset:	bytes: position of the batch that holds the entry
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
 * struct exptrace_sync - all clocks at one moment
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
 * @path:	the file; "-" is standard input; a directory is read as by exptrace_open_files()
 * @trace:	out; close it with exptrace_close()
 *
 * Reads nothing yet, except for a directory: the first read finds out whether the file is a trace.
 * Return: 0, a negative errno of open(2), or -ENOMEM.
 */
int exptrace_open(const char *path, struct exptrace_trace **trace);

/**
 * exptrace_open_files() - open several files, for example segments of a recording, as one trace
 * @paths:	regular files, and directories whose traces are read: their regular files that begin
 *		like a trace and whose names do not begin with a dot. In any order; not needed
 *		after the call
 * @n:		their number; a single file may also be a pipe or a device
 * @trace:	out; close it with exptrace_close()
 *
 * Reads all files once, to find out which generations they have, and later opens a few at a time
 * by their names. Delivers each generation once, in the order in which they were recorded: within a
 * boot by CLOCK_MONOTONIC, boots by CLOCK_REALTIME. A generation that several files have is taken
 * from one in which it is complete, else from the one that has most of it. One that a file ends
 * with and others continue is joined; batches that are there twice are delivered once.
 * exptrace_open_note() names what is not read.
 *
 * Numbers of generations may go down where another recording begins: exptrace_recording().
 * Offsets count bytes of the stream that is delivered; exptrace_locate() turns them into offsets in
 * a file, and messages have those. The index and the functions that seek work within one recording:
 * if there are several, they return -ESPIPE.
 *
 * A file that vanishes, shrinks or is replaced before it was read ends the trace with an error when
 * its turn comes. What is added to a file after this call is not read.
 * Return: 0; -EINVAL: @n is 0; -EBADMSG: a file is not a trace that can be read; -ENODATA: there is
 * no trace among them; -ESPIPE: one of several is a pipe or a device; -ESTALE: a file changed
 * during the call; -ENOMEM; or a negative errno of open(2) or read(2).
 */
int exptrace_open_files(const char *const *paths, size_t n, struct exptrace_trace **trace);

/**
 * exptrace_open_note() - what a trace of several files does not deliver
 * @index:	from 0
 * @path:	out: the file that the note is about
 *
 * Notes about files that were skipped, and about damage or incomplete batches in parts that are not
 * read. Both texts are valid until exptrace_close().
 * Return: English text without a full stop, or NULL past the last one. This call does not fail.
 */
const char *exptrace_open_note(const struct exptrace_trace *trace, size_t index,
			       const char **path);

/* exptrace_file_at() - path of a file of a trace of several files, from 0; NULL past the last one */
const char *exptrace_file_at(const struct exptrace_trace *trace, size_t index);

/**
 * exptrace_locate() - the file that an offset of a trace of several files lies in
 * @offset:	bytes: of the stream, not beyond what was read
 * @in_file:	out: bytes: the offset in that file's stream; @offset if the trace is one file
 *
 * Return: the file's path, valid until exptrace_close(); NULL: the trace is one file, a pipe or
 * memory.
 */
const char *exptrace_locate(const struct exptrace_trace *trace, uint64_t offset,
			    uint64_t *in_file);

/**
 * exptrace_recording() - number of the recording that is being read, from 0
 *
 * It increases where a trace of several files goes on with another recording or boot. The numbers
 * of generations there have nothing to do with earlier ones, so none are missing in between.
 */
uint64_t exptrace_recording(const struct exptrace_trace *trace);

/**
 * exptrace_open_fd() - read a trace from an open file
 * @fd:		a file, pipe, socket or device; the caller still owns it
 * @trace:	out; close it with exptrace_close()
 *
 * Return: 0 or -ENOMEM.
 */
int exptrace_open_fd(int fd, struct exptrace_trace **trace);

/**
 * exptrace_open_memory() - read a trace that is in memory
 * @bytes:	the whole trace. The caller still owns the bytes; they are not copied and must stay
 *		unchanged until exptrace_close(), since batches point to them. NULL if @size is 0
 * @size:	number of bytes; with 0, the first read fails because the header is missing
 * @trace:	out; close it with exptrace_close()
 *
 * The memory need not be aligned. Nothing beyond it is read, whatever the bytes are.
 * Return: 0 or -ENOMEM.
 */
int exptrace_open_memory(const void *bytes, size_t size, struct exptrace_trace **trace);

/* exptrace_fd() - the file being read, still owned by the trace or its opener; -1: memory */
int exptrace_fd(const struct exptrace_trace *trace);

/**
 * exptrace_wait_fn - called when there is nothing to read yet
 * @arg:	the @arg of exptrace_on_wait()
 *
 * A good moment to show what has been read so far.
 * Return: true to wait; false to make the reading function return -EAGAIN.
 */
typedef bool exptrace_wait_fn(void *arg);

/**
 * exptrace_on_wait() - set a function to call before waiting for a pipe, socket or device
 * @fn:		called in the reading thread, and again after each signal that arrives while it
 *		waits; NULL: none
 * @arg:	passed to @fn
 *
 * With it, the file may have O_NONBLOCK set by someone else who has it open: poll(2) waits for
 * data. A signal that arrives between @fn and poll(2) does not end the wait.
 */
void exptrace_on_wait(struct exptrace_trace *trace, exptrace_wait_fn *fn, void *arg);

/* exptrace_close() - free a trace and everything that came from it; NULL is allowed */
void exptrace_close(struct exptrace_trace *trace);

/**
 * exptrace_error() - message of the last error
 * @trace:	for the last failed call on this trace; NULL: for this thread's last failed call
 *		without a trace, such as one that opens a trace or takes a device
 *
 * Call it right after the failed call. The message contains the offset in bytes for a fault in the
 * trace, and the path for a device or a file. A function that returns NULL because a name is
 * unknown has not failed.
 * Return: English text without a full stop; "" if nothing has failed. With a trace it is valid
 * until the next failed call or exptrace_close(); with NULL, until this thread calls this function
 * again. Do not pass a trace that another thread is using.
 */
const char *exptrace_error(const struct exptrace_trace *trace);

/**
 * exptrace_next_batch() - read the next batch or end-of-generation mark
 * @batch:	out
 *
 * Decodes the tables that it passes: schema, clock, ledger, properties.
 * Return: 1, 0 at the end of the trace, or a negative errno. After -EBADMSG for the contents of a
 * table, reading can continue; after damage between batches, or a generation out of order, the same
 * error is returned until exptrace_resync(). -EINVAL: exptrace_next_event() was used.
 */
int exptrace_next_batch(struct exptrace_trace *trace, const struct exptrace_batch **batch);

/**
 * exptrace_next_in_batch() - read the next event of the current batch
 * @record:	out
 *
 * If the caller reads all events of all batches, exptrace_account() has the number of unreadable
 * ones.
 * Return: 1; 0 at the end of the batch, and for a batch without events; -ENOENT: the trace has no
 * schema for the batch's experiment, skip it; -EBADMSG: the rest of the batch cannot be decoded
 * (continue with the next batch).
 */
int exptrace_next_in_batch(struct exptrace_trace *trace, const struct exptrace_record **record);

typedef void exptrace_record_fn(void *arg, const struct exptrace_record *record);

/**
 * exptrace_each_in_batch() - call a function for each remaining event of the current batch
 * @fn:		called for each event; it may query the trace but not read from it
 * @arg:	its first argument
 *
 * Does the same as exptrace_next_in_batch() in a loop, but faster.
 * Return: 0 at the end of the batch; -ENOENT, -EBADMSG: as there; -ENOMEM.
 */
int exptrace_each_in_batch(struct exptrace_trace *trace, exptrace_record_fn *fn, void *arg);

/**
 * exptrace_next_event() - read the next event of the trace in time order
 * @record:	out
 *
 * Events of different CPUs are merged within each generation; generations follow each other.
 * Batches without a schema are skipped: those of an unknown experiment, or of a first generation
 * without its beginning if no other generation follows. From a damaged generation, all events that
 * can be decoded come first, then the error, repeated until exptrace_resync(). Of several errors in
 * a generation, the first one is returned.
 * Return: 1, 0 at the end, or a negative errno. -EINVAL: exptrace_next_batch() was used.
 */
int exptrace_next_event(struct exptrace_trace *trace, const struct exptrace_record **record);

/**
 * exptrace_pending_error() - the error that the current generation will end with
 *
 * exptrace_next_event() delivers the events of a damaged or cut-off generation first. Events of one
 * writer behind the damage may be missing among them.
 * Return: the negative errno that will follow; 0: none found so far. This call does not fail.
 */
int exptrace_pending_error(const struct exptrace_trace *trace);

/**
 * exptrace_next_frame() - read the next batch or end-of-generation mark, to be copied
 * @batch:	out; its header lies before its data
 *
 * The third way to read a trace. The contents of batches are not decoded, so queries about them
 * find nothing. Errors are those of exptrace_next_batch() between batches; exptrace_resync()
 * continues behind them.
 * Return: 1, 0 at the end of the trace, or a negative errno. -EINVAL: another way of reading is
 * used.
 */
int exptrace_next_frame(struct exptrace_trace *trace, const struct exptrace_batch **batch);

/**
 * exptrace_header_version() - version of the format in a stream's header
 * @bytes:	beginning of the stream
 * @size:	number of bytes; at least EXPTRACE_HEADER_SIZE are needed
 *
 * Any thread may call it.
 * Return: version of the wire format; -EBADMSG: not a header; -EPROTONOSUPPORT: a version that this
 * library cannot read.
 */
int exptrace_header_version(const void *bytes, size_t size);

/**
 * exptrace_piece() - parse the batch or end-of-generation mark at the beginning of some bytes
 * @bytes:	part of a stream behind its header, for example from read(2) on the device or
 *		exptrace_device_take()
 * @size:	number of bytes
 * @kind:	out, or NULL: what it holds; EXPTRACE_BATCH_END is the mark
 * @generation:	out, or NULL: the batch's generation; 0 for the mark
 *
 * For copying a stream without a trace; with a trace, exptrace_next_frame() also checks the order.
 * Any thread may call it.
 * Return: size in bytes; 0: not complete yet, nothing is stored; -EBADMSG: neither of the two.
 */
int exptrace_piece(const void *bytes, size_t size, enum exptrace_batch_kind *kind,
		   uint64_t *generation);

/*
 * exptrace_piece_lost() - number of events lost by the recorder, from a ledger batch at the
 * beginning of some bytes. 0 if there is no ledger; damaged entries do not count. Any thread may
 * call it
 */
uint64_t exptrace_piece_lost(const void *bytes, size_t size);

/**
 * struct exptrace_damage - bytes of a trace that could not be decoded
 * @offset:	bytes: where they begin in the stream
 * @end:	bytes: where they end; equal to @offset if all batches can be read
 * @before:	the last generation that was read, whole or in part; 0: none
 * @after:	the generation that follows at @end; 0: none. Not above @before if it is of another
 *		recording (exptrace_recording())
 * @inside:	the end of @before was not reached
 * @other_trace: bytes: position of a generation whose number is not above @before, so it
 *		must belong to another trace; 0: none
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
 * exptrace_resync() - continue behind damage
 * @damage:	out, or NULL: what was lost; the trace owns it; valid until the next call of
 *		this function
 *
 * Call it after an error of exptrace_next_batch() or exptrace_next_event(). If batches can be read
 * where that call stopped, reading continues there. Otherwise it continues with the next generation
 * that can be found: a Sync, tables up to a schema, and another batch, all of the same generation,
 * all valid, with a number above the last one's. What a hole has left of a generation without its
 * beginning is not read. If the search passes through the text of events, such text may look like
 * the beginning of a generation; so what follows damage is only as trustworthy as its source.
 * Reading never continues without this call.
 *
 * The search takes time in proportion to the bytes, and half a MiB of memory. In a file full of
 * false beginnings it may miss a valid generation.
 * Return: 1; 0: nothing follows; -EBADMSG: another trace follows; other errors are read errors,
 * including -EAGAIN (up to 256 KiB must be available, or the end of the file).
 */
int exptrace_resync(struct exptrace_trace *trace, const struct exptrace_damage **damage);

/**
 * struct exptrace_generation - a generation that was read
 * @number:	its number
 * @begins:	its beginning is present
 * @ends:	its end mark is present
 */
struct exptrace_generation {
	uint64_t number;
	bool begins;
	bool ends;
};

typedef void exptrace_generation_fn(void *arg, const struct exptrace_generation *generation);

/**
 * exptrace_on_generation() - set a function to call for each generation, even one without events
 * @fn:		called when everything of a generation was read: by exptrace_next_event() before
 *		its first event, by exptrace_next_batch() at its end mark or where it is cut off. It
 *		may query the current generation but not read. NULL: none
 * @arg:	its first argument
 */
void exptrace_on_generation(struct exptrace_trace *trace, exptrace_generation_fn *fn, void *arg);

/**
 * struct exptrace_account - what is in a trace, and what is missing, as far as it was read
 * @generations: number of generations, whole or in part
 * @first:	number of the first one
 * @last:	number of the last one
 * @missing:	numbers between them without a generation: given up, or lost by damage
 * @partial:	generations without their beginning
 * @cut_off:	generations without their end
 * @without_clock: generations without a readable Sync: see exptrace_ns()
 * @damages:	number of calls of exptrace_resync()
 * @damaged_bytes: bytes that it skipped
 * @skipped:	event batches that were skipped because they had no schema
 * @recorded:	events in the trace, by its ledgers
 * @lost:	events that the recorder lost, by its ledgers
 * @unread:	events of whole generations that are in the ledger but could not be read;
 *		with exptrace_next_batch(), for generations whose events were all read
 * @missing_tasks: threads for which a statedump had no room
 * @missing_names: names of numbers for which a statedump had no room
 * @unknown_sites: how often the recorder had no room for a call site
 * @unknown_stacks: how often the recorder had no room for a stack
 * @surplus:	events of whole generations that are in no ledger: the trace is damaged, or
 *		contains some events twice
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
 * exptrace_account() - account of all generations read so far. Valid until exptrace_close();
 * updated as the trace is read
 */
const struct exptrace_account *exptrace_account(const struct exptrace_trace *trace);

/**
 * exptrace_borrowed() - was the first generation decoded with the schema of another one?
 * @borrower:	out: the generation whose beginning is missing
 * @lender:	out: the next one, whose schema and properties were used
 *
 * A stream may begin in the middle of a generation if an earlier reader took its first part,
 * including the schema. The same recorder wrote the next generation, so that schema fits. To find
 * it, the library reads ahead; the bytes of a pipe are kept in memory meanwhile. Known after the
 * first call that reads from the trace.
 * Return: true if so; otherwise nothing is stored.
 */
bool exptrace_borrowed(const struct exptrace_trace *trace, uint64_t *borrower,
		       uint64_t *lender);

/* exptrace_skipped() - number of event batches that were skipped because they had no schema */
uint64_t exptrace_skipped(const struct exptrace_trace *trace);

/* exptrace_offset() - number of bytes of the stream consumed so far */
uint64_t exptrace_offset(const struct exptrace_trace *trace);

/**
 * exptrace_comm() - name of a thread, as of the last event read
 * @pid:	id of the thread at that time
 *
 * Return: the name, "<idle>" for 0; NULL if unknown, or if records are missing that may have
 * changed it. Valid until the next event.
 */
const char *exptrace_comm(const struct exptrace_trace *trace, int64_t pid);

/**
 * exptrace_comm_changes() - number of name changes of all threads so far
 *
 * While it stays the same, exptrace_comm() returns the same for every thread, so callers can cache.
 * Return: the number.
 */
uint64_t exptrace_comm_changes(const struct exptrace_trace *trace);

/**
 * exptrace_thread() - number of a thread, which tells threads apart that used the same id
 * @pid:	id of the thread as of the last event read
 *
 * Threads are numbered in the order in which they appear. If the trace does not say whether a
 * thread appeared before, it gets a new number. Traces of version 1 lack the start times of
 * threads: only sched_process_fork shows there that an id is reused. A thread that executes a
 * program takes its process's id (see sched_process_exec) and continues as the process's first
 * thread.
 * Return: the number, 0 for the idle tasks; -ENOENT for EXPTRACE_PID_UNKNOWN; -ENOMEM.
 */
int64_t exptrace_thread(struct exptrace_trace *trace, int64_t pid);

/**
 * exptrace_thread_at() - the same, at any time of the current generation
 * @pid:	the id
 * @ticks:	the time
 *
 * For callers that read batches and have reached the end of the generation, since records about
 * threads come from all CPUs. Call it from the function of exptrace_on_generation().
 * Return: as exptrace_thread().
 */
int64_t exptrace_thread_at(struct exptrace_trace *trace, int64_t pid, uint64_t ticks);

/*
 * exptrace_pid_changed() - may another thread have used @pid after @ticks? If not,
 * exptrace_thread_at() returns the same for all later times
 */
bool exptrace_pid_changed(const struct exptrace_trace *trace, int64_t pid, uint64_t ticks);

/*
 * exptrace_nameless() - number of generations read so far that lack records about threads (the
 * property missing_changes). Threads have no names there, and none can be matched with a thread of
 * another generation
 */
uint64_t exptrace_nameless(const struct exptrace_trace *trace);

/* exptrace_thread_pid() - id of thread number @thread, or EXPTRACE_PID_UNKNOWN */
int64_t exptrace_thread_pid(const struct exptrace_trace *trace, uint64_t thread);

/* exptrace_thread_comm() - its last name so far; NULL if unknown. Valid until the next event. */
const char *exptrace_thread_comm(const struct exptrace_trace *trace, uint64_t thread);

/**
 * exptrace_name() - name that belongs to a number
 * @kind:	kind of number, as in a schema's argument: EXPTRACE_KIND_SYSCALL,
 *		EXPTRACE_KIND_IRQ, EXPTRACE_KIND_SOFTIRQ
 * @number:	the number
 *
 * Names of system calls come from the tables that the library was built with, for the machine of
 * the trace. The statedump of each generation names all other kinds, and calls newer than Linux
 * 6.1. A name may change at an event: the result is valid for the last record returned and may
 * differ for the next one. For a shared interrupt it is the name of the handler that ran.
 * Return: the name, valid until the next record; NULL if unknown.
 */
const char *exptrace_name(const struct exptrace_trace *trace, uint32_t kind, uint64_t number);

/**
 * struct exptrace_frame - a location in kernel code
 * @address:	its address, or an identifier (see the property addresses)
 * @function:	the function that contains it; NULL if unknown
 * @module:	the module of the function; NULL: the kernel itself, or unknown
 * @offset:	bytes from the beginning of the function
 */
struct exptrace_frame {
	uint64_t address;
	const char *function;
	const char *module;
	uint64_t offset;
};

/**
 * exptrace_stack() - frames of a stack or call site
 * @id:		value of an argument of EXPTRACE_KIND_SITE (a stack of one frame) or
 *		EXPTRACE_KIND_STACK_ID
 * @frames:	out; the innermost first
 *
 * Valid for the current generation, which has its stacks at its end. exptrace_next_event() knows
 * them from the first event on, unless the trace is cut off before; exptrace_next_batch() knows
 * them once it has passed them.
 * Return: number of frames, at least 1; -ENOENT: unknown. 0 is always unknown: the recorder's table
 * was full, or there is no stack.
 */
int exptrace_stack(const struct exptrace_trace *trace, uint64_t id,
		   const struct exptrace_frame **frames);

/**
 * exptrace_stack_cut_off() - did the recorder cut off the outer frames of a stack?
 * @id:		as for exptrace_stack()
 *
 * The recorder has a limit for the number of frames.
 * Return: true if so; false if the stack is unknown.
 */
bool exptrace_stack_cut_off(const struct exptrace_trace *trace, uint64_t id);

/* exptrace_property() - value of a property, NULL if there is none */
const char *exptrace_property(const struct exptrace_trace *trace, const char *key);

/**
 * exptrace_property_at() - get the properties one by one
 * @index:	from 0
 * @key:	out
 * @value:	out
 *
 * Return: 0, or -ENOENT past the last one.
 */
int exptrace_property_at(const struct exptrace_trace *trace, size_t index, const char **key,
			 const char **value);

/**
 * exptrace_ledger() - ledger of the current generation
 * @entries:	out
 *
 * When reading batches: as far as it was read; complete at the end mark.
 * Return: number of entries.
 */
size_t exptrace_ledger(const struct exptrace_trace *trace,
		       const struct exptrace_ledger_entry **entries);

/* exptrace_lost_name() - short description of a reason of exptrace_loss; NULL if unknown */
const char *exptrace_lost_name(uint64_t reason);

/* exptrace_version() - version of the wire format, lowest of joined traces; 0: none read yet */
int exptrace_version(const struct exptrace_trace *trace);

/* exptrace_syncs() - number of Syncs of the current generation so far */
size_t exptrace_syncs(const struct exptrace_trace *trace);

/**
 * exptrace_sync_at() - one of the Syncs of the current generation
 * @index:	0 for the first, in stream order, which is time order
 *
 * CLOCK_REALTIME at a given time is that of the last Sync before it, plus the CLOCK_MONOTONIC time
 * passed since; in version 1 of the format, only if the wall clock was not set meanwhile.
 * Return: the Sync; NULL past the last one.
 */
const struct exptrace_sync *exptrace_sync_at(const struct exptrace_trace *trace, size_t index);

/**
 * exptrace_gap() - was nothing recorded just before the current generation?
 *
 * True if the previous generation in the stream has the number just before this one's but ended
 * before this one began: the machine was suspended, the clock was changed, or the recorder had no
 * room. What was going on at the end of the previous one is then unknown. If generations were given
 * up or not read, their numbers show it instead.
 * Return: true if so.
 */
bool exptrace_gap(const struct exptrace_trace *trace);

/*
 * exptrace_set_back() - does the current generation begin before the previous one in the stream
 * began? Then it was recorded earlier or in another boot, and ticks may be smaller from here on.
 * Known once its first Sync was read
 */
bool exptrace_set_back(const struct exptrace_trace *trace);

/*
 * exptrace_other_boot() - is the current generation from another boot than the previous one, by the
 * property boot_id? Known at its end. Threads, code locations and the clock are then unrelated
 */
bool exptrace_other_boot(const struct exptrace_trace *trace);

/**
 * exptrace_runs_known() - do context switches show when threads ran on a CPU?
 * @cpu:	its number
 *
 * True if all switches of the current generation were attempted there, or with a filter all
 * switches of the threads that it selects. Then a thread that is seen to run did so without a break
 * up to the next switch. Call it when the whole generation was read.
 * Return: true if so.
 */
bool exptrace_runs_known(const struct exptrace_trace *trace, uint64_t cpu);

/**
 * exptrace_clock_unstable() - was the clock of the current generation found to be unstable?
 *
 * If so, the times of its events are uncertain. Also true if the clock rate changed so often that
 * not all changes were recorded. When reading batches: known once the ledger was read.
 * Return: true if so.
 */
bool exptrace_clock_unstable(const struct exptrace_trace *trace);

/**
 * struct exptrace_times - summary of the times of a trace
 * @gaps:	how often exptrace_gap() was true
 * @gap_ns:	their total by CLOCK_MONOTONIC, which stops during suspend
 * @suspended_ns: time in suspend, during these gaps and besides them, as far as the
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
 * exptrace_times() - summary of all generations read so far. Valid until exptrace_close(); updated
 * as the trace is read
 */
const struct exptrace_times *exptrace_times(const struct exptrace_trace *trace);

/**
 * exptrace_ns() - convert ticks to nanoseconds of CLOCK_MONOTONIC
 * @ticks:	of the current generation
 *
 * Interpolates between the two Syncs around it, or extrapolates from the nearest two, rounding to
 * nearest. With a single Sync it uses the frequency; without any, the clock of the previous
 * generation; without that, it returns the ticks themselves. Saturates.
 *
 * The result is within 1 us of CLOCK_MONOTONIC, plus the time to read the kernel's clocks, if the
 * generation is complete and exptrace_clock_unstable() is false. In version 1 of the format this
 * holds only if the clock's rate did not change meanwhile: NTP can change it by 500 ppm,
 * adjtimex(2) by 10 %.
 * Return: nanoseconds.
 */
uint64_t exptrace_ns(const struct exptrace_trace *trace, uint64_t ticks);

/* exptrace_schema_event() - description of a type in the current generation, or NULL */
const struct exptrace_schema_event *exptrace_schema_event(const struct exptrace_trace *trace,
							  uint8_t experiment, uint8_t type);

/* exptrace_schema_at() - every description seen so far, by index; NULL past the last one */
const struct exptrace_schema_event *exptrace_schema_at(const struct exptrace_trace *trace,
						       size_t index);

/* exptrace_experiment_name() - name of an experiment in the trace, or NULL */
const char *exptrace_experiment_name(const struct exptrace_trace *trace, uint8_t experiment);

/* A time of an index entry that is not known. */
#define EXPTRACE_TIME_UNKNOWN	UINT64_MAX

/**
 * struct exptrace_index_entry - where a generation is in a trace, and when it was
 * @generation:	its number
 * @offset:	bytes: position of its first batch in the stream
 * @size:	bytes: its size in the stream, with its end mark
 * @begin_ns:	CLOCK_MONOTONIC in nanoseconds at its opening Sync; EXPTRACE_TIME_UNKNOWN if that
 *		is missing
 * @end_ns:	the same at its closing Sync
 * @begin_wall_ns: CLOCK_REALTIME in nanoseconds since 1970 at its opening Sync, or
 *		EXPTRACE_TIME_UNKNOWN
 * @end_wall_ns: the same at its closing Sync
 * @events:	events in it, by its ledger
 * @lost:	events that the recorder lost, by its ledger
 * @begins:	its beginning is present
 * @ends:	its end mark is present
 */
struct exptrace_index_entry {
	uint64_t generation;
	uint64_t offset;
	uint64_t size;
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t begin_wall_ns;
	uint64_t end_wall_ns;
	uint64_t events;
	uint64_t lost;
	bool begins;
	bool ends;
};

/**
 * exptrace_index_at() - look up a generation by its place in the trace
 * @i:		0 for the first one
 *
 * Walks over the headers of the batches as far as needed, apart from what is being read, and
 * remembers what it found. What is damaged is not in the index. Works for files and memory.
 * Return: the entry, valid until the next call of this or of the following functions; NULL past the
 * last one, or after an error: exptrace_index_size() distinguishes them.
 */
const struct exptrace_index_entry *exptrace_index_at(struct exptrace_trace *trace, size_t i);

/**
 * exptrace_index_size() - number of generations in the trace, as far as they can be found
 *
 * Return: the number; -ESPIPE: the trace is read from a pipe; -EBADMSG: not a trace;
 * -EPROTONOSUPPORT: a version that this library cannot read; -ENOMEM; or an error of read(2).
 */
int64_t exptrace_index_size(struct exptrace_trace *trace);

/**
 * exptrace_seek_index() - go on reading at a generation
 * @i:		its place, as for exptrace_index_at()
 *
 * May be called at any time, also before the first read, at the end, or after an error; the way of
 * reading stays. Nothing learned from other generations is shown from here on: a thread has the
 * names that this generation gives, and exptrace_thread() numbers threads anew. Accounts go on
 * adding up what is read; generations that were passed over are not missing.
 * Return: 0; -ENOENT: there is no such generation; or an error of exptrace_index_size().
 */
int exptrace_seek_index(struct exptrace_trace *trace, size_t i);

/**
 * exptrace_seek_generation() - the same, for a generation by its number
 * @generation:	the number
 *
 * Walks no further than needed. After that, the search takes O(log n).
 * Return: as exptrace_seek_index().
 */
int exptrace_seek_generation(struct exptrace_trace *trace, uint64_t generation);

enum exptrace_clock {
	EXPTRACE_CLOCK_MONOTONIC,
	EXPTRACE_CLOCK_REALTIME,
};

/**
 * exptrace_seek_time() - go on reading at the first generation that may have events of a time
 * @clock:	the clock of @ns
 * @ns:		nanoseconds
 *
 * No event at @ns or later is in an earlier generation; the first ones read may be earlier than
 * @ns. If the wall clock was set back, the first of several moments counts. Completes the index;
 * after that, the search takes O(log n).
 * Return: as exptrace_seek_index(); -ENOENT: the trace ends before; -EINVAL: with
 * EXPTRACE_CLOCK_MONOTONIC, the trace is of several boots.
 */
int exptrace_seek_time(struct exptrace_trace *trace, enum exptrace_clock clock, uint64_t ns);

/*
 * exptrace_stop_at() - end reading at this offset of the stream, as if the trace ended there. It
 * must be the end of a generation: the offset plus the size of an index entry. UINT64_MAX: read all
 */
void exptrace_stop_at(struct exptrace_trace *trace, uint64_t offset);

/**
 * exptrace_wall_ns() - convert CLOCK_MONOTONIC to CLOCK_REALTIME
 * @ns:		CLOCK_MONOTONIC in nanoseconds, in the current generation
 *
 * By the last Sync before it. See exptrace_sync_at().
 * Return: nanoseconds since 1970; 0: the generation has no Sync.
 */
uint64_t exptrace_wall_ns(const struct exptrace_trace *trace, uint64_t ns);

/*
 * Selections: words that select events and system calls. docs/exptrace.md has the grammar (WHAT).
 *
 * exptrace_selection_parse() finds malformed words. Whether the others match anything depends on
 * what is available: offer the selection the events of a trace, of the device, or any others, as
 * often as new ones appear, and then get the state of each word. A word that matches nothing has no
 * effect.
 */
struct exptrace_selection;

/**
 * struct exptrace_selection_error - the malformed word of a selection
 * @offset:	bytes from the beginning of the text to the word
 * @length:	bytes of the word, with its sign
 * @problem:	constant string that continues the word: "has a '[' without ']'"
 *
 * This structure is frozen.
 */
struct exptrace_selection_error {
	size_t offset;
	size_t length;
	const char *problem;
};

/**
 * exptrace_selection_parse() - parse a selection
 * @text:	the words; any bytes; copied
 * @len:	number of bytes
 * @selection:	out; free it with exptrace_selection_free(); NULL after an error
 * @error:	out, or NULL: after -EINVAL, what is wrong with the first malformed word
 *
 * A selection without words changes nothing. Takes time and memory in proportion to @len.
 * Return: 0; -EINVAL: a word is malformed or has a reserved prefix; -ENOMEM.
 */
int exptrace_selection_parse(const char *text, size_t len, struct exptrace_selection **selection,
			     struct exptrace_selection_error *error);

/* exptrace_selection_free() - free a selection; NULL is allowed */
void exptrace_selection_free(struct exptrace_selection *selection);

/**
 * exptrace_selection_means() - does a selection switch an event on?
 * @experiment:	name of its experiment, or NULL
 * @group:	its group, or NULL
 * @name:	its name, or NULL
 * @now:	whether it is on now
 *
 * The last matching word decides. If none matches, the event is off if the first word has no sign,
 * and unchanged otherwise. Words for system calls match the events of their group, whatever the
 * call.
 * Return: true if it should be on.
 */
bool exptrace_selection_means(const struct exptrace_selection *selection, const char *experiment,
			      const char *group, const char *name, bool now);

/* exptrace_selection_words() - number of words */
size_t exptrace_selection_words(const struct exptrace_selection *selection);

/**
 * exptrace_selection_word() - a word without its sign
 * @index:	from 0; less than exptrace_selection_words()
 * @len:	out: its length in bytes
 *
 * Return: the word, not terminated, any bytes; valid as long as the selection.
 */
const char *exptrace_selection_word(const struct exptrace_selection *selection, size_t index,
				    size_t *len);

/* exptrace_selection_word_means() - does that word match this event? Its sign does not matter */
bool exptrace_selection_word_means(const struct exptrace_selection *selection, size_t index,
				   const char *experiment, const char *group, const char *name);

/* State of a word. Values may be added. */
enum exptrace_word_state {
	EXPTRACE_WORD_FOUND,		/* it matches something that was offered */
	EXPTRACE_WORD_ABSENT,		/* only matches an event of exptrace that was not offered */
	EXPTRACE_WORD_UNKNOWN,		/* matches no event, group or experiment */
	EXPTRACE_WORD_UNKNOWN_SYSCALL,	/* no system call */
};

/* exptrace_selection_word_state() - does a word match anything that was offered so far? */
enum exptrace_word_state exptrace_selection_word_state(
	const struct exptrace_selection *selection, size_t index);

/* exptrace_selection_offer() - offer an event that exists; any name may be NULL */
void exptrace_selection_offer(struct exptrace_selection *selection, const char *experiment,
			      const char *group, const char *name);

/**
 * exptrace_selection_offer_trace() - offer the events and the system calls of a trace
 *
 * That is: every description read so far, the calls of its machine, and calls that the current
 * generation names besides. The first readable generation describes all events that its recorder
 * had then, so call this when the first event was read, or the whole trace has been read without
 * one. Later generations may have more: experiments can be registered during a recording.
 */
void exptrace_selection_offer_trace(struct exptrace_selection *selection,
				    const struct exptrace_trace *trace);

/**
 * exptrace_selection_offer_device() - offer the events of the module and the calls of this machine
 *
 * State events are left out, since they cannot be switched.
 * Return: 0 or a negative errno.
 */
int exptrace_selection_offer_device(struct exptrace_selection *selection,
				    struct exptrace_device *device);

/**
 * exptrace_selection_has() - does a selection match a record: its event and its system call, if
 * any?
 * @trace:	the trace of exptrace_selection_offer_trace(), which gives the calls
 * @record:	the last record read from it
 *
 * Decisions are cached by the event's index: use a selection for one trace only. The end of a call
 * without a number (%EXPTRACE_SYSCALL_NONE) counts as the end of rt_sigreturn. State events are
 * treated like all others here.
 */
bool exptrace_selection_has(struct exptrace_selection *selection,
			    const struct exptrace_trace *trace,
			    const struct exptrace_record *record);

/**
 * exptrace_syscall_split() - table that a system call number of an event belongs to
 * @number:	value of an argument of EXPTRACE_KIND_SYSCALL
 * @nr:		out: the number in that table
 *
 * Return: the table. Any thread may call this and the next two functions.
 */
enum exptrace_syscall_table exptrace_syscall_split(uint64_t number, uint64_t *nr);

/**
 * exptrace_syscall_name() - name of a system call
 * @machine:	machine name as in uname(2); NULL: unknown
 * @number:	as in an event: with EXPTRACE_SYSCALL_COMPAT or EXPTRACE_SYSCALL_X32
 *
 * Uses the tables that the library was built with; a trace has more: exptrace_name().
 * Return: a constant string; NULL if unknown.
 */
const char *exptrace_syscall_name(const char *machine, uint64_t number);

/**
 * exptrace_syscall_number() - find a system call by its name, or by its number in digits
 * @machine:	machine name as in uname(2)
 * @name:	the name, not terminated
 * @len:	its length
 *
 * Return: its number; -ENOENT if unknown.
 */
int exptrace_syscall_number(const char *machine, const char *name, size_t len);

/**
 * exptrace_syscall_number_in() - the same, in the table of one kind of programs
 * @machine:	as for exptrace_syscall_number()
 * @table:	programs of the machine's own kind, 32-bit ones, or x32 ones
 * @name:	the name, not terminated
 * @len:	its length
 *
 * Digits are numbers of the machine's own programs. From 424 on, calls have the same number in all
 * tables, so digits work for the others, too.
 * Return: its number; -ENOENT if unknown.
 */
int exptrace_syscall_number_in(const char *machine, enum exptrace_syscall_table table,
			       const char *name, size_t len);

/**
 * exptrace_selection_syscalls() - which system calls does a selection choose, for all kinds of
 * programs?
 * @machine:	machine of the names, as in uname(2); NULL: no names, only numbers
 * @now:	whether system calls are on now
 * @calls:	in/out: the calls
 *
 * "syscalls:NAME" selects the call of that name in each table that has it. If no calls were on, the
 * first such word selects only those; "syscalls" selects all. Afterwards these words have the state
 * %EXPTRACE_WORD_FOUND if the call exists.
 * Return: 0; -ENOENT: a call is unknown, and @calls is unchanged.
 */
int exptrace_selection_syscalls(struct exptrace_selection *selection, const char *machine,
				bool now, struct exptrace_syscall_tables *calls);

/**
 * exptrace_device_open() - open the recorder
 * @path:	NULL: /dev/exptrace
 * @flags:	as for open(2): O_RDONLY and O_RDWR make it the only reader,
 *		O_WRONLY controls only; O_NONBLOCK. O_CLOEXEC is implied
 * @device:	out; close it with exptrace_device_close()
 *
 * Return: 0; -ENOENT, -ENODEV, -ENXIO: the module is not loaded; -EACCES, -EPERM: not permitted;
 * -EBUSY: there is another reader; -EPROTO: the module has another ABI version; -ENOMEM.
 */
int exptrace_device_open(const char *path, int flags, struct exptrace_device **device);

/* exptrace_device_close() - close it; NULL is allowed */
void exptrace_device_close(struct exptrace_device *device);

/* exptrace_device_fd() - its file, for read(2) and poll(2); the device still owns it */
int exptrace_device_fd(const struct exptrace_device *device);

/**
 * exptrace_device_info() - state of the recorder
 * @info:	out; exptrace/exptrace.h explains its fields
 *
 * Return: 0 or a negative errno.
 */
int exptrace_device_info(struct exptrace_device *device, struct exptrace_info *info);

/*
 * Defaults for a recording: stream mode, everything else from the module's parameters. All fields
 * of struct exptrace_start in order, since C++ has no designated initializers before C++20.
 */
#define EXPTRACE_START_INIT						\
	{ 0, EXPTRACE_MODE_STREAM, EXPTRACE_START_DEFAULT, EXPTRACE_START_DEFAULT,	\
	  0, { 0 }, { 0 }, { 0 } }

/**
 * exptrace_device_start() - start recording
 * @start:	EXPTRACE_START_INIT with changes; quota is indexed by the experiment's number, in
 *		percent of the pool, 0: no limit; a boot_id of zeros is replaced by this machine's
 *
 * Return: 0; -EBUSY: already recording, an earlier recording was not read, or the pool is mapped;
 * -ENOMEM: no memory for the pool; -EINVAL; -EBADF: opened O_RDONLY.
 */
int exptrace_device_start(struct exptrace_device *device, const struct exptrace_start *start);

/**
 * exptrace_device_least_pool() - smallest pool that a recording can have now
 * @start:	as for exptrace_device_start(); its pool_size is ignored
 * @pool_size:	out: bytes
 * @batch_size:	out, or NULL: bytes per batch, in case @start leaves that to the module
 *
 * Depends on the online CPUs, the experiments, and whether any event has stacks. Changes nothing;
 * works on any open device, from any thread.
 *
 * Return: 0; -EINVAL: @start would be refused with any pool; -ENOTTY: an older module.
 */
int exptrace_device_least_pool(struct exptrace_device *device, const struct exptrace_start *start,
			       uint64_t *pool_size, uint32_t *batch_size);

/* exptrace_device_stop() - stop recording. 0, or -EINVAL: not recording */
int exptrace_device_stop(struct exptrace_device *device);

/**
 * exptrace_device_advance() - begin a new generation and wait for the old one to complete
 * @generation:	out, or NULL: the generation that is now complete
 *
 * Return: 0; -EINVAL: not recording; -ENOBUFS: the pool is too full.
 */
int exptrace_device_advance(struct exptrace_device *device, uint64_t *generation);

/**
 * exptrace_device_snapshot() - read the contents of the pool while recording continues
 * @flags:	EXPTRACE_SNAPSHOT_WAIT: wait for the trigger
 * @first:	out, or NULL: first generation of the snapshot
 * @last:	out, or NULL: its last one
 *
 * read(2) on the device's file and exptrace_device_take() then deliver these generations, followed
 * by end of file, and leave them in the pool.
 * Return: 0; -EAGAIN: there is no complete generation; -EBUSY: a batch was read in part or taken,
 * or another thread is waiting; -ECANCELED, only with EXPTRACE_SNAPSHOT_WAIT: not recording, or not
 * any more after the wait; -EINTR: a signal arrived; -ENOMEM; -EBADF: not opened O_RDWR.
 */
int exptrace_device_snapshot(struct exptrace_device *device, uint32_t flags,
			     uint64_t *first, uint64_t *last);

/* exptrace_device_trigger() - fire the trigger. 0, or -EBADF: opened O_RDONLY */
int exptrace_device_trigger(struct exptrace_device *device);

/**
 * exptrace_device_set_trigger() - set a latency threshold that fires the trigger
 * @latency_us:	microseconds between the wakeup of a thread and its running, above which the
 *		trigger fires; 0: never. Stays set until changed, or until the device is closed
 *
 * Return: 0; -EINVAL: more than an hour; -ENOENT: this kernel lacks a tracepoint for it; -ENOMEM;
 * -EBADF: opened O_RDONLY.
 */
int exptrace_device_set_trigger(struct exptrace_device *device, uint64_t latency_us);

/**
 * exptrace_device_mark() - write a marker into the recording
 * @kind:	EXPTRACE_MARK_TEXT, or the beginning or end of a region of that name
 * @text:	its text; cut to 1024 bytes
 *
 * Cost: one ioctl(2), which copies the text. It never waits for a reader or for another thread that
 * writes markers. If nothing is being recorded it fails at the same cost, so a program that writes
 * many markers should check exptrace_device_info() now and then.
 * Thread safety: any number of threads may call this on the same device at a time. The event
 * belongs to the calling thread.
 * Return: 0; -EINVAL: not recording; -ENOBUFS: the pool is full and the marker is lost (the ledger
 * counts it); -EBADF: opened O_RDONLY; -ENOMEM.
 */
int exptrace_device_mark(struct exptrace_device *device, enum exptrace_mark_kind kind,
			 const char *text);

/**
 * exptrace_device_mark_begin() - begin a region; otherwise as exptrace_device_mark()
 * @name:	its name; cut to 1024 bytes
 *
 * Regions of a thread nest: the most recently begun one ends first.
 * Return: as exptrace_device_mark().
 */
int exptrace_device_mark_begin(struct exptrace_device *device, const char *name);

/* exptrace_device_mark_end() - end a region, in the thread that began it */
int exptrace_device_mark_end(struct exptrace_device *device, const char *name);

/**
 * exptrace_device_mark_log() - write a value with a key
 * @key:	kind of value, for example "request"; cut to 1024 bytes
 * @value:	the value; cut likewise
 *
 * Cost and thread safety: as exptrace_device_mark().
 * Return: as exptrace_device_mark().
 */
int exptrace_device_mark_log(struct exptrace_device *device, const char *key,
			     const char *value);

/**
 * exptrace_device_map() - map the pool, for exptrace_device_take()
 *
 * The pool must exist, so a recording must have been started. While it is mapped it stays, and no
 * recording can be started. Does nothing if it is already mapped.
 * Return: 0; -EINVAL: there is no pool; or a negative errno of mmap(2).
 */
int exptrace_device_map(struct exptrace_device *device);

/* exptrace_device_unmap() - unmap the pool; exptrace_device_close() does it as well */
void exptrace_device_unmap(struct exptrace_device *device);

/**
 * exptrace_device_take() - take the next piece of the stream from the mapped pool
 * @ref:	out: what it is
 * @batch:	out: its ref->length bytes if it is a batch, otherwise NULL; valid until the next
 *		take, give, unmap or close
 *
 * Gives back the previous piece first. The stream's header is not among the pieces: read(2)
 * delivers it, and until then poll(2) reports POLLIN. A batch that is not given back before the
 * device is closed goes to the next reader.
 * Return: 0; -EAGAIN: O_NONBLOCK, and there is nothing yet; -EBUSY: read(2) has delivered part of a
 * batch; -EINTR; -EINVAL: the pool is not mapped.
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
 *		is taken from the mapped pool
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
 * 1 MiB. If the sink refuses a batch or the end of a generation, a mapped pool keeps it, and after
 * the device was closed, the next reader gets it and everything after it. Drain a recording or a
 * snapshot only once: the drain begins with the header, which the device delivers once.
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
 * @index:	from 0
 * @event:	out
 *
 * Return: 0, or -ENOENT past the last one.
 */
int exptrace_device_event(struct exptrace_device *device, unsigned int index,
			  struct exptrace_event *event);

/**
 * exptrace_device_switch() - switch an event on or off, with or without stacks
 * @event:	from exptrace_device_event(); only its experiment and name are used
 * @flags:	EXPTRACE_EVENT_F_ENABLED or not, EXPTRACE_EVENT_F_STACK or not
 *
 * Return: 0; -ENOENT: no such event (any more), or this kernel lacks its tracepoint; -EOPNOTSUPP:
 * the experiment does not support stacks; -ENOMEM, -ENOBUFS: there is no room for stacks now. After
 * an error nothing has changed.
 */
int exptrace_device_switch(struct exptrace_device *device, const struct exptrace_event *event,
			   uint32_t flags);

/**
 * exptrace_device_enable() - switch an event on or off, without stacks
 * @index:	as for exptrace_device_event(); refers to another event if an experiment of another
 *		module was registered or unregistered since: see exptrace_device_switch()
 * @on:		whether it should be on
 *
 * Return: 0; -ENOENT: no such event, or this kernel lacks its tracepoint.
 */
int exptrace_device_enable(struct exptrace_device *device, unsigned int index, bool on);

/**
 * exptrace_device_set_event() - switch an event on or off, with or without stacks
 * @index:	as for exptrace_device_enable()
 * @flags:	EXPTRACE_EVENT_F_ENABLED or not, EXPTRACE_EVENT_F_STACK or not
 *
 * Return: 0; -ENOENT: no such event, or this kernel lacks its tracepoint; -EOPNOTSUPP: the
 * experiment does not support stacks; -ENOMEM, -ENOBUFS: there is no room for stacks now. After an
 * error nothing has changed.
 */
int exptrace_device_set_event(struct exptrace_device *device, unsigned int index, uint32_t flags);

/* exptrace_device_syscalls() - get the recorded system calls. 0 or a negative errno */
int exptrace_device_syscalls(struct exptrace_device *device, struct exptrace_syscalls *calls);

/* exptrace_device_set_syscalls() - choose these calls. 0; -EINVAL; -EBADF: opened O_RDONLY */
int exptrace_device_set_syscalls(struct exptrace_device *device,
				 const struct exptrace_syscalls *calls);

/*
 * exptrace_device_syscall_tables() - recorded calls of all kinds of programs. 0 or a negative
 * errno. An older module records all calls of 32-bit and x32 programs if all native calls are
 * wanted, and otherwise none
 */
int exptrace_device_syscall_tables(struct exptrace_device *device,
				   struct exptrace_syscall_tables *calls);

/* exptrace_device_set_syscall_tables() - choose them. 0; -EINVAL; -EBADF: opened O_RDONLY */
int exptrace_device_set_syscall_tables(struct exptrace_device *device,
				       const struct exptrace_syscall_tables *calls);

/**
 * exptrace_device_filter() - get the filter
 * @filter:	out: the filter and its lists in one allocation; free it with free(3). All
 *		zero if there is no filter
 *
 * Return: 0; -ENOMEM.
 */
int exptrace_device_filter(struct exptrace_device *device, struct exptrace_filter **filter);

/**
 * exptrace_device_set_filter() - choose which events are attempted, at any time
 * @filter:	the conditions, with the addresses of the lists (exptrace/exptrace.h);
 *		NULL: no filter
 *
 * Stays set until changed, even after the device is closed. After an error the previous filter
 * stays.
 * Return: 0; -ESRCH: no such thread or process; -ENOENT: no such cgroup; -EINVAL: no such CPU, or a
 * list is too long; -EOPNOTSUPP: this kernel has no cgroups; -ENOMEM; -EBADF: opened O_RDONLY.
 */
int exptrace_device_set_filter(struct exptrace_device *device,
			       const struct exptrace_filter *filter);

/**
 * exptrace_device_select() - switch events and system calls by a selection
 *
 * Offers it the device's events and calls. Leaves events alone that this kernel lacks.
 * Return: number of events that are now on, or a negative errno; -ENOENT: a word is unknown
 * (exptrace_selection_word_state()), and nothing has changed.
 */
int exptrace_device_select(struct exptrace_device *device, struct exptrace_selection *selection);

/**
 * exptrace_device_experiment() - name of an experiment that is part of exptrace
 * @experiment:	its number
 *
 * Return: a constant string; NULL if unknown, for example another module's.
 */
const char *exptrace_device_experiment(uint8_t experiment);

/* exptrace_device_experiment_id() - number of an experiment by its name, or -ENOENT */
int exptrace_device_experiment_id(const char *name, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* LIBEXPTRACE_H */

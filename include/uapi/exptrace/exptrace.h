/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ioctls of /dev/exptrace (see docs/uapi.md).
 *
 * Fields named "reserved" and flags without a name must be zero, else EINVAL.
 */
#ifndef _UAPI_EXPTRACE_EXPTRACE_H
#define _UAPI_EXPTRACE_EXPTRACE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define EXPTRACE_DEVICE			"/dev/exptrace"
#define EXPTRACE_ABI_VERSION		1

/* struct exptrace_start::mode */
enum exptrace_mode {
	EXPTRACE_MODE_STREAM		= 0,	/* a full pool loses new events */
	EXPTRACE_MODE_FLIGHT		= 1,	/* a full pool gives up old ones */
};

/* struct exptrace_info::state */
enum exptrace_state {
	EXPTRACE_STATE_STOPPED		= 0,
	EXPTRACE_STATE_RECORDING	= 1,
};

/* struct exptrace_start::flags */
#define EXPTRACE_START_DISCARD		(1U << 0)	/* drop what was not read */
#define EXPTRACE_START_STOP_ON_CLOSE	(1U << 1)	/* stop when this file is closed */

/* struct exptrace_start: take the module parameter's value */
#define EXPTRACE_START_DEFAULT		0xffffffffU

/* Experiments that can be registered at a time. */
#define EXPTRACE_MAX_EXPERIMENTS	8

/**
 * struct exptrace_start - how to record
 * @flags:	EXPTRACE_START_*
 * @mode:	enum exptrace_mode
 * @batch_size:	bytes per batch: a power of two, 4096 to 65536, a page at least;
 *		EXPTRACE_START_DEFAULT for the module parameter's value
 * @period_ms:	milliseconds between generations; 0: only on demand;
 *		EXPTRACE_START_DEFAULT for the module parameter's value
 * @pool_size:	bytes of all batches together; 0 for the module parameter's value
 * @quota:	by experiment, the most that its events may take of the pool, in
 *		percent; 0: no limit
 * @boot_id:	what /proc/sys/kernel/random/boot_id says, as bytes; for the stream's
 *		properties, which lack it if it is all zero
 * @reserved:	zero
 */
struct exptrace_start {
	__u32 flags;
	__u32 mode;
	__u32 batch_size;
	__u32 period_ms;
	__u64 pool_size;
	__u8  quota[EXPTRACE_MAX_EXPERIMENTS];
	__u8  boot_id[16];
	__u64 reserved[2];
};

/**
 * struct exptrace_advance - begin a new generation
 * @flags:	zero
 * @reserved:	zero
 * @generation:	out: the generation that is now complete
 */
struct exptrace_advance {
	__u32 flags;
	__u32 reserved;
	__u64 generation;
};

/**
 * struct exptrace_info - the state of the recorder
 * @abi_version:	EXPTRACE_ABI_VERSION of the module
 * @state:		enum exptrace_state
 * @generation:		the generation being written; 0 when stopped, or while there is no
 *			room for one after a suspend
 * @pool_size:		bytes of all batches together
 * @batch_size:		bytes per batch
 * @period_ms:		milliseconds between generations, 0: only on demand
 * @batches:		batches in the pool
 * @batches_empty:	of those, free
 * @batches_full:	of those, waiting for a reader
 * @addresses:		1: kernel addresses are recorded, 0: identifiers are
 * @lost:		events lost since start, all reasons
 * @mode:		enum exptrace_mode
 * @padding:		zero
 * @evicted_generations: complete generations given up since start (flight mode)
 * @evicted_events:	events in them, what their tables describe not counted
 * @triggers:		times that a trigger fired since the module was loaded
 * @latency_us:		the threshold of SET_TRIGGER, 0: none
 * @missing_tasks:	threads that found no room in the statedumps since start
 * @unknown_sites:	places in the code that got no number since start: the
 *			generation had too many
 * @unknown_stacks:	likewise, stacks
 * @missing_changes:	what became of threads in the completed generations since start, and
 *			was lost: no name of a thread in these generations is certain
 * @reserved:		zero
 */
struct exptrace_info {
	__u32 abi_version;
	__u32 state;
	__u64 generation;
	__u64 pool_size;
	__u32 batch_size;
	__u32 period_ms;
	__u32 batches;
	__u32 batches_empty;
	__u32 batches_full;
	__u32 addresses;
	__u64 lost;
	__u32 mode;
	__u32 padding;
	__u64 evicted_generations;
	__u64 evicted_events;
	__u64 triggers;
	__u64 latency_us;
	__u64 missing_tasks;
	__u64 unknown_sites;
	__u64 unknown_stacks;
	__u64 missing_changes;
	__u64 reserved[3];
};

/* struct exptrace_event::flags */
#define EXPTRACE_EVENT_F_ENABLED		(1U << 0)
#define EXPTRACE_EVENT_F_AVAILABLE	(1U << 1)	/* this kernel has it */
#define EXPTRACE_EVENT_F_STACK		(1U << 2)	/* with the kernel's stack */

/**
 * struct exptrace_event - one event of the module's catalogue
 * @index:	GET_EVENT: which one, from 0 on (ENOENT past the last); the same index is
 *		another event when an experiment comes or goes
 * @flags:	EXPTRACE_EVENT_F_*
 * @experiment:	its experiment
 * @type:	its first type in the experiment's batches
 * @reserved:	zero
 * @group:	its group: sched, alloc, ...
 * @name:	its name, that of the tracepoint
 *
 * GET_EVENT tells all but @index. SET_EVENT looks at @flags, and finds the event by
 * @experiment and @name; only if @name is empty, by @index.
 */
struct exptrace_event {
	__u32 index;
	__u32 flags;
	__u8  experiment;
	__u8  type;
	__u8  reserved[6];
	char  group[16];
	char  name[32];
};

/* struct exptrace_snapshot::flags */
#define EXPTRACE_SNAPSHOT_WAIT		(1U << 0)	/* for the next trigger */

/**
 * struct exptrace_snapshot - read what the pool holds, while recording goes on
 * @flags:	EXPTRACE_SNAPSHOT_*
 * @reserved:	zero
 * @first:	out: the first generation of the snapshot
 * @last:	out: its last
 */
struct exptrace_snapshot {
	__u32 flags;
	__u32 reserved;
	__u64 first;
	__u64 last;
};

/* struct exptrace_batch_ref::kind */
enum exptrace_ref_kind {
	EXPTRACE_REF_BATCH		= 0,	/* one or more, whole */
	EXPTRACE_REF_END_OF_GENERATION	= 1,
	EXPTRACE_REF_END		= 2,	/* the stream is at its end */
};

/**
 * struct exptrace_batch_ref - where in the mapped pool the next batch lies, or several that
 * follow each other
 * @kind:	enum exptrace_ref_kind
 * @length:	bytes of them, headers included
 * @offset:	of its first byte in the mapping
 * @generation:	its generation
 */
struct exptrace_batch_ref {
	__u32 kind;
	__u32 length;
	__u64 offset;
	__u64 generation;
};

/**
 * struct exptrace_trigger - when the kernel is to ask for a snapshot by itself
 * @latency_us:	a thread ran later than this after it was woken; 0: never
 * @reserved:	zero
 */
struct exptrace_trigger {
	__u64 latency_us;
	__u64 reserved[3];
};

/* System calls that can be told apart; a multiple of 64. */
#define EXPTRACE_MAX_SYSCALLS		1024

/**
 * struct exptrace_syscalls - which system calls the group syscalls records
 * @wanted:	a bit for each number: bit n % 64 of wanted[n / 64]
 * @reserved:	zero
 *
 * Of programs of the machine's own kind. Of 32-bit programs and x32 ones, all are recorded
 * after SET_SYSCALLS if all bits are set, else none; so are those with larger numbers.
 */
struct exptrace_syscalls {
	__u64 wanted[EXPTRACE_MAX_SYSCALLS / 64];
	__u64 reserved[2];
};

/* The tables in which numbers of system calls count. */
enum exptrace_syscall_table {
	EXPTRACE_SYSCALLS_NATIVE	= 0,
	EXPTRACE_SYSCALLS_COMPAT	= 1,	/* of 32-bit programs */
	EXPTRACE_SYSCALLS_X32		= 2,
	EXPTRACE_NR_SYSCALL_TABLES	= 3,
};

/**
 * struct exptrace_syscall_tables - which system calls of whose programs are recorded
 * @wanted:	for each table as in struct exptrace_syscalls; if all bits of all tables are
 *		set, then also those with larger numbers
 * @reserved:	zero
 */
struct exptrace_syscall_tables {
	__u64 wanted[EXPTRACE_NR_SYSCALL_TABLES][EXPTRACE_MAX_SYSCALLS / 64];
	__u64 reserved[2];
};

/* struct exptrace_mark::kind */
enum exptrace_mark_kind {
	EXPTRACE_MARK_TEXT		= 0,
	EXPTRACE_MARK_BEGIN		= 1,	/* a region of that name begins */
	EXPTRACE_MARK_END		= 2,
	EXPTRACE_MARK_LOG		= 3,	/* a value, with a key that it is found by */
};

/**
 * struct exptrace_mark - write a marker into the standard stream
 * @kind:	enum exptrace_mark_kind
 * @length:	bytes of the text, at most 1024
 * @text:	where it is; the region's name, the value
 * @key:	where the key is; of EXPTRACE_MARK_LOG only, else zero
 * @key_length:	bytes of the key, at most 1024
 * @reserved:	zero
 */
struct exptrace_mark {
	__u32 kind;
	__u32 length;
	__u64 text;
	__u64 key;
	__u32 key_length;
	__u32 reserved;
};

/* struct exptrace_filter::flags */
#define EXPTRACE_FILTER_CHILDREN	(1U << 0)	/* and the processes that they create */

/* struct exptrace_filter: most threads, most processes, most words of CPUs */
#define EXPTRACE_FILTER_MAX_PIDS	1024
#define EXPTRACE_FILTER_MAX_CPU_WORDS	128

/**
 * struct exptrace_filter - which events are attempted
 * @flags:	EXPTRACE_FILTER_*
 * @nr_threads:	ids in @threads, at most EXPTRACE_FILTER_MAX_PIDS
 * @nr_processes: ids in @processes, likewise
 * @nr_cpu_words: words in @cpus, at most EXPTRACE_FILTER_MAX_CPU_WORDS; 0: all CPUs
 * @threads:	where they are, __u32 each: of single threads, in the caller's pid namespace
 * @processes:	likewise: of processes, with all threads that they have and will have
 * @cpus:	where they are, __u64 each: bit n % 64 of word n / 64 is CPU n
 * @cgroup:	id of a cgroup of the unified hierarchy, those below it included; 0: all
 * @min_syscall_ns: system calls that took less are not recorded; 0: all are
 * @min_switch_ns: switches away from a thread that ran less are not; 0: all are
 * @reserved:	zero
 *
 * An event has to meet all conditions. Threads and processes are one condition: if
 * any are named, an event is of one of them. All zero: nothing is filtered.
 *
 * GET_FILTER tells 0 in the place of a thread or process that has no id in the caller's pid
 * namespace; SET_FILTER takes none. In events, ids are those of the initial namespace.
 */
struct exptrace_filter {
	__u32 flags;
	__u32 nr_threads;
	__u32 nr_processes;
	__u32 nr_cpu_words;
	__u64 threads;
	__u64 processes;
	__u64 cpus;
	__u64 cgroup;
	__u64 min_syscall_ns;
	__u64 min_switch_ns;
	__u64 reserved[8];
};

#define EXPTRACE_IOC_MAGIC		0xE7

/* Read the state. Any open file. */
#define EXPTRACE_IOC_INFO	_IOR(EXPTRACE_IOC_MAGIC, 0x00, struct exptrace_info)
/* Start recording. EBUSY: it is on, or an earlier recording was not read. */
#define EXPTRACE_IOC_START	_IOW(EXPTRACE_IOC_MAGIC, 0x01, struct exptrace_start)
/* Stop recording; readers drain and then see the end of file. EINVAL: it is off. */
#define EXPTRACE_IOC_STOP	_IO(EXPTRACE_IOC_MAGIC, 0x02)
/* Begin a new generation and wait until the old one is complete. */
#define EXPTRACE_IOC_ADVANCE	_IOWR(EXPTRACE_IOC_MAGIC, 0x03, struct exptrace_advance)
/* Describe an event. Any open file. */
#define EXPTRACE_IOC_GET_EVENT	_IOWR(EXPTRACE_IOC_MAGIC, 0x04, struct exptrace_event)
/*
 * Switch an event, found by experiment and name: EXPTRACE_EVENT_F_ENABLED in flags or not,
 * and EXPTRACE_EVENT_F_STACK or not. ENOENT: it is not there (any more); EOPNOTSUPP: its
 * experiment has no event for stacks; ENOMEM, ENOBUFS: no room for stacks. After an error
 * nothing has changed.
 */
#define EXPTRACE_IOC_SET_EVENT	_IOW(EXPTRACE_IOC_MAGIC, 0x05, struct exptrace_event)
/*
 * Complete the present generation and hold all complete ones; read(2) and TAKE on
 * this file then deliver these, from a header to the end of file, and take nothing
 * away. Held until the end, the next SNAPSHOT or close. EAGAIN: nothing to hold;
 * ECANCELED: nothing is recorded, or not any more when the trigger fires.
 */
#define EXPTRACE_IOC_SNAPSHOT	_IOWR(EXPTRACE_IOC_MAGIC, 0x06, struct exptrace_snapshot)
/* Fire the trigger: whoever waits in SNAPSHOT gets what the pool holds now. */
#define EXPTRACE_IOC_TRIGGER	_IO(EXPTRACE_IOC_MAGIC, 0x07)
/*
 * Set the condition on which the trigger fires by itself; it lasts until this file
 * is closed or another is set.
 */
#define EXPTRACE_IOC_SET_TRIGGER _IOW(EXPTRACE_IOC_MAGIC, 0x08, struct exptrace_trigger)
/*
 * The mapped pool: give back what was taken before, take the next. What was not
 * given back when the file is closed comes again. EFAULT: the next stays the next.
 */
#define EXPTRACE_IOC_TAKE	_IOR(EXPTRACE_IOC_MAGIC, 0x09, struct exptrace_batch_ref)
/* The mapped pool: give back what was taken. EINVAL: nothing was. */
#define EXPTRACE_IOC_GIVE	_IO(EXPTRACE_IOC_MAGIC, 0x0a)
/* Which system calls are recorded. Any open file. */
#define EXPTRACE_IOC_GET_SYSCALLS _IOR(EXPTRACE_IOC_MAGIC, 0x0b, struct exptrace_syscalls)
/* Choose those that are recorded; it holds until it is set again. */
#define EXPTRACE_IOC_SET_SYSCALLS _IOW(EXPTRACE_IOC_MAGIC, 0x0c, struct exptrace_syscalls)
/* Write a marker. EINVAL: nothing is being recorded; ENOBUFS: it is lost. */
#define EXPTRACE_IOC_MARK	_IOW(EXPTRACE_IOC_MAGIC, 0x0d, struct exptrace_mark)
/*
 * Which filter is set: in are the places for threads, processes and CPUs and how many
 * each has room for; out is how many there are. What has no room is not told. Any
 * open file.
 */
#define EXPTRACE_IOC_GET_FILTER	_IOWR(EXPTRACE_IOC_MAGIC, 0x0e, struct exptrace_filter)
/*
 * Set the filter, at any time; it holds until it is set again. After an error the one
 * before still holds. ESRCH: no such thread or process in the caller's pid namespace; ENOENT:
 * no such cgroup.
 */
#define EXPTRACE_IOC_SET_FILTER	_IOW(EXPTRACE_IOC_MAGIC, 0x0f, struct exptrace_filter)
/*
 * In pool_size, the smallest pool that START takes now if all else is as the argument says, and
 * the size of its batches; whatever pool_size said. Changes nothing. Any open file.
 */
#define EXPTRACE_IOC_LEAST_POOL	_IOWR(EXPTRACE_IOC_MAGIC, 0x10, struct exptrace_start)

/* As GET_SYSCALLS and SET_SYSCALLS, for the programs of each kind. */
#define EXPTRACE_IOC_GET_SYSCALL_TABLES \
	_IOR(EXPTRACE_IOC_MAGIC, 0x11, struct exptrace_syscall_tables)
#define EXPTRACE_IOC_SET_SYSCALL_TABLES \
	_IOW(EXPTRACE_IOC_MAGIC, 0x12, struct exptrace_syscall_tables)

#endif /* _UAPI_EXPTRACE_EXPTRACE_H */

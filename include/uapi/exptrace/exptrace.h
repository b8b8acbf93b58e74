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
#define EXPTRACE_START_DISCARD		(1U << 0)	/* drop unread data */
#define EXPTRACE_START_STOP_ON_CLOSE	(1U << 1)	/* stop when this file is closed */

/* struct exptrace_start: use the module parameter's value */
#define EXPTRACE_START_DEFAULT		0xffffffffU

/* Maximum number of registered experiments */
#define EXPTRACE_MAX_EXPERIMENTS	8

/**
 * struct exptrace_start - how to record
 * @flags:	EXPTRACE_START_*
 * @mode:	enum exptrace_mode
 * @batch_size:	bytes per batch: a power of two, 4096 to 65536, at least a page;
 *		EXPTRACE_START_DEFAULT for the module parameter's value
 * @period_ms:	milliseconds between generations; 0: only by size and on demand;
 *		EXPTRACE_START_DEFAULT for the module parameter's value
 * @pool_size:	total bytes of all batches; 0 for the module parameter's value
 * @quota:	limit per experiment for the share of the pool that its events may use, in
 *		percent; 0: no limit
 * @boot_id:	/proc/sys/kernel/random/boot_id as bytes, for the stream's properties, which
 *		lack it if this is all zero
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
 * struct exptrace_info - state of the recorder
 * @abi_version:	EXPTRACE_ABI_VERSION of the module
 * @state:		enum exptrace_state
 * @generation:		the generation being written; 0 when stopped, or while there is no
 *			room for one after a suspend
 * @pool_size:		total bytes of all batches
 * @batch_size:		bytes per batch
 * @period_ms:		milliseconds between generations, 0: only by size and on demand
 * @batches:		batches in the pool
 * @batches_empty:	number of those that are empty
 * @batches_full:	number of those that wait for a reader
 * @addresses:		1: kernel addresses are recorded, 0: identifiers are
 * @lost:		events lost since start, for all reasons
 * @mode:		enum exptrace_mode
 * @padding:		zero
 * @evicted_generations: complete generations given up since start (flight mode)
 * @evicted_events:	events in them, not counting entries of tables
 * @triggers:		how often a trigger fired since the module was loaded
 * @latency_us:		the threshold of SET_TRIGGER, 0: none
 * @missing_tasks:	threads for which statedumps had no room since start
 * @unknown_sites:	call sites that got no number since start because the generation
 *			had too many
 * @unknown_stacks:	stacks that got no number, likewise
 * @missing_changes:	lost records about threads in the generations completed since start;
 *			if not 0, thread names in these generations are uncertain
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
 * @index:	GET_EVENT: which one, from 0 (ENOENT past the last one); an index refers to
 *		another event after an experiment was registered or unregistered
 * @flags:	EXPTRACE_EVENT_F_*
 * @experiment:	its experiment
 * @type:	its first type in the experiment's batches
 * @reserved:	zero
 * @group:	its group: sched, alloc, ...
 * @name:	its name, that of the tracepoint
 *
 * GET_EVENT fills in everything but @index. SET_EVENT uses @flags, and finds the event by
 * @experiment and @name, or by @index if @name is empty.
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
#define EXPTRACE_SNAPSHOT_WAIT		(1U << 0)	/* wait for the next trigger */

/**
 * struct exptrace_snapshot - read the contents of the pool while recording continues
 * @flags:	EXPTRACE_SNAPSHOT_*
 * @reserved:	zero
 * @first:	out: the first generation of the snapshot
 * @last:	out: its last one
 */
struct exptrace_snapshot {
	__u32 flags;
	__u32 reserved;
	__u64 first;
	__u64 last;
};

/* struct exptrace_batch_ref::kind */
enum exptrace_ref_kind {
	EXPTRACE_REF_BATCH		= 0,	/* one or more whole batches */
	EXPTRACE_REF_END_OF_GENERATION	= 1,
	EXPTRACE_REF_END		= 2,	/* end of the stream */
};

/**
 * struct exptrace_batch_ref - position of the next batch, or of several consecutive ones, in
 * the mapped pool
 * @kind:	enum exptrace_ref_kind
 * @length:	total bytes, including headers
 * @offset:	of the first byte in the mapping
 * @generation:	its generation
 */
struct exptrace_batch_ref {
	__u32 kind;
	__u32 length;
	__u64 offset;
	__u64 generation;
};

/**
 * struct exptrace_trigger - when the kernel itself fires the trigger
 * @latency_us:	threshold for the time between the wakeup of a thread and its running; 0: never
 * @reserved:	zero
 */
struct exptrace_trigger {
	__u64 latency_us;
	__u64 reserved[3];
};

/* Number of system calls that can be selected; a multiple of 64 */
#define EXPTRACE_MAX_SYSCALLS		1024

/**
 * struct exptrace_syscalls - which system calls the group syscalls records
 * @wanted:	one bit per number: bit n % 64 of wanted[n / 64]
 * @reserved:	zero
 *
 * This applies to programs of the machine's own kind. After SET_SYSCALLS, the calls of 32-bit
 * and x32 programs, and calls with larger numbers, are all recorded if all bits are set, and none
 * of them otherwise.
 */
struct exptrace_syscalls {
	__u64 wanted[EXPTRACE_MAX_SYSCALLS / 64];
	__u64 reserved[2];
};

/* The tables of system call numbers */
enum exptrace_syscall_table {
	EXPTRACE_SYSCALLS_NATIVE	= 0,
	EXPTRACE_SYSCALLS_COMPAT	= 1,	/* 32-bit programs */
	EXPTRACE_SYSCALLS_X32		= 2,
	EXPTRACE_NR_SYSCALL_TABLES	= 3,
};

/**
 * struct exptrace_syscall_tables - which system calls are recorded, per kind of program
 * @wanted:	per table, as in struct exptrace_syscalls; if all bits of all tables are set,
 *		calls with larger numbers are recorded, too
 * @reserved:	zero
 */
struct exptrace_syscall_tables {
	__u64 wanted[EXPTRACE_NR_SYSCALL_TABLES][EXPTRACE_MAX_SYSCALLS / 64];
	__u64 reserved[2];
};

/* struct exptrace_mark::kind */
enum exptrace_mark_kind {
	EXPTRACE_MARK_TEXT		= 0,
	EXPTRACE_MARK_BEGIN		= 1,	/* beginning of a region */
	EXPTRACE_MARK_END		= 2,
	EXPTRACE_MARK_LOG		= 3,	/* a value with a key */
};

/**
 * struct exptrace_mark - write a marker into the standard stream
 * @kind:	enum exptrace_mark_kind
 * @length:	bytes of the text, at most 1024
 * @text:	its address; the region's name, or the value
 * @key:	address of the key; only for EXPTRACE_MARK_LOG, otherwise zero
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
#define EXPTRACE_FILTER_CHILDREN	(1U << 0)	/* and the processes they create */

/* struct exptrace_filter: limits of threads, processes, and words of CPUs */
#define EXPTRACE_FILTER_MAX_PIDS	1024
#define EXPTRACE_FILTER_MAX_CPU_WORDS	128

/**
 * struct exptrace_filter - which events are attempted
 * @flags:	EXPTRACE_FILTER_*
 * @nr_threads:	ids in @threads, at most EXPTRACE_FILTER_MAX_PIDS
 * @nr_processes: ids in @processes, likewise
 * @nr_cpu_words: words in @cpus, at most EXPTRACE_FILTER_MAX_CPU_WORDS; 0: all CPUs
 * @threads:	address of an array of __u32: ids of single threads, in the caller's pid
 *		namespace
 * @processes:	likewise: ids of processes, including all their present and future threads
 * @cpus:	address of an array of __u64: bit n % 64 of word n / 64 is CPU n
 * @cgroup:	id of a cgroup of the unified hierarchy, including those below it; 0: all
 * @min_syscall_ns: shorter system calls are not recorded; 0: all are
 * @min_switch_ns: switches away from a thread that ran for less time are not; 0: all are
 * @reserved:	zero
 *
 * An event must meet all conditions. Threads and processes are one condition: if any are given,
 * the event must belong to one of them. All zero: no filter.
 *
 * GET_FILTER returns 0 for a thread or process that has no id in the caller's pid namespace;
 * SET_FILTER does not accept 0. Events contain ids of the initial namespace.
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
/* Start recording. EBUSY: already recording, or an earlier recording was not read. */
#define EXPTRACE_IOC_START	_IOW(EXPTRACE_IOC_MAGIC, 0x01, struct exptrace_start)
/* Stop recording; readers get the rest and then end of file. EINVAL: not recording. */
#define EXPTRACE_IOC_STOP	_IO(EXPTRACE_IOC_MAGIC, 0x02)
/* Begin a new generation and wait until the old one is complete. */
#define EXPTRACE_IOC_ADVANCE	_IOWR(EXPTRACE_IOC_MAGIC, 0x03, struct exptrace_advance)
/* Describe an event. Any open file. */
#define EXPTRACE_IOC_GET_EVENT	_IOWR(EXPTRACE_IOC_MAGIC, 0x04, struct exptrace_event)
/*
 * Switch an event, found by experiment and name, on or off (EXPTRACE_EVENT_F_ENABLED) and its
 * stacks (EXPTRACE_EVENT_F_STACK). ENOENT: no such event (any more); EOPNOTSUPP: its experiment
 * does not support stacks; ENOMEM, ENOBUFS: no room for stacks. After an error nothing has
 * changed.
 */
#define EXPTRACE_IOC_SET_EVENT	_IOW(EXPTRACE_IOC_MAGIC, 0x05, struct exptrace_event)
/*
 * Complete the current generation and hold all complete ones. read(2) and TAKE on this file then
 * deliver them, from a header to end of file, and leave them in the pool. They are held until the
 * end, the next SNAPSHOT or close. EAGAIN: nothing to hold; ECANCELED, only with
 * EXPTRACE_SNAPSHOT_WAIT: not recording, or not any more after the wait.
 */
#define EXPTRACE_IOC_SNAPSHOT	_IOWR(EXPTRACE_IOC_MAGIC, 0x06, struct exptrace_snapshot)
/* Fire the trigger: callers that wait in SNAPSHOT get the present contents of the pool. */
#define EXPTRACE_IOC_TRIGGER	_IO(EXPTRACE_IOC_MAGIC, 0x07)
/*
 * Set the condition that fires the trigger. It stays until this file is closed or another
 * condition is set.
 */
#define EXPTRACE_IOC_SET_TRIGGER _IOW(EXPTRACE_IOC_MAGIC, 0x08, struct exptrace_trigger)
/*
 * The mapped pool: give back the previous batch, take the next one. A batch not given back when
 * the file is closed is delivered again. EFAULT: the next call takes the same batch.
 */
#define EXPTRACE_IOC_TAKE	_IOR(EXPTRACE_IOC_MAGIC, 0x09, struct exptrace_batch_ref)
/* The mapped pool: give back what was taken. EINVAL: nothing was taken. */
#define EXPTRACE_IOC_GIVE	_IO(EXPTRACE_IOC_MAGIC, 0x0a)
/* Get the recorded system calls. Any open file. */
#define EXPTRACE_IOC_GET_SYSCALLS _IOR(EXPTRACE_IOC_MAGIC, 0x0b, struct exptrace_syscalls)
/* Choose the recorded system calls; they stay until changed. */
#define EXPTRACE_IOC_SET_SYSCALLS _IOW(EXPTRACE_IOC_MAGIC, 0x0c, struct exptrace_syscalls)
/* Write a marker. EINVAL: not recording; ENOBUFS: the marker is lost. */
#define EXPTRACE_IOC_MARK	_IOW(EXPTRACE_IOC_MAGIC, 0x0d, struct exptrace_mark)
/*
 * Get the filter. In: addresses of arrays for threads, processes and CPUs, and the room in each.
 * Out: the actual numbers. Entries beyond the room are left out. Any open file.
 */
#define EXPTRACE_IOC_GET_FILTER	_IOWR(EXPTRACE_IOC_MAGIC, 0x0e, struct exptrace_filter)
/*
 * Set the filter, at any time; it stays until changed. After an error the previous one stays.
 * ESRCH: no such thread or process in the caller's pid namespace; ENOENT: no such cgroup.
 */
#define EXPTRACE_IOC_SET_FILTER	_IOW(EXPTRACE_IOC_MAGIC, 0x0f, struct exptrace_filter)
/*
 * Return the smallest pool that START accepts now, in pool_size, and the size of its batches; all
 * else is as in the argument, whose pool_size is ignored. Changes nothing. Any open file.
 */
#define EXPTRACE_IOC_LEAST_POOL	_IOWR(EXPTRACE_IOC_MAGIC, 0x10, struct exptrace_start)

/* The same as GET_SYSCALLS and SET_SYSCALLS, for each kind of program */
#define EXPTRACE_IOC_GET_SYSCALL_TABLES \
	_IOR(EXPTRACE_IOC_MAGIC, 0x11, struct exptrace_syscall_tables)
#define EXPTRACE_IOC_SET_SYSCALL_TABLES \
	_IOW(EXPTRACE_IOC_MAGIC, 0x12, struct exptrace_syscall_tables)

#endif /* _UAPI_EXPTRACE_EXPTRACE_H */

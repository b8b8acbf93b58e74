/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The numbers of exptrace's wire format, version 2 (see docs/wire-format.md).
 *
 * The framing is that of Go's execution trace v2. Numbers that Go uses keep Go's meaning;
 * exptrace's own use numbers that are free in Go (Go's v2 has 1 to 52 and 127 to 136).
 */
#ifndef _UAPI_EXPTRACE_WIRE_H
#define _UAPI_EXPTRACE_WIRE_H

/* The header: these characters, then zero bytes up to its size */
#define EXPTRACE_HEADER_SIZE		16
#define EXPTRACE_HEADER_MAGIC		"exptrace v2"
#define EXPTRACE_WIRE_VERSION		2

/* Maximum bytes of a batch including its header, and of a varint */
#define EXPTRACE_BATCH_MAX		(64 * 1024)
#define EXPTRACE_VARINT_MAX		10
/* type, experiment, generation, m, timestamp, padded length */
#define EXPTRACE_BATCH_HEADER_MAX	(2 + 4 * EXPTRACE_VARINT_MAX)

/* Maximum bytes of a string in an event or a table; longer ones are cut */
#define EXPTRACE_STRING_MAX		1024

/* The writer number of a writer that is not bound to a CPU; otherwise 4 * cpu + context */
#define EXPTRACE_M_NONE			(~0ULL)

enum exptrace_context {
	EXPTRACE_CONTEXT_TASK		= 0,
	EXPTRACE_CONTEXT_SOFTIRQ	= 1,
	EXPTRACE_CONTEXT_HARDIRQ	= 2,
	EXPTRACE_CONTEXT_NMI		= 3,
	EXPTRACE_NR_CONTEXTS		= 4,
};

/* Bytes between batches, and first bytes of the batches of experiment 0 */
enum exptrace_wire {
	EXPTRACE_WIRE_EVENT_BATCH	= 1,	/* generation, m, time, length */
	EXPTRACE_WIRE_STACKS		= 2,
	EXPTRACE_WIRE_STACK		= 3,
	EXPTRACE_WIRE_STRINGS		= 4,
	EXPTRACE_WIRE_STRING		= 5,
	EXPTRACE_WIRE_FREQUENCY		= 8,	/* ticks per second */
	EXPTRACE_WIRE_EXP_BATCH		= 49,	/* experiment, then as above */
	EXPTRACE_WIRE_SYNC		= 50,
	EXPTRACE_WIRE_CLOCK_SNAPSHOT	= 51,	/* dt, mono ns, wall s, wall ns */
	EXPTRACE_WIRE_END_OF_GENERATION	= 52,

	/* not in Go */
	EXPTRACE_WIRE_SCHEMA		= 53,
	EXPTRACE_WIRE_SCHEMA_EXPERIMENT	= 54,	/* id, version, name */
	EXPTRACE_WIRE_SCHEMA_EVENT	= 55,	/* see docs/wire-format.md */
	EXPTRACE_WIRE_LEDGER		= 56,
	EXPTRACE_WIRE_LEDGER_ENTRY	= 57,	/* see docs/wire-format.md */
	EXPTRACE_WIRE_PROPERTIES	= 58,
	EXPTRACE_WIRE_PROPERTY		= 59,	/* key, value */
	EXPTRACE_WIRE_STACK_CUT		= 137,	/* as 3, outermost frames cut off */
};

/*
 * Types of timed events; each experiment has its own. Those below EXPTRACE_EVENT_FIRST, and from
 * EXPTRACE_EVENT_CHANGE_FIRST on, carry state: the ledger does not count them, and they can't be
 * selected.
 */
#define EXPTRACE_EVENT_STATE_FIRST	60
#define EXPTRACE_EVENT_FIRST		64
#define EXPTRACE_EVENT_CHANGE_FIRST	240
#define EXPTRACE_EVENT_LAST		255
#define EXPTRACE_EVENT_IS_STATE(type)	\
	((type) < EXPTRACE_EVENT_FIRST || (type) >= EXPTRACE_EVENT_CHANGE_FIRST)
#define EXPTRACE_EVENT_IS_GO(type)	((type) <= 52 || ((type) >= 127 && (type) <= 136))

/* First byte of an experimental batch's data: what it holds */
enum exptrace_content {
	EXPTRACE_CONTENT_EVENTS		= 0,	/* timed events, as in the schema */
	EXPTRACE_CONTENT_DATA		= 1,	/* private data of the experiment */
};

/* Meaning and encoding of an argument */
enum exptrace_kind {
	EXPTRACE_KIND_UINT		= 1,	/* a number */
	EXPTRACE_KIND_INT		= 2,	/* zigzag */
	EXPTRACE_KIND_PID		= 3,	/* thread id, initial namespace */
	EXPTRACE_KIND_CPU		= 4,
	EXPTRACE_KIND_BYTES		= 5,	/* a size */
	EXPTRACE_KIND_SITE		= 6,	/* call site: id of a stack, two bytes */
	EXPTRACE_KIND_DATA_ADDRESS	= 7,	/* ror64(address - data_base, 3), see below */
	EXPTRACE_KIND_STRING		= 8,	/* length, bytes */
	EXPTRACE_KIND_STRING_ID		= 9,
	EXPTRACE_KIND_STACK_ID		= 10,
	EXPTRACE_KIND_TYPE_ID		= 11,
	EXPTRACE_KIND_FLAGS		= 12,	/* shown in hexadecimal */
	EXPTRACE_KIND_TASK_STATE	= 13,	/* enum exptrace_task_state */
	EXPTRACE_KIND_USER_ADDRESS	= 14,	/* delta to the last one in the batch */
	EXPTRACE_KIND_DEVICE		= 15,	/* major << 20 | minor */
	EXPTRACE_KIND_IRQ		= 16,	/* interrupt number */
	EXPTRACE_KIND_SOFTIRQ		= 17,	/* softirq number */
	EXPTRACE_KIND_SYSCALL		= 18,	/* system call number */
	EXPTRACE_KIND_USER_CODE		= 19,	/* as 14, address in the program's code */
};

/*
 * An object's address v takes two bytes, little endian: its low 15 bits. The upper bits are those
 * of the last object in the batch with the same bits 9 to 14 (0 if there was none). If they differ,
 * EXPTRACE_OBJECT_FAR is set, and three more bytes hold the upper bits. If the five bytes would
 * make EXPTRACE_OBJECT_LONG or more, the fifth is 0xff, and a number follows with the bits that the
 * four bytes before it, without the mark, cannot hold: v >> 31.
 */
#define EXPTRACE_OBJECT_NEAR_BYTES	2
#define EXPTRACE_OBJECT_NEAR_BITS	15
#define EXPTRACE_OBJECT_PAGE_BITS	9
#define EXPTRACE_OBJECT_PAGES		64
#define EXPTRACE_OBJECT_FAR		0x8000U
#define EXPTRACE_OBJECT_BYTES		5
#define EXPTRACE_OBJECT_LONG		(0xffULL << 32)

/* Bytes of a call site, little endian; 0: unknown */
#define EXPTRACE_SITE_BYTES		2

/*
 * Flags of a system call number. COMPAT: call of a 32-bit program; X32, whatever COMPAT is: call of
 * an x32 program. The number without these bits belongs to the table of that kind.
 */
#define EXPTRACE_SYSCALL_COMPAT		(1U << 31)
#define EXPTRACE_SYSCALL_X32		(1U << 30)

/* Instead of a number: the call has none, or has lost it at its end */
#define EXPTRACE_SYSCALL_NONE		0x7fffffffU

/* State in which a task left its CPU, with the letters of ps(1) */
enum exptrace_task_state {
	EXPTRACE_TASK_R			= 0,	/* runnable: it yielded */
	EXPTRACE_TASK_S			= 1,
	EXPTRACE_TASK_D			= 2,
	EXPTRACE_TASK_STOPPED		= 3,	/* T */
	EXPTRACE_TASK_TRACED		= 4,	/* t */
	EXPTRACE_TASK_X			= 5,
	EXPTRACE_TASK_Z			= 6,
	EXPTRACE_TASK_P			= 7,	/* parked */
	EXPTRACE_TASK_I			= 8,	/* idle kernel thread */
	EXPTRACE_TASK_PREEMPTED		= 9,	/* R+ */
	EXPTRACE_NR_TASK_STATES		= 10,
};

/* Why an attempted event was not recorded. */
enum exptrace_lost {
	EXPTRACE_LOST_POOL		= 0,	/* no empty batch left */
	EXPTRACE_LOST_NESTED		= 1,	/* fired inside its own context's writer */
	EXPTRACE_LOST_CONTENDED		= 2,	/* NMI while the pool's lock was taken */
	EXPTRACE_LOST_OVERWRITTEN	= 3,	/* flight mode: its batch was given up */
	EXPTRACE_LOST_QUOTA		= 4,	/* the experiment had used its quota */
	EXPTRACE_LOST_BURST		= 5,	/* too many in one call, with preemption off */
	EXPTRACE_NR_LOST		= 6,
};

#endif /* _UAPI_EXPTRACE_WIRE_H */

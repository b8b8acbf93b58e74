/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of the BPF recorder: what a special-purpose program would store.
 */
#ifndef _BENCH_RECORD_H
#define _BENCH_RECORD_H

enum record_type {
	RECORD_SWITCH = 1,
	RECORD_SYS_ENTER,
	RECORD_SYS_EXIT,
	RECORD_KMALLOC,
	RECORD_KFREE,
	RECORD_BENCH_0,
	RECORD_BENCH_2,
	RECORD_BENCH_5,
};

struct record_switch {
	__u64	time;
	__u32	type;
	__u32	prev_pid;
	__u32	next_pid;
	__u32	prev_state;
};

/* The head of the other records. */
struct record {
	__u64	time;
	__u32	type;
	__u32	pid;
};

struct record_sys_enter {
	struct record	head;
	__u64		id;
	__u64		args[6];
};

struct record_sys_exit {
	struct record	head;
	__u64		id;
	__u64		ret;
};

struct record_kmalloc {
	struct record	head;
	__u64		call_site;
	__u64		ptr;
	__u64		bytes_req;
	__u64		bytes_alloc;
};

struct record_kfree {
	struct record	head;
	__u64		call_site;
	__u64		ptr;
};

struct record_2 {
	struct record	head;
	__u32		args[2];
};

struct record_5 {
	struct record	head;
	__u32		args[6];	/* the last one is padding */
};

#endif /* _BENCH_RECORD_H */

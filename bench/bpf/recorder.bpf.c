// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BPF recorder: writes events to BPF's ring buffer as a libbpf program would, without wakeups.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "record.h"

struct pt_regs {
	unsigned long r10, r9, r8, dx, si, di;
} __attribute__((preserve_access_index));

struct task_struct {
	int pid;
	unsigned int __state;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} ring SEC(".maps");

__u64 lost;

/* All records begin with the same fields. */
static __always_inline void *reserve(__u64 size, __u32 type)
{
	struct record *r = bpf_ringbuf_reserve(&ring, size, 0);

	if (!r) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	r->time = bpf_ktime_get_ns();
	r->type = type;
	return r;
}

static __always_inline void submit(void *r)
{
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

static __always_inline __u32 current_pid(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

SEC("tp_btf/sched_switch")
int on_sched_switch(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	struct record_switch *r = reserve(sizeof(*r), RECORD_SWITCH);

	if (!r)
		return 0;
	r->prev_pid = prev->pid;
	r->next_pid = next->pid;
	r->prev_state = ctx[3];
	submit(r);
	return 0;
}

SEC("tp_btf/sys_enter")
int on_sys_enter(__u64 *ctx)
{
	struct record_sys_enter *r = reserve(sizeof(*r), RECORD_SYS_ENTER);
	struct pt_regs *regs = (void *)ctx[0];

	if (!r)
		return 0;
	r->head.pid = current_pid();
	r->id = ctx[1];
	r->args[0] = regs->di;
	r->args[1] = regs->si;
	r->args[2] = regs->dx;
	r->args[3] = regs->r10;
	r->args[4] = regs->r8;
	r->args[5] = regs->r9;
	submit(r);
	return 0;
}

SEC("tp_btf/sys_exit")
int on_sys_exit(__u64 *ctx)
{
	struct record_sys_exit *r = reserve(sizeof(*r), RECORD_SYS_EXIT);

	if (!r)
		return 0;
	r->head.pid = current_pid();
	r->id = 0;
	r->ret = ctx[1];
	submit(r);
	return 0;
}

SEC("raw_tp/kmalloc")
int on_kmalloc(__u64 *ctx)
{
	struct record_kmalloc *r = reserve(sizeof(*r), RECORD_KMALLOC);

	if (!r)
		return 0;
	r->head.pid = current_pid();
	r->call_site = ctx[0];
	r->ptr = ctx[1];
	r->bytes_req = ctx[2];
	r->bytes_alloc = ctx[3];
	submit(r);
	return 0;
}

SEC("raw_tp/kfree")
int on_kfree(__u64 *ctx)
{
	struct record_kfree *r = reserve(sizeof(*r), RECORD_KFREE);

	if (!r)
		return 0;
	r->head.pid = current_pid();
	r->call_site = ctx[0];
	r->ptr = ctx[1];
	submit(r);
	return 0;
}

SEC("raw_tp/bench_0")
int on_bench_0(void *ctx __attribute__((unused)))
{
	struct record *r = reserve(sizeof(*r), RECORD_BENCH_0);

	if (!r)
		return 0;
	r->pid = current_pid();
	submit(r);
	return 0;
}

SEC("raw_tp/bench_2")
int on_bench_2(__u64 *ctx)
{
	struct record_2 *r = reserve(sizeof(*r), RECORD_BENCH_2);

	if (!r)
		return 0;
	r->head.pid = current_pid();
	r->args[0] = ctx[0];
	r->args[1] = ctx[1];
	submit(r);
	return 0;
}

SEC("raw_tp/bench_5")
int on_bench_5(__u64 *ctx)
{
	struct record_5 *r = reserve(sizeof(*r), RECORD_BENCH_5);

	if (!r)
		return 0;
	r->head.pid = current_pid();
	r->args[0] = ctx[0];
	r->args[1] = ctx[1];
	r->args[2] = ctx[2];
	r->args[3] = ctx[3];
	r->args[4] = ctx[4];
	r->args[5] = 0;
	submit(r);
	return 0;
}

char _license[] SEC("license") = "GPL";

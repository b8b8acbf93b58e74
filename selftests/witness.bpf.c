// SPDX-License-Identifier: GPL-2.0-only
/*
 * The witness: counts, per task and type, the events that exptrace records, at the same tracepoints but without using
 * exptrace. Only tasks below control.root count, from the fork that creates them to the switch away from the dead
 * task, so no event lies at the edge of what is watched.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "witness.h"

#define TASK_DEAD	0x80

/*
 * Bits of the preemption count: NMI, hard interrupt, softirq being served (not on PREEMPT_RT, where a task serves it). Newer
 * kernels, with local_interrupt_disable_state, count disabled interrupts in between; bit 31 is not one of these bits where
 * it means that no reschedule is needed.
 */
#define IN_INTERRUPT		0xff0100
#define IN_INTERRUPT_NEWER	0x7f000100

struct thread_info {
	unsigned int cpu;
} __attribute__((preserve_access_index));

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	int pid;
} __attribute__((preserve_access_index));

/* 6.2 to 6.14 have the preemption count in here. */
struct pcpu_hot___witness {
	int preempt_count;
} __attribute__((preserve_access_index));

extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot___witness pcpu_hot __ksym __weak;
extern const unsigned long local_interrupt_disable_state __ksym __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WITNESS_TASKS);
	__type(key, int);
	__type(value, struct witness_counts);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct witness_control);
} control SEC(".maps");

static const struct witness_counts zero;

static struct witness_control *the_control(void)
{
	int key = 0;

	return bpf_map_lookup_elem(&control, &key);
}

/* Several CPUs can see events of one task at the same time: its wake-ups. */
static bool count(int pid, int type, __u64 sum)
{
	struct witness_counts *counts = bpf_map_lookup_elem(&tasks, &pid);

	if (!counts)
		return false;
	__sync_fetch_and_add(&counts->n[type], 1);
	__sync_fetch_and_add(&counts->sum[type], sum);
	return true;
}

SEC("tp_btf/sched_switch")
int on_switch(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	struct witness_control *c = the_control();

	if (count(prev->pid, WITNESS_SWITCH, next->pid) && c && prev->__state & TASK_DEAD)
		__sync_fetch_and_add(&c->dead, 1);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int on_wakeup(__u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];

	count(p->pid, WITNESS_WAKEUP, p->thread_info.cpu);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int on_wakeup_new(__u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];

	count(p->pid, WITNESS_WAKEUP_NEW, p->thread_info.cpu);
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int on_migrate(__u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];

	count(p->pid, WITNESS_MIGRATE, p->thread_info.cpu * 1000ULL + (int)ctx[1]);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int on_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	int parent_pid = parent->pid, child_pid = child->pid;
	struct witness_control *c = the_control();

	if (!c || (parent_pid != (int)c->root && !bpf_map_lookup_elem(&tasks, &parent_pid)))
		return 0;
	if (bpf_map_update_elem(&tasks, &child_pid, &zero, BPF_NOEXIST)) {
		__sync_fetch_and_add(&c->errors, 1);
		return 0;
	}
	__sync_fetch_and_add(&c->born, 1);
	count(child_pid, WITNESS_FORK, parent_pid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];

	count(p->pid, WITNESS_EXEC, (int)ctx[1]);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];

	count(p->pid, WITNESS_EXIT, 0);
	return 0;
}

/* Only a program without type information can read pointers to anything but structs. */
SEC("raw_tp/task_rename")
int on_rename(__u64 *ctx)
{
	struct task_struct *p = (void *)ctx[0];
	char comm[16] = {};
	__u64 sum = 0;
	int i;

	bpf_probe_read_kernel_str(comm, sizeof(comm), (void *)ctx[1]);
	for (i = 0; i < 16; i++)
		sum = sum * 31 + (unsigned char)comm[i];
	count(BPF_CORE_READ(p, pid), WITNESS_RENAME, sum);
	return 0;
}

static int preempt_count(void)
{
	const struct pcpu_hot___witness *hot;

	if (&__preempt_count)
		return *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	if (!&pcpu_hot)
		return IN_INTERRUPT | IN_INTERRUPT_NEWER;
	hot = bpf_this_cpu_ptr(&pcpu_hot);
	return hot->preempt_count;
}

static bool in_interrupt(void)
{
	return preempt_count() & (&local_interrupt_disable_state ? IN_INTERRUPT_NEWER : IN_INTERRUPT);
}

/* Every one of these tracepoints begins with (call_site, ptr). */
static int count_memory(int type, const __u64 *ctx)
{
	struct task_struct *current = (void *)bpf_get_current_task_btf();
	struct witness_control *c;

	if (!in_interrupt()) {
		count(current->pid, type, ctx[0] + 3 * ctx[1]);
		return 0;
	}
	c = the_control();
	if (c && type < WITNESS_NR)
		__sync_fetch_and_add(&c->interrupts, 1);
	return 0;
}

/*
 * The kernel does not run a program on a CPU that is already running it: the program does not see what an interrupt frees
 * meanwhile, and the kernel only reports how often that happened. Events in interrupts are not compared, but to be sure that
 * nothing else was missed there are two programs for each of these tracepoints: one sees what the other misses.
 */
#define MEMORY_EVENT(name, type)					\
	SEC("raw_tp/" #name) int on_##name(__u64 *ctx)			\
	{								\
		return count_memory(type, ctx);				\
	}								\
	SEC("raw_tp/" #name) int again_##name(__u64 *ctx)		\
	{								\
		return count_memory(WITNESS_AGAIN + (type) - WITNESS_KMALLOC, ctx); \
	}

MEMORY_EVENT(kmalloc, WITNESS_KMALLOC)
MEMORY_EVENT(kfree, WITNESS_KFREE)
MEMORY_EVENT(kmem_cache_alloc, WITNESS_CACHE_ALLOC)
MEMORY_EVENT(kmem_cache_free, WITNESS_CACHE_FREE)

char _license[] SEC("license") = "GPL";

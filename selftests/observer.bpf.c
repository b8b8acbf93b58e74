// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts how often tracepoints fire that exptrace records, too, without using anything of
 * exptrace's. Every program has its own counter: a program does not count what an interrupt does
 * while it runs, and the kernel reports how often that happened.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "observer.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OBSERVER_NR);
	__type(key, int);
	__type(value, __u64);
} counts SEC(".maps");

#define OBSERVE(name, id)					\
	SEC("raw_tp/" #name) int on_##name(void *ctx)		\
	{							\
		int key = OBSERVER_##id;			\
		__u64 *n = bpf_map_lookup_elem(&counts, &key);	\
								\
		(void)ctx;					\
		if (n)						\
			++*n;					\
		return 0;					\
	}

OBSERVER_EVENTS(OBSERVE)

char _license[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only
/* Load observer.bpf.o, and add up its counters. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf_object.h"
#include "observe.h"

struct observer {
	struct bpf_object *object;
	struct bpf_link *links[OBSERVER_NR];
	int programs[OBSERVER_NR], nr, counts, cpus;
};

/*
 * A kernel without BPF, or without BPF programs at tracepoints, rejects the program type; anything
 * else wrong is a failure.
 */
const char *observer_missing(void)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "GPL", nothing, 2, NULL);

	if (fd < 0)
		return errno == ENOSYS || errno == EINVAL ? "the kernel has no BPF programs for tracepoints" : NULL;
	close(fd);
	return NULL;
}

static int load(struct observer *o)
{
	struct bpf_program *program;

	o->object = bpf_object_beside("observer.bpf.o");
	if (!o->object)
		return -errno;
	o->counts = bpf_object__find_map_fd_by_name(o->object, "counts");
	o->cpus = libbpf_num_possible_cpus();
	if (o->cpus < 1 || o->cpus > OBSERVED_CPUS)
		return -E2BIG;
	bpf_object__for_each_program(program, o->object) {
		o->programs[o->nr] = bpf_program__fd(program);
		o->links[o->nr] = bpf_program__attach(program);
		if (!o->links[o->nr])
			return -errno;
		o->nr++;
	}
	return 0;
}

struct observer *observer_open(void)
{
	struct observer *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return NULL;
	err = load(o);
	if (!err)
		return o;
	observer_close(o);
	errno = -err;
	return NULL;
}

int observer_read(const struct observer *o, struct observation *seen)
{
	uint64_t values[o->cpus];
	int i, cpu, experiment;

	*seen = (struct observation){};
	for (i = 0; i < OBSERVER_NR; i++) {
		experiment = i >= OBSERVER_FIRST_ALLOCFREE;
		if (bpf_map_lookup_elem(o->counts, &i, values))
			return -errno;
		for (cpu = 0; cpu < o->cpus; cpu++)
			seen->n[experiment][cpu] += values[cpu];
	}
	/* The programs are in the order of the file, which is that of the events. */
	for (i = 0; i < o->nr; i++) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);

		if (bpf_obj_get_info_by_fd(o->programs[i], &info, &size))
			return -errno;
		seen->missed[i >= OBSERVER_FIRST_ALLOCFREE] += info.recursion_misses;
	}
	return 0;
}

void observer_close(struct observer *o)
{
	int i;

	if (!o)
		return;
	for (i = 0; i < o->nr; i++)
		bpf_link__destroy(o->links[i]);
	bpf_object__close(o->object);
	free(o);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the device's filter and the system calls that are recorded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <exptrace/wire.h>

#include "filter.h"

/* Prints parts with separators between them. */
struct parts {
	FILE *file;
	const char *before;	/* printed before the next part */
};

static void begin_part(struct parts *parts)
{
	fputs(parts->before, parts->file);
	parts->before = "; ";
}

static void print_filter_pids(struct parts *parts, const char *what, uint64_t list, uint32_t n)
{
	const uint32_t *pids = (const uint32_t *)(uintptr_t)list;
	uint32_t i;

	if (!n)
		return;
	begin_part(parts);
	fputs(what, parts->file);
	for (i = 0; i < n; i++) {
		fputc(i ? ',' : ' ', parts->file);
		/* 0: no id in this pid namespace */
		if (pids[i])
			fprintf(parts->file, "%u", pids[i]);
		else
			fputc('?', parts->file);
	}
}

static bool has_cpu(const struct exptrace_filter *filter, uint32_t cpu)
{
	const uint64_t *cpus = (const uint64_t *)(uintptr_t)filter->cpus;

	return cpu / 64 < filter->nr_cpu_words && cpus[cpu / 64] >> cpu % 64 & 1;
}

static void print_filter_cpus(struct parts *parts, const struct exptrace_filter *filter)
{
	const char *before = "CPUs ";
	uint32_t cpu, last;

	if (!filter->nr_cpu_words)
		return;
	begin_part(parts);
	for (cpu = 0; cpu < filter->nr_cpu_words * 64; cpu = last + 1) {
		last = cpu;
		if (!has_cpu(filter, cpu))
			continue;
		while (has_cpu(filter, last + 1))
			last++;
		fprintf(parts->file, last > cpu ? "%s%u-%u" : "%s%u", before, cpu, last);
		before = ",";
	}
}

static void print_min_duration(struct parts *parts, const char *what, uint64_t ns)
{
	if (!ns)
		return;
	begin_part(parts);
	fprintf(parts->file, "%s %.12g us or more", what, (double)ns / 1000);
}

static void print_filter(struct parts *parts, const struct exptrace_filter *filter)
{
	print_filter_pids(parts, "processes", filter->processes, filter->nr_processes);
	print_filter_pids(parts, "threads", filter->threads, filter->nr_threads);
	if (filter->flags & EXPTRACE_FILTER_CHILDREN)
		fputs(" and children", parts->file);
	if (filter->cgroup) {
		begin_part(parts);
		fprintf(parts->file, "cgroup %llu", (unsigned long long)filter->cgroup);
	}
	print_filter_cpus(parts, filter);
	print_min_duration(parts, "system calls of", filter->min_syscall_ns);
	print_min_duration(parts, "switches after", filter->min_switch_ns);
}

int filter_print(FILE *file, const char *head, struct exptrace_device *device)
{
	struct parts parts = { file, head };
	struct exptrace_filter *filter;
	int err = exptrace_device_filter(device, &filter);

	if (err)
		return err;
	print_filter(&parts, filter);
	if (parts.before != head)
		fputc('\n', file);
	free(filter);
	return 0;
}

/* Is the system call of this name recorded for the machine's native programs? */
static bool is_native(const struct exptrace_syscall_tables *calls, const char *machine,
		      const char *name)
{
	const uint64_t *wanted = (const uint64_t *)calls->wanted[EXPTRACE_SYSCALLS_NATIVE];
	int nr = name ? exptrace_syscall_number(machine, name, strlen(name)) : -ENOENT;

	return nr >= 0 && wanted[nr / 64] >> nr % 64 & 1;
}

/* Print the calls of one table, except those that were printed for the native one. */
static void print_table(struct parts *parts, const struct exptrace_syscall_tables *calls,
			enum exptrace_syscall_table table)
{
	static const struct {
		uint64_t bits;
		const char *after;
	} kinds[EXPTRACE_NR_SYSCALL_TABLES] = {
		{ 0, "" }, { EXPTRACE_SYSCALL_COMPAT, " (32-bit)" },
		{ EXPTRACE_SYSCALL_X32, " (x32)" },
	};
	struct utsname host = { 0 };
	unsigned int nr;

	uname(&host);
	for (nr = 0; nr < EXPTRACE_MAX_SYSCALLS; nr++) {
		const char *name = exptrace_syscall_name(host.machine, kinds[table].bits | nr);

		if (!(calls->wanted[table][nr / 64] >> nr % 64 & 1) ||
		    (table != EXPTRACE_SYSCALLS_NATIVE && is_native(calls, host.machine, name)))
			continue;
		fputs(parts->before, parts->file);
		parts->before = ",";
		if (name)
			fprintf(parts->file, "%s%s", name, kinds[table].after);
		else
			fprintf(parts->file, "%u%s", nr, kinds[table].after);
	}
}

static bool has_none(const struct exptrace_syscall_tables *calls,
		     enum exptrace_syscall_table table)
{
	static const uint64_t none[EXPTRACE_MAX_SYSCALLS / 64];

	return !memcmp(calls->wanted[table], none, sizeof(none));
}

int filter_print_syscalls(FILE *file, const char *head, struct exptrace_device *device)
{
	struct exptrace_syscall_tables calls, all;
	struct parts parts = { file, head };
	int table, err = exptrace_device_syscall_tables(device, &calls);

	if (err)
		return err;
	memset(&all, 0xff, sizeof(all));
	if (!memcmp(calls.wanted, all.wanted, sizeof(all.wanted)))
		return 0;
	for (table = 0; table < EXPTRACE_NR_SYSCALL_TABLES; table++)
		print_table(&parts, &calls, (enum exptrace_syscall_table)table);
	if (parts.before == head)
		fprintf(file, "%snone", head);
	else if (has_none(&calls, EXPTRACE_SYSCALLS_COMPAT))
		fputs("; none of 32-bit programs", file);
	fputc('\n', file);
	return 0;
}

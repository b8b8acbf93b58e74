// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints as perf sees them (see perf.h): one ring per CPU, large enough not to be read during
 * the recording.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "perf.h"

#define EVENTS		"/sys/kernel/tracing/events"
#define RING_SIZE	(1 << 20)

/* Larger than any record. */
#define RECORD_MAX	4096

struct sample {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t time;
	uint32_t cpu, reserved;
	uint32_t size;
	uint8_t data[];
};

/*
 * The part of a line of a "format" file that declares the field, such as "unsigned long args[6]".
 */
static int parse_field(const char *line, const char *wanted, struct perf_field *field)
{
	size_t length = strcspn(wanted, "[");
	unsigned int count = 1, index = 0;
	char declared[128], *name, *array;

	if (sscanf(line, " field:%127[^;]; offset:%u; size:%u; signed:%d;", declared, &field->offset, &field->size,
		   &field->is_signed) != 4)
		return -ENOENT;
	name = strrchr(declared, ' ');
	array = name ? strchr(name, '[') : NULL;
	if (!name || strncmp(name + 1, wanted, length) || (name[length + 1] && name + length + 1 != array))
		return -ENOENT;
	if (!wanted[length])
		return 0;
	if (!array || sscanf(array, "[%u]", &count) != 1 || sscanf(wanted + length, "[%u]", &index) != 1 || index >= count)
		return -ENOENT;
	field->size /= count;
	field->offset += index * field->size;
	return 0;
}

static int find_field(const char *tracepoint, const char *wanted, struct perf_field *field)
{
	char path[256], line[512];
	int err = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), EVENTS "/%s/format", tracepoint);
	f = fopen(path, "r");
	while (f && err && fgets(line, sizeof(line), f))
		err = parse_field(line, wanted, field);
	if (f)
		fclose(f);
	return err;
}

static int find_tracepoint(struct perf *p, const struct perf_tracepoint *t)
{
	int n = p->nr_tracepoints, i, err = 0;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), EVENTS "/%s/id", t->name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%hu", &p->id[n]) != 1)
		err = -ENOENT;
	if (f)
		fclose(f);
	for (i = 0; !err && i < PERF_FIELDS; i++)
		if (t->field[i])
			err = find_field(t->name, t->field[i], &p->field[n][i]);
	p->nr_tracepoints++;
	return err;
}

/* Without wakeups, which would be events themselves: nobody waits. */
static int open_event(uint16_t id, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .config = id, .sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_RAW,
		.use_clockid = 1, .clockid = CLOCK_MONOTONIC, .watermark = 1, .wakeup_watermark = 1U << 31,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_ring(struct perf *p, int fd, int cpu)
{
	void *ring = mmap(NULL, sysconf(_SC_PAGESIZE) + RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (ring == MAP_FAILED)
		return -errno;
	p->ring[cpu] = ring;
	return 0;
}

static int start_cpu(struct perf *p, int cpu)
{
	int first = p->nr_fds, i, err = 0;

	for (i = 0; !err && i < p->nr_tracepoints; i++) {
		int fd = open_event(p->id[i], cpu);

		if (fd == -ENODEV)
			return 0;
		if (fd < 0)
			return fd;
		p->fds[p->nr_fds++] = fd;
		if (!i)
			err = open_ring(p, fd, cpu);
		else if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, p->fds[first]))
			err = -errno;
	}
	return err;
}

int perf_start(struct perf *p, const struct perf_tracepoint *tracepoints, int nr)
{
	int cpus = sysconf(_SC_NPROCESSORS_CONF), i, err = 0;

	memset(p, 0, sizeof(*p));
	if (nr > PERF_TRACEPOINTS || cpus > PERF_CPUS)
		return -E2BIG;
	for (i = 0; !err && i < nr; i++)
		err = find_tracepoint(p, &tracepoints[i]);
	for (i = 0; !err && i < cpus; i++)
		err = start_cpu(p, i);
	return err;
}

static uint64_t value_of(const struct perf_field *field, const uint8_t *data)
{
	uint64_t value = 0;
	unsigned int size = field->size < sizeof(value) ? field->size : sizeof(value);

	memcpy(&value, data + field->offset, size);
	if (field->is_signed && size < sizeof(value) && value >> (8 * size - 1))
		value |= ~0ULL << 8 * size;
	return value;
}

static void take(struct perf *p, const struct sample *s)
{
	struct perf_seen seen = { .time = s->time, .cpu = s->cpu, .tid = s->tid, .tracepoint = -1, .nth = p->nr };
	uint16_t id;
	int i;

	memcpy(&id, s->data, sizeof(id));
	for (i = 0; i < p->nr_tracepoints; i++)
		if (p->id[i] == id)
			seen.tracepoint = i;
	if (seen.tracepoint < 0)
		return;
	for (i = 0; i < PERF_FIELDS; i++)
		if (p->field[seen.tracepoint][i].size)
			seen.value[i] = value_of(&p->field[seen.tracepoint][i], s->data);
	p->seen[p->nr++] = seen;
}

/*
 * The ring was never read, so it starts at its beginning, and it is full if another record might
 * not fit.
 */
static int read_ring(struct perf *p, const void *ring)
{
	const struct perf_event_mmap_page *page = ring;
	const uint8_t *at = (const uint8_t *)ring + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	const uint8_t *end = at + head;

	if (head > RING_SIZE - RECORD_MAX)
		return -ENOBUFS;
	p->seen = realloc(p->seen, (p->nr + head / sizeof(struct sample) + 1) * sizeof(*p->seen));
	if (!p->seen)
		abort();
	for (; at < end; at += ((const struct perf_event_header *)at)->size)
		if (((const struct perf_event_header *)at)->type == PERF_RECORD_SAMPLE)
			take(p, (const struct sample *)at);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct perf_seen *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x->nth > y->nth) - (x->nth < y->nth);
}

int perf_stop(struct perf *p)
{
	int i, err = 0;

	for (i = 0; i < p->nr_fds; i++)
		ioctl(p->fds[i], PERF_EVENT_IOC_DISABLE, 0);
	for (i = 0; !err && i < PERF_CPUS; i++)
		if (p->ring[i])
			err = read_ring(p, p->ring[i]);
	if (p->nr)
		qsort(p->seen, p->nr, sizeof(*p->seen), by_time);
	return err;
}

void perf_free(struct perf *p)
{
	int i;

	for (i = 0; i < PERF_CPUS; i++)
		if (p->ring[i])
			munmap(p->ring[i], sysconf(_SC_PAGESIZE) + RING_SIZE);
	for (i = 0; i < p->nr_fds; i++)
		close(p->fds[i]);
	free(p->seen);
	memset(p, 0, sizeof(*p));
}

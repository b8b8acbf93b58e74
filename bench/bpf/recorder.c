// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BPF recorder's user side, after libbpf's documentation: attaches the programs of the given events, waits for
 * SIGINT, detaches, and then reads the ring buffer into a file.
 *
 *	recorder OBJECT MIB FILE EVENT...
 *
 * Prints "ready" when it records, and at the end "events N bytes N lost N cpu N": records read, bytes they took in the
 * ring, events that found it full, and nanoseconds of CPU time spent reading.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

/* Bytes of the header of a record in the ring. */
#define RECORD_HEADER	8
#define MAX_LINKS	16

struct sink {
	FILE *file;
	uint64_t events, bytes;
};

static void die(const char *what)
{
	fprintf(stderr, "recorder: %s failed\n", what);
	exit(1);
}

static int take(void *data, void *record, size_t size)
{
	struct sink *sink = data;

	sink->events++;
	sink->bytes += RECORD_HEADER + ((size + 7) & ~7UL);
	return fwrite(record, size, 1, sink->file) == 1 ? 0 : -1;
}

static uint64_t cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Does not load the other programs: their tracepoints may not exist. */
static void choose(struct bpf_object *object, char **events)
{
	struct bpf_program *program;
	char **e, name[64];

	bpf_object__for_each_program(program, object) {
		bpf_program__set_autoload(program, false);
		for (e = events; *e; e++) {
			snprintf(name, sizeof(name), "on_%s", *e);
			if (!strcmp(name, bpf_program__name(program)))
				bpf_program__set_autoload(program, true);
		}
	}
}

static int attach(struct bpf_object *object, struct bpf_link **links)
{
	struct bpf_program *program;
	int n = 0;

	bpf_object__for_each_program(program, object) {
		if (!bpf_program__autoload(program))
			continue;
		links[n] = bpf_program__attach(program);
		if (!links[n++])
			die("attaching");
	}
	return n;
}

static uint64_t lost_events(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".bss");
	uint32_t zero = 0;
	uint64_t lost;

	if (!map || bpf_map__lookup_elem(map, &zero, sizeof(zero), &lost, sizeof(lost), 0))
		die("reading the lost events");
	return lost;
}

int main(int argc, char **argv)
{
	struct bpf_link *links[MAX_LINKS];
	struct bpf_object *object;
	struct ring_buffer *ring;
	struct sink sink = { 0 };
	uint64_t start;
	sigset_t set;
	int sig, n;

	if (argc < 5)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	object = bpf_object__open(argv[1]);
	if (!object)
		die("opening the programs");
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "ring"), atoi(argv[2]) << 20);
	choose(object, argv + 4);
	if (bpf_object__load(object))
		die("loading the programs");
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"), take, &sink, NULL);
	sink.file = fopen(argv[3], "w");
	if (!ring || !sink.file)
		die("opening the ring buffer or the file");
	n = attach(object, links);
	puts("ready");
	fflush(stdout);
	sigwait(&set, &sig);
	while (n)
		bpf_link__destroy(links[--n]);
	start = cpu_time();
	if (ring_buffer__consume(ring) < 0 || fclose(sink.file))
		die("reading the ring buffer");
	printf("events %llu bytes %llu lost %llu cpu %llu\n", (unsigned long long)sink.events,
	       (unsigned long long)sink.bytes, (unsigned long long)lost_events(object),
	       (unsigned long long)(cpu_time() - start));
	return 0;
}

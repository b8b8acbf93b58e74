// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and soft interrupts: they match perf and /proc, and have the names of their handlers.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "compare.h"

#define SOFTIRQS	10

/* The sum of the numbers that follow "name:" in a file of /proc. */
static uint64_t proc_count(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	uint64_t sum = 0;
	char line[4096];

	while (f && fgets(line, sizeof(line), f)) {
		char *at = line + strspn(line, " "), *end;

		if (strncmp(at, name, strlen(name)) || at[strlen(name)] != ':')
			continue;
		for (at += strlen(name) + 1;; at = end) {
			uint64_t n = strtoull(at, &end, 10);

			if (end == at)
				break;
			sum += n;
		}
	}
	if (f)
		fclose(f);
	return sum;
}

static const char *const softirqs[SOFTIRQS] = {
	"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU",
};

static void read_softirqs(uint64_t count[SOFTIRQS])
{
	int i;

	for (i = 0; i < SOFTIRQS; i++)
		count[i] = proc_count("/proc/softirqs", softirqs[i]);
}

/* Their number lies between what /proc/softirqs counts inside and around the recording. */
TEST_F(module, softirqs_match_the_counts_of_proc)
{
	uint64_t before[SOFTIRQS], first[SOFTIRQS], last[SOFTIRQS], after[SOFTIRQS], seen[SOFTIRQS] = {}, sum = 0;
	uint64_t entered[4 * STREAM_CPUS] = {};
	struct recording r = {};
	size_t i;

	ASSERT_EQ(0, record_only(self->control, "softirq_entry", "softirq_exit", "softirq_raise", NULL));
	read_softirqs(before);
	ASSERT_EQ(0, recording_start(self->control));
	read_softirqs(first);
	ASSERT_LT(0, work_pingpong(50));
	usleep(100000);
	read_softirqs(last);
	STOP_AND_DECODE(&r);
	read_softirqs(after);
	for (i = 0; i < r.nr; i++) {
		const struct stream_event *e = r.sorted[i];

		if (EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		ASSERT_GT(SOFTIRQS, e->arg[0].value);
		if (e->type == EXPTRACE_EVENT_SOFTIRQ_ENTRY) {
			seen[e->arg[0].value]++;
			entered[e->m] = e->arg[0].value + 1;
		} else if (e->type == EXPTRACE_EVENT_SOFTIRQ_EXIT && entered[e->m]) {
			/* They do not nest. (Preemptible ones may be interleaved with others.) */
			if ((e->m & 3) == EXPTRACE_CONTEXT_SOFTIRQ) {
				EXPECT_EQ(entered[e->m] - 1, e->arg[0].value);
			}
			entered[e->m] = 0;
		}
	}
	for (i = 0; i < SOFTIRQS; i++) {
		EXPECT_LE(last[i] - first[i], seen[i]) {
			TH_LOG("%s", softirqs[i]);
		}
		EXPECT_GE(after[i] - before[i], seen[i]) {
			TH_LOG("%s", softirqs[i]);
		}
		sum += seen[i];
	}
	EXPECT_LT(0, sum);
	EXPECT_LT(0, stream_count(&r.stream, 0, EXPTRACE_EVENT_SOFTIRQ_RAISE, 0));
	recording_free(&r);
}

static void use_softirqs(void)
{
	if (work_pingpong(50) < 0)
		_exit(1);
	usleep(100000);
}

/*
 * A soft interrupt is raised before it runs. Raised again before it runs, it runs once. While one
 * is starting, it may already be raised again, and with PREEMPT_RT another may wait in a thread.
 */
#define RAISED_MAX	3

TEST_F(module, softirqs_match_perf)
{
	static const struct perf_tracepoint seen[] = {
		{ "irq/softirq_raise", { "vec" } }, { "irq/softirq_entry", { "vec" } }, { "irq/softirq_exit", { "vec" } },
	};
	unsigned int raised[STREAM_CPUS][SOFTIRQS], cpu, vec;
	struct comparison c = {};
	size_t i, entered = 0;

	ASSERT_EQ(0, record_only(self->control, "softirq_entry", "softirq_exit", "softirq_raise", NULL));
	RECORD_AND_COMPARE(&c, seen, use_softirqs);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_SOFTIRQ_RAISE, 0));
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_SOFTIRQ_ENTRY, 1));
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_SOFTIRQ_EXIT, 2));
	/* It is unknown what was raised before the recording began. */
	for (cpu = 0; cpu < STREAM_CPUS; cpu++)
		for (vec = 0; vec < SOFTIRQS; vec++)
			raised[cpu][vec] = RAISED_MAX;
	for (i = 0; i < c.r.nr; i++) {
		const struct stream_event *e = c.r.sorted[i];

		if (EXPTRACE_EVENT_IS_STATE(e->type))
			continue;
		cpu = e->m >> 2;
		vec = e->arg[0].value;
		ASSERT_GT(SOFTIRQS, vec);
		if (e->type == EXPTRACE_EVENT_SOFTIRQ_RAISE) {
			raised[cpu][vec] += raised[cpu][vec] < RAISED_MAX;
		} else if (e->type == EXPTRACE_EVENT_SOFTIRQ_ENTRY) {
			EXPECT_LT(0, raised[cpu][vec]) {
				TH_LOG("%s on CPU %u", softirqs[vec], cpu);
			}
			raised[cpu][vec] -= !!raised[cpu][vec];
			entered++;
		}
	}
	EXPECT_LT(0, entered);
	comparison_free(&c);
}

/* Give the machine's devices something to do: look up names that are not cached. */
static void use_devices(void)
{
	char path[64];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "/usr/exptrace-%d-%d-%lld", getpid(), i, now_ms());
		if (!access(path, F_OK))
			_exit(1);
	}
}

/* An interrupt may have several handlers, which run one after the other, never nested. */
TEST_F(module, interrupts_match_perf)
{
	static const struct perf_tracepoint seen[] = {
		{ "irq/irq_handler_entry", { "irq" } }, { "irq/irq_handler_exit", { "irq", "ret" } },
	};
	struct comparison c = {};
	int pairs;
	size_t i;

	ASSERT_EQ(0, record_only(self->control, "irq_handler_entry", "irq_handler_exit", NULL));
	RECORD_AND_COMPARE(&c, seen, use_devices);
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, 0));
	EXPECT_SAME(differs_on_cpus(&c, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, 1));
	for (i = 0; i < c.r.nr; i++)
		if (!EXPTRACE_EVENT_IS_STATE(c.r.sorted[i]->type)) {
			EXPECT_EQ(EXPTRACE_CONTEXT_HARDIRQ, c.r.sorted[i]->m & 3);
		}
	pairs = count_pairs(&c.r, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, EXPTRACE_EVENT_IRQ_HANDLER_EXIT);
	EXPECT_LE(0, pairs);
	comparison_free(&c);
	if (!pairs)
		SKIP(return, "no device of this machine interrupts");
}

TEST_F(module, interrupts_match_the_counts_of_proc)
{
	const struct stream_event *e;
	uint64_t irq, seen = 0, before, first, last, after;
	struct recording r = {};
	size_t at = 0, i;
	char name[16];

	ASSERT_EQ(0, record_only(self->control, "irq_handler_entry", "irq_handler_exit", NULL));
	/* Find an interrupt that occurs. */
	ASSERT_EQ(0, recording_start(self->control));
	ASSERT_LT(0, in_child(use_devices));
	STOP_AND_DECODE(&r);
	e = next_of(&r, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, 0, &at);
	if (!e) {
		recording_free(&r);
		SKIP(return, "no device of this machine interrupts");
	}
	irq = e->arg[0].value;
	recording_free(&r);
	memset(&r, 0, sizeof(r));

	snprintf(name, sizeof(name), "%llu", (unsigned long long)irq);
	before = proc_count("/proc/interrupts", name);
	ASSERT_EQ(0, recording_start(self->control));
	first = proc_count("/proc/interrupts", name);
	ASSERT_LT(0, in_child(use_devices));
	last = proc_count("/proc/interrupts", name);
	STOP_AND_DECODE(&r);
	after = proc_count("/proc/interrupts", name);
	for (i = 0; i < r.nr; i++) {
		e = r.sorted[i];
		if (e->type == EXPTRACE_EVENT_IRQ_HANDLER_ENTRY)
			seen += e->arg[0].value == irq;
		if (e->type == EXPTRACE_EVENT_IRQ_HANDLER_EXIT) {
			EXPECT_GE(3, e->arg[1].value);
		}
	}
	/* Each handler of a shared interrupt is counted, so there may be more. */
	EXPECT_LE(last - first, seen);
	EXPECT_LT(0, after - before);
	recording_free(&r);
}

/* The line of an interrupt in /proc/interrupts, or "". */
static const char *irq_line(unsigned int irq, char line[4096])
{
	FILE *f = fopen("/proc/interrupts", "r");
	char *end;

	while (f && fgets(line, 4096, f))
		if (strtoul(line, &end, 10) == irq && *end == ':')
			break;
	if (!f || feof(f))
		*line = '\0';
	if (f)
		fclose(f);
	return line;
}

TEST_F(module, statedump_names_interrupts)
{
	const struct stream_event *e;
	struct recording r = {};
	char line[4096], online[128];
	size_t at = 0, irqs = 0, vecs = 0;

	ASSERT_EQ(0, recording_start(self->control));
	STOP_AND_DECODE(&r);
	while ((e = next_of(&r, EXPTRACE_EVENT_NAME, 0, &at))) {
		if (e->m != EXPTRACE_M_NONE)
			continue;
		if (e->arg[0].value == EXPTRACE_KIND_SOFTIRQ) {
			ASSERT_GT(SOFTIRQS, e->arg[1].value);
			EXPECT_STREQ(softirqs[e->arg[1].value], e->arg[2].string);
			vecs++;
		} else if (e->arg[0].value == EXPTRACE_KIND_IRQ) {
			EXPECT_NE(NULL, strstr(irq_line(e->arg[1].value, line), e->arg[2].string)) {
				TH_LOG("interrupt %d is no %s", (int)e->arg[1].value, e->arg[2].string);
			}
			irqs++;
		}
	}
	EXPECT_EQ(SOFTIRQS, vecs);
	EXPECT_LT(0, irqs);
	EXPECT_STREQ(read_file("/sys/devices/system/cpu/online", online, sizeof(online)), r.stream.online);
	recording_free(&r);
}

/* The handler's name as last given in the batch of an interrupt event, or "". */
static const char *handler_of(const struct stream_event *e)
{
	const struct stream_event *name = e;

	/* Before the batch come earlier batches of this writer, or those of another. */
	while (name->generation == e->generation && name->m == e->m && name->batch == e->batch) {
		if (!name->experiment && name->type == EXPTRACE_EVENT_NAME && name->arg[1].value == e->arg[0].value)
			return name->arg[2].string;
		name--;
	}
	return "";
}

/*
 * Load kmod/test/irqs.c, which knows the order of its handlers, and check the events of one type.
 */
static void check_handlers(struct __test_metadata *_metadata, int control, int type, const char *event)
{
	static const char *const turns[] = { "first", "second", "first" };
	size_t cpus = sysconf(_SC_NPROCESSORS_ONLN), at = 0, n = 0;
	const struct stream_event *e;
	struct recording r = {};
	const char *want;
	char text[32];
	uint64_t irq;

	ASSERT_EQ(0, record_only(control, event, NULL));
	ASSERT_EQ(0, recording_start(control));
	ASSERT_EQ(0, module_load_helper("exptrace_irqs.ko", ""));
	irq = strtoul(read_file("/sys/module/exptrace_irqs/parameters/irq", text, sizeof(text)), NULL, 10);
	ASSERT_EQ(0, syscall(SYS_delete_module, "exptrace_irqs", 0));
	ASSERT_EQ(0, recording_stop(&r, control)) {
		TH_LOG("%s", r.stream.error);
	}
	while ((e = next_of(&r, type, 0, &at))) {
		if (e->arg[0].value != irq) {
			EXPECT_STRNE("", handler_of(e));
			continue;
		}
		if (n < 3 * cpus)
			want = turns[n / cpus];
		else
			want = (n - 3 * cpus) % 2 ? "right" : "left";
		EXPECT_STREQ(want, handler_of(e));
		n++;
	}
	EXPECT_EQ(5 * cpus, n);
	recording_free(&r);
}

TEST_F(module, interrupts_have_the_names_of_their_handlers)
{
	check_handlers(_metadata, self->control, EXPTRACE_EVENT_IRQ_HANDLER_ENTRY, "irq_handler_entry");
	check_handlers(_metadata, self->control, EXPTRACE_EVENT_IRQ_HANDLER_EXIT, "irq_handler_exit");
}

TEST_HARNESS_MAIN

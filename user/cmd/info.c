// SPDX-License-Identifier: GPL-2.0-only
/*
 * exptrace info: the state of the recorder.
 */
#include <fcntl.h>
#include <stdio.h>

#include "cmd.h"
#include "explain.h"
#include "filter.h"

static void print_number(const char *key, uint64_t number)
{
	printf("%-21s %llu\n", key, (unsigned long long)number);
}

static void print_generation(uint64_t generation)
{
	if (generation)
		print_number("Generation:", generation);
	else
		printf("Generation:           none: the pool is too full for a new one; read it\n");
}

static void print_period(uint32_t period_ms)
{
	if (period_ms)
		printf("Generation ends:      after %u ms, or by size\n", period_ms);
	else
		printf("Generation ends:      by size, or on demand\n");
}

static void print_pool(const struct exptrace_info *info)
{
	printf("Pool:                 %.4g MiB: %u batches of %u KiB, %u empty, %u full\n",
	       (double)info->pool_size / (1 << 20), info->batches, info->batch_size >> 10,
	       info->batches_empty, info->batches_full);
}

static void print_info(const struct exptrace_info *info)
{
	bool recording = info->state == EXPTRACE_STATE_RECORDING;

	printf("State:                %s\n", recording ? "recording" : "stopped");
	if (!info->batches) {
		print_number("Triggers fired:", info->triggers);
		return;
	}
	printf("Mode:                 %s\n", info->mode == EXPTRACE_MODE_FLIGHT ?
	       "flight: a full pool drops old events" : "stream: a full pool loses new events");
	if (recording)
		print_generation(info->generation);
	print_period(info->period_ms);
	print_pool(info);
	print_number("Events lost:", info->lost);
	print_number("Threads not listed:", info->missing_tasks);
	if (info->missing_changes)
		print_number("Thread changes lost:", info->missing_changes);
	print_number("Generations given up:", info->evicted_generations);
	print_number("Events in them:", info->evicted_events);
	if (info->unknown_sites)
		print_number("Call sites unknown:", info->unknown_sites);
	if (info->unknown_stacks)
		print_number("Stacks unknown:", info->unknown_stacks);
	print_number("Triggers fired:", info->triggers);
	if (info->latency_us)
		print_number("Trigger above (us):", info->latency_us);
	printf("Kernel addresses:     %s\n", info->addresses ? "recorded" : "as identifiers only");
}

/* Returns 0 or a negative errno. */
static int print_filters(struct exptrace_device *device)
{
	int err = filter_print(stdout, "Filter:               ", device);

	return err ? err : filter_print_syscalls(stdout, "System calls:         ", device);
}

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int run_info(int argc, char **argv)
{
	int ret = next_option(&command_info, argc, argv, ":h", options);
	struct exptrace_device *device;
	struct exptrace_info info;

	if (ret == OPTION_HELP_SHOWN)
		return EXIT_OK;
	if (ret != -1)
		return EXIT_USAGE;
	if (!no_operand(&command_info, argc, argv))
		return EXIT_USAGE;
	if (open_device(O_WRONLY, &device))
		return EXIT_PROBLEM;
	ret = exptrace_device_info(device, &info);
	if (!ret) {
		print_info(&info);
		ret = print_filters(device);
	}
	exptrace_device_close(device);
	if (ret)
		return explain_control(ret, "get the state");
	return EXIT_OK;
}

const struct command command_info = {
	.name = "info",
	.purpose = "Shows the state of the recorder",
	.synopsis = "",
	.help = "Its mode, the pool, what was lost and what was given up, and the filters.\n",
	.run = run_info,
};

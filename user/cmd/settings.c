// SPDX-License-Identifier: GPL-2.0-only
/*
 * How to record: the options that record and start have in common.
 */
#include <string.h>

#include "cmd.h"
#include "filter.h"
#include "settings.h"

/* Returns the experiment's number, by its name or by a digit; negative if it is neither. */
static int find_experiment(const char *text, size_t len)
{
	int id = exptrace_device_experiment_id(text, len);

	if (id < 0 && len == 1 && *text >= '0' && *text < '0' + EXPTRACE_MAX_EXPERIMENTS)
		id = *text - '0';
	return id;
}

/* Parse one EXP=PERCENT, @len bytes long. */
static bool parse_share(const char *text, size_t len, uint8_t *quota)
{
	const char *equal = memchr(text, '=', len);
	char percent[4] = "";
	uint64_t n;
	int id;

	if (!equal)
		return false;
	id = find_experiment(text, (size_t)(equal - text));
	len -= (size_t)(equal + 1 - text);
	if (id < 0 || len >= sizeof(percent))
		return false;
	memcpy(percent, equal + 1, len);
	if (!parse_number(percent, 0, 100, &n))
		return false;
	quota[id] = (uint8_t)n;
	return true;
}

bool parse_quota(const char *text, uint8_t *quota)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!parse_share(text, len, quota))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

const char *settings_wanted(int c)
{
	switch (c) {
	case OPT_POOL:
		return "a number of MiB, 1 to 17592186044415";
	case OPT_BATCH:
		return "4, 8, 16, 32 or 64";
	case OPT_PERIOD:
		return "a number of milliseconds, 0 to 4294967294";
	case OPT_QUOTA:
		return "EXPERIMENT=PERCENT[,...], an experiment by name or number, and 0 to 100";
	default:
		return filter_wanted(c);
	}
}

bool settings_option(struct settings *settings, int c)
{
	struct exptrace_start *start = &settings->start;
	uint64_t n = 0;
	bool ok = true;

	switch (c) {
	case 'e':
		settings->what = optarg;
		break;
	case OPT_POOL:
		ok = parse_number(optarg, 1, UINT64_MAX >> 20, &n);
		start->pool_size = n << 20;
		break;
	case OPT_BATCH:
		ok = parse_number(optarg, 4, 64, &n) && !(n & (n - 1));
		start->batch_size = (uint32_t)n << 10;
		break;
	case OPT_PERIOD:
		ok = parse_number(optarg, 0, UINT32_MAX - 1, &n);
		start->period_ms = (uint32_t)n;
		break;
	case OPT_DISCARD:
		start->flags |= EXPTRACE_START_DISCARD;
		break;
	case OPT_FLIGHT:
		start->mode = EXPTRACE_MODE_FLIGHT;
		break;
	case OPT_STACKS:
		settings->stacks = optarg;
		settings->no_stacks = false;
		break;
	case OPT_QUOTA:
		ok = parse_quota(optarg, start->quota);
		break;
	default:
		ok = filter_option(&settings->filter, c);
	}
	return ok;
}

int settings_parse(const struct command *command, struct settings *settings)
{
	int ret = EXIT_OK;

	if (settings->what)
		ret = what_parse(command, &settings->events, "--events", settings->what);
	if (!ret && settings->stacks)
		ret = what_parse(command, &settings->stacked, "--stacks", settings->stacks);
	return ret;
}

void settings_uninit(struct settings *settings)
{
	what_uninit(&settings->events);
	what_uninit(&settings->stacked);
}

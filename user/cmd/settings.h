/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How to record: the options that record and start have in common.
 */
#ifndef EXPTRACE_SETTINGS_H
#define EXPTRACE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <libexptrace.h>

#include "filter.h"
#include "what.h"

struct command;

struct settings {
	const char *what;	/* the events to switch on; NULL: leave them as they are */
	const char *stacks;	/* the events with stacks; NULL: leave them as they are */
	bool no_stacks;		/* no event has stacks */
	struct what events, stacked;	/* @what and @stacks, parsed */
	struct exptrace_start start;
	struct filter filter;
};

#define SETTINGS_LETTERS	"e:" FILTER_LETTERS
enum {
	OPT_POOL = 256, OPT_BATCH, OPT_PERIOD, OPT_DISCARD, OPT_FLIGHT, OPT_QUOTA, OPT_STACKS,
	FILTER_VALUES, OPT_OTHERS
};
#define SETTINGS_OPTIONS						\
	FILTER_OPTIONS,							\
	{ "events",	required_argument,	NULL, 'e' },		\
	{ "pool",	required_argument,	NULL, OPT_POOL },	\
	{ "batch",	required_argument,	NULL, OPT_BATCH },	\
	{ "period",	required_argument,	NULL, OPT_PERIOD },	\
	{ "stacks",	required_argument,	NULL, OPT_STACKS },	\
	{ "discard",	no_argument,		NULL, OPT_DISCARD },	\
	{ "flight",	no_argument,		NULL, OPT_FLIGHT },	\
	{ "quota",	required_argument,	NULL, OPT_QUOTA }
#define SETTINGS_HELP							\
	"      --stacks WHAT   record these events with the kernel's stack; words as for -e\n" \
	FILTER_HELP							\
	"      --flight        when the pool is full, drop the oldest events, not the newest\n" \
	"      --quota EXP=PERCENT[,...]  limit an experiment to this part of the pool\n" \
	"      --pool MIB      memory for events that are not written yet\n"	\
	"      --batch KIB     size of a batch: 4, 8, 16, 32 or 64\n"	\
	"      --period MS     milliseconds between generations; 0: by size only\n" \
	"      --discard       drop an earlier recording that was not read\n"

/* Store option @c, with its value in optarg. Returns false if the value is bad. */
bool settings_option(struct settings *settings, int c);

/* Parse @what and @stacks, after all options. Returns an exit code; reports problems. */
int settings_parse(const struct command *command, struct settings *settings);
void settings_uninit(struct settings *settings);

/* What the value of option @c should be, for a message. */
const char *settings_wanted(int c);

/*
 * Parse EXP=PERCENT[,...], with experiments by name or number, into @quota. Returns false
 * if @text is anything else.
 */
bool parse_quota(const char *text, uint8_t *quota);

#endif /* EXPTRACE_SETTINGS_H */

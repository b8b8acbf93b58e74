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
	const char *what;	/* NULL: what is on already */
	const char *stacks;	/* of which events; NULL: as it is already */
	bool no_stacks;		/* of none */
	struct what events, stacked;	/* what and stacks, parsed */
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
	"      --stacks WHAT   with the kernel's stack: words as for -e\n"	\
	FILTER_HELP							\
	"      --flight        when the pool is full, give up the oldest instead of the newest\n" \
	"      --quota EXP=PERCENT[,...]  the most of the pool that an experiment may take\n" \
	"      --pool MIB      memory for what was not written yet\n"	\
	"      --batch KIB     4, 8, 16, 32 or 64\n"			\
	"      --period MS     milliseconds between generations; 0: only by size\n" \
	"      --discard       drop an earlier recording that nobody read\n"

/* Takes in an option with its value in optarg; false if that is bad. */
bool settings_option(struct settings *settings, int c);

/*
 * Parses what is to be recorded, when all options are known. Returns an exit code; problems are
 * reported.
 */
int settings_parse(const struct command *command, struct settings *settings);
void settings_uninit(struct settings *settings);

/* What its value is to be. */
const char *settings_wanted(int c);

/* EXP=PERCENT[,...] into @quota, by the experiment's name or number; false if it is not. */
bool parse_quota(const char *text, uint8_t *quota);

#endif /* EXPTRACE_SETTINGS_H */

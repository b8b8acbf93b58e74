/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times by name: of the functions of timers and works, and of regions.
 */
#ifndef EXPTRACE_NAMED_H
#define EXPTRACE_NAMED_H

#include "../../common/index.h"
#include "../histogram.h"

struct named_row {
	struct histogram histogram;
	size_t len;
	char name[];		/* terminated */
};

struct named_list {
	struct index index;	/* key and hash of the name to its place in rows */
	struct named_row **rows;
	size_t room;
	uint64_t unended;	/* beginnings without an end, where the table counts them */
	uint64_t unmatched;	/* ends without a beginning */
};

/*
 * The row with this name and @key, which tells apart rows of the same name; added if it is new.
 * Rows do not move. Aborts if out of memory.
 */
struct named_row *named_get(struct named_list *list, uint64_t key, const char *name, size_t len);
void named_uninit(struct named_list *list);

/*
 * Print the rows that have ended: at most @lines, from the first @among of all rows. This sorts the
 * rows: no row can be found or added afterwards.
 */
void named_print(struct named_list *list, const char *title, const char *what, uint64_t among,
		 uint64_t lines);
void named_json(struct named_list *list, const char *key, const char *what,
		struct output *output);

#endif /* EXPTRACE_NAMED_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a hostile trace: make_hostile NAME KIB. Without arguments, lists the names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostile.h"

int main(int argc, char **argv)
{
	const struct hostile *hostile;
	struct writer w = { 0 };

	for (hostile = hostiles; hostile->name; hostile++) {
		if (argc < 3)
			puts(hostile->name);
		else if (!strcmp(hostile->name, argv[1]))
			hostile_write(hostile, &w, strtoul(argv[2], NULL, 10) << 10);
	}
	fwrite(w.data, 1, w.size, stdout);
	w_free(&w);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the numbers of places in the code stand for: their addresses and symbols, as
 * strings and stacks at the end of a generation.
 *
 * A name is written once: a string's number is that of the first site that needed it.
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "address.h"
#include "intern.h"
#include "symbols.h"
#include "tables.h"

/* Most bytes of the names of a function and its module together; the rest is cut. */
#define SYMBOL_CHARS	127
/* Module names that are remembered, to be written once; of others, each site has its own. */
#define NR_MODULES	64
#define MODULE_CHARS	64

/* A string: its type, number and length. */
#define STRING_HEAD	(1 + 3 + 2)
/* Of a site: both names; a stack of one frame. */
#define STRINGS_MAX	(2 * STRING_HEAD + SYMBOL_CHARS)
#define STACK_MAX	(1 + 3 + 1 + EXPTRACE_VARINT_MAX + 3 + 3 + 5)

/* The numbers of modules' names, after those of functions. */
#define MODULE_ID	EXPTRACE_NR_SITES

/* The part of the pool that a generation may reserve for all this: 1/64. */
#define POOL_SHARE	64

/**
 * struct symbol - what a site is called
 * @start:	where its function begins; 0: it has no symbol
 * @offset:	how far behind that it is
 * @function:	the string that has the function's name
 * @module:	the string that has the module's, 0: the kernel itself
 */
struct symbol {
	unsigned long	start;
	u32		offset;
	u16		function;
	u16		module;
};

/*
 * The symbols of the generation that is being completed, by site; which site was the
 * first of a function, by the hash of its start; the modules so far. All of it:
 * exptrace.control.
 */
static struct symbol symbols[EXPTRACE_NR_SITES];
static u16 first_of[EXPTRACE_NR_SITES];
static struct {
	char	name[MODULE_CHARS];
	u16	id;
} modules[NR_MODULES];
static unsigned int nr_modules;

/* So many sites may the generations of such a pool have. */
unsigned int exptrace_sites_max(u64 pool_size)
{
	return min_t(u64, pool_size / POOL_SHARE / (STRINGS_MAX + STACK_MAX),
		     EXPTRACE_MOST_SITES);
}

/* Batches that so many entries of @max bytes fit in: less than one is left free in each. */
static unsigned int batches_for(unsigned int nr, size_t max, unsigned int batch_size)
{
	return DIV_ROUND_UP(nr * max, batch_size - EXPTRACE_BATCH_HEADER_MAX - 1 - max);
}

/* Batches that the tables of @sites sites fit in. */
unsigned int exptrace_symbols_batches(unsigned int sites, unsigned int batch_size)
{
	return batches_for(sites, STRINGS_MAX, batch_size) +
	       batches_for(sites, STACK_MAX, batch_size);
}

/*
 * Takes "function+0x1a/0x80 [module]" apart. Returns false if it is something else: a
 * bare address is what has no symbol.
 */
static bool split(char *text, u32 *offset, char **module)
{
	char *plus = strrchr(text, '+');

	if (!plus || sscanf(plus, "+0x%x/", offset) != 1)
		return false;
	*plus = '\0';
	*module = strchr(plus + 1, '[');
	if (*module) {
		*module += 1;
		strchrnul(*module, ']')[0] = '\0';
	}
	return true;
}

static int write_string(struct exptrace_table *table, unsigned int id, const char *s, size_t len)
{
	int err;

	err = exptrace_table_entry(table, STRING_HEAD + len);
	if (err)
		return err;
	exptrace_byte(&table->w, EXPTRACE_WIRE_STRING);
	exptrace_number(&table->w, id);
	exptrace_string(&table->w, s, len);
	return 0;
}

/* The site that had this function first: @site, if there was none before. */
static unsigned int first_with(unsigned long start, unsigned int site)
{
	unsigned int i = exptrace_site_hash(start);

	while (first_of[i]) {
		if (symbols[first_of[i]].start == start)
			return first_of[i];
		i = (i + 1) % EXPTRACE_NR_SITES;
	}
	first_of[i] = site;
	return site;
}

/* Gives @site's module its number, and writes its name if that is new. */
static int name_module(struct exptrace_table *table, unsigned int site, const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_modules; i++) {
		if (!strcmp(modules[i].name, name)) {
			symbols[site].module = modules[i].id;
			return 0;
		}
	}
	symbols[site].module = MODULE_ID + site;
	if (nr_modules < NR_MODULES) {
		strscpy(modules[nr_modules].name, name, sizeof(modules[0].name));
		modules[nr_modules++].id = MODULE_ID + site;
	}
	return write_string(table, MODULE_ID + site, name, strlen(name));
}

static int name_function(struct exptrace_table *table, unsigned int site, const char *name,
			 size_t most)
{
	symbols[site].function = first_with(symbols[site].start, site);
	if (symbols[site].function != site)
		return 0;
	return write_string(table, site, name, min(strlen(name), most));
}

/* Finds out what is at @address, and writes those names that are new. */
static int name_site(struct exptrace_table *table, unsigned int site, unsigned long address)
{
	char text[KSYM_SYMBOL_LEN], *module;
	size_t module_len = 0;
	u32 offset;
	int err;

	memset(&symbols[site], 0, sizeof(symbols[site]));
	sprint_symbol(text, address);
	if (!split(text, &offset, &module))
		return 0;
	symbols[site].start = address - offset;
	symbols[site].offset = offset;
	if (module) {
		module_len = strnlen(module, MODULE_CHARS - 1);
		module[module_len] = '\0';
		err = name_module(table, site, module);
		if (err)
			return err;
	}
	return name_function(table, site, text, SYMBOL_CHARS - module_len);
}

static int write_strings(const struct exptrace_interned *interned)
{
	struct exptrace_table table;
	unsigned int site;
	int err = 0;

	memset(first_of, 0, sizeof(first_of));
	nr_modules = 0;
	exptrace_table_begin(&table, interned->gen, EXPTRACE_WIRE_STRINGS);
	for (site = 1; !err && site < EXPTRACE_NR_SITES; site++) {
		if (!interned->site[site])
			continue;
		err = name_site(&table, site, interned->site[site]);
		cond_resched();
	}
	exptrace_table_end(&table);
	return err;
}

static int write_stack(struct exptrace_table *table, unsigned int site, unsigned long address)
{
	const struct symbol *symbol = &symbols[site];
	int err;

	err = exptrace_table_entry(table, STACK_MAX);
	if (err)
		return err;
	exptrace_byte(&table->w, EXPTRACE_WIRE_STACK);
	exptrace_number(&table->w, site);
	exptrace_number(&table->w, 1);
	exptrace_number(&table->w, exptrace_text_address(address));
	exptrace_number(&table->w, symbol->function);
	exptrace_number(&table->w, symbol->module);
	exptrace_number(&table->w, symbol->offset);
	return 0;
}

static int write_stacks(const struct exptrace_interned *interned)
{
	struct exptrace_table table;
	unsigned int site;
	int err = 0;

	exptrace_table_begin(&table, interned->gen, EXPTRACE_WIRE_STACKS);
	for (site = 1; !err && site < EXPTRACE_NR_SITES; site++)
		if (interned->site[site])
			err = write_stack(&table, site, interned->site[site]);
	exptrace_table_end(&table);
	return err;
}

/* Writes the symbols of generation @gen, which no writer knows any more. */
int exptrace_write_symbols(u64 gen)
{
	const struct exptrace_interned *interned = &exptrace_interned[gen & 1];

	lockdep_assert_held(&exptrace.control);
	BUILD_BUG_ON(2 * EXPTRACE_NR_SITES > 1 << 14);	/* a string's number takes two bytes */

	if (!atomic_read(&interned->nr))
		return 0;
	return write_strings(interned) ?: write_stacks(interned);
}

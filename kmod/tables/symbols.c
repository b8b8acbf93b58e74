// SPDX-License-Identifier: GPL-2.0-only
/*
 * The meaning of site numbers: addresses and symbols, written as strings and stacks at
 * the end of a generation.
 *
 * Each name is written once, under the number of the first site that needed it.
 * Everything is written in the order of numbers, which is the order of first use, so no
 * order follows addresses (invariant 15). A function is looked up once for all its sites,
 * because a lookup in a module takes longer the more symbols the module has. Frames of
 * stacks are made sites first, so they get symbols in the same way. Symbols of code that
 * has been unloaded were looked up earlier (retire.c).
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "address.h"
#include "arrival.h"
#include "intern.h"
#include "retire.h"
#include "stack.h"
#include "symbols.h"
#include "tables.h"

/* Maximum length of the names of a function and its module together; the rest is truncated. */
#define SYMBOL_CHARS	127
/*
 * Module names that are remembered in order to be written once; further ones are written
 * per site.
 */
#define NR_MODULES	64
#define MODULE_CHARS	64

/* Header of a string: type, number and length. */
#define STRING_HEAD	(1 + 3 + 2)
/* Maximum size of a site: both names; and a stack of one frame. */
#define STRINGS_MAX	(2 * STRING_HEAD + SYMBOL_CHARS)
#define STACK_HEAD	(1 + 3 + 1)
#define FRAME_MAX	(EXPTRACE_VARINT_MAX + 3 + 3 + 5)
#define STACK_MAX	(STACK_HEAD + FRAME_MAX)

/* String numbers of module names follow those of functions. */
#define MODULE_ID	EXPTRACE_NR_SITES

/* A generation may reserve 1/64 of the pool for sites, and as much for stacks. */
#define POOL_SHARE	64

/**
 * struct symbol - symbol of a site
 * @offset:	offset within the function
 * @function:	number of the string with the function's name; 0 if the site has no symbol
 * @module:	number of the string with the module's name; 0 for the kernel itself
 * @is_tracer:	the function calls probes, of a tracepoint or of a function
 */
struct symbol {
	u32		offset;
	u16		function;
	u16		module;
	bool		is_tracer;
};

/*
 * State for the generation that is being completed, protected by exptrace.control: the
 * symbols by site number; the sites sorted by address, to find all those of a function;
 * and the modules seen so far.
 */
static struct symbol symbols[EXPTRACE_NR_SITES];
static u16 order[EXPTRACE_NR_SITES];
static unsigned int nr_ordered;
static struct {
	char	name[MODULE_CHARS];
	u16	id;
} modules[NR_MODULES];
static unsigned int nr_modules;

/* The maximum number of sites per generation for this pool size. */
unsigned int exptrace_sites_max(u64 pool_size)
{
	return min_t(u64, pool_size / POOL_SHARE / (STRINGS_MAX + STACK_MAX),
		     EXPTRACE_MOST_SITES);
}

/*
 * The maximum number of stack words. A stack takes a word more than it has frames, which
 * stands for its head.
 */
unsigned int exptrace_stack_words_max(u64 pool_size)
{
	if (!exptrace_stacks_wanted())
		return 0;
	return min_t(u64, pool_size / POOL_SHARE / FRAME_MAX, EXPTRACE_STACK_WORDS);
}

/* Add the size of @sites sites and of stacks with @words words to @extent. */
void exptrace_symbols_extent(struct exptrace_extent *extent, unsigned int sites,
			     unsigned int words)
{
	exptrace_extent_add(extent, sites, STRINGS_MAX);
	exptrace_extent_add(extent, sites, STACK_MAX);
	/* In stacks a word is at most a frame, and these are in the same table. */
	extent->size += words * FRAME_MAX;
	extent->entry = max_t(size_t, extent->entry,
			      STACK_HEAD + EXPTRACE_STACK_FRAMES * FRAME_MAX);
}

/*
 * Split "function+0x1a/0x80 [module]". Returns false for anything else, such as the bare
 * address of code without a symbol.
 */
static bool split_symbol(char *text, u32 *offset, u32 *size, char **module)
{
	char *plus = strrchr(text, '+');

	if (!plus || sscanf(plus, "+0x%x/0x%x", offset, size) != 2)
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

/* Set the module number of @site, and write the module's name if it is new. */
static int write_module_name(struct exptrace_table *table, unsigned int site, const char *name)
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

static int by_address(const void *a, const void *b, const void *addresses)
{
	const unsigned long *address = addresses;
	unsigned long x = address[*(const u16 *)a], y = address[*(const u16 *)b];

	return x < y ? -1 : x > y;
}

static void order_sites(const struct exptrace_interned *interned, unsigned int nr)
{
	unsigned int site;

	nr_ordered = 0;
	for (site = 1; site <= nr; site++)
		if (interned->address[site] && interned->address[site] != EXPTRACE_RETIRED)
			order[nr_ordered++] = site;
	sort_r(order, nr_ordered, sizeof(order[0]), by_address, NULL, interned->address);
}

/* Index in order[] of the first site that is not below @address. */
static unsigned int first_site_from(const struct exptrace_interned *interned, unsigned long address)
{
	unsigned int low = 0, high = nr_ordered;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (interned->address[order[middle]] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Give all sites in the function of @site, which has @size bytes, the same symbol. */
static void name_same_function(const struct exptrace_interned *interned, unsigned int site,
			       u32 size)
{
	unsigned long start = interned->address[site] - symbols[site].offset;
	unsigned int i;

	for (i = first_site_from(interned, start); i < nr_ordered; i++) {
		unsigned int other = order[i];

		if (interned->address[other] - start >= size)
			break;
		symbols[other] = symbols[site];
		symbols[other].offset = interned->address[other] - start;
	}
}

/* Is this a kernel function that calls probes, of a tracepoint or of a function? */
static bool is_tracer(const char *name)
{
	static const char *const names[] = {
		"__traceiter_", "arch_ftrace_ops_list_func", "ftrace_call", "ftrace_regs_call",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strstarts(name, names[i]))
			return true;
	return false;
}

/* As name_same_function(), for sites whose code was unloaded together with that of @site. */
static void name_same_retired_function(unsigned int site, const struct exptrace_retired *retired,
				       u32 size)
{
	unsigned long start = retired->address - symbols[site].offset, i = site;
	const struct exptrace_retired *other;

	while ((other = exptrace_retired_after(&i))) {
		if (other->departure != retired->departure || other->address - start >= size)
			continue;
		symbols[i] = symbols[site];
		symbols[i].offset = other->address - start;
	}
}

/*
 * The past or present address of @site; 0 if its code was unloaded and there was no
 * memory to keep it.
 */
static unsigned long site_address(const struct exptrace_interned *interned, unsigned int site)
{
	const struct exptrace_retired *retired;

	if (interned->address[site] != EXPTRACE_RETIRED)
		return interned->address[site];
	retired = exptrace_retired_at(site);
	return retired ? retired->address : 0;
}

/* Is this code that comes and goes without a module? Only BPF code has symbols. */
static bool is_transient(const char *function, const char *module, unsigned long address)
{
	return !module && strstarts(function, "bpf_") && exptrace_is_loaded(address);
}

/* Look up @site, which has no symbol yet, and write its names. */
static int write_site_names(struct exptrace_table *table, const struct exptrace_interned *interned,
			    unsigned int site)
{
	const struct exptrace_retired *retired = exptrace_retired_at(site);
	char text[KSYM_SYMBOL_LEN], *module;
	size_t module_len = 0;
	u32 offset, size;
	int err;

	if (retired)
		strscpy(text, retired->text, sizeof(text));
	else
		sprint_symbol(text, site_address(interned, site));
	if (!split_symbol(text, &offset, &size, &module))
		return 0;
	if (is_transient(text, module, site_address(interned, site)) &&
	    exptrace_arrivals_seen(interned->gen))
		return 0;
	symbols[site].offset = offset;
	symbols[site].function = site;
	symbols[site].is_tracer = is_tracer(text);
	if (module) {
		module_len = strnlen(module, MODULE_CHARS - 1);
		module[module_len] = '\0';
		err = write_module_name(table, site, module);
		if (err)
			return err;
	}
	if (retired)
		name_same_retired_function(site, retired, size);
	else
		name_same_function(interned, site, size);
	return write_string(table, site, text, min(strlen(text), SYMBOL_CHARS - module_len));
}

static int write_strings(struct exptrace_table *table, const struct exptrace_interned *interned)
{
	unsigned int site, nr = atomic_read(&interned->nr);
	int err = 0;

	order_sites(interned, nr);
	memset(symbols, 0, (nr + 1) * sizeof(symbols[0]));
	nr_modules = 0;
	exptrace_table_begin(table, EXPTRACE_WIRE_STRINGS);
	for (site = 1; !err && site <= nr; site++) {
		if (interned->address[site] && !symbols[site].function)
			err = write_site_names(table, interned, site);
		cond_resched();
	}
	return err;
}

/* @address is @after bytes after the site, and gets its symbol. */
static void write_frame(struct exptrace_table *table, unsigned int site, unsigned long address,
			unsigned int after)
{
	const struct symbol *symbol = &symbols[site];

	exptrace_number(&table->w, exptrace_text_address(address));
	exptrace_number(&table->w, symbol->function);
	exptrace_number(&table->w, symbol->module);
	exptrace_number(&table->w, symbol->function ? symbol->offset + after : 0);
}

static int begin_stack(struct exptrace_table *table, unsigned int id, unsigned int nr, u8 entry)
{
	int err;

	err = exptrace_table_entry(table, STACK_HEAD + nr * FRAME_MAX);
	if (err)
		return err;
	exptrace_byte(&table->w, entry);
	exptrace_number(&table->w, id);
	exptrace_number(&table->w, nr);
	return 0;
}

static int write_site(struct exptrace_table *table, unsigned int site, unsigned long address)
{
	int err;

	err = begin_stack(table, site, 1, EXPTRACE_WIRE_STACK);
	if (!err)
		write_frame(table, site, address, 0);
	return err;
}

/* A frame whose code was unloaded has been replaced by its site number. */
static bool is_site_number(unsigned long frame)
{
	return frame < EXPTRACE_NR_SITES;
}

/* The past or present address of a frame; 0 if it was not kept. */
static unsigned long frame_address(const struct exptrace_interned *interned, unsigned long frame)
{
	unsigned long call;

	if (!is_site_number(frame))
		return frame;
	call = site_address(interned, frame);
	return call ? call + 1 : 0;
}

/*
 * Leave out the kernel's functions between the tracepoint and its probes; frames of the
 * probes were left out when the stack was captured.
 */
static int write_stack(struct exptrace_table *table, struct exptrace_interned *interned,
		       unsigned int number, const unsigned long *frames, unsigned int nr)
{
	bool cut = exptrace_stack_is_cut(interned->stacks, number);
	unsigned int i;
	int err;

	while (nr > 1 && symbols[exptrace_frame_site(interned, frames[0])].is_tracer) {
		frames++;
		nr--;
	}
	err = begin_stack(table, EXPTRACE_NR_SITES + number, nr,
			  cut ? EXPTRACE_WIRE_STACK_CUT : EXPTRACE_WIRE_STACK);
	for (i = 0; !err && i < nr; i++)
		write_frame(table, exptrace_frame_site(interned, frames[i]),
			    frame_address(interned, frames[i]), 1);
	return err;
}

/* Write the sites up to @named, which are those named by events, and all stacks. */
static int write_stacks(struct exptrace_table *table, struct exptrace_interned *interned,
			unsigned int named)
{
	const unsigned long *frames;
	unsigned int i, nr;
	int err = 0;

	exptrace_table_begin(table, EXPTRACE_WIRE_STACKS);
	for (i = 1; !err && i <= named; i++)
		if (interned->address[i])
			err = write_site(table, i, site_address(interned, i));
	for (i = 0; !err && i < exptrace_nr_stacks(interned); i++) {
		nr = exptrace_stack_at(interned->stacks, i, &frames);
		if (nr)
			err = write_stack(table, interned, i, frames, nr);
	}
	return err;
}

/* Make the frames of all stacks sites; those that find no room stay without a symbol. */
static void intern_frames(struct exptrace_interned *interned)
{
	const unsigned long *frames;
	unsigned int i, nr;

	for (i = 0; i < exptrace_nr_stacks(interned); i++)
		for (nr = exptrace_stack_at(interned->stacks, i, &frames); nr; nr--)
			exptrace_frame_site(interned, *frames++);
}

/* Write the symbols of generation @gen, which no writer uses any more. */
int exptrace_write_symbols(struct exptrace_table *table, u64 gen)
{
	struct exptrace_interned *interned = &exptrace_interned[gen & 1];
	unsigned int named = atomic_read(&interned->nr);
	int err = 0;

	lockdep_assert_held(&exptrace.control);
	/* Numbers of strings and of stacks must fit two bytes. */
	BUILD_BUG_ON(2 * EXPTRACE_NR_SITES > 1 << 14);
	BUILD_BUG_ON(EXPTRACE_NR_SITES + EXPTRACE_NR_STACKS > 1 << 14);

	intern_frames(interned);
	if (atomic_read(&interned->nr))
		err = write_strings(table, interned) ?: write_stacks(table, interned, named);
	exptrace_retired_forget();
	return err;
}

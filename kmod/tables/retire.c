// SPDX-License-Identifier: GPL-2.0-only
/*
 * Code that goes: what its places are called is found out while it is there, and they are
 * retired, so that what comes to the same addresses gets numbers of its own.
 *
 * A module's code goes with it, and that of its init section as soon as it has begun to work.
 * The kernel says so just before. What runs there even later may be named only until other
 * code comes, and so it is retired without a name when that does: when a module comes, nothing
 * of it has run, and what has been in its place until now was something else.
 *
 * Under exptrace.control no generation but the published one has places that are still to be
 * written, and the frames of its stacks are the other thing that refers to code.
 */
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "retire.h"
#include "stack.h"
#include "symbols.h"

/* What is retired in the open generation, by number; exptrace.control. */
static DEFINE_XARRAY(retired);

/* How often code has gone; exptrace.control. */
static unsigned int nr_departures;

/**
 * struct leaving - code that goes
 * @mod:	its module
 * @init_only:	only the init section goes
 * @still_present:	it is still there, or has gone already
 */
struct leaving {
	const struct module	*mod;
	bool			init_only;
	bool			still_present;
};

static bool is_in_code(unsigned long address, const struct leaving *code)
{
	return code->init_only ? within_module_init(address, code->mod) :
				 within_module(address, code->mod);
}

/* Keeps what is known of the place. False if there is no memory. */
static bool keep_site(unsigned int site, unsigned long address, bool still_present)
{
	char text[KSYM_SYMBOL_LEN] = "";
	struct exptrace_retired *r;

	if (still_present)
		sprint_symbol(text, address);
	r = kmalloc(struct_size(r, text, strlen(text) + 1), GFP_KERNEL);
	if (!r)
		return false;
	r->address = address;
	r->departure = nr_departures;
	strcpy(r->text, text);
	if (!xa_err(xa_store(&retired, site, r, GFP_KERNEL)))
		return true;
	kfree(r);
	return false;
}

static void retire_sites(struct exptrace_interned *interned, const struct leaving *code)
{
	unsigned int site, nr = atomic_read(&interned->nr);

	for (site = 1; site <= nr; site++) {
		unsigned long address = READ_ONCE(interned->address[site]);

		if (!is_in_code(address, code))
			continue;
		if (!keep_site(site, address, code->still_present))
			this_cpu_inc(exptrace.cpus->unknown_sites[interned->gen & 1]);
		WRITE_ONCE(interned->address[site], EXPTRACE_RETIRED);
		cond_resched();
	}
}

/* Frames there become numbers of places, and so their stacks are found no more. */
static void retire_frames(struct exptrace_interned *interned, const struct leaving *code)
{
	unsigned int i, j, nr, nr_stacks = exptrace_nr_stacks(interned);
	const unsigned long *frames;

	for (i = 0; i < nr_stacks; i++) {
		nr = exptrace_stack_at(interned->stacks, i, &frames);
		for (j = 0; j < nr; j++)
			if (is_in_code(exptrace_call_of(frames[j]), code))
				exptrace_stack_retire(interned->stacks, i, j,
						      exptrace_frame_site(interned, frames[j]));
		cond_resched();
	}
}

/* First the frames, which become places that are then retired. */
static void retire_code(const struct leaving *code)
{
	struct exptrace_interned *interned;

	mutex_lock(&exptrace.control);
	if (exptrace.gen) {
		interned = &exptrace_interned[exptrace.gen & 1];
		nr_departures++;
		retire_frames(interned, code);
		retire_sites(interned, code);
	}
	mutex_unlock(&exptrace.control);
}

/*
 * Context: process, with no lock of the recorder's: who is to be told waits for
 * exptrace.control, at most as long as that is held.
 */
static int retire_notify(struct notifier_block *block, unsigned long state, void *data)
{
	struct leaving code = { .mod = data };

	switch (state) {
	case MODULE_STATE_COMING:
		retire_code(&code);
		break;
	case MODULE_STATE_LIVE:
		code.init_only = true;
		fallthrough;
	case MODULE_STATE_GOING:
		code.still_present = true;
		retire_code(&code);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block block = { .notifier_call = retire_notify };

/* What was retired with this number; NULL if nothing, or if there was no memory for it. */
const struct exptrace_retired *exptrace_retired_at(unsigned int site)
{
	lockdep_assert_held(&exptrace.control);

	return xa_load(&retired, site);
}

/* The next one after @site, which becomes its number; NULL if it is the last. */
const struct exptrace_retired *exptrace_retired_after(unsigned long *site)
{
	lockdep_assert_held(&exptrace.control);

	return xa_find_after(&retired, site, ULONG_MAX, XA_PRESENT);
}

/* They are written. */
void exptrace_retired_forget(void)
{
	struct exptrace_retired *r;
	unsigned long site;

	lockdep_assert_held(&exptrace.control);

	xa_for_each(&retired, site, r)
		kfree(r);
	xa_destroy(&retired);
}

int exptrace_retire_init(void)
{
	return register_module_notifier(&block);
}

void exptrace_retire_exit(void)
{
	unregister_module_notifier(&block);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unloading of code: its sites are resolved while the code is still present, and then
 * retired, so that new code at the same addresses gets numbers of its own.
 *
 * A module's code goes with the module, and that of its init section once it is live. The
 * kernel notifies us just before. Code that still runs after that can be resolved only
 * until other code is loaded, so it is retired without a name when that happens: when a
 * module is loaded, none of its code has run, and everything at its addresses until now
 * was something else.
 *
 * Under exptrace.control, only the published generation has sites that are still to be
 * written, and besides them only the frames of its stacks refer to code.
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

/* Sites retired in the open generation, by number; exptrace.control. */
static DEFINE_XARRAY(retired);

/* How often code was unloaded; exptrace.control. */
static unsigned int nr_departures;

/**
 * struct leaving - code being unloaded
 * @mod:	its module
 * @init_only:	only the init section is unloaded
 * @still_present: it has not been unloaded yet
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

/* Keep the symbol of the site. Returns false if out of memory. */
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

/* Replace frames in this code by site numbers; their stacks are not found any more. */
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

/* The frames come first, because they become sites, which are then retired. */
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
 * Context: process, without any lock of the recorder. The module loader waits here for
 * exptrace.control, however long that is held.
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

/* The retired site @site; NULL if it was not retired, or if there was no memory to keep it. */
const struct exptrace_retired *exptrace_retired_at(unsigned int site)
{
	lockdep_assert_held(&exptrace.control);

	return xa_load(&retired, site);
}

/* The next retired site after *@site, which is set to its number; NULL at the end. */
const struct exptrace_retired *exptrace_retired_after(unsigned long *site)
{
	lockdep_assert_held(&exptrace.control);

	return xa_find_after(&retired, site, ULONG_MAX, XA_PRESENT);
}

/* The retired sites have been written: free them. */
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

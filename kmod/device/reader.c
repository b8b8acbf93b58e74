// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open file's place in the stream, and what it has in hand.
 */
#include "address.h"
#include "reader.h"

void exptrace_reader_init(struct exptrace_file *f)
{
	mutex_init(&f->lock);
	f->session = exptrace_session_to_read();
	f->addresses = exptrace_may_see_addresses();
}

/* What is being delivered was delivered. */
void exptrace_reader_finish(struct exptrace_file *f)
{
	if (f->batch && !f->view.active)
		exptrace_give(f->batch);
	if (f->ending && !f->view.active)
		exptrace_end_generation();
	f->batch = NULL;
	f->ending = false;
	f->taken = false;
}

/* All of the snapshot was delivered: it stays at its end, but holds nothing. */
void exptrace_reader_end_view(struct exptrace_file *f)
{
	if (f->view.held)
		exptrace_thaw();
	f->view.held = false;
}

/*
 * Puts back what was not delivered whole, and lets go the snapshot being read, if
 * any. Caller holds @f->lock, or is alone.
 */
void exptrace_reader_put_back(struct exptrace_file *f)
{
	if (f->view.active) {
		f->view.active = false;
		f->header = f->stream_header;
		exptrace_reader_end_view(f);
	} else if (f->batch) {
		exptrace_batch_rewind(f->batch, f->offset);
		exptrace_putback(f->batch, f->gen);
	} else if (f->ending) {
		exptrace_putback_end();
	}
	f->batch = NULL;
	f->ending = false;
	f->taken = false;
}

/* Nobody uses @f any more. */
void exptrace_reader_exit(struct exptrace_file *f)
{
	exptrace_reader_put_back(f);
	exptrace_reader_leaves();
	mutex_destroy(&f->lock);
}

/* A reader that starts a recording reads that one, from its beginning. */
void exptrace_reader_restart(struct exptrace_file *f)
{
	lockdep_assert_held(&f->lock);

	exptrace_reader_put_back(f);
	WRITE_ONCE(f->session, exptrace_session_to_read());
	f->header = 0;
}

/* Puts back what follows on the last batch that was read. False amid one. */
static bool leave_batch(struct exptrace_file *f)
{
	if (f->taken || (f->batch && exptrace_batch_is_cut(f->batch, f->offset)))
		return false;
	if (f->batch || f->ending)
		exptrace_reader_put_back(f);
	return true;
}

/* Lets go the snapshot being read, if any. -EBUSY amid a batch of the stream. */
int exptrace_reader_leave_view(struct exptrace_file *f)
{
	lockdep_assert_held(&f->lock);

	if (f->view.active)
		exptrace_reader_put_back(f);
	return leave_batch(f) ? 0 : -EBUSY;
}

/*
 * Reads the frozen generations up to @last from now on. -EBUSY amid a batch. Another thread
 * may have read a snapshot meanwhile: to its end, or those would not be frozen.
 */
int exptrace_reader_snapshot(struct exptrace_file *f, u64 last)
{
	int err = exptrace_reader_leave_view(f);

	if (err)
		return err;
	exptrace_view_begin(&f->view, last);
	f->stream_header = f->header;
	f->header = 0;
	return 0;
}

static enum exptrace_next find_next(struct exptrace_file *f)
{
	if (f->view.active)
		return exptrace_view_next(&f->view, f->addresses, &f->batch, &f->gen);
	return exptrace_take(f->session, f->addresses, &f->batch, &f->gen);
}

/*
 * Takes the next item, a batch or the end of a generation, into @f->batch or @f->ending until
 * exptrace_reader_finish(). The caller holds no item. Returns 0; -EAGAIN if there is none yet;
 * -ENODATA at the end of the stream; -EPERM if the opener may not see its addresses.
 */
int exptrace_reader_take_next(struct exptrace_file *f)
{
	switch (find_next(f)) {
	case EXPTRACE_NEXT_BATCH:
		f->offset = f->batch->begin;
		return 0;
	case EXPTRACE_NEXT_END_OF_GENERATION:
		f->ending = true;
		return 0;
	case EXPTRACE_NEXT_END:
		return -ENODATA;
	case EXPTRACE_NEXT_FORBIDDEN:
		return -EPERM;
	default:
		return -EAGAIN;
	}
}

/* Is there something to read or to take, apart from the header and what is in hand? */
bool exptrace_reader_has_next(const struct exptrace_file *f)
{
	return READ_ONCE(f->view.active) ||
	       exptrace_peek(READ_ONCE(f->session), false) != EXPTRACE_NEXT_NOTHING;
}

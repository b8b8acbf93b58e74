// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open file's position in the stream, and its current item: a batch, or the end of a
 * generation.
 */
#include "address.h"
#include "reader.h"

void exptrace_reader_init(struct exptrace_file *f)
{
	mutex_init(&f->lock);
	f->session = exptrace_session_to_read();
	f->addresses = exptrace_may_see_addresses();
}

/* Finish the current item: give the batch back, or end the generation. */
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

/* The snapshot was delivered. Stay at its end, but release its generations. */
void exptrace_reader_end_view(struct exptrace_file *f)
{
	if (f->view.held)
		exptrace_thaw();
	f->view.held = false;
}

/*
 * Put back the current item, and leave the snapshot being read, if any. Caller holds @f->lock
 * or is the only user of @f.
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

/* @f has no other user. */
void exptrace_reader_exit(struct exptrace_file *f)
{
	exptrace_reader_put_back(f);
	exptrace_reader_leaves();
	mutex_destroy(&f->lock);
}

/* This reader started a recording: read that one, from its beginning. */
void exptrace_reader_restart(struct exptrace_file *f)
{
	lockdep_assert_held(&f->lock);

	exptrace_reader_put_back(f);
	WRITE_ONCE(f->session, exptrace_session_to_read());
	f->header = 0;
}

/* Put back what read(2) has not delivered yet. Returns false in the middle of a batch. */
static bool leave_batch(struct exptrace_file *f)
{
	if (f->taken || (f->batch && exptrace_batch_is_cut(f->batch, f->offset)))
		return false;
	if (f->batch || f->ending)
		exptrace_reader_put_back(f);
	return true;
}

/* Leave the snapshot being read, if any. Returns -EBUSY in the middle of a batch. */
int exptrace_reader_leave_view(struct exptrace_file *f)
{
	lockdep_assert_held(&f->lock);

	if (f->view.active)
		exptrace_reader_put_back(f);
	return leave_batch(f) ? 0 : -EBUSY;
}

/*
 * Read the frozen generations up to @last from now on. Returns -EBUSY in the middle of a batch.
 * Another thread may have read a snapshot in the meantime, but only to its end: otherwise these
 * generations would not have been free to be frozen.
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
 * Take the next item, a batch or the end of a generation, into @f->batch or @f->ending until
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

/* Is there anything to deliver, apart from the header and the current item? */
bool exptrace_reader_has_next(const struct exptrace_file *f)
{
	return READ_ONCE(f->view.active) ||
	       exptrace_peek(READ_ONCE(f->session), false) != EXPTRACE_NEXT_NOTHING;
}

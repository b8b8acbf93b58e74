// SPDX-License-Identifier: GPL-2.0-only
/*
 * Markers: text that programs write into the standard stream.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "marker.h"
#include "probe.h"

static int not_recorded_error(void)
{
	return READ_ONCE(exptrace.recording) ? -ENOBUFS : -EINVAL;
}

static int record_text(unsigned int type, const char *text, size_t len)
{
	EXPTRACE_WRITER(w);

	/* Markers are explicit requests, so no filter applies. */
	if (!exptrace_begin_about(&w, EXPTRACE_EXPERIMENT_STANDARD, exptrace_about_all(), type,
				  exptrace_max(1, len)))
		return not_recorded_error();
	exptrace_string(&w, text, len);
	exptrace_end(&w);
	return 0;
}

static int record_log(const char *key, size_t key_len, const char *value, size_t len)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_begin_about(&w, EXPTRACE_EXPERIMENT_STANDARD, exptrace_about_all(),
				  EXPTRACE_EVENT_MARKER_LOG, exptrace_max(2, key_len + len)))
		return not_recorded_error();
	exptrace_string(&w, key, key_len);
	exptrace_string(&w, value, len);
	exptrace_end(&w);
	return 0;
}

/* write() on the device: @count bytes of text. A trailing newline is not recorded. */
ssize_t exptrace_marker_write(struct file *file, const char __user *text, size_t count,
			      loff_t *pos)
{
	size_t taken = min_t(size_t, count, EXPTRACE_STRING_MAX);
	char *copy;
	int err;

	if (!taken)
		return 0;
	copy = memdup_user(text, taken);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	err = record_text(EXPTRACE_EVENT_MARKER, copy, taken - (copy[taken - 1] == '\n'));
	kfree(copy);
	return err ?: taken;
}

static bool mark_is_valid(const struct exptrace_mark *mark)
{
	if (mark->kind > EXPTRACE_MARK_LOG || mark->length > EXPTRACE_STRING_MAX || mark->reserved)
		return false;
	if (mark->kind != EXPTRACE_MARK_LOG)
		return !mark->key && !mark->key_length;
	return mark->key_length <= EXPTRACE_STRING_MAX;
}

static int mark_log(const struct exptrace_mark *mark, const char *value)
{
	char *key = memdup_user(u64_to_user_ptr(mark->key), mark->key_length);
	int err;

	if (IS_ERR(key))
		return PTR_ERR(key);
	err = record_log(key, mark->key_length, value, mark->length);
	kfree(key);
	return err;
}

/* EXPTRACE_IOC_MARK */
long exptrace_marker_ioctl(const struct exptrace_mark __user *arg)
{
	static const u8 types[] = {
		[EXPTRACE_MARK_TEXT]	= EXPTRACE_EVENT_MARKER,
		[EXPTRACE_MARK_BEGIN]	= EXPTRACE_EVENT_MARKER_BEGIN,
		[EXPTRACE_MARK_END]	= EXPTRACE_EVENT_MARKER_END,
	};
	struct exptrace_mark mark;
	char *text;
	int err;

	/* The largest marker must fit in the smallest batch. */
	BUILD_BUG_ON(SZ_4K - EXPTRACE_BATCH_HEADER_MAX <
		     exptrace_max(2, 2 * EXPTRACE_STRING_MAX));

	if (copy_from_user(&mark, arg, sizeof(mark)))
		return -EFAULT;
	if (!mark_is_valid(&mark))
		return -EINVAL;
	text = memdup_user(u64_to_user_ptr(mark.text), mark.length);
	if (IS_ERR(text))
		return PTR_ERR(text);
	if (mark.kind == EXPTRACE_MARK_LOG)
		err = mark_log(&mark, text);
	else
		err = record_text(types[mark.kind], text, mark.length);
	kfree(text);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Markers: texts that programs write into the standard stream.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "marker.h"
#include "probe.h"

static int record(unsigned int type, const char *text, size_t len)
{
	EXPTRACE_WRITER(w);

	if (!exptrace_standard_begin(&w, type, exptrace_max(1, len)))
		return READ_ONCE(exptrace.recording) ? -ENOBUFS : -EINVAL;
	exptrace_string(&w, text, len);
	exptrace_end(&w);
	return 0;
}

/* A file of the device is written: @count bytes of text, the newline at its end not recorded. */
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
	err = record(EXPTRACE_EVENT_MARKER, copy, taken - (copy[taken - 1] == '\n'));
	kfree(copy);
	return err ?: taken;
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
	char *copy;
	int err;

	if (copy_from_user(&mark, arg, sizeof(mark)))
		return -EFAULT;
	if (mark.kind >= ARRAY_SIZE(types) || mark.length > EXPTRACE_STRING_MAX ||
	    memchr_inv(mark.reserved, 0, sizeof(mark.reserved)))
		return -EINVAL;
	copy = memdup_user(u64_to_user_ptr(mark.text), mark.length);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	err = record(types[mark.kind], copy, mark.length);
	kfree(copy);
	return err;
}

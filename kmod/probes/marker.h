/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Markers: text that programs write into the standard stream.
 */
#ifndef _EXPTRACE_MARKER_H
#define _EXPTRACE_MARKER_H

#include <linux/fs.h>

#include <exptrace/exptrace.h>

ssize_t exptrace_marker_write(struct file *file, const char __user *text, size_t count,
			      loff_t *pos);
long exptrace_marker_ioctl(const struct exptrace_mark __user *arg);

#endif /* _EXPTRACE_MARKER_H */

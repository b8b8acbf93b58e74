/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's files share this: an open file and its position in the stream.
 */
#ifndef _EXPTRACE_READER_H
#define _EXPTRACE_READER_H

#include <linux/fs.h>
#include <linux/poll.h>

#include "device.h"
#include "flush.h"

/**
 * struct exptrace_file - an open file of the device
 * @lock:	serializes delivery, and START and SNAPSHOT with it
 * @session:	number of the recording being read; written under @lock
 * @header:	bytes delivered of the header, the stream's or the snapshot's; @lock
 * @stream_header: @header of the stream, while a snapshot is being read; @lock
 * @batch:	current item: the batch being delivered, or NULL; @lock
 * @ending:	current item: the end of a generation is being delivered; @lock
 * @gen:	generation of the current item; @lock
 * @offset:	position in @batch, everything before it was delivered; @lock
 * @taken:	the current item came from TAKE, and has to be given back; @lock
 * @takes:	TAKE was called, so poll(2) does not wait for the header; @lock
 * @view:	position in the snapshot being read; @lock
 * @addresses:	the opener may see kernel addresses; constant
 */
struct exptrace_file {
	struct mutex		lock;	/* see above */
	u64			session;
	size_t			header;
	size_t			stream_header;
	struct exptrace_batch	*batch;
	bool			ending;
	u64			gen;
	size_t			offset;
	bool			taken;
	bool			takes;
	struct exptrace_view	view;
	bool			addresses;
};

static inline bool exptrace_is_reader(const struct file *file)
{
	return file->f_mode & FMODE_READ;
}

/* reader.c */
void exptrace_reader_init(struct exptrace_file *f);
void exptrace_reader_exit(struct exptrace_file *f);
void exptrace_reader_put_back(struct exptrace_file *f);
void exptrace_reader_restart(struct exptrace_file *f);
int exptrace_reader_leave_view(struct exptrace_file *f);
int exptrace_reader_snapshot(struct exptrace_file *f, u64 last);
int exptrace_reader_take_next(struct exptrace_file *f);
bool exptrace_reader_has_next(const struct exptrace_file *f);
void exptrace_reader_finish(struct exptrace_file *f);
void exptrace_reader_end_view(struct exptrace_file *f);

/* read.c */
ssize_t exptrace_read_iter(struct kiocb *iocb, struct iov_iter *to);
__poll_t exptrace_poll(struct file *file, poll_table *wait);

/* mmap.c */
int exptrace_mmap(struct file *file, struct vm_area_struct *vma);

/* take.c */
long exptrace_ioctl_take(struct file *file, void __user *arg);
long exptrace_ioctl_give(struct file *file);

/* ioctl.c */
long exptrace_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* sysfs.c */
extern const struct attribute_group *exptrace_groups[];

#endif /* _EXPTRACE_READER_H */

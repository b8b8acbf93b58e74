/* SPDX-License-Identifier: GPL-2.0-only */
/* Record chosen events, decode and search them. */
#ifndef EXPTRACE_SELFTEST_RECORDING_H
#define EXPTRACE_SELFTEST_RECORDING_H

#include <stdarg.h>

#include "fixture.h"

struct recording {
	struct stream stream;
	struct bytes bytes;
	const struct stream_event **sorted;
	size_t nr;
};

/*
 * Enable only the events with these names; the last argument is NULL. 0, or -errno if one does not
 * exist.
 */
static inline int record_only(int fd, ...)
{
	struct exptrace_event event = {};
	const char *name;
	va_list names;
	int err = 0;

	while (!err && !device_ioctl(fd, EXPTRACE_IOC_GET_EVENT, &event)) {
		if (event.flags & EXPTRACE_EVENT_F_ENABLED)
			err = event_set(fd, event.name, false);
		event = (struct exptrace_event){ .index = event.index + 1 };
	}
	va_start(names, fd);
	while (!err && (name = va_arg(names, const char *)))
		err = event_set(fd, name, true);
	va_end(names);
	return err;
}

static inline int recording_start(int fd)
{
	struct exptrace_start args = start_small();

	args.pool_size = 16 << 20;
	args.batch_size = 16384;
	return device_ioctl(fd, EXPTRACE_IOC_START, &args);
}

/* Stop, read everything and decode it. */
static inline int recording_stop_lossy(struct recording *r, int control)
{
	int err = device_ioctl(control, EXPTRACE_IOC_STOP, NULL), fd;

	if (err)
		return err;
	fd = device_open(O_RDONLY);
	if (fd < 0)
		return fd;
	err = bytes_drain(&r->bytes, fd, 1 << 20);
	close(fd);
	if (!err && stream_parse(&r->stream, r->bytes.data, r->bytes.size))
		return -EBADMSG;
	r->sorted = stream_sorted(&r->stream, &r->nr);
	return err;
}

/* Likewise, but fail if anything was lost although there was room for it. */
static inline int recording_stop(struct recording *r, int control)
{
	int err = recording_stop_lossy(r, control);

	if (err || !stream_lost_needlessly(&r->stream))
		return err;
	stream_describe_losses(&r->stream);
	return -ENOBUFS;
}

static inline void recording_free(struct recording *r)
{
	free(r->sorted);
	bytes_free(&r->bytes);
	stream_free(&r->stream);
}

#define STOP_AND_DECODE(r)						\
	ASSERT_EQ(0, recording_stop(r, self->control)) {		\
		TH_LOG("%s", (r)->stream.error);			\
	}

/*
 * The next event of a type in the standard stream from *from on, of one thread (0: of any). *from
 * is then after it.
 */
static inline const struct stream_event *next_of(const struct recording *r, int type, pid_t pid, size_t *from)
{
	while (*from < r->nr) {
		const struct stream_event *e = r->sorted[(*from)++];

		if (!e->experiment && e->type == type && (!pid || e->pid == pid))
			return e;
	}
	return NULL;
}

#endif

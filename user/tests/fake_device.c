// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replaces the library's device by a recorder without a kernel. A child process writes the trace
 * into a pipe until it is stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libexptrace.h>

#include "fake_device.h"
#include "sample.h"

int fake_calls = -1;
int fake_offers = -1;
const char *fake_event = "sched_switch";

const struct writer *fake_trace;
size_t fake_step;
bool fake_pool, fake_together, fake_mapped, fake_holds;
int fake_take_error;
unsigned int fake_taken, fake_given;

struct exptrace_device {
	int data;	/* read end of the stream's pipe */
	int source;	/* write end of that pipe */
	int stop;	/* closed to stop the child */
	bool taken;	/* a batch is taken */
	bool ending;	/* the end of a generation is taken */
	uint8_t pool[2 * EXPTRACE_BATCH_MAX];	/* the taken batches, and a part of the next piece */
	size_t used;
	size_t next;	/* offset of the next piece in @pool */
	uint64_t generation;	/* of the last taken batch */
};

static void log_call(char call)
{
	if (fake_calls >= 0 && write(fake_calls, &call, 1) != 1)
		abort();
}

static void send_all(int fd, struct writer *w)
{
	if (write(fd, w->data, w->size) != (ssize_t)w->size)
		_exit(1);
	w->size = 0;
}

static void send_bytes(int fd, size_t at, size_t n)
{
	if (write(fd, fake_trace->data + at, n) != (ssize_t)n)
		_exit(1);
}

/* The header comes in one write: the device delivers it whole. */
static _Noreturn void send_trace(int fd)
{
	size_t at, n = fake_step ? fake_step : fake_trace->size;

	send_bytes(fd, 0, EXPTRACE_HEADER_SIZE);
	for (at = EXPTRACE_HEADER_SIZE; at < fake_trace->size; at += n) {
		if (n > fake_trace->size - at)
			n = fake_trace->size - at;
		send_bytes(fd, at, n);
	}
	_exit(0);
}

/* Writes generations until the parent stops it. */
static _Noreturn void record(int fd, int stop)
{
	static const struct sample_faults none;
	struct pollfd poll_ = { .fd = stop, .events = POLLIN };
	struct writer w = { 0 };
	uint64_t gen;

	/* or a reader of the recorder's output would not see its end */
	close(STDOUT_FILENO);
	if (fake_trace)
		send_trace(fd);
	w_header(&w);
	for (gen = 1; poll(&poll_, 1, 0) == 0; gen++) {
		sample_generation(&w, gen, &none);
		send_all(fd, &w);
	}
	_exit(0);
}

int exptrace_device_open(const char *path, int flags, struct exptrace_device **device)
{
	int fds[2];

	(void)path;
	if (pipe2(fds, O_CLOEXEC))
		abort();
	fcntl(fds[0], F_SETFL, flags & O_NONBLOCK);
	*device = calloc(1, sizeof(**device));
	(*device)->data = fds[0];
	(*device)->source = fds[1];
	(*device)->stop = -1;
	return 0;
}

void exptrace_device_close(struct exptrace_device *device)
{
	if (!device)
		return;
	close(device->data);
	if (device->source >= 0)
		close(device->source);
	if (device->stop >= 0)
		close(device->stop);
	free(device);
}

int exptrace_device_fd(const struct exptrace_device *device)
{
	return device->data;
}

static void begin_recording(struct exptrace_device *device)
{
	int fds[2];

	fake_taken = 0;
	fake_given = 0;
	fake_holds = false;
	if (pipe2(fds, O_CLOEXEC))
		abort();
	if (!fork()) {
		close(fds[1]);
		close(device->data);
		record(device->source, fds[0]);
	}
	close(fds[0]);
	close(device->source);
	device->source = -1;
	device->stop = fds[1];
}

int exptrace_device_start(struct exptrace_device *device, const struct exptrace_start *start)
{
	(void)start;
	begin_recording(device);
	return 0;
}

int exptrace_device_stop(struct exptrace_device *device)
{
	if (device->stop < 0)
		return -EINVAL;
	close(device->stop);
	device->stop = -1;
	log_call('s');
	return 0;
}

int exptrace_device_snapshot(struct exptrace_device *device, uint32_t flags, uint64_t *first,
			     uint64_t *last)
{
	(void)flags;
	begin_recording(device);
	*first = 1;
	*last = UINT64_MAX;
	return 0;
}

int exptrace_device_info(struct exptrace_device *device, struct exptrace_info *info)
{
	*info = (struct exptrace_info) {
		.abi_version = EXPTRACE_ABI_VERSION,
		.state = device->stop >= 0 ? EXPTRACE_STATE_RECORDING : EXPTRACE_STATE_STOPPED,
		.batch_size = 4096,
		.batches_full = 1,
	};
	return 0;
}

int exptrace_device_event(struct exptrace_device *device, unsigned int index,
			  struct exptrace_event *event)
{
	(void)device;
	*event = (struct exptrace_event) {
		.flags = EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_AVAILABLE,
		.type = EXPTRACE_EVENT_SCHED_SWITCH,
		.group = "sched",
	};
	strncpy(event->name, fake_event, sizeof(event->name) - 1);
	return index ? -ENOENT : 0;
}

const char *exptrace_device_experiment(uint8_t experiment)
{
	return experiment ? NULL : "standard";
}

int exptrace_device_experiment_id(const char *name, size_t len)
{
	return len == strlen("standard") && !memcmp(name, "standard", len) ? 0 : -ENOENT;
}

int exptrace_selection_offer_device(struct exptrace_selection *selection,
				    struct exptrace_device *device)
{
	(void)device;
	if (!fake_offers)
		return -EIO;
	fake_offers--;
	exptrace_selection_offer(selection, "standard", "sched", fake_event);
	return 0;
}

int exptrace_device_select(struct exptrace_device *device, struct exptrace_selection *selection)
{
	(void)device;
	(void)selection;
	return 1;
}

int exptrace_device_switch(struct exptrace_device *device, const struct exptrace_event *event,
			   uint32_t flags)
{
	(void)device;
	(void)event;
	(void)flags;
	return 0;
}

int exptrace_device_filter(struct exptrace_device *device, struct exptrace_filter **filter)
{
	(void)device;
	*filter = calloc(1, sizeof(**filter));
	return *filter ? 0 : -ENOMEM;
}

int exptrace_device_set_filter(struct exptrace_device *device,
			       const struct exptrace_filter *filter)
{
	(void)device;
	(void)filter;
	log_call('f');
	return 0;
}

int exptrace_device_syscall_tables(struct exptrace_device *device,
				   struct exptrace_syscall_tables *calls)
{
	(void)device;
	memset(calls, 0xff, sizeof(*calls));
	return 0;
}

int exptrace_device_set_syscall_tables(struct exptrace_device *device,
				       const struct exptrace_syscall_tables *calls)
{
	(void)device;
	(void)calls;
	log_call('c');
	return 0;
}

int exptrace_device_map(struct exptrace_device *device)
{
	(void)device;
	fake_mapped = fake_pool;
	return fake_pool ? 0 : -ENODEV;
}

void exptrace_device_unmap(struct exptrace_device *device)
{
	(void)device;
	fake_mapped = false;
}

int exptrace_device_give(struct exptrace_device *device)
{
	if (!device->taken && !device->ending)
		return -EINVAL;
	fake_given += device->taken;
	device->taken = false;
	device->ending = false;
	fake_holds = false;
	return 0;
}

/* Reads exactly one piece from the pipe. Returns its size, or 0 at the end. */
static int read_piece(struct exptrace_device *device, enum exptrace_batch_kind *kind)
{
	uint64_t generation;
	ssize_t ret;
	int n;

	while (!(n = exptrace_piece(device->pool + device->next, device->used - device->next, kind,
				    &generation))) {
		if (device->used == sizeof(device->pool))
			abort();
		ret = read(device->data, device->pool + device->used, 1);
		if (ret <= 0)
			return ret ? -errno : 0;
		device->used++;
	}
	if (n > 0 && *kind != EXPTRACE_BATCH_END)
		device->generation = generation;
	return n;
}

/* Drops the taken batches, and moves the part of the next piece to the beginning. */
static void drop_taken(struct exptrace_device *device)
{
	memmove(device->pool, device->pool + device->next, device->used - device->next);
	device->used -= device->next;
	device->next = 0;
}

static void take_batches(struct exptrace_device *device, int n)
{
	enum exptrace_batch_kind kind = EXPTRACE_BATCH_OTHER;

	do
		device->next += (size_t)n;
	while (fake_together && (n = read_piece(device, &kind)) > 0 && kind != EXPTRACE_BATCH_END);
	device->taken = true;
	fake_taken++;
}

int exptrace_device_take(struct exptrace_device *device, struct exptrace_batch_ref *ref,
			 const void **batch)
{
	enum exptrace_batch_kind kind = EXPTRACE_BATCH_OTHER;
	int ret = fake_take_error;

	fake_take_error = 0;
	if (ret || !fake_mapped)
		return ret ? ret : -EINVAL;
	exptrace_device_give(device);
	drop_taken(device);
	ret = read_piece(device, &kind);
	if (ret < 0)
		return ret;
	*ref = (struct exptrace_batch_ref) { .kind = EXPTRACE_REF_END };
	if (ret && kind == EXPTRACE_BATCH_END) {
		ref->kind = EXPTRACE_REF_END_OF_GENERATION;
		device->next = 1;
		device->ending = true;
	} else if (ret) {
		take_batches(device, ret);
		ref->kind = EXPTRACE_REF_BATCH;
		ref->length = (uint32_t)device->next;
	}
	ref->generation = device->generation;
	*batch = device->taken ? device->pool : NULL;
	fake_holds = device->taken || device->ending;
	return 0;
}

int exptrace_device_advance(struct exptrace_device *device, uint64_t *generation)
{
	(void)device;
	(void)generation;
	return -ENODEV;
}

int exptrace_device_least_pool(struct exptrace_device *device, const struct exptrace_start *start,
			       uint64_t *pool_size, uint32_t *batch_size)
{
	(void)device;
	(void)start;
	(void)pool_size;
	(void)batch_size;
	return -ENODEV;
}

int exptrace_device_trigger(struct exptrace_device *device)
{
	(void)device;
	return -ENODEV;
}

int exptrace_device_set_trigger(struct exptrace_device *device, uint64_t latency_us)
{
	(void)device;
	(void)latency_us;
	return -ENODEV;
}

int exptrace_device_mark(struct exptrace_device *device, enum exptrace_mark_kind kind,
			 const char *text)
{
	(void)device;
	(void)kind;
	(void)text;
	return -ENODEV;
}

int exptrace_device_mark_log(struct exptrace_device *device, const char *key, const char *value)
{
	(void)device;
	(void)key;
	(void)value;
	return -ENODEV;
}

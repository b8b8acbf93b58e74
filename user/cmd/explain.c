// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages about errors of the device, and what to do about them.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "explain.h"
#include "recorder.h"

int explain_open(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return problem("%s is not there: the module is not loaded; "
			       "try 'modprobe exptrace' or 'insmod exptrace.ko'", EXPTRACE_DEVICE);
	case -EACCES:
		return problem("%s: permission denied; run this as root", EXPTRACE_DEVICE);
	case -EPERM:
		return problem("%s: not permitted; it needs CAP_PERFMON or CAP_SYS_ADMIN, and a "
			       "kernel that is not locked down", EXPTRACE_DEVICE);
	case -EBUSY:
		return problem("%s has a reader already; stop that one first (see 'fuser %s')",
			       EXPTRACE_DEVICE, EXPTRACE_DEVICE);
	case -EPROTO:
		return problem("the loaded module speaks another version than this program (%u); "
			       "install both from one release", EXPTRACE_ABI_VERSION);
	default:
		return problem("%s: cannot open: %s", EXPTRACE_DEVICE, strerror(-err));
	}
}

/* The module refused the settings: because of the pool size, unless it refuses the others, too. */
static int explain_settings(struct exptrace_device *device, const struct exptrace_start *start)
{
	long page = sysconf(_SC_PAGESIZE), cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned long long least_mib;
	uint64_t least;
	uint32_t batch;
	int err;

	err = exptrace_device_least_pool(device, start, &least, &batch);
	if (err == -ENOTTY)
		return problem("the module does not accept these settings, and is too old to tell "
			       "which: a larger --pool may help, and --batch takes 4, 8, 16, 32 or 64");
	if (err && start->batch_size)
		return problem("--batch %u: not accepted; it takes 4, 8, 16, 32 or 64, and not less "
			       "than a page, which has %ld", start->batch_size >> 10, page >> 10);
	if (err)
		return problem("the module does not accept these settings");
	least_mib = (least + (1 << 20) - 1) >> 20;
	if (!start->pool_size)
		return problem("the module's pool_mb is too small: give --pool %llu, the least for "
			       "%ld CPUs and batches of %u KiB", least_mib, cpus, batch >> 10);
	return problem("--pool %llu: too small: %llu is the least for %ld CPUs and batches of %u KiB",
		       (unsigned long long)start->pool_size >> 20, least_mib, cpus, batch >> 10);
}

int explain_start(struct exptrace_device *device, const struct exptrace_start *start, int err)
{
	struct exptrace_info info;

	switch (err) {
	case -EBUSY:
		if (!exptrace_device_info(device, &info) &&
		    info.state == EXPTRACE_STATE_RECORDING)
			return problem("recording is on already; end it with 'exptrace stop'");
		if (start->flags & EXPTRACE_START_DISCARD)
			return problem("another program reads what was recorded; stop that one "
				       "first (see 'fuser %s')", EXPTRACE_DEVICE);
		return problem("an earlier recording was not read; save it with 'cat %s > FILE', "
			       "or drop it with --discard", EXPTRACE_DEVICE);
	case -ENOMEM:
		return problem("no memory for the pool, which may take half of what is available; "
			       "ask for a smaller one with --pool MIB");
	case -EINVAL:
		return explain_settings(device, start);
	case -EPERM:
		return problem("not permitted to record: the kernel is locked down");
	default:
		return problem("cannot start recording: %s", strerror(-err));
	}
}

/* @what: what failed: "snapshot", "stop", ... */
int explain_control(int err, const char *what)
{
	switch (err) {
	case -EINVAL:
		return problem("cannot %s: it is not recording; begin with 'exptrace start' or "
			       "'exptrace record'", what);
	case -EAGAIN:
		return problem("cannot %s: nothing is recorded; begin with "
			       "'exptrace start --flight'", what);
	case -EBUSY:
		return problem("cannot %s: another program waits for the trigger already", what);
	case -ENOBUFS:
		return problem("cannot %s: the pool is too full to complete a generation; read it "
			       "first, for example with 'cat %s > FILE'", what, EXPTRACE_DEVICE);
	case -ENOMEM:
		return problem("cannot %s: no memory", what);
	case -EACCES:
	case -EPERM:
		return problem("cannot %s: not permitted; it needs CAP_PERFMON or CAP_SYS_ADMIN, "
			       "and a kernel that is not locked down", what);
	default:
		return problem("cannot %s: %s", what, strerror(-err));
	}
}

int explain_read(int err)
{
	if (err == -EPERM)
		return problem("the recording has kernel addresses, which you may not see; it needs "
			       "CAP_SYSLOG, and kernel.kptr_restrict below 2");
	return problem("%s: cannot read: %s", EXPTRACE_DEVICE, strerror(-err));
}

int explain_write(const struct stream *stream, const struct outfile *file)
{
	const char *path = outfile_present_name(file);

	problem("%s: cannot write: %s; recording is stopped, the %llu bytes written are kept",
		path, strerror(-stream->write_error), (unsigned long long)stream->bytes);
	if (stream->dropped)
		return problem("%llu bytes are lost; what the kernel still has can be read with "
			       "'cat %s > OTHER-FILE'", (unsigned long long)stream->dropped,
			       EXPTRACE_DEVICE);
	if (stream->regular && stream->bytes && file->path)
		return problem("the kernel has the rest, from the next byte on; make room and append "
			       "it with 'tail -c +%d %s >> %s'", EXPTRACE_HEADER_SIZE + 1,
			       EXPTRACE_DEVICE, path);
	return problem("the kernel has the rest; read it with 'cat %s > OTHER-FILE'",
		       EXPTRACE_DEVICE);
}

int explain_stall(struct exptrace_device *device, const struct stream *stream,
		  const struct outfile *file, bool impatient)
{
	struct exptrace_info info = { 0 };

	exptrace_device_info(device, &info);
	if (impatient)
		problem("interrupted while %s took nothing", file->name);
	else
		problem("%s took nothing for %d s", file->name, RECORDER_PATIENCE);
	return problem("recording is stopped, %llu bytes are written; up to %llu more are left in the "
		       "device: read them with 'cat %s > OTHER-FILE'",
		       (unsigned long long)stream->bytes,
		       (info.batches_full + 1ULL) * info.batch_size, EXPTRACE_DEVICE);
}

int open_device(int flags, struct exptrace_device **device)
{
	int err = exptrace_device_open(NULL, flags, device);

	return err ? explain_open(err) : EXIT_OK;
}

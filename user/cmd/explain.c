// SPDX-License-Identifier: GPL-2.0-only
/*
 * What went wrong with the device, and what to do about it.
 */
#include <errno.h>
#include <string.h>

#include "cmd.h"
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
		return problem("cannot open %s: %s", EXPTRACE_DEVICE, strerror(-err));
	}
}

int explain_start(int err)
{
	switch (err) {
	case -EBUSY:
		return problem("recording is on already, or an earlier recording was not read; "
			       "save it with 'cat %s > FILE', or drop it with --discard",
			       EXPTRACE_DEVICE);
	case -ENOMEM:
		return problem("no memory for the pool; ask for a smaller one with --pool MIB");
	case -EINVAL:
		return problem("the module does not accept these settings; --batch takes 4, 8, "
			       "16, 32 or 64, and --pool must hold some batches per CPU");
	case -EPERM:
		return problem("not permitted to record: the kernel is locked down");
	default:
		return problem("cannot start recording: %s", strerror(-err));
	}
}

int explain_write(int err, const char *path, uint64_t written)
{
	problem("cannot write to %s: %s; recording is stopped, the %llu bytes written are kept",
		path, strerror(-err), (unsigned long long)written);
	return problem("what the kernel still has can be read with 'cat %s > OTHER-FILE'",
		       EXPTRACE_DEVICE);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controls of /dev/exptrace: its ioctls.
 */
#include <linux/build_bug.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "experiment.h"
#include "filter/filter.h"
#include "generation.h"
#include "params.h"
#include "probes/probes.h"
#include "reader.h"
#include "recording.h"
#include "statistics.h"
#include "tables/tables.h"
#include "trigger/trigger.h"

/* Takes no lock that is held for long, so the numbers need not be consistent. */
static long do_info(void __user *arg)
{
	struct exptrace_info info = { .abi_version = EXPTRACE_ABI_VERSION };

	/* Pairs with the release in begin_recording(). */
	info.state = smp_load_acquire(&exptrace.running) ? EXPTRACE_STATE_RECORDING :
							   EXPTRACE_STATE_STOPPED;
	info.generation = READ_ONCE(exptrace.gen);
	info.period_ms = READ_ONCE(exptrace.period_ms);
	exptrace_pool_info(&info);
	info.addresses = READ_ONCE(exptrace.raw_addresses);
	info.lost = exptrace_lost();
	info.mode = READ_ONCE(exptrace_pool.mode);
	info.evicted_generations = READ_ONCE(exptrace_flush.evicted_generations);
	info.evicted_events = READ_ONCE(exptrace_flush.evicted_events);
	info.triggers = exptrace_triggers();
	info.latency_us = exptrace_trigger_latency();
	info.missing_tasks = READ_ONCE(exptrace.missing_tasks);
	info.missing_changes = READ_ONCE(exptrace.missing_changes);
	exptrace_unknown(&info.unknown_sites, &info.unknown_stacks);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static bool are_percent(const u8 *quota)
{
	unsigned int i;

	for (i = 0; i < EXPTRACE_MAX_EXPERIMENTS; i++)
		if (quota[i] > 100)
			return false;
	return true;
}

/*
 * Convert @start to parameters of a recording; -EINVAL if it is not valid. Caller holds
 * exptrace.control.
 */
static int make_params(struct exptrace_params *params, const struct exptrace_start *start,
		       const struct exptrace_file *f)
{
	const u32 flags = EXPTRACE_START_DISCARD | EXPTRACE_START_STOP_ON_CLOSE;

	if (start->flags & ~flags || start->mode > EXPTRACE_MODE_FLIGHT ||
	    memchr_inv(start->reserved, 0, sizeof(start->reserved)) ||
	    !are_percent(start->quota))
		return -EINVAL;
	exptrace_default_params(params);
	if (start->batch_size != EXPTRACE_START_DEFAULT)
		params->batch_size = start->batch_size;
	if (start->period_ms != EXPTRACE_START_DEFAULT)
		params->period_ms = start->period_ms;
	params->pool_size = start->pool_size ?: exptrace_default_pool_size(params->batch_size);
	params->mode = start->mode;
	memcpy(params->quota, start->quota, sizeof(params->quota));
	import_uuid(&params->boot_id, start->boot_id);
	params->discard = start->flags & EXPTRACE_START_DISCARD;
	params->owner = start->flags & EXPTRACE_START_STOP_ON_CLOSE ? f : NULL;
	return 0;
}

static int start_for(struct exptrace_file *f, struct exptrace_params *params)
{
	int err;

	params->own_snapshot = f->view.held;
	err = exptrace_prepare_start(params);
	if (err)
		return err;
	/* Put the current item back, so that it is dropped with the rest. */
	exptrace_reader_put_back(f);
	err = exptrace_finish_start(params);
	if (!err)
		exptrace_reader_restart(f);
	return err;
}

static long do_start(struct exptrace_file *f, void __user *arg)
{
	struct exptrace_params params;
	struct exptrace_start start;
	int err;

	if (copy_from_user(&start, arg, sizeof(start)))
		return -EFAULT;
	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	err = exptrace_lock_control();
	if (err)
		goto out;
	err = make_params(&params, &start, f) ?: start_for(f, &params);
	mutex_unlock(&exptrace.control);
out:
	mutex_unlock(&f->lock);
	return err;
}

/* Report the smallest pool for these parameters of START; ignores their pool size. */
static long do_least_pool(struct exptrace_file *f, void __user *arg)
{
	struct exptrace_params params;
	struct exptrace_start start;
	int err;

	if (copy_from_user(&start, arg, sizeof(start)))
		return -EFAULT;
	err = exptrace_lock_control();
	if (err)
		return err;
	err = make_params(&params, &start, f);
	if (!err && !exptrace_batch_size_is_valid(params.batch_size))
		err = -EINVAL;
	if (!err)
		start.pool_size = exptrace_least_pool(params.batch_size);
	mutex_unlock(&exptrace.control);
	if (err)
		return err;
	start.batch_size = params.batch_size;
	return copy_to_user(arg, &start, sizeof(start)) ? -EFAULT : 0;
}

static long do_stop(void)
{
	long err;

	err = exptrace_lock_control();
	if (err)
		return err;
	err = exptrace_stop();
	mutex_unlock(&exptrace.control);
	return err;
}

static long do_advance(void __user *arg)
{
	struct exptrace_advance advance;
	long err;

	if (copy_from_user(&advance, arg, sizeof(advance)))
		return -EFAULT;
	if (advance.flags || advance.reserved)
		return -EINVAL;
	err = exptrace_lock_control();
	if (err)
		return err;
	err = exptrace_advance(false, &advance.generation);
	mutex_unlock(&exptrace.control);
	if (err)
		return err;
	return copy_to_user(arg, &advance, sizeof(advance)) ? -EFAULT : 0;
}

static int describe_event(struct exptrace_event *event)
{
	const struct exptrace_experiment *exp;
	const struct exptrace_switch *sw;

	sw = exptrace_switch_at(event->index, &exp);
	if (!sw)
		return -ENOENT;
	event->flags = (sw->on ? EXPTRACE_EVENT_F_ENABLED : 0) |
		       (sw->stack ? EXPTRACE_EVENT_F_STACK : 0) |
		       (exptrace_switch_available(sw) ? EXPTRACE_EVENT_F_AVAILABLE : 0);
	event->experiment = exp->id;
	event->type = sw->def->type;
	strscpy_pad(event->group, sw->def->group, sizeof(event->group));
	strscpy_pad(event->name, sw->name, sizeof(event->name));
	return 0;
}

static long do_get_event(void __user *arg)
{
	struct exptrace_event event;
	int err;

	if (copy_from_user(&event, arg, sizeof(event)))
		return -EFAULT;
	if (memchr_inv(event.reserved, 0, sizeof(event.reserved)))
		return -EINVAL;
	mutex_lock(&exptrace_registry_lock);
	err = describe_event(&event);
	mutex_unlock(&exptrace_registry_lock);
	if (err)
		return err;
	return copy_to_user(arg, &event, sizeof(event)) ? -EFAULT : 0;
}

/* Apply all of @flags or nothing: the steps that may fail come first. */
static long set_event(const struct exptrace_experiment *exp, struct exptrace_switch *sw, u32 flags)
{
	bool stack = flags & EXPTRACE_EVENT_F_STACK, had_stack = sw->stack;
	long err = 0;

	if (stack)
		err = exptrace_switch_stack(exp, sw, true);
	if (!err)
		err = exptrace_switch_set(sw, flags & EXPTRACE_EVENT_F_ENABLED);
	if (err ? !had_stack : !stack)
		exptrace_switch_stack(exp, sw, false);
	return err;
}

/* Find the event by its name; by its index if the name is empty. */
static struct exptrace_switch *find_switch(const struct exptrace_event *event,
					   const struct exptrace_experiment **exp)
{
	if (event->name[0])
		return exptrace_switch_named(event->experiment, event->name, exp);
	return exptrace_switch_at(event->index, exp);
}

static long do_set_event(void __user *arg)
{
	const struct exptrace_experiment *exp;
	struct exptrace_switch *sw;
	struct exptrace_event event;
	long err;

	if (copy_from_user(&event, arg, sizeof(event)))
		return -EFAULT;
	if (event.flags & ~(EXPTRACE_EVENT_F_ENABLED | EXPTRACE_EVENT_F_STACK) ||
	    memchr_inv(event.reserved, 0, sizeof(event.reserved)) ||
	    !memchr(event.name, 0, sizeof(event.name)))
		return -EINVAL;
	err = exptrace_lock_control();
	if (err)
		return err;
	sw = find_switch(&event, &exp);
	err = sw ? set_event(exp, sw, event.flags) : -ENOENT;
	mutex_unlock(&exptrace.control);
	return err;
}

/*
 * Report the snapshot that exptrace_trigger_snapshot() or _wait() holds, and begin to read it.
 * After an error it is released, and the position in the stream is unchanged.
 */
static int view_snapshot(struct exptrace_file *f, const struct exptrace_snapshot *snapshot,
			 struct exptrace_snapshot __user *to)
{
	int err;

	/* Only killable: the snapshot of a trigger can't be requested again. */
	if (mutex_lock_killable(&f->lock)) {
		exptrace_thaw();
		return -EINTR;
	}
	err = copy_to_user(to, snapshot, sizeof(*snapshot)) ? -EFAULT :
	      exptrace_reader_snapshot(f, snapshot->last);
	mutex_unlock(&f->lock);
	if (err)
		exptrace_thaw();
	return err;
}

static long do_snapshot(struct file *file, void __user *arg)
{
	struct exptrace_file *f = file->private_data;
	struct exptrace_snapshot snapshot;
	long err;

	if (!exptrace_is_reader(file))
		return -EBADF;
	if (copy_from_user(&snapshot, arg, sizeof(snapshot)))
		return -EFAULT;
	if (snapshot.flags & ~EXPTRACE_SNAPSHOT_WAIT || snapshot.reserved)
		return -EINVAL;

	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	err = exptrace_reader_leave_view(f);
	mutex_unlock(&f->lock);
	if (err)
		return err;

	err = snapshot.flags & EXPTRACE_SNAPSHOT_WAIT ?
	      exptrace_trigger_wait(&snapshot.first, &snapshot.last) :
	      exptrace_trigger_snapshot(&snapshot.first, &snapshot.last);
	return err ?: view_snapshot(f, &snapshot, arg);
}

static long do_set_trigger(struct exptrace_file *f, void __user *arg)
{
	struct exptrace_trigger trigger;

	if (copy_from_user(&trigger, arg, sizeof(trigger)))
		return -EFAULT;
	if (memchr_inv(trigger.reserved, 0, sizeof(trigger.reserved)))
		return -EINVAL;
	return exptrace_trigger_set_latency(trigger.latency_us, f);
}

static long do_get_syscall_tables(void __user *arg)
{
	struct exptrace_syscall_tables tables;

	exptrace_syscalls_get(&tables);
	return copy_to_user(arg, &tables, sizeof(tables)) ? -EFAULT : 0;
}

static long do_get_syscalls(void __user *arg)
{
	struct exptrace_syscall_tables tables;
	struct exptrace_syscalls calls = {};

	exptrace_syscalls_get(&tables);
	memcpy(calls.wanted, tables.wanted[EXPTRACE_SYSCALLS_NATIVE], sizeof(calls.wanted));
	return copy_to_user(arg, &calls, sizeof(calls)) ? -EFAULT : 0;
}

static int set_syscall_tables(const struct exptrace_syscall_tables *tables)
{
	int err = exptrace_lock_control();

	if (err)
		return err;
	exptrace_syscalls_set(tables);
	mutex_unlock(&exptrace.control);
	return 0;
}

static long do_set_syscall_tables(void __user *arg)
{
	struct exptrace_syscall_tables tables;

	if (copy_from_user(&tables, arg, sizeof(tables)))
		return -EFAULT;
	if (memchr_inv(tables.reserved, 0, sizeof(tables.reserved)))
		return -EINVAL;
	return set_syscall_tables(&tables);
}

static long do_set_syscalls(void __user *arg)
{
	struct exptrace_syscall_tables tables = {};
	struct exptrace_syscalls calls;

	if (copy_from_user(&calls, arg, sizeof(calls)))
		return -EFAULT;
	if (memchr_inv(calls.reserved, 0, sizeof(calls.reserved)))
		return -EINVAL;
	if (!memchr_inv(calls.wanted, 0xff, sizeof(calls.wanted)))
		memset(tables.wanted, 0xff, sizeof(tables.wanted));
	else
		memcpy(tables.wanted[EXPTRACE_SYSCALLS_NATIVE], calls.wanted,
		       sizeof(calls.wanted));
	return set_syscall_tables(&tables);
}

/* Commands that change something need write access; reports, TAKE and GIVE do not. */
static bool needs_write(unsigned int cmd)
{
	switch (cmd) {
	case EXPTRACE_IOC_START:
	case EXPTRACE_IOC_STOP:
	case EXPTRACE_IOC_ADVANCE:
	case EXPTRACE_IOC_SET_EVENT:
	case EXPTRACE_IOC_SNAPSHOT:
	case EXPTRACE_IOC_TRIGGER:
	case EXPTRACE_IOC_SET_TRIGGER:
	case EXPTRACE_IOC_SET_SYSCALLS:
	case EXPTRACE_IOC_SET_SYSCALL_TABLES:
	case EXPTRACE_IOC_MARK:
	case EXPTRACE_IOC_SET_FILTER:
		return true;
	default:
		return false;
	}
}

long exptrace_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct exptrace_file *f = file->private_data;
	void __user *user = (void __user *)arg;

	BUILD_BUG_ON(sizeof(struct exptrace_start) != 64);
	BUILD_BUG_ON(offsetof(struct exptrace_start, batch_size) != 8);
	BUILD_BUG_ON(offsetof(struct exptrace_start, pool_size) != 16);
	BUILD_BUG_ON(sizeof(struct exptrace_advance) != 16);
	BUILD_BUG_ON(sizeof(struct exptrace_info) != 152);
	BUILD_BUG_ON(sizeof(struct exptrace_event) != 64);
	BUILD_BUG_ON(sizeof(struct exptrace_snapshot) != 24);
	BUILD_BUG_ON(sizeof(struct exptrace_batch_ref) != 24);
	BUILD_BUG_ON(sizeof(struct exptrace_trigger) != 32);
	BUILD_BUG_ON(sizeof(struct exptrace_syscalls) != 144);
	BUILD_BUG_ON(sizeof(struct exptrace_syscall_tables) != 400);
	BUILD_BUG_ON(sizeof(struct exptrace_mark) != 32);
	BUILD_BUG_ON(sizeof(struct exptrace_filter) != 128);

	if (needs_write(cmd) && !(file->f_mode & FMODE_WRITE))
		return -EBADF;

	switch (cmd) {
	case EXPTRACE_IOC_INFO:
		return do_info(user);
	case EXPTRACE_IOC_START:
		return do_start(f, user);
	case EXPTRACE_IOC_STOP:
		return do_stop();
	case EXPTRACE_IOC_ADVANCE:
		return do_advance(user);
	case EXPTRACE_IOC_GET_EVENT:
		return do_get_event(user);
	case EXPTRACE_IOC_SET_EVENT:
		return do_set_event(user);
	case EXPTRACE_IOC_SNAPSHOT:
		return do_snapshot(file, user);
	case EXPTRACE_IOC_TRIGGER:
		exptrace_trigger_fire();
		return 0;
	case EXPTRACE_IOC_SET_TRIGGER:
		return do_set_trigger(f, user);
	case EXPTRACE_IOC_TAKE:
		return exptrace_ioctl_take(file, user);
	case EXPTRACE_IOC_GIVE:
		return exptrace_ioctl_give(file);
	case EXPTRACE_IOC_GET_SYSCALLS:
		return do_get_syscalls(user);
	case EXPTRACE_IOC_SET_SYSCALLS:
		return do_set_syscalls(user);
	case EXPTRACE_IOC_GET_SYSCALL_TABLES:
		return do_get_syscall_tables(user);
	case EXPTRACE_IOC_SET_SYSCALL_TABLES:
		return do_set_syscall_tables(user);
	case EXPTRACE_IOC_MARK:
		return exptrace_marker_ioctl(user);
	case EXPTRACE_IOC_GET_FILTER:
		return exptrace_filter_ioctl_get(user);
	case EXPTRACE_IOC_SET_FILTER:
		return exptrace_filter_ioctl_set(user);
	case EXPTRACE_IOC_LEAST_POOL:
		return do_least_pool(f, user);
	default:
		return -ENOTTY;
	}
}

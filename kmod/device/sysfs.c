// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/misc/exptrace/: the controls for shell users. Only root may read what is traced;
 * everybody may read whether, and the generation. No read takes exptrace.control.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/sysfs.h>

#include "access.h"
#include "experiment.h"
#include "filter/filter.h"
#include "generation.h"
#include "params.h"
#include "reader.h"
#include "recording.h"
#include "trigger/trigger.h"

/*
 * Take exptrace.control for a change; -EPERM for those who may not open the device. In a
 * locked-down kernel tracefs refuses open(2). sysfs has no such hook, so the check is here, and
 * also refuses files opened before the lockdown.
 */
static int begin_sysfs_change(void)
{
	return exptrace_may_open() ?: exptrace_lock_control();
}

/* Take it to stop. That reveals nothing, so it is allowed after a lockdown, too. */
static int begin_stop(void)
{
	return perfmon_capable() ? exptrace_lock_control() : -EPERM;
}

static ssize_t recording_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	bool running = smp_load_acquire(&exptrace.running);	/* see struct exptrace */

	return sysfs_emit(buf, "%d\n", running);
}

static ssize_t recording_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct exptrace_params params;
	bool on;
	int err;

	err = kstrtobool(buf, &on);
	if (err)
		return err;
	err = on ? begin_sysfs_change() : begin_stop();
	if (err)
		return err;
	exptrace_default_params(&params);
	err = on ? exptrace_start(&params) : exptrace_stop();
	mutex_unlock(&exptrace.control);
	return err ? err : count;
}
static DEVICE_ATTR_RW(recording);

static ssize_t generation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(exptrace.gen));
}
static DEVICE_ATTR_RO(generation);

static ssize_t advance_store(struct device *dev, struct device_attribute *attr, const char *buf,
			     size_t count)
{
	u64 completed;
	int err;

	err = begin_sysfs_change();
	if (err)
		return err;
	err = exptrace_advance(false, &completed);
	mutex_unlock(&exptrace.control);
	return err ? err : count;
}
static DEVICE_ATTR_WO(advance);

static ssize_t events_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct exptrace_experiment *exp;
	const struct exptrace_switch *sw;
	unsigned int i;
	int len = 0;

	mutex_lock(&exptrace_registry_lock);
	for (i = 0; (sw = exptrace_switch_at(i, &exp)); i++)
		len += sysfs_emit_at(buf, len, "%s %s %s %s%s\n", exp->name, sw->def->group,
				     sw->name, !exptrace_switch_available(sw) ? "missing" :
				     sw->on ? "on" : "off",
				     sw->stack ? " stack" : "");
	mutex_unlock(&exptrace_registry_lock);
	return len;
}

static ssize_t events_store(struct device *dev, struct device_attribute *attr, const char *buf,
			    size_t count)
{
	int err;

	err = begin_sysfs_change();
	if (err)
		return err;
	err = exptrace_select(buf);
	mutex_unlock(&exptrace.control);
	return err ? err : count;
}
static DEVICE_ATTR_ADMIN_RW(events);

static ssize_t filter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	size_t len = exptrace_filter_describe(buf, PAGE_SIZE - 1);

	return len + sysfs_emit_at(buf, len, "%s\n", len ? "" : "none");
}
static DEVICE_ATTR_ADMIN_RO(filter);

static ssize_t trigger_store(struct device *dev, struct device_attribute *attr, const char *buf,
			     size_t count)
{
	int err = exptrace_may_open();

	if (err)
		return err;
	exptrace_trigger_fire();
	return count;
}
static DEVICE_ATTR_WO(trigger);

static ssize_t trigger_latency_us_show(struct device *dev, struct device_attribute *attr,
				       char *buf)
{
	return sysfs_emit(buf, "%llu\n", exptrace_trigger_latency());
}

static ssize_t trigger_latency_us_store(struct device *dev, struct device_attribute *attr,
					const char *buf, size_t count)
{
	u64 us;
	int err;

	err = exptrace_may_open() ?: kstrtou64(buf, 0, &us) ?:
	      exptrace_trigger_set_latency(us, NULL);
	return err ? err : count;
}
static DEVICE_ATTR_RW(trigger_latency_us);

static struct attribute *attributes[] = {
	&dev_attr_recording.attr,
	&dev_attr_generation.attr,
	&dev_attr_advance.attr,
	&dev_attr_events.attr,
	&dev_attr_filter.attr,
	&dev_attr_trigger.attr,
	&dev_attr_trigger_latency_us.attr,
	NULL
};

static const struct attribute_group group = {
	.attrs = attributes,
};

const struct attribute_group *exptrace_groups[] = {
	&group,
	NULL
};

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU hot-unplug.
 */
#ifndef _EXPTRACE_HOTPLUG_H
#define _EXPTRACE_HOTPLUG_H

int exptrace_hotplug_init(void);
void exptrace_hotplug_exit(void);

#endif /* _EXPTRACE_HOTPLUG_H */

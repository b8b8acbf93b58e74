/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The face of device/.
 */
#ifndef _EXPTRACE_DEVICE_H
#define _EXPTRACE_DEVICE_H

/* chardev.c */
int exptrace_chardev_init(void);
void exptrace_chardev_exit(void);

/* debugfs.c */
void exptrace_observe_init(void);
void exptrace_observe_exit(void);

#endif /* _EXPTRACE_DEVICE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recorder without a kernel, in place of the library's: it records as fast as it is read, and
 * tells what it is called for.
 */
#ifndef EXPTRACE_TEST_FAKE_DEVICE_H
#define EXPTRACE_TEST_FAKE_DEVICE_H

/* To be written, a letter each: s: stopped; f: a filter was set; c: the system calls were. */
extern int fake_calls;

/* How often it can tell a selection what it has, before it fails; below 0: always. */
extern int fake_offers;

/* The name of its event. */
extern const char *fake_event;

#endif /* EXPTRACE_TEST_FAKE_DEVICE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recorder without a kernel, in place of the library's: it records as fast as it is read, and
 * tells what it is called for.
 */
#ifndef EXPTRACE_TEST_FAKE_DEVICE_H
#define EXPTRACE_TEST_FAKE_DEVICE_H

/* To be written, a letter each: s: stopped; f: a filter was set; c: the system calls were. */
extern int fake_calls;

#endif /* EXPTRACE_TEST_FAKE_DEVICE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF programs of the tests. */
#ifndef EXPTRACE_SELFTEST_BPF_OBJECT_H
#define EXPTRACE_SELFTEST_BPF_OBJECT_H

#include <bpf/libbpf.h>

/*
 * Load the object file @name from the directory of this program. The caller closes it; NULL with
 * errno set on error.
 */
struct bpf_object *bpf_object_beside(const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF programs of the tests. */
#ifndef EXPTRACE_SELFTEST_BPF_OBJECT_H
#define EXPTRACE_SELFTEST_BPF_OBJECT_H

#include <bpf/libbpf.h>

/* Loads the object file @name, which lies beside this program. The caller closes it; NULL and errno if it can't be. */
struct bpf_object *bpf_object_beside(const char *name);

#endif

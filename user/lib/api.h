/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Marks symbols that the shared library exports; libexptrace.map has the versions.
 */
#ifndef EXPTRACE_LIB_API_H
#define EXPTRACE_LIB_API_H

#define API __attribute__((visibility("default")))

#endif /* EXPTRACE_LIB_API_H */

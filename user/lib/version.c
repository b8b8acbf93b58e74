// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The library's version; libexptrace.h is its only source.
 */
#include <libexptrace.h>

#include "api.h"

API const char *exptrace_library_version(unsigned int *major, unsigned int *minor,
					 unsigned int *patch)
{
	if (major)
		*major = EXPTRACE_VERSION_MAJOR;
	if (minor)
		*minor = EXPTRACE_VERSION_MINOR;
	if (patch)
		*patch = EXPTRACE_VERSION_PATCH;
	return EXPTRACE_VERSION_STRING;
}

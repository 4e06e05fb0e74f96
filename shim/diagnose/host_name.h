/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HOST_NAME_H
#define ORSHIM_HOST_NAME_H

/*
 * Names of hosts. A pattern is a name in which one "*" matches one or more
 * bytes, dots included: "*.x" is anything below x, not x itself.
 */
#include <stdbool.h>

#include "base/slice.h"

/* HOST without the brackets of an IPv6 literal and without a final dot. */
struct slice host_bare(struct slice host);

/* Does HOST, of host_bare(), fit PATTERN? Case does not count. */
bool host_fits_pattern(struct slice pattern, struct slice host);

/* Does HOST fit one of PATTERNS, in lower case, separated by spaces? */
bool host_fits(const char *patterns, struct slice host);

/* A loopback, private, link-local address or a name such as localhost, *.local, *.internal. */
bool host_is_private(struct slice host);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FIND_CACHE_H
#define ORSHIM_FIND_CACHE_H

/*
 * Remembers what was found in a program or a library, and that nothing was,
 * so that the next start need not look again. One small file of the user's
 * own each, named after its build-ID, or after its size and a hash of its
 * first page, in $XDG_CACHE_HOME/orshim or ~/.cache/orshim. What is not ours,
 * not private, a link or not understood is as good as absent. Keeps errno.
 */
#include "tap/find/find.h"
#include "tap/objects.h"

enum { FIND_KEY_SIZE = 64, FIND_REASON_SIZE = 96 };

/* LOOKUP is getenv() in life. False: it has no cache or O has no name. */
struct find_cache {
	char path[1024];
};
bool find_cache_open(struct find_cache *c, const struct object *o, char *(*lookup)(const char *));

/*
 * Addresses are those of the file, without the bias. The reason of a refusal
 * is copied into REASON, which FOUND then points to.
 */
bool find_cache_read(const struct find_cache *c, struct find *found, char reason[FIND_REASON_SIZE]);
void find_cache_write(const struct find_cache *c, const struct find *found);

#endif

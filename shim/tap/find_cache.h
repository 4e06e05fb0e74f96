/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FIND_CACHE_H
#define ORSHIM_FIND_CACHE_H

/*
 * Caches the result of a search in a program or library, also a negative one, so that
 * the next start need not search again. Each object has one small file in
 * $XDG_CACHE_HOME/orshim or ~/.cache/orshim, named after its build-ID, or after its
 * size and a hash of its first page. A file that is not the user's own, not private,
 * a symlink, or not understood is ignored. Keeps errno.
 */
#include "tap/find/find.h"
#include "tap/objects.h"

enum { FIND_KEY_SIZE = 64, FIND_REASON_SIZE = 96 };

/* LOOKUP is getenv() in the library. False: it names no cache folder, or O has no name. */
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

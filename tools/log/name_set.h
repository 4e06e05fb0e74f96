/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_NAME_SET_H
#define ORSHIM_NAME_SET_H

/* Remembers a bit for each name, which is a hash; up to a number of them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_set {
	uint64_t *slots; /* the name with the bit in its lowest; 0: free */
	size_t size;     /* a power of two */
	size_t count, max;
};

void name_set_init(struct name_set *s, size_t max);
void name_set_release(struct name_set *s);

/* Remember BIT for NAME; false: there is no room for another name. */
bool name_set_put(struct name_set *s, uint64_t name, bool bit);

/* The bit of NAME; -1: it is not known. */
int name_set_get(const struct name_set *s, uint64_t name);

static inline bool name_set_is_full(const struct name_set *s)
{
	return s->count == s->max;
}

#endif

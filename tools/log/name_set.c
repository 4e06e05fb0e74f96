/* SPDX-License-Identifier: MIT */
#include "tools/log/name_set.h"

#include <stdlib.h>

#include "tools/command.h"

enum { SIZE_FIRST = 256 };

void name_set_init(struct name_set *s, size_t max)
{
	*s = (struct name_set){ .max = max };
}

void name_set_release(struct name_set *s)
{
	free(s->slots);
	*s = (struct name_set){ 0 };
}

/* Never 0, with its lowest bit free. */
static uint64_t mark_of(uint64_t name)
{
	return (name ^ name >> 32) << 1 | 1ULL << 63;
}

static uint64_t *slot_of(uint64_t *slots, size_t size, uint64_t mark)
{
	size_t i = mark >> 1 & (size - 1);

	while (slots[i] && slots[i] >> 1 != mark >> 1)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static void widen(struct name_set *s)
{
	size_t size = s->size ? s->size * 2 : SIZE_FIRST;
	uint64_t *slots = calloc(size, sizeof(*slots));

	if (!slots)
		die("out of memory");
	for (size_t i = 0; i < s->size; i++)
		if (s->slots[i])
			*slot_of(slots, size, s->slots[i]) = s->slots[i];
	free(s->slots);
	s->slots = slots;
	s->size = size;
}

bool name_set_put(struct name_set *s, uint64_t name, bool bit)
{
	uint64_t mark = mark_of(name);

	if (2 * s->count >= s->size)
		widen(s);
	uint64_t *slot = slot_of(s->slots, s->size, mark);
	if (!*slot && name_set_is_full(s))
		return false;
	s->count += !*slot;
	*slot = mark | bit;
	return true;
}

int name_set_get(const struct name_set *s, uint64_t name)
{
	if (!s->size)
		return -1;
	uint64_t mark = *slot_of(s->slots, s->size, mark_of(name));

	return mark ? (int)(mark & 1) : -1;
}

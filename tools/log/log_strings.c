/* SPDX-License-Identifier: MIT */
#include "tools/log/log_strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tools/command.h"

struct kept {
	size_t n;
	bool plain; /* mask_text() changes nothing in it */
	char text[];
};

/* A hash table with open addressing; free slots are NULL. */
struct log_strings {
	struct kept **slots;
	size_t size; /* a power of two */
	size_t used;
	size_t bytes; /* of the strings */
	struct buf scratch;
};

struct log_strings *log_strings_new(void)
{
	struct log_strings *s = calloc(1, sizeof(*s));

	if (!s || !(s->slots = calloc(1024, sizeof(*s->slots))))
		die("out of memory");
	s->size = 1024;
	buf_init(&s->scratch, LIMIT_LINE);
	return s;
}

void log_strings_free(struct log_strings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->size; i++)
		free(s->slots[i]);
	free(s->slots);
	buf_release(&s->scratch);
	free(s);
}

static struct kept **slot_of(struct kept **slots, size_t size, const char *p, size_t n)
{
	uint64_t hash = hash_of((struct slice){ p, n });
	size_t i = (size_t)(hash ^ (hash >> 32)) & (size - 1);

	while (slots[i] && (slots[i]->n != n || memcmp(slots[i]->text, p, n) != 0))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static void widen(struct log_strings *s)
{
	size_t size = s->size * 2;
	struct kept **slots = calloc(size, sizeof(*slots));

	if (!slots)
		die("out of memory");
	for (size_t i = 0; i < s->size; i++)
		if (s->slots[i])
			*slot_of(slots, size, s->slots[i]->text, s->slots[i]->n) = s->slots[i];
	free(s->slots);
	s->slots = slots;
	s->size = size;
}

size_t log_strings_bytes(const struct log_strings *s)
{
	return s->bytes + s->size * sizeof(*s->slots);
}

static struct kept *keep(struct log_strings *s, const char *p, size_t n)
{
	struct kept **slot = slot_of(s->slots, s->size, p, n);

	if (*slot)
		return *slot;
	struct kept *kept = calloc(1, sizeof(*kept) + n + 1);
	if (!kept)
		die("out of memory");
	kept->n = n;
	memcpy(kept->text, p, n);
	*slot = kept;
	s->bytes += n + 1;
	if (++s->used * 2 > s->size)
		widen(s);
	return kept;
}

const char *log_share(struct log *l, const char *text)
{
	return keep(l->strings, text, strlen(text))->text;
}

const char *log_keep(struct log *l, const char *text, size_t max)
{
	struct log_strings *s = l->strings;

	if (!text)
		return NULL;
	size_t n = strlen(text);
	struct kept *kept = *slot_of(s->slots, s->size, text, n);
	if (kept && kept->plain && n <= max)
		return kept->text;
	buf_reset(&s->scratch);
	mask_text(&s->scratch, (struct slice){ text, n }, max);
	const char *p = s->scratch.n ? s->scratch.p : "";
	kept = keep(s, p, strnlen(p, s->scratch.n));
	kept->plain |= strcmp(kept->text, text) == 0;
	return kept->text;
}

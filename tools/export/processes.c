/* SPDX-License-Identifier: MIT */
#include "tools/export/processes.h"

#include <stdlib.h>

#include "tools/command.h"

enum { SETS = 4096, WAYS = 4 }; /* as a processor's cache: no search, a fixed size */

struct processes {
	uint64_t clock;
	struct known_process sets[SETS][WAYS];
};

struct processes *processes_new(void)
{
	struct processes *p = calloc(1, sizeof(*p));

	if (!p)
		die("out of memory");
	return p;
}

static void forget(struct known_process *k)
{
	for (size_t i = 0; i < PROCESS_TEXTS; i++)
		free(k->texts[i]);
	*k = (struct known_process){ 0 };
}

void processes_free(struct processes *p)
{
	for (size_t set = 0; p && set < SETS; set++)
		for (size_t way = 0; way < WAYS; way++)
			forget(&p->sets[set][way]);
	free(p);
}

/* FNV-1a over the text and its NUL. */
static uint64_t hash_on(uint64_t h, const char *text)
{
	do
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	while (*text++);
	return h;
}

uint64_t name_of_process(const char *machine, int64_t pid, const char *start)
{
	uint64_t h = hash_on(hash_on(0xcbf29ce484222325ULL, machine), start);

	for (int i = 0; i < 8; i++)
		h = (h ^ (unsigned char)(pid >> 8 * i)) * 0x100000001b3ULL;
	return h | 1;
}

static struct known_process *set_of(struct processes *p, uint64_t name)
{
	return p->sets[(name ^ name >> 32) >> 1 & (SETS - 1)];
}

const struct known_process *processes_find(struct processes *p, uint64_t name)
{
	struct known_process *set = set_of(p, name);

	for (size_t way = 0; way < WAYS; way++)
		if (set[way].name == name) {
			set[way].used = ++p->clock;
			return &set[way];
		}
	return NULL;
}

struct known_process *processes_anew(struct processes *p, uint64_t name)
{
	struct known_process *set = set_of(p, name), *oldest = set;

	for (size_t way = 0; way < WAYS; way++) {
		if (set[way].name == name) {
			oldest = &set[way];
			break;
		}
		if (set[way].used < oldest->used)
			oldest = &set[way];
	}
	forget(oldest);
	oldest->name = name;
	oldest->used = ++p->clock;
	return oldest;
}

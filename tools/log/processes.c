/* SPDX-License-Identifier: MIT */
#include "tools/log/processes.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
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
			if (p->sets[set][way].name)
				forget(&p->sets[set][way]);
	free(p);
}

/* HASH with the text and its NUL. */
static uint64_t add_text(uint64_t hash, const char *text)
{
	return hash_add(hash, (struct slice){ text, strlen(text) + 1 });
}

uint64_t name_of_process(const char *machine, int64_t pid, const char *start)
{
	uint64_t hash = add_text(add_text(HASH_START, machine), start);

	return hash_add(hash, (struct slice){ (const char *)&pid, sizeof(pid) }) | 1;
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

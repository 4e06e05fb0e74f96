/* SPDX-License-Identifier: MIT */
#include "report/said.h"

#include <string.h>

#include "base/hash.h"

/* Never 0. */
static uint64_t where_of(const struct diagnosis *d)
{
	const struct exchange *x = d->input.x;
	uint64_t hash =
	    hash_of((struct slice){ d->input.fingerprint, strlen(d->input.fingerprint) });

	return hash_add(hash_add(hash, x->host), x->path) | 1;
}

struct said_row *said_row(struct said *s, enum rule_id rule, const struct diagnosis *d)
{
	bool refused = d && d->verdict.refused_by != REFUSED_NOT;
	uint64_t where = refused ? where_of(d) : 0;
	unsigned n = s->count < LIMIT_SAID ? s->count : LIMIT_SAID;

	for (unsigned i = 0; i < n; i++)
		if (s->rows[i].rule == rule && s->rows[i].where == where)
			return &s->rows[i];
	struct said_row *row = &s->rows[s->count++ % LIMIT_SAID];
	s->keys -= row->key;
	*row = (struct said_row){ .where = where, .rule = rule };
	row->key = refused && d->input.answer.about == REFUSAL_CREDENTIALS;
	s->keys += row->key;
	return row;
}

enum saying said_count(struct said_row *row, int pid)
{
	bool elsewhere = row->pid != pid;

	row->pid = pid;
	row->times += row->times < UINT32_MAX;
	if (row->times == 1)
		return SAY_ALL;
	if (!row->where)
		return SAY_NOTHING;
	return elsewhere || (row->times & (row->times - 1)) == 0 ? SAY_AGAIN : SAY_NOTHING;
}

void said_forget(struct said *s, const struct diagnosis *d)
{
	uint64_t where;

	if (!s->keys)
		return;
	where = where_of(d);
	for (unsigned i = 0; i < LIMIT_SAID; i++)
		if (s->rows[i].key && s->rows[i].where == where)
			s->rows[i].times = 0;
}

/* SPDX-License-Identifier: MIT */
#include "diagnose/history.h"

#include <string.h>

#include "diagnose/check_input.h"
#include "diagnose/detail.h"

void history_init(struct history *h)
{
	memset(h, 0, sizeof(*h));
}

bool cached_key_is_in(const struct cached_key *key, const struct message *m)
{
	return key->n && slice_equal(field_value(m, location_name(key->credential.location)),
				     (struct slice){ key->value, key->n });
}

/* S, cut to SIZE - 1 bytes, lower case. */
static void keep(char *to, size_t size, struct slice s)
{
	size_t n = s.n < size ? s.n : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
	to[n] = '\0';
}

/* The first row of HOST from *AT on, and *AT behind it; NULL at the end. */
static const struct history_row *next_of(const struct history *h, struct slice name, size_t *at)
{
	char host[sizeof(((struct history_row *)0)->host)];

	keep(host, sizeof(host), name);
	while (*at < h->count) {
		const struct history_row *row = &h->rows[(*at)++];
		if (strcmp(row->host, host) == 0)
			return row;
	}
	return NULL;
}

bool history_has_host(const struct history *h, struct slice host)
{
	size_t at = 0;

	return next_of(h, host, &at) != NULL;
}

const struct history_row *history_of_host(const struct check_input *in, size_t *at)
{
	return next_of(in->history, in->x->host, at);
}

bool history_had_key(const struct check_input *in)
{
	const struct history_row *row;

	for (size_t at = 0; (row = history_of_host(in, &at));)
		if (row->fingerprint[0])
			return true;
	return false;
}

/* The row of that key, or a new one, or the longest unused one made new. */
static struct history_row *row_for(struct history *h, const struct history_row *key)
{
	struct history_row *oldest = NULL;

	for (size_t i = 0; i < h->count; i++) {
		struct history_row *row = &h->rows[i];
		if (row->endpoint == key->endpoint && strcmp(row->host, key->host) == 0 &&
		    strcmp(row->fingerprint, key->fingerprint) == 0)
			return row;
		if (!oldest || row->last < oldest->last)
			oldest = row;
	}
	if (h->count < LIMIT_HISTORY)
		oldest = &h->rows[h->count++];
	*oldest = *key;
	return oldest;
}

void history_add(struct history *h, const struct check_input *in)
{
	struct history_row key = { .endpoint = (int)in->endpoint };

	h->counter++;
	redirect_add(&h->redirect, in, h->counter);
	keyed_requests_add(&h->keyed, in, h->counter);
	if (!in->answer.answered || in->is_public || (!in->credential && !in->credentials.absent))
		return;
	keep(key.host, sizeof(key.host), in->x->host);
	memcpy(key.fingerprint, in->fingerprint, sizeof(key.fingerprint));
	struct history_row *row = row_for(h, &key);
	row->last = h->counter;
	/* A redirect says nothing about the key. */
	if (in->answer.status / 100 == 3)
		return;
	if (!in->answer.failed)
		row->fine++;
	else if (in->answer.about == REFUSAL_CREDENTIALS &&
		 in->answer.refused_by != REFUSED_upstream)
		row->unauthorized++;
	else
		row->failed++;
}

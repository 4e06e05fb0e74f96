/* SPDX-License-Identifier: MIT */
/* Lists the keys in use, over all processes of a log, and which of them are refused. */
#include <string.h>

#include "tools/command.h"
#include "base/hash.h"
#include "tools/report/report_state.h"

static struct key_use *use_of(struct report *r, const struct log_row *row)
{
	for (size_t i = 0; i < r->key_count; i++) {
		struct key_use *k = &r->keys[i];
		if (same_text(k->key, row->key) && same_text(k->host, row->host) &&
		    (row->key || same_text(k->token, row->token)))
			return k;
	}
	if (r->key_count == KEYS_MAX)
		return NULL;
	struct key_use *k = &r->keys[r->key_count++];
	*k = (struct key_use){ .key = report_text_of(r, row->key),
			       .token = report_text_of(r, row->token),
			       .host = report_text_of(r, row->host),
			       .source = report_text_of(r, row->source) };
	return k;
}

/* A provider's refusal, or one for another reason, is not evidence about this key. */
static bool rejects_key(const struct log_row *row)
{
	return row_failed(row) && row->status == 401 && strcmp(row->refused_by, "upstream") != 0 &&
	       strcmp(row->refused_by, "edge") != 0;
}

static bool accepts_key(const struct log_row *row)
{
	return !row_failed(row) && row->status >= 200 && row->status < 300;
}

/* Was ROW refused for how its key was written or sent? Then it says nothing about other keys. */
static bool is_damaged(const struct log_row *row)
{
	return row->cause && strncmp(row->cause, "auth_", 5) == 0;
}

static uint64_t name_of_use(const struct log_row *row)
{
	const char *const texts[] = { row->key, row->path, row->host, row->method };
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		hash = hash_add(hash, slice_of(texts[i]));
		hash = hash_add(hash, (struct slice){ texts[i] ? "1" : "0", 1 });
	}
	return hash;
}

/* Requests: accepted, refused, or neither. WAS_ACCEPTED: the last such one with that key. */
static void count_use(struct report *r, const struct log_row *row, bool was_accepted)
{
	struct key_use *k = use_of(r, row);

	if (!k) {
		r->keys_more++;
	} else if (accepts_key(row)) {
		k->accepted++;
		k->accepted_last = true;
	} else if (rejects_key(row)) {
		k->rejected++;
		k->damaged = k->damaged || is_damaged(row);
		k->accepted_last = false;
		k->lost = k->lost || was_accepted;
	} else {
		k->otherwise++;
	}
}

void keys_take(struct report *r, const struct log_row *row)
{
	struct name_set *answered = &r->state->answered;
	uint64_t name = name_of_use(row);

	if (row_is_request(row) && !row_is_public(row))
		count_use(r, row, row->key && name_set_get(answered, name) == 1);
	if (row->key)
		name_set_put(answered, name, accepts_key(row));
}

static bool another_is_accepted(const struct report *r, const struct key_use *than)
{
	for (size_t i = 0; i < r->key_count; i++)
		if (&r->keys[i] != than && r->keys[i].key && r->keys[i].accepted &&
		    same_text(r->keys[i].host, than->host))
			return true;
	return false;
}

enum rule_id key_rule(const struct report *r, const struct key_use *k)
{
	if (!k->key || k->rejected == 0)
		return RULE_NONE;
	if (k->lost)
		return RULE_transient_401;
	if (k->accepted == 0 && !k->damaged && another_is_accepted(r, k))
		return RULE_one_key_of_several_fails;
	return RULE_NONE;
}

bool keys_are_remarkable(const struct report *r)
{
	size_t keys = 0;

	for (size_t i = 0; i < r->key_count; i++) {
		keys += r->keys[i].accepted + r->keys[i].rejected > 0;
		if (r->keys[i].accepted && r->keys[i].rejected)
			return true;
	}
	return keys > 1 && r->refused > 0;
}

static const char *times(size_t n)
{
	return n == 1 ? "once" : n == 2 ? "twice" : NULL;
}

static void say_times(const char *what, size_t n, struct buf *out)
{
	if (times(n))
		say(out, "%s %s", what, times(n));
	else
		say(out, "%s %zu times", what, n);
}

void key_note(const struct report *r, const struct key_use *k, struct buf *out)
{
	enum rule_id rule = key_rule(r, k);

	if (rule == RULE_transient_401)
		say(out, "it was accepted at the same endpoint before%s",
		    k->accepted_last ? ", and is again: the refusal was temporary" : "");
	else if (rule == RULE_one_key_of_several_fails)
		say(out, "always rejected; another key works");
}

void key_words(const struct report *r, const struct key_use *k, struct buf *out)
{
	enum rule_id rule = key_rule(r, k);

	say(out, "%s", k->token ? k->token : k->key ? "a key" : "no key");
	if (k->key)
		say(out, " (%s%s%s)", k->key, k->source ? ", from " : "",
		    k->source ? k->source : "");
	say(out, " to %s: ", k->host ? k->host : "an unnamed host");
	if (k->accepted)
		say_times("accepted", k->accepted, out);
	if (k->accepted && k->rejected)
		say(out, ", ");
	if (k->rejected)
		say_times("refused with 401", k->rejected, out);
	if (k->otherwise) {
		if (k->accepted + k->rejected)
			say(out, ", ");
		say_times("refused for another reason", k->otherwise, out);
	}
	if (rule != RULE_NONE)
		say(out, "; ");
	key_note(r, k, out);
	if (rule != RULE_NONE)
		say(out, " [%s]", rules[rule].id);
}

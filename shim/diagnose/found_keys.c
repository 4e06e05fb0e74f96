/* SPDX-License-Identifier: MIT */
#include "diagnose/found_keys.h"

static const char kind_names[FOUND_KIND_COUNT][8] = { "dotenv", "shell", "tool" };

const char *found_kind_name(enum found_kind kind)
{
	return kind_names[kind];
}

static bool kind_of(struct slice name, enum found_kind *kind)
{
	for (int k = 0; k < FOUND_KIND_COUNT; k++)
		if (slice_equal(name, slice_of(kind_names[k]))) {
			*kind = (enum found_kind)k;
			return true;
		}
	return false;
}

static bool parse(struct slice line, struct found_key *key)
{
	unsigned long long number;
	struct slice kind, at;

	if (!slice_cut(&line, '\t', &kind) || !slice_cut(&line, '\t', &key->fingerprint) ||
	    !slice_cut(&line, '\t', &at) || !slice_cut(&line, '\t', &key->variable) ||
	    !slice_cut(&line, '\t', &key->note) || !line.n)
		return false;
	key->file = line;
	if (!kind_of(kind, &key->kind) || !slice_number(at, &number) || number > 1U << 30)
		return false;
	key->line = (unsigned)number;
	return true;
}

bool found_next(const struct found_keys *found, size_t *at, struct found_key *key)
{
	struct slice rest = slice_from(found->text, *at);
	struct slice line;

	while (rest.n && slice_cut(&rest, '\n', &line)) {
		*at = found->text.n - rest.n;
		if (parse(line, key))
			return true;
	}
	*at = found->text.n;
	return false;
}

bool found_next_of(const struct found_keys *found, const char *fingerprint, size_t *at,
		   struct found_key *key)
{
	while (fingerprint[0] && found_next(found, at, key))
		if (slice_equal(key->fingerprint, slice_of(fingerprint)))
			return true;
	return false;
}

bool found_next_base(const struct found_keys *found, struct slice host, size_t *at,
		     struct found_key *key)
{
	struct slice begins = SLICE(FOUND_HOST);

	while (host.n && found_next(found, at, key))
		if (slice_starts(key->fingerprint, begins) &&
		    slice_equal_nocase(slice_from(key->fingerprint, begins.n), host))
			return true;
	return false;
}

/* S up to the first byte that the format does not allow. */
static int add_field(struct buf *out, struct slice s, char end)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ')
			s.n = i;
	return buf_add_slice(out, s) | buf_add(out, &end, 1);
}

int found_add(struct buf *out, const struct found_key *key)
{
	size_t start = out->n;
	int failed = 0;

	failed |= add_field(out, slice_of(kind_names[key->kind]), '\t');
	failed |= add_field(out, key->fingerprint, '\t');
	failed |= buf_addf(out, "%u\t", key->line);
	failed |= add_field(out, key->variable, '\t');
	failed |= add_field(out, key->note, '\t');
	failed |= add_field(out, key->file, '\n');
	if (failed)
		out->n = start;
	return failed ? -1 : 0;
}

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_JSON_OUT_H
#define ORSHIM_JSON_OUT_H

/*
 * JSON, written append-only into a bounded buffer. Commas are put by the
 * writer. The first failure is sticky: json_out_ok() is false after it.
 * Strings may be any bytes: what is not UTF-8 becomes U+FFFD, controls are
 * escaped. A NULL key writes an array element.
 */
#include <stdint.h>

#include "base/buf.h"

struct json_out {
	struct buf *to;
	bool comma;
	bool failed;
};

void json_out_init(struct json_out *j, struct buf *to);
bool json_out_ok(const struct json_out *j);

/* Values after a key: the functions below put both. */
void json_put_string(struct json_out *j, struct slice text); /* absent: null */
void json_put_plain(struct json_out *j, struct slice text);  /* a string without a byte to escape */
void json_put_number(struct json_out *j, int64_t value);

/* Where N bytes can be written, which then count as written; NULL: they do not fit. */
static inline char *json_room(struct json_out *j, size_t n)
{
	char *at = j->failed ? NULL : buf_room(j->to, n);

	j->failed = !at;
	return at;
}

/* Keys are literals: inlined, their length is known when this is compiled. */
#define JSON_INLINE static inline __attribute__((always_inline))

/* The comma and the name before any value. KEY is ours: nothing in it wants escaping. */
JSON_INLINE void json_key(struct json_out *j, const char *key)
{
	size_t n = key ? strlen(key) + 3 : 0;
	size_t comma = j->comma;
	char *at;

	j->comma = true;
	if (n + comma == 0)
		return;
	at = json_room(j, n + comma);
	if (!at)
		return;
	*at = ',';
	at += comma;
	if (!key)
		return;
	*at = '"';
	memcpy(at + 1, key, n - 3);
	at[n - 2] = '"';
	at[n - 1] = ':';
}

JSON_INLINE void json_put_bracket(struct json_out *j, char bracket)
{
	char *at = json_room(j, 1);

	if (at)
		*at = bracket;
	j->comma = true;
}

JSON_INLINE void json_put_word(struct json_out *j, struct slice word)
{
	char *at = json_room(j, word.n);

	if (at)
		memcpy(at, word.p, word.n);
}

JSON_INLINE void json_word(struct json_out *j, const char *key, struct slice word)
{
	json_key(j, key);
	json_put_word(j, word);
}

JSON_INLINE void json_object(struct json_out *j, const char *key)
{
	json_word(j, key, SLICE("{"));
	j->comma = false;
}

JSON_INLINE void json_object_end(struct json_out *j)
{
	json_put_bracket(j, '}');
}

JSON_INLINE void json_array(struct json_out *j, const char *key)
{
	json_word(j, key, SLICE("["));
	j->comma = false;
}

JSON_INLINE void json_array_end(struct json_out *j)
{
	json_put_bracket(j, ']');
}

JSON_INLINE void json_null(struct json_out *j, const char *key)
{
	json_word(j, key, SLICE("null"));
}

JSON_INLINE void json_bool(struct json_out *j, const char *key, bool value)
{
	json_word(j, key, value ? SLICE("true") : SLICE("false"));
}

JSON_INLINE void json_number(struct json_out *j, const char *key, int64_t value)
{
	json_key(j, key);
	json_put_number(j, value);
}

JSON_INLINE void json_slice(struct json_out *j, const char *key,
			    struct slice value) /* absent: null */
{
	json_key(j, key);
	json_put_string(j, value);
}

JSON_INLINE void json_text(struct json_out *j, const char *key, const char *value) /* NULL: null */
{
	json_slice(j, key, slice_of(value));
}

/* A word of our own tables, in which nothing wants escaping; NULL: null. */
JSON_INLINE void json_ours(struct json_out *j, const char *key, const char *word)
{
	json_key(j, key);
	if (word)
		json_put_plain(j, slice_of(word));
	else
		json_put_word(j, SLICE("null"));
}

/* A string in which nothing wants escaping */
JSON_INLINE void json_plain(struct json_out *j, const char *key, struct slice value)
{
	json_key(j, key);
	json_put_plain(j, value);
}

#endif

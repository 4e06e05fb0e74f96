/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_JSON_SCAN_H
#define ORSHIM_JSON_SCAN_H

/*
 * Between json.c, which knows the grammar, and json_blame.c, which knows the
 * mistakes that people and programs make in it. No other file includes this.
 */
#include <stdint.h>

#include "base/limits.h"
#include "diagnose/json/json.h"

/* What the grammar allows next. */
enum json_want {
	WANT_VALUE,       /* after ':', and after ',' in an array */
	WANT_FIRST_VALUE, /* after '[' */
	WANT_FIRST_NAME,  /* after '{' */
	WANT_NAME,        /* after ',' in an object */
	WANT_COLON,
	WANT_NEXT, /* ',' or the closing bracket */
	WANT_END,  /* the value is complete */
};

struct json_frame {
	uint32_t opened; /* offset of its bracket */
	uint32_t index;  /* array: element */
	uint32_t
	    name; /* object: offset and length of the member's name, raw; length 0 before the first */
	uint32_t name_n;
	uint32_t members; /* object: how many of its names are remembered */
};

/* Everything that grows with the nesting; one allocation a pass. */
struct json_memory {
	struct json_frame frames[LIMIT_JSON_DEPTH];
	uint32_t count; /* names of all open objects, the innermost object's last */
	uint32_t hash[LIMIT_JSON_NAMES];
	uint32_t at[LIMIT_JSON_NAMES];
	uint32_t n[LIMIT_JSON_NAMES];
};

struct json_scan {
	const char *start, *p, *end;
	const char *comma; /* the last one passed; NULL: none */
	enum json_want want;
	int depth;
	uint64_t is_array[LIMIT_JSON_DEPTH / 64]; /* bit: that level is an array */
	struct json_memory *memory;               /* NULL without memory */
	struct json_verdict *v;
};

/* Put the fault at AT into the verdict. Always false, so a step can return it. */
bool json_blame(struct json_scan *s, enum json_fault fault, const char *at, const char *expected,
		const char *found);

/* The byte at s->p is not what s->want allows: say what is there. Always false. */
bool json_blame_token(struct json_scan *s);

/* The number that began at FROM is none at s->p. Always false. */
bool json_blame_number(struct json_scan *s, const char *from);

/* s->p is at a byte that continues no UTF-8 text. Always false. */
bool json_blame_utf8(struct json_scan *s);

/* Where the scan is, as messages[3].content; at most N bytes with the NUL. */
void json_path(const struct json_scan *s, char *path, size_t n);

static inline bool json_in_array(const struct json_scan *s)
{
	int level = s->depth - 1;
	return level >= 0 && (s->is_array[level / 64] >> (level % 64) & 1);
}

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_JSON_H
#define ORSHIM_JSON_H

/*
 * JSON, strictly (RFC 8259, UTF-8 by RFC 3629): one pass that says whether a
 * text is JSON and, if not, where it stops being it. And a quick look at the
 * top level for the record of an exchange that succeeded.
 */
#include "base/slice.h"

enum json_fault {
	JSON_FINE,
	JSON_EMPTY,	     /* nothing but white space */
	JSON_BOM,	     /* EF BB BF in front; the rest was judged too and is fine */
	JSON_INVALID,	     /* not the grammar */
	JSON_NAN,	     /* NaN, Infinity, -Infinity in place of a value */
	JSON_LONE_SURROGATE, /* \uD800..\uDFFF without its partner */
	JSON_NOT_UTF8,
	JSON_TOO_DEEP,	     /* deeper than LIMIT_JSON_DEPTH: not judged further */
	JSON_CUT,	     /* the text ended inside a value (truncated, or only part was kept) */
};

enum { JSON_PATH_MAX = 128 };

struct json_verdict {
	enum json_fault fault;
	size_t at;		/* offset of the first byte that is wrong */
	size_t line, column;	/* of it, from 1; column in bytes */
	const char *expected;	/* static: "a value", "',' or '}'", … */
	const char *found;	/* static: "a trailing comma", "a single quote", "a raw newline in a string" … */
	size_t opened;		/* JSON_CUT: where the innermost string, array or object began */
	char path[JSON_PATH_MAX]; /* member with the fault, as duplicate_path; "" at the top */
	bool duplicate;		/* some object has the same member twice (not a fault) */
	size_t duplicate_at;
	char duplicate_path[JSON_PATH_MAX]; /* messages[0].role, escaped for a terminal */
};

/*
 * V is filled for any TEXT; the first fault ends the pass. Never
 * recurses. Without memory there are no paths and duplicates.
 */
void json_judge(struct slice text, struct json_verdict *v);

/*
 * TEXT as a tree, the caller's by cJSON_Delete(). NULL: it is not JSON, there is
 * no memory, or it has more than LIMIT_JSON_VALUES values. What follows the
 * first value does not count.
 */
struct cJSON *json_tree(struct slice text);

/* What a chat-style request says at its top level, without a tree. */
struct json_outline {
	bool is_object;
	struct slice model; /* inside the quotes, as written; absent if none or no string */
	int stream;	    /* 1, 0; -1: absent */
	long messages;	    /* elements; -1: no such array */
	long tools;
	bool has_input;	    /* `input`: the Responses and embeddings shape */
	int store;	    /* 1, 0; -1: absent */
};

/* Tolerates anything; what is not found keeps its value for "absent". */
void json_outline(struct slice text, struct json_outline *outline);

/*
 * Offset of the value at PATH ("messages[3].content[0].text") in TEXT; -1 if
 * there is none. Names are compared as written; the first of several counts.
 */
long json_member_at(struct slice text, const char *path);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ENVIRONMENT_H
#define ORSHIM_ENVIRONMENT_H

/*
 * The process's environment as NAME=VALUE entries, to find the variable that a token
 * came from. Values are compared, never copied out.
 */
#include "base/buf.h"
#include "diagnose/vendors.h"

struct environment {
	struct slice block; /* entries, each ended by NUL; borrowed */
};

/* The value of NAME; absent if unset. */
struct slice environment_value(const struct environment *env, struct slice name);

/* Walk the entries. *AT starts at 0. False at the end. */
bool environment_next(const struct environment *env, size_t *at, struct slice *name,
		      struct slice *value);

enum value_match {
	MATCH_NONE,
	MATCH_EXACT,
	MATCH_TRIMMED,  /* equal after surrounding white space is taken off the variable's value */
	MATCH_UNQUOTED, /* equal after quotes too are taken off it */
};

/* How the variable's VALUE relates to TOKEN (8 bytes or longer; shorter never match). */
enum value_match environment_compare(struct slice value, struct slice token);

/* Names of the variables whose value is TOKEN, at most MAX; those of VENDOR first. Returns how many. */
size_t environment_sources(const struct environment *env, struct slice token,
			   const struct vendor *vendor, struct slice *names, size_t max);

/* Is NAME that of an API key, token or secret? */
bool environment_is_key_name(struct slice name);

/* Is NAME almost OPENROUTER_API_KEY (OPEN_ROUTER_API_KEY, openrouter_api_key), but not it? */
bool environment_is_near_miss(struct slice name);

/*
 * What is wrong with the value of a variable named like an API key: quotes, a
 * line break, a space, non-ASCII, a template. Static text that completes
 * "NAME …"; NULL: nothing, or NAME is not an API key's.
 */
const char *environment_damage(struct slice name, struct slice value);

/*
 * The same for a known variable of an API vendor's key, and also
 * when its VALUE is a word or display form in place of the key.
 * What another program keeps in SOME_API_KEY is not for us to judge: NULL.
 */
const char *environment_key_damage(struct slice name, struct slice value);

#endif

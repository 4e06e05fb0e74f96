/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FOUND_KEYS_H
#define ORSHIM_FOUND_KEYS_H

/*
 * Where keys were found before the tool started: in .env files, shell start
 * files and the settings of tools. `orshim run` reads the files; the shim gets
 * text, one line a place, with no key in it:
 *
 *   KIND TAB FINGERPRINT TAB LINE TAB VARIABLE TAB NOTE TAB FILE LF
 *
 * A base URL has FOUND_HOST and the host that it names in the fingerprint's place.
 */
#include "base/buf.h"

#define FOUND_HOST "host:"

enum found_kind { FOUND_DOTENV, FOUND_SHELL, FOUND_TOOL, FOUND_KIND_COUNT };

struct found_key {
	enum found_kind kind;
	struct slice fingerprint; /* "sha256:1f3a9c0d4e2b" of the value as NOTE says it is taken */
	struct slice variable;    /* or the member of a tool's settings; may be empty */
	struct slice note;        /* what the file has around the value; empty: nothing */
	struct slice file;        /* as a person writes it: ./.env, ~/.bashrc */
	unsigned line;            /* from 1 */
};

struct found_keys {
	struct slice text; /* borrowed */
};

const char *found_kind_name(enum found_kind kind); /* "dotenv" "shell" "tool" */

/* Walk the places. *AT starts at 0. False at the end; lines that are none are passed over. */
bool found_next(const struct found_keys *found, size_t *at, struct found_key *key);

/* The same, only those of FINGERPRINT. */
bool found_next_of(const struct found_keys *found, const char *fingerprint, size_t *at,
		   struct found_key *key);

/* The same, only those of a base URL that names HOST. */
bool found_next_base(const struct found_keys *found, struct slice host, size_t *at,
		     struct found_key *key);

/* Append the line of KEY to OUT; what would break it is left out. 0, or -1 at the ceiling. */
int found_add(struct buf *out, const struct found_key *key);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REACH_H
#define ORSHIM_REACH_H

/*
 * Finds the keys in reach of a tool: in its environment, in .env files, shell
 * start files and the settings of known tools. Of each it keeps the
 * fingerprint, the label and the place, but not the value.
 */
#include "diagnose/environment.h"
#include "diagnose/check_input.h"
#include "diagnose/found_keys.h"
#include "tools/run/dotenv.h"
#include "tools/run/reading.h"

struct reach_key {
	bool environment; /* not in a file */
	bool base;        /* not a key but a base URL: LABEL is its host */
	enum found_kind kind;
	char variable[LIMIT_SHOWN_NAME]; /* or the member of a tool's settings; "" */
	char fingerprint[FINGERPRINT_SIZE];
	char label[TOKEN_MASK_SIZE];
	char file[192]; /* as a person writes it: ./.env, ~/.bashrc */
	unsigned line;
	const char *note; /* what the file has around the value, static; "" */
	const char *owner; /* whose keys look so, static; NULL: not known */
	bool whole;        /* a complete key of its vendor, judged by its form */
	bool reading;      /* not the value itself, but what another reader makes of it */
};

struct reach {
	struct reach_key keys[LIMIT_REACH];
	size_t count;
	size_t left_out; /* keys for which there was no room */
	struct reading reading;
};

/* FILES come from dotenv_find(). R->reading continues its counts. */
void reach_find(struct reach *r, const struct environment *env, const struct dotenv_list *files);

/*
 * Look through TEXT of FILE (as a person writes it): FOUND_SHELL, what a shell
 * start file assigns; FOUND_TOOL, keys in JSON, YAML, TOML and the like.
 */
void reach_read(struct reach *r, enum found_kind kind, const char *file, struct slice text);

/* PATH as a person in the working folder writes it, into OUT of SIZE. */
void reach_show_path(const char *path, char *out, size_t size);

/* Append the places in files to OUT, in the form that the shim reads. */
void reach_write(const struct reach *r, struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_VENDOR_KEYS_H
#define ORSHIM_VENDOR_KEYS_H

/*
 * What the vendors' keys look like: the KEY rows of vendors.def. A row is a
 * public beginning and, where that is known, what follows it.
 */
#include "diagnose/vendors.h"

/* What may follow a key's prefix. */
enum key_alphabet {
	KEY_TOKEN,  /* [A-Za-z0-9_-] */
	KEY_ALNUM,  /* [A-Za-z0-9] */
	KEY_HEX,    /* [0-9a-f] */
	KEY_BASE64, /* [A-Za-z0-9+/=] and - and _ */
	KEY_DOTTED, /* [A-Za-z0-9_-] and dots */
	KEY_ID_SECRET, /* 32 hex digits, a dot, [A-Za-z0-9_-]: the length is that of what follows the dot */
	KEY_JWT, /* three pieces of base64url with dots between */
};

struct key_form {
	unsigned char vendor;   /* enum vendor_id */
	unsigned char alphabet; /* enum key_alphabet */
	unsigned char least;    /* bytes behind the prefix */
	unsigned char most;     /* 0: not known */
	bool exact;  /* LEAST and MOST are documented: a token of another length is none */
	bool whole;  /* the prefix alone does not identify the vendor: all of the form must fit */
	bool shared; /* accepted here, but others' keys look the same */
	bool rare;   /* left out of vendor_key_form_words() */
	bool owner_only; /* identifies the vendor of a token, and is not the form of a whole key */
	char prefix[18];
	char holds[10]; /* must occur in it; "": nothing */
};

extern const struct key_form key_forms[];
extern const size_t key_form_count;

/*
 * Whose key TOKEN is, by its public prefix; the longest prefix wins. NULL if
 * none fits or for a bare "sk-".
 */
const struct vendor *vendor_of_key(struct slice token);

/* False: TOKEN has no prefix of the table's, going by its first three bytes. */
bool vendor_may_own(struct slice token);

/*
 * How many bytes at the beginning of TEXT are a key in which + / and = are
 * allowed; 0: there is none.
 */
size_t vendor_base64_key(struct slice text);

/* The longest of VENDOR's own prefixes that TOKEN starts with, as part of TOKEN; n == 0: none. */
struct slice vendor_key_prefix(const struct vendor *vendor, struct slice token);

/* Does VENDOR accept nothing but the forms of its KEY rows? False for NULL. */
bool vendor_key_form_certain(const struct vendor *vendor);

/* Has TOKEN a form that VENDOR's keys have? False where no form is known. */
bool vendor_key_fits(const struct vendor *vendor, struct slice token);

/*
 * Write what VENDOR's keys look like into OUT, NUL-terminated and cut at SIZE:
 * "sk-or-v1- and 64 hex digits, 73 bytes". "" where no form is known.
 */
void vendor_key_form_words(const struct vendor *vendor, char *out, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EVIDENCE_H
#define ORSHIM_EVIDENCE_H

/*
 * Everything that a check may look at, derived once per exchange. Immutable
 * while the checks run.
 */
#include "diagnose/answer.h"
#include "diagnose/credential.h"
#include "diagnose/environment.h"
#include "diagnose/found.h"
#include "diagnose/history.h"
#include "diagnose/json/json.h"
#include "diagnose/own_key.h"
#include "diagnose/place.h"
#include "diagnose/rules.h"
#include "diagnose/vendors.h"

struct cJSON;

struct evidence {
	const struct exchange *x;
	const struct vendor *vendor; /* by whose rules the host is judged; NULL: nobody's */
	bool is_openrouter;          /* vendor is OpenRouter ("OR" of the catalogue) */
	bool host_private;           /* host_is_private(): loopback, LAN */
	struct slice path_twice;     /* place.h */
	bool is_api;                 /* host watched or path a known endpoint */
	bool is_public;              /* needs no key: GET /models and the like */
	bool probe;                  /* no call, and no key: whatever is answered is no refusal */
	bool lint;                   /* no traffic but a file: no answer is no fault */
	enum endpoint endpoint;
	/* The credential that counts: the vendor's own carrier, else the first; NULL: none. */
	const struct credential *credential;
	/* There is other than one, or something about it or the head is not as usual (ON_ODD_KEY). */
	bool key_odd;
	char fingerprint[FINGERPRINT_SIZE];  /* of its token; "" without one */
	char shown[TOKEN_SHOWN_MAX];         /* token_show() of it; "" when it is not known */
	const struct vendor *key_vendor;     /* whose key it is by its prefix; NULL: cannot tell */
	struct slice sources[LIMIT_SOURCES]; /* variables that hold the token */
	size_t source_count;
	/* Of a failure only: what the environment has for this host, and who names it. */
	struct own_key own;
	struct slice base_sources[LIMIT_SOURCES];
	size_t base_source_count;
	struct answer answer;
	struct json_outline outline; /* of the request's body */
	bool body_judged;            /* the body was linted: the answer failed, or `lint` */
	struct json_verdict json;    /* with body_judged and a JSON endpoint */
	struct cJSON *body;          /* tree of a body that passed; NULL otherwise */
	/* A rule of sections 1 or 2 that by itself makes a request fail has fired. */
	bool credential_explained;
	const struct environment *environment; /* may be empty, never NULL */
	const struct found_keys *found;        /* may be empty, never NULL */
	const struct history *history;         /* before this exchange, never NULL */
	struct credentials credentials;        /* the last member: the largest, it is not cleared */
};

/* The variable part of a finding, written by the check that fires. */
struct detail {
	char text[LIMIT_DETAIL]; /* plain text without secrets; "" if the title says all */
	char header[64];         /* lower-case name of the header field concerned; "" if none */
	int offset; /* of the first wrong byte, in that field's trimmed value or in the body; -1 */
	int offset_end;       /* of a second place to point at (the closing quote); -1 */
	const char *why;      /* instead of the rule's own text; static; NULL: the rule's */
	char fix[LIMIT_FIX];  /* instead of the rule's own text; "": the rule's */
	bool in_body;         /* the offsets count in the body */
	bool likely;          /* here it is likely at most, where the rule's row says certain */
	bool lower;           /* here it is one severity less than the rule's row says */
	bool absent;          /* it says what is not there: what says what differs explains more */
	bool aside;           /* worth saying beside the cause, and never the cause itself */
	bool breaks_head;     /* it spoils the head of the request, as faults of framing do */
	bool breaks_path;     /* it spoils the path, as faults of the place do */
	bool accepted_before; /* it proves that this very key was accepted by this host */
	bool awaited; /* the server waited for what the request announces and does not send */
};

/* Nothing said yet, nothing pointed at. */
void detail_init(struct detail *d);

/* printf into d->text; everything from the wire must go through detail_bytes(). */
__attribute__((format(printf, 2, 3))) void detail_f(struct detail *d, const char *format, ...);

/*
 * Append bytes from the wire to d->text: redacted and escaped (redact_text),
 * at most MAX bytes of output.
 */
void detail_bytes(struct detail *d, struct slice bytes, size_t max);

/* The same for d->fix. */
__attribute__((format(printf, 2, 3))) void detail_fix(struct detail *d, const char *format, ...);

/* Point at a header field's value; OFFSET_END -1 for a single place. */
void detail_point(struct detail *d, const char *header, long offset, long offset_end);

#endif

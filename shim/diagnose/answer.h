/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ANSWER_H
#define ORSHIM_ANSWER_H

/*
 * The answer's error object, unwrapped, and who refused. Read from the body, or from
 * the error event of an event stream.
 */
#include "diagnose/vendors.h"
#include "wire/exchange.h"

struct cJSON;

enum refused_by {
	REFUSED_NOT, /* nothing failed */
	REFUSED_openrouter_auth,
	REFUSED_openrouter_quota,
	REFUSED_openrouter_policy,
	REFUSED_openrouter_routing,
	REFUSED_openrouter_request,
	REFUSED_upstream,
	REFUSED_vendor,
	REFUSED_edge,
	REFUSED_local_gateway,
	REFUSED_gateway, /* a gateway on the network, before the vendor was asked */
	REFUSED_client,
	REFUSED_nobody,
};

const char *refused_by_name(enum refused_by r); /* NULL for REFUSED_NOT */

/* What the refusal is about, whoever refused. */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_CREDENTIALS,
	REFUSAL_QUOTA,
	REFUSAL_POLICY,
	REFUSAL_ROUTING,
	REFUSAL_REQUEST,
	REFUSAL_UNAVAILABLE,
	REFUSAL_OTHER, /* something failed, and the answer does not say what */
	REFUSAL_NO_ANSWER,
};

/*
 * What the answer says it saw of the credential, or what else it is about. Read
 * from its code, type, words and WWW-Authenticate, wherever they are (meaning.h).
 */
enum saw {
	SAW_NOTHING,        /* nothing that we understand: the status alone speaks */
	SAW_NO_KEY,         /* no credential came */
	SAW_NOT_RECOGNISED, /* none came, or none of this host's: one text for both */
	SAW_UNKNOWN_KEY,    /* a credential came and is not valid */
	SAW_WRONG_KIND,     /* a valid kind of credential, but this endpoint takes another */
	SAW_EXPIRED,
	SAW_REVOKED,         /* disabled, deleted, blocked, leaked */
	SAW_NO_PERMISSION,   /* the credential is known; a named right is missing */
	SAW_BOUND_ELSEWHERE, /* it is known, and good for another place, client or plan */
	/* From here on the answer is not about the credential. */
	SAW_NO_MONEY,
	SAW_KEY_LIMIT, /* the spending limit of this one key */
	SAW_RATE,
	SAW_MODEL,  /* the model does not exist, or not for this account */
	SAW_POLICY, /* content: moderation, guardrail */
	SAW_CALLER, /* country, network, client, terms, a service that is not enabled */
	SAW_TOO_LARGE,
	SAW_REQUEST,
	SAW_NO_ROUTE,     /* AWS's API Gateway: it does not have this path and method */
	SAW_TROUBLE,      /* the server's own */
	SAW_UNCONFIGURED, /* the server has no key of its own for whom it asks */
};

struct answer {
	bool answered;             /* a status came */
	bool failed;               /* status 4xx/5xx, or an error inside a 200 */
	bool in_stream;            /* R came in an event stream of a 200 */
	bool html;                 /* the body is text/html */
	bool inside_200;           /* R is in the JSON body of a 2xx that is not a stream */
	int status;                /* of HTTP */
	int code;                  /* R's numeric code; 0: none */
	int wrapped;               /* levels of JSON-in-string that were undone */
	struct cJSON *tree;        /* owns what follows; NULL: no JSON */
	const struct cJSON *error; /* R; NULL: none */
	const struct cJSON *metadata;
	/* Borrowed from the trees, or from the exchange when the body is plain text; absent when R does not have it. */
	struct slice message;
	struct slice type;          /* error.type */
	struct slice code_text;     /* error.code when it is a string */
	struct slice status_text;   /* error.status of Google's APIs: "PERMISSION_DENIED" */
	struct slice reason;        /* error.details[].reason of Google's APIs: "API_KEY_INVALID" */
	struct slice param;         /* error.param: the member of the request that is wrong */
	struct slice error_type;    /* OpenRouter's canonical error_type, at any level */
	struct slice provider_name; /* metadata.provider_name */
	struct slice raw;           /* metadata.raw as text */
	struct slice raw_message;   /* the message inside raw; raw itself when it is plain text */
	struct cJSON *raw_tree;     /* raw parsed; NULL if it is not JSON */
	int is_byok;                /* metadata.is_byok: 1, 0; -1: absent */
	struct slice provider;      /* answer_provider(), in the exchange's memory */
	bool user_id;               /* "user_id" is next to "error": OpenRouter knew the account */
	enum refused_by refused_by;
	enum refusal about;
	enum saw saw;
	struct slice saw_words; /* the words that say so, in the answer; absent: the status alone */
	struct slice
	    header_wanted; /* a header that the answer names for the credential; absent if none */
};

/* Does SAW speak of the credential that was sent, or of its absence? */
static inline bool saw_is_about_key(enum saw saw)
{
	return saw >= SAW_NO_KEY && saw < SAW_NO_MONEY;
}

/* VENDOR: whose API the host serves; NULL: unknown. */
void answer_read(struct answer *a, const struct exchange *x, const struct vendor *vendor);
void answer_release(struct answer *a);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXCHANGES_H
#define ORSHIM_EXCHANGES_H

/* Exchanges for tests of diagnose/, made of text by the same wire code as the shim's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "diagnose/diagnose.h"
#include "wire/connection.h"

/* Of made-up accounts. */
#define KEY_A "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"
#define KEY_B "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"

struct dialogue {
	const char *host;
	const char *path;   /* NULL: /api/v1/chat/completions */
	const char *token;  /* after "Bearer "; NULL: no Authorization */
	int status;         /* 0: no answer */
	const char *type;   /* NULL: application/json */
	const char *body;   /* of the answer; NULL: none */
	const char *method; /* NULL: POST with a small body */
};

static inline size_t request_text(char *to, size_t size, const struct dialogue *s)
{
	static const char body[] =
	    "{\"model\":\"openai/"
	    "gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
	bool post = !s->method || strcmp(s->method, "POST") == 0;
	int n = snprintf(to, size, "%s %s HTTP/1.1\r\nHost: %s\r\n", post ? "POST" : s->method,
			 s->path ? s->path : "/api/v1/chat/completions", s->host);

	if (s->token)
		n += snprintf(to + n, size - (size_t)n, "Authorization: Bearer %s\r\n", s->token);
	if (post)
		n += snprintf(to + n, size - (size_t)n,
			      "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			      strlen(body));
	n += snprintf(to + n, size - (size_t)n, "\r\n%s", post ? body : "");
	return (size_t)n;
}

/* The one exchange of a connection with these bytes; the caller's: exchange_free(). */
static inline struct exchange *exchange_between(struct slice client, struct slice server)
{
	struct wire_limits limits = { .body_max = 1 << 20 };
	struct connection *c = connection_new(&limits, 1, slice_of(NULL), CONNECTION_OPENED);
	struct exchange *x = NULL;
	struct event event;

	assert_non_null(c);
	connection_feed(c, SIDE_CLIENT, client.p, client.n, 1000);
	connection_feed(c, SIDE_SERVER, server.p, server.n, 2000);
	connection_close(c, 3000);
	while (connection_next(c, &event))
		if (event.kind == EVENT_EXCHANGE) {
			assert_null(x);
			x = event.exchange;
		}
	connection_free(c);
	assert_non_null(x);
	return x;
}

/* The caller's: exchange_free(). */
static inline struct exchange *exchange_of(const struct dialogue *s)
{
	const char *body = s->body ? s->body : "";
	char request[16384], answer[16384];
	size_t asked = request_text(request, sizeof(request), s);
	int n =
	    s->status
		? snprintf(answer, sizeof(answer),
			   "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
			   s->status, s->type ? s->type : "application/json", strlen(body), body)
		: 0;

	return exchange_between((struct slice){ request, asked },
				(struct slice){ answer, (size_t)n });
}

/* The rules of the table, no ORSHIM_ setting, ENVIRON's entries (with their NULs). */
static inline void judge_init(struct judge *judge, struct slice environ_block)
{
	struct slice wrong;

	memset(judge, 0, sizeof(*judge));
	assert_true(rulebook_init(&judge->book, "", &wrong));
	assert_true(hosts_init(&judge->hosts, "", &wrong));
	judge->environment.block = environ_block;
}

static inline bool diagnosis_has(const struct diagnosis *d, enum rule_id rule)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->findings[i].rule == rule)
			return true;
	return false;
}

static inline const char *rule_or_none(enum rule_id rule)
{
	return rule == RULE_NONE ? "none" : rules[rule].id;
}

#endif

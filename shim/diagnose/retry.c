/* SPDX-License-Identifier: MIT */
#include "diagnose/retry.h"

#include <string.h>

#include "base/hash.h"
#include "diagnose/check_input.h"

static const struct {
	const char *name;
	const char *before; /* the number, in the value */
	unsigned first;     /* the number of a request that is not a retry */
} counting[] = {
	{ "x-stainless-retry-count", "", 0 },
	{ "x-retry-count", "", 0 },
	{ "retry-attempt", "", 0 },
	{ "amz-sdk-request", "attempt=", 1 },
};

enum { DIGITS_MAX = 3 };

bool retry_of_field(struct slice name, struct slice value, unsigned *n, const char **by)
{
	size_t i = 0;
	unsigned number = 0;

	while (i < sizeof(counting) / sizeof(counting[0]) &&
	       !slice_equal_nocase(name, slice_of(counting[i].name)))
		i++;
	if (i == sizeof(counting) / sizeof(counting[0]) ||
	    !slice_starts(value, slice_of(counting[i].before)))
		return false;
	value = slice_from(value, strlen(counting[i].before));
	size_t digits = 0;
	for (; digits < value.n && value.p[digits] >= '0' && value.p[digits] <= '9'; digits++)
		if (digits < DIGITS_MAX)
			number = number * 10 + (unsigned)(value.p[digits] - '0');
	if (digits == 0 || digits > DIGITS_MAX || number < counting[i].first ||
	    (digits < value.n && value.p[digits] != ';'))
		return false;
	*n = number - counting[i].first;
	*by = counting[i].name;
	return true;
}

/* Does the request itself count? */
static bool counts_itself(const struct message *m, struct retry *retry)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (m->fields[i].known &&
		    retry_of_field(m->fields[i].name, m->fields[i].value, &retry->n, &retry->by))
			return true;
	return false;
}

/* 0: the request has no body, or not all of it is known. */
static uint64_t digest_of(const struct check_input *in)
{
	const struct body *body = &in->x->request.body;
	uint64_t hash = HASH_START;

	if (body->bytes.n == 0 || !body->complete || body->truncated || body->counted_only)
		return 0;
	hash = hash_add(hash, in->x->host);
	hash = hash_add(hash, in->x->path);
	hash = hash_add(hash, slice_of(in->fingerprint));
	/* An editor's extension host has more than one client. */
	hash = hash_add(hash, field_value(&in->x->request, "user-agent"));
	return hash_words(hash, buf_slice(&body->bytes)) | 1;
}

/* Take the row at I out. */
static void forget(struct failed_requests *f, size_t i)
{
	memmove(f->all + i, f->all + i + 1, (--f->count - i) * sizeof(f->all[0]));
}

/* How often the request was sent again, with this one; 0: it is new. */
static unsigned take_earlier(struct failed_requests *f, uint64_t digest, int64_t began_us)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct failed_request *row = &f->all[i];
		if (row->digest != digest || row->ended_us > began_us ||
		    began_us - row->ended_us > LIMIT_RETRY_US)
			continue;
		unsigned retries = row->retries + 1;
		forget(f, i);
		return retries;
	}
	return 0;
}

void retry_find(struct failed_requests *f, const struct check_input *in, struct retry *retry)
{
	const struct message *request = &in->x->request, *response = &in->x->response;

	*retry = (struct retry){ 0, NULL };
	if (f->count && request->first_us - f->ended_us > LIMIT_RETRY_US)
		f->count = 0;
	if (f->count == 0 && !in->answer.failed)
		return; /* nothing failed lately: nothing is searched */
	uint64_t digest = digest_of(in);
	unsigned earlier = digest ? take_earlier(f, digest, request->first_us) : 0;
	if (!counts_itself(request, retry) && earlier)
		*retry = (struct retry){ earlier, "body" };
	if (retry->n == 0)
		retry->by = NULL;
	if (!in->answer.failed || digest == 0)
		return;
	if (f->count == LIMIT_RETRIED)
		forget(f, 0);
	f->ended_us = response->last_us > request->last_us ? response->last_us : request->last_us;
	f->all[f->count++] = (struct failed_request){ digest, f->ended_us, retry->n };
}

/* SPDX-License-Identifier: MIT */
#include "diagnose/keyed_requests.h"

#include <string.h>

#include "diagnose/check_input.h"
#include "diagnose/detail.h"

static void keep(char *to, size_t size, struct slice s, bool fold)
{
	size_t n = s.n < size ? s.n : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = fold && s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
	to[n] = '\0';
}

/* Is TO the copy of S, which may have been cut? */
static bool is_kept(const char *to, size_t size, struct slice s, bool fold)
{
	if (s.n >= size)
		s.n = size - 1;
	struct slice kept = slice_of(to);
	return fold ? slice_equal_nocase(kept, s) : slice_equal(kept, s);
}

/* What differs; bits. */
enum difference { OTHER_PATH = 1, OTHER_STREAM = 2, OTHER_METHOD = 4, OTHER_HTTP = 8 };

static bool is_host(const struct keyed_request *r, const struct check_input *in)
{
	return is_kept(r->host, sizeof(r->host), in->x->host, true);
}

static unsigned differences(const struct keyed_request *r, const struct check_input *in)
{
	unsigned set = 0;

	if (!is_kept(r->path, sizeof(r->path), in->x->path, false))
		set |= OTHER_PATH;
	if (!is_kept(r->method, sizeof(r->method), in->x->request.method, false))
		set |= OTHER_METHOD;
	if (r->stream != (signed char)in->outline.stream)
		set |= OTHER_STREAM;
	if (r->http != (signed char)in->x->version)
		set |= OTHER_HTTP;
	return set;
}

void keyed_requests_add(struct keyed_requests *k, const struct check_input *in, uint64_t counter)
{
	struct keyed_request *r = NULL;

	if (!in->fingerprint[0] || !in->answer.answered)
		return;
	for (size_t i = 0; i < k->count && !r; i++) {
		struct keyed_request *other = &k->all[(k->last + i) % k->count];
		if (is_host(other, in) && differences(other, in) == 0)
			r = other;
	}
	if (!r && k->count < LIMIT_KEYED) {
		r = &k->all[k->count++];
		r->host[0] = '\0';
	}
	for (size_t i = 0; i < k->count && !r; i++)
		if (k->all[i].at <= k->all[k->last].at)
			k->last = i; /* the oldest so far */
	if (!r)
		r = &k->all[k->last];
	if (!is_host(r, in) || differences(r, in)) {
		keep(r->host, sizeof(r->host), in->x->host, true);
		keep(r->method, sizeof(r->method), in->x->request.method, false);
		keep(r->path, sizeof(r->path), in->x->path, false);
		r->stream = (signed char)in->outline.stream;
		r->http = (signed char)in->x->version;
	}
	r->status = in->x->response.status;
	r->at = counter;
	k->last = (size_t)(r - k->all);
}

static unsigned weight(unsigned set)
{
	return (unsigned)__builtin_popcount(set);
}

/* The request to the same host that is most like this one; of several the newest. */
static const struct keyed_request *most_like(const struct keyed_requests *k,
					     const struct check_input *in)
{
	const struct keyed_request *best = NULL;

	for (size_t i = 0; i < k->count; i++) {
		const struct keyed_request *r = &k->all[i];
		if (!is_host(r, in))
			continue;
		unsigned here = weight(differences(r, in));
		unsigned there = best ? weight(differences(best, in)) : 0;
		if (!best || here < there || (here == there && r->at > best->at))
			best = r;
	}
	return best;
}

static const char *stream_words(int stream)
{
	return stream < 0 ? "no `stream`" : stream ? "`\"stream\": true`" : "`\"stream\": false`";
}

static const char *http_words(int http)
{
	return http == HTTP_2 ? "HTTP/2" : "HTTP/1.1";
}

/* "; what differs: THEN then, NOW now", from the second on without its beginning. */
static void add_difference(struct detail *d, bool *first, struct slice then, struct slice now)
{
	detail_f(d, "%s", *first ? ". What differs: " : "; ");
	detail_masked(d, then, 80);
	detail_f(d, " then, ");
	detail_masked(d, now, 80);
	detail_f(d, " now");
	*first = false;
}

/* The previous request had a key and was redirected. */
static const struct keyed_request *redirected(const struct keyed_requests *k,
					      const struct check_input *in)
{
	const struct keyed_request *r = k->count ? &k->all[k->last] : NULL;

	if (!r || r->at != in->history->counter || r->status / 100 != 3 || r->status == 304)
		return NULL;
	return r;
}

bool keyed_requests_compare(const struct keyed_requests *k, const struct check_input *in,
			    struct detail *d)
{
	const struct keyed_request *r = redirected(k, in);
	bool first = true;

	if (r) {
		detail_f(d,
			 ". The last one was answered with a redirect (%d), which this one follows",
			 r->status);
		return true;
	}
	r = most_like(k, in);
	if (!r)
		return false;
	unsigned set = differences(r, in);
	if (set & OTHER_STREAM)
		add_difference(d, &first, slice_of(stream_words(r->stream)),
			       slice_of(stream_words(in->outline.stream)));
	if (set & OTHER_PATH)
		add_difference(d, &first, slice_of(r->path), in->x->path);
	if (set & OTHER_METHOD)
		add_difference(d, &first, slice_of(r->method), in->x->request.method);
	if (set & OTHER_HTTP)
		add_difference(d, &first, slice_of(http_words(r->http)),
			       slice_of(http_words((int)in->x->version)));
	return set != 0;
}

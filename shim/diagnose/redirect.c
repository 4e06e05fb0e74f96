/* SPDX-License-Identifier: MIT */
#include "diagnose/redirect.h"

#include <string.h>

#include "diagnose/check_input.h"
#include "diagnose/detail.h"

/* Requests that other parts of the process make before the one that follows. */
enum { WAIT_MAX = 4 };

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void keep(char *to, size_t size, struct slice s)
{
	size_t n = s.n < size ? s.n : size - 1;

	if (n)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

/* Was S kept as TEXT of SIZE bytes? What did not fit is not compared. */
static bool was_kept(const char *text, size_t size, struct slice s)
{
	return slice_equal(slice_of(text), slice_sub(s, 0, size - 1));
}

static bool is_same_host(const char *a, struct slice b)
{
	return slice_equal_nocase(slice_of(a), b);
}

/* The host of an authority, without its port. */
static struct slice host_of(struct slice authority)
{
	bool literal = authority.n && authority.p[0] == '[';
	long end = slice_byte(authority, literal ? ']' : ':', 0);

	if (end < 0)
		return authority;
	return slice_sub(authority, 0, (size_t)end + literal);
}

static size_t path_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '?' && s.p[n] != '#')
		n++;
	return n;
}

/* PATH of a reference, against that of the request (RFC 3986 section 5.2, without dot segments). */
static void keep_path(struct redirect *r, struct slice reference, struct slice base)
{
	struct slice path = slice_sub(reference, 0, path_length(reference));
	size_t dir = base.n;

	if (path.n == 0) {
		keep(r->path, sizeof(r->path), base.n ? base : SLICE("/"));
		return;
	}
	if (path.p[0] == '/') {
		keep(r->path, sizeof(r->path), path);
		return;
	}
	if (slice_starts(path, SLICE("./")))
		path = slice_from(path, 2);
	while (dir && base.p[dir - 1] != '/')
		dir--;
	keep(r->path, sizeof(r->path), slice_sub(base, 0, dir));
	size_t n = strlen(r->path);
	keep(r->path + n, sizeof(r->path) - n, path);
}

bool redirect_target(struct slice location, struct slice base, struct slice *host,
		     struct slice *reference)
{
	long scheme = slice_find(location, SLICE("://"), 0);
	long slash = slice_byte(location, '/', 0);
	struct slice rest = location;

	*host = base;
	if (scheme > 0 && scheme < slash) {
		if (!slice_starts_nocase(location, SLICE("http://")) &&
		    !slice_starts_nocase(location, SLICE("https://")))
			return false;
		rest = slice_from(location, (size_t)scheme + 1);
	}
	if (slice_starts(rest, SLICE("//"))) {
		rest = slice_from(rest, 2);
		size_t n = 0;
		while (n < rest.n && !memchr("/?#", rest.p[n], 3))
			n++;
		*host = host_of(slice_sub(rest, 0, n));
		rest = slice_from(rest, n);
		if (rest.n == 0)
			rest = SLICE("/");
	}
	*reference = rest;
	return host->n > 0;
}

static bool keep_target(struct redirect *r, const struct check_input *in, struct slice location)
{
	struct slice host, reference;

	if (!redirect_target(location, in->x->host, &host, &reference))
		return false;
	r->plain = slice_starts_nocase(location, SLICE("http://"));
	keep(r->host, sizeof(r->host), host);
	keep_path(r, reference, in->x->path);
	return true;
}

/* Does the request go where the redirect points? On the same host the path has to match. */
static bool is_at_target(const struct redirect *r, const struct check_input *in)
{
	if (!is_same_host(r->host, in->x->host))
		return false;
	return redirect_leaves_host(r) || was_kept(r->path, sizeof(r->path), in->x->path);
}

void redirect_add(struct redirect *r, const struct check_input *in, uint64_t counter)
{
	struct slice location = field_value(&in->x->response, "location");

	if (!is_redirect(in->x->response.status) || location.n == 0) {
		if (r->at && (counter - r->at > WAIT_MAX || is_at_target(r, in)))
			r->at = 0;
		return;
	}
	/* The second of two redirects: what the first one's follower lost was lost there. */
	bool had_auth = in->credential || (r->at && is_at_target(r, in) && r->had_auth);
	r->at = 0;
	if (!keep_target(r, in, location))
		return;
	keep(r->from, sizeof(r->from), in->x->host);
	keep(r->from_path, sizeof(r->from_path), in->x->path);
	r->status = in->x->response.status;
	r->had_auth = had_auth;
	r->was_post = slice_equal(in->x->request.method, SLICE("POST"));
	r->at = counter;
}

static bool follows_redirect(const struct check_input *in)
{
	const struct redirect *r = &in->history->redirect;

	return in->is_api && r->at && is_at_target(r, in);
}

bool redirect_lost_key(const struct check_input *in)
{
	return follows_redirect(in) && in->history->redirect.had_auth && in->credentials.absent &&
	       !in->is_public;
}

bool redirect_turned_get(const struct check_input *in)
{
	return follows_redirect(in) && in->history->redirect.was_post &&
	       slice_equal(in->x->request.method, SLICE("GET")) && path_is_endpoint(in->x->path) &&
	       in->endpoint != ENDPOINT_MODELS && in->endpoint != ENDPOINT_KEY;
}

bool redirect_leaves_host(const struct redirect *r)
{
	return !is_same_host(r->host, slice_of(r->from));
}

bool redirect_moves_slash(const struct redirect *r)
{
	size_t a = strlen(r->path);
	size_t b = strlen(r->from_path);
	bool longer = a == b + 1 && r->path[b] == '/' && strncmp(r->path, r->from_path, b) == 0;
	bool shorter =
	    b == a + 1 && r->from_path[a] == '/' && strncmp(r->path, r->from_path, a) == 0;

	return !redirect_leaves_host(r) && (longer || shorter);
}

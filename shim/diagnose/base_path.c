/* SPDX-License-Identifier: MIT */
#include "diagnose/base_path.h"

#include <string.h>

#include "diagnose/base_url.h"

enum { URL_MAX = 120, SEGMENT_MAX = 12, RIGHT_MAX = 64 };

/* Into RIGHT, what should be before REST in place of BASE. False: nothing that is known would do. */
typedef bool correct_function(const struct check_input *in, struct slice base, struct slice rest,
			      char right[RIGHT_MAX]);

/* Where the path begins in "https://host:8080/api/v1"; -1: it is not just such a URL. */
static long path_at(struct slice url)
{
	long scheme = slice_find(url, SLICE("://"), 0);

	if (!slice_starts(url, SLICE("http")) || scheme < 0 || url.n > URL_MAX)
		return -1;
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f || strchr("@?#%\\'\"`<>$", url.p[i]))
			return -1;
	long path = slice_byte(url, '/', (size_t)scheme + 3);
	return path < 0 ? (long)url.n : path;
}

/* No secret is that short. */
static bool has_short_segments(struct slice path)
{
	struct slice segment;

	while (slice_cut(&path, '/', &segment))
		if (segment.n > SEGMENT_MAX)
			return false;
	return true;
}

/* "/", too, becomes nothing. */
static struct slice without_slash(struct slice path)
{
	return slice_equal(path, SLICE("/")) ? slice_sub(path, 0, 0) : path_without_slash(path);
}

static bool ends_segment(struct slice path, size_t n)
{
	return path.n == n || (path.n > n && path.p[n] == '/');
}

static bool put(struct slice path, char right[RIGHT_MAX])
{
	if (path.n >= RIGHT_MAX)
		return false;
	memcpy(right, path.p, path.n);
	right[path.n] = '\0';
	return true;
}

/* The end of BASE that REST begins with; or an endpoint above another one. */
static bool without_repeated(const struct check_input *in, struct slice base, struct slice rest,
			     char right[RIGHT_MAX])
{
	struct slice repeated = in->repeated_segment;

	if (!repeated.n)
		return slice_ends(base, SLICE("/")) && put(without_slash(base), right);
	base = without_slash(base);
	for (size_t i = 0; i < base.n; i++) {
		struct slice end = slice_from(base, i);

		if (end.p[0] == '/' && end.n > 1 && slice_starts(rest, end) &&
		    ends_segment(rest, end.n))
			return put(slice_sub(base, 0, i), right);
	}
	if (!slice_ends(base, repeated) || base.n <= repeated.n ||
	    base.p[base.n - repeated.n - 1] != '/')
		return false;
	return put(slice_sub(base, 0, base.n - repeated.n - 1), right);
}

/* OpenRouter's path for the same endpoint, without what the tool adds. */
static bool with_api(const struct check_input *in, struct slice base, struct slice rest,
		     char right[RIGHT_MAX])
{
	struct slice endpoint = in->x->path;

	(void)base;
	if (slice_starts(endpoint, SLICE("/api/")))
		endpoint = slice_from(endpoint, 4);
	if (slice_starts(endpoint, SLICE("/v1/")))
		endpoint = slice_from(endpoint, 3);
	if (slice_equal(rest, endpoint))
		return put(SLICE("/api/v1"), right);
	return rest.n == endpoint.n + 3 && slice_starts(rest, SLICE("/v1/")) &&
	       slice_ends(rest, endpoint) && put(SLICE("/api"), right);
}

/* Anthropic's tools ask for messages, OpenAI's for everything else; gateways take both. */
static bool is_read_for(struct slice name, struct slice path)
{
	const struct vendor *vendor = vendor_of_base_url(name);
	bool messages = slice_has(path, SLICE("/messages"));

	return vendor && strcmp(vendor->id, messages ? "openai" : "anthropic") != 0;
}

/* A variable that explains the path. */
struct holder {
	struct slice names[2], url;
	size_t count;
	size_t path; /* in url */
	char right[RIGHT_MAX];
};

/* False: it says something else than another one did. */
static bool take(struct holder *h, const struct check_input *in, struct slice name,
		 struct slice url, correct_function *correct)
{
	long at = path_at(url);
	struct slice path = in->x->path;
	char right[RIGHT_MAX];

	if (at < 0 || !is_read_for(name, path) ||
	    !slice_equal_nocase(base_url_host(url), in->x->host))
		return true;
	struct slice base = slice_from(url, (size_t)at);
	bool joined = slice_starts(path, base);
	struct slice rest = slice_from(path, base.n);
	if (!joined || (rest.n && rest.p[0] != '/')) { /* most tools take a slash off the end */
		base = without_slash(base);
		joined = slice_starts(path, base);
		rest = slice_from(path, base.n);
	}
	if (!joined || !rest.n || rest.p[0] != '/' || !has_short_segments(base) ||
	    !correct(in, base, rest, right))
		return true;
	if (h->count && !slice_equal(h->url, url))
		return false;
	if (h->count < 2)
		h->names[h->count++] = name;
	h->url = url;
	h->path = (size_t)at;
	memcpy(h->right, right, sizeof(right));
	return true;
}

static void advise(const struct check_input *in, struct detail *d, correct_function *correct)
{
	struct slice name, value;
	struct holder h = { .count = 0 };

	for (size_t at = 0; environment_next(in->environment, &at, &name, &value);)
		if (!take(&h, in, name, slice_trim(value), correct))
			return;
	if (!h.count)
		return;
	detail_fix(d, "Set %.*s%s%.*s to %.*s%s (now it is %.*s).", SLICE_ARG(h.names[0]),
		   h.count > 1 ? " and " : "", h.count > 1 ? (int)h.names[1].n : 0,
		   h.count > 1 ? h.names[1].p : "", (int)h.path, h.url.p, h.right,
		   SLICE_ARG(h.url));
}

void base_path_repeated(const struct check_input *in, struct detail *d)
{
	advise(in, d, without_repeated);
}

void base_path_missing(const struct check_input *in, struct detail *d)
{
	advise(in, d, with_api);
}

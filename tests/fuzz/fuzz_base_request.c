/* SPDX-License-Identifier: MIT */
/*
 * What a tool sends to a base URL: the same goes to the API however it is split,
 * no line grows by more than the API's name, and where there is no field to
 * change all of it goes on, but for empty lines between requests.
 */
#include <string.h>

#include "demands.h"
#include "tools/redirect/base_request.h"

static const char authority[] = "openrouter.ai";

static void feed(struct slice text, size_t piece, struct buf *out)
{
	struct base_request *r = base_request_new(authority);

	demand(r != NULL);
	buf_init(out, PLANTED_MAX);
	for (size_t at = 0; at < text.n; at += piece) {
		size_t n = text.n - at < piece ? text.n - at : piece;
		char *exact = malloc(n); /* nothing is read past it */
		demand(exact != NULL);
		memcpy(exact, text.p + at, n);
		demand(base_request_feed(r, exact, n, out) == 0);
		free(exact);
	}
	base_request_free(r);
}

static size_t count(struct slice text, char c)
{
	size_t times = 0;

	for (size_t i = 0; i < text.n; i++)
		times += text.p[i] == c;
	return times;
}

static bool has_a_field_to_change(struct slice text)
{
	return slice_has_nocase(text, SLICE("host")) || slice_has_nocase(text, SLICE("upgrade")) ||
	       slice_has_nocase(text, SLICE("http2-settings"));
}

/* OUT is IN, but for ends of lines that are left out, and for the beginning of a head. */
static void demand_all(struct slice in, struct slice out)
{
	size_t at = 0;

	for (size_t i = 0; i < in.n && at < out.n; i++)
		if (in.p[i] == out.p[at])
			at++;
		else
			demand(in.p[i] == '\r' || in.p[i] == '\n');
	demand(at == out.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice text = { (const char *)bytes, n };
	struct buf whole, split;

	if (n > 1 << 16)
		return 0;
	feed(text, n ? n : 1, &whole);
	for (size_t piece = 1; piece < 8; piece += 6) {
		feed(text, piece, &split);
		demand(slice_equal(buf_slice(&whole), buf_slice(&split)));
		buf_release(&split);
	}
	demand(whole.n <= n + (count(text, '\n') + 1) * (sizeof(authority) - 1));
	if (!has_a_field_to_change(text))
		demand_all(text, buf_slice(&whole));
	buf_release(&whole);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "diagnose/placeholder.h"
#include "diagnose/mask.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "diagnose/escaped.h"
#include "diagnose/secret_scan.h"
#include "diagnose/secret_words.h"
#include "diagnose/shape.h"

void mask_put(struct mask_out *out, const void *bytes, size_t n)
{
	if (n > out->left || buf_add(out->to, bytes, n))
		out->left = 0;
	else
		out->left -= n;
}

void mask_f(struct mask_out *out, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n > 0)
		mask_put(out, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void mask_ascii(struct mask_out *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		if (c < 0x20 || c >= 0x7f)
			mask_f(out, "\\x%02x", c);
		else
			mask_put(out, &bytes.p[i], 1);
	}
}

/* Of which bytes an unknown secret is made: enough to recognise a slip, not the secret. */
static const char *class_of(struct slice s)
{
	bool lower = false, upper = false, digit = false, hex = true, other = false, high = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		lower |= c >= 'a' && c <= 'z';
		upper |= c >= 'A' && c <= 'Z';
		digit |= c >= '0' && c <= '9';
		hex &= is_hex_byte(c);
		other |= !is_token_byte(c);
		high |= (unsigned char)c >= 0x80;
	}
	if (high)
		return "with bytes above ASCII";
	if (other)
		return "with other characters";
	if (hex && s.n >= 16)
		return "hex";
	if (digit)
		return lower || upper ? "letters and digits" : "digits";
	return "letters";
}

static void mask_unknown(struct mask_out *out, struct slice s)
{
	if (s.n < 8)
		mask_f(out, "<%zu bytes>", s.n);
	else
		mask_f(out, "<%zu bytes: %s>", s.n, class_of(s));
}

/* PREFIX in clear, HEAD bytes after it, the last four; fewer when little would stay hidden. */
static void mask_ends(struct mask_out *out, struct slice key, size_t prefix, size_t head)
{
	size_t rest = key.n - prefix;

	mask_ascii(out, slice_sub(key, 0, prefix));
	if (rest < 16)
		mask_f(out, "<%zu bytes>", rest);
	else
		mask_f(out, "%.*s...%.*s", (int)head, key.p + prefix, 4, key.p + key.n - 4);
}

void mask_run(struct mask_out *out, struct slice run)
{
	size_t prefix = key_prefix(run);
	bool openrouter = slice_starts_nocase(run, SLICE("sk-or-v1-"));

	if (prefix) {
		/* A key glued to a key, each masked by itself; at most two, so that a hostile run stays cheap. */
		struct slice first = slice_sub(run, 0, key_glued(run, prefix));
		mask_ends(out, first, prefix, openrouter ? 3 : 0);
		if (first.n < run.n)
			mask_ends(out, slice_from(run, first.n), prefix, openrouter ? 3 : 0);
	} else if (is_bare_openrouter(run)) {
		mask_ends(out, run, run.n - 64, 3);
	} else {
		mask_unknown(out, run);
	}
}

/* May a key begin in S at AT: a known prefix, or what is left of one? */
static bool is_key_at(struct slice s, size_t at)
{
	struct slice run = slice_sub(s, at, token_run(s, at));

	return run.n >= 8 && (key_prefix(run) || is_bare_openrouter(run));
}

/* Keys by their ends, known words in clear, other runs by their length, signs as they are. */
static void mask_pieces(struct mask_out *out, struct slice s)
{
	for (size_t i = 0; i < s.n;) {
		struct slice run = slice_sub(s, i, token_run(s, i));
		if (run.n == 0) {
			size_t n = 1;
			while (i + n < s.n && ((unsigned char)s.p[i + n] & 0xc0) == 0x80)
				n++;
			mask_ascii(out, slice_sub(s, i, n));
			i += n;
			continue;
		}
		if (is_public_word(run))
			mask_ascii(out, run);
		else if (i && s.p[i - 1] == '%' && run.n == 2)
			mask_ascii(out, run);
		else
			mask_run(out, run);
		i += run.n;
	}
}

static bool has_key(struct slice s)
{
	for (size_t i = 0; i < s.n; i += token_run(s, i) + 1)
		if (is_key_at(s, i))
			return true;
	return false;
}

/* A placeholder is shown as it is, unless something long in it might be a key after all. */
static bool needs_no_mask(const struct token_shape *shape)
{
	struct slice core = shape->core;

	if (shape->kind == TOKEN_LITERAL || shape->kind == TOKEN_DUMMY ||
	    shape->kind == TOKEN_VARIABLE_NAME)
		return true;
	if (shape->kind != TOKEN_UNEXPANDED && shape->kind != TOKEN_MASKED &&
	    shape->kind != TOKEN_SAMPLE)
		return false;
	for (size_t i = 0; i < core.n; i += token_run(core, i) + 1) {
		struct slice run = slice_sub(core, i, token_run(core, i));
		if (!is_variable_name(run) && !is_plain_word(slice_from(run, key_prefix(run))))
			return false;
	}
	return true;
}

static void mask_core(struct mask_out *out, const struct token_shape *shape)
{
	struct slice core = shape->core;

	if (shape->kind == TOKEN_JWT)
		mask_f(out, "<JWT, %zu bytes>", core.n);
	else if (needs_no_mask(shape))
		mask_ascii(out, core);
	else if (has_key(core) || shape->kind == TOKEN_CONFIG_LINE)
		mask_pieces(out, core);
	else if (core.n)
		mask_unknown(out, core);
}

void token_mask(struct slice token, char out[TOKEN_MASK_SIZE])
{
	char room[4 * TOKEN_MASK_SIZE];
	struct buf text = { .p = room, .cap = sizeof(room), .max = sizeof(room) };
	struct mask_out shown = { &text, sizeof(room) };
	struct token_shape shape;

	if (token_is_openrouter_shaped(token)) {
		mask_run(&shown, token);
		memcpy(out, room, text.n);
		out[text.n] = '\0';
		return;
	}
	shape_read(&shape, token);
	/* What was stripped off stays visible, in its order. */
	size_t before = token.n ? (size_t)(shape.core.p - token.p) : 0;
	mask_ascii(&shown, slice_sub(token, 0, before));
	mask_core(&shown, &shape);
	mask_ascii(&shown, slice_from(token, before + shape.core.n));
	size_t n = text.n;
	if (n >= TOKEN_MASK_SIZE) {
		n = TOKEN_MASK_SIZE - 1;
		memcpy(room + n - 3, "...", 3);
	}
	memcpy(out, room, n);
	out[n] = '\0';
}

bool token_needs_no_mask(struct slice token)
{
	char shown[TOKEN_MASK_SIZE];

	token_mask(token, shown);
	return slice_equal(slice_of(shown), token);
}

/* ---- texts */

/* C1 controls, zero-width and direction marks, line separators: invisible or worse on a terminal. */
static bool is_invisible(unsigned code)
{
	return code < 0xa0 || code == 0xad || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
	       (code >= 0xe0000 && code <= 0xe007f);
}

/* Copy one character that is not part of a secret; returns its bytes. */
static size_t copy_character(struct mask_out *out, struct slice s, size_t at)
{
	unsigned char c = (unsigned char)s.p[at];
	unsigned code = 0;

	if (c >= 0x20 && c < 0x7f) {
		mask_put(out, &s.p[at], 1);
		return 1;
	}
	int n = utf8_character(s, at, &code);
	if (n <= 0) {
		mask_f(out, "\\x%02x", c);
		return 1;
	}
	if (is_invisible(code))
		mask_f(out, "\\u{%x}", code);
	else
		mask_put(out, &s.p[at], (size_t)n);
	return (size_t)n;
}

/* Copy text that is not secret, from FROM up to END of S; returns its end, which splits no character. */
static size_t copy_text(struct mask_out *out, struct slice s, size_t from, size_t end)
{
	size_t i = from;

	while (i < end && out->left) {
		size_t plain = i;
		while (plain < end && s.p[plain] >= 0x20 && s.p[plain] < 0x7f)
			plain++;
		size_t n = plain - i < out->left ? plain - i : out->left;
		if (n)
			mask_put(out, s.p + i, n);
		i = plain > i ? plain : i + copy_character(out, s, i);
	}
	return i;
}

static void mask_spans(struct mask_out *out, struct slice text);

/* A secret that is known by SPAN of TEXT. */
static void mask_span(struct mask_out *out, struct slice text, const struct secret_span *span)
{
	struct slice secret = slice_sub(text, span->at, span->n);
	char shown[TOKEN_MASK_SIZE];
	struct escaped e;

	switch (span->kind) {
	case SPAN_KEY:
	case SPAN_RANDOM:
		mask_run(out, secret);
		break;
	case SPAN_GROUPED: {
		size_t prefix = key_prefix(slice_sub(secret, 0, token_run(secret, 0)));
		mask_ascii(out, slice_sub(secret, 0, prefix));
		mask_f(out, "<%zu bytes>", secret.n - prefix);
		break;
	}
	case SPAN_JWT:
		mask_f(out, "<JWT, %zu bytes>", secret.n);
		break;
	case SPAN_ACCOUNT:
		mask_f(out, "user_...%.*s", 4, secret.p + secret.n - 4);
		break;
	case SPAN_VALUE:
		token_mask(secret, shown);
		mask_put(out, shown, strlen(shown));
		break;
	case SPAN_ESCAPED:
		escaped_read(&e, text, span->at);
		mask_spans(out, (struct slice){ e.plain, e.n });
		break;
	case SPAN_KEY_REST:
	case SPAN_COOKIE:
	case SPAN_USERINFO:
	case SPAN_TEXT:
		mask_f(out, "<%zu bytes>", secret.n);
		break;
	}
}

static void mask_spans(struct mask_out *out, struct slice text)
{
	struct secret_scan scan = secret_scan_of(text, false);
	struct secret_span span;
	size_t at = 0;

	while (out->left && secret_next(&scan, &span))
		if (span.kind == SPAN_TEXT)
			at = copy_text(out, text, span.at > at ? span.at : at, span.at + span.n);
		else
			mask_span(out, text, &span);
}

void mask_text(struct buf *out, struct slice text, size_t max)
{
	struct mask_out masked = { out, max };

	mask_spans(&masked, text);
}

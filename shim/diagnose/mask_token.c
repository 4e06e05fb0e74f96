/* SPDX-License-Identifier: MIT */
/* What may be shown of a token. */
#define OPENSSL_API_COMPAT 0x10100000L /* SHA256_Init() without EVP's fetching and locks */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <stdarg.h>

#include "diagnose/credential.h"
#include "diagnose/mask.h"

void token_fingerprint(struct slice token, char out[FINGERPRINT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256_CTX context;

	SHA256_Init(&context);
	SHA256_Update(&context, token.p ? token.p : "", token.n);
	SHA256_Final(hash, &context);
	memcpy(out, "sha256:", 7);
	for (int i = 0; i < 6; i++) {
		out[7 + 2 * i] = digits[hash[i] >> 4];
		out[8 + 2 * i] = digits[hash[i] & 15];
	}
	out[FINGERPRINT_SIZE - 1] = '\0';
}

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

bool is_plain_word(struct slice run)
{
	bool digit = false, upper = false;

	for (size_t i = 0; i < run.n; i++) {
		digit |= run.p[i] >= '0' && run.p[i] <= '9';
		upper |= i && run.p[i] >= 'A' && run.p[i] <= 'Z';
	}
	return run.n < 8 || (!digit && !upper && run.n <= 20);
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
		return "with other signs";
	if (hex && s.n >= 16)
		return "hex";
	if (digit)
		return lower || upper ? "letters and digits" : "digits";
	return "letters";
}

static void show_unknown(struct mask_out *out, struct slice s)
{
	if (s.n < 8)
		mask_f(out, "<%zu bytes>", s.n);
	else
		mask_f(out, "<%zu bytes: %s>", s.n, class_of(s));
}

/* PREFIX in clear, HEAD bytes after it, the last four; fewer when little would stay hidden. */
static void show_ends(struct mask_out *out, struct slice key, size_t prefix, size_t head)
{
	size_t rest = key.n - prefix;

	mask_ascii(out, slice_sub(key, 0, prefix));
	if (rest < 16)
		mask_f(out, "<%zu bytes>", rest);
	else
		mask_f(out, "%.*s...%.*s", (int)head, key.p + prefix, 4, key.p + key.n - 4);
}

/* Sixty-four hex digits at the end, whatever is left of the prefix before them. */
bool is_bare_openrouter(struct slice run)
{
	if (run.n < 64 || run.n > 80 || (run.n > 64 && is_hex_byte(run.p[run.n - 65])))
		return false;
	for (size_t i = run.n - 64; i < run.n; i++)
		if (!is_hex_byte(run.p[i]))
			return false;
	return true;
}

/* Every prefix of vendors.def has a hyphen or underscore near its start, or a capital A there. */
static bool may_begin_key(struct slice run)
{
	if (run.n == 0 || run.p[0] == 'A')
		return run.n != 0;
	for (size_t i = 1; i < run.n && i < 8; i++)
		if (run.p[i] == '-' || run.p[i] == '_')
			return vendor_may_own(run) || slice_starts_nocase(run, SLICE("sk-"));
	return false;
}

size_t key_prefix(struct slice run)
{
	if (!may_begin_key(run))
		return 0;
	const struct vendor *vendor = vendor_of_key(run);
	struct slice prefix = vendor ? vendor_key_prefix(vendor, run) : (struct slice){ NULL, 0 };

	if (prefix.n)
		return prefix.n;
	if (slice_starts_nocase(run, SLICE("sk-or-v1-")))
		return 9;
	return slice_starts(run, SLICE("sk-")) && run.n >= 20 ? 3 : 0;
}

void mask_run(struct mask_out *out, struct slice run)
{
	size_t prefix = key_prefix(run);
	bool openrouter = slice_starts_nocase(run, SLICE("sk-or-v1-"));

	if (prefix) {
		/* A key glued to a key: each by itself. */
		struct slice again = slice_sub(run, 0, prefix);
		long second = prefix >= 4 ? slice_find(run, again, prefix) : -1;
		struct slice rest =
		    second < 0 ? slice_from(run, run.n) : slice_from(run, (size_t)second);
		run.n -= rest.n;
		show_ends(out, run, prefix, openrouter ? 3 : 0);
		/* At most one more: a hostile run of prefixes is not worth recursion. */
		if (rest.n)
			show_ends(out, rest, prefix, openrouter ? 3 : 0);
	} else if (is_bare_openrouter(run)) {
		show_ends(out, run, run.n - 64, 3);
	} else {
		show_unknown(out, run);
	}
}

/* A key may stand in S at AT: a known prefix, or what is left of one. */
static bool is_key_at(struct slice s, size_t at)
{
	struct slice run = slice_sub(s, at, token_run(s, at));

	return run.n >= 8 && (key_prefix(run) || is_bare_openrouter(run));
}

/* Words that surround a key in a slip: they are no secrets. */
static bool is_public_word(struct slice run)
{
	static const char words[][14] = {
		"export",    "set",   "apiKey", "api_key", "apikey",        "api-key",
		"x-api-key", "key",   "token",  "Key",     "Authorization", "authorization",
		"type",      "sk-or", "sk",     "v1"
	};

	if (is_scheme_word(run) || is_variable_name(run) || is_literal(run))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal(run, slice_of(words[i])))
			return true;
	return false;
}

/* Keys by their ends, known words in clear, other runs by their length, signs as they are. */
static void show_pieces(struct mask_out *out, struct slice s)
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
static bool may_show_whole(const struct token_shape *shape)
{
	struct slice core = shape->core;

	if (shape->form == FORM_LITERAL || shape->form == FORM_DUMMY ||
	    shape->form == FORM_VARIABLE_NAME)
		return true;
	if (shape->form != FORM_UNEXPANDED && shape->form != FORM_MASKED &&
	    shape->form != FORM_SAMPLE)
		return false;
	for (size_t i = 0; i < core.n; i += token_run(core, i) + 1) {
		struct slice run = slice_sub(core, i, token_run(core, i));
		if (!is_variable_name(run) && !is_plain_word(slice_from(run, key_prefix(run))))
			return false;
	}
	return true;
}

static void show_core(struct mask_out *out, const struct token_shape *shape)
{
	struct slice core = shape->core;

	if (shape->form == FORM_JWT)
		mask_f(out, "<JWT, %zu bytes>", core.n);
	else if (may_show_whole(shape))
		mask_ascii(out, core);
	else if (has_key(core) || shape->form == FORM_CONFIG_LINE)
		show_pieces(out, core);
	else if (core.n)
		show_unknown(out, core);
}

void token_show(struct slice token, char out[TOKEN_SHOWN_MAX])
{
	char room[4 * TOKEN_SHOWN_MAX];
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
	/* What was peeled off stays visible, in the order in which it stands. */
	size_t before = token.n ? (size_t)(shape.core.p - token.p) : 0;
	mask_ascii(&shown, slice_sub(token, 0, before));
	show_core(&shown, &shape);
	mask_ascii(&shown, slice_from(token, before + shape.core.n));
	size_t n = text.n;
	if (n >= TOKEN_SHOWN_MAX) {
		n = TOKEN_SHOWN_MAX - 1;
		memcpy(room + n - 3, "...", 3);
	}
	memcpy(out, room, n);
	out[n] = '\0';
}

/* SPDX-License-Identifier: MIT */
#include "diagnose/json/json_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"

static bool is_json_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_word(char c)
{
	return is_alphanumeric(c) || c == '_' || c == '$';
}

static bool cut(struct json_scan *s, const char *opened, const char *expected)
{
	s->v->opened = (size_t)(opened - s->start);
	return json_blame(s, JSON_CUT, s->end, expected, "the end of the body");
}

/*
 * Skip what a string may contain unescaped: eight bytes at a time while none of
 * them is a quote, a backslash, a control or beyond ASCII. In the words below
 * the high bit of a byte is set if it is such a byte (a borrow may mark one
 * byte too many, never one too few: the byte loop looks again).
 */
static const char *skip_plain(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;

	while (end - p >= 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');
		if ((w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & highs)
			break;
		p += 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
	       (unsigned char)*p < 0x80)
		p++;
	return p;
}

/* Four hex digits at P; -1: the text ends first; -2: something else is there. */
static int hex4(const char *p, const char *end)
{
	int code = 0;

	for (int i = 0; i < 4; i++) {
		if (p + i >= end)
			return -1;
		int digit = hex_value(p[i]);
		if (digit < 0)
			return -2;
		code = code * 16 + digit;
	}
	return code;
}

/* s->p is at \u; OPENED is the string's quote. */
static bool scan_unicode_escape(struct json_scan *s, const char *opened)
{
	const char *at = s->p;
	int code = hex4(at + 2, s->end);

	if (code == -1)
		return cut(s, opened, "the rest of a string");
	if (code == -2)
		return json_blame(s, JSON_INVALID, at, "four hex digits after \\u",
				  "a broken \\u escape");
	s->p += 6;
	if (code < 0xD800 || code > 0xDFFF)
		return true;
	const char *next = s->p;
	int low = -2;
	if (next == s->end || (next[0] == '\\' && next + 1 == s->end))
		low = -1;
	else if (next[0] == '\\' && next[1] == 'u')
		low = hex4(next + 2, s->end);
	if (code >= 0xDC00)
		return json_blame(s, JSON_LONE_SURROGATE, at, "its first half before it",
				  "the second half of a surrogate pair alone");
	if (low == -1)
		return cut(s, opened, "the rest of a string");
	if (low < 0xDC00 || low > 0xDFFF)
		return json_blame(s, JSON_LONE_SURROGATE, at, "\\uDC00 to \\uDFFF after it",
				  "the first half of a surrogate pair alone");
	s->p += 6;
	return true;
}

static bool scan_escape(struct json_scan *s, const char *opened)
{
	if (s->p + 1 == s->end)
		return cut(s, opened, "the rest of a string");
	switch (s->p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		s->p += 2;
		return true;
	case 'u':
		return scan_unicode_escape(s, opened);
	default:
		return json_blame(s, JSON_INVALID, s->p,
				  "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
				  s->p[1] == '\'' ? "\\' (JSON does not escape single quotes)"
						  : "a backslash that escapes nothing in JSON");
	}
}

static bool blame_control(struct json_scan *s)
{
	switch (*s->p) {
	case '\n':
		return json_blame(s, JSON_INVALID, s->p, "\\n, or the closing quote",
				  "a raw newline in a string");
	case '\r':
		return json_blame(s, JSON_INVALID, s->p, "\\r, or the closing quote",
				  "a raw carriage return in a string");
	case '\t':
		return json_blame(s, JSON_INVALID, s->p, "\\t", "a raw tab in a string");
	case '\0':
		return json_blame(s, JSON_INVALID, s->p, "\\u0000", "a NUL byte in a string");
	default:
		return json_blame(s, JSON_INVALID, s->p, "\\u00XX",
				  "a raw control byte in a string");
	}
}

/* s->p is at the opening quote and is moved past the closing one. */
static bool scan_string(struct json_scan *s)
{
	const char *opened = s->p++;

	for (;;) {
		s->p = skip_plain(s->p, s->end);
		if (s->p == s->end)
			return cut(s, opened, "the closing quote of a string");
		if (*s->p == '"') {
			s->p++;
			return true;
		}
		if (*s->p == '\\') {
			if (!scan_escape(s, opened))
				return false;
		} else if ((unsigned char)*s->p < 0x20) {
			return blame_control(s);
		} else {
			int n = utf8_character(
			    (struct slice){ s->p, (size_t)(s->end - s->p) }, 0, NULL);
			if (n < 0)
				return cut(s, opened, "the rest of a character");
			if (n == 0)
				return json_blame_utf8(s);
			s->p += n;
		}
	}
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static bool scan_number(struct json_scan *s)
{
	const char *from = s->p;

	if (*s->p == '-')
		s->p++;
	if (s->p == s->end)
		return cut(s, from, "the rest of a number");
	const char *digits = s->p;
	s->p = skip_digits(digits, s->end);
	if (s->p == digits || (*digits == '0' && s->p - digits > 1))
		return json_blame_number(s, from);
	if (s->p < s->end && *s->p == '.') {
		digits = ++s->p;
		s->p = skip_digits(digits, s->end);
		if (s->p == s->end && s->p == digits)
			return cut(s, from, "the rest of a number");
		if (s->p == digits)
			return json_blame_number(s, from);
	}
	if (s->p < s->end && (*s->p | 0x20) == 'e') {
		digits = ++s->p;
		if (digits < s->end && (*digits == '+' || *digits == '-'))
			digits++;
		s->p = skip_digits(digits, s->end);
		if (s->p == s->end && s->p == digits)
			return cut(s, from, "the rest of a number");
		if (s->p == digits)
			return json_blame_number(s, from);
	}
	if (s->p < s->end && (is_word(*s->p) || *s->p == '.' || *s->p == '+' || *s->p == '-'))
		return json_blame_number(s, from);
	return true;
}

/* true, false, null: exactly these, whole words. */
static bool scan_word(struct json_scan *s)
{
	static const struct slice literals[] = { SLICE("true"), SLICE("false"), SLICE("null") };
	const char *q = s->p;

	while (q < s->end && is_word(*q))
		q++;
	struct slice word = { s->p, (size_t)(q - s->p) };
	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		if (slice_equal(word, literals[i])) {
			s->p = q;
			return true;
		}
		if (q == s->end && word.n > 0 && slice_starts(literals[i], word))
			return cut(s, s->p, "the rest of a word");
	}
	return json_blame_token(s);
}

/* Whether this object had NAME before; remembers it. Raw bytes are compared, so a spelling with escapes is not found. */
static bool name_is_new(struct json_scan *s, struct slice name)
{
	struct json_memory *m = s->memory;
	struct json_frame *f = &m->frames[s->depth - 1];
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
	for (uint32_t i = m->count - f->members; i < m->count; i++) {
		struct slice other = { s->start + m->at[i], m->n[i] };
		if (m->hash[i] == hash && slice_equal(other, name))
			return false;
	}
	if (f->members < LIMIT_JSON_MEMBERS && m->count < LIMIT_JSON_NAMES) {
		m->hash[m->count] = hash;
		m->at[m->count] = (uint32_t)(name.p - s->start);
		m->n[m->count] = (uint32_t)name.n;
		m->count++;
		f->members++;
	}
	return true;
}

static bool scan_name(struct json_scan *s)
{
	const char *quote = s->p;

	if (!scan_string(s))
		return false;
	s->want = WANT_COLON;
	if (!s->memory)
		return true;
	struct slice name = { quote + 1, (size_t)(s->p - quote) - 2 };
	struct json_frame *f = &s->memory->frames[s->depth - 1];
	f->name = (uint32_t)(name.p - s->start);
	f->name_n = (uint32_t)name.n;
	if (!s->v->duplicate && !name_is_new(s, name)) {
		s->v->duplicate = true;
		s->v->duplicate_at = (size_t)(quote - s->start);
		json_path(s, s->v->duplicate_path, sizeof(s->v->duplicate_path));
	}
	return true;
}

static bool open_level(struct json_scan *s, bool array)
{
	if (s->depth == LIMIT_JSON_DEPTH)
		return json_blame(s, JSON_TOO_DEEP, s->p, "less nesting", "a very deep nesting");
	int level = s->depth++;
	s->is_array[level / 64] &= ~(UINT64_C(1) << (level % 64));
	s->is_array[level / 64] |= (uint64_t)array << (level % 64);
	if (s->memory) {
		struct json_frame fresh = { .opened = (uint32_t)(s->p - s->start) };
		s->memory->frames[level] = fresh;
	}
	s->p++;
	s->want = array ? WANT_FIRST_VALUE : WANT_FIRST_NAME;
	return true;
}

static bool close_level(struct json_scan *s)
{
	if (s->memory)
		s->memory->count -= s->memory->frames[s->depth - 1].members;
	s->depth--;
	s->p++;
	s->want = s->depth ? WANT_NEXT : WANT_END;
	return true;
}

static bool scan_value(struct json_scan *s)
{
	bool fine;

	if (*s->p == '{' || *s->p == '[')
		return open_level(s, *s->p == '[');
	if (*s->p == '"')
		fine = scan_string(s);
	else if (is_digit(*s->p) || *s->p == '-')
		fine = scan_number(s);
	else
		fine = scan_word(s);
	if (fine)
		s->want = s->depth ? WANT_NEXT : WANT_END;
	return fine;
}

static bool scan_comma(struct json_scan *s)
{
	bool array = json_in_array(s);

	s->comma = s->p++;
	s->want = array ? WANT_VALUE : WANT_NAME;
	if (array && s->memory)
		s->memory->frames[s->depth - 1].index++;
	return true;
}

/* One step of the grammar; s->p is at a byte that is not white space. */
static bool scan_token(struct json_scan *s)
{
	char c = *s->p;
	bool array = json_in_array(s);

	switch (s->want) {
	case WANT_FIRST_VALUE:
		return c == ']' ? close_level(s) : scan_value(s);
	case WANT_VALUE:
		return scan_value(s);
	case WANT_FIRST_NAME:
		if (c == '}')
			return close_level(s);
		return c == '"' ? scan_name(s) : json_blame_token(s);
	case WANT_NAME:
		return c == '"' ? scan_name(s) : json_blame_token(s);
	case WANT_COLON:
		if (c != ':')
			return json_blame_token(s);
		s->p++;
		s->want = WANT_VALUE;
		return true;
	case WANT_NEXT:
		if (c == ',')
			return scan_comma(s);
		return c == (array ? ']' : '}') ? close_level(s) : json_blame_token(s);
	default:
		return json_blame_token(s);
	}
}

static void scan_end(struct json_scan *s, bool anything)
{
	static const char expected[][21] = {
		[WANT_VALUE] = "a value",
		[WANT_FIRST_VALUE] = "a value or ']'",
		[WANT_FIRST_NAME] = "a member name or '}'",
		[WANT_NAME] = "a member name",
		[WANT_COLON] = "':'",
	};

	if (s->want == WANT_END)
		return;
	if (!anything) {
		json_blame(s, JSON_EMPTY, s->end, "a value", "nothing but white space");
		return;
	}
	const char *opened = s->start;
	if (s->memory && s->depth)
		opened += s->memory->frames[s->depth - 1].opened;
	if (s->want == WANT_NEXT)
		cut(s, opened, json_in_array(s) ? "',' or ']'" : "',' or '}'");
	else
		cut(s, opened, expected[s->want]);
}

void json_judge(struct slice text, struct json_verdict *v)
{
	struct json_scan s = { .start = text.p, .p = text.p, .end = text.p + text.n, .v = v };
	bool bom = slice_starts(text, SLICE("\xEF\xBB\xBF"));
	bool anything = false;

	memset(v, 0, sizeof(*v));
	v->line = v->column = 1;
	if (text.n == 0) {
		v->fault = JSON_EMPTY;
		v->expected = "a value";
		v->found = "nothing";
		return;
	}
	if (bom)
		s.p += 3;
	if (text.n < UINT32_MAX)
		s.memory = malloc(sizeof(*s.memory));
	if (s.memory)
		s.memory->count = 0;
	for (;;) {
		while (s.p < s.end && is_json_space(*s.p))
			s.p++;
		if (s.p == s.end) {
			scan_end(&s, anything);
			break;
		}
		anything = true;
		if (!scan_token(&s))
			break;
	}
	if (bom && v->fault == JSON_FINE)
		json_blame(&s, JSON_BOM, s.start, "'{'", "a byte order mark (EF BB BF)");
	free(s.memory);
}

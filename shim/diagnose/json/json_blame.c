/* SPDX-License-Identifier: MIT */
#include "diagnose/json/json_scan.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

/* A longer name, or one with other bytes than these, may be a text or a secret: only its size is reported. */
enum { NAME_SHOWN_MAX = 31 };

static bool name_is_plain(struct slice name)
{
	if (name.n == 0 || name.n > NAME_SHOWN_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!is_token_byte(c) && c != '$')
			return false;
	}
	return true;
}

void json_path(const struct json_scan *s, char *path, size_t n)
{
	size_t used = 0;

	path[0] = '\0';
	for (int i = 0; s->memory && i < s->depth; i++) {
		const struct json_frame *f = &s->memory->frames[i];
		struct slice name = { s->start + f->name, f->name_n };
		char step[48];

		if (s->is_array[i / 64] >> (i % 64) & 1)
			snprintf(step, sizeof(step), "[%u]", f->index);
		else if (f->name == 0)
			break;
		else if (name_is_plain(name))
			snprintf(step, sizeof(step), "%s%.*s", i ? "." : "", SLICE_ARG(name));
		else
			snprintf(step, sizeof(step), "%s<name of %u bytes>", i ? "." : "",
				 f->name_n);
		size_t length = strlen(step);
		if (used + length + 4 >= n) {
			snprintf(path + used, n - used, "...");
			return;
		}
		memcpy(path + used, step, length + 1);
		used += length;
	}
}

bool json_blame(struct json_scan *s, enum json_fault fault, const char *at, const char *expected,
		const char *found)
{
	struct json_verdict *v = s->v;
	const char *line = s->start;

	v->fault = fault;
	v->at = (size_t)(at - s->start);
	v->expected = expected;
	v->found = found;
	v->line = 1;
	for (;;) {
		const char *newline = memchr(line, '\n', (size_t)(at - line));
		if (!newline)
			break;
		line = newline + 1;
		v->line++;
	}
	v->column = (size_t)(at - line) + 1;
	json_path(s, v->path, sizeof(v->path));
	return false;
}

/* Bytes and words that are at home in another language. */
#define TEXT(literal) literal, sizeof(literal) - 1
static const struct foreign {
	char text[sizeof("undefined")];
	unsigned char n; /* of TEXT: one is a NUL */
	bool word;       /* only if no letter, digit or _ follows */
	enum json_fault fault;
	char found[64];
} foreign[] = {
	{ TEXT("NaN"), true, JSON_NAN, "NaN" },
	{ TEXT("Infinity"), true, JSON_NAN, "Infinity" },
	{ TEXT("undefined"), true, JSON_INVALID, "undefined (JavaScript; JSON has null)" },
	{ TEXT("None"), true, JSON_INVALID, "None (Python; JSON has null)" },
	{ TEXT("True"), true, JSON_INVALID, "True (Python; JSON has true)" },
	{ TEXT("False"), true, JSON_INVALID, "False (Python; JSON has false)" },
	{ TEXT("nil"), true, JSON_INVALID, "nil (JSON has null)" },
	{ TEXT("nan"), true, JSON_INVALID, "nan (no number; JSON has null)" },
	{ TEXT("inf"), true, JSON_INVALID, "inf (no number; JSON has null)" },
	{ TEXT("'"), false, JSON_INVALID, "a single quote" },
	{ TEXT("`"), false, JSON_INVALID, "a backtick" },
	{ TEXT("//"), false, JSON_INVALID, "a comment" },
	{ TEXT("/*"), false, JSON_INVALID, "a comment" },
	{ TEXT("#"), false, JSON_INVALID, "a comment" },
	{ TEXT("\\\""), false, JSON_INVALID,
	  "a backslash before a quote: the JSON was escaped once more" },
	{ TEXT("<"), false, JSON_INVALID, "'<' (a template, a web page, or XML)" },
	{ TEXT("$"), false, JSON_INVALID, "'$' (a variable that nobody filled in)" },
	{ TEXT("%"), false, JSON_INVALID, "'%' (a variable or a percent encoding)" },
	{ TEXT("..."), false, JSON_INVALID, "three dots" },
	{ TEXT("."), false, JSON_INVALID, "a number without a digit before its point" },
	{ TEXT("+"), false, JSON_INVALID, "'+' before a number" },
	{ TEXT("="), false, JSON_INVALID, "an equals sign" },
	{ TEXT(";"), false, JSON_INVALID, "a semicolon" },
	{ TEXT("("), false, JSON_INVALID, "a parenthesis" },
	{ TEXT(")"), false, JSON_INVALID, "a parenthesis" },
	{ TEXT("\0"), false, JSON_INVALID, "a NUL byte" },
	{ TEXT("\xE2\x80\x9C"), false, JSON_INVALID, "a typographic quote (U+201C)" },
	{ TEXT("\xE2\x80\x9D"), false, JSON_INVALID, "a typographic quote (U+201D)" },
	{ TEXT("\xE2\x80\x98"), false, JSON_INVALID, "a typographic quote (U+2018)" },
	{ TEXT("\xE2\x80\x99"), false, JSON_INVALID, "a typographic quote (U+2019)" },
	{ TEXT("\xC2\xA0"), false, JSON_INVALID, "a no-break space (U+00A0) outside a string" },
	{ TEXT("\xE2\x80\x8B"), false, JSON_INVALID,
	  "a zero-width space (U+200B) outside a string" },
	{ TEXT("\xEF\xBB\xBF"), false, JSON_INVALID, "a byte order mark in the middle" },
};

static bool begins_word(char c)
{
	return is_letter(c) || c == '_';
}

static bool is_wordly(char c)
{
	return begins_word(c) || is_digit(c) || c == '$';
}

static const struct foreign *foreign_at(struct slice rest)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		const struct foreign *f = &foreign[i];
		if (slice_starts(rest, (struct slice){ f->text, f->n }) &&
		    !(f->word && rest.n > f->n && is_wordly(rest.p[f->n])))
			return f;
	}
	return NULL;
}

/* UTF-16 shows as a NUL beside every ASCII character, or as its own byte order mark. */
static bool is_utf16(const struct json_scan *s)
{
	struct slice text = { s->start, (size_t)(s->end - s->start) };

	if (text.n < 2 || s->p - s->start > 1)
		return false;
	return slice_starts(text, SLICE("\xFF\xFE")) || slice_starts(text, SLICE("\xFE\xFF")) ||
	       (text.p[0] == '\0') != (text.p[1] == '\0');
}

static const char *wanted(const struct json_scan *s)
{
	switch (s->want) {
	case WANT_VALUE:
		return "a value";
	case WANT_FIRST_VALUE:
		return "a value or ']'";
	case WANT_FIRST_NAME:
		return "a member name in double quotes, or '}'";
	case WANT_NAME:
		return "a member name in double quotes";
	case WANT_COLON:
		return "':' after the member name";
	case WANT_NEXT:
		return json_in_array(s) ? "',' or ']'" : "',' or '}'";
	default:
		return "the end of the body";
	}
}

/* A bracket, comma or colon of JSON at the wrong place. */
static const char *misplaced(const struct json_scan *s)
{
	switch (*s->p) {
	case ',':
		return s->want == WANT_VALUE && !json_in_array(s) ? "a member without a value"
								  : "a comma too many";
	case ':':
		return json_in_array(s) ? "a colon in an array" : "a colon";
	case '}':
	case ']':
		if (s->want == WANT_END)
			return "a closing bracket too many";
		if (s->want == WANT_VALUE && *s->p == '}')
			return "a member without a value";
		return *s->p == '}' ? "'}' that closes no object here"
				    : "']' that closes no array here";
	case '{':
	case '[':
		if (s->want == WANT_END)
			return "a second value after the first";
		if (s->want == WANT_FIRST_NAME && *s->p == '{')
			return "a second '{' (a template that nobody filled in?)";
		return s->want == WANT_NEXT ? "no comma before the next value" : "a bracket";
	case '"':
		if (s->want == WANT_END)
			return "a second value after the first";
		return s->want == WANT_NEXT ? "no comma before the next string" : "a quote";
	default:
		return NULL;
	}
}

/* After a complete value: what follows it without a comma. */
static const char *glued(const struct json_scan *s)
{
	if (s->want == WANT_END)
		return "text after the end of the value";
	return s->p > s->start && s->p[-1] == '"'
		   ? "text after a closing quote (a quote inside the string is not escaped?)"
		   : "text that belongs to no value";
}

bool json_blame_token(struct json_scan *s)
{
	struct slice rest = { s->p, (size_t)(s->end - s->p) };
	const struct foreign *f = foreign_at(rest);
	const char *found = misplaced(s);
	bool closes = *s->p == '}' || *s->p == ']';
	bool at_name = s->want == WANT_NAME || s->want == WANT_FIRST_NAME;
	bool at_value = s->want == WANT_VALUE || s->want == WANT_FIRST_VALUE;

	if (is_utf16(s))
		return json_blame(s, JSON_NOT_UTF8, s->start, "UTF-8", "UTF-16 text");
	if (closes && s->comma && (s->want == WANT_NAME || (at_value && json_in_array(s))) &&
	    s->want != WANT_FIRST_VALUE)
		return json_blame(s, JSON_INVALID, s->comma,
				  json_in_array(s) ? "another value after it, or ']'"
						   : "another member after it, or '}'",
				  "a trailing comma");
	if (!found && f && (at_value || f->fault != JSON_NAN) && !(f->word && !at_value))
		return json_blame(s, f->fault, s->p, wanted(s), f->found);
	if (!found && at_name && begins_word(*s->p))
		found = "a member name without quotes";
	if (!found && at_value && begins_word(*s->p))
		found = "a word without quotes (JSON knows true, false and null, in lower case)";
	if (!found && (s->want == WANT_NEXT || s->want == WANT_END))
		found = glued(s);
	if (!found && (unsigned char)*s->p < 0x20)
		found = "a control byte";
	if (!found && (unsigned char)*s->p >= 0x80)
		found = "a byte beyond ASCII outside a string";
	return json_blame(s, JSON_INVALID, s->p, wanted(s),
			  found ? found : "a byte that starts nothing");
}

bool json_blame_number(struct json_scan *s, const char *from)
{
	struct slice rest = { s->p, (size_t)(s->end - s->p) };
	const char *digits = *from == '-' ? from + 1 : from;
	bool minus_infinity = s->p == from + 1 && slice_starts(rest, SLICE("Infinity")) &&
			      (rest.n == 8 || !is_wordly(rest.p[8]));

	if (*from == '-' && minus_infinity)
		return json_blame(s, JSON_NAN, from, "a value", "-Infinity");
	if (s->p == digits)
		return json_blame(s, JSON_INVALID, from, "a digit after '-'", "a minus sign alone");
	if (*digits == '0' && digits + 1 < s->end && digits[1] >= '0' && digits[1] <= '9')
		return json_blame(s, JSON_INVALID, digits, "a number that does not begin with 0",
				  "a leading zero");
	if (*digits == '0' && s->p == digits + 1 && (*s->p | 0x20) == 'x')
		return json_blame(s, JSON_INVALID, digits, "a decimal number",
				  "a hexadecimal number");
	if (s->p[-1] == '.')
		return json_blame(s, JSON_INVALID, s->p, "a digit after the decimal point",
				  "a number that ends with its point");
	if ((s->p[-1] | 0x20) == 'e' || s->p[-1] == '+' || s->p[-1] == '-')
		return json_blame(s, JSON_INVALID, s->p, "a digit in the exponent",
				  "an exponent without digits");
	return json_blame(s, JSON_INVALID, s->p, wanted(s), "text glued to a number");
}

bool json_blame_utf8(struct json_scan *s)
{
	unsigned char first = (unsigned char)*s->p;
	unsigned char second = s->p + 1 < s->end ? (unsigned char)s->p[1] : 0;
	const char *found = "a character that is broken off (Latin-1 or Windows-1252 text?)";

	if (first < 0xC0)
		found = "a continuation byte without its first byte";
	else if (first < 0xC2 || (first == 0xE0 && second >= 0x80 && second < 0xA0) ||
		 (first == 0xF0 && second >= 0x80 && second < 0x90))
		found = "an overlong encoding";
	else if (first == 0xED && second >= 0xA0 && second < 0xC0)
		found = "a surrogate written as UTF-8 (CESU-8)";
	else if (first > 0xF4 || (first == 0xF4 && second >= 0x90 && second < 0xC0))
		found = "a byte of no Unicode character (Latin-1 or Windows-1252 text?)";
	return json_blame(s, JSON_NOT_UTF8, s->p, "UTF-8", found);
}

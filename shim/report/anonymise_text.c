/* SPDX-License-Identifier: MIT */
#include "report/anonymise_text.h"

#include "base/ascii.h"
#include "base/utf8.h"

bool is_byte_order_mark(const char *p, size_t length)
{
	return length == 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0;
}

size_t anonymise_character(char *p, size_t n, size_t at, char digit)
{
	static const char letters[][5] = { "", "", "\xd0\xb6", "\xe4\xb8\x80", "\xf0\x9f\x98\x80" };
	char c = p[at];

	if ((unsigned char)c >= 0x80) {
		int length = utf8_character((struct slice){ p, n }, at, NULL);
		if (length <= 0) {
			p[at] = '\xff';
			return 1;
		}
		if (!is_byte_order_mark(p + at, (size_t)length))
			memcpy(p + at, letters[length], (size_t)length);
		return (size_t)length;
	}
	if (c >= '0' && c <= '9')
		p[at] = digit;
	else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		p[at] = 'x';
	return 1;
}

void anonymise_text(char *p, size_t n)
{
	for (size_t i = 0; i < n;)
		i += anonymise_character(p, n, i, '0');
}

void anonymise_letters(char *p, size_t n)
{
	for (size_t i = 0; i < n;)
		i += (unsigned char)p[i] < 0x80 ? 1 : anonymise_character(p, n, i, '0');
}

/* An escape at P, its backslash first. How many bytes it has. */
static size_t anonymise_escape(char *p, size_t n)
{
	int code = n >= 6 && p[1] == 'u' ? hex_value4(p + 2) : -1;

	if (n < 2)
		return n;
	if (code < 0)
		return (unsigned char)p[1] >= 0x80 ? 1 : 2;
	bool high = code >= 0xd800 && code <= 0xdbff;
	int next = high && n >= 12 && p[6] == '\\' && p[7] == 'u' ? hex_value4(p + 8) : -1;
	if (next >= 0xdc00 && next <= 0xdfff) {
		memcpy(p, "\\ud83d\\ude00", 12);
		return 12;
	}
	/* Rules look for lone surrogates, controls and signs: they stay. */
	bool letter = code >= 0x80 && !(code >= 0xd800 && code <= 0xdfff) && code != 0xfeff;
	bool plain = code < 0x80 && is_alphanumeric((char)code);
	if (letter)
		memcpy(p + 2, "0436", 4);
	else if (plain)
		memcpy(p + 2, "0078", 4);
	return 6;
}

/* The words that JSON has, and that programs write instead. */
bool is_json_word(struct slice word)
{
	static const char words[][10] = { "true", "false",     "null", "NaN",   "Infinity",
					  "None", "undefined", "True", "False", "nan" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal(word, slice_of(words[i])))
			return true;
	return false;
}

size_t number_length(const char *p, size_t n, size_t at)
{
	size_t i = at;
	bool digit = false;

	if (p[at] != '-' && !(p[at] >= '0' && p[at] <= '9'))
		return 0;
	while (i < n && ((p[i] >= '0' && p[i] <= '9') || memchr("+-.eE", p[i], 5))) {
		digit |= p[i] >= '0' && p[i] <= '9';
		i++;
	}
	return digit ? i - at : 0;
}

size_t word_length(const char *p, size_t n, size_t at)
{
	size_t i = at;

	while (i < n && (is_alphanumeric(p[i]) || p[i] == '_'))
		i++;
	return i - at;
}

/* JSON inside a string (arguments of a call) stays JSON: numbers become ones, words of JSON stay. */
static bool holds_json(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && memchr(" \t\r\n", p[i], 4))
		i++;
	return i < n && (p[i] == '{' || p[i] == '[');
}

static void anonymise_inner_json(char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		if (p[i] == '\\') {
			i += anonymise_escape(p + i, n - i);
			continue;
		}
		size_t word = word_length(p, n, i);
		size_t number = number_length(p, n, i);
		if (number >= word && number) {
			for (size_t k = 0; k < number; k++, i++)
				if (p[i] >= '2' && p[i] <= '9')
					p[i] = '1';
		} else if (word && is_json_word((struct slice){ p + i, word })) {
			i += word;
		} else {
			for (size_t end = i + (word ? word : 1); i < end;)
				i += anonymise_character(p, n, i, '0');
		}
	}
}

void anonymise_string(char *p, size_t n)
{
	if (holds_json(p, n)) {
		anonymise_inner_json(p, n);
		return;
	}
	for (size_t i = 0; i < n;)
		i += p[i] == '\\' ? anonymise_escape(p + i, n - i)
				  : anonymise_character(p, n, i, '0');
}

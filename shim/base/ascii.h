/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ASCII_H
#define ORSHIM_ASCII_H

/* Classes of ASCII characters, whatever the host program's locale is. */
#include <stdbool.h>

static inline bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static inline bool is_lower(char c)
{
	return (unsigned char)(c - 'a') < 26;
}

static inline bool is_upper(char c)
{
	return (unsigned char)(c - 'A') < 26;
}

static inline bool is_letter(char c)
{
	return is_lower((char)(c | 0x20));
}

static inline bool is_alphanumeric(char c)
{
	return is_letter(c) || is_digit(c);
}

/* SP and TAB: RFC 9110 section 5.6.3 (OWS). */
static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* As isspace() of the C locale. */
static inline bool is_space(char c)
{
	return c == ' ' || (unsigned char)(c - '\t') < 5;
}

/* What no field value may hold (RFC 9110 section 5.5): tab may. */
static inline bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static inline char to_lower(char c)
{
	return is_upper(c) ? (char)(c | 0x20) : c;
}

/* Value of a hex digit of either case; -1: C is none. */
static inline int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Value of the four hex digits at P; -1: they are not all hex. */
static inline int hex_value4(const char *p)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_value(p[i]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* A hex digit in lower case, as keys are written. */
static inline bool is_hex_byte(char c)
{
	return is_digit(c) || (unsigned char)(c - 'a') < 6;
}

/* [A-Za-z0-9_-]: what keys, tokens and identifiers are made of. */
static inline bool is_token_byte(char c)
{
	return is_alphanumeric(c) || c == '_' || c == '-';
}

#endif

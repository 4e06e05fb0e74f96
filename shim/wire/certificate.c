/* SPDX-License-Identifier: MIT */
#include "wire/certificate.h"

#include <stdio.h>

enum { /* ASN.1 tags (X.690), and those of RFC 5280's own */
       TAG_BOOLEAN = 0x01,
       TAG_OCTETS = 0x04,
       TAG_OID = 0x06,
       TAG_UTC_TIME = 0x17,
       TAG_GENERALIZED_TIME = 0x18,
       TAG_SEQUENCE = 0x30,
       TAG_SET = 0x31,
       TAG_VERSION = 0xa0,    /* tbsCertificate: version */
       TAG_EXTENSIONS = 0xa3, /* tbsCertificate: extensions */
       TAG_DNS_NAME = 0x82,   /* GeneralName: dNSName */
};

static unsigned byte_at(struct slice s, size_t i)
{
	return (unsigned char)s.p[i];
}

/* The next element of *REST: its tag, and its content in *IN. -1: there is none that is whole. */
static int take(struct slice *rest, struct slice *in)
{
	size_t n, head = 2;

	if (rest->n < 2)
		return -1;
	int tag = (int)byte_at(*rest, 0);
	n = byte_at(*rest, 1);
	if (n >= 0x80) {
		size_t digits = n & 0x7f;
		if (digits == 0 || digits > 3 || rest->n < 2 + digits)
			return -1;
		n = 0;
		for (size_t i = 0; i < digits; i++)
			n = n << 8 | byte_at(*rest, 2 + i);
		head += digits;
	}
	if (n > rest->n - head)
		return -1;
	*in = slice_sub(*rest, head, n);
	*rest = slice_from(*rest, head + n);
	return tag;
}

/* The next element, if it has TAG; absent otherwise, and *REST stays. */
static struct slice take_if(struct slice *rest, int tag)
{
	struct slice before = *rest, in;

	if (take(rest, &in) == tag)
		return in;
	*rest = before;
	return (struct slice){ NULL, 0 };
}

/* The value of an attribute in a Name, "" if it has none. */
static struct slice attribute(struct slice name, struct slice oid)
{
	struct slice set, pair;

	while ((set = take_if(&name, TAG_SET)).p)
		while ((pair = take_if(&set, TAG_SEQUENCE)).p) {
			struct slice value;
			if (slice_equal(take_if(&pair, TAG_OID), oid) && take(&pair, &value) >= 0)
				return value;
		}
	return SLICE("");
}

/* Append TEXT without what commands a terminal; where room ends, not in the middle of a character. */
static void add_text(char *to, size_t size, struct slice text)
{
	size_t used = strlen(to);
	size_t n = text.n < size - 1 - used ? text.n : size - 1 - used;

	while (n < text.n && n && (byte_at(text, n) & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		to[used++] = byte_at(text, i) < 0x20 || byte_at(text, i) == 0x7f ? '?' : text.p[i];
	to[used] = '\0';
}

static void read_issuer(struct slice issuer, struct certificate *c)
{
	struct slice name = attribute(issuer, SLICE("\x55\x04\x03")); /* commonName */
	struct slice by = attribute(issuer, SLICE("\x55\x04\x0a"));   /* organizationName */

	add_text(c->issuer, sizeof(c->issuer), name.n ? name : by);
	if (!name.n || !by.n || slice_has_nocase(name, by))
		return;
	add_text(c->issuer, sizeof(c->issuer), SLICE(" ("));
	add_text(c->issuer, sizeof(c->issuer), by);
	add_text(c->issuer, sizeof(c->issuer), SLICE(")"));
}

static long digits(struct slice s, size_t at, size_t n)
{
	unsigned long long value;

	return slice_number(slice_sub(s, at, n), &value) ? (long)value : -1;
}

/* The days from 1970 to a date of the Gregorian calendar: years begin in March here. */
static int64_t days_of(long year, long month, long day)
{
	year -= month <= 2;
	int64_t era = year / 400;
	long of_era = year - era * 400;
	long of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5); FALLBACK if it is neither, and no DATE. */
static int64_t take_time(struct slice *rest, int64_t fallback, char date[CERTIFICATE_DATE])
{
	struct slice s = { NULL, 0 };
	int tag = take(rest, &s);
	size_t year_digits = tag == TAG_UTC_TIME ? 2 : 4;
	long year;

	if ((tag != TAG_UTC_TIME && tag != TAG_GENERALIZED_TIME) || s.n < year_digits + 10)
		return fallback;
	year = digits(s, 0, year_digits);
	if (tag == TAG_UTC_TIME && year >= 0)
		year += year < 50 ? 2000 : 1900;
	long month = digits(s, year_digits, 2), day = digits(s, year_digits + 2, 2);
	long hour = digits(s, year_digits + 4, 2), minute = digits(s, year_digits + 6, 2);
	long second = digits(s, year_digits + 8, 2);
	if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || minute < 0 ||
	    second < 0)
		return fallback;
	snprintf(date, CERTIFICATE_DATE, "%04ld-%02ld-%02ld", year % 10000, month % 100, day % 100);
	return days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

bool certificate_day(struct slice date, int64_t *seconds)
{
	long year = digits(date, 0, 4), month = digits(date, 5, 2), day = digits(date, 8, 2);

	if (date.n < 10 || year < 0 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*seconds = days_of(year, month, day) * 86400;
	return true;
}

bool certificate_covers(struct slice name, struct slice host)
{
	long dot;

	if (!slice_starts(name, SLICE("*.")))
		return slice_equal_nocase(name, host);
	dot = slice_byte(host, '.', 0);
	return dot > 0 && slice_equal_nocase(slice_from(name, 1), slice_from(host, (size_t)dot));
}

static void add_name(struct certificate *c, struct slice name, struct slice host)
{
	size_t used = strlen(c->names);

	c->fits |= certificate_covers(name, host);
	if (used + 2 + name.n + 1 >= sizeof(c->names))
		return;
	if (used)
		add_text(c->names, sizeof(c->names), SLICE(", "));
	add_text(c->names, sizeof(c->names), name);
}

/* The names in the extension subjectAltName, if it is one. */
static bool take_names(struct slice extension, struct slice host, struct certificate *c)
{
	struct slice name;
	bool any = false;
	int tag;

	if (!slice_equal(take_if(&extension, TAG_OID), SLICE("\x55\x1d\x11")))
		return false;
	take_if(&extension, TAG_BOOLEAN); /* critical */
	struct slice value = take_if(&extension, TAG_OCTETS);
	struct slice names = take_if(&value, TAG_SEQUENCE);
	while ((tag = take(&names, &name)) >= 0)
		if (tag == TAG_DNS_NAME) {
			add_name(c, name, host);
			any = true;
		}
	return any;
}

bool certificate_read(struct slice der, struct slice host, struct certificate *c)
{
	struct slice whole = take_if(&der, TAG_SEQUENCE);
	struct slice tbs = take_if(&whole, TAG_SEQUENCE);
	struct slice ignored, extension;
	bool named = false;

	*c = (struct certificate){ .not_before = INT64_MIN, .not_after = INT64_MAX };
	take_if(&tbs, TAG_VERSION);
	take(&tbs, &ignored); /* serialNumber */
	take(&tbs, &ignored); /* signature */
	struct slice issuer = take_if(&tbs, TAG_SEQUENCE);
	struct slice validity = take_if(&tbs, TAG_SEQUENCE);
	struct slice subject = take_if(&tbs, TAG_SEQUENCE);
	if (!issuer.p || !validity.p || !subject.p)
		return false;
	read_issuer(issuer, c);
	c->self_signed = slice_equal(issuer, subject);
	c->not_before = take_time(&validity, INT64_MIN, c->from);
	c->not_after = take_time(&validity, INT64_MAX, c->to);
	take(&tbs, &ignored); /* subjectPublicKeyInfo */
	while (tbs.n && !slice_starts(tbs, SLICE("\xa3")) && take(&tbs, &ignored) >= 0)
		;
	struct slice wrapped = take_if(&tbs, TAG_EXTENSIONS);
	struct slice extensions = take_if(&wrapped, TAG_SEQUENCE);
	while ((extension = take_if(&extensions, TAG_SEQUENCE)).p)
		named |= take_names(extension, host, c);
	ignored = attribute(subject, SLICE("\x55\x04\x03"));
	if (!named && ignored.n) /* what clients fall back to */
		add_name(c, ignored, host);
	return true;
}

/* The big-endian number in the N bytes at AT; -1 past the end. */
static long number_at(struct slice s, size_t at, size_t n)
{
	long value = 0;

	if (at > s.n || n > s.n - at)
		return -1;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | (long)byte_at(s, at + i);
	return value;
}

struct slice certificate_in_message(struct slice body)
{
	size_t at = 3; /* the list's length */

	if (number_at(body, 0, 3) != (long)body.n - 3) {
		/* TLS 1.3: a context, of length 0 but in an answer to a later question */
		if (number_at(body, 0, 1) != 0 || number_at(body, 1, 3) != (long)body.n - 4)
			return (struct slice){ NULL, 0 };
		at = 4;
	}
	long n = number_at(body, at, 3);
	if (n <= 0 || (size_t)n > body.n - at - 3)
		return (struct slice){ NULL, 0 };
	return slice_sub(body, at + 3, (size_t)n);
}

/* Skip a vector whose length is in N bytes at *AT; false past the end. */
static bool skip(struct slice s, size_t *at, size_t n)
{
	long length = number_at(s, *at, n);

	if (length < 0 || (size_t)length > s.n - *at - n)
		return false;
	*at += n + (size_t)length;
	return true;
}

/* In the content of extension application_layer_protocol_negotiation. */
static bool has_h3(struct slice content)
{
	size_t at = 2;

	while (at < content.n) {
		long n = number_at(content, at, 1);
		if (slice_equal(slice_sub(content, at + 1, (size_t)n), SLICE("h3")))
			return true;
		at += 1 + (size_t)n;
	}
	return false;
}

struct slice client_hello_name(struct slice hello, bool *offers_h3)
{
	enum { HEADER = 4, VERSION = 2, RANDOM = 32, SERVER_NAME = 0, ALPN = 16 };
	struct slice name = { NULL, 0 };
	size_t at = HEADER + VERSION + RANDOM;

	*offers_h3 = false;
	if (number_at(hello, 0, 1) != 1 || number_at(hello, 1, 3) != (long)hello.n - HEADER ||
	    !skip(hello, &at, 1) || !skip(hello, &at, 2) || !skip(hello, &at, 1))
		return name;
	at += 2; /* the extensions' length */
	while (number_at(hello, at + 2, 2) >= 0) {
		long type = number_at(hello, at, 2), n = number_at(hello, at + 2, 2);
		struct slice content = slice_sub(hello, at + 4, (size_t)n);
		/* ServerNameList of one: its length, a host_name, that one's length */
		long length = type == SERVER_NAME ? number_at(content, 3, 2) : -1;
		if (length > 0 && number_at(content, 2, 1) == 0)
			name = slice_sub(content, 5, (size_t)length);
		*offers_h3 |= type == ALPN && has_h3(content);
		at += 4 + (size_t)n;
	}
	return name;
}

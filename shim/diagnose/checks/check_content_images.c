/* SPDX-License-Identifier: MIT */
#include "diagnose/content.h"

#include <cJSON.h>
#include <string.h>

static const struct magic {
	char first[9]; /* bytes at the beginning */
	char then[5];  /* at offset 8; "": none */
	char type[16];
} magics[] = {
	{ "\x89PNG\r\n\x1A\n", "", "image/png" },
	{ "\xFF\xD8\xFF", "", "image/jpeg" },
	{ "GIF8", "", "image/gif" },
	{ "RIFF", "WEBP", "image/webp" },
	{ "%PDF-", "", "application/pdf" },
};

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* The first bytes that DATA encodes; how many. */
static size_t decode_some(struct slice data, char *out, size_t n)
{
	unsigned bits = 0;
	int held = 0;
	size_t done = 0;

	for (size_t i = 0; i < data.n && done < n; i++) {
		int six = sextet(data.p[i]);
		if (six < 0)
			break;
		bits = bits << 6 | (unsigned)six;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[done++] = (char)(bits >> held & 0xFF);
		}
	}
	return done;
}

/* What is wrong with DATA as base64 (RFC 4648 section 4); NULL: nothing. Line breaks and lacking '=' are let pass. */
static const char *base64_fault(struct slice data)
{
	size_t digits = 0, i;

	if (slice_starts_nocase(data, SLICE("data:")))
		return "begins with a second data:";
	for (i = 0; i < data.n && data.p[i] != '='; i++) {
		char c = data.p[i];
		if (sextet(c) >= 0) {
			digits++;
			continue;
		}
		if (c == '\r' || c == '\n')
			continue;
		if (c == '-' || c == '_')
			return "is base64 of the URL-safe alphabet (- and _)";
		return c == '%' ? "is percent-encoded" : "has a byte that base64 does not have";
	}
	for (; i < data.n; i++)
		if (data.p[i] != '=' && data.p[i] != '\r' && data.p[i] != '\n')
			return "goes on after its padding";
	if (digits == 0)
		return "is empty";
	return digits % 4 == 1 ? "is base64 that is cut off" : NULL;
}

/* The type of the first bytes of DATA; NULL: unknown. */
static const char *type_of_data(struct slice data)
{
	char bytes[16];
	struct slice head = { bytes, decode_some(data, bytes, sizeof(bytes)) };

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (slice_starts(head, slice_of(magics[i].first)) &&
		    slice_starts(slice_from(head, 8), slice_of(magics[i].then)))
			return magics[i].type;
	return NULL;
}

static bool same_type(struct slice declared, const char *actual)
{
	return slice_equal_nocase(declared, slice_of(actual)) ||
	       (slice_equal_nocase(declared, SLICE("image/jpg")) &&
		strcmp(actual, "image/jpeg") == 0);
}

/* Say what is wrong with DATA that is declared to be TYPE, after the place; false: nothing. */
static bool data_fault(struct slice type, struct slice data, struct detail *d)
{
	const char *fault = base64_fault(data);
	const char *actual = fault ? NULL : type_of_data(data);

	if (fault) {
		detail_f(d, ": the data %s", fault);
		return true;
	}
	if (!actual || same_type(type, actual))
		return false;
	detail_f(d, ": it says ");
	if (type.n)
		detail_masked(d, type, 40);
	else
		detail_f(d, "no type");
	detail_f(d, ", its first bytes say %s", actual);
	return true;
}

/* URL as data:TYPE;base64,DATA (RFC 2397). */
static bool url_fault(struct slice url, struct detail *d)
{
	struct slice rest = slice_from(url, 5);
	struct slice label;

	if (!slice_starts_nocase(url, SLICE("data:")))
		return false;
	long comma = slice_byte(rest, ',', 0);
	if (comma < 0 || comma > 128) {
		detail_f(d, ": a data: URL without the comma before its data");
		return true;
	}
	label = slice_sub(rest, 0, (size_t)comma);
	struct slice data = slice_from(rest, (size_t)comma + 1);
	if (label.n < 7 || !slice_equal_nocase(slice_from(label, label.n - 7), SLICE(";base64"))) {
		detail_f(d, ": a data: URL without ;base64 before its comma");
		return true;
	}
	long semicolon = slice_byte(label, ';', 0);
	return data_fault(slice_sub(label, 0, (size_t)semicolon), data, d);
}

/* Judge one part; its path below the part goes to *MEMBER. D gets the fault alone. */
static bool part_fault(const cJSON *part, struct detail *fault, const char **member)
{
	struct slice type = content_text(part, "type");
	const cJSON *source = content_member(part, "source");

	if (slice_equal(type, SLICE("image_url"))) {
		const cJSON *image = content_member(part, "image_url");
		*member = cJSON_IsString(image) ? "image_url" : "image_url.url";
		return url_fault(cJSON_IsString(image) ? slice_of(image->valuestring)
						       : content_text(image, "url"),
				 fault);
	}
	if (slice_equal(type, SLICE("input_image"))) {
		*member = "image_url";
		return url_fault(content_text(part, "image_url"), fault);
	}
	if (!slice_equal(type, SLICE("image")) ||
	    !slice_equal(content_text(source, "type"), SLICE("base64")))
		return false;
	*member = "source.data";
	struct slice data = content_text(source, "data");
	return data.p && data_fault(content_text(source, "media_type"), data, fault);
}

bool check_image_data_url_bad(const struct check_input *in, struct detail *d)
{
	const char *turns = in->endpoint == ENDPOINT_RESPONSES ? "input" : "messages";
	const cJSON *list = content_member(content_body(in), turns);
	const cJSON *turn, *part;
	int i = -1;

	if (!cJSON_IsArray(list))
		return false;
	cJSON_ArrayForEach(turn, list)
	{
		const cJSON *content = content_member(turn, "content");
		int j = -1;
		i++;
		if (!cJSON_IsArray(content))
			continue;
		cJSON_ArrayForEach(part, content)
		{
			struct detail fault = { .offset = -1, .offset_end = -1 };
			const char *member = "";
			j++;
			if (!part_fault(part, &fault, &member))
				continue;
			content_point(in, d, "%s[%d].content[%d].%s", turns, i, j, member);
			detail_f(d, "%s", fault.text);
			return true;
		}
	}
	return false;
}

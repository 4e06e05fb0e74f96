/* SPDX-License-Identifier: MIT */
#include "diagnose/detail.h"
#include "diagnose/claims.h"

#include <cJSON.h>
#include <string.h>

#include "base/ascii.h"
#include "diagnose/base_url.h"
#include "diagnose/vendor_keys.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, CLOCK_SLACK = 5 * MINUTE };

/* Names of services and places only: nothing that may be a person, nor a control byte. */
static bool may_show(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p == '@' || *p < ' ' || *p > 0x7e)
			return false;
	return *text > ' ';
}

static void keep(char *to, size_t size, const cJSON *value)
{
	const char *text = cJSON_GetStringValue(cJSON_IsArray(value) ? value->child : value);

	if (text && strlen(text) < size && may_show(text))
		memcpy(to, text, strlen(text) + 1);
}

/* Seconds since 1970 of a day of the Gregorian calendar, at midnight. */
static long long days_to_seconds(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = y / 400;
	int of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	long long days = era * 146097LL + of_era * 365LL + of_era / 4 - of_era / 100 + of_year;

	return (days - 719468) * DAY;
}

static int number(struct slice s, size_t at, size_t n)
{
	unsigned long long value;

	return slice_number(slice_sub(s, at, n), &value) ? (int)value : -1;
}

/* IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7). 0: it is none. */
static long long read_date(struct slice s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (s.n != 29)
		return 0;
	long month = slice_find(slice_of(months), slice_sub(s, 8, 3), 0);
	int day = number(s, 5, 2), year = number(s, 12, 4);
	int hour = number(s, 17, 2), minute = number(s, 20, 2), second = number(s, 23, 2);
	if (month < 0 || month % 3 || day < 1 || year < 1970 || hour < 0 || minute < 0 ||
	    second < 0)
		return 0;
	return days_to_seconds(year, (int)month / 3 + 1, day) + hour * HOUR + minute * MINUTE +
	       second;
}

bool claims_read(struct slice token, struct claims *claims)
{
	char text[LIMIT_CLAIMS];
	struct slice rest = token;
	struct slice part;

	*claims = (struct claims){ .expires = 0 };
	slice_cut(&rest, '.', &part);
	if (!is_jwt(token) || !slice_cut(&rest, '.', &part))
		return false;
	long n = base64_decode(part, text, sizeof(text));
	if (n <= 0 || (size_t)n >= sizeof(text))
		return false;
	cJSON *tree = json_tree((struct slice){ text, (size_t)n });
	if (!tree)
		return false;
	keep(claims->audience, sizeof(claims->audience), cJSON_GetObjectItem(tree, "aud"));
	keep(claims->issuer, sizeof(claims->issuer), cJSON_GetObjectItem(tree, "iss"));
	keep(claims->scope, sizeof(claims->scope), cJSON_GetObjectItem(tree, "scp"));
	if (!claims->scope[0])
		keep(claims->scope, sizeof(claims->scope), cJSON_GetObjectItem(tree, "scope"));
	const cJSON *exp = cJSON_GetObjectItem(tree, "exp");
	if (cJSON_IsNumber(exp) && exp->valuedouble > 0 && exp->valuedouble < 1e11)
		claims->expires = (long long)exp->valuedouble;
	cJSON_Delete(tree);
	return true;
}

long long claims_expired_for(const struct claims *claims, const struct check_input *in)
{
	long long now = read_date(field_value(&in->x->response, "date"));
	long long late = now - claims->expires;

	return now && claims->expires && late > CLOCK_SLACK ? late : 0;
}

/* The host in a URL, or the text itself if it is a host's name; absent: neither. */
static struct slice host_in(const char *text)
{
	struct slice s = slice_of(text);
	long at = slice_find(s, SLICE("://"), 0);
	size_t n = 0;

	if (at >= 0)
		s = slice_from(s, (size_t)at + 3);
	while (n < s.n && (is_alphanumeric(s.p[n]) || s.p[n] == '-' || s.p[n] == '.'))
		n++;
	if (at < 0 && n < s.n)
		return (struct slice){ NULL, 0 };
	s.n = n;
	return slice_byte(s, '.', 0) > 0 ? s : (struct slice){ NULL, 0 };
}

/*
 * The last label but one: enough to distinguish two companies' names. It has
 * some under several top-level domains (vercel.com issues what vercel.sh takes).
 */
static struct slice company_of(struct slice host)
{
	struct slice label = host;
	struct slice rest = host;
	struct slice next;

	while (slice_cut(&rest, '.', &next) && rest.p)
		label = next;
	return label;
}

static bool is_of_domain(const char *text, struct slice host)
{
	struct slice named = host_in(text);

	return named.n && slice_equal_nocase(company_of(named), company_of(host));
}

/* Entra ID's tokens are made for one resource; these are those of Azure's models. */
static bool is_audience_of_azure(const char *audience)
{
	return strstr(audience, "cognitiveservices.azure.com") ||
	       strstr(audience, "ai.azure.com") || strstr(audience, "ml.azure.com") ||
	       !host_in(audience).n;
}

bool token_is_foreign_jwt(const struct check_input *in, const struct credential *c)
{
	struct claims claims;
	struct base_url unused;

	/* Where the base URL of the environment was not used, that is what went wrong. */
	if (!in->vendor || base_url_unused(in, &unused) || in->vendor->gateway ||
	    c->shape.kind != TOKEN_JWT || in->answer.about != REFUSAL_CREDENTIALS ||
	    in->answer.refused_by == REFUSED_upstream || !claims_read(c->shape.core, &claims))
		return false;
	if (strcmp(in->vendor->id, "azure") == 0)
		return claims.audience[0] && !is_audience_of_azure(claims.audience);
	/* Made for this vendor, or by it. */
	if (is_of_domain(claims.audience, in->x->host) || is_of_domain(claims.issuer, in->x->host))
		return false;
	if (host_in(claims.audience).n)
		return true;
	/* An issuer elsewhere is usual where a company's own login is trusted. */
	return host_in(claims.issuer).n && vendor_key_form_certain(in->vendor);
}

long long token_expired_for(const struct check_input *in)
{
	struct claims claims;

	if (!in->credential || !in->credential->known || in->credential->shape.kind != TOKEN_JWT ||
	    in->answer.about != REFUSAL_CREDENTIALS || in->answer.refused_by == REFUSED_upstream ||
	    !claims_read(in->credential->shape.core, &claims))
		return 0;
	return claims_expired_for(&claims, in);
}

/* "20261127T001500Z" (AWS Signature Version 4). 0: it is none. */
static long long read_basic_date(struct slice s)
{
	if (s.n != 16 || s.p[8] != 'T' || s.p[15] != 'Z')
		return 0;
	int year = number(s, 0, 4), month = number(s, 4, 2), day = number(s, 6, 2);
	int hour = number(s, 9, 2), minute = number(s, 11, 2), second = number(s, 13, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || hour < 0 || minute < 0 ||
	    second < 0)
		return 0;
	return days_to_seconds(year, month, day) + hour * HOUR + minute * MINUTE + second;
}

long long claims_signed_before(const struct check_input *in)
{
	long long signed_at = read_basic_date(field_value(&in->x->request, "x-amz-date"));
	long long now = read_date(field_value(&in->x->response, "date"));

	return signed_at && now ? now - signed_at : 0;
}

void claims_describe_duration(struct detail *d, long long seconds)
{
	if (seconds >= 2 * DAY)
		detail_f(d, "%lld days", seconds / DAY);
	else if (seconds >= 2 * HOUR)
		detail_f(d, "%lld hours", seconds / HOUR);
	else
		detail_f(d, "%lld minutes", seconds / MINUTE);
}

void claims_describe(struct detail *d, const struct claims *claims)
{
	if (claims->issuer[0]) {
		detail_f(d, ", issued by ");
		detail_masked(d, slice_of(claims->issuer), 80);
	}
	if (claims->audience[0]) {
		detail_f(d, ", for ");
		detail_masked(d, slice_of(claims->audience), 80);
	}
	if (claims->scope[0]) {
		detail_f(d, ", with the scope ");
		detail_masked(d, slice_of(claims->scope), 80);
	}
}

/* SPDX-License-Identifier: MIT */
#include "tools/capture/capture_handshake.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char handshake_form[] = "= handshake takes finished, failed, cut or quic, then verify "
				     "N, gnutls N, alert N, reset, closed, not-tls";
static const char certificate_form[] =
    "= certificate takes issuer NAME, names HOST, HOST, from or until YYYY-MM-DD, self-signed";

static bool take_number(struct slice *rest, unsigned most, int *value)
{
	struct slice word;
	unsigned long long n;

	if (!slice_cut(rest, ' ', &word) || !slice_number(word, &n) || n > most)
		return false;
	*value = (int)n;
	return true;
}

static bool take_fact(struct handshake *h, struct slice word, struct slice *rest)
{
	if (slice_equal(word, SLICE("verify"))) {
		h->refused_certificate = h->end == HANDSHAKE_FAILED;
		return take_number(rest, 255, &h->verify);
	}
	if (slice_equal(word, SLICE("gnutls"))) {
		h->refused_certificate = h->end == HANDSHAKE_FAILED;
		h->gnutls = true;
		return take_number(rest, INT_MAX, &h->gnutls_status);
	}
	if (slice_equal(word, SLICE("alert")))
		return take_number(rest, 255, &h->alert);
	if (slice_equal(word, SLICE("reset")))
		h->broken = BREAK_RESET;
	else if (slice_equal(word, SLICE("closed")))
		h->broken = BREAK_CLOSED;
	else if (slice_equal(word, SLICE("not-tls")))
		h->not_tls = true;
	else
		return false;
	return true;
}

/* What an earlier line set of the certificate is kept. */
static void begin(struct capture_handshake *h)
{
	if (!h->facts.has_certificate)
		h->facts = handshake_unknown(HANDSHAKE_FINISHED);
}

const char *parse_handshake(struct capture_handshake *h, struct slice argument)
{
	static const char *const ends[] = { "finished", "failed", "cut" };
	struct slice word = { NULL, 0 };
	bool known = false;

	begin(h);
	slice_cut(&argument, ' ', &word);
	if (h->said)
		return "= handshake may occur once";
	h->said = true;
	h->quic = slice_equal(word, SLICE("quic"));
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_equal(word, slice_of(ends[i]))) {
			h->facts.end = (enum handshake_end)i;
			known = true;
		}
	if (!known && !h->quic)
		return handshake_form;
	while (slice_cut(&argument, ' ', &word))
		if (word.n && !take_fact(&h->facts, word, &argument))
			return handshake_form;
	return NULL;
}

static bool take_date(struct slice text, char date[CERTIFICATE_DATE], int64_t *seconds)
{
	if (text.n != CERTIFICATE_DATE - 1 || !certificate_day(text, seconds))
		return false;
	memcpy(date, text.p, text.n);
	date[text.n] = '\0';
	return true;
}

const char *parse_certificate(struct capture_handshake *h, struct slice host, struct slice argument)
{
	struct certificate *c = &h->facts.certificate;
	struct slice word = { NULL, 0 };

	begin(h);
	if (!h->facts.has_certificate)
		*c = (struct certificate){ .not_before = INT64_MIN,
					   .not_after = INT64_MAX,
					   .fits = true };
	h->facts.has_certificate = true;
	slice_cut(&argument, ' ', &word);
	argument = slice_trim(argument);
	if (slice_equal(word, SLICE("issuer")) && argument.n)
		snprintf(c->issuer, sizeof(c->issuer), "%.*s", SLICE_ARG(argument));
	else if (slice_equal(word, SLICE("names")) && argument.n) {
		snprintf(c->names, sizeof(c->names), "%.*s", SLICE_ARG(argument));
		c->fits = false;
		while (slice_cut(&argument, ',', &word))
			c->fits |= certificate_covers(slice_trim(word), host);
	} else if (slice_equal(word, SLICE("self-signed")) && !argument.n)
		c->self_signed = true;
	else if (!(slice_equal(word, SLICE("until")) &&
		   take_date(argument, c->to, &c->not_after)) &&
		 !(slice_equal(word, SLICE("from")) &&
		   take_date(argument, c->from, &c->not_before)))
		return certificate_form;
	return NULL;
}

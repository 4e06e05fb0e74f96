/* SPDX-License-Identifier: MIT */
#include "diagnose/judged.h"

#include "diagnose/stray.h"

struct slice first_carrier(const struct evidence *e)
{
	struct slice rest = slice_of(e->vendor ? vendor_carriers(e->vendor, e->x->path) : "");
	struct slice name = { NULL, 0 };

	list_next(&rest, &name);
	return name;
}

bool credential_counts(const struct evidence *e, const struct credential *c)
{
	if (!c->known || c->carrier == CARRIER_URL)
		return false;
	/* What follows Basic, Digest and the like is no token. */
	if (c->shape.scheme == SCHEME_BASIC || c->shape.scheme == SCHEME_FOREIGN)
		return false;
	if (c->carrier == CARRIER_AUTHORIZATION)
		return true;
	if (slice_equal(first_carrier(e), slice_of(carrier_name(c->carrier))))
		return true;
	return !credentials_by(&e->credentials, CARRIER_AUTHORIZATION);
}

const struct credential *credential_of_form(const struct evidence *e, enum token_form form)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (credential_counts(e, c) && c->shape.form == form)
			return c;
	}
	return NULL;
}

const struct credential *authorization_of_form(const struct evidence *e, enum scheme_form form)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (c->known && c->carrier == CARRIER_AUTHORIZATION && c->shape.scheme == form)
			return c;
	}
	return NULL;
}

bool basic_read(const struct credential *c, char *room, size_t size, struct slice *user,
		struct slice *password)
{
	long n = base64_decode(c->token, room, size);
	struct slice text = { room, n > 0 ? (size_t)n : 0 };
	long colon = slice_byte(text, ':', 0);

	if (colon < 0)
		return false;
	*user = slice_sub(text, 0, (size_t)colon);
	*password = slice_from(text, (size_t)colon + 1);
	return true;
}

bool key_is_idle(const struct evidence *e)
{
	return e->host_private && !e->vendor && e->answer.status != 401 && e->answer.status != 403;
}

bool needs_no_key(const struct evidence *e)
{
	if (has_key_elsewhere(e))
		return true;
	/* A gateway may hold the key of what is behind it. */
	if (e->vendor && e->vendor->gateway && e->answer.status / 100 == 2)
		return true;
	return e->is_public || slice_equal(e->x->request.method, SLICE("OPTIONS")) ||
	       slice_ends(e->x->path, SLICE("/auth/keys"));
}

bool vendor_takes_bearer(const struct evidence *e)
{
	if (e->vendor && e->vendor->gateway)
		return vendor_reads(e->vendor, e->x->path, SLICE("authorization"));
	return slice_equal(first_carrier(e), SLICE("authorization"));
}

void point_at(struct detail *d, const struct credential *c, struct slice part, struct slice end)
{
	long at = part.p ? part.p - c->value.p : c->token.p ? c->token.p - c->value.p : -1;

	if (c->carrier != CARRIER_URL)
		detail_point(d, carrier_name(c->carrier), at, end.p ? end.p - c->value.p : -1);
}

void detail_token(struct detail *d, const char *text, struct slice token)
{
	char shown[TOKEN_SHOWN_MAX];

	token_show(token, shown);
	detail_f(d, "%s: %s", text, shown);
}

/* The line of the head after FIELD's; absent for HTTP/2, which has no lines. */
static struct slice line_after(const struct message *m, const struct field *field)
{
	struct slice head = buf_slice(&m->head);
	const char *end = field->raw.p + field->raw.n;

	if (m->version == HTTP_2 || !field->raw.p || !head.p || end < head.p ||
	    end > head.p + head.n)
		return ((struct slice){ NULL, 0 });
	struct slice rest = slice_from(head, (size_t)(end - head.p));
	long lf = slice_byte(rest, '\n', 0);
	if (lf < 0)
		return ((struct slice){ NULL, 0 });
	rest = slice_from(rest, (size_t)lf + 1);
	lf = slice_byte(rest, '\n', 0);
	return lf < 0 ? rest : slice_sub(rest, 0, (size_t)lf);
}

/* Does the value's line end in LF alone while the request line ends in CRLF? */
static bool ends_in_bare_lf(const struct message *m, const struct field *field)
{
	struct slice head = buf_slice(&m->head);
	const char *end = field->raw.p + field->raw.n;
	long lf = slice_byte(head, '\n', 0);

	if (m->version == HTTP_2 || !field->raw.p || lf < 1 || end < head.p ||
	    end >= head.p + head.n)
		return false;
	return *end == '\n' && head.p[lf - 1] == '\r';
}

static bool is_field_line(struct slice line)
{
	return line.n && line.p[0] != ' ' && line.p[0] != '\t' && slice_byte(line, ':', 0) > 0;
}

static long line_break(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n')
			return (long)i;
	return -1;
}

enum value_break value_break_of(const struct evidence *e, const struct credential *c, long *at)
{
	const struct message *m = &e->x->request;

	if (!c->known || c->field < 0)
		return BREAK_NONE;
	*at = line_break(c->value);
	if (*at >= 0)
		return BREAK_INSIDE;
	*at = (long)c->value.n;
	struct slice line = line_after(m, &m->fields[c->field]);
	if (line.n > 1 && !is_field_line(line))
		return BREAK_BEFORE_REST;
	return ends_in_bare_lf(m, &m->fields[c->field]) ? BREAK_AT_END : BREAK_NONE;
}

/* SPDX-License-Identifier: MIT */
#include "diagnose/credential_checks.h"

#include "diagnose/stray_key.h"

struct slice first_location(const struct check_input *in)
{
	struct slice rest = slice_of(in->locations);
	struct slice name = { NULL, 0 };

	list_next(&rest, &name);
	return name;
}

bool credential_counts(const struct check_input *in, const struct credential *c)
{
	if (!c->known)
		return false;
	/* In a URL a key is looked at where the vendor reads it there, and nowhere else. */
	if (c->location == LOCATION_URL)
		return in->credentials.count == 1 && in->vendor &&
		       vendor_reads(in->vendor, in->x->path, SLICE("url"));
	/* What follows Basic, Digest and the like is not a token. */
	if (c->shape.scheme == SCHEME_BASIC || c->shape.scheme == SCHEME_FOREIGN)
		return false;
	if (c->location == LOCATION_AUTHORIZATION)
		return true;
	if (slice_equal(first_location(in), slice_of(location_name(c->location))))
		return true;
	return !credentials_by(&in->credentials, LOCATION_AUTHORIZATION);
}

unsigned credential_kinds(const struct check_input *in)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < in->credentials.count; i++)
		if (credential_counts(in, &in->credentials.all[i]))
			kinds |= token_kind_bit(in->credentials.all[i].shape.kind);
	return kinds;
}

const struct credential *credential_of_kind(const struct check_input *in, enum token_kind kind)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (credential_counts(in, c) && c->shape.kind == kind)
			return c;
	}
	return NULL;
}

const struct credential *authorization_of_scheme(const struct check_input *in,
						 enum scheme_form form)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (c->known && c->location == LOCATION_AUTHORIZATION && c->shape.scheme == form)
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

bool key_is_idle(const struct check_input *in)
{
	return in->host_private && !in->vendor && in->answer.status != 401 &&
	       in->answer.status != 403;
}

bool server_wants_sign_in(const struct check_input *in)
{
	struct slice body = buf_slice(&in->x->response.body.bytes);
	struct slice model = in->outline.model;

	return in->host_private && !in->vendor && in->answer.status == 401 &&
	       (slice_has(body, SLICE("\"signin_url\"")) || slice_ends(model, SLICE(":cloud")) ||
		slice_ends(model, SLICE("-cloud")));
}

bool needs_no_key(const struct check_input *in)
{
	if (has_key_elsewhere(in))
		return true;
	/* A gateway may have the key of the API behind it. */
	if (in->vendor && in->vendor->gateway && in->answer.status / 100 == 2)
		return true;
	return in->is_public || slice_equal(in->x->request.method, SLICE("OPTIONS")) ||
	       slice_ends(in->x->path, SLICE("/auth/keys"));
}

bool vendor_takes_bearer(const struct check_input *in)
{
	if (in->vendor && in->vendor->gateway)
		return list_has(in->locations, SLICE("authorization"));
	return slice_equal(first_location(in), SLICE("authorization"));
}

void point_at(struct detail *d, const struct credential *c, struct slice part, struct slice end)
{
	long at = part.p ? part.p - c->value.p : c->token.p ? c->token.p - c->value.p : -1;

	if (c->location != LOCATION_URL)
		detail_point(d, location_name(c->location), at, end.p ? end.p - c->value.p : -1);
}

void detail_token(struct detail *d, const char *text, struct slice token)
{
	char shown[TOKEN_MASK_SIZE];

	token_mask(token, shown);
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
	long cr = slice_byte(value, '\r', 0);
	long lf = slice_byte(value, '\n', 0);

	return lf < 0 || (cr >= 0 && cr < lf) ? cr : lf;
}

enum value_break value_break_of(const struct check_input *in, const struct credential *c, long *at)
{
	const struct message *m = &in->x->request;

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

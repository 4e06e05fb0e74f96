/* SPDX-License-Identifier: MIT */
#include "wire/h2_head.h"

#include "wire/head.h"
#include "wire/message.h"

/* Where a line of the head is, while the head may still move. */
struct head_line {
	size_t name_at;
	size_t name_n;
	size_t value_n; /* the value begins two bytes after the name */
	bool known;
};

enum { LINES_MAX = (LIMIT_FIELDS + 8) * sizeof(struct head_line) };

struct head_layout {
	struct buf lines;
	bool overflowed; /* a ceiling: the rest is read for the table only */
};

/* False without memory. */
static bool lay_out(struct head_layout *l, struct message *m, const struct hpack_field *f)
{
	struct head_line line = { m->head.n, f->name.n, f->value.n, f->known };
	bool too_long = f->name.n + f->value.n + 4 > m->head.max - m->head.n;
	bool too_many = l->lines.n + sizeof(line) > l->lines.max;

	if (l->overflowed || too_long || too_many) {
		if (!l->overflowed)
			message_blame(m, too_long ? FAULT_head_too_long : FAULT_fields_too_many,
				      m->head.n, -1);
		l->overflowed = true;
		m->fields_complete = false;
		return true;
	}
	return buf_add_slice(&m->head, f->name) == 0 && buf_add(&m->head, ": ", 2) == 0 &&
	       buf_add_slice(&m->head, f->value) == 0 && buf_add(&m->head, "\r\n", 2) == 0 &&
	       buf_add(&l->lines, &line, sizeof(line)) == 0;
}

enum pseudo {
	PSEUDO_METHOD,
	PSEUDO_PATH,
	PSEUDO_SCHEME,
	PSEUDO_AUTHORITY,
	PSEUDO_PROTOCOL,
	PSEUDO_STATUS,
	PSEUDO_COUNT,
};

static const char pseudo_names[PSEUDO_COUNT][11] = {
	[PSEUDO_METHOD] = ":method",     [PSEUDO_PATH] = ":path",
	[PSEUDO_SCHEME] = ":scheme",     [PSEUDO_AUTHORITY] = ":authority",
	[PSEUDO_PROTOCOL] = ":protocol", [PSEUDO_STATUS] = ":status",
};

static void note_pseudo(struct message *m, struct slice found[], enum side side,
			const struct field *f, uint64_t at)
{
	for (int i = 0; i < PSEUDO_COUNT; i++) {
		if (!slice_equal(f->name, slice_of(pseudo_names[i])))
			continue;
		bool misplaced = (i == PSEUDO_STATUS) != (side == SIDE_SERVER);
		if (found[i].p || misplaced || (m->field_count && m->fields_complete))
			message_blame(m, FAULT_h2_pseudo_bad, at, -1);
		if (!found[i].p)
			found[i] = f->value;
		return;
	}
	message_blame(m, FAULT_h2_pseudo_bad, at, -1);
}

static void blame_field(struct message *m, const struct field *f, uint64_t at)
{
	int index = (int)m->field_count - 1;
	long control = head_control(f->raw);

	for (size_t i = 0; i < f->name.n; i++) {
		unsigned char c = (unsigned char)f->name.p[i];
		if (!head_is_token(c) || (c >= 'A' && c <= 'Z')) {
			message_blame(m, FAULT_field_name_byte, at + i, index);
			break;
		}
	}
	if (f->known && f->name.n == 0)
		message_blame(m, FAULT_field_name_empty, at, index);
	if (control >= 0)
		message_blame(m,
			      f->raw.p[control] == '\r' ? FAULT_field_bare_cr : FAULT_field_control,
			      (uint64_t)(f->raw.p - m->head.p + control), index);
}

/* The head moves no more: make fields of the lines. False without memory. */
static bool make_fields(const struct head_layout *l, struct message *m, enum side side,
			struct slice found[])
{
	const struct head_line *lines = (const struct head_line *)(const void *)l->lines.p;
	struct slice head = buf_slice(&m->head);

	for (size_t i = 0; i < l->lines.n / sizeof(*lines); i++) {
		const struct head_line *s = &lines[i];
		struct slice raw = slice_sub(head, s->name_at + s->name_n + 2, s->value_n);
		struct field f = { slice_sub(head, s->name_at, s->name_n), slice_trim(raw), raw,
				   s->known };
		if (f.name.n && f.name.p[0] == ':') {
			note_pseudo(m, found, side, &f, s->name_at);
			continue;
		}
		m->fields_complete &= s->known;
		if (m->field_count >= LIMIT_FIELDS) {
			m->fields_complete = false;
			message_blame(m, FAULT_fields_too_many, s->name_at, -1);
			return true;
		}
		if (message_add_field(m, &f) != 0)
			return false;
		blame_field(m, &f, s->name_at);
	}
	return true;
}

static void fill_message(struct message *m, enum side side, struct slice found[])
{
	unsigned long long status = 0;
	bool bad;

	m->version = HTTP_2;
	if (side == SIDE_SERVER) {
		bad = found[PSEUDO_STATUS].n != 3 || !slice_number(found[PSEUDO_STATUS], &status);
		m->status = (int)status;
	} else {
		bool connect = slice_equal(found[PSEUDO_METHOD], SLICE("CONNECT"));
		m->method = found[PSEUDO_METHOD];
		if (!m->method.n && slice_number(found[PSEUDO_STATUS], &status))
			m->status = (int)status; /* whoever wrote it is a server */
		m->target =
		    connect && !found[PSEUDO_PATH].p ? found[PSEUDO_AUTHORITY] : found[PSEUDO_PATH];
		bad = m->method.n == 0 || m->target.n == 0;
	}
	if (bad && m->fields_complete)
		message_blame(m, FAULT_h2_pseudo_bad, 0, -1);
	m->head_complete = true;
}

enum hpack_result h2_head_read(struct hpack *hpack, struct slice block, enum side side,
			       struct message *m, struct slice *authority)
{
	struct slice found[PSEUDO_COUNT] = { { NULL, 0 } };
	struct head_layout l = { .overflowed = false };
	struct hpack_field f;
	enum hpack_result result;

	buf_init(&l.lines, LINES_MAX);
	hpack_begin(hpack, block);
	while ((result = hpack_next(hpack, &f)) == HPACK_FIELD)
		if (!lay_out(&l, m, &f)) {
			result = HPACK_NO_MEMORY;
			break;
		}
	if (result == HPACK_BAD)
		message_blame(m, FAULT_h2_header_block_bad, m->head.n, -1);
	if (result != HPACK_NO_MEMORY && !make_fields(&l, m, side, found))
		result = HPACK_NO_MEMORY;
	buf_release(&l.lines);
	if (result == HPACK_END)
		fill_message(m, side, found);
	*authority = found[PSEUDO_AUTHORITY].p ? found[PSEUDO_AUTHORITY] : field_value(m, "host");
	return result;
}

enum hpack_result h2_head_skip(struct hpack *hpack, struct slice block)
{
	struct hpack_field f;
	enum hpack_result result;

	hpack_begin(hpack, block);
	do
		result = hpack_next(hpack, &f);
	while (result == HPACK_FIELD);
	return result;
}

void h2_head_length(struct message *m, bool ended)
{
	struct framing framing = { 0 };

	for (size_t i = 0; i < m->field_count; i++)
		framing_note(&framing, m, &m->fields[i],
			     (uint64_t)(m->fields[i].value.p - m->head.p), (int)i);
	m->body.has_declared = framing.has_length;
	m->body.declared = framing.length;
	m->body.framing = ended ? BODY_NONE : framing.has_length ? BODY_LENGTH : BODY_UNTIL_END;
}

void h2_head_check_length(struct exchange *x, enum side side)
{
	struct message *m = side == SIDE_CLIENT ? &x->request : &x->response;
	bool bodiless = side == SIDE_SERVER && (slice_equal(x->request.method, SLICE("HEAD")) ||
						m->status == 304 || m->status == 204);

	if (!m->body.has_declared || bodiless || m->body.total == m->body.declared)
		return;
	bool is_short = m->body.total < m->body.declared;
	message_blame(m, is_short ? FAULT_body_short : FAULT_body_long, m->bytes, -1);
}

/* SPDX-License-Identifier: MIT */
#include "report/json_wire.h"

#include "report/field_display.h"

enum {
	CLEAR_NAME = 32, /* a name known as clear that is no longer has no room for a key */
	SHOWN_NAME = 64, /* bytes kept of another name */
};

void json_put_wire(struct json_out *j, struct slice s, size_t max)
{
	char room[LIMIT_SHOWN_MESSAGE];
	struct buf shown = { .p = room, .cap = sizeof(room), .max = sizeof(room) };

	if (!s.p) {
		json_put_string(j, s);
		return;
	}
	mask_text(&shown, s, max < sizeof(room) ? max : sizeof(room));
	json_put_string(j, buf_slice(&shown));
}

static void put_clear_value(struct json_out *j, const struct field *f)
{
	char room[LIMIT_SHOWN_VALUE];
	struct buf shown = { .p = room, .cap = sizeof(room), .max = sizeof(room) };

	field_show(&shown, f, LIMIT_SHOWN_VALUE);
	json_slice(j, NULL, buf_slice(&shown));
}

static void put_pair(struct json_out *j, const struct field *f, bool clear, enum fullness fullness)
{
	json_array(j, NULL);
	if (clear && f->name.n <= CLEAR_NAME)
		json_slice(j, NULL, f->name);
	else
		json_wire(j, NULL, f->name, SHOWN_NAME);
	if (fullness != WITH_VALUES)
		json_text(j, NULL, "<omitted>");
	else if (!f->known)
		json_null(j, NULL);
	else if (clear)
		put_clear_value(j, f);
	else
		json_text(j, NULL, "<redacted>");
	json_array_end(j);
}

static bool is_kept(const struct kept_pair *p, struct slice name, struct slice value)
{
	return p->shown && p->name == name.n && memcmp(p->bytes, name.p, p->name) == 0 &&
	       (p->hidden ||
		(p->value == value.n && memcmp(p->bytes + p->name, value.p, p->value) == 0));
}

static struct slice kept_json(const struct kept_pair *p)
{
	return (struct slice){ p->bytes + p->name + p->value, p->shown };
}

/* JSON was just written for NAME and VALUE. */
static void keep(struct kept_pair *p, struct slice name, struct slice value, struct slice json)
{
	p->shown = 0;
	if (name.n > LIMIT_PAIR || value.n > LIMIT_PAIR || json.n > LIMIT_PAIR ||
	    name.n + value.n + json.n > LIMIT_PAIR)
		return;
	p->name = (unsigned char)name.n;
	p->value = (unsigned char)value.n;
	p->shown = (unsigned char)json.n;
	memcpy(mempcpy(mempcpy(p->bytes, name.p, name.n), value.p, value.n), json.p, json.n);
}

static void put_field(struct json_out *j, const struct field *f, struct kept_pair *p)
{
	if (f->known && is_kept(p, f->name, f->value)) {
		json_word(j, NULL, kept_json(p));
		return;
	}
	bool clear = field_is_clear(f->name);
	size_t start = j->to->n + j->comma;
	put_pair(j, f, clear, WITH_VALUES);
	if (!f->known || !json_out_ok(j))
		return;
	p->hidden = !clear;
	keep(p, f->name, clear ? f->value : SLICE(""), slice_from(buf_slice(j->to), start));
}

void json_wire_pair(struct json_out *j, struct wire_member first, struct wire_member second,
		    struct kept_pair *kept)
{
	bool whole = kept && first.text.p && second.text.p;

	if (whole && is_kept(kept, first.text, second.text)) {
		json_word(j, NULL, kept_json(kept));
		return;
	}
	size_t start = j->to->n + j->comma;
	json_wire(j, first.key, first.text, first.max);
	json_wire(j, second.key, second.text, second.max);
	if (whole && json_out_ok(j))
		keep(kept, first.text, second.text, slice_from(buf_slice(j->to), start));
}

void json_headers(struct json_out *j, const struct message *m, struct slice host,
		  enum fullness fullness, struct kept_pair *kept)
{
	json_array(j, "headers");
	for (size_t i = 0; i < m->field_count && fullness != WITHOUT_HEADERS; i++) {
		const struct field *f = &m->fields[i];
		/* What is kept goes by the name alone. */
		if (field_is_other_host(f, host))
			put_pair(j, f, false, fullness);
		else if (kept && i < LIMIT_PAIRS && fullness == WITH_VALUES)
			put_field(j, f, &kept[i]);
		else
			put_pair(j, f, field_is_clear(f->name), fullness);
	}
	json_array_end(j);
}

/* SPDX-License-Identifier: MIT */
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

/* The memory of fields grows at counts that are powers of two from this one on. */
enum { FIELDS_FIRST = 16 };

static const char fault_texts[FAULT_COUNT][64] = {
#define FAULT(id, seen) [FAULT_##id] = seen,
#include "wire/fault.def"
#undef FAULT
};

const char *fault_seen(enum fault_id id)
{
	return id < FAULT_COUNT ? fault_texts[id] : "";
}

static void message_init(struct message *m)
{
	buf_init(&m->head, LIMIT_HEAD);
	m->fields_complete = true;
}

struct exchange *exchange_new(uint32_t connection, uint32_t seq, struct slice sni)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	if (sni.p) {
		x->memory = malloc(sni.n + 1);
		if (!x->memory) {
			free(x);
			return NULL;
		}
		memcpy(x->memory, sni.p, sni.n);
		x->sni = (struct slice){ x->memory, sni.n };
	}
	x->connection = connection;
	x->seq = seq;
	message_init(&x->request);
	message_init(&x->response);
	buf_init(&x->events.error, LIMIT_SSE_EVENT);
	buf_init(&x->events.error_event, LIMIT_SSE_EVENT);
	return x;
}

/* B, empty, with its memory if that is not too much. */
static struct buf spare(struct buf *b)
{
	if (b->cap > LIMIT_SPARE)
		buf_release(b);
	buf_reset(b);
	return *b;
}

static void message_empty(struct message *m)
{
	struct buf head = spare(&m->head), body = spare(&m->body.bytes);
	struct field *fields = m->field_count <= FIELDS_FIRST ? m->fields : NULL;

	if (!fields)
		free(m->fields);
	*m = (struct message){
		.head = head, .body.bytes = body, .fields = fields, .fields_complete = true
	};
}

void exchange_empty(struct exchange *x)
{
	struct exchange old = *x;

	message_empty(&old.request);
	message_empty(&old.response);
	buf_release(&old.events.error);
	buf_release(&old.events.error_event);
	*x = (struct exchange){ .connection = old.connection,
				.sni = old.sni,
				.memory = old.memory,
				.request = old.request,
				.response = old.response,
				.events.error = old.events.error,
				.events.error_event = old.events.error_event };
}

static void message_release(struct message *m)
{
	buf_release(&m->head);
	buf_release(&m->body.bytes);
	free(m->fields);
}

void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	message_release(&x->request);
	message_release(&x->response);
	buf_release(&x->events.error);
	buf_release(&x->events.error_event);
	free(x->memory);
	free(x);
}

void message_reset(struct message *m)
{
	struct message old = *m;

	message_release(&old);
	*m = (struct message){ 0 };
	message_init(m);
}

void message_blame(struct message *m, enum fault_id id, uint64_t at, int field)
{
	for (size_t i = 0; i < m->fault_count; i++)
		if (m->faults[i].id == id && m->faults[i].field == field)
			return;
	if (m->fault_count < LIMIT_FAULTS)
		m->faults[m->fault_count++] = (struct fault){ id, at, field };
}

int message_add_field(struct message *m, const struct field *f)
{
	size_t n = m->field_count;

	if (n >= LIMIT_FIELDS)
		return -1;
	if (!m->fields || (n >= FIELDS_FIRST && (n & (n - 1)) == 0)) {
		size_t room = n ? n * 2 : FIELDS_FIRST;
		struct field *all = realloc(m->fields, room * sizeof(*all));
		if (!all)
			return -1;
		m->fields = all;
	}
	m->fields[n] = *f;
	m->field_count = n + 1;
	m->names |= field_name_bit(f->name);
	return 0;
}

void message_count(struct message *m, size_t n, int64_t now_us)
{
	m->bytes += n;
	if (!m->first_us)
		m->first_us = now_us;
	m->last_us = now_us;
}

const struct field *message_find(const struct message *m, struct slice name, size_t n)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (slice_equal_nocase(m->fields[i].name, name) && n-- == 0)
			return &m->fields[i];
	return NULL;
}

struct slice message_media_type(const struct message *m)
{
	struct slice rest = field_value(m, "content-type");
	struct slice type = { NULL, 0 };

	slice_cut(&rest, ';', &type);
	return slice_trim(type);
}

size_t field_times(const struct message *m, const char *name)
{
	struct slice wanted = slice_of(name);
	size_t times = 0;

	if (!(m->names & field_name_bit(wanted)))
		return 0;
	for (size_t i = 0; i < m->field_count; i++)
		times += slice_equal_nocase(m->fields[i].name, wanted);
	return times;
}

const struct fault *message_fault(const struct message *m, enum fault_id id)
{
	for (size_t i = 0; i < m->fault_count; i++)
		if (m->faults[i].id == id)
			return &m->faults[i];
	return NULL;
}

/* SPDX-License-Identifier: MIT */
#include "wire/exchange.h"

#include <stdlib.h>

#include "wire/message.h"

static const char fault_texts[FAULT_COUNT][64] = {
#define FAULT(id, seen) [FAULT_##id] = seen,
#include "wire/fault.def"
#undef FAULT
};

const char *fault_seen(enum fault_id id)
{
	return id < FAULT_COUNT ? fault_texts[id] : "";
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

const struct field *message_field(const struct message *m, const char *name, size_t n)
{
	struct slice wanted = slice_of(name);

	for (size_t i = 0; i < m->field_count; i++)
		if (slice_equal_nocase(m->fields[i].name, wanted) && n-- == 0)
			return &m->fields[i];
	return NULL;
}

struct slice field_value(const struct message *m, const char *name)
{
	const struct field *f = message_field(m, name, 0);

	return f ? f->value : (struct slice){ NULL, 0 };
}

size_t field_times(const struct message *m, const char *name)
{
	struct slice wanted = slice_of(name);
	size_t times = 0;

	for (size_t i = 0; i < m->field_count; i++)
		times += slice_equal_nocase(m->fields[i].name, wanted);
	return times;
}

struct slice message_media_type(const struct message *m)
{
	struct slice rest = field_value(m, "content-type");
	struct slice type = { NULL, 0 };

	slice_cut(&rest, ';', &type);
	return slice_trim(type);
}

const struct fault *message_fault(const struct message *m, enum fault_id id)
{
	for (size_t i = 0; i < m->fault_count; i++)
		if (m->faults[i].id == id)
			return &m->faults[i];
	return NULL;
}

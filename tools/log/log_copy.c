/* SPDX-License-Identifier: MIT */
#include "tools/log/log_copy.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/log/log_strings.h"

enum { ORIGINS_OF_EXCHANGE = 16 };

#define TEXTS(array) array, sizeof(array) / sizeof(array[0])

/* Where the texts are: all of a struct's, but for static ones (retry.by). */
#define AT(member) offsetof(struct log_row, member)
static const size_t row_texts[] = {
	AT(tool),        AT(role),    AT(exe),          AT(unfollowed), AT(method),
	AT(host),        AT(path),    AT(vendor),       AT(http),       AT(model),
	AT(carrier),     AT(scheme),  AT(token),        AT(key),        AT(source),
	AT(base_source), AT(message), AT(provider),     AT(request_id), AT(refused_by),
	AT(category),    AT(cause),   AT(client),       AT(client_by),  AT(blind),
	AT(command),     AT(cwd),     AT(machine),      AT(container),  AT(boot),
	AT(ci),          AT(orshim), AT(system),  AT(tool_version),
};
#undef AT
#define AT(member) offsetof(struct log_finding, member)
static const size_t finding_texts[] = { AT(rule), AT(detail),   AT(why),
					AT(fix),  AT(variable), AT(key), AT(file) };
#undef AT
#define AT(member) offsetof(struct log_library, member)
static const size_t library_texts[] = { AT(object), AT(library), AT(version), AT(tap), AT(reason) };
#undef AT
#define AT(member) offsetof(struct log_origin, member)
static const size_t origin_texts[] = { AT(variable), AT(key),  AT(label),
				       AT(kind),     AT(file), AT(note) };
#undef AT

/* Returns where the copy of TEXT is. */
typedef const char *text_keeper(void *context, const char *text);

static void keep_texts(void *object, const size_t *at, size_t count, text_keeper *keep,
		       void *context)
{
	for (size_t i = 0; i < count; i++) {
		const char **text = (const char **)((char *)object + at[i]);
		if (*text)
			*text = keep(context, *text);
	}
}

/* Is it where the exchange ROW has its key or its host from? */
static bool is_its_own(const struct log_origin *o, const struct log_row *row)
{
	if (row->kind == LOG_LAUNCH)
		return true;
	if (!o->file)
		return false;
	return o->key ? same_text(o->key, row->key)
		      : row->base_source && same_text(o->variable, row->base_source);
}

static void copy_origins(struct log *to, const struct log *from, const struct log_row *row,
			 struct log_row *copy)
{
	copy->origins = to->origin_count;
	copy->origin_count = 0;
	for (size_t i = 0; i < row->origin_count; i++) {
		const struct log_origin *o = &from->origins[row->origins + i];
		if (!is_its_own(o, row) ||
		    (row->kind != LOG_LAUNCH && copy->origin_count == ORIGINS_OF_EXCHANGE))
			continue;
		to->origins = log_grow(to->origins, to->origin_count, sizeof(*to->origins));
		to->origins[to->origin_count++] = *o;
		copy->origin_count++;
	}
}

static const char *share(void *to, const char *text)
{
	return log_share(to, text);
}

void log_copy_row(struct log *to, const struct log *from, const struct log_row *row,
		  struct log_row *copy)
{
	*copy = *row;
	copy->findings = to->finding_count;
	for (size_t i = 0; i < row->finding_count; i++) {
		to->findings = log_grow(to->findings, to->finding_count, sizeof(*to->findings));
		struct log_finding *f = &to->findings[to->finding_count++];
		*f = from->findings[row->findings + i];
		keep_texts(f, TEXTS(finding_texts), share, to);
	}
	copy->libraries = to->library_count;
	for (size_t i = 0; i < row->library_count; i++) {
		to->libraries = log_grow(to->libraries, to->library_count, sizeof(*to->libraries));
		struct log_library *x = &to->libraries[to->library_count++];
		*x = from->libraries[row->libraries + i];
		keep_texts(x, TEXTS(library_texts), share, to);
	}
	copy_origins(to, from, row, copy);
	for (size_t i = 0; i < copy->origin_count; i++)
		keep_texts(&to->origins[copy->origins + i], TEXTS(origin_texts), share, to);
	keep_texts(copy, TEXTS(row_texts), share, to);
}

static const char *add_size(void *size, const char *text)
{
	*(size_t *)size += strlen(text) + 1;
	return text;
}

static const char *add_text(void *end, const char *text)
{
	char **at = end, *kept = *at;
	size_t n = strlen(text) + 1;

	memcpy(kept, text, n);
	*at += n;
	return kept;
}

/* All texts of C and of what belongs to it. */
static void keep_all(struct row_copy *c, text_keeper *keep, void *context)
{
	for (size_t i = 0; i < c->row.finding_count; i++)
		keep_texts(&c->view.findings[i], TEXTS(finding_texts), keep, context);
	for (size_t i = 0; i < c->row.library_count; i++)
		keep_texts(&c->view.libraries[i], TEXTS(library_texts), keep, context);
	for (size_t i = 0; i < c->row.origin_count; i++)
		keep_texts(&c->view.origins[i], TEXTS(origin_texts), keep, context);
	keep_texts(&c->row, TEXTS(row_texts), keep, context);
}

struct row_copy *row_copy(const struct log *from, const struct log_row *row)
{
	struct log origins = { 0 };
	struct row_copy measured = { .row = *row };

	copy_origins(&origins, from, row, &measured.row);
	measured.view.findings = from->findings + row->findings;
	measured.view.libraries = from->libraries + row->libraries;
	measured.view.origins = origins.origins;
	size_t f = row->finding_count * sizeof(struct log_finding);
	size_t x = row->library_count * sizeof(struct log_library);
	size_t o = measured.row.origin_count * sizeof(struct log_origin);
	measured.size = sizeof(measured) + f + x + o;
	size_t texts = measured.size;
	keep_all(&measured, add_size, &measured.size);
	char *piece = malloc(measured.size), *end = piece + texts;
	struct row_copy *c = (struct row_copy *)piece;
	if (!c)
		die("out of memory");
	*c = measured;
	c->view.findings = (struct log_finding *)(piece + sizeof(*c));
	c->view.libraries = (struct log_library *)(piece + sizeof(*c) + f);
	c->view.origins = (struct log_origin *)(piece + sizeof(*c) + f + x);
	if (f)
		memcpy(c->view.findings, measured.view.findings, f);
	if (x)
		memcpy(c->view.libraries, measured.view.libraries, x);
	if (o)
		memcpy(c->view.origins, origins.origins, o);
	c->row.findings = c->row.libraries = c->row.origins = 0;
	keep_all(c, add_text, &end);
	free(origins.origins);
	return c;
}

void log_add_copy(struct log *to, const struct row_copy *copy)
{
	to->rows = log_grow(to->rows, to->count, sizeof(*to->rows));
	log_copy_row(to, &copy->view, &copy->row, &to->rows[to->count]);
	to->count++;
}

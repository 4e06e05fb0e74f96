/* SPDX-License-Identifier: MIT */
#include "tools/fleet/rollup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "tools/command.h"

enum column { VENDOR, HOUR, ATTRIBUTE, VALUE, COUNT, REFUSED, COLUMNS };

static const char *const column_names[COLUMNS] = {
	[VENDOR] = "vendor", [HOUR] = "hour", [ATTRIBUTE] = "attribute",
	[VALUE] = "value",   [COUNT] = "n",   [REFUSED] = "refused",
};

enum { FIELDS_MAX = 16 };

/* The index of a value's counts, looked up by "vendor NUL attribute NUL value". */
struct place {
	UT_hash_handle hh;
	unsigned vendor, attribute;
	size_t value;
	size_t n;
	char key[];
};

struct reader {
	struct rollup *rollup;
	struct place *places;
	size_t place_count;
	const char *path;
	size_t line;
	int columns[FIELDS_MAX]; /* for each column of the file its enum column; -1: ignored */
	size_t field_count;
	struct buf key;
};

static void *must(void *memory)
{
	if (!memory)
		die("out of memory");
	return memory;
}

__attribute__((noreturn)) static void die_of_line(const struct reader *r, const char *why)
{
	die("report: %s, line %zu: %s", r->path, r->line, why);
}

/*
 * Cuts the next field off *REST in place and unquotes it (RFC 4180 section 2).
 * *REST is NULL after the last.
 */
static char *cut_field(const struct reader *r, char **rest)
{
	char *from = *rest, *field = *rest, *to = *rest;
	bool quoted = *from == '"';

	if (!quoted) {
		from += strcspn(from, ",");
		to = from;
	} else {
		for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
			from += *from == '"';
			*to++ = *from;
		}
		if (*from++ != '"')
			die_of_line(r, "a quotation mark is not closed on this line");
		if (*from && *from != ',')
			die_of_line(r, "a field goes on after its closing quotation mark");
	}
	*rest = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return field;
}

static size_t cut_line(const struct reader *r, char *line, char **fields)
{
	size_t n = 0;

	for (char *rest = line; rest;) {
		if (n == FIELDS_MAX)
			die_of_line(r, "more fields than a roll-up has");
		fields[n++] = cut_field(r, &rest);
	}
	return n;
}

static void read_names(struct reader *r, char *line)
{
	char *fields[FIELDS_MAX];
	unsigned seen = 0;

	r->field_count = cut_line(r, line, fields);
	for (size_t i = 0; i < r->field_count; i++) {
		r->columns[i] = -1;
		for (int c = 0; c < COLUMNS; c++)
			if (strcmp(fields[i], column_names[c]) == 0) {
				r->columns[i] = c;
				seen |= 1u << c;
			}
		if (r->columns[i] < 0)
			die("report: %s: '%s' is not a column of a roll-up; it has attribute, "
			    "value, n and refused, and may have vendor and hour",
			    r->path, fields[i]);
	}
	for (int c = ATTRIBUTE; c < COLUMNS; c++)
		if (!(seen & 1u << c))
			die("report: %s: the first line names no column '%s'; a roll-up has "
			    "attribute, value, n and refused, and may have vendor and hour",
			    r->path, column_names[c]);
}

static uint64_t number_in(const struct reader *r, const char *text)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > INT64_MAX / 2)
		die_of_line(r, "n and refused are whole numbers, 0 or more");
	return n;
}

static unsigned vendor_of(struct rollup *r, const char *name)
{
	for (size_t i = 0; i < r->vendor_count; i++)
		if (strcmp(r->vendors[i].name, name) == 0)
			return (unsigned)i;
	if (r->vendor_count == ROLLUP_VENDORS_MAX)
		die("report: the roll-up has more than %d vendors", ROLLUP_VENDORS_MAX);
	r->vendors = must(reallocarray(r->vendors, r->vendor_count + 1, sizeof(*r->vendors)));
	r->vendors[r->vendor_count] = (struct rollup_vendor){ .name = must(strdup(name)) };
	return (unsigned)r->vendor_count++;
}

static unsigned attribute_of(struct rollup_vendor *v, const char *name)
{
	for (size_t i = 0; i < v->attribute_count; i++)
		if (strcmp(v->attributes[i].name, name) == 0)
			return (unsigned)i;
	if (v->attribute_count == ROLLUP_ATTRIBUTES_MAX)
		die("report: the roll-up has more than %d attributes", ROLLUP_ATTRIBUTES_MAX);
	v->attributes[v->attribute_count] = (struct rollup_attribute){ .name = must(strdup(name)) };
	return (unsigned)v->attribute_count++;
}

static size_t add_value(struct rollup_attribute *a, const char *name)
{
	if (a->value_count == a->value_room) {
		a->value_room = a->value_room ? a->value_room * 2 : 16;
		a->values = must(reallocarray(a->values, a->value_room, sizeof(*a->values)));
	}
	a->values[a->value_count] = (struct rollup_value){ .name = must(strdup(name)) };
	return a->value_count++;
}

static struct place *place_of(struct reader *r, char *const *field)
{
	struct place *p;

	buf_reset(&r->key);
	for (int c = VENDOR; c <= VALUE; c++)
		if (c != HOUR && buf_add(&r->key, field[c], strlen(field[c]) + 1) != 0)
			die("out of memory");
	HASH_FIND(hh, r->places, r->key.p, r->key.n, p);
	if (p)
		return p;
	if (r->place_count++ == ROLLUP_VALUES_MAX)
		die("report: %s has more than %d values; leave out the attributes that have a "
		    "value for nearly each exchange",
		    r->path, ROLLUP_VALUES_MAX);
	p = must(malloc(sizeof(*p) + r->key.n));
	memcpy(p->key, r->key.p, r->key.n);
	p->n = r->key.n;
	p->vendor = vendor_of(r->rollup, field[VENDOR]);
	struct rollup_vendor *v = &r->rollup->vendors[p->vendor];
	p->attribute = attribute_of(v, field[ATTRIBUTE]);
	p->value = add_value(&v->attributes[p->attribute], field[VALUE]);
	HASH_ADD_KEYPTR(hh, r->places, p->key, p->n, p);
	return p;
}

static void read_counts(struct reader *r, char *line)
{
	static char none[] = "";
	char *fields[FIELDS_MAX], *field[COLUMNS] = { none, none };

	if (cut_line(r, line, fields) != r->field_count)
		die_of_line(r, "not as many fields as the first line names");
	for (size_t i = 0; i < r->field_count; i++)
		field[r->columns[i]] = fields[i];
	uint64_t count = number_in(r, field[COUNT]), refused = number_in(r, field[REFUSED]);
	if (refused > count)
		die_of_line(r, "more exchanges were refused than there are");
	struct place *p = place_of(r, field);
	struct rollup_value *v =
	    &r->rollup->vendors[p->vendor].attributes[p->attribute].values[p->value];
	v->count += count;
	v->refused += refused;
	if (v->count > INT64_MAX / 2)
		die_of_line(r, "the counts of this value are too large");
}

static void read_lines(struct reader *r, FILE *f)
{
	char *line = must(malloc(ROLLUP_LINE_MAX));

	while (fgets(line, ROLLUP_LINE_MAX, f)) {
		size_t n = strlen(line);
		r->line++;
		if (n == ROLLUP_LINE_MAX - 1 && line[n - 1] != '\n')
			die_of_line(r, "longer than 65,535 bytes");
		while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		if (n == 0)
			continue;
		if (r->field_count == 0)
			read_names(r, line);
		else
			read_counts(r, line);
	}
	if (ferror(f))
		die("report: cannot read %s: %s", r->path, strerror(errno));
	free(line);
	if (r->field_count == 0)
		die("report: %s is empty; a roll-up begins with attribute,value,n,refused",
		    r->path);
}

void rollup_read(struct rollup *rollup, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct reader r = { .rollup = rollup, .path = is_stdin ? "stdin" : path };
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	struct place *p, *next;

	if (!f)
		die("report: cannot read %s: %s", path, strerror(errno));
	*rollup = (struct rollup){ 0 };
	buf_init(&r.key, ROLLUP_LINE_MAX);
	read_lines(&r, f);
	HASH_ITER(hh, r.places, p, next)
	{
		HASH_DEL(r.places, p);
		free(p);
	}
	buf_release(&r.key);
	if (!is_stdin)
		fclose(f);
}

void rollup_release(struct rollup *r)
{
	for (size_t v = 0; v < r->vendor_count; v++) {
		struct rollup_vendor *vendor = &r->vendors[v];
		for (size_t a = 0; a < vendor->attribute_count; a++) {
			for (size_t i = 0; i < vendor->attributes[a].value_count; i++)
				free(vendor->attributes[a].values[i].name);
			free(vendor->attributes[a].values);
			free(vendor->attributes[a].name);
		}
		free(vendor->name);
	}
	free(r->vendors);
	*r = (struct rollup){ 0 };
}

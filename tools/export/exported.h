/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORTED_H
#define ORSHIM_EXPORTED_H

/*
 * Parses one exchange of a log into the columns of columns.def. Only these
 * members of a record are read, and each text goes through mask_text(). So no
 * key gets out of a record that another program wrote or damaged.
 */
#include <stdint.h>

#include <cJSON.h>

#include "base/buf.h"

enum column_type { COLUMN_TEXT, COLUMN_TIME, COLUMN_INTEGER, COLUMN_FLAG };
enum column_where { COLUMN_SPAN, COLUMN_RESOURCE };

enum column_id {
#define COLUMN(name, type, place, where, attribute, meaning) COLUMN_##name,
#include "tools/export/columns.def"
#undef COLUMN
	COLUMN_COUNT
};

struct column {
	const char *name;
	enum column_type type;
	const char *place;
	enum column_where where;
	const char *attribute;
	const char *meaning;
};

extern const struct column columns[COLUMN_COUNT];

struct cell {
	bool known;     /* the record has it */
	size_t at;      /* of a text: offset in struct exported; 0: "" */
	int64_t number; /* of an integer or flag */
};

struct processes;

struct exported {
	struct buf text; /* ended by NUL each */
	struct cell cells[COLUMN_COUNT];
	struct processes *processes; /* texts that a log records once for each process */
};

void exported_init(struct exported *e);
void exported_release(struct exported *e);

enum taken {
	TAKEN_EXCHANGE, /* the exchange is in E until the next call */
	TAKEN_OTHER,    /* another record */
	TAKEN_NOTHING,  /* not a record of version 1 */
};

/* Parse one line of a log, without its line feed. */
enum taken exported_take(struct exported *e, struct slice line);

/* A column's text: "" if the record lacks it. */
const char *exported_text(const struct exported *e, enum column_id id);

/* The columns as a Markdown table. */
void put_columns(struct buf *out);

#endif

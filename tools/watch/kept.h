/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_KEPT_H
#define ORSHIM_KEPT_H

/* The last exchanges that `orshim watch` has seen, for its full screen. */
#include "tools/log/log_read.h"

enum {
	KEPT_MAX = 10000,
	KEPT_BYTES_MAX = 64 << 20,
	KEPT_PROCESSES = 64, /* records of the last processes */
};

enum kept_text {
	KEPT_WHAT, /* "POST openrouter.ai/api/v1/chat/completions" */
	KEPT_HOST,
	KEPT_TOOL, /* "node[4711]" */
	KEPT_MODEL,
	KEPT_TOKEN, /* the key's label */
	KEPT_CAUSE,
	KEPT_CLIENT,
	KEPT_MESSAGE,
	KEPT_TEXTS,
};

/* Texts are safe for a terminal; "" where the record has none. */
struct kept {
	uint64_t id;     /* from 1, never used again */
	unsigned number; /* in its file */
	char *line;      /* the record itself */
	size_t n;
	char clock[16];
	int status, ms;
	unsigned retry;
	bool failed, probe;
	char *texts[KEPT_TEXTS];
};

struct kept_process {
	int pid;
	char *line;
	size_t n;
};

struct kept_rows {
	struct kept *all; /* a ring of KEPT_MAX */
	size_t first, count, bytes;
	uint64_t last_id;
	unsigned number; /* of the last exchange in the file */
	char *launch;    /* the last launch record; NULL */
	size_t launch_size;
	struct kept_process processes[KEPT_PROCESSES]; /* a ring */
	size_t process_count;
};

/* Take ROW, whose record is LINE; the oldest exchange is dropped at the ceilings. */
void kept_add(struct kept_rows *k, const struct log_row *row, struct slice line);
void kept_release(struct kept_rows *k);

/* The I-th, from the oldest; and the one with that id, NULL if it is gone. */
const struct kept *kept_at(const struct kept_rows *k, size_t i);
const struct kept *kept_find(const struct kept_rows *k, uint64_t id);

/* The exchange in detail, as `orshim report N` shows it, for lines of WIDTH columns. */
void kept_detail(const struct kept_rows *k, const struct kept *row, int width, struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a log that is exported, in every form: each line is JSON, holds
 * no key, and is the same however the log is split; a flat row has no nesting
 * and no null.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "demands.h"
#include "tools/export/block.h"
#include "tools/export/flat.h"
#include "tools/export/line_reader.h"
#include "tools/export/otlp.h"

enum { PIECES = 64, INPUT_MAX = 1 << 16, OUT_MAX = 1 << 24 };

static const struct form {
	const char *name;
	exchange_writer *put;
	bool flat;
} forms[] = {
	{ "flat rows", put_flat, true },
	{ "OTLP traces", put_otlp_span, false },
	{ "OTLP logs", put_otlp_log, false },
	{ "rows of processes", NULL, true },
};

/* Each read(2) gives one of the pieces. */
static int in_pieces(struct slice text, size_t pieces)
{
	size_t most = text.n / pieces + 1;
	int ends[2];

	demand(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	for (size_t at = 0; at < text.n; at += most) {
		size_t n = text.n - at < most ? text.n - at : most;
		demand(write(ends[1], text.p + at, n) == (ssize_t)n);
	}
	close(ends[1]);
	return ends[0];
}

static void export(const struct form *form, struct slice text, size_t pieces, struct buf *out)
{
	struct line_reader lines;
	struct block b;

	take_stdout(out);
	block_init(&b, form->put);
	line_reader_init(&lines, in_pieces(text, pieces), 0);
	demand(line_reader_read(&lines, block_line, &b) == LINE_READER_NO_MORE);
	line_reader_last(&lines, block_line, &b);
	demand(lines.read_to == (int64_t)text.n && lines.at <= lines.read_to);
	close(lines.fd);
	line_reader_release(&lines);
	demand(block_flush(&b));
	block_release(&b);
	take_stdout(out);
}

static void demand_rows(const struct form *form, struct slice rows)
{
	struct slice line;
	const cJSON *cell;

	while (slice_cut(&rows, '\n', &line)) {
		if (!line.n)
			continue;
		cJSON *row = cJSON_ParseWithLength(line.p, line.n);
		demand(cJSON_IsObject(row));
		cJSON_ArrayForEach(cell, row)
		    demand(!form->flat || cJSON_IsString(cell) || cJSON_IsNumber(cell));
		cJSON_Delete(row);
	}
}

static void export_whole(const struct form *form, struct slice text, struct buf *out)
{
	buf_init(out, OUT_MAX);
	export(form, text, 1, out);
	demand_rows(form, buf_slice(out));
	demand_no_key(form->name, buf_slice(out));
}

static void demand_same_in_pieces(const struct form *form, struct slice text, struct slice whole)
{
	struct buf split;

	buf_init(&split, OUT_MAX);
	export(form, text, PIECES, &split);
	demand(slice_equal(whole, buf_slice(&split)));
	buf_release(&split);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const size_t count = sizeof(forms) / sizeof(forms[0]);
	struct buf text, out;

	if (n > INPUT_MAX || !planted(&text, bytes, n))
		return 0;
	for (size_t i = 0; i < count; i++) {
		export_whole(&forms[i], buf_slice(&text), &out);
		if (i == n % count)
			demand_same_in_pieces(&forms[i], buf_slice(&text), buf_slice(&out));
		buf_release(&out);
	}
	buf_release(&text);
	return 0;
}

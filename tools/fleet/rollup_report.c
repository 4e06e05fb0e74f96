/* SPDX-License-Identifier: MIT */
#include "tools/fleet/rollup_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/mask.h"
#include "tools/command.h"
#include "tools/fleet/rollup_split.h"

struct row {
	const struct rollup_vendor *vendor;
	struct rollup_split split;
};

static int by_refusals(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->split.refused != y->split.refused)
		return x->split.refused < y->split.refused ? 1 : -1;
	return strcmp(x->vendor->name, y->vendor->name);
}

static struct row *make_rows(const struct rollup *r)
{
	struct row *rows = calloc(r->vendor_count + 1, sizeof(*rows));

	if (!rows)
		die("out of memory");
	for (size_t i = 0; i < r->vendor_count; i++) {
		rows[i].vendor = &r->vendors[i];
		rollup_split(rows[i].vendor, &rows[i].split);
	}
	qsort(rows, r->vendor_count, sizeof(*rows), by_refusals);
	return rows;
}

static void say_row(const struct row *row, struct buf *out)
{
	uint64_t count = row->split.refused + row->split.fine;

	say(out, "orshim: ");
	if (*row->vendor->name) {
		mask_text(out, slice_of(row->vendor->name), LIMIT_DETAIL);
		say(out, ": ");
	}
	say(out, "%" PRIu64 " of %" PRIu64 " request%s %s refused", row->split.refused, count,
	    count == 1 ? "" : "s", row->split.refused == 1 ? "was" : "were");
	int64_t retries = rollup_retries(row->vendor);
	if (retries > 0)
		say(out, "; %" PRId64 " of %" PRIu64 " %s", retries, count,
		    retries == 1 ? "is a retry" : "are retries");
	say(out, "\n  ");
	rollup_split_words(row->vendor, &row->split, out);
	say(out, "\n");
}

static void put_json(const struct row *rows, size_t count, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_array(&j, "rollup");
	for (size_t i = 0; i < count; i++) {
		json_object(&j, NULL);
		json_text(&j, "vendor", rows[i].vendor->name);
		int64_t retries = rollup_retries(rows[i].vendor);
		if (retries < 0)
			json_null(&j, "retries");
		else
			json_number(&j, "retries", retries);
		rollup_split_json(rows[i].vendor, &rows[i].split, &j);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	say(out, "\n");
}

int rollup_report(const char *path, bool as_json)
{
	int status = EXIT_NOTHING;
	struct rollup rollup;
	struct buf out;

	rollup_read(&rollup, path);
	struct row *rows = make_rows(&rollup);
	buf_init(&out, DOCUMENT_MAX);
	for (size_t i = 0; i < rollup.vendor_count; i++) {
		if (rows[i].split.refused)
			status = EXIT_FINDINGS;
		else if (rows[i].split.fine && status == EXIT_NOTHING)
			status = EXIT_CLEAN;
		if (!as_json)
			say_row(&rows[i], &out);
	}
	if (as_json)
		put_json(rows, rollup.vendor_count, &out);
	else if (status == EXIT_NOTHING)
		say(&out, "orshim: the roll-up has no exchanges\n");
	print_out(&out);
	for (size_t i = 0; i < rollup.vendor_count; i++)
		rollup_split_release(&rows[i].split);
	free(rows);
	buf_release(&out);
	rollup_release(&rollup);
	return status;
}

/* SPDX-License-Identifier: MIT */
#include "tools/watch/tally.h"

#include "tools/command.h"

void tally_add(struct tally *t, const struct log_row *row)
{
	if (!row_is_request(row))
		return;
	t->requests++;
	t->refused += row_failed(row);
	retries_add(&t->retries, row->retry);
}

void tally_words(const struct tally *t, struct buf *out)
{
	say(out, "%zu request%s, %zu refused", t->requests, t->requests == 1 ? "" : "s",
	    t->refused);
	if (t->retries.counted + t->retries.alike)
		say(out, "; ");
	retries_words(&t->retries, t->requests, out);
}

void tally_json(const struct tally *t, struct json_out *j)
{
	json_object(j, "totals");
	json_number(j, "requests", (int64_t)t->requests);
	json_number(j, "refused", (int64_t)t->refused);
	json_object(j, "retries");
	json_number(j, "sdk", (int64_t)t->retries.counted);
	json_number(j, "same_body", (int64_t)t->retries.alike);
	json_object_end(j);
	json_object_end(j);
}

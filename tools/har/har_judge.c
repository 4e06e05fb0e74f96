/* SPDX-License-Identifier: MIT */
#include "tools/har/har_judge.h"

#include <stdlib.h>
#include <string.h>

#include "tools/har/har_exchange.h"
#include "tools/log/log_mask.h"

enum { RECORDS_MAX = HAR_MAX };

static bool is_record(const cJSON *record)
{
	const char *kind =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, "record"));

	return cJSON_IsObject(record) && kind && strcmp(kind, "exchange") == 0;
}

/* Keep RECORD, which was in an entry that orshim wrote. */
static bool keep_record(struct har_judged *j, cJSON *record)
{
	log_mask(record);
	char *line = cJSON_PrintUnformatted(record);
	bool kept = line && buf_add_slice(&j->records, slice_of(line)) == 0 &&
		    buf_add(&j->records, "\n", 1) == 0;
	cJSON_free(line);
	j->calls++;
	j->record_count++;
	return kept;
}

static void judge_exchange(struct observer *o, const struct har_place *place, struct exchange *x,
			   const struct har_gaps *gaps, struct har_judged *j)
{
	if (!judge_wants(&o->judge, x))
		return;
	j->calls++;
	j->withheld += gaps->credential;
	j->redacted += gaps->redacted;
	j->bodiless += gaps->body;
	observer_exchange(o, x, place->start_us < 0 ? 0 : place->start_us);
}

static bool judge_entry(struct observer *o, const struct har *h, size_t i, struct har_judged *j)
{
	cJSON *entry = har_entry(h, i);
	cJSON *record = cJSON_GetObjectItemCaseSensitive(entry, "_orshim");
	struct har_gaps gaps;
	bool good = true;

	if (is_record(record)) {
		j->requests++;
		good = keep_record(j, record);
		cJSON_Delete(entry);
		return good;
	}
	struct exchange *x =
	    entry ? har_exchange(h, i, entry, &gaps) : NULL;
	if (x) {
		j->requests++;
		judge_exchange(o, &h->entries[i], x, &gaps, j);
		exchange_free(x);
	} else {
		j->unreadable++;
	}
	cJSON_Delete(entry);
	return good;
}

bool har_judge(struct observer *o, const struct har *h, struct har_judged *j)
{
	*j = (struct har_judged){ .requests = 0 };
	buf_init(&j->records, RECORDS_MAX);
	for (size_t i = 0; i < h->count; i++)
		if (!judge_entry(o, h, i, j))
			return false;
	return true;
}

void har_judged_release(struct har_judged *j)
{
	buf_release(&j->records);
}

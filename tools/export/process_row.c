/* SPDX-License-Identifier: MIT */
#include "tools/export/process_row.h"

#include <stdbool.h>
#include <string.h>

#include "diagnose/mask.h"
#include "report/json_out.h"
#include "tools/command.h"
#include "tools/log/log_row.h"

enum { TEXT_MAX = 600 };

/* In the order of the line. PLACE is a member of the record, or "member.member". */
static const struct {
	const char *name, *object, *place, *meaning;
} texts[] = {
	{ "ts", NULL, "ts", "when the record was written, RFC 3339 in UTC" },
	{ "machine", "machine", "id", "the machine, as in the exchanges" },
	{ "container", "machine", "container", "the container's id" },
	{ "boot", "machine", "boot", "the boot of the machine" },
	{ "ci", "machine", "ci", "the run of the CI system" },
	{ "orshim", NULL, "orshim", "the version of orshim that wrote the record" },
	{ "start", NULL, "start", "when the process began" },
	{ "tool", NULL, "argv0", "the program as it was called" },
	{ "exe", NULL, "exe", "its path" },
};

/* The first TLS library that could not be tapped, else the first of all. */
static const cJSON *library_of(const cJSON *record, bool *tapped)
{
	const cJSON *one, *libraries = log_member(record, "tls");
	const cJSON *chosen = cJSON_GetArrayItem(libraries, 0);

	*tapped = cJSON_GetArraySize(libraries) > 0;
	cJSON_ArrayForEach(one, libraries)
	{
		const char *tap = log_text(one, "tap");
		if (tap && strcmp(tap, "none") != 0)
			continue;
		if (*tapped)
			chosen = one;
		*tapped = false;
	}
	return chosen;
}

static void put_text(struct json_out *j, const char *name, const char *text)
{
	struct buf masked;

	buf_init(&masked, LIMIT_LINE);
	if (text)
		mask_text(&masked, slice_of(text), TEXT_MAX);
	json_slice(j, name, masked.n ? buf_slice(&masked) : (struct slice){ "", 0 });
	buf_release(&masked);
}

static void put_row(struct json_out *j, const cJSON *record)
{
	bool tapped;
	const cJSON *library = library_of(record, &tapped);
	const char *unfollowed = log_text(record, "unfollowed");

	json_object(j, NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const cJSON *object =
		    texts[i].object ? log_member(record, texts[i].object) : record;
		put_text(j, texts[i].name, log_text(object, texts[i].place));
	}
	json_number(j, "pid", log_number(record, "pid", 0));
	json_number(j, "ppid", log_number(record, "ppid", 0));
	json_number(j, "tapped", tapped);
	put_text(j, "library", log_text(library, "library"));
	put_text(j, "library_version", log_text(library, "version"));
	put_text(j, "reason", unfollowed ? unfollowed : log_text(library, "reason"));
	json_object_end(j);
}

enum taken put_process_row(struct buf *out, struct slice line)
{
	cJSON *record = cJSON_ParseWithLength(line.p, line.n);
	const char *kind = log_text(record, "record");
	enum taken taken = kind && log_number(record, "v", 0) >= 1 ? TAKEN_OTHER : TAKEN_NOTHING;
	size_t start = out->n;
	struct json_out j;

	if (taken == TAKEN_OTHER && strcmp(kind, "process") == 0) {
		json_out_init(&j, out);
		put_row(&j, record);
		taken =
		    json_out_ok(&j) && buf_add(out, "\n", 1) == 0 ? TAKEN_EXCHANGE : TAKEN_NOTHING;
		if (taken == TAKEN_NOTHING)
			out->n = start;
	}
	cJSON_Delete(record);
	return taken;
}

void put_process_columns(struct buf *out)
{
	say(out, "| column | type | meaning |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		say(out, "| `%s` | text | %s |\n", texts[i].name, texts[i].meaning);
	say(out,
	    "| `pid` | integer | process id |\n"
	    "| `ppid` | integer | its parent's |\n"
	    "| `tapped` | integer, 0 or 1 | orshim could look into all TLS of it |\n"
	    "| `library` | text | the TLS library, the one that could not be looked into first |\n"
	    "| `library_version` | text | its version |\n"
	    "| `reason` | text | why it was not looked into |\n");
}

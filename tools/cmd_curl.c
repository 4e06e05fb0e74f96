/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/log/log_row.h"
#include "tools/log/log_source.h"
#include "tools/report/curl_command.h"

int cmd_curl(const struct arguments *a)
{
	const struct curl_options *o = a->options;
	struct curl_command command = { .fixed = o->fixed, .body = o->body, .for_here = true };
	struct log log;
	struct buf out;

	if (a->count == 0)
		die("curl: which exchange? For example `orshim curl 3` of the newest run");
	log_init(&log);
	unsigned n = source_add(&log, a->words[0], "curl");
	const struct log_row *row = log_exchange(&log, 0, n ? n : 1);
	if (!n && log.file_count && log.files[0].exchanges > 1)
		die("curl: which of its %u exchanges? For example `orshim curl %s:1`",
		    log.files[0].exchanges, a->words[0]);
	if (!row && !n)
		die("curl: %s has no exchange", a->words[0]);
	if (!row)
		die("curl: there is no exchange %s; the log has %u", a->words[0],
		    log.files[0].exchanges);
	cJSON *record = log_record(&log, row);
	if (!record)
		die("curl: the line of %s cannot be read any more", a->words[0]);
	if (o->body && strcmp(o->body, "-") != 0 && access(o->body, R_OK) != 0)
		warn("curl: %s: %s; the command will not find it", o->body, strerror(errno));
	buf_init(&out, 1 << 20);
	curl_command(&command, row, record, &out);
	print_out(&out);
	if (!o->body &&
	    log_number(log_member(log_member(record, "request"), "body"), "bytes", 0))
		warn("curl: logs never contain bodies, so this uses a sample body; pass yours with "
		     "--body FILE");
	cJSON_Delete(record);
	buf_release(&out);
	log_release(&log);
	return EXIT_CLEAN;
}

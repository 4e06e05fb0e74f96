/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/log/log_source.h"
#include "tools/report/curl_command.h"

struct curl_options {
	const char *name;
	struct curl_command command;
};

static void read_options(struct curl_options *o, int argc, char **argv)
{
	const char *value;

	for (int i = 1; i < argc; i++) {
		if ((value = option_value(argc, argv, &i, "--body")))
			o->command.body = value;
		else if (strcmp(argv[i], "--fixed") == 0)
			o->command.fixed = true;
		else if ((argv[i][0] == '-' && argv[i][1]) || o->name)
			die_of_option("curl", argv[i]);
		else
			o->name = argv[i];
	}
	if (!o->name)
		die("curl: which exchange? For example `orshim curl 3` of the "
		    "newest run");
}

int cmd_curl(int argc, char **argv)
{
	struct curl_options o = { .command = { .for_here = true } };
	struct log log;
	struct buf out;

	read_options(&o, argc, argv);
	log_init(&log);
	unsigned n = source_add(&log, o.name, "curl");
	const struct log_row *row = log_exchange(&log, 0, n ? n : 1);
	if (!n && log.file_count && log.files[0].exchanges > 1)
		die("curl: which of its %u exchanges? For example `orshim curl '%s#1'`",
		    log.files[0].exchanges, o.name);
	if (!row)
		die("curl: there is no exchange %s; the log has %u", o.name,
		    log.files[0].exchanges);
	cJSON *record = log_record(&log, row);
	if (!record)
		die("curl: the line of %s cannot be read any more", o.name);
	buf_init(&out, 1 << 20);
	curl_command(&o.command, row, record, &out);
	print_out(&out);
	if (!o.command.body &&
	    log_number(log_member(log_member(record, "request"), "body"), "bytes", 0))
		warn("curl: the body's text is in no log; this one is a stand-in, --body FILE "
		     "takes another");
	cJSON_Delete(record);
	buf_release(&out);
	log_release(&log);
	return EXIT_CLEAN;
}

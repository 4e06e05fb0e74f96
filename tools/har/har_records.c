/* SPDX-License-Identifier: MIT */
#include "tools/har/har_records.h"

#include <stdlib.h>
#include <unistd.h>

#include "tools/capture/capture_log.h"
#include "tools/command.h"
#include "tools/report/report.h"

static void print_text(struct log *log, const struct text_style *style)
{
	struct report *r = malloc(sizeof(*r));
	struct buf out;

	if (!r)
		die("out of memory");
	report_make(r, log);
	buf_init(&out, REPORT_MAX);
	report_text(r, style, &out);
	print_out(&out);
	buf_release(&out);
	report_release(r);
	free(r);
}

unsigned har_print_records(struct slice records, const char *path, bool json,
			   const struct text_style *style)
{
	struct log log;
	unsigned errors = 0;

	log_init(&log);
	log_add_records(&log, records, path, "lint");
	for (size_t i = 0; i < log.finding_count; i++)
		errors += log.findings[i].severity == SEVERITY_ERROR;
	if (!json)
		print_text(&log, style);
	else if (!write_all(STDOUT_FILENO, records))
		die("cannot write to stdout");
	log_release(&log);
	return errors;
}

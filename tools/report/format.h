/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_FORMAT_H
#define ORSHIM_REPORT_FORMAT_H

/* The table of report formats; formats.def has the rows. */
#include "base/buf.h"

struct report;

enum report_format_id {
#define FORMAT(name, suffix, value, meaning) REPORT_FORMAT_##name,
#include "tools/report/formats.def"
#undef FORMAT
	REPORT_FORMAT_COUNT
};

typedef void report_writer(const struct report *r, struct buf *out);

struct report_format {
	const char *name; /* of its option, without the dashes */
	const char *suffix;   /* of a file's name, with its dot */
	report_writer *write; /* appends all of it to OUT */
};

#define FORMAT(name, suffix, value, meaning) report_writer report_##name;
#include "tools/report/formats.def"
#undef FORMAT

extern const struct report_format report_formats[REPORT_FORMAT_COUNT];

/* The format for FILE by its name; NULL: text. */
const struct report_format *report_format_of(struct slice file);

#endif

/* SPDX-License-Identifier: MIT */
#include "tools/report/format.h"

const struct report_format report_formats[REPORT_FORMAT_COUNT] = {
#define FORMAT(name, suffix, value, meaning) { #name, suffix, report_##name },
#include "tools/report/formats.def"
#undef FORMAT
};

const struct report_format *report_format_of(struct slice file)
{
	if (slice_ends(file, SLICE(".htm")))
		return &report_formats[REPORT_FORMAT_html];
	for (int i = 0; i < REPORT_FORMAT_COUNT; i++)
		if (slice_ends(file, slice_of(report_formats[i].suffix)))
			return &report_formats[i];
	return NULL;
}

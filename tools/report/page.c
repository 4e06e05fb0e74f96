/* SPDX-License-Identifier: MIT */
#include "tools/report/page.h"

/* The files, one behind the other, between NAME_start and NAME_end. */
#define EMBED(name, files)                                                                  \
	__asm__(".section .rodata\n" #name "_start:\n" files #name "_end:\n.byte 0\n.text\n"); \
	extern const char name##_start[] __attribute__((visibility("hidden")));             \
	extern const char name##_end[] __attribute__((visibility("hidden")))
#define FILE_OF(name) ".incbin \"tools/report/page/" name "\"\n"

EMBED(report_css, FILE_OF("report.css"));
EMBED(report_js, FILE_OF("model.js") FILE_OF("dom.js") FILE_OF("timeline.js") FILE_OF("table.js")
		     FILE_OF("detail.js") FILE_OF("report.js"));

struct slice page_style(void)
{
	return (struct slice){ report_css_start, (size_t)(report_css_end - report_css_start) };
}

struct slice page_script(void)
{
	return (struct slice){ report_js_start, (size_t)(report_js_end - report_js_start) };
}

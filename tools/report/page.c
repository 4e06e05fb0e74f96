/* SPDX-License-Identifier: MIT */
#include "tools/report/page.h"

#define EMBED(name, file)                                                          \
	__asm__(".section .rodata\n" #name "_start:\n.incbin \"" file "\"\n" #name \
		"_end:\n.byte 0\n.text\n");                                        \
	extern const char name##_start[] __attribute__((visibility("hidden")));    \
	extern const char name##_end[] __attribute__((visibility("hidden")))

EMBED(report_css, "tools/report/page/report.css");
EMBED(report_js, "tools/report/page/report.js");

struct slice page_style(void)
{
	return (struct slice){ report_css_start, (size_t)(report_css_end - report_css_start) };
}

struct slice page_script(void)
{
	return (struct slice){ report_js_start, (size_t)(report_js_end - report_js_start) };
}

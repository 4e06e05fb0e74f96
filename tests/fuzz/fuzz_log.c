/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a log, written as every report: nothing is read past them, JSON
 * is JSON, no control byte reaches a terminal, and the page gets no markup.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void demand_json(struct slice text)
{
	cJSON *tree = cJSON_ParseWithLength(text.p, text.n);

	demand(tree != NULL);
	cJSON_Delete(tree);
}

static void demand_printable(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		demand(((unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f) || text.p[i] == '\n');
}

static size_t count(struct slice text, struct slice what)
{
	size_t times = 0;

	for (long at = -1; (at = slice_find(text, what, (size_t)(at + 1))) >= 0;)
		times++;
	return times;
}

/* The page's own data and script, and no picture: what a log could bring in begins so. */
static void demand_no_markup(struct slice page)
{
	demand(count(page, SLICE("<script")) == 2 && count(page, SLICE("</script")) == 2);
	demand(count(page, SLICE("<style")) == 1 && count(page, SLICE("<img")) == 0);
}

static void write_all_forms(struct log *log)
{
	static const struct text_style style = { .width = 80 };
	struct report *r = malloc(sizeof(*r));
	struct buf out;

	demand(r != NULL);
	report_make(r, log);
	buf_init(&out, REPORT_MAX);
	report_text(r, &style, &out);
	for (size_t i = 0; i < log->count; i++)
		if (log->rows[i].kind == LOG_EXCHANGE)
			report_exchange(r, &log->rows[i], &style, &out);
	demand_printable(buf_slice(&out));
	buf_reset(&out);
	report_markdown(r, &out);
	demand_printable(buf_slice(&out));
	buf_reset(&out);
	report_json(r, &out);
	demand_json(buf_slice(&out));
	buf_reset(&out);
	report_har(r, &out);
	demand_json(buf_slice(&out));
	buf_reset(&out);
	report_sarif(r, &out);
	demand_json(buf_slice(&out));
	buf_reset(&out);
	report_html(r, &out);
	demand_no_markup(buf_slice(&out));
	buf_release(&out);
	report_release(r);
	free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char path[64];
	struct log log;
	int fd = memfd_create("log", MFD_CLOEXEC);

	demand(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	log_init(&log);
	log_add(&log, path);
	log_sort(&log);
	write_all_forms(&log);
	log_release(&log);
	close(fd);
	return 0;
}

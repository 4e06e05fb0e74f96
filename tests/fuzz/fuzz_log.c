/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a log, written as every report: nothing is read past them, JSON
 * is JSON, no control byte reaches a terminal, the page gets no markup, and none
 * holds a key.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "demands.h"
#include "tools/report/report.h"

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

static void write_form(const struct report *r, enum report_format_id id, struct buf *out)
{
	buf_reset(out);
	report_formats[id].write(r, out);
	if (id == REPORT_FORMAT_html)
		demand_no_markup(buf_slice(out));
	else if (id == REPORT_FORMAT_markdown || id == REPORT_FORMAT_junit)
		demand_printable(buf_slice(out));
	else
		demand_json(buf_slice(out));
	demand_no_key(report_formats[id].suffix, buf_slice(out));
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
	demand_no_key("text", buf_slice(&out));
	for (enum report_format_id id = 0; id < REPORT_FORMAT_COUNT; id++)
		write_form(r, id, &out);
	buf_release(&out);
	report_release(r);
	free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char path[64];
	struct buf text;
	struct log log;

	if (!planted(&text, bytes, n))
		return 0;
	int fd = memfd_create("log", MFD_CLOEXEC);
	demand(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	log_init(&log);
	log_add(&log, path);
	log_sort(&log);
	write_all_forms(&log);
	log_release(&log);
	buf_release(&text);
	close(fd);
	return 0;
}

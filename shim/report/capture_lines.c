/* SPDX-License-Identifier: MIT */
#include "report/capture_lines.h"

#include "base/utf8.h"

static bool is_readable(struct slice line)
{
	for (size_t i = 0; i < line.n;) {
		unsigned char c = (unsigned char)line.p[i];
		int length = c >= 0x80 ? utf8_character(line, i, NULL) : 1;
		if (length <= 0 || (c < 0x20 && c != '\t') || c == 0x7f)
			return false;
		i += (size_t)length;
	}
	return true;
}

int capture_comment(struct buf *out, struct slice text)
{
	int failed = 0;

	for (size_t i = 0; i < text.n; i++) {
		bool plain = text.p[i] >= 0x20 && text.p[i] < 0x7f;
		failed |= buf_add(out, plain ? &text.p[i] : ".", 1);
	}
	return failed | buf_add(out, "\n", 1);
}

int capture_hex(struct buf *out, char sign, struct slice bytes, struct slice text)
{
	int failed = buf_addf(out, "%cx", sign);

	for (size_t i = 0; i < bytes.n; i++)
		failed |= buf_addf(out, " %02x", (unsigned char)bytes.p[i]);
	if (text.n)
		failed |= buf_add(out, "  # ", 4);
	return failed | capture_comment(out, text);
}

int capture_hex_lines(struct buf *out, char sign, struct slice bytes)
{
	int failed = 0;

	for (size_t at = 0; at < bytes.n && !failed; at += CAPTURE_HEX_LINE) {
		struct slice piece = slice_sub(bytes, at, CAPTURE_HEX_LINE);
		failed = capture_hex(out, sign, piece, piece);
	}
	return failed;
}

static int add_line(struct buf *out, char sign, struct slice line)
{
	struct slice text = line;
	bool lf = text.n && text.p[text.n - 1] == '\n';
	bool crlf = lf && text.n > 1 && text.p[text.n - 2] == '\r';
	int failed = 0;

	text.n -= (size_t)lf + crlf;
	if (is_readable(text)) {
		if (crlf && text.n == 0)
			return buf_addf(out, "%c\n", sign);
		if (text.n || crlf)
			failed = buf_addf(out, "%c%s ", sign, crlf ? "" : "-") |
				 buf_add(out, text.p, text.n) | buf_add(out, "\n", 1);
		return lf && !crlf ? failed | capture_hex(out, sign, SLICE("\n"), slice_of(NULL))
				   : failed;
	}
	return capture_hex_lines(out, sign, line);
}

int capture_lines(struct buf *out, char sign, struct slice bytes)
{
	int failed = 0;

	while (bytes.n && !failed) {
		long lf = slice_byte(bytes, '\n', 0);
		size_t n = lf < 0 ? bytes.n : (size_t)lf + 1;
		failed = add_line(out, sign, slice_sub(bytes, 0, n));
		bytes = slice_from(bytes, n);
	}
	return failed;
}

int capture_wait(struct buf *out, const struct exchange *x)
{
	int64_t us = x->response.last_us - x->request.first_us;

	if (!x->request.first_us || us <= 0)
		return 0;
	if (us < 1000000)
		return buf_addf(out, "= wait %dus\n", (int)us);
	/* Milliseconds have at most nine digits: no exchange waits longer than that. */
	return buf_addf(out, "= wait %dms\n", (int)(us / 1000 % 1000000000));
}

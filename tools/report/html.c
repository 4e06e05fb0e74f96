/* SPDX-License-Identifier: MIT */
/*
 * One self-contained file. All text from a log goes through html_slice(), which
 * escapes every character with a meaning in HTML. The page's policy allows its
 * own script and style by their hashes, and nothing else.
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/version.h"
#include "tools/command.h"
#include "tools/report/html.h"
#include "tools/report/page.h"

void html_slice(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '<':
			say(out, "&lt;");
			break;
		case '>':
			say(out, "&gt;");
			break;
		case '&':
			say(out, "&amp;");
			break;
		case '"':
			say(out, "&quot;");
			break;
		case '\'':
			say(out, "&#39;");
			break;
		default:
			if (buf_add(out, s.p + i, 1) != 0)
				die("report: the page does not fit into %d bytes", REPORT_MAX);
		}
	}
}

void html_text(struct buf *out, const char *text)
{
	html_slice(out, slice_of(text ? text : ""));
}

/* "'sha256-…'" of Content Security Policy. */
static void put_hash(struct buf *out, struct slice s)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	unsigned char text[64];

	SHA256((const unsigned char *)s.p, s.n, digest);
	EVP_EncodeBlock(text, digest, sizeof(digest));
	say(out, "'sha256-%s'", (const char *)text);
}

void html_begin(struct buf *out, struct slice title, const char *tone)
{
	say(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"referrer\" content=\"no-referrer\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		 "base-uri 'none'; form-action 'none'; img-src data:; style-src ");
	put_hash(out, page_style());
	say(out, "; script-src ");
	put_hash(out, page_script());
	say(out, "\">\n<link rel=\"icon\" href=\"data:,\">\n<title>orshim: ");
	html_slice(out, title);
	say(out, "</title>\n<style>%.*s</style>\n</head>\n<body>\n", SLICE_ARG(page_style()));
	say(out, "<header><p class=\"kicker\">orshim %s</p>\n<div class=\"verdict %s\"><h1>",
	    ORSHIM_VERSION, tone);
	html_slice(out, title);
	say(out, "</h1></div>\n");
}

void html_main(struct buf *out)
{
	say(out, "</header>\n<main>\n");
}

void html_end(struct buf *out)
{
	say(out,
	    "</main>\n<footer>This page contains no key, no cookie and no text of a "
	    "body.</footer>\n<script>%.*s</script>\n</body>\n</html>\n",
	    SLICE_ARG(page_script()));
}

void html_prose(struct buf *out, const char *text)
{
	bool code = false;

	for (const char *end; text && (end = strchr(text, '`')); text = end + 1) {
		if (!code && !strchr(end + 1, '`'))
			break;
		html_slice(out, (struct slice){ text, (size_t)(end - text) });
		say(out, code ? "</code>" : "<code>");
		code = !code;
	}
	html_text(out, text);
}

void html_pair(struct buf *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	say(out, "<dt>%s</dt><dd>", name);
	html_text(out, value);
	say(out, "</dd>");
}

void html_pair_prose(struct buf *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	say(out, "<dt>%s</dt><dd>", name);
	html_prose(out, value);
	say(out, "</dd>");
}

void html_field(struct buf *out, const struct shown_field *f)
{
	say(out, "<pre>");
	html_text(out, f->text);
	if (f->caret >= 0) {
		say(out, "\n%*s<span class=\"caret\">^</span>", (int)f->caret, "");
		if (f->caret_end > f->caret)
			say(out, "%*s<span class=\"caret\">^</span>",
			    (int)(f->caret_end - f->caret - 1), "");
	}
	say(out, "</pre>");
}

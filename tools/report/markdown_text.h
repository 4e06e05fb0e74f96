/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MARKDOWN_TEXT_H
#define ORSHIM_MARKDOWN_TEXT_H

/*
 * Writes text into Markdown (CommonMark, and GitHub's and GitLab's additions)
 * so that it stays text. What a server or a log says goes into code spans:
 * there is no HTML, no link, no mention and no reference to an issue in them.
 */
#include "base/buf.h"

/* TEXT as a code span, on one line, cut at MAX bytes. Nothing if it is NULL or blank. */
enum { MD_CODE_MAX = 400 };
void md_code(struct buf *out, const char *text);

/*
 * TEXT as a sentence that may be from the log: words that a renderer could take
 * for a link, a mention, a reference or HTML become code spans; `code` of plain
 * characters stays.
 */
void md_text(struct buf *out, const char *text);

/* The same for our own words: `code` and web addresses stay as they are. */
void md_ours(struct buf *out, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ERROR_WORDS_H
#define ORSHIM_ERROR_WORDS_H

/* Explains the text or status of an error, for a reader who has no log yet. */
#include <stdbool.h>

#include "base/buf.h"
#include "report/text.h"

/*
 * Append to OUT what TEXT, an error message or a status such as "401", means
 * and which diagnoses may be behind it. False, with OUT unchanged, if nothing
 * in it is known.
 */
bool error_words_explain(const char *text, const struct text_style *style, struct buf *out);

#endif

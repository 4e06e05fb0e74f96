/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ERROR_WORDS_H
#define ORSHIM_ERROR_WORDS_H

/* What an error's words or a status can mean, for somebody who has nothing else yet. */
#include <stdbool.h>

#include "base/buf.h"
#include "report/text.h"

/*
 * Append to OUT what TEXT, an error's words or a status such as "401", says, and
 * which diagnoses may be behind it. False if nothing in it is understood; then OUT
 * is as it was.
 */
bool error_words_explain(const char *text, const struct text_style *style, struct buf *out);

#endif

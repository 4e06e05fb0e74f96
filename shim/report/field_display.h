/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FIELD_DISPLAY_H
#define ORSHIM_FIELD_DISPLAY_H

/*
 * What may be shown of a header field, and at which column a byte of it is shown.
 * Credentials, cookies and unknown fields are never shown whole.
 */
#include "base/buf.h"
#include "diagnose/check_input.h"

/* May the value be read by others? Host, types, versions, request ids. */
bool field_is_clear(struct slice name);

/* Is F a Host field that names another place than HOST, the exchange's? Then its value may be anything. */
bool field_is_other_host(const struct field *f, struct slice host);

/* Is WORD, in a scheme's place, surely no part of a secret? "Bearer", "Token:". */
bool scheme_is_clear(struct slice word);

/*
 * Append what may be shown of F's value: clear ones redacted for key shapes,
 * others as scheme and token_mask(). At most MAX bytes.
 */
void field_show(struct buf *out, const struct field *f, size_t max);

/*
 * Column (from 0, in characters) of byte AT of VALUE inside SHOWN, the form
 * that field_show() gave it. A hidden byte is at the place where SHOWN stops
 * following VALUE.
 */
size_t display_column(struct slice value, struct slice shown, size_t at);

#endif

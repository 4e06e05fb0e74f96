/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HPACK_MIDSTREAM_H
#define ORSHIM_HPACK_MIDSTREAM_H

/*
 * HPACK for a connection that is seen from its middle. The newest table entry has
 * the lowest index, so entries that we saw are found whatever the table had before
 * and whatever its size; a higher index is a field that we cannot know.
 */
#include "wire/hpack.h"

struct hpack_midstream;

struct hpack_midstream *hpack_midstream_new(void);
void hpack_midstream_free(struct hpack_midstream *h);
void hpack_midstream_begin(struct hpack_midstream *h, struct slice block);
enum hpack_result hpack_midstream_next(struct hpack_midstream *h, struct hpack_field *field);

#endif

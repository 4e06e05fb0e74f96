/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HPACK_MIDSTREAM_H
#define ORSHIM_HPACK_MIDSTREAM_H

/*
 * HPACK for who joined late. The newest table entry has the lowest index, so
 * what entered since we listen is found whatever was there before and whatever
 * the table's size; an index beyond that is a field we cannot know.
 */
#include "wire/hpack.h"

struct hpack_midstream;

struct hpack_midstream *hpack_midstream_new(void);
void hpack_midstream_free(struct hpack_midstream *h);
void hpack_midstream_begin(struct hpack_midstream *h, struct slice block);
enum hpack_result hpack_midstream_next(struct hpack_midstream *h, struct hpack_field *field);

#endif

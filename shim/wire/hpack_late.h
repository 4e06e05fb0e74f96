/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HPACK_LATE_H
#define ORSHIM_HPACK_LATE_H

/*
 * HPACK for who joined late. The newest table entry has the lowest index, so
 * what entered since we listen is found whatever was there before and whatever
 * the table's size; an index beyond that is a field we cannot know.
 */
#include "wire/hpack.h"

struct hpack_late;

struct hpack_late *hpack_late_new(void);
void hpack_late_free(struct hpack_late *h);
void hpack_late_begin(struct hpack_late *h, struct slice block);
enum hpack_said hpack_late_next(struct hpack_late *h, struct hpack_field *field);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_IMAGE_OF_PROCESS_H
#define ORSHIM_IMAGE_OF_PROCESS_H

/* An object of this process as an image. */
#include "tap/find/image.h"
#include "tap/objects.h"

/* O as it lies in memory; what only the loader writes to is told from data. */
void image_of_object(const struct object *o, struct image *m);

/*
 * Let M, which is O, be read from its file, too. False, and M as it was, if
 * the file cannot be read or is another one, as when a program was started by
 * naming the loader. Pair with image_file_close().
 */
bool image_file_open(struct image *m, const struct object *o, struct image_file *f);
void image_file_close(struct image *m);

#endif

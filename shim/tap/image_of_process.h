/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_IMAGE_OF_PROCESS_H
#define ORSHIM_IMAGE_OF_PROCESS_H

/* An object of this process as an image. */
#include "tap/find/image.h"
#include "tap/objects.h"

/* O as it is in memory; segments that only the loader writes to are not marked as writable. */
void image_of_object(const struct object *o, struct image *m);

/*
 * Let M, the image of O, be read from its file, too. False, and M unchanged, if the
 * file cannot be read or is not O's, as when a program was started by naming the
 * loader. Pair with image_file_close().
 */
bool image_file_open(struct image *m, const struct object *o, struct image_file *f);
void image_file_close(struct image *m);

#endif

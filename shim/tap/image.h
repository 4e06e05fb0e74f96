/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_IMAGE_H
#define ORSHIM_IMAGE_H

/*
 * A program as the loader lays it out, only read: the mapped executable of
 * this process, or a file of any machine that is looked into. Addresses are
 * those that pointers inside the image hold. Borrows the bytes.
 */
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct image_segment {
	uint64_t address;
	const unsigned char *bytes;
	size_t size;
	uint32_t flags; /* PF_* */
};

struct image {
	struct image_segment segments[LIMIT_SEGMENTS];
	size_t count;
	uint16_t machine; /* EM_* */
	bool fixed;       /* not position-independent: code may hold addresses as they are */
};

/* The N bytes at ADDRESS; NULL unless all of them are in one segment. */
const unsigned char *image_at(const struct image *m, uint64_t address, size_t n);
bool image_is_code(const struct image *m, uint64_t address);
/* The 8-byte value at ADDRESS; 0 if there is none. */
uint64_t image_word(const struct image *m, uint64_t address);
/* Bytes in executable segments. */
size_t image_code_size(const struct image *m);

/* Unaligned little-endian values. */
static inline uint32_t read_u32(const unsigned char *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t read_u64(const unsigned char *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

#endif

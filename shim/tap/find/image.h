/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_IMAGE_H
#define ORSHIM_IMAGE_H

/*
 * A read-only view of a program as the loader lays it out: the mapped executable of
 * this process, or a file of any architecture. Addresses are as in the image's own
 * pointers. Borrows the bytes.
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
	uint32_t flags;  /* PF_*; what is written to by the loader alone is not PF_W */
	bool as_file;    /* the same bytes are in the program's file ... */
	uint64_t offset; /* ... from here on */
};

/*
 * The program's file beside its mapping. To touch a page that the program has
 * not used yet costs a page fault and stays in its memory; to walk over a
 * hundred megabytes, reading them piece by piece is several times cheaper.
 */
struct image_file {
	int fd;
	unsigned char *piece; /* LIMIT_PIECE bytes */
};

struct image {
	struct image_segment segments[LIMIT_SEGMENTS];
	size_t count;
	uint16_t machine;              /* EM_* */
	const struct image_file *file; /* NULL: the bytes in memory are as good */
	bool fixed; /* not position-independent: code may hold addresses as they are */
};

/* The N bytes at ADDRESS; NULL unless all of them are in one segment. */
const unsigned char *image_at(const struct image *m, uint64_t address, size_t n);
bool image_is_code(const struct image *m, uint64_t address);
/* The 8-byte value at ADDRESS; 0 if there is none. */
uint64_t image_word(const struct image *m, uint64_t address);
/*
 * The bytes of S from OFFSET on, at most *N, and how many there are in *N: of
 * the file where that is cheaper. They last until the next call.
 */
const unsigned char *image_piece(const struct image *m, const struct image_segment *s,
				 size_t offset, size_t *n);

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

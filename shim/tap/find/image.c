/* SPDX-License-Identifier: MIT */
#include "tap/find/image.h"

#include <unistd.h>

#include "base/direct.h"

const unsigned char *image_at(const struct image *m, uint64_t address, size_t n)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct image_segment *s = &m->segments[i];
		uint64_t offset = address - s->address;

		if (address >= s->address && offset <= s->size && n <= s->size - offset)
			return s->bytes + offset;
	}
	return NULL;
}

bool image_is_code(const struct image *m, uint64_t address)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct image_segment *s = &m->segments[i];

		if (s->flags & PF_X && address >= s->address && address - s->address < s->size)
			return true;
	}
	return false;
}

uint64_t image_word(const struct image *m, uint64_t address)
{
	const unsigned char *p = image_at(m, address, 8);

	return p ? read_u64(p) : 0;
}

const unsigned char *image_piece(const struct image *m, const struct image_segment *s,
				 size_t offset, size_t *n)
{
	ssize_t got;

	*n = s->size - offset;
	if (!m->file || !s->as_file)
		return s->bytes + offset;
	if (*n > LIMIT_PIECE)
		*n = LIMIT_PIECE;
	got = direct_pread(m->file->fd, m->file->piece, *n, (off_t)(s->offset + offset));
	return got == (ssize_t)*n ? m->file->piece : s->bytes + offset;
}

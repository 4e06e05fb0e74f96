/* SPDX-License-Identifier: MIT */
#include "tap/image_of_process.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/direct.h"

/* The part of O that the loader makes read-only once it has relocated it. */
static struct span relocated(const struct object *o)
{
	for (size_t i = 0; i < o->phdr_count; i++)
		if (o->phdr[i].p_type == PT_GNU_RELRO)
			return (struct span){ o->phdr[i].p_vaddr,
					      o->phdr[i].p_vaddr + o->phdr[i].p_memsz };
	return (struct span){ 0, 0 };
}

/* Add what H has from LOW to HIGH, addresses as its file knows them. */
static void add(struct image *m, const struct object *o, const ElfW(Phdr) * h, uintptr_t low,
		uintptr_t high, uint32_t flags)
{
	if (low >= high || m->count == LIMIT_SEGMENTS)
		return;
	m->segments[m->count++] = (struct image_segment){
		.address = o->bias + low,
		.bytes = (const unsigned char *)(o->bias + low),
		.size = high - low,
		.flags = flags,
		.as_file = !(h->p_flags & PF_W),
		.offset = h->p_offset + (low - h->p_vaddr),
	};
}

static uintptr_t within(uintptr_t at, uintptr_t low, uintptr_t high)
{
	return at < low ? low : at > high ? high : at;
}

void image_of_object(const struct object *o, struct image *m)
{
	const struct span constant = relocated(o);

	*m = (struct image){ 0 };
#if defined(__x86_64__)
	m->machine = EM_X86_64;
#elif defined(__aarch64__)
	m->machine = EM_AARCH64;
#endif
	m->fixed = o->bias == 0;
	for (size_t i = 0; i < o->phdr_count; i++) {
		const ElfW(Phdr) *h = &o->phdr[i];
		const uintptr_t low = h->p_vaddr, high = h->p_vaddr + h->p_filesz;
		const uintptr_t from = within(constant.low, low, high);
		const uintptr_t to = within(constant.high, from, high);

		if (h->p_type != PT_LOAD || !(h->p_flags & PF_R))
			continue;
		add(m, o, h, low, from, h->p_flags);
		add(m, o, h, from, to, h->p_flags & ~(uint32_t)PF_W);
		add(m, o, h, to, high, h->p_flags);
	}
}

/* Does the file at FD start with what was mapped of it? */
static bool is_file_of(const struct image *m, int fd, unsigned char *buffer)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct image_segment *s = &m->segments[i];

		if (s->as_file && s->offset == 0 && s->size >= 4096)
			return direct_pread(fd, buffer, 4096, 0) == 4096 &&
			       memcmp(buffer, s->bytes, 4096) == 0;
	}
	return false;
}

bool image_file_open(struct image *m, const struct object *o, struct image_file *f)
{
	void *piece;

	f->fd = direct_open(object_file(o), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (f->fd < 0)
		return false;
	piece = mmap(NULL, LIMIT_PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (piece == MAP_FAILED) {
		direct_close(f->fd);
		return false;
	}
	f->piece = piece;
	m->file = f;
	if (is_file_of(m, f->fd, f->piece))
		return true;
	image_file_close(m);
	return false;
}

void image_file_close(struct image *m)
{
	if (!m->file)
		return;
	munmap(m->file->piece, LIMIT_PIECE);
	direct_close(m->file->fd);
	m->file = NULL;
}

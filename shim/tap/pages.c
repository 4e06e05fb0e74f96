/* SPDX-License-Identifier: MIT */
#include "tap/pages.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "base/direct.h"
#include "tap/sections.h"

/* A line of /proc/self/maps as far as we read it: "low-high rwxp". */
struct mapping {
	uintptr_t low;
	uintptr_t high;
	int protection;
};

/* Reads numbers and flags byte by byte: lines are longer than any buffer we want here. */
struct scanner {
	struct mapping line;
	unsigned part; /* 0: low, 1: high, 2: flags, 3: the rest of the line */
};

static unsigned hex(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

/* True when the range and the flags of a line are complete. */
static bool scan(struct scanner *s, char c)
{
	if (c == '\n') {
		*s = (struct scanner){ 0 };
		return false;
	}
	switch (s->part) {
	case 0:
		if (c == '-')
			s->part++;
		else
			s->line.low = s->line.low << 4 | hex(c);
		return false;
	case 1:
		if (c == ' ')
			s->part++;
		else
			s->line.high = s->line.high << 4 | hex(c);
		return false;
	case 2:
		if (c == 'r')
			s->line.protection |= PROT_READ;
		else if (c == 'w')
			s->line.protection |= PROT_WRITE;
		else if (c == 'x')
			s->line.protection |= PROT_EXEC;
		else if (c == 'p' || c == 's') {
			s->part++;
			return true;
		}
		return false;
	default:
		return false;
	}
}

static bool find_mapping(uintptr_t address, struct mapping *found)
{
	struct scanner scanner = { 0 };
	char chunk[2048];
	ssize_t n;
	int fd = direct_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	while ((n = direct_read(fd, chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (!scan(&scanner, chunk[i]) || address < scanner.line.low ||
			    address >= scanner.line.high)
				continue;
			*found = scanner.line;
			direct_close(fd);
			return true;
		}
	direct_close(fd);
	return false;
}

static void store_all(const struct patch *patches, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__atomic_store_n(patches[i].at, patches[i].to, __ATOMIC_RELEASE);
}

static bool is_data(struct span pages)
{
	struct object o;

	return objects_at((void *)pages.low, &o) && sections_are_data(&o, pages);
}

/* Under a policy against writable code an executable page stays readable only: it is data. */
static const char *patch_protected(struct span pages, int protection, const struct patch *patches,
				   size_t count)
{
	void *at = (void *)pages.low;
	size_t n = pages.high - pages.low;

	if (mprotect(at, n, PROT_READ | PROT_WRITE) != 0)
		return "the pages of its method tables cannot be made writable";
	store_all(patches, count);
	if (mprotect(at, n, protection) != 0)
		mprotect(at, n, protection & ~PROT_EXEC);
	return NULL;
}

const char *pages_patch(const struct patch *patches, size_t count)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct span pages = { UINTPTR_MAX, 0 };
	struct mapping mapping;

	for (size_t i = 0; i < count; i++) {
		uintptr_t at = (uintptr_t)patches[i].at;
		pages.low = at < pages.low ? at : pages.low;
		pages.high = at + sizeof(void *) > pages.high ? at + sizeof(void *) : pages.high;
	}
	pages.low &= ~(page - 1);
	pages.high = (pages.high + page - 1) & ~(page - 1);
	if (!count || !find_mapping(pages.low, &mapping))
		return "the mapping of its method tables is not known";
	if (pages.high > mapping.high)
		return "its method tables lie in more than one mapping";
	if ((mapping.protection & PROT_EXEC) && !is_data(pages))
		return "its method tables lie on pages that hold code";
	if (!(mapping.protection & PROT_WRITE))
		return patch_protected(pages, mapping.protection, patches, count);
	store_all(patches, count);
	return NULL;
}

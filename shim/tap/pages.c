/* SPDX-License-Identifier: MIT */
#include "tap/pages.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>

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
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (!scan(&scanner, chunk[i]) || address < scanner.line.low ||
			    address >= scanner.line.high)
				continue;
			*found = scanner.line;
			close(fd);
			return true;
		}
	close(fd);
	return false;
}

static void store_all(const struct patch *patches, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__atomic_store_n(patches[i].at, patches[i].to, __ATOMIC_RELEASE);
}

const char *pages_patch(const struct patch *patches, size_t count)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t low = UINTPTR_MAX, high = 0;
	struct mapping mapping;

	for (size_t i = 0; i < count; i++) {
		uintptr_t at = (uintptr_t)patches[i].at;
		low = at < low ? at : low;
		high = at + sizeof(void *) > high ? at + sizeof(void *) : high;
	}
	if (!count || !find_mapping(low, &mapping))
		return "the mapping of its method tables is not known";
	if (high > mapping.high)
		return "its method tables lie in more than one mapping";
	if (mapping.protection & PROT_EXEC)
		return "its method tables lie on pages that hold code";
	if (mapping.protection & PROT_WRITE) {
		store_all(patches, count);
		return NULL;
	}
	low &= ~(page - 1);
	high = (high + page - 1) & ~(page - 1);
	if (mprotect((void *)low, high - low, PROT_READ | PROT_WRITE) != 0)
		return "the pages of its method tables cannot be made writable";
	store_all(patches, count);
	mprotect((void *)low, high - low, mapping.protection);
	return NULL;
}

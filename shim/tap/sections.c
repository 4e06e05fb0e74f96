/* SPDX-License-Identifier: MIT */
#include "tap/sections.h"

#include <fcntl.h>
#include <string.h>

#include "base/direct.h"

/* All of the pages must lie in one section of the file that is loaded and holds no code. */
static bool is_within(const ElfW(Shdr) * section, uintptr_t bias, struct span pages)
{
	uintptr_t low = bias + section->sh_addr;

	return (section->sh_flags & SHF_ALLOC) && !(section->sh_flags & SHF_EXECINSTR) &&
	       section->sh_type == SHT_PROGBITS && low <= pages.low &&
	       pages.high <= low + section->sh_size;
}

static bool find_section(int fd, uintptr_t bias, struct span pages)
{
	ElfW(Ehdr) head;
	ElfW(Shdr) section;

	if (direct_pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_shentsize != sizeof(section))
		return false;
	for (unsigned i = 0; i < head.e_shnum; i++) {
		off_t at = (off_t)(head.e_shoff + i * sizeof(section));
		if (direct_pread(fd, &section, sizeof(section), at) != sizeof(section))
			return false;
		if (is_within(&section, bias, pages))
			return true;
	}
	return false;
}

bool sections_are_data(const struct object *o, struct span pages)
{
	int fd = direct_open(object_file(o), O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	bool data = find_section(fd, o->bias, pages);
	direct_close(fd);
	return data;
}

/* SPDX-License-Identifier: MIT */
#include "tools/attach/remote.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum { SEGMENTS_MAX = 32, DYNAMIC_MAX = 128, TABLE_MAX = 32 << 20 };

/* A loaded object's headers, copied. */
struct headers {
	uint64_t base;
	uint64_t bias;
	Elf64_Phdr segments[SEGMENTS_MAX];
	size_t count;
};

static FILE *open_maps(int pid)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	return fopen(name, "re");
}

bool remote_find(int pid, const char *name, struct remote_object *found)
{
	static const char gone[] = " (deleted)";
	FILE *maps = open_maps(pid);
	char *line = NULL;
	size_t size = 0;
	bool hit = false;

	while (maps && !hit && getline(&line, &size, maps) > 0) {
		char *path = strchr(line, '/');
		uint64_t offset;

		if (!path ||
		    sscanf(line, "%" SCNx64 "-%*x %*s %" SCNx64, &found->base, &offset) != 2)
			continue;
		path[strcspn(path, "\n")] = '\0';
		size_t n = strlen(path);
		found->deleted =
		    n >= sizeof(gone) && strcmp(path + n + 1 - sizeof(gone), gone) == 0;
		if (found->deleted)
			path[n + 1 - sizeof(gone)] = '\0';
		hit = offset == 0 && strncmp(strrchr(path, '/') + 1, name, strlen(name)) == 0 &&
		      strlen(path) < sizeof(found->path);
		if (hit)
			memcpy(found->path, path, strlen(path) + 1);
	}
	free(line);
	if (maps)
		fclose(maps);
	return hit;
}

bool remote_is_mapped(int pid, uint64_t low, uint64_t high)
{
	FILE *maps = open_maps(pid);
	uint64_t from, to;
	char *line = NULL;
	size_t size = 0;
	bool hit = false;

	while (maps && !hit && getline(&line, &size, maps) > 0)
		hit = sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2 && from < high &&
		      to > low;
	free(line);
	if (maps)
		fclose(maps);
	return hit;
}

bool remote_read(int pid, uint64_t from, void *to, size_t n)
{
	struct iovec local = { to, n };
	struct iovec remote = { (void *)(uintptr_t)from, n };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)n;
}

bool remote_write(int pid, uint64_t to, const void *from, size_t n)
{
	struct iovec local = { (void *)from, n };
	struct iovec remote = { (void *)(uintptr_t)to, n };

	return process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)n;
}

static bool read_headers(int pid, uint64_t base, struct headers *h)
{
	Elf64_Ehdr head;

	if (!remote_read(pid, base, &head, sizeof(head)) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(Elf64_Phdr) || head.e_phnum > SEGMENTS_MAX ||
	    !remote_read(pid, base + head.e_phoff, h->segments, head.e_phnum * sizeof(Elf64_Phdr)))
		return false;
	h->count = head.e_phnum;
	h->base = base;
	for (size_t i = 0; i < h->count; i++)
		if (h->segments[i].p_type == PT_LOAD && h->segments[i].p_offset == 0) {
			h->bias = base - h->segments[i].p_vaddr;
			return true;
		}
	return false;
}

struct symbols {
	uint64_t table;
	uint64_t names;
	uint64_t names_size;
};

/* glibc has relocated most of these to addresses; some objects keep offsets. */
static bool read_dynamic(int pid, const struct headers *h, struct symbols *s)
{
	Elf64_Dyn d[DYNAMIC_MAX];
	const Elf64_Phdr *p = h->segments;

	while (p < h->segments + h->count && p->p_type != PT_DYNAMIC)
		p++;
	size_t n = p < h->segments + h->count ? p->p_memsz / sizeof(d[0]) : 0;
	n = n < DYNAMIC_MAX ? n : DYNAMIC_MAX;
	if (!n || !remote_read(pid, h->bias + p->p_vaddr, d, n * sizeof(d[0])))
		return false;
	for (size_t i = 0; i < n && d[i].d_tag != DT_NULL; i++) {
		uint64_t at = d[i].d_un.d_ptr + (d[i].d_un.d_ptr < h->bias ? h->bias : 0);

		if (d[i].d_tag == DT_SYMTAB)
			s->table = at;
		else if (d[i].d_tag == DT_STRTAB)
			s->names = at;
		else if (d[i].d_tag == DT_STRSZ)
			s->names_size = d[i].d_un.d_val;
	}
	return s->table && s->names > s->table;
}

/* The symbol table and the names after it: linkers put one right behind the other. NULL: none. */
static Elf64_Sym *read_symbols(int pid, const struct symbols *s)
{
	uint64_t size = s->names - s->table + s->names_size;
	char *copy = size < TABLE_MAX ? malloc(size + 1) : NULL;

	if (copy && remote_read(pid, s->table, copy, size)) {
		copy[size] = '\0';
		return (Elf64_Sym *)(void *)copy;
	}
	free(copy);
	return NULL;
}

uint64_t remote_symbol(int pid, uint64_t base, const char *name)
{
	struct headers h;
	struct symbols s = { 0, 0, 0 };
	uint64_t address = 0;

	if (!read_headers(pid, base, &h) || !read_dynamic(pid, &h, &s))
		return 0;
	size_t count = (s.names - s.table) / sizeof(Elf64_Sym);
	Elf64_Sym *all = read_symbols(pid, &s);
	const char *names = (const char *)all + (s.names - s.table);
	for (size_t i = 0; all && i < count && !address; i++)
		if (all[i].st_shndx != SHN_UNDEF && all[i].st_value &&
		    ELF64_ST_TYPE(all[i].st_info) != STT_GNU_IFUNC &&
		    all[i].st_name < s.names_size && strcmp(names + all[i].st_name, name) == 0)
			address = h.bias + all[i].st_value;
	free(all);
	return address;
}

uint64_t remote_code(int pid, uint64_t base, const void *bytes, size_t n)
{
	struct headers h;
	uint64_t address = 0;

	if (!read_headers(pid, base, &h))
		return 0;
	for (size_t i = 0; i < h.count && !address; i++) {
		const Elf64_Phdr *p = &h.segments[i];
		char *code = NULL;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		code = malloc(p->p_memsz);
		if (code && remote_read(pid, h.bias + p->p_vaddr, code, p->p_memsz)) {
			char *hit = memmem(code, p->p_memsz, bytes, n);
			if (hit)
				address = h.bias + p->p_vaddr + (uint64_t)(hit - code);
		}
		free(code);
	}
	return address;
}

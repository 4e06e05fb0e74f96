/* SPDX-License-Identifier: MIT */
#include "tools/program/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 }; /* gABI, "Program Header": p_offset and p_vaddr agree modulo that */

/* N bytes at OFFSET of the file; NULL if they are not all there. */
static void *at_offset(const struct elf *e, uint64_t offset, uint64_t n)
{
	return offset <= e->size && n <= e->size - offset ? e->bytes + offset : NULL;
}

/* N bytes of the file that are loaded at ADDRESS. */
static void *at_address(const struct elf *e, uint64_t address, uint64_t n)
{
	for (size_t i = 0; i < e->phdr_count; i++) {
		const Elf64_Phdr *h = &e->phdr[i];
		uint64_t inside = address - h->p_vaddr;

		if (h->p_type == PT_LOAD && address >= h->p_vaddr && inside <= h->p_filesz &&
		    n <= h->p_filesz - inside)
			return at_offset(e, h->p_offset + inside, n);
	}
	return NULL;
}

static const Elf64_Phdr *segment(const struct elf *e, uint32_t type)
{
	for (size_t i = 0; i < e->phdr_count; i++)
		if (e->phdr[i].p_type == type)
			return &e->phdr[i];
	return NULL;
}

static uint64_t dynamic_value(const struct elf *e, int64_t tag)
{
	for (size_t i = 0; i < e->dynamic_count && e->dynamic[i].d_tag != DT_NULL; i++)
		if (e->dynamic[i].d_tag == tag)
			return e->dynamic[i].d_un.d_val;
	return 0;
}

static const char *name_at(const struct elf *e, uint64_t offset)
{
	if (!e->names || offset >= e->names_size ||
	    !memchr(e->names + offset, '\0', e->names_size - offset))
		return NULL;
	return e->names + offset;
}

/* A table of N bytes at OFFSET, as whole rows: copied if it is not aligned. */
static const void *table_at(struct elf *e, uint64_t offset, uint64_t n, void **copy)
{
	const void *there = at_offset(e, offset, n);

	if (!there || offset % 8 == 0)
		return there;
	*copy = n ? malloc(n) : NULL;
	if (*copy)
		memcpy(*copy, there, n);
	return *copy;
}

static bool read_headers(struct elf *e)
{
	const Elf64_Phdr *dynamic;

	e->head = at_offset(e, 0, sizeof(*e->head));
	if (!e->head || memcmp(e->head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    e->head->e_ident[EI_CLASS] != ELFCLASS64 || e->head->e_ident[EI_DATA] != ELFDATA2LSB ||
	    e->head->e_phentsize != sizeof(Elf64_Phdr))
		return false;
	/* A Node single-executable has its section headers at an unaligned end of the file. */
	e->phdr =
	    table_at(e, e->head->e_phoff, e->head->e_phnum * sizeof(Elf64_Phdr), &e->copies[0]);
	e->phdr_count = e->phdr ? e->head->e_phnum : 0;
	dynamic = segment(e, PT_DYNAMIC);
	if (dynamic) {
		e->dynamic = table_at(e, dynamic->p_offset, dynamic->p_filesz, &e->copies[1]);
		e->dynamic_count = e->dynamic ? dynamic->p_filesz / sizeof(*e->dynamic) : 0;
	}
	e->names_size = dynamic_value(e, DT_STRSZ);
	e->names = at_address(e, dynamic_value(e, DT_STRTAB), e->names_size);
	return e->phdr != NULL;
}

bool elf_open(struct elf *e, const char *path, const char **why)
{
	struct stat st = { .st_size = 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* it may be a FIFO */

	*e = (struct elf){ .bytes = NULL };
	*why = strerror(errno);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_NORESERVE, fd, 0);

		if (p != MAP_FAILED) {
			e->bytes = p;
			e->size = (size_t)st.st_size;
		}
	}
	close(fd);
	if (e->bytes && read_headers(e))
		return true;
	*why = "it is not a 64-bit ELF program";
	elf_close(e);
	return false;
}

void elf_close(struct elf *e)
{
	if (e->bytes)
		munmap(e->bytes, e->size);
	for (size_t i = 0; i < sizeof(e->copies) / sizeof(e->copies[0]); i++)
		free(e->copies[i]);
	*e = (struct elf){ .bytes = NULL };
}

struct slice elf_interpreter(const struct elf *e)
{
	const Elf64_Phdr *h = segment(e, PT_INTERP);
	const char *p = h ? at_offset(e, h->p_offset, h->p_filesz) : NULL;

	return p ? (struct slice){ p, strnlen(p, h->p_filesz) } : (struct slice){ NULL, 0 };
}

bool elf_is_program(const struct elf *e)
{
	return e->head->e_type == ET_EXEC || segment(e, PT_INTERP) ||
	       dynamic_value(e, DT_FLAGS_1) & DF_1_PIE;
}

const char *elf_needed(const struct elf *e, size_t i)
{
	for (size_t k = 0; k < e->dynamic_count && e->dynamic[k].d_tag != DT_NULL; k++)
		if (e->dynamic[k].d_tag == DT_NEEDED && i-- == 0)
			return name_at(e, e->dynamic[k].d_un.d_val);
	return NULL;
}

const char *elf_runpath(const struct elf *e)
{
	uint64_t offset = dynamic_value(e, DT_RUNPATH);

	if (!offset)
		offset = dynamic_value(e, DT_RPATH);
	return offset ? name_at(e, offset) : NULL;
}

/*
 * The section headers or DT_HASH give the number of dynamic symbols. Without
 * both, the names follow the symbols in every linker's output.
 */
static size_t symbol_count(const struct elf *e, uint64_t symbols)
{
	const Elf64_Shdr *s = at_offset(e, e->head->e_shoff, e->head->e_shnum * sizeof(*s));
	const char *hash = at_address(e, dynamic_value(e, DT_HASH), 8);
	uint32_t count;
	uint64_t names = dynamic_value(e, DT_STRTAB);

	for (size_t i = 0; s && e->head->e_shoff % 8 == 0 && i < e->head->e_shnum; i++)
		if (s[i].sh_type == SHT_DYNSYM && s[i].sh_addr == symbols)
			return s[i].sh_size / sizeof(Elf64_Sym);
	if (dynamic_value(e, DT_HASH) && hash) {
		memcpy(&count, hash + sizeof(count), sizeof(count));
		return count;
	}
	return names > symbols ? (names - symbols) / sizeof(Elf64_Sym) : 0;
}

static bool has_symbol(const struct elf *e, const char *name, bool defined)
{
	uint64_t address = dynamic_value(e, DT_SYMTAB);
	size_t count = address ? symbol_count(e, address) : 0;
	Elf64_Sym s; /* the table may not be aligned */
	const char *all = at_address(e, address, count * sizeof(s));

	for (size_t i = 0; all && i < count; i++) {
		memcpy(&s, all + i * sizeof(s), sizeof(s));
		const char *n = (s.st_shndx != SHN_UNDEF) == defined ? name_at(e, s.st_name) : NULL;

		if (n && strcmp(n, name) == 0)
			return true;
	}
	return false;
}

bool elf_exports(const struct elf *e, const char *name)
{
	return has_symbol(e, name, true);
}

bool elf_imports(const struct elf *e, const char *name)
{
	return has_symbol(e, name, false);
}

size_t elf_code_size(const struct elf *e)
{
	size_t size = 0;

	for (size_t i = 0; i < e->phdr_count; i++)
		if (e->phdr[i].p_type == PT_LOAD && e->phdr[i].p_flags & PF_X)
			size += e->phdr[i].p_filesz;
	return size;
}

/* Older linkers put the constants into the segment of the code. */
static bool has_constants_apart(const struct elf *e)
{
	for (size_t k = 0; k < e->phdr_count; k++)
		if (e->phdr[k].p_type == PT_LOAD && !(e->phdr[k].p_flags & (PF_X | PF_W)))
			return true;
	return false;
}

bool elf_data(const struct elf *e, size_t i, struct slice *data)
{
	uint32_t left_out = has_constants_apart(e) ? PF_X : 0;

	for (size_t k = 0; k < e->phdr_count; k++) {
		const Elf64_Phdr *h = &e->phdr[k];
		const char *p;

		if (h->p_type != PT_LOAD || h->p_flags & left_out || !h->p_filesz || i-- != 0)
			continue;
		p = at_offset(e, h->p_offset, h->p_filesz);
		*data = p ? (struct slice){ p, h->p_filesz } : (struct slice){ "", 0 };
		return true;
	}
	return false;
}

/* At address 0 a relative relocation stores its addend (gABI; packed ones have it in place). */
static void relocate(struct elf *e)
{
	const size_t size = dynamic_value(e, DT_RELASZ);
	const char *all = at_address(e, dynamic_value(e, DT_RELA), size);
	Elf64_Rela r;
	const uint32_t relative =
	    e->head->e_machine == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;

	for (size_t i = 0; all && i < size / sizeof(r); i++) {
		memcpy(&r, all + i * sizeof(r), sizeof(r));
		void *to = ELF64_R_TYPE(r.r_info) == relative ? at_address(e, r.r_offset, 8) : NULL;
		if (to)
			memcpy(to, &r.r_addend, 8);
	}
}

void elf_image(struct elf *e, struct image *m)
{
	*m = (struct image){ .machine = e->head->e_machine, .fixed = e->head->e_type == ET_EXEC };
	relocate(e);
	for (size_t i = 0; i < e->phdr_count && m->count < LIMIT_SEGMENTS; i++) {
		const Elf64_Phdr *h = &e->phdr[i];
		const unsigned char *p = at_offset(e, h->p_offset, h->p_filesz);

		/*
		 * Otherwise the file is damaged: no loader accepts it, and its
		 * words would not be aligned.
		 */
		bool congruent = (h->p_offset - h->p_vaddr) % PAGE == 0;

		if (h->p_type == PT_LOAD && h->p_filesz && p && congruent)
			m->segments[m->count++] =
			    (struct image_segment){ .address = h->p_vaddr,
						    .bytes = p,
						    .size = h->p_filesz,
						    .flags = h->p_flags,
						    .as_file = !(h->p_flags & PF_W) };
	}
}

const char *elf_machine(const struct elf *e)
{
	switch (e->head->e_machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "arm64";
	case EM_RISCV:
		return "riscv64";
	default:
		return "another architecture";
	}
}

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ELF_H
#define ORSHIM_ELF_H

/*
 * Reads a 64-bit little-endian ELF file (through a private mapping). Everything
 * in it is checked against the file's size: a damaged file gives absent
 * answers, never a crash.
 */
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "tap/find/image.h"

struct elf {
	unsigned char *bytes;
	size_t size;
	const Elf64_Ehdr *head;
	const Elf64_Phdr *phdr;
	size_t phdr_count;
	const Elf64_Dyn *dynamic; /* NULL: none */
	size_t dynamic_count;
	const char *names; /* DT_STRTAB */
	size_t names_size;
	void *copies[2]; /* of tables that are not aligned in the file */
};

/* False, with the reason in *WHY, if PATH cannot be read or is not such a file. */
bool elf_open(struct elf *e, const char *path, const char **why);
void elf_close(struct elf *e);

struct slice elf_interpreter(const struct elf *e); /* the loader; absent: statically linked */
bool elf_is_program(const struct elf *e);          /* and no library */

/* The Ith DT_NEEDED; NULL past the last. */
const char *elf_needed(const struct elf *e, size_t i);
const char *elf_runpath(const struct elf *e); /* NULL: none */

/* Is NAME among the dynamic symbols, as one that this file defines, or as one that it needs? */
bool elf_exports(const struct elf *e, const char *name);
bool elf_imports(const struct elf *e, const char *name);

size_t elf_code_size(const struct elf *e); /* loaded bytes that can be executed */

/*
 * Loaded bytes that are not code (with the code, if a segment has both), one
 * segment at a time: false past the last.
 */
bool elf_data(const struct elf *e, size_t i, struct slice *data);

/* As the loader would lay it out at address 0. Changes the private mapping. */
void elf_image(struct elf *e, struct image *m);

const char *elf_machine(const struct elf *e); /* "x86-64" */

#endif

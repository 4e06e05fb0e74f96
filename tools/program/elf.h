/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ELF_H
#define ORSHIM_ELF_H

/*
 * A 64-bit little-endian ELF file, only read (through a private mapping).
 * Everything in it is checked against the file's size: a damaged file gives
 * absent answers, never a crash.
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

/* False, with *WHY in words, if PATH cannot be read or is no such file. */
bool elf_open(struct elf *e, const char *path, const char **why);
void elf_close(struct elf *e);

struct slice elf_interpreter(const struct elf *e); /* the loader; absent: statically linked */
bool elf_is_program(const struct elf *e);          /* and no library */

/* The Ith DT_NEEDED; NULL past the last. */
const char *elf_needed(const struct elf *e, size_t i);
const char *elf_runpath(const struct elf *e); /* NULL: none */

/* Is NAME among the dynamic symbols, as one that is defined here, or that others have to define? */
bool elf_exports(const struct elf *e, const char *name);
bool elf_imports(const struct elf *e, const char *name);

size_t elf_code_size(const struct elf *e); /* loaded bytes that can be executed */

/* Loaded bytes that are no code (with it, where they are not apart), one segment at a time: false past the last. */
bool elf_data(const struct elf *e, size_t i, struct slice *data);

/* As the loader would lay it out at address 0. Changes the private mapping. */
void elf_image(struct elf *e, struct image *m);

const char *elf_machine(const struct elf *e); /* "x86-64" */

#endif

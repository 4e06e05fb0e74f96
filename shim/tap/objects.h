/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OBJECTS_H
#define ORSHIM_OBJECTS_H

/*
 * The objects that are loaded into this process, read from the loader's own
 * structures. Opens and loads nothing, and takes only dl_iterate_phdr()'s lock. Symbols
 * are looked up in one object's own table: without scope, dependencies, interposition.
 */
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object {
	uintptr_t bias;   /* added to every address in the file */
	const char *name; /* the loader's; "" for the executable */
	const ElfW(Phdr) * phdr;
	size_t phdr_count;
	const ElfW(Dyn) * dynamic; /* NULL: no dynamic section */
};

/* A run of addresses: low <= a < high. */
struct span {
	uintptr_t low;
	uintptr_t high;
};

/* Call VISIT for each loaded object but ourselves, under the loader's lock; true stops. */
void objects_each(bool (*visit)(const struct object *o, void *arg), void *arg);

/*
 * Call VISIT with the file of each object that dlmopen() loaded into another
 * namespace, under the loader's lock; true stops. glibc before 2.35 does not tell them.
 */
void objects_elsewhere(bool (*visit)(const char *file, void *arg), void *arg);

/* How often anything was loaded or unloaded so far. */
unsigned long long objects_changes(void);

/* The object that contains ADDRESS, ourselves included; false if there is none. */
bool objects_at(const void *address, struct object *o);

/* Does ADDRESS lie in this shared object? */
bool objects_is_ours(const void *address);

/* Where O itself defines NAME (default visibility, not an IFUNC); NULL if it does not. */
void *object_symbol(const struct object *o, const char *name);

/*
 * The function NAME that a call would reach without us: as dlsym() with RTLD_NEXT, also
 * where the process has no dlsym(). NULL if no object has it.
 */
void *objects_next(const char *name);

/* Does O use NAME of another object? */
bool object_imports(const struct object *o, const char *name);

/* The version O asks for where it imports NAME ("OPENSSL_3.0.0"); NULL if none. */
const char *object_wanted_version(const struct object *o, const char *name);

/* The file that O was loaded from. */
const char *object_file(const struct object *o);

/* All of O's loaded segments, and the one of them that holds ADDRESS, with its PF_* flags. */
struct span object_span(const struct object *o);
bool object_segment(const struct object *o, uintptr_t address, struct span *span, uint32_t *flags);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REMOTE_H
#define ORSHIM_REMOTE_H

/*
 * Reads the memory of another process from outside: its mappings, bytes, and
 * where a loaded object's exported names are. Only remote_write() changes
 * anything. All addresses are those of that process; 0: none.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object that is mapped in the process, from the maps line of its first page. */
struct remote_object {
	uint64_t base;
	char path[PATH_MAX];
	bool deleted; /* the file was deleted or replaced since it was mapped */
};

/* The first mapped file whose name without folders starts with NAME. False: none, or unreadable. */
bool remote_find(int pid, const char *name, struct remote_object *found);

/* Is [LOW, HIGH) mapped, in part or whole? */
bool remote_is_mapped(int pid, uint64_t low, uint64_t high);

/* Read or write all N bytes; false otherwise. */
bool remote_read(int pid, uint64_t from, void *to, size_t n);
bool remote_write(int pid, uint64_t to, const void *from, size_t n);

/* Where the object at BASE exports NAME. */
uint64_t remote_symbol(int pid, uint64_t base, const char *name);

/* The address of a copy of these N bytes in an executable segment of the object at BASE. */
uint64_t remote_code(int pid, uint64_t base, const void *bytes, size_t n);

#endif

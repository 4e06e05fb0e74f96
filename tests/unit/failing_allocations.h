/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FAILING_ALLOCATIONS_H
#define ORSHIM_FAILING_ALLOCATIONS_H

/* Allocations that fail. The program is linked with --wrap=malloc,calloc,realloc. */
#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static struct {
	bool armed;
	bool stay;   /* all from the n-th on fail; else the n-th alone */
	long left;   /* allocations that succeed yet */
	bool failed; /* one did */
} memory;

static bool allocation_fails(void)
{
	if (!memory.armed)
		return false;
	if (memory.left > 0) {
		memory.left--;
		return false;
	}
	if (memory.failed && !memory.stay)
		return false;
	memory.failed = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return allocation_fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return allocation_fails() ? NULL : __real_realloc(p, n);
}

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_THREAD_MEMORY_H
#define ORSHIM_REDIRECT_THREAD_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* SIZE bytes at ADDRESS, which go into OUT. */
struct memory_part {
	uint64_t address;
	void *out;
	size_t size;
};

/*
 * As much of PART of thread TID as can be read: how many bytes, or -1 with
 * errno. Where a container's filter refuses process_vm_readv(2), they are read
 * from /proc/TID/mem, for which the kernel asks for the same permission (proc(5)).
 */
ssize_t thread_memory(int tid, struct memory_part part);

/* The same of FIRST; *BOTH: all of it was read, and at the same time all of SECOND (SIZE 0: none). */
ssize_t thread_memory_of_two(int tid, struct memory_part first, struct memory_part second,
			     bool *both);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_THREAD_MEMORY_H
#define ORSHIM_REDIRECT_THREAD_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Up to SIZE bytes at ADDRESS of thread TID, into OUT; how many, or -1 with
 * errno. Where a container's filter refuses process_vm_readv(2), they are read
 * from /proc/TID/mem, for which the kernel asks for the same permission (proc(5)).
 */
ssize_t thread_memory(int tid, uint64_t address, void *out, size_t size);

#endif

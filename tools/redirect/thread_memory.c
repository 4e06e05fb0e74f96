/* SPDX-License-Identifier: MIT */
#include "tools/redirect/thread_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

static ssize_t read_file(int tid, uint64_t address, void *out, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = pread(fd, out, size, (off_t)address);
	int error = errno;
	close(fd);
	errno = error;
	return n;
}

ssize_t thread_memory(int tid, uint64_t address, void *out, size_t size)
{
	struct iovec ours = { out, size };
	struct iovec theirs = { (void *)(uintptr_t)address, size };

	ssize_t n = process_vm_readv(tid, &ours, 1, &theirs, 1, 0);
	return n < 0 && (errno == EPERM || errno == ENOSYS) ? read_file(tid, address, out, size)
							    : n;
}

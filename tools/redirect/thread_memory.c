/* SPDX-License-Identifier: MIT */
#include "tools/redirect/thread_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

static ssize_t read_file(int tid, struct memory_part first, struct memory_part second, bool *both)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = pread(fd, first.out, first.size, (off_t)first.address);
	int error = errno;
	*both = n == (ssize_t)first.size &&
		(!second.size ||
		 pread(fd, second.out, second.size, (off_t)second.address) == (ssize_t)second.size);
	close(fd);
	errno = error;
	return n;
}

ssize_t thread_memory_of_two(int tid, struct memory_part first, struct memory_part second,
			     bool *both)
{
	struct iovec ours[2] = { { first.out, first.size }, { second.out, second.size } };
	struct iovec theirs[2] = { { (void *)(uintptr_t)first.address, first.size },
				   { (void *)(uintptr_t)second.address, second.size } };

	ssize_t n = process_vm_readv(tid, ours, 2, theirs, second.size ? 2 : 1, 0);
	*both = n == (ssize_t)(first.size + second.size);
	if (n < 0 && (errno == EPERM || errno == ENOSYS))
		return read_file(tid, first, second, both);
	return n > (ssize_t)first.size ? (ssize_t)first.size : n;
}

ssize_t thread_memory(int tid, struct memory_part part)
{
	bool all;

	return thread_memory_of_two(tid, part, (struct memory_part){ .size = 0 }, &all);
}

/* SPDX-License-Identifier: MIT */
/*
 * System calls are made directly: libc's open() is a cancellation point of the host's
 * threads, and another preloaded library may hook it.
 */
#include "tap/found_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/limits.h"
#include "tap/environ.h"

/* The descriptor may be another file's by now: check its name in /proc before it is opened. */
static bool is_memory_file(const char *path)
{
	static const struct slice begins = SLICE("/memfd:orshim-found");
	char target[64];
	long n = syscall(SYS_readlinkat, AT_FDCWD, path, target, sizeof(target));

	return n > 0 && slice_starts((struct slice){ target, (size_t)n }, begins);
}

static bool read_whole(int fd, unsigned long long inode, struct slice *text)
{
	struct stat st;

	if (direct_fstat(fd, &st) != 0 || (unsigned long long)st.st_ino != inode ||
	    st.st_size < 1 || st.st_size > LIMIT_FOUND)
		return false;
	size_t size = (size_t)st.st_size;
	char *bytes = malloc(size);
	if (!bytes)
		return false;
	if (syscall(SYS_pread64, fd, bytes, size, 0L) != (long)size) {
		free(bytes);
		return false;
	}
	*text = (struct slice){ bytes, size };
	return true;
}

bool found_file_read(struct slice *text)
{
	static struct slice kept;
	const char *setting = environ_setting("ORSHIM_FOUND");
	struct slice rest = slice_of(setting), pid, fd;
	unsigned long long number[3];
	char path[64];

	if (kept.n) {
		*text = kept;
		return true;
	}
	if (!setting || !slice_cut(&rest, ':', &pid) || !rest.p || !slice_cut(&rest, ':', &fd) ||
	    !rest.p || !slice_number(pid, &number[0]) || !slice_number(fd, &number[1]) ||
	    !slice_number(rest, &number[2]))
		return false;
	snprintf(path, sizeof(path), "/proc/%llu/fd/%llu", number[0], number[1]);
	if (!is_memory_file(path))
		return false;
	long opened =
	    syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (opened < 0)
		return false;
	bool whole = read_whole((int)opened, number[2], &kept);
	syscall(SYS_close, (int)opened);
	*text = kept;
	return whole;
}

/* SPDX-License-Identifier: MIT */
#include "tools/run/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

/* Opening a FIFO would block and wake up its other end; opening a device may have effects. */
static bool is_wanted(struct reading *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		r->unreadable += errno != ENOENT && errno != ENOTDIR;
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		r->no_files++;
		return false;
	}
	if (st.st_size > LIMIT_READ_FILE) {
		r->too_large++;
		return false;
	}
	if (r->files >= LIMIT_READ_FILES) {
		r->too_many++;
		return false;
	}
	return true;
}

bool reading_load(struct reading *r, const char *path, struct buf *text)
{
	char piece[8192];
	ssize_t n;

	if (!is_wanted(r, path))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		r->unreadable++;
		return false;
	}
	buf_init(text, LIMIT_READ_FILE);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		if (buf_add_some(text, piece, (size_t)n) < (size_t)n)
			break;
	close(fd);
	r->unreadable += n < 0;
	r->files += n >= 0;
	if (text->n == 0 || n < 0) {
		buf_release(text);
		return false;
	}
	return true;
}

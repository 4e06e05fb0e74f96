/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_READ_FILE_H
#define ORSHIM_READ_FILE_H

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"

/* Append the file PATH to OUT. False if it cannot be read whole. */
static bool read_file(const char *path, struct buf *out)
{
	char piece[16384];
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return false;
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		if (buf_add(out, piece, (size_t)n) != 0)
			break;
	close(fd);
	return n == 0;
}

#endif

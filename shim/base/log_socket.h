/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_SOCKET_H
#define ORSHIM_LOG_SOCKET_H

/*
 * The socket beside the log of `orshim run`, for processes that cannot open the
 * file: a sandbox shows it read-only, or not at all. Its name is abstract
 * (unix(7)), so no file system is needed. Each packet is a line. Both ends ask
 * for the user of the other: names are free for everybody to take.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/hash.h"

/* The address of the socket for the log PATH, as ORSHIM_LOG names it; returns its size. */
static inline socklen_t log_socket_address(const char *path, struct sockaddr_un *a)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "orshim-log-%016llx",
			 (unsigned long long)hash_of(slice_of(path)));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

#endif

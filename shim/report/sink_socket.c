/* SPDX-License-Identifier: MIT */
#include "report/sink_socket.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/log_socket.h"

enum { STATUS_MAX = 4096 };

/* What the file system says, not a filter in its place. */
static bool is_of_the_file_system(int error)
{
	return error == EROFS || error == ENOENT || error == ENOTDIR;
}

/*
 * A seccomp filter may end a process that asks for a socket: then we do not ask.
 * Without /proc the kernel is asked, unless a filter may have failed the open.
 */
static bool is_free_to_ask(int error)
{
	char text[STATUS_MAX];
	int fd = direct_open("/proc/self/status", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return is_of_the_file_system(error) &&
		       syscall(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_DISABLED;
	ssize_t n = direct_read(fd, text, sizeof(text));
	direct_close(fd);
	return n > 0 && slice_has((struct slice){ text, (size_t)n }, SLICE("\nSeccomp:\t0\n"));
}

/* Another user's program may have taken the name. */
static bool is_our_user(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
	       who.uid == geteuid();
}

int sink_socket_open(const char *path, int error)
{
	struct sockaddr_un address;

	if (!is_of_the_file_system(error) && error != EACCES && error != EPERM)
		return -1;
	if (strstr(path, "%p") || !is_free_to_ask(error))
		return -1;
	socklen_t size = log_socket_address(path, &address);
	int fd =
	    (int)syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (syscall(SYS_connect, fd, &address, size) == 0 && is_our_user(fd))
		return fd;
	direct_close(fd);
	return -1;
}

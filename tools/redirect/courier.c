/* SPDX-License-Identifier: MIT */
#include "tools/redirect/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAITING = 64 };

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

bool courier_send(int to, const void *bytes, size_t n, int fd)
{
	struct iovec piece = { .iov_base = (void *)bytes, .iov_len = n };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	union control control;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	ssize_t sent;
	do
		sent = sendmsg(to, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)n;
}

ssize_t courier_receive(int from, void *room, size_t size, int *fd)
{
	struct iovec piece = { .iov_base = room, .iov_len = size };
	union control control;
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	ssize_t n;
	int got = -1;

	do
		n = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(&got, CMSG_DATA(head), sizeof(got));
	if (fd)
		*fd = got;
	else if (got >= 0)
		close(got);
	return n;
}

/* An address holds 108 bytes: the folder goes by its descriptor. */
static bool name_it(struct sockaddr_un *address, int folder, const char *name)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
			 folder, name);
	return n > 0 && n < (int)sizeof(address->sun_path);
}

static int open_at(const char *folder, const char *name,
		   int (*use)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un address;
	int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = at < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (!name_it(&address, at, name) ||
			use(fd, (struct sockaddr *)&address, sizeof(address)) != 0)) {
		int error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	if (at >= 0)
		close(at);
	return fd;
}

int courier_listen(const char *folder, const char *name)
{
	int fd = open_at(folder, name, bind);

	if (fd >= 0 && listen(fd, WAITING) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int courier_connect(const char *folder, const char *name)
{
	return open_at(folder, name, connect);
}

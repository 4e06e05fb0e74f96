/* SPDX-License-Identifier: MIT */
#include "tools/redirect/call.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <unistd.h>

void call_release(struct call *c)
{
	if (c->socket >= 0)
		close(c->socket);
	c->socket = -1;
	c->listener = -1;
}

static bool answer(struct relay *r, struct call *c, int error, uint32_t flags)
{
	struct seccomp_notif_resp response = { .id = c->id, .error = -error, .flags = flags };

	if (c->listener < 0)
		return true;
	bool arrived = ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
	guard_answered(&r->guard, c->id);
	call_release(c);
	return arrived;
}

bool call_is_waiting(const struct call *c)
{
	uint64_t id = c->id;

	return c->listener >= 0 && ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool call_answer(struct relay *r, struct call *c, int error)
{
	return answer(r, c, error, 0);
}

void call_let_pass(struct relay *r, struct call *c)
{
	answer(r, c, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool call_replace(struct call *c)
{
	struct seccomp_notif_addfd add = { .id = c->id,
					   .flags = SECCOMP_ADDFD_FLAG_SETFD,
					   .srcfd = (uint32_t)c->socket,
					   .newfd = (uint32_t)c->fd,
					   .newfd_flags = c->is_cloexec ? O_CLOEXEC : 0 };

	return !c->replaces || ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
}

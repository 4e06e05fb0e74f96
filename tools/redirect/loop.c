/* SPDX-License-Identifier: MIT */
#include "tools/redirect/loop.h"

#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 64, NEVER_ADDED = 0 };

int loop_open(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

/*
 * Events always hold one bit of ours, so that 0 means that S was never added. The kernel tells
 * of an end (EPOLLHUP, EPOLLERR) unasked: where nothing is asked for, it may say so once.
 */
bool loop_watch(int loop, struct source *s, uint32_t events)
{
	struct epoll_event wanted = { .events = events ? events : EPOLLET, .data.ptr = s };
	uint32_t marked = events | EPOLLHUP;

	if (s->events == marked)
		return true;
	if (epoll_ctl(loop, s->events == NEVER_ADDED ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, s->fd,
		      &wanted) != 0)
		return false;
	s->events = marked;
	return true;
}

void loop_close(int loop, struct source *s)
{
	if (s->fd < 0)
		return;
	if (s->events != NEVER_ADDED)
		epoll_ctl(loop, EPOLL_CTL_DEL, s->fd, NULL);
	close(s->fd);
	s->fd = -1;
	s->events = NEVER_ADDED;
}

int loop_turn(int loop, int timeout_ms)
{
	struct epoll_event events[AT_ONCE];
	int n = epoll_wait(loop, events, AT_ONCE, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct source *s = events[i].data.ptr;
		if (s->fd >= 0)
			s->ready(s, events[i].events);
	}
	return n;
}

int64_t loop_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* SPDX-License-Identifier: MIT */
#include "tools/redirect/door.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/redirect/courier.h"
#include "tools/redirect/filter.h"
#include "tools/redirect/notice.h"
#include "tools/redirect/proxy.h"

/* One that has come in. */
struct visitor {
	struct source source;
	struct relay *relay;
	int pid;
	bool is_of_run;
};

static void leave(struct visitor *v)
{
	loop_close(v->relay->loop, &v->source);
	free(v); /* nothing else of this turn names it: it has one descriptor */
}

/* REQUEST: "T", the runtime as a byte, the program's path. */
static void tell_variables(struct visitor *v, const char *request)
{
	struct relay *r = v->relay;
	struct buf out;
	int pid = getpid();

	buf_init(&out, DOOR_ANSWER);
	if (authority_have(&r->authority, &r->hosts, &r->trust.own) && buf_add(&out, "Y", 1) == 0 &&
	    buf_add(&out, &pid, sizeof(pid)) == 0 && trust_variables(&r->trust, &out)) {
		/* Without it the program is relayed all the same, and not looked into. */
		trust_lay_over(&r->trust, (enum runtime)request[1], request + 2,
			       r->authority.certificate, &out);
		courier_send(v->source.fd, out.p, out.n, -1);
	} else {
		courier_send(v->source.fd, "N", 1, -1);
	}
	buf_release(&out);
}

/* A filter's listener is ours to answer from here on. */
static void take_listener(struct visitor *v, int fd, const char *flags)
{
	struct relay *r = v->relay;
	struct listener *free_one = NULL;

	for (size_t i = 0; i < LIMIT_RELAY_LISTENERS && !free_one; i++)
		if (r->listeners[i].source.fd < 0)
			free_one = &r->listeners[i];
	bool is_listener = filter_is_listener(fd);
	int number = free_one && is_listener ? guard_hold(&r->guard, fd) : -1;
	if (!free_one || !is_listener || (number < 0 && r->guard.to >= 0)) {
		courier_send(v->source.fd, "N", 1, -1);
		close(fd);
		return;
	}
	*free_one = (struct listener){ .source = { .fd = fd, .ready = notice_ready },
				       .relay = r,
				       .number = (uint32_t)number,
				       .laid_over = flags[DOOR_LAID_OVER] == '1' };
	r->privilege_lost |= flags[DOOR_PRIVILEGE_LOST] == '1';
	r->filters++;
	loop_watch(r->loop, &free_one->source, EPOLLIN);
	courier_send(v->source.fd, "K", 1, -1);
}

/* REQUEST: "P", the runtime, '1' if files were laid over others, the program's path. */
static void tell_proxy(struct visitor *v, const char *request)
{
	struct relay *r = v->relay;
	struct buf out;

	buf_init(&out, DOOR_ANSWER);
	int failed = buf_add(&out, "Y", 1);
	const char *why = failed ? "there is not enough memory"
				 : proxy_variables(r, (enum runtime)request[1], v->pid, &out);
	if (why) {
		buf_reset(&out);
		buf_add_some(&out, "N", 1);
		buf_add_some(&out, why, strlen(why));
	}
	r->proxy_laid_over |= request[2] == '1';
	courier_send(v->source.fd, out.p, out.n, -1);
	buf_release(&out);
}

/*
 * REQUEST: "W", why a program is not relayed, NUL, its path. The user reads it:
 * so not from whoever else is the same user.
 */
static void take_failure(struct visitor *v, const char *request, size_t n)
{
	size_t why = strnlen(request, n);

	if (why < n && v->is_of_run)
		relay_passed(v->relay, v->pid, request + why + 1,
			     (struct passed_by){ .host = "", .why = request + 1 });
}

static void on_visitor(struct source *s, uint32_t events)
{
	struct visitor *v = (struct visitor *)s;
	char message[PATH_MAX + DOOR_WHY + 8] = "";
	int fd;

	(void)events;
	ssize_t n = courier_receive(s->fd, message, sizeof(message) - 1, &fd);
	if (n >= 2 && message[0] == 'T') {
		tell_variables(v, message);
	} else if (n >= 3 && message[0] == 'P') {
		tell_proxy(v, message);
	} else if (n >= 2 && message[0] == 'W') {
		take_failure(v, message, (size_t)n);
	} else if (n >= DOOR_FLAGS && message[0] == 'L' && fd >= 0) {
		take_listener(v, fd, message);
		fd = -1;
	} else {
		leave(v);
	}
	if (fd >= 0)
		close(fd);
}

void door_open(struct source *s, uint32_t events)
{
	struct listener *door = (struct listener *)s;
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(who);
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct visitor *v = fd < 0 ? NULL : calloc(1, sizeof(*v));

	(void)events;
	if (v && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
	    who.uid == geteuid()) {
		*v = (struct visitor){ .source = { .fd = fd, .ready = on_visitor },
				       .relay = door->relay,
				       .pid = who.pid,
				       /* It waits for answers: its parents can be asked for. */
				       .is_of_run = peer_is_of_run(door->relay, who.pid) };
		if (loop_watch(door->relay->loop, &v->source, EPOLLIN))
			return;
	}
	free(v);
	if (fd >= 0)
		close(fd);
}

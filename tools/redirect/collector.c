/* SPDX-License-Identifier: MIT */
#include "tools/redirect/collector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log_socket.h"
#include "report/sink.h"

enum { COLLECTOR_WAITING = 256, TURNS = 1000 };

struct sender {
	struct source source;
	struct collector *collector;
};

struct collector {
	struct source source; /* the listener */
	int loop;
	struct sink log;
	struct sender senders[LIMIT_COLLECTED];
	char line[LIMIT_LINE + 1];
};

int collector_listen(const char *path)
{
	struct sockaddr_un address;
	socklen_t size = log_socket_address(path, &address);
	int fd = strstr(path, "%p")
		     ? -1
		     : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (bind(fd, (struct sockaddr *)&address, size) == 0 &&
		       listen(fd, COLLECTOR_WAITING) == 0))
		return fd;
	close(fd);
	return -1;
}

/* Is it one line of JSON, as the shim writes it? */
static bool is_record(struct slice line)
{
	return line.n > 2 && line.p[0] == '{' && slice_byte(line, '\n', 0) == (long)line.n - 1;
}

static void on_line(struct source *s, uint32_t events)
{
	struct collector *c = ((struct sender *)s)->collector;
	ssize_t n;

	(void)events;
	while ((n = recv(s->fd, c->line, sizeof(c->line), MSG_DONTWAIT)) > 0) {
		struct slice line = { c->line, (size_t)n };
		if (line.n <= LIMIT_LINE && is_record(line))
			sink_write(&c->log, line);
	}
	if (n == 0 || errno != EAGAIN)
		loop_close(c->loop, s);
}

static bool is_our_user(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid();
}

static void on_sender(struct source *s, uint32_t events)
{
	struct collector *c = (struct collector *)s;
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	size_t i = 0;

	(void)events;
	if (fd < 0)
		return;
	while (i < LIMIT_COLLECTED && c->senders[i].source.fd >= 0)
		i++;
	if (i < LIMIT_COLLECTED && is_our_user(fd)) {
		c->senders[i].source = (struct source){ fd, 0, on_line };
		if (loop_watch(c->loop, &c->senders[i].source, EPOLLIN))
			return;
		c->senders[i].source.fd = -1;
	}
	close(fd);
}

struct collector *collector_start(int loop, int listener, const char *path)
{
	struct collector *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->loop = loop;
	c->source = (struct source){ listener, 0, on_sender };
	for (size_t i = 0; i < LIMIT_COLLECTED; i++)
		c->senders[i] = (struct sender){ .source = { .fd = -1 }, .collector = c };
	sink_init_file(&c->log, path);
	if (loop_watch(loop, &c->source, EPOLLIN))
		return c;
	free(c);
	return NULL;
}

void collector_end(struct collector *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < LIMIT_COLLECTED; i++)
		loop_close(c->loop, &c->senders[i].source);
	loop_close(c->loop, &c->source);
	sink_close(&c->log);
	free(c);
}

void collector_take_all(int listener, const char *path)
{
	int loop = loop_open();
	struct collector *c = loop < 0 ? NULL : collector_start(loop, listener, path);

	for (int i = 0; c && i < TURNS && loop_turn(loop, 0) > 0; i++)
		;
	if (c)
		collector_end(c);
	else
		close(listener);
	if (loop >= 0)
		close(loop);
}

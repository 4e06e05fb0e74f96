/* SPDX-License-Identifier: MIT */
#include "tools/redirect/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/direct.h"
#include "report/sink.h"
#include "report/record.h"
#include "tools/redirect/courier.h"
#include "tools/redirect/folder.h"
#include "tools/redirect/peer.h"

/* Let the call ID pass. */
static void let_pass(int listener, uint64_t id)
{
	struct seccomp_notif_resp answer = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static void let_next_pass(int listener)
{
	struct seccomp_notif question;

	memset(&question, 0, sizeof(question));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) == 0)
		let_pass(listener, question.id);
}

/* The relay is gone: answer in its place until the last filtered process has ended. */
static void answer_for_relay(const struct guard *g, struct pollfd *held, uint32_t count)
{
	uint32_t left = count;

	for (uint32_t i = 0; i < LIMIT_RELAY_CALLS; i++) {
		uint64_t id = atomic_load(&g->calls[i].id);
		uint32_t number = atomic_load(&g->calls[i].listener);
		if (id && number < count)
			let_pass(held[number].fd, id);
	}
	while (left && (poll(held, count, -1) > 0 || errno == EINTR))
		for (uint32_t i = 0; i < count; i++) {
			if (held[i].revents & POLLIN)
				let_next_pass(held[i].fd);
			if (held[i].revents & (POLLHUP | POLLERR | POLLNVAL)) {
				close(held[i].fd);
				held[i].fd = -1; /* poll() passes it over */
				left--;
			}
			held[i].revents = 0;
		}
}

/* One line that a process is not followed any longer: what is missing in the log has its reason there. */
static void say_so(const char *log)
{
	struct origin o = {
		.time_us = peer_clock(), .pid = getpid(), .exe = "orshim", .argv0 = ""
	};
	struct sink to;
	struct buf line;

	if (!log || !*log)
		return;
	buf_init(&line, LIMIT_LINE);
	sink_init_file(&to, log);
	if (record_not_preloaded(&line, &o,
				 "the relay was ended; connections after that were let pass") == 0)
		sink_write(&to, buf_slice(&line));
	sink_close(&to);
	buf_release(&line);
}

/* A byte after the listeners says that the relay ends as it should. */
__attribute__((noreturn)) static void be_guard(const struct guard *g, int from, const char *log,
					       const char *folder)
{
	struct pollfd held[LIMIT_RELAY_LISTENERS];
	uint32_t count = 0;
	char kind = 0;
	int fd;

	while (courier_receive(from, &kind, 1, &fd) == 1 && kind == 'L') {
		if (count < LIMIT_RELAY_LISTENERS && fd >= 0)
			held[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		kind = 0;
	}
	if (kind != 'E') {
		if (count)
			say_so(log);
		answer_for_relay(g, held, count);
		folder_clear(folder);
	}
	_exit(0);
}

/* No descriptor of others: who waits for their end must not wait for ours. FD's new number. */
static int keep_only(int fd)
{
	fd = dup2(fd, STDERR_FILENO + 1);
	direct_close_range((unsigned)fd + 1, ~0U);
	return fd;
}

bool guard_start(struct guard *g, const char *log, const char *folder)
{
	int pair[2];

	g->to = -1;
	g->calls = mmap(NULL, LIMIT_RELAY_CALLS * sizeof(*g->calls), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->calls == MAP_FAILED || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		g->calls = NULL;
		return false;
	}
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		be_guard(g, keep_only(pair[1]), log, folder);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return false;
	}
	g->to = pair[0];
	g->pid = pid;
	return true;
}

void guard_end(struct guard *g)
{
	if (g->to < 0)
		return;
	courier_send(g->to, "E", 1, -1);
	close(g->to);
	waitpid(g->pid, NULL, 0);
}

int guard_hold(struct guard *g, int listener)
{
	if (g->to < 0 || !courier_send(g->to, "L", 1, listener))
		return -1;
	return (int)g->handed++;
}

void guard_took(struct guard *g, uint32_t number, uint64_t id)
{
	for (uint32_t i = 0; g->calls && i < LIMIT_RELAY_CALLS; i++)
		if (!atomic_load(&g->calls[i].id)) {
			atomic_store(&g->calls[i].listener, number);
			atomic_store(&g->calls[i].id, id);
			return;
		}
}

void guard_answered(struct guard *g, uint64_t id)
{
	for (uint32_t i = 0; g->calls && i < LIMIT_RELAY_CALLS; i++)
		if (atomic_load(&g->calls[i].id) == id) {
			atomic_store(&g->calls[i].id, 0);
			return;
		}
}

/* SPDX-License-Identifier: MIT */
#include "tools/redirect/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/direct.h"
#include "tools/redirect/collector.h"
#include "tools/redirect/courier.h"
#include "tools/redirect/door.h"
#include "tools/redirect/folder.h"
#include "tools/redirect/links.h"
#include "tools/redirect/proxy.h"
#include "tools/redirect/run_relay.h"

enum { NEAR_WAITING = 1024, TURNS_AT_THE_END = 1000 };

/* One of the loopback sockets that tools are redirected to; without IPv6 there is one. */
static void open_near(struct relay *r, bool six)
{
	struct listener *n = &r->near[six];
	union address *a = &r->near_address[six];
	socklen_t size = six ? sizeof(a->v6) : sizeof(a->v4);

	memset(a, 0, sizeof(*a));
	a->any.sa_family = six ? AF_INET6 : AF_INET;
	if (six)
		a->v6.sin6_addr = in6addr_loopback;
	else
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*n = (struct listener){ .source = { .ready = link_accept }, .relay = r };
	n->source.fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (n->source.fd < 0)
		return;
	if (bind(n->source.fd, &a->any, size) != 0 || listen(n->source.fd, NEAR_WAITING) != 0 ||
	    getsockname(n->source.fd, &a->any, &size) != 0 ||
	    !loop_watch(r->loop, &n->source, EPOLLIN))
		loop_close(r->loop, &n->source);
}

/* Is a process left whose connections we are asked about? */
static bool has_filters(const struct relay *r)
{
	for (size_t i = 0; i < LIMIT_RELAY_LISTENERS; i++)
		if (r->listeners[i].source.fd >= 0)
			return true;
	return false;
}

/* Is a process left that needs us? */
static bool is_needed(struct relay *r)
{
	return has_filters(r) || proxy_is_known(r);
}

/* The sooner of both, in milliseconds; -1: never. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* How long to wait for news: a deadline, or until we ask again who is left. */
static int patience(struct relay *r)
{
	bool asks = r->ends && r->proxy.source.fd >= 0;

	return sooner(links_tick(r), asks ? PROXY_ASK_US / 1000 : -1);
}

/* To `orshim run`: whether we go on, how many processes were relayed, then what was passed by. */
static void report_back(struct relay *r)
{
	struct buf out;
	int failed;

	buf_init(&out, RELAY_REPORT);
	failed = buf_addf(&out, "%d %u %u %d %u\n", is_needed(r), r->relayed, r->filters,
			  r->privilege_lost, r->proxied);
	for (unsigned i = 0; i < r->passed_count && !failed; i++)
		failed = buf_addf(&out, "%s\t%s\t%s\t%s\n", r->passed[i].program, r->passed[i].host,
				  r->passed[i].note, r->passed[i].why);
	courier_send(r->control.source.fd, out.p, out.n, -1);
	buf_release(&out);
}

/* The tool has ended (a byte), or `orshim run` itself has. What is ready now is looked at first. */
static void on_control(struct source *s, uint32_t events)
{
	struct relay *r = ((struct listener *)s)->relay;
	char byte;

	(void)events;
	r->asked = courier_receive(s->fd, &byte, 1, NULL) == 1;
	r->settles = true;
	loop_watch(r->loop, s, 0);
}

/* All that the tool said before its end is in the log; then nobody waits for us any more. */
static void settle(struct relay *r)
{
	for (int i = 0; i < TURNS_AT_THE_END && loop_turn(r->loop, 0) > 0; i++)
		links_sweep(r);
	links_sweep(r);
	peers_tell(r);
	if (r->asked)
		report_back(r);
	loop_close(r->loop, &r->control.source);
	r->settles = false;
	r->ends = true;
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nowhere >= 0) /* who reads the tool's errors to their end need not wait for us */
		dup2(nowhere, STDERR_FILENO);
}

/* Whoever waits for the end of a pipe that `orshim run` was given must not wait for us. */
static void close_others(const struct relay_order *order)
{
	const int kept[] = { order->door, order->control, order->log_socket };
	int from = STDERR_FILENO + 1;

	for (;;) {
		int next = INT_MAX;
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (kept[i] >= from && kept[i] < next)
				next = kept[i];
		if (next > from)
			direct_close_range((unsigned)from, next == INT_MAX ? ~0U : (unsigned)next - 1);
		if (next == INT_MAX)
			return;
		from = next + 1;
	}
}

/* Nothing of the terminal reaches us, nobody waits for a descriptor of ours, nobody looks into us. */
static void withdraw(void)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "orshim-relay");
	signal(SIGPIPE, SIG_IGN);
	dup2(nowhere, STDIN_FILENO);
	dup2(nowhere, STDOUT_FILENO);
	close(nowhere);
}

static bool prepare(struct relay *r, const struct relay_order *order)
{
	struct slice wrong;

	r->run = order->run;
	r->strict = order->mode == RELAY_STRICT;
	snprintf(r->folder, sizeof(r->folder), "%s", order->folder);
	for (size_t i = 0; i < LIMIT_RELAY_LISTENERS; i++)
		r->listeners[i].source.fd = -1;
	guard_start(&r->guard, getenv("ORSHIM_LOG"), r->folder);
	r->loop = loop_open();
	hosts_init(&r->hosts, getenv("ORSHIM_HOSTS"), &wrong);
	user_proxies_read(r->proxies);
	gateways_read(&r->gateways, environ);
	r->proxy.source.fd = -1;
	trust_init(&r->trust, r->folder);
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	open_near(r, false);
	open_near(r, true);
	r->control = (struct listener){ { order->control, 0, on_control }, r, false, 0 };
	if (order->log_socket >= 0 && r->loop >= 0)
		r->collector = collector_start(r->loop, order->log_socket, getenv("ORSHIM_LOG"));
	r->door = (struct listener){ { order->door, 0, door_open }, r, false, 0 };
	return r->loop >= 0 && r->near[0].source.fd >= 0 &&
	       loop_watch(r->loop, &r->control.source, EPOLLIN) &&
	       loop_watch(r->loop, &r->door.source, EPOLLIN);
}

void relay_serve(const struct relay_order *order)
{
	struct relay *r = calloc(1, sizeof(*r));

	close_others(order);
	withdraw();
	if (!r || !prepare(r, order))
		_exit(1);
	while (!r->ends || is_needed(r)) {
		loop_turn(r->loop, patience(r));
		links_sweep(r);
		if (r->settles)
			settle(r);
	}
	peers_release(r);
	collector_end(r->collector);
	guard_end(&r->guard);
	trust_release(&r->trust);
	authority_release(&r->authority);
	folder_clear(r->folder);
	_exit(0);
}

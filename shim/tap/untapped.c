/* SPDX-License-Identifier: MIT */
#include "tap/untapped.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "tap/process.h"
#include "base/early.h"
#include "tap/environ.h"
#include "tap/hook_guard.h"
#include "tap/objects.h"
#include "tap/libraries.h"
#include "tap/own_pid.h"
#include "tap/tap.h"

enum { PORT_HTTPS = 443, UNDECIDED_US = 1000000 };

/*
 * When the first connection was made while the only TLS libraries are such as may be
 * seen or not: their first call decides it (scan_reached()). 0: none was.
 */
static _Atomic int64_t undecided_since EARLY;

/* The process that connected, with a library that is tapped; 0: none did. */
static atomic_int connected_by EARLY;

/* Libraries that are known by their file names alone. */
#define TLS_LIBRARY(name, file, first, second, how, driver)
#define TLS_UNTAPPED(name, file, why) \
	{ SLICE(file), { .library = name, .version = "", .reason = why } },
static const struct {
	struct slice file;
	struct tls_library library; /* without the object */
} by_file[] = {
#include "tap/find/tls_libraries.def"
};
#undef TLS_LIBRARY
#undef TLS_UNTAPPED

static const struct tls_library unknown = {
	.library = "unknown",
	.reason = "no TLS library that is known is loaded: it may be compiled into the program "
		  "(rustls, Go)",
};

static bool look_at(const struct object *o, void *arg)
{
	struct tls_library *found = arg;
	const char *slash = strrchr(o->name, '/');
	struct slice file = slice_of(slash ? slash + 1 : o->name);

	for (size_t i = 0; i < sizeof(by_file) / sizeof(by_file[0]); i++)
		if (slice_starts(file, by_file[i].file)) {
			*found = by_file[i].library;
			found->object = o->name;
			return true;
		}
	return false;
}

#define TLS_LIBRARY(name, file, first, second, how, driver) { SLICE(file), name },
#define TLS_UNTAPPED(name, file, why) { SLICE(file), name },
static const struct {
	struct slice file;
	const char *name;
} all_by_file[] = {
#include "tap/find/tls_libraries.def"
};
#undef TLS_LIBRARY
#undef TLS_UNTAPPED

struct elsewhere {
	const char *library; /* NULL: none was seen */
	char object[LIMIT_PATH];
};

static bool look_elsewhere(const char *path, void *arg)
{
	struct elsewhere *e = arg;
	const char *slash = strrchr(path, '/');
	struct slice file = slice_of(slash ? slash + 1 : path);

	for (size_t i = 0; i < sizeof(all_by_file) / sizeof(all_by_file[0]); i++)
		if (slice_starts(file, all_by_file[i].file)) {
			e->library = all_by_file[i].name;
			snprintf(e->object, sizeof(e->object), "%s", path);
			return true;
		}
	return false;
}

/*
 * The process has TLS libraries that are tapped, used none of them, and connected: if one
 * that cannot be tapped is there as well (mbedTLS in libgit2), it was that one.
 */
__attribute__((destructor)) static void report_used_instead(void)
{
	struct tls_library found = { .library = NULL };
	struct hook_guard g;
	int by = atomic_load(&connected_by);

	if (!by || by != own_pid() || tap_had_connections() || !environ_setting("ORSHIM_LOG") ||
	    !hook_enter(&g))
		return;
	objects_each(look_at, &found);
	if (found.library) {
		found.version = "";
		process_report_used_instead(&found, process_clock());
	}
	hook_leave(&g);
}

/* What dlmopen() loaded calls a connect() of its own, which we do not see: it is looked for at the end. */
__attribute__((destructor)) static void report_elsewhere(void)
{
	struct elsewhere e = { .library = NULL };
	struct hook_guard g;

	if (libraries_tapped_count() || !environ_setting("ORSHIM_LOG"))
		return;
	if (atomic_load(&undecided_since) && hook_enter(&g)) {
		process_report_if_untapped(process_clock());
		hook_leave(&g);
	}
	objects_elsewhere(look_elsewhere, &e);
	if (!e.library || !hook_enter(&g))
		return;
	const struct tls_library found = {
		.object = e.object,
		.library = e.library,
		.version = "",
		.reason = "dlmopen() loaded it into a namespace without the shim: `orshim relay` "
			  "gives a base URL",
	};
	process_report_untapped(&found, process_clock());
	hook_leave(&g);
}

static uint16_t port_of(const struct sockaddr *address, socklen_t n)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET && n >= sizeof(v4)) {
		memcpy(&v4, address, sizeof(v4));
		return ntohs(v4.sin_port);
	}
	if (address->sa_family == AF_INET6 && n >= sizeof(v6)) {
		memcpy(&v6, address, sizeof(v6));
		return ntohs(v6.sin6_port);
	}
	return 0;
}

bool untapped_is_stream(int fd)
{
	socklen_t n = sizeof(int);
	int type = 0;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM;
}

bool untapped_is_undecided(void)
{
	int64_t now = process_clock(), none = 0;

	if (!libraries_unreached_count() || libraries_unreached_count() != libraries_count())
		return false;
	atomic_compare_exchange_strong(&undecided_since, &none, now);
	return now - atomic_load(&undecided_since) < UNDECIDED_US;
}

/* One of its libraries has a TLS of its own, which is not tapped. */
static bool has_unseen_addon(void)
{
	return libraries_count() > libraries_tapped_count() + libraries_unreached_count();
}

void untapped_connected(int fd, const struct sockaddr *address, socklen_t n)
{
	uint16_t port = port_of(address, n);
	struct tls_library found = unknown;

	if (port == 0 ||
	    (libraries_tapped_count() && tap_had_connections() && !has_unseen_addon()) ||
	    (port != PORT_HTTPS &&
	     (!environ_setting("ORSHIM_HOSTS") || !process_watches_port(port))) ||
	    !untapped_is_stream(fd))
		return;
	if (libraries_tapped_count()) {
		atomic_store(&connected_by, own_pid());
		if (has_unseen_addon())
			process_report(process_clock());
		return;
	}
	if (untapped_is_undecided())
		return;
	objects_each(look_at, &found);
	found.version = "";
	process_report_if_untapped(process_clock());
	process_report_untapped(&found, process_clock());
}

/* SPDX-License-Identifier: MIT */
#include "tap/process.h"

#include <stdatomic.h>
#include <time.h>

#include "base/direct.h"
#include "base/early.h"
#include "base/glibc.h"
#include "observe.h"
#include "tap/environ.h"
#include "tap/found_file.h"
#include "tap/own_pid.h"

/* Guarded by `lock`. */
static struct {
	pthread_mutex_t lock;
	bool ready;
	struct observer observer;
	char exe[LIMIT_PATH];
	struct tls_library libraries[LIMIT_TLS_LIBRARIES];
	_Atomic size_t library_count; /* these two are also read without the lock */
	_Atomic size_t libraries_reported;
	int untapped_reported_by; /* the process that reported it already */
	int pid; /* the process that found its TLS libraries; a vfork child has another pid */
} process = { .lock = PTHREAD_MUTEX_INITIALIZER };
static const char *argv_0 EARLY;
static char argv_0_room[256] EARLY; /* what is usual: in most processes nothing else is allocated */
static const char *role EARLY;

/* By enum tap_kind. */
static const char *const ways[] = { "not tapped", "tapped by its method tables",
				    "tapped by exported functions" };

int64_t process_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Copied: a program that renames its process (Chromium) writes all its arguments into argv[0]. */
void process_start(const char *argv0, const char *role_of_process)
{
	size_t size = argv0 ? strlen(argv0) + 1 : 0;

	role = role_of_process;
	if (size > sizeof(argv_0_room))
		argv_0 = strdup(argv0);
	else if (size)
		argv_0 = memcpy(argv_0_room, argv0, size);
	sink_remember_stderr();
}

void process_lock(void)
{
	pthread_mutex_lock(&process.lock);
}

bool process_try_lock(void)
{
	return libc_trylock(&process.lock) == 0;
}

void process_unlock(void)
{
	pthread_mutex_unlock(&process.lock);
}

static void init_origin(struct origin *o)
{
	ssize_t n = direct_readlink("/proc/self/exe", process.exe, sizeof(process.exe) - 1);

	process.exe[n > 0 ? n : 0] = '\0';
	const char *slash = strrchr(process.exe, '/');
	o->exe = process.exe;
	o->tool = slash ? slash + 1 : process.exe;
	o->argv0 = argv_0 ? argv_0 : "";
	o->role = role;
}

/* A pid of another process shows a fork that called no handlers (clone(2)). */
static struct observer *observer(void)
{
	struct observer *o = &process.observer;
	int pid = own_pid();

	if (!process.ready) {
		observer_init(o, environ_setting);
		o->environment = environ_now;
		o->found = found_file_read;
		init_origin(&o->origin);
		process.ready = true;
	} else if (o->origin.pid == pid) {
		return o;
	} else {
		sink_after_fork(&o->log);
		sink_after_fork(&o->text);
		o->log.lost = 0;
		o->loss_reported = false;
	}
	o->origin.pid = pid;
	o->origin.ppid = getppid();
	process.libraries_reported = 0;
	return o;
}

struct wire_limits process_limits(void)
{
	process_lock();
	struct wire_limits limits = { .body_max = observer()->settings.body_max };
	process_unlock();
	return limits;
}

static void report_process(struct observer *o, int64_t now_us)
{
	if (process.libraries_reported == process.library_count)
		return;
	process.libraries_reported = process.library_count;
	observer_report_process(o, process.libraries, process.library_count, now_us);
}

/* Most pieces of an exchange complete no event: they need no lock. */
static bool is_idle(const struct entry *e)
{
	return !connection_has_events(e->connection) && !connection_is_stopped(e->connection) &&
	       atomic_load_explicit(&process.libraries_reported, memory_order_relaxed) ==
		   atomic_load_explicit(&process.library_count, memory_order_relaxed);
}

void process_drain(struct entry *e, int64_t now_us)
{
	if (is_idle(e))
		return;
	process_lock();
	struct observer *o = observer();
	report_process(o, now_us);
	observer_take(o, e->connection, e->number, now_us);
	process_unlock();
	if (connection_is_stopped(e->connection))
		table_drop(e);
}

/* A fork() may interrupt the thread that reports a library; its child then reports it again. */
static bool knows(const char *object)
{
	for (size_t i = 0; object[0] && i < process.library_count; i++)
		if (process.libraries[i].object == object)
			return true;
	return false;
}

void process_add_library(const struct tls_library *library)
{
	process_lock();
	process.pid = getpid();
	if (process.library_count < LIMIT_TLS_LIBRARIES && !knows(library->object))
		process.libraries[process.library_count++] = *library;
	process_unlock();
}

void process_remove_library(const char *object)
{
	process_lock();
	for (size_t i = 0; i < process.library_count; i++)
		if (process.libraries[i].object == object) {
			process.libraries[i] = process.libraries[--process.library_count];
			if (process.libraries_reported > process.library_count)
				process.libraries_reported = process.library_count;
		}
	process_unlock();
}

void process_report(int64_t now_us)
{
	process_lock();
	report_process(observer(), now_us);
	process_unlock();
}

void process_report_if_untapped(int64_t now_us)
{
	process_lock();
	bool tapped = !process.library_count;
	for (size_t i = 0; i < process.library_count; i++)
		tapped |= process.libraries[i].tap != TAP_NONE;
	if (!tapped)
		report_process(observer(), now_us);
	process_unlock();
}

/* BESIDE_TAPPED: there may be other libraries, none of which has been reported. */
static void report_other(const struct tls_library *untapped, bool beside_tapped, int64_t now_us)
{
	process_lock();
	struct observer *o = observer();
	struct tls_library copy = *untapped;
	size_t known = beside_tapped ? process.libraries_reported : process.library_count;
	if (!copy.object)
		copy.object = o->origin.exe;
	if (!known && process.untapped_reported_by != o->origin.pid) {
		process.untapped_reported_by = o->origin.pid;
		observer_report_process(o, &copy, 1, now_us);
	}
	process_unlock();
}

void process_report_untapped(const struct tls_library *untapped, int64_t now_us)
{
	report_other(untapped, false, now_us);
}

void process_report_used_instead(const struct tls_library *untapped, int64_t now_us)
{
	report_other(untapped, true, now_us);
}

bool process_watches_host(struct slice host)
{
	process_lock();
	bool watched = observer_watches(observer(), host);
	process_unlock();
	return watched;
}

bool process_watches_port(uint16_t port)
{
	bool watched = false;

	process_lock();
	const struct host_list *hosts = &observer()->judge.hosts;
	for (size_t i = 0; i < hosts->count; i++)
		watched |= hosts->entries[i].port == port;
	process_unlock();
	return watched;
}

void process_debug_library(const struct tls_library *library)
{
	const char *wanted = environ_setting("ORSHIM_DEBUG");
	struct sink to;
	struct buf line;

	if (!wanted || strcmp(wanted, "1") != 0)
		return;
	sink_init_stderr(&to);
	buf_init(&line, LIMIT_BLOCK);
	if (buf_addf(&line, "orshim[%d]: %s: %s %s, %s%s%s\n", getpid(), library->object,
		     library->library, library->version, ways[library->tap],
		     library->reason ? ": " : "", library->reason ? library->reason : "") == 0)
		sink_write(&to, buf_slice(&line));
	buf_release(&line);
}

/* Not in a vfork child: it shares our memory but not our descriptors. */
void process_enter_sandbox(void)
{
	process_lock();
	if (process.library_count && process.pid == getpid()) {
		struct observer *o = observer();
		observer_refresh_environment(o);
		environ_stop();
		observer_lock_in(o);
	}
	process_unlock();
}

void process_disable(void)
{
	process_lock();
	if (process.ready) {
		observer_report_losses(&process.observer);
		observer_release(&process.observer);
	}
	process.ready = false;
	process_unlock();
}

int process_enable(struct slice given)
{
	process_lock();
	if (process.ready)
		observer_release(&process.observer);
	process.ready = false;
	int failed = environ_take_settings(given);
	process_unlock();
	return failed;
}

/* `orshim attach` looks for this record: it shows how the process is observed. */
void process_announce(char *log, size_t size)
{
	process_lock();
	struct observer *o = observer();
	struct tls_library none = { .object = o->origin.exe,
				    .library = "unknown",
				    .version = "",
				    .reason = "no TLS library that is known is loaded yet" };

	if (process.library_count)
		report_process(o, process_clock());
	else
		observer_report_process(o, &none, 1, process_clock());
	snprintf(log, size, "%s", o->log.name ? o->log.name : "");
	process_unlock();
}

void process_describe(char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	process_lock();
	for (size_t i = 0; i < process.library_count && n < size; i++) {
		const struct tls_library *c = &process.libraries[i];
		int put =
		    snprintf(out + n, size - n, "%s%s %s in %s: %s%s%s%s", i ? "\n" : "",
			     c->library, c->version, c->object, ways[c->tap], c->reason ? " (" : "",
			     c->reason ? c->reason : "", c->reason ? ")" : "");
		n += put > 0 ? (size_t)put : 0;
	}
	process_unlock();
}

void process_finish(void)
{
	if (!process_try_lock())
		return;
	if (process.ready)
		observer_report_losses(&process.observer);
	process_unlock();
}

void process_after_fork(void)
{
	process.pid = getpid();
	if (process.ready)
		observer();
}

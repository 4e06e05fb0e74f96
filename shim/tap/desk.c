/* SPDX-License-Identifier: MIT */
#include "tap/desk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/direct.h"
#include "base/early.h"
#include "observe.h"
#include "tap/environ.h"
#include "tap/handed.h"
#include "tap/own_pid.h"

/* Guarded by `lock`. */
static struct {
	pthread_mutex_t lock;
	bool ready;
	struct observer observer;
	char exe[LIMIT_PATH];
	struct tls_copy copies[LIMIT_COPIES];
	_Atomic size_t copy_count; /* these two are looked at without the lock, too */
	_Atomic size_t copies_told;
	int unseen_told; /* the process that said so already */
	int pid;         /* the process that found its copies; a vfork child has another */
} desk = { .lock = PTHREAD_MUTEX_INITIALIZER };
static const char *argv_0 EARLY;
static char argv_0_room[256] EARLY; /* what is usual: in most processes nothing else is allocated */
static const char *role EARLY;

/* By enum tap_kind. */
static const char *const ways[] = { "not tapped", "tapped by its method tables",
				    "tapped by exported functions" };

int64_t desk_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Copied: who renames its process (Chromium) writes all its arguments into argv[0]. */
void desk_start(const char *argv0, const char *role_of_process)
{
	size_t size = argv0 ? strlen(argv0) + 1 : 0;

	role = role_of_process;
	if (size > sizeof(argv_0_room))
		argv_0 = strdup(argv0);
	else if (size)
		argv_0 = memcpy(argv_0_room, argv0, size);
	sink_remember_stderr();
}

void desk_lock(void)
{
	pthread_mutex_lock(&desk.lock);
}

bool desk_try_lock(void)
{
	return pthread_mutex_trylock(&desk.lock) == 0;
}

void desk_unlock(void)
{
	pthread_mutex_unlock(&desk.lock);
}

static void learn_who_we_are(struct origin *o)
{
	ssize_t n = direct_readlink("/proc/self/exe", desk.exe, sizeof(desk.exe) - 1);

	desk.exe[n > 0 ? n : 0] = '\0';
	const char *slash = strrchr(desk.exe, '/');
	o->exe = desk.exe;
	o->tool = slash ? slash + 1 : desk.exe;
	o->argv0 = argv_0 ? argv_0 : "";
	o->role = role;
}

/* A pid of another process shows a fork that called no handlers (clone(2)). */
static struct observer *observer(void)
{
	struct observer *o = &desk.observer;
	int pid = own_pid();

	if (!desk.ready) {
		observer_init(o, environ_setting);
		o->environment = environ_now;
		o->found = handed_found;
		learn_who_we_are(&o->origin);
		desk.ready = true;
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
	desk.copies_told = 0;
	return o;
}

struct wire_limits desk_limits(void)
{
	desk_lock();
	struct wire_limits limits = { .body_max = observer()->settings.body_max };
	desk_unlock();
	return limits;
}

static void tell_process(struct observer *o, int64_t now_us)
{
	if (desk.copies_told == desk.copy_count)
		return;
	desk.copies_told = desk.copy_count;
	observer_report_process(o, desk.copies, desk.copy_count, now_us);
}

/* Most pieces of an exchange bring no news: they need no lock. */
static bool is_idle(const struct entry *e)
{
	return !connection_has_events(e->connection) && !connection_is_stopped(e->connection) &&
	       atomic_load_explicit(&desk.copies_told, memory_order_relaxed) ==
		   atomic_load_explicit(&desk.copy_count, memory_order_relaxed);
}

void desk_take(struct entry *e, int64_t now_us)
{
	if (is_idle(e))
		return;
	desk_lock();
	struct observer *o = observer();
	tell_process(o, now_us);
	observer_take(o, e->connection, e->number, now_us);
	desk_unlock();
	if (connection_is_stopped(e->connection))
		table_drop(e);
}

/* The child of a fork() that met the one who told us in the middle tells us again. */
static bool knows(const char *object)
{
	for (size_t i = 0; object[0] && i < desk.copy_count; i++)
		if (desk.copies[i].object == object)
			return true;
	return false;
}

void desk_found(const struct tls_copy *copy)
{
	desk_lock();
	desk.pid = getpid();
	if (desk.copy_count < LIMIT_COPIES && !knows(copy->object))
		desk.copies[desk.copy_count++] = *copy;
	desk_unlock();
}

void desk_forget_copy(const char *object)
{
	desk_lock();
	for (size_t i = 0; i < desk.copy_count; i++)
		if (desk.copies[i].object == object) {
			desk.copies[i] = desk.copies[--desk.copy_count];
			if (desk.copies_told > desk.copy_count)
				desk.copies_told = desk.copy_count;
		}
	desk_unlock();
}

void desk_tell_copies(int64_t now_us)
{
	desk_lock();
	tell_process(observer(), now_us);
	desk_unlock();
}

void desk_tell_untapped(int64_t now_us)
{
	desk_lock();
	bool tapped = !desk.copy_count;
	for (size_t i = 0; i < desk.copy_count; i++)
		tapped |= desk.copies[i].tap != TAP_NONE;
	if (!tapped)
		tell_process(observer(), now_us);
	desk_unlock();
}

void desk_tell_unseen(const struct tls_copy *unseen, int64_t now_us)
{
	desk_lock();
	struct observer *o = observer();
	struct tls_copy copy = *unseen;
	if (!copy.object)
		copy.object = o->origin.exe;
	if (!desk.copy_count && desk.unseen_told != o->origin.pid) {
		desk.unseen_told = o->origin.pid;
		observer_report_process(o, &copy, 1, now_us);
	}
	desk_unlock();
}

bool desk_watches_host(struct slice host)
{
	desk_lock();
	bool watched = observer_watches(observer(), host);
	desk_unlock();
	return watched;
}

bool desk_watches(uint16_t port)
{
	bool watched = false;

	desk_lock();
	const struct host_list *hosts = &observer()->judge.hosts;
	for (size_t i = 0; i < hosts->count; i++)
		watched |= hosts->entries[i].port == port;
	desk_unlock();
	return watched;
}

void desk_say(const struct tls_copy *copy)
{
	const char *wanted = environ_setting("ORSHIM_DEBUG");
	struct sink to;
	struct buf line;

	if (!wanted || strcmp(wanted, "1") != 0)
		return;
	sink_init_stderr(&to);
	buf_init(&line, LIMIT_BLOCK);
	if (buf_addf(&line, "orshim[%d]: %s: %s %s, %s%s%s\n", getpid(), copy->object,
		     copy->library, copy->version, ways[copy->tap], copy->reason ? ": " : "",
		     copy->reason ? copy->reason : "") == 0)
		sink_write(&to, buf_slice(&line));
	buf_release(&line);
}

/* Not in a vfork child: it shares our memory but not our descriptors. */
void desk_lock_in(void)
{
	desk_lock();
	if (desk.copy_count && desk.pid == getpid()) {
		struct observer *o = observer();
		observer_refresh_environment(o);
		environ_stop();
		observer_lock_in(o);
	}
	desk_unlock();
}

void desk_rest(void)
{
	desk_lock();
	if (desk.ready) {
		observer_report_losses(&desk.observer);
		observer_release(&desk.observer);
	}
	desk.ready = false;
	desk_unlock();
}

int desk_wake(struct slice given)
{
	desk_lock();
	if (desk.ready)
		observer_release(&desk.observer);
	desk.ready = false;
	int failed = environ_take_settings(given);
	desk_unlock();
	return failed;
}

/* Who attaches looks for the record: it says how the process is observed. */
void desk_announce(char *log, size_t size)
{
	desk_lock();
	struct observer *o = observer();
	struct tls_copy none = { .object = o->origin.exe,
				 .library = "unknown",
				 .version = "",
				 .reason = "no TLS library that is known is loaded yet" };

	if (desk.copy_count)
		tell_process(o, desk_clock());
	else
		observer_report_process(o, &none, 1, desk_clock());
	snprintf(log, size, "%s", o->log.name ? o->log.name : "");
	desk_unlock();
}

void desk_describe(char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	desk_lock();
	for (size_t i = 0; i < desk.copy_count && n < size; i++) {
		const struct tls_copy *c = &desk.copies[i];
		int put =
		    snprintf(out + n, size - n, "%s%s %s in %s: %s%s%s%s", i ? "\n" : "",
			     c->library, c->version, c->object, ways[c->tap], c->reason ? " (" : "",
			     c->reason ? c->reason : "", c->reason ? ")" : "");
		n += put > 0 ? (size_t)put : 0;
	}
	desk_unlock();
}

void desk_finish(void)
{
	if (!desk_try_lock())
		return;
	if (desk.ready)
		observer_report_losses(&desk.observer);
	desk_unlock();
}

void desk_after_fork(void)
{
	desk.pid = getpid();
	if (desk.ready)
		observer();
}

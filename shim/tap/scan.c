/* SPDX-License-Identifier: MIT */
#include "tap/scan.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/early.h"
#include "tap/boringssl.h"
#include "tap/caller.h"
#include "tap/environ.h"
#include "tap/embedded_tls.h"
#include "tap/libraries.h"
#include "tap/loader.h"
#include "tap/method_table.h"
#include "tap/own_lock.h"
#include "tap/own_pid.h"
#include "tap/hook_guard.h"
#include "tap/process.h"

struct candidates {
	struct object at[LIMIT_TLS_LIBRARIES];
	size_t count;
	bool all; /* not the executable alone */
};

/*
 * Guarded by `lock`. A constructor that runs inside dlopen() has the loader's lock,
 * and a scan needs the loader's lock while it has ours: so a thread does not wait
 * long for one that is `at_loader`. A thread that gives up sets `missed`.
 */
static struct own_lock lock EARLY;
static atomic_bool at_loader EARLY;
static atomic_bool missed EARLY;
static _Thread_local bool locked_for_fork; /* by this thread */

/* Objects that were searched, whatever was found; the oldest is forgotten first. */
static struct {
	struct span span;
	const char *name; /* the loader's: only compared */
} searched[LIMIT_SEARCHED];
static size_t searched_count EARLY;
static atomic_bool closed EARLY; /* no file may be opened any more */

/* objects_changes() before the last scan of all exports, and before the last full search. */
static _Atomic unsigned long long scanned_at EARLY;
static _Atomic unsigned long long searched_at EARLY;

/* A function of a library that nobody is linked with, whose call came by way of ours; 0: none did. */
static _Atomic uintptr_t reached_at;

static bool attached_late;

#define TLS_LIBRARY(name, file, first, second, how, driver) { { first, second }, &driver },
#define TLS_UNTAPPED(name, file, reason)
static const struct {
	const char *marks[2]; /* exported, both */
	const struct tls_driver *driver;
} known[] = {
#include "tap/find/tls_libraries.def"
};
#undef TLS_LIBRARY
#undef TLS_UNTAPPED

/* The driver of the TLS library that O exports; NULL: it exports none. */
static const struct tls_driver *driver_of(const struct object *o)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (object_symbol(o, known[i].marks[0]) && object_symbol(o, known[i].marks[1]))
			return known[i].driver;
	return NULL;
}

static bool collect(const struct object *o, void *arg)
{
	struct candidates *c = arg;
	const struct library *known_as = libraries_count() ? libraries_at(o) : NULL;

	if (driver_of(o) || (known_as && known_as->found.library != FIND_NOTHING))
		c->at[c->count++] = *o;
	return c->count == LIMIT_TLS_LIBRARIES;
}

static bool was_searched(const struct object *o)
{
	struct span span = object_span(o);

	for (size_t i = 0; i < LIMIT_SEARCHED && i < searched_count; i++)
		if (searched[i].name == o->name && searched[i].span.low == span.low &&
		    searched[i].span.high == span.high)
			return true;
	return false;
}

static bool collect_unsearched(const struct object *o, void *arg)
{
	struct candidates *c = arg;

	if ((o->name[0] && !c->all) || was_searched(o) || libraries_at(o))
		return false;
	if (embedded_tls_is_possible(o) && !driver_of(o))
		c->at[c->count++] = *o;
	return c->count == LIMIT_TLS_LIBRARIES;
}

static void *pin(const struct object *o)
{
	void *handle = NULL;

	atomic_store(&at_loader, true);
	if (o->name[0])
		handle = loader_pin(o->name);
	atomic_store(&at_loader, false);
	return handle;
}

static void unpin(void *handle)
{
	atomic_store(&at_loader, true);
	loader_unpin(handle);
	atomic_store(&at_loader, false);
}

static const char *path_of(const struct object *o)
{
	char path[LIMIT_PATH];
	ssize_t n;

	if (o->name[0])
		return strdup(o->name);
	n = direct_readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strdup(path);
}

/*
 * Can our exported functions see its calls? Not where the program itself exports
 * them: it calls them directly and comes before us in the search order. Nor when we
 * were loaded late: then no search reaches us.
 */
static bool may_be_interposed(const struct object *o)
{
	return o->name[0] != '\0' && !attached_late;
}

struct import {
	const char *name;
	bool found;
};

static bool find_import(const struct object *o, void *arg)
{
	struct import *i = arg;

	i->found |= object_imports(o, i->name);
	return i->found;
}

/*
 * Only its exported functions can be tapped, and nobody is linked with them: dlsym()
 * gives them. Asked with RTLD_DEFAULT it gives ours, which the first call shows.
 */
static bool is_called_by_pointers(const struct object *o)
{
	const struct tls_driver *driver = driver_of(o);
	const struct span span = object_span(o);
	const uintptr_t at = atomic_load(&reached_at);

	if (at >= span.low && at < span.high)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].driver == driver && !driver->tap) {
			struct import first_call = { .name = known[i].marks[1] };
			objects_each(find_import, &first_call);
			return !first_call.found;
		}
	return false;
}

static const char by_pointers[] =
    "its functions are called by pointers of dlsym(), which lead past the shim: orshim relay "
    "gives a base URL";

static const char *why_no_table(const struct object *o)
{
	if (o->name[0] && attached_late)
		return "only its exported functions could be tapped, and for that the shim must "
		       "be there from the start: orshim run";
	if (!may_be_interposed(o))
		return "its program calls its functions directly";
	if (is_called_by_pointers(o))
		return by_pointers;
	return NULL;
}

/* Put the stubs of set I into the tables of library C. NULL, or why not. */
static const char *tap_tables(const struct library *c, const struct tls_object *l, size_t i)
{
	struct method_recipe recipe;

	switch (c->found.library) {
	case FIND_BORINGSSL:
		return boringssl_tap(c->found.at[0], i);
	case FIND_OPENSSL:
		recipe = (struct method_recipe){
			.object = l->object,
			.client = (void **)(uintptr_t)c->found.at[0],
			.server = (void **)(uintptr_t)c->found.at[1],
		};
		return method_table_tap(&recipe, i);
	case FIND_RUSTLS:
		return c->found.reason;
	case FIND_NOTHING:
		break;
	}
	return c->driver->tap ? c->driver->tap(l, i) : why_no_table(l->object);
}

static bool is_tapped(const struct object *o, size_t i)
{
	const struct find *found = &libraries_slot(i)->found;

	return found->library == FIND_BORINGSSL
		   ? boringssl_is_tapped(found->at[0], i)
		   : method_table_is_tapped(o, (void **)(uintptr_t)found->at[0]);
}

static const char *const embedded_libraries[] = {
	[FIND_BORINGSSL] = "BoringSSL",
	[FIND_OPENSSL] = "OpenSSL",
	[FIND_RUSTLS] = "rustls",
};

/* Name, version and tap of C, which is at L; GETTERS of its driver. */
static void tap_exported(struct library *c, const struct tls_object *l, size_t i, void *getters)
{
	atomic_store(&at_loader, true);
	c->info.library = c->driver->describe(l, c->version, getters);
	c->info.reason = tap_tables(c, l, i);
	atomic_store(&at_loader, false);
	if (c->driver->tap && !c->info.reason)
		c->info.tap = TAP_METHOD_TABLE;
	else
		c->info.tap = !why_no_table(l->object) ? TAP_INTERPOSED : TAP_NONE;
	c->may_be_reached = c->info.reason == by_pointers;
}

static void tap_embedded(struct library *c, const struct tls_object *l, size_t i)
{
	c->info.library = embedded_libraries[c->found.library];
	c->info.reason = c->found.reason ? c->found.reason : tap_tables(c, l, i);
	c->info.tap = c->info.reason ? TAP_NONE : TAP_METHOD_TABLE;
}

/* It is listed in the record of the process; under ORSHIM_DEBUG it is written at once. */
static void report(struct library *c)
{
	process_add_library(&c->info);
	process_debug_library(&c->info);
	atomic_store(&c->stage, LIBRARY_REPORTED);
}

/* Add L to a free slot, if there is one. FOUND: what it embeds; NULL: it exports its functions. */
static void add_library(const struct tls_object *l, const struct find *found)
{
	char getters[TLS_GETTERS_SIZE] = { 0 };
	size_t i = libraries_free_slot();

	if (i == LIMIT_TLS_LIBRARIES)
		return;
	struct library *c = libraries_slot(i);
	method_table_forget(i);
	*c = (struct library){ .span = object_span(l->object), .seen = true };
	if (found) {
		c->found = *found;
		tap_embedded(c, l, i);
	} else {
		c->driver = driver_of(l->object);
		tap_exported(c, l, i, getters);
	}
	if (c->info.tap != TAP_NONE)
		libraries_publish(i, getters);
	const char *version = strdup(c->version);
	const char *object = path_of(l->object);
	c->info.version = version ? version : "";
	c->info.object = object ? object : "";
	atomic_store(&c->stage, LIBRARY_ADDED);
	libraries_recount();
	report(c);
}

static void remove_library(size_t i)
{
	struct library *c = libraries_slot(i);

	for (size_t k = 0; k < LIMIT_SEARCHED; k++)
		if (searched[k].span.low == c->span.low)
			searched[k].name = NULL;
	process_remove_library(c->info.object);
	libraries_clear(i);
	libraries_recount();
}

/*
 * Is O known? Unloaded and loaded again at the same place, it has lost our stubs. Where it
 * was called by pointers alone, something that is linked with it may be here by now.
 */
static bool is_known(const struct object *o)
{
	struct library *c = libraries_at(o);

	if (c && c->info.tap == TAP_NONE && c->driver && !c->driver->tap)
		c->seen = why_no_table(o) != NULL;
	else if (c)
		c->seen = c->info.tap != TAP_METHOD_TABLE ||
			  is_tapped(o, (size_t)(c - libraries_slot(0)));
	return c && c->seen;
}

static void update_libraries(const struct candidates *found)
{
	bool is_old[LIMIT_TLS_LIBRARIES] = { false };

	if (!found->count && !libraries_count())
		return;
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		libraries_slot(i)->seen = false;
	for (size_t i = 0; i < found->count; i++)
		is_old[i] = is_known(&found->at[i]);
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		if (libraries_slot(i)->span.high && !libraries_slot(i)->seen)
			remove_library(i);
	for (size_t i = 0; i < found->count; i++)
		if (!is_old[i] && driver_of(&found->at[i])) {
			struct tls_object l = { &found->at[i], pin(&found->at[i]) };
			add_library(&l, NULL);
			unpin(l.handle);
		}
}

/*
 * Search O for an embedded library. If it cannot be pinned it may be unloaded
 * under us. It is marked as searched only at the end: a fork() of another thread
 * may leave its child with half of a search.
 */
static void search(const struct object *o)
{
	struct tls_object l = { o, pin(o) };
	struct find found = { .library = FIND_NOTHING };
	size_t i = searched_count++ % LIMIT_SEARCHED;

	if (l.handle || !o->name[0])
		embedded_tls_find(o, environ_setting, &found);
	if (found.library != FIND_NOTHING)
		add_library(&l, &found);
	searched[i].span = object_span(o);
	searched[i].name = o->name;
	unpin(l.handle);
}

static bool jumps(const struct object *o, void *arg)
{
	(void)arg;
	if (!object_imports(o, "siglongjmp") && !object_imports(o, "longjmp") &&
	    !object_imports(o, "__longjmp_chk"))
		return false;
	hook_guard_block_signals();
	return true;
}

/* After a fork() in the middle of a scan: remove a library that is half added. */
static void repair_after_fork(void)
{
	atomic_store(&at_loader, false);
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++) {
		struct library *c = libraries_slot(i);
		if (!c->span.high || atomic_load(&c->stage) != LIBRARY_ADDING)
			continue;
		if (c->found.library == FIND_BORINGSSL && c->found.at[0])
			boringssl_untap(c->found.at[0], i);
		else
			method_table_untap(i);
		libraries_clear(i);
	}
	libraries_recount();
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++) {
		struct library *c = libraries_slot(i);
		if (c->span.high && atomic_load(&c->stage) == LIBRARY_ADDED)
			report(c);
	}
}

static bool try_lock(void)
{
	switch (own_lock_try(&lock)) {
	case OWN_LOCK_BUSY:
		return false;
	case OWN_LOCK_LEFT:
		repair_after_fork();
		break;
	case OWN_LOCK_TAKEN:
		break;
	}
	return true;
}

static int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Wait for the lock MOST_US at most, or LOADER_US while its owner is at the loader. */
static bool lock_within(int64_t most_us, int64_t loader_us)
{
	static const struct { /* the kernel's, in which time_t has 64 bits */
		int64_t s, ns;
	} step = { 0, 200000 };
	int64_t began, at_work;
	int saved = errno;

	if (try_lock())
		return true;
	began = at_work = clock_us();
	for (;;) {
		syscall(SYS_nanosleep, &step, NULL); /* libc's ends a thread that is cancelled */
		errno = saved;
		if (try_lock())
			return true;
		int64_t now = clock_us();
		if (!atomic_load(&at_loader))
			at_work = now;
		if (now - began > most_us || now - at_work > loader_us)
			return false;
	}
}

static void unlock(void)
{
	own_lock_release(&lock);
}

static bool has_changed(const _Atomic unsigned long long *seen)
{
	return atomic_load_explicit(seen, memory_order_relaxed) != objects_changes();
}

static void scan_exports(void)
{
	struct candidates found;

	while (has_changed(&scanned_at)) {
		unsigned long long now = objects_changes();
		found.count = 0;
		objects_each(collect, &found);
		update_libraries(&found);
		if (libraries_count())
			objects_each(jumps, NULL);
		caller_forget_all();
		atomic_store(&scanned_at, now);
	}
}

bool scan_has_news(void)
{
	return !atomic_load(&closed) && has_changed(&searched_at);
}

/* In batches; no more than `searched` remembers, or the search would never end. */
static void search_unsearched(struct candidates *found)
{
	for (size_t left = LIMIT_SEARCHED / LIMIT_TLS_LIBRARIES; left; left--) {
		found->count = 0;
		objects_each(collect_unsearched, found);
		for (size_t i = 0; i < found->count; i++)
			search(&found->at[i]);
		if (found->count)
			caller_forget_all();
		if (found->count < LIMIT_TLS_LIBRARIES)
			return;
	}
}

static void search_objects(void)
{
	struct candidates found = { .all = true };

	while (scan_has_news()) {
		unsigned long long now = objects_changes();
		search_unsearched(&found);
		atomic_store(&searched_at, now);
	}
}

/* Is there anything left to search, or a thread that searches and is waited for? */
static bool has_news(bool inside)
{
	return has_changed(&scanned_at) || (inside && scan_has_news());
}

/*
 * Whatever another thread loaded while we had the lock is looked at as well,
 * before we return: it may have given up waiting, and may never call again.
 */
static void scan(bool inside)
{
	while (has_news(inside) || atomic_load(&missed)) {
		if (!lock_within(LIMIT_SCAN_WAIT_US, LIMIT_LOADER_WAIT_US)) {
			atomic_store(&missed, true);
			if (!try_lock()) /* its owner passes here before it returns */
				return;
		}
		inside |= atomic_exchange(&missed, false);
		scan_exports();
		if (inside)
			search_objects();
		unlock();
	}
}

void scan_objects(void)
{
	scan(false);
}

void scan_reached(const void *function)
{
	if (!libraries_unreached_count())
		return;
	atomic_store(&reached_at, (uintptr_t)function);
	atomic_store(&scanned_at, ~0ULL); /* no count of objects_changes() */
	scan_objects();
}

void scan_embedded(bool all)
{
	struct candidates found = { .all = false };

	if (all) {
		scan(true);
		return;
	}
	if (atomic_load(&closed) || !try_lock())
		return;
	search_unsearched(&found);
	unlock();
}

/* Not in a vfork child: it shares our memory, but its filters do not bind this process. */
void scan_before_sandbox(void)
{
	if (own_pid() != getpid())
		return;
	scan_embedded(true);
	atomic_store(&closed, true);
}

/* VISIT each library that is tapped by its tables and still there, with its slot. */
static void each_by_table(void (*visit)(const struct tls_object *l, size_t i))
{
	struct candidates found = { .count = 0 };

	objects_each(collect, &found);
	for (size_t k = 0; k < found.count; k++) {
		const struct library *c = libraries_at(&found.at[k]);
		if (c && c->info.tap == TAP_METHOD_TABLE) {
			struct tls_object l = { &found.at[k], pin(&found.at[k]) };
			visit(&l, (size_t)(c - libraries_slot(0)));
			unpin(l.handle);
		}
	}
}

static void disable_one(const struct tls_object *l, size_t i)
{
	const struct find *found = &libraries_slot(i)->found;

	if (found->library == FIND_BORINGSSL)
		boringssl_untap(found->at[0], i);
	else if (is_tapped(l->object, i))
		method_table_untap(i);
}

/* Where a table is not tapped again, the scan that follows finds the library unknown. */
static void enable_one(const struct tls_object *l, size_t i)
{
	if (!is_tapped(l->object, i))
		tap_tables(libraries_slot(i), l, i);
}

bool scan_disable(void)
{
	if (!lock_within(LIMIT_ATTACH_WAIT_US, LIMIT_ATTACH_WAIT_US))
		return false;
	each_by_table(disable_one);
	unlock();
	return true;
}

bool scan_enable(void)
{
	if (!lock_within(LIMIT_ATTACH_WAIT_US, LIMIT_ATTACH_WAIT_US))
		return false;
	each_by_table(enable_one);
	unlock();
	scan_objects();
	scan_embedded(true);
	return true;
}

void scan_set_late_attach(void)
{
	attached_late = true;
}

/* Without it, the child finds the lock left by a thread that it lacks, and cleans up. */
void scan_before_fork(void)
{
	locked_for_fork = lock_within(LIMIT_LOADER_WAIT_US, LIMIT_LOADER_WAIT_US);
}

void scan_after_fork(void)
{
	if (locked_for_fork)
		unlock();
	locked_for_fork = false;
}

/* SPDX-License-Identifier: MIT */
#include "tap/scan.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/early.h"
#include "base/glibc.h"
#include "tap/boringssl.h"
#include "tap/caller.h"
#include "tap/environ.h"
#include "tap/embedded_tls.h"
#include "tap/loader.h"
#include "tap/method_table.h"
#include "tap/own_lock.h"
#include "tap/own_pid.h"
#include "tap/hook_guard.h"
#include "tap/tap.h"

/* How far the thread came that took a copy in; the child of a fork() may find it half done. */
enum { LIBRARY_ADDING, LIBRARY_ADDED, LIBRARY_REPORTED };

struct library {
	struct span span;        /* {0, 0}: this place is free */
	struct tls_library info; /* strings are ours and stay: a record may hold them */
	char version[32];
	struct find found; /* FIND_NOTHING: it exports its functions */
	bool seen;         /* in the scan that is going on */
	atomic_int stage;
};

struct candidates {
	struct object at[LIMIT_TLS_LIBRARIES];
	size_t count;
	bool all; /* not the executable alone */
};

/*
 * Guarded by `lock`. A constructor that runs inside dlopen() holds the loader's
 * lock, and a scan needs that one while it holds ours: so we do not wait long
 * for a thread that is `at_loader`. Who had to give up leaves word in `missed`.
 */
static struct own_lock lock EARLY;
static atomic_bool at_loader EARLY;
static atomic_bool missed EARLY;
static struct library libraries[LIMIT_TLS_LIBRARIES];
static _Thread_local bool locked_for_fork; /* by this thread */

/* Objects that were looked into, whatever was found; the oldest is forgotten first. */
static struct {
	struct span span;
	const char *name; /* the loader's: only compared */
} searched[LIMIT_SEARCHED];
static size_t searched_count EARLY;
static atomic_bool closed EARLY; /* no file may be opened any more */

/* objects_changes() before all was looked at, and looked into, the last time that this was done. */
static _Atomic unsigned long long scanned_at EARLY;
static _Atomic unsigned long long searched_at EARLY;

/* Read without the lock by wrappers; {0, 0} when not tapped by tables. */
static struct {
	_Atomic uintptr_t low;
	_Atomic uintptr_t high;
} tapped[LIMIT_TLS_LIBRARIES];
/* The same of copies that are tapped by their exported functions, and how to ask them. */
static struct {
	_Atomic uintptr_t low;
	_Atomic uintptr_t high;
	struct tls_getters getters; /* immutable while `low` is set */
} interposed[LIMIT_TLS_LIBRARIES];
static atomic_uint library_count EARLY;
static atomic_uint tapped_count; /* in whatever way */
static bool attached_late;

static bool exports_tls(const struct object *o)
{
	return object_symbol(o, "SSL_write") && object_symbol(o, "SSL_CTX_new");
}

/* The copy that is known to be where O is; NULL: none. */
static struct library *library_at(const struct object *o)
{
	uintptr_t low = object_span(o).low;

	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		if (libraries[i].span.high && libraries[i].span.low == low)
			return &libraries[i];
	return NULL;
}

static bool collect(const struct object *o, void *arg)
{
	struct candidates *c = arg;
	const struct library *known = atomic_load(&library_count) ? library_at(o) : NULL;

	if (exports_tls(o) || (known && known->found.library != FIND_NOTHING))
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

	if ((o->name[0] && !c->all) || was_searched(o) || library_at(o))
		return false;
	if (embedded_tls_is_possible(o) && !exports_tls(o))
		c->at[c->count++] = *o;
	return c->count == LIMIT_TLS_LIBRARIES;
}

static void enter_loader(void)
{
	loader_enter(LOADER_LIBRARY);
	atomic_store(&at_loader, true);
}

static void leave_loader(void)
{
	atomic_store(&at_loader, false);
	loader_leave();
}

/* NAME in O itself or, when that is a library, in what it depends on. */
static void *find_near(const struct object *o, void *handle, const char *name)
{
	void *own = object_symbol(o, name);

	if (own || !handle)
		return own;
	enter_loader();
	own = libc_symbol(handle, name, NULL);
	leave_loader();
	return own;
}

/* 0xMNNFFPPS; before 3.0 FF is the third number and PP a letter. */
static void spell_version(unsigned long v, char *out, size_t size)
{
	unsigned patch = (unsigned)(v >> 4 & 0xff);

	if (v >> 28 >= 3)
		snprintf(out, size, "%lu.%lu.%u", v >> 28, v >> 20 & 0xff, patch);
	else
		snprintf(out, size, "%lu.%lu.%lu%c", v >> 28, v >> 20 & 0xff, v >> 12 & 0xff,
			 patch > 0 && patch <= 26 ? (char)('a' + patch - 1) : '\0');
}

static const char *library_of(const struct object *o, void *handle, unsigned long version)
{
	if (find_near(o, handle, "awslc_api_version_num"))
		return "AWS-LC";
	if (find_near(o, handle, "BORINGSSL_self_test"))
		return "BoringSSL";
	if (version >> 28 == 2)
		return "LibreSSL";
	return version ? "OpenSSL" : "unknown";
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
 * Programs call their own functions directly, and come before us in every
 * search. Loaded attached_late we are in nobody's search.
 */
static bool may_be_interposed(const struct object *o)
{
	return o->name[0] != '\0' && !attached_late;
}

static const char *no_table(const struct object *o)
{
	return o->name[0] && attached_late
		   ? "only its exported functions could be tapped, and for that the "
		     "shim must be there from the start: orshim run"
		   : "only OpenSSL's method tables are known";
}

/* libssl's own, or those of libcrypto, on which it depends. */
static struct tls_getters getters_of(const struct object *o, void *handle)
{
	return (struct tls_getters){
		.servername =
		    (const char *(*)(const void *, int))object_symbol(o, "SSL_get_servername"),
		.is_server = (int (*)(const void *))object_symbol(o, "SSL_is_server"),
		.error = (int (*)(const void *, int))object_symbol(o, "SSL_get_error"),
		.state = (const char *(*)(const void *))object_symbol(o, "SSL_state_string"),
		.first_error = (unsigned long (*)(void))find_near(o, handle, "ERR_peek_error"),
		.last_error = (unsigned long (*)(void))find_near(o, handle, "ERR_peek_last_error"),
		.verify_mode = (int (*)(const void *))object_symbol(o, "SSL_get_verify_mode"),
		.quic = (int (*)(const void *))object_symbol(o, "SSL_is_quic"),
		.verify_result = (long (*)(const void *))object_symbol(o, "SSL_get_verify_result"),
		.peer_chain =
		    (const void *(*)(const void *))object_symbol(o, "SSL_get_peer_cert_chain"),
		.chain_at =
		    (const void *(*)(const void *, int))find_near(o, handle, "OPENSSL_sk_value"),
		.encode = (int (*)(const void *, unsigned char **))find_near(o, handle, "i2d_X509"),
		.alpn = (void (*)(const void *, const unsigned char **, unsigned *))object_symbol(
		    o, "SSL_get0_alpn_selected"),
		.bio = (const void *(*)(const void *))object_symbol(o, "SSL_get_rbio"),
		.bio_type = (int (*)(const void *))find_near(o, handle, "BIO_method_type"),
		.boringssl = find_near(o, handle, "BORINGSSL_self_test") != NULL ||
			     find_near(o, handle, "awslc_api_version_num") != NULL,
	};
}

static struct method_recipe recipe_of(const struct object *o, void *handle)
{
	unsigned long (*number)(void) =
	    (unsigned long (*)(void))find_near(o, handle, "OpenSSL_version_num");

	return (struct method_recipe){
		.object = o,
		.getters = getters_of(o, handle),
		.version = number ? number() : 0,
	};
}

/* Keeps O loaded until dlclose(); NULL for the executable. */
static void *pin(const struct object *o)
{
	void *handle = NULL;

	if (!o->name[0])
		return NULL;
	enter_loader();
	handle = libc_hold(o->name);
	leave_loader();
	return handle;
}

/* The stubs of place I into what FOUND names, or into the tables that O's functions lead to. */
static const char *tap_tables(const struct object *o, size_t i, void *handle,
			      const struct find *found)
{
	struct method_recipe recipe;

	switch (found->library) {
	case FIND_BORINGSSL:
		return boringssl_tap(found->at[0], i);
	case FIND_OPENSSL:
		recipe = (struct method_recipe){ .object = o,
						 .client = (void **)(uintptr_t)found->at[0],
						 .server = (void **)(uintptr_t)found->at[1] };
		return method_table_tap(&recipe, i);
	case FIND_NOTHING:
		break;
	}
	recipe = recipe_of(o, handle);
	return method_table_tap(&recipe, i);
}

static bool is_tapped(const struct object *o, size_t i)
{
	const struct find *found = &libraries[i].found;

	return found->library == FIND_BORINGSSL
		   ? boringssl_is_tapped(found->at[0], i)
		   : method_table_is_tapped(o, (void **)(uintptr_t)found->at[0]);
}

static const char *const embedded_libraries[] = {
	[FIND_BORINGSSL] = "BoringSSL",
	[FIND_OPENSSL] = "OpenSSL",
};

/* What O is, with its tables tapped if they are known. */
static void describe_exported(struct library *c, const struct object *o, size_t i, void *handle)
{
	struct method_recipe recipe = recipe_of(o, handle);

	c->info.library = library_of(o, handle, recipe.version);
	if (recipe.version)
		spell_version(recipe.version, c->version, sizeof(c->version));
	c->info.reason = strcmp(c->info.library, "OpenSSL") != 0
			     ? no_table(o)
			     : tap_tables(o, i, handle, &c->found);
	c->info.tap = c->info.reason && may_be_interposed(o) ? TAP_INTERPOSED : TAP_NONE;
	if (c->info.tap == TAP_INTERPOSED) {
		interposed[i].getters = recipe.getters;
		atomic_store(&interposed[i].high, c->span.high);
		atomic_store(&interposed[i].low, c->span.low);
	}
}

static void describe_embedded(struct library *c, const struct object *o, size_t i)
{
	c->info.library = embedded_libraries[c->found.library];
	c->info.reason = c->found.reason ? c->found.reason : tap_tables(o, i, NULL, &c->found);
}

static void count_libraries(void)
{
	unsigned count = 0, with_tap = 0;

	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		if (libraries[i].span.high && atomic_load(&libraries[i].stage) != LIBRARY_ADDING) {
			count++;
			with_tap += libraries[i].info.tap != TAP_NONE;
		}
	atomic_store(&library_count, count);
	atomic_store(&tapped_count, with_tap);
}

/* HANDLE keeps O loaded. FOUND is what O hides; NULL: it exports its functions. */
static void add_library(const struct object *o, size_t i, void *handle, const struct find *found)
{
	struct library *c = &libraries[i];

	method_table_forget(i);
	*c = (struct library){ .span = object_span(o), .seen = true };
	if (found) {
		c->found = *found;
		describe_embedded(c, o, i);
	} else {
		describe_exported(c, o, i, handle);
	}
	if (!c->info.reason) {
		c->info.tap = TAP_METHOD_TABLE;
		atomic_store(&tapped[i].high, c->span.high);
		atomic_store(&tapped[i].low, c->span.low);
	}
	const char *version = strdup(c->version);
	const char *object = path_of(o);
	c->info.version = version ? version : "";
	c->info.object = object ? object : "";
	atomic_store(&c->stage, LIBRARY_ADDED);
	count_libraries();
	tap_add_library(&c->info);
	atomic_store(&c->stage, LIBRARY_REPORTED);
}

static void add_library_anywhere(const struct object *o, void *handle, const struct find *found)
{
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		if (!libraries[i].span.high) {
			add_library(o, i, handle, found);
			return;
		}
}

/* The place is free again; what was tapped there is not touched. */
static void forget(size_t i)
{
	atomic_store(&interposed[i].low, 0);
	atomic_store(&tapped[i].low, 0);
	atomic_store(&tapped[i].high, 0);
	__atomic_store_n(&libraries[i].span.high, 0,
			 __ATOMIC_SEQ_CST); /* first: see repair_after_fork() */
	libraries[i] = (struct library){ 0 };
}

static void remove_library(size_t i)
{
	for (size_t k = 0; k < LIMIT_SEARCHED; k++)
		if (searched[k].span.low == libraries[i].span.low)
			searched[k].name = NULL;
	tap_remove_library(&libraries[i].info);
	forget(i);
	count_libraries();
}

/* Is O a known copy? Unloaded and loaded again at the same place, it has lost our stubs. */
static bool is_known(const struct object *o)
{
	struct library *c = library_at(o);

	if (c)
		c->seen = c->info.tap != TAP_METHOD_TABLE || is_tapped(o, (size_t)(c - libraries));
	return c && c->seen;
}

static void unpin(void *handle)
{
	if (!handle)
		return;
	enter_loader();
	dlclose(handle);
	leave_loader();
}

static void update_libraries(const struct candidates *found)
{
	bool known[LIMIT_TLS_LIBRARIES] = { false };

	if (!found->count && !atomic_load(&library_count))
		return;
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		libraries[i].seen = false;
	for (size_t i = 0; i < found->count; i++)
		known[i] = is_known(&found->at[i]);
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		if (libraries[i].span.high && !libraries[i].seen)
			remove_library(i);
	for (size_t i = 0; i < found->count; i++)
		if (!known[i] && exports_tls(&found->at[i])) {
			void *handle = pin(&found->at[i]);
			add_library_anywhere(&found->at[i], handle, NULL);
			unpin(handle);
		}
}

/*
 * Look into O. Who cannot hold it may see it unloaded meanwhile. Remembered
 * when all is done: a fork() of another thread may leave its child in between.
 */
static void search(const struct object *o)
{
	void *handle = pin(o);
	struct find found = { .library = FIND_NOTHING };
	size_t i = searched_count++ % LIMIT_SEARCHED;

	if (handle || !o->name[0])
		embedded_tls_find(o, environ_setting, &found);
	if (found.library != FIND_NOTHING)
		add_library_anywhere(o, handle, &found);
	searched[i].span = object_span(o);
	searched[i].name = o->name;
	unpin(handle);
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

void scan_for_jumps(void)
{
	objects_each(jumps, NULL);
}

/* What a thread was at that is not in this process: half taken in is not taken in. */
static void repair_after_fork(void)
{
	atomic_store(&at_loader, false);
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++) {
		if (!libraries[i].span.high || atomic_load(&libraries[i].stage) != LIBRARY_ADDING)
			continue;
		if (libraries[i].found.library == FIND_BORINGSSL && libraries[i].found.at[0])
			boringssl_untap(libraries[i].found.at[0], i);
		else
			method_table_untap(i);
		forget(i);
	}
	count_libraries();
	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		if (libraries[i].span.high && atomic_load(&libraries[i].stage) == LIBRARY_ADDED) {
			tap_add_library(&libraries[i].info);
			atomic_store(&libraries[i].stage, LIBRARY_REPORTED);
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

/* The lock, waited for MOST_US at most, and LOADER_US while who has it is at the loader. */
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
		if (atomic_load(&library_count))
			scan_for_jumps();
		caller_forget_all();
		atomic_store(&scanned_at, now);
	}
}

bool scan_has_news(void)
{
	return !atomic_load(&closed) && has_changed(&searched_at);
}

/* Some at a time; no more than are remembered, or it would go round and round. */
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

/* Is there anything left to look at? Or a thread at it, whose end is waited for. */
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
			if (!try_lock()) /* who has it comes by here before it is done */
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

/* A child of vfork() shares our memory, and not what is forbidden to it. */
void scan_before_sandbox(void)
{
	if (own_pid() != getpid())
		return;
	scan_embedded(true);
	atomic_store(&closed, true);
}

/* VISIT each copy that is tapped by its tables and still there, with its place. */
static void each_by_table(void (*visit)(const struct object *o, size_t i, void *handle))
{
	struct candidates found = { .count = 0 };

	objects_each(collect, &found);
	for (size_t k = 0; k < found.count; k++) {
		const struct library *c = library_at(&found.at[k]);
		if (c && c->info.tap == TAP_METHOD_TABLE) {
			void *handle = pin(&found.at[k]);
			visit(&found.at[k], (size_t)(c - libraries), handle);
			unpin(handle);
		}
	}
}

static void disable_one(const struct object *o, size_t i, void *handle)
{
	const struct find *found = &libraries[i].found;

	(void)handle;
	if (found->library == FIND_BORINGSSL)
		boringssl_untap(found->at[0], i);
	else if (is_tapped(o, i))
		method_table_untap(i);
}

/* What does not succeed is found to be unknown by the scan that follows. */
static void enable_one(const struct object *o, size_t i, void *handle)
{
	if (!is_tapped(o, i))
		tap_tables(o, i, handle, &libraries[i].found);
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

bool scan_is_tapped(const void *function)
{
	uintptr_t at = (uintptr_t)function;

	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++) {
		uintptr_t low = atomic_load(&tapped[i].low);
		if (low && at >= low && at < atomic_load(&tapped[i].high))
			return true;
	}
	return false;
}

const struct tls_getters *scan_getters_of(const void *function)
{
	uintptr_t at = (uintptr_t)function;

	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++) {
		uintptr_t low = atomic_load(&interposed[i].low);
		if (low && at >= low && at < atomic_load(&interposed[i].high))
			return &interposed[i].getters;
	}
	return NULL;
}

bool scan_is_untapped(void)
{
	return atomic_load(&library_count) > 0 && atomic_load(&tapped_count) == 0;
}

bool scan_is_tapped_anywhere(void)
{
	return atomic_load(&tapped_count) > 0;
}

/* Without the lock the child finds it left by a thread that it has not, and puts things in order. */
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

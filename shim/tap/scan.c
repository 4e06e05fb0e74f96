/* SPDX-License-Identifier: MIT */
#include "tap/scan.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/early.h"
#include "tap/boringssl.h"
#include "tap/caller.h"
#include "tap/environ.h"
#include "tap/hidden.h"
#include "tap/method_table.h"
#include "tap/own_pid.h"
#include "tap/passage.h"
#include "tap/tap.h"

struct copy {
	struct span span;     /* {0, 0}: this place is free */
	struct tls_copy told; /* strings are ours and stay: a record may hold them */
	char version[32];
	struct find found; /* FIND_NOTHING: it exports its functions */
	bool seen;         /* in the scan that is going on */
};

struct candidates {
	struct object at[LIMIT_COPIES];
	size_t count;
	bool all; /* not the executable alone */
};

/*
 * Guarded by `lock`, which is only ever tried: a constructor that runs inside
 * dlopen() holds the loader's lock, and a scan needs that one while it holds
 * ours.
 */
static pthread_mutex_t lock EARLY = PTHREAD_MUTEX_INITIALIZER;
static struct copy copies[LIMIT_COPIES];
static bool locked_for_fork;

/* Objects that were looked into, whatever was found; the oldest is forgotten first. */
static struct {
	struct span span;
	const char *name; /* the loader's: only compared */
} searched[LIMIT_SEARCHED];
static size_t searched_count EARLY;
static bool closed EARLY; /* no file may be opened any more */

/* objects_changes() when all was looked at, and looked into, the last time. */
static _Atomic unsigned long long scanned_at EARLY;
static _Atomic unsigned long long searched_at EARLY;

/* Read without the lock by wrappers; {0, 0} when not tapped by tables. */
static struct {
	_Atomic uintptr_t low;
	_Atomic uintptr_t high;
} tapped[LIMIT_COPIES];
static atomic_uint found_count EARLY;
static atomic_uint found_tapped; /* in whatever way */
static bool late;

static bool exports_tls(const struct object *o)
{
	return object_symbol(o, "SSL_write") && object_symbol(o, "SSL_CTX_new");
}

/* The copy that is known to be where O is; NULL: none. */
static struct copy *copy_at(const struct object *o)
{
	uintptr_t low = object_span(o).low;

	for (size_t i = 0; i < LIMIT_COPIES; i++)
		if (copies[i].span.high && copies[i].span.low == low)
			return &copies[i];
	return NULL;
}

static bool collect(const struct object *o, void *arg)
{
	struct candidates *c = arg;
	const struct copy *known = atomic_load(&found_count) ? copy_at(o) : NULL;

	if (exports_tls(o) || (known && known->found.library != FIND_NOTHING))
		c->at[c->count++] = *o;
	return c->count == LIMIT_COPIES;
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

	if ((o->name[0] && !c->all) || was_searched(o))
		return false;
	if (hidden_may_be_in(o) && !exports_tls(o))
		c->at[c->count++] = *o;
	return c->count == LIMIT_COPIES;
}

/* NAME in O itself or, when that is a library, in what it depends on. */
static void *find_near(const struct object *o, void *handle, const char *name)
{
	void *own = object_symbol(o, name);

	if (own || !handle)
		return own;
	own = dlsym(handle, name);
	if (!own)
		dlerror(); /* leaves the host no message of ours */
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
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strdup(path);
}

/*
 * Programs call their own functions directly, and come before us in every
 * search. Loaded late we are in nobody's search.
 */
static bool may_be_interposed(const struct object *o)
{
	return o->name[0] != '\0' && !late;
}

static const char *no_table(const struct object *o)
{
	return o->name[0] && late ? "only its exported functions could be tapped, and for that the "
				    "shim must be there from the start: orshim run"
				  : "only OpenSSL's method tables are known";
}

static struct method_recipe recipe_of(const struct object *o, void *handle)
{
	unsigned long (*number)(void) =
	    (unsigned long (*)(void))find_near(o, handle, "OpenSSL_version_num");

	return (struct method_recipe){
		.object = o,
		.getters = {
			(const char *(*)(const void *, int))object_symbol(o, "SSL_get_servername"),
			(int (*)(const void *))object_symbol(o, "SSL_is_server"),
		},
		.version = number ? number() : 0,
	};
}

/* Keeps O loaded until dlclose(); NULL for the executable. */
static void *hold(const struct object *o)
{
	void *handle = o->name[0] ? dlopen(o->name, RTLD_LAZY | RTLD_NOLOAD) : NULL;

	if (o->name[0] && !handle)
		dlerror(); /* leaves the host no message of ours */
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
	const struct find *found = &copies[i].found;

	return found->library == FIND_BORINGSSL
		   ? boringssl_is_tapped(found->at[0], i)
		   : method_table_is_tapped(o, (void **)(uintptr_t)found->at[0]);
}

static const char *const hidden_libraries[] = {
	[FIND_BORINGSSL] = "BoringSSL",
	[FIND_OPENSSL] = "OpenSSL",
};

/* What O is, with its tables tapped if they are known. */
static void tell_of_exports(struct copy *c, const struct object *o, size_t i, void *handle)
{
	struct method_recipe recipe = recipe_of(o, handle);

	c->told.library = library_of(o, handle, recipe.version);
	if (recipe.version)
		spell_version(recipe.version, c->version, sizeof(c->version));
	c->told.reason = strcmp(c->told.library, "OpenSSL") != 0
			     ? no_table(o)
			     : tap_tables(o, i, handle, &c->found);
	c->told.tap = c->told.reason && may_be_interposed(o) ? TAP_INTERPOSED : TAP_NONE;
}

static void tell_of_hidden(struct copy *c, const struct object *o, size_t i)
{
	c->told.library = hidden_libraries[c->found.library];
	c->told.reason = c->found.reason ? c->found.reason : tap_tables(o, i, NULL, &c->found);
}

/* HANDLE keeps O loaded. FOUND is what O hides; NULL: it exports its functions. */
static void take_in(const struct object *o, size_t i, void *handle, const struct find *found)
{
	struct copy *c = &copies[i];

	*c = (struct copy){ .span = object_span(o), .seen = true };
	if (found) {
		c->found = *found;
		tell_of_hidden(c, o, i);
	} else {
		tell_of_exports(c, o, i, handle);
	}
	if (!c->told.reason) {
		c->told.tap = TAP_METHOD_TABLE;
		atomic_store(&tapped[i].high, c->span.high);
		atomic_store(&tapped[i].low, c->span.low);
	}
	const char *version = strdup(c->version);
	const char *object = path_of(o);
	c->told.version = version ? version : "";
	c->told.object = object ? object : "";
	atomic_fetch_add(&found_count, 1);
	atomic_fetch_add(&found_tapped, c->told.tap != TAP_NONE);
	tap_found(&c->told);
}

static void take_in_anywhere(const struct object *o, void *handle, const struct find *found)
{
	for (size_t i = 0; i < LIMIT_COPIES; i++)
		if (!copies[i].span.high) {
			take_in(o, i, handle, found);
			return;
		}
}

static void let_go(size_t i)
{
	for (size_t k = 0; k < LIMIT_SEARCHED; k++)
		if (searched[k].span.low == copies[i].span.low)
			searched[k].name = NULL;
	atomic_store(&tapped[i].low, 0);
	atomic_store(&tapped[i].high, 0);
	atomic_fetch_sub(&found_count, 1);
	atomic_fetch_sub(&found_tapped, copies[i].told.tap != TAP_NONE);
	tap_lost(&copies[i].told);
	copies[i] = (struct copy){ 0 };
}

/* Is O a known copy? Unloaded and loaded again at the same place, it has lost our stubs. */
static bool is_known(const struct object *o)
{
	struct copy *c = copy_at(o);

	if (c)
		c->seen = c->told.tap != TAP_METHOD_TABLE || is_tapped(o, (size_t)(c - copies));
	return c && c->seen;
}

static void release(void *handle)
{
	if (handle)
		dlclose(handle);
}

static void take_in_all(const struct candidates *found)
{
	bool known[LIMIT_COPIES] = { false };

	if (!found->count && !atomic_load(&found_count))
		return;
	for (size_t i = 0; i < LIMIT_COPIES; i++)
		copies[i].seen = false;
	for (size_t i = 0; i < found->count; i++)
		known[i] = is_known(&found->at[i]);
	for (size_t i = 0; i < LIMIT_COPIES; i++)
		if (copies[i].span.high && !copies[i].seen)
			let_go(i);
	for (size_t i = 0; i < found->count; i++)
		if (!known[i] && exports_tls(&found->at[i])) {
			void *handle = hold(&found->at[i]);
			take_in_anywhere(&found->at[i], handle, NULL);
			release(handle);
		}
}

/* Look into O. Who cannot hold it may see it unloaded meanwhile. */
static void search(const struct object *o)
{
	void *handle = hold(o);
	struct find found;
	size_t i = searched_count++ % LIMIT_SEARCHED;

	searched[i].span = object_span(o);
	searched[i].name = o->name;
	if (o->name[0] && !handle)
		return;
	hidden_find(o, environ_setting, &found);
	if (found.library != FIND_NOTHING)
		take_in_anywhere(o, handle, &found);
	release(handle);
}

static bool jumps(const struct object *o, void *arg)
{
	(void)arg;
	if (!object_imports(o, "siglongjmp") && !object_imports(o, "longjmp") &&
	    !object_imports(o, "__longjmp_chk"))
		return false;
	passage_expect_jumps();
	return true;
}

void scan_for_jumps(void)
{
	objects_each(jumps, NULL);
}

static bool have_changed(_Atomic unsigned long long *seen)
{
	unsigned long long now = objects_changes();

	return atomic_exchange_explicit(seen, now, memory_order_relaxed) != now;
}

void scan_objects(void)
{
	struct candidates found;

	if (pthread_mutex_trylock(&lock) != 0)
		return;
	while (have_changed(&scanned_at)) {
		found.count = 0;
		objects_each(collect, &found);
		take_in_all(&found);
		if (atomic_load(&found_count))
			scan_for_jumps();
		caller_forget_all();
	}
	pthread_mutex_unlock(&lock);
}

bool scan_has_news(void)
{
	return !closed &&
	       atomic_load_explicit(&searched_at, memory_order_relaxed) != objects_changes();
}

/* Some at a time; no more than are remembered, or it would go round and round. */
static void search_unsearched(struct candidates *found)
{
	for (size_t left = LIMIT_SEARCHED / LIMIT_COPIES; left; left--) {
		found->count = 0;
		objects_each(collect_unsearched, found);
		for (size_t i = 0; i < found->count; i++)
			search(&found->at[i]);
		if (found->count)
			caller_forget_all();
		if (found->count < LIMIT_COPIES)
			return;
	}
}

void scan_hidden(bool all)
{
	struct candidates found = { .all = all };

	if (closed || pthread_mutex_trylock(&lock) != 0)
		return;
	while (!all || have_changed(&searched_at)) {
		search_unsearched(&found);
		if (!all)
			break;
	}
	pthread_mutex_unlock(&lock);
}

/* A child of vfork() shares our memory, and not what is forbidden to it. */
void scan_before_sandbox(void)
{
	if (own_pid() != getpid())
		return;
	scan_hidden(true);
	closed = true;
}

/* VISIT each copy that is tapped by its tables and still there, with its place. */
static void each_by_table(void (*visit)(const struct object *o, size_t i, void *handle))
{
	struct candidates found = { .count = 0 };

	objects_each(collect, &found);
	for (size_t k = 0; k < found.count; k++) {
		const struct copy *c = copy_at(&found.at[k]);
		if (c && c->told.tap == TAP_METHOD_TABLE) {
			void *handle = hold(&found.at[k]);
			visit(&found.at[k], (size_t)(c - copies), handle);
			release(handle);
		}
	}
}

static void rest_one(const struct object *o, size_t i, void *handle)
{
	const struct find *found = &copies[i].found;

	(void)handle;
	if (found->library == FIND_BORINGSSL)
		boringssl_untap(found->at[0], i);
	else if (is_tapped(o, i))
		method_table_untap(i);
}

/* What does not succeed is found to be unknown by the scan that follows. */
static void wake_one(const struct object *o, size_t i, void *handle)
{
	if (!is_tapped(o, i))
		tap_tables(o, i, handle, &copies[i].found);
}

void scan_rest(void)
{
	pthread_mutex_lock(&lock);
	each_by_table(rest_one);
	pthread_mutex_unlock(&lock);
}

void scan_wake(void)
{
	pthread_mutex_lock(&lock);
	each_by_table(wake_one);
	pthread_mutex_unlock(&lock);
	scan_objects();
	scan_hidden(true);
}

void scan_come_late(void)
{
	late = true;
}

bool scan_is_tapped(const void *function)
{
	uintptr_t at = (uintptr_t)function;

	for (size_t i = 0; i < LIMIT_COPIES; i++) {
		uintptr_t low = atomic_load(&tapped[i].low);
		if (low && at >= low && at < atomic_load(&tapped[i].high))
			return true;
	}
	return false;
}

bool scan_is_blind(void)
{
	return atomic_load(&found_count) > 0 && atomic_load(&found_tapped) == 0;
}

bool scan_is_tapped_anywhere(void)
{
	return atomic_load(&found_tapped) > 0;
}

void scan_before_fork(void)
{
	locked_for_fork = pthread_mutex_trylock(&lock) == 0;
}

void scan_after_fork_in_parent(void)
{
	if (locked_for_fork)
		pthread_mutex_unlock(&lock);
}

/* Another thread was scanning: it is not here any more. */
void scan_after_fork_in_child(void)
{
	static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	lock = fresh;
}

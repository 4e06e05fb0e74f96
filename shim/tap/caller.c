/* SPDX-License-Identifier: MIT */
/*
 * A call reaches us because the loader found our symbol in the global scope. So the
 * original is first looked up as the next such symbol there, of the version that the
 * caller was linked with. If there is none (libssl was loaded RTLD_LOCAL, as in
 * CPython), it is looked up in the caller's own dependencies. RTLD_NEXT alone would
 * find nothing then, and a symbol of another version would be another library's.
 */
#include "tap/caller.h"

#include "base/early.h"
#include "base/glibc.h"
#include "tap/libraries.h"
#include "tap/loader.h"
#include "tap/objects.h"
#include "tap/own_lock.h"

struct caller_row caller_rows[LIMIT_CALLERS];
static struct own_lock writing;
static atomic_bool is_used EARLY; /* some row is in use */

static const char *const names[] = {
#define HOOK(returns, name, parameters, failure) [HOOK_##name] = #name,
#include "tap/hooks.def"
#undef HOOK
};

struct definition {
	const char *name;
	void *found;
};

static void note(uintptr_t key, const struct callee *found)
{
	struct caller_row *row = caller_row(key);

	if (own_lock_try(&writing) == OWN_LOCK_BUSY)
		return;
	atomic_store(&row->key, 0);
	atomic_store(&row->real, found->real);
	atomic_store(&row->tapped, found->tapped);
	atomic_store(&row->own, found->own);
	atomic_store(&row->key, key);
	atomic_store(&is_used, true);
	own_lock_release(&writing);
}

void caller_forget_all(void)
{
	if (!atomic_exchange(&is_used, false))
		return;
	for (size_t i = 0; i < LIMIT_CALLERS; i++)
		if (atomic_load_explicit(&caller_rows[i].key, memory_order_relaxed))
			atomic_store(&caller_rows[i].key, 0);
}

static void *look_up(void *handle, const char *name, const char *version)
{
	void *found = loader_symbol(handle, name, version);

	return found && !objects_is_ours(found) ? found : NULL;
}

/*
 * Another copy of this library is preloaded as well. What it interposes, it looks
 * up itself, but never the way back to us.
 */
static bool is_copy(const struct object *o)
{
	return object_symbol(o, "orshim_presence") != NULL;
}

static bool is_of_copy(const void *function)
{
	struct object o;

	return objects_at(function, &o) && is_copy(&o);
}

static void *look_up_in(const struct object *caller, const char *name, const char *version)
{
	void *handle = caller->name[0] ? loader_pin(caller->name) : NULL;
	void *found = handle ? look_up(handle, name, version) : NULL;

	if (handle && !found && version)
		found = look_up(handle, name, NULL);
	loader_unpin(handle);
	return found && is_of_copy(found) ? NULL : found;
}

static bool defines(const struct object *o, void *arg)
{
	struct definition *d = arg;

	d->found = is_copy(o) ? NULL : object_symbol(o, d->name);
	return d->found != NULL;
}

static void *resolve(const char *name, const void *site)
{
	struct definition last = { name, NULL };
	struct object caller;
	bool known = objects_at(site, &caller);
	const char *version = known ? object_wanted_version(&caller, name) : NULL;
	void *next = look_up(RTLD_NEXT, name, version);
	void *found = next && !is_of_copy(next) ? next : NULL;

	if (!found && known)
		found = look_up_in(&caller, name, version);
	if (!found)
		found = next;
	if (!found) {
		objects_each(defines, &last);
		found = last.found;
	}
	return found;
}

/* A function of the library that ends with a jump to another returns to us, who called it. */
static bool is_call_of_its_own(const void *site, const void *function)
{
	struct object o;
	uintptr_t at = (uintptr_t)function;

	if (objects_is_ours(site))
		return true;
	if (!objects_at(site, &o))
		return false;
	struct span span = object_span(&o);
	return span.low <= at && at < span.high;
}

bool caller_resolve(enum hook_id hook, const void *site, struct callee *found)
{
	found->real = resolve(names[hook], site);
	found->tapped = libraries_is_tapped(found->real);
	found->own = found->real && is_call_of_its_own(site, found->real);
	if (found->real)
		note(caller_key(hook, site), found);
	return found->real != NULL;
}

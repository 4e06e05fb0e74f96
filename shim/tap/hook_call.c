/* SPDX-License-Identifier: MIT */
#include "tap/hook_call.h"

#include "base/early.h"
#include "tap/hook_guard.h"
#include "tap/stubs.h"

/* Set in the constructor: a call that comes earlier is tapped without a scan before it. */
static void (*scan_first)(void) EARLY;

void hook_call_start(void (*scan)(void))
{
	scan_first = scan;
}

static bool resolve(enum hook_id hook, const void *site, struct callee *found)
{
	struct hook_guard g;
	bool entered = hook_enter(&g);

	if (entered && scan_first)
		scan_first();
	bool is_found = caller_resolve(hook, site, found);
	if (entered)
		hook_leave(&g);
	return is_found;
}

bool hook_call_begin(struct hook_call *c, enum hook_id hook, const void *site,
		     const void *connection)
{
	c->here = false;
	if (!caller_recall(hook, site, &c->callee) && !resolve(hook, site, &c->callee))
		return false;
	c->here = !c->callee.tapped && busy_connection != connection;
	c->outer = busy_connection;
	if (c->here)
		busy_connection = connection;
	return true;
}

void hook_call_end(const struct hook_call *c)
{
	if (c->here)
		busy_connection = c->outer;
}

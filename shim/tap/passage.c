/* SPDX-License-Identifier: MIT */
#include "tap/passage.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tap/early.h"

static _Thread_local bool inside;
static atomic_bool off EARLY;

bool passage_enter(struct passage *p)
{
	if (inside || atomic_load_explicit(&off, memory_order_relaxed))
		return false;
	inside = true;
	p->saved_errno = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &p->saved_cancel);
	return true;
}

void passage_leave(const struct passage *p)
{
	int ignored;

	pthread_setcancelstate(p->saved_cancel, &ignored);
	errno = p->saved_errno;
	inside = false;
}

bool passage_is_inside(void)
{
	return inside;
}

void passage_turn_off(void)
{
	atomic_store_explicit(&off, true, memory_order_relaxed);
}

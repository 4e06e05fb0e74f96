/* SPDX-License-Identifier: MIT */
#include "tap/own_lock.h"

#include "tap/own_pid.h"

enum own_lock_result own_lock_try(struct own_lock *lock)
{
	int us = own_pid();
	int holder = 0;

	if (atomic_compare_exchange_strong(&lock->holder, &holder, us))
		return OWN_LOCK_TAKEN;
	if (holder == us || !atomic_compare_exchange_strong(&lock->holder, &holder, us))
		return OWN_LOCK_BUSY;
	return OWN_LOCK_LEFT;
}

void own_lock_release(struct own_lock *lock)
{
	atomic_store(&lock->holder, 0);
}

/* SPDX-License-Identifier: MIT */
/* By default uthash ends the process when memory is short; this macro turns that off. */
#define HASH_NONFATAL_OOM 1
#include "tap/table.h"

#include <stdatomic.h>

#include "base/glibc.h"

enum {
	SHARD_BITS = 4,
	SHARDS = 1 << SHARD_BITS,
	CACHE_BITS = 10,
};

struct shard {
	pthread_mutex_t lock;
	struct entry *entries;
};

#define SHARD                                   \
	{                                       \
		PTHREAD_MUTEX_INITIALIZER, NULL \
	}
#define FOUR SHARD, SHARD, SHARD, SHARD
static struct shard shards[] = { FOUR, FOUR, FOUR, FOUR };
_Static_assert(sizeof(shards) / sizeof(shards[0]) == SHARDS, "one initialiser for each shard");

static _Atomic(const void *) dropped[1 << CACHE_BITS];
static atomic_uint live_count;
static atomic_uint dropped_count;

/* Allocations are 16 bytes apart at least; the multiplier is 2^64 / golden ratio. */
static unsigned scatter(const void *handle, unsigned bits)
{
	return (unsigned)(((uint64_t)(uintptr_t)handle * 0x9E3779B97F4A7C15ULL) >> (64 - bits));
}

bool table_is_dropped(const void *handle)
{
	return atomic_load_explicit(&dropped[scatter(handle, CACHE_BITS)], memory_order_relaxed) ==
	       handle;
}

static void remember(const void *handle)
{
	atomic_store_explicit(&dropped[scatter(handle, CACHE_BITS)], handle, memory_order_relaxed);
}

void table_forget(const void *handle)
{
	if (table_is_dropped(handle))
		atomic_store_explicit(&dropped[scatter(handle, CACHE_BITS)], NULL,
				      memory_order_relaxed);
}

struct shard *table_lock(const void *handle)
{
	struct shard *s = &shards[scatter(handle, SHARD_BITS)];

	pthread_mutex_lock(&s->lock);
	return s;
}

void table_unlock(struct shard *s)
{
	pthread_mutex_unlock(&s->lock);
}

struct entry *table_find(struct shard *s, const void *handle)
{
	struct entry *e;

	HASH_FIND_PTR(s->entries, &handle, e);
	if (e && e->state == ENTRY_DROPPED)
		remember(handle);
	return e;
}

static void evict_idle(struct shard *s, int64_t now_us)
{
	struct entry *e, *next;

	HASH_ITER(hh, s->entries, e, next)
	if (now_us - e->used_us > LIMIT_IDLE_US)
		table_remove(s, e);
}

static bool is_full(void)
{
	return atomic_load(&live_count) >= LIMIT_CONNECTIONS ||
	       atomic_load(&dropped_count) >= LIMIT_DROPPED;
}

struct entry *table_add(struct shard *s, const void *handle, int64_t now_us)
{
	struct entry *e;

	if (is_full())
		evict_idle(s, now_us);
	e = is_full() ? NULL : calloc(1, sizeof(*e));
	if (!e) {
		remember(handle);
		return NULL;
	}
	e->handle = handle;
	e->used_us = now_us;
	HASH_ADD_PTR(s->entries, handle, e);
	if (!e->hh.tbl) {
		free(e);
		remember(handle);
		return NULL;
	}
	atomic_fetch_add(&live_count, 1);
	return e;
}

void table_drop(struct entry *e)
{
	if (e->state == ENTRY_DROPPED)
		return;
	e->state = ENTRY_DROPPED;
	connection_free(e->connection);
	e->connection = NULL;
	free(e->seen);
	e->seen = NULL;
	free(e->server_name);
	e->server_name = NULL;
	buf_release(&e->pending);
	atomic_fetch_sub(&live_count, 1);
	atomic_fetch_add(&dropped_count, 1);
	remember(e->handle);
}

void table_remove(struct shard *s, struct entry *e)
{
	table_forget(e->handle);
	HASH_DEL(s->entries, e);
	atomic_fetch_sub(e->state == ENTRY_DROPPED ? &dropped_count : &live_count, 1);
	connection_free(e->connection);
	free(e->seen);
	free(e->server_name);
	buf_release(&e->pending);
	free(e);
}

void table_visit(void (*visit)(struct entry *e, void *arg), void *arg)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct entry *e, *next;

		if (libc_trylock(&shards[i].lock) != 0)
			continue;
		HASH_ITER(hh, shards[i].entries, e, next)
		if (e->state == ENTRY_LIVE)
			visit(e, arg);
		pthread_mutex_unlock(&shards[i].lock);
	}
}

void table_clear(void)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct entry *e, *next;

		pthread_mutex_lock(&shards[i].lock);
		HASH_ITER(hh, shards[i].entries, e, next)
		table_remove(&shards[i], e);
		pthread_mutex_unlock(&shards[i].lock);
	}
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		atomic_store_explicit(&dropped[i], NULL, memory_order_relaxed);
}

void table_lock_all(void)
{
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_lock(&shards[i].lock);
}

void table_unlock_all(void)
{
	for (size_t i = SHARDS; i-- > 0;)
		pthread_mutex_unlock(&shards[i].lock);
}

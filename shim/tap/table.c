/* SPDX-License-Identifier: MIT */
/* By default uthash ends the process when memory is short; this macro turns that off. */
#define HASH_NONFATAL_OOM 1
#include "tap/table.h"

#include <stdatomic.h>

#include "base/glibc.h"
#include "base/hash.h"
#include "tap/unwatched.h"

enum {
	SHARDS = 16,
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

static atomic_uint live_count;
static atomic_uint dropped_count;

struct shard *table_lock(const void *handle)
{
	struct shard *s = &shards[hash_number((uintptr_t)handle) % SHARDS];

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
		unwatched_add(handle);
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
		unwatched_add(handle);
		return NULL;
	}
	e->handle = handle;
	e->used_us = now_us;
	HASH_ADD_PTR(s->entries, handle, e);
	if (!e->hh.tbl) {
		free(e);
		unwatched_add(handle);
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
	unwatched_add(e->handle);
}

void table_remove(struct shard *s, struct entry *e)
{
	unwatched_remove(e->handle);
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
	unwatched_clear();
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

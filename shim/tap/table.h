/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TABLE_H
#define ORSHIM_TABLE_H

/*
 * Handle -> connection, in shards with one lock each. A thread locks one shard at
 * a time. Lock order: a shard, then the process lock; never the other way round.
 *
 * A handle that is dropped is in the cache of unwatched.h, too, which is read first.
 *
 *   (none) --server name set--> [NEW] --handshake or bytes--> [LIVE]
 *      |                          |                             |
 *      +------ handshake or first bytes as client --------------+
 *      |                          |          stopped: no HTTP, a server's, no memory
 *      +---- not to be read ------+-----------------------> [DROPPED]
 *   every state --table_remove(): closed, or idle for too long--> (none)
 *   LIVE has `in_handshake` until its handshake is over. After a fork() the entry
 *   belongs to the process that uses it next (`generation`).
 */
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "wire/connection.h"

enum entry_state {
	ENTRY_NEW, /* its handshake as client has not begun */
	ENTRY_LIVE,
	ENTRY_DROPPED, /* not read any more */
};

struct entry {
	UT_hash_handle hh;
	const void *handle;
	struct connection *connection; /* NULL unless live */
	enum entry_state state;
	uint32_t number;
	bool in_handshake;       /* the handshake has begun and is not over */
	bool handshake_answered; /* and bytes of the server's came */
	unsigned finished;       /* sides that sent Finished, if it is seen: bits 1 << SIDE_* */
	struct handshake *seen;  /* what its messages showed; NULL: nothing */
	int64_t begun_us;        /* when it was first seen */
	bool wrote;              /* the client wrote */
	bool answered;           /* the server wrote since */
	unsigned generation;     /* how many forks this process had when it last used it */
	int64_t used_us;
	char *server_name;  /* set before the handshake; NULL: not known */
	struct buf pending; /* the client's bytes that the library took without saying how many */
};

struct shard;

struct shard *table_lock(const void *handle);
void table_unlock(struct shard *s);

struct entry *table_find(struct shard *s, const void *handle);
/* NULL without memory or at the ceiling; then the handle counts as dropped. */
struct entry *table_add(struct shard *s, const void *handle, int64_t now_us);
void table_drop(struct entry *e); /* frees the connection, keeps the entry */
void table_remove(struct shard *s, struct entry *e);

/* Every live entry of the shards that are not locked; VISIT may not add or remove. */
void table_visit(void (*visit)(struct entry *e, void *arg), void *arg);

/* Frees every entry and empties the cache. */
void table_clear(void);

void table_lock_all(void);
void table_unlock_all(void);

#endif

/* SPDX-License-Identifier: MIT */
#include "tap/tap.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/early.h"
#include "tap/process.h"
#include "tap/hook_guard.h"
#include "tap/table.h"
#include "tap/unwatched.h"

static atomic_uint numbers EARLY; /* connections so far */
static atomic_uint generation;    /* forks of this process so far */
static atomic_bool is_late;       /* connections may be older than our attachment */

bool tap_is_inside(void)
{
	return hook_is_inside();
}

bool tap_had_connections(void)
{
	return atomic_load_explicit(&numbers, memory_order_relaxed) > 0;
}

void tap_disable(void)
{
	table_clear();
	process_disable();
}

int tap_enable(struct slice settings)
{
	atomic_store(&is_late, true);
	table_clear();
	return process_enable(settings);
}

static void watch(struct entry *e, struct slice sni, enum connection_start start)
{
	struct wire_limits limits = process_limits();
	limits.plain = (uintptr_t)e->handle & TAP_PLAIN;

	e->number = atomic_fetch_add(&numbers, 1) + 1;
	e->state = ENTRY_LIVE;
	e->connection = connection_new(&limits, e->number, sni, start);
	if (!e->connection)
		table_drop(e);
}

static void use(struct entry *e, int64_t now_us)
{
	e->used_us = now_us;
	e->generation = atomic_load_explicit(&generation, memory_order_relaxed);
}

/*
 * The locked shard of HANDLE. NULL: tap_disable() emptied it after this thread
 * entered; the thread's bytes do not begin a connection.
 */
static struct shard *lock_shard(const void *handle, const struct hook_guard *g)
{
	struct shard *s = table_lock(handle);

	if (!hook_guard_is_stale(g))
		return s;
	table_unlock(s);
	return NULL;
}

static void unlock_shard(struct shard *s)
{
	if (s)
		table_unlock(s);
}

bool tap_is_past_handshake(const void *handle)
{
	struct hook_guard g;

	if (!hook_enter(&g))
		return true;
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	bool opened = !s || (e && !e->in_handshake && e->state != ENTRY_NEW);
	unlock_shard(s);
	hook_leave(&g);
	return opened;
}

bool tap_watches(struct slice host)
{
	struct hook_guard g;

	if (!host.n || !hook_enter(&g))
		return false;
	bool watched = process_watches_host(host);
	hook_leave(&g);
	return watched;
}

/* What a hook reports of a handshake. */
struct handshake_event {
	const void *handle;
	struct slice sni; /* or a certificate */
	const struct handshake *h;
	bool answered;
};

/* The entry of a handshake that was not over before: a new one, or one that is going on. */
static struct entry *entry_of_handshake(struct shard *s, const struct handshake_event *k,
					int64_t now)
{
	struct entry *e = table_find(s, k->handle);

	if (e && !e->in_handshake && e->state != ENTRY_NEW)
		return NULL;
	if (!e)
		e = table_add(s, k->handle, now);
	if (!e)
		return NULL;
	use(e, now);
	if (e->state == ENTRY_NEW)
		watch(e, k->sni, CONNECTION_OPENED);
	return e->state == ENTRY_LIVE ? e : NULL;
}

/* HANDSHAKE_FINISHED or _CUT, with what its messages said. */
static struct handshake handshake_of(const struct entry *e, enum handshake_end end)
{
	struct handshake h = e->seen ? *e->seen : handshake_unknown(end);

	h.end = end;
	return h;
}

static void on_begun(struct entry *e, const struct handshake_event *k, int64_t now)
{
	if (!e->in_handshake)
		e->begun_us = now;
	e->in_handshake = true;
	e->handshake_answered |= k->answered;
}

static void on_done(struct entry *e, const struct handshake_event *k, int64_t now)
{
	e->in_handshake = false;
	if (k->h)
		connection_handshake(e->connection, k->h, now);
	free(e->seen);
	e->seen = NULL;
	process_drain(e, now);
}

static void on_failed(struct entry *e, const struct handshake_event *k, int64_t now)
{
	struct handshake h = *k->h;

	if (e->in_handshake) {
		h.us = now - e->begun_us;
		h.answered |= e->handshake_answered;
	}
	e->in_handshake = false;
	connection_handshake(e->connection, &h, now);
	process_drain(e, now);
}

static void on_quic(struct entry *e, const struct handshake_event *k, int64_t now)
{
	(void)k;
	e->in_handshake = false;
	connection_is_quic(e->connection);
	process_drain(e, now);
}

static void on_certificate(struct entry *e, const struct handshake_event *k, int64_t now)
{
	struct handshake *h = e->in_handshake && !e->seen ? malloc(sizeof(*h)) : NULL;

	(void)now;
	e->handshake_answered = true;
	if (!h)
		return;
	*h = handshake_unknown(HANDSHAKE_CUT);
	h->has_certificate =
	    certificate_read(k->sni, connection_sni(e->connection), &h->certificate);
	e->seen = h;
}

static void on_finished_by(struct entry *e, const struct handshake_event *k, int64_t now)
{
	enum { BOTH = 1u << SIDE_CLIENT | 1u << SIDE_SERVER };
	struct handshake h = handshake_of(e, HANDSHAKE_FINISHED);
	const struct handshake_event over = { .h = &h };

	e->finished |= 1u << (k->answered ? SIDE_SERVER : SIDE_CLIENT);
	if (e->in_handshake && e->finished == BOTH)
		on_done(e, &over, now);
}

static void note_handshake(const struct handshake_event *k,
			   void (*note)(struct entry *e, const struct handshake_event *k,
					int64_t now))
{
	struct hook_guard g;

	if (!hook_enter(&g))
		return;
	int64_t now = process_clock();
	struct shard *s = lock_shard(k->handle, &g);
	struct entry *e = s ? entry_of_handshake(s, k, now) : NULL;
	if (e)
		note(e, k, now);
	unlock_shard(s);
	hook_leave(&g);
}

void tap_handshake_begun(const void *handle, struct slice sni, bool answered)
{
	const struct handshake_event k = { handle, sni, NULL, answered };

	if (tap_watches(sni))
		note_handshake(&k, on_begun);
}

void tap_handshake_done(const void *handle, struct slice sni, const struct handshake *h)
{
	const struct handshake_event k = { handle, sni, h, true };

	note_handshake(&k, on_done);
}

void tap_handshake_failed(const void *handle, struct slice sni, const struct handshake *h)
{
	const struct handshake_event k = { handle, sni, h, false };

	note_handshake(&k, on_failed);
}

void tap_verified(const void *handle, const struct handshake *h)
{
	struct hook_guard g;

	if (is_unwatched(handle) || !hook_enter(&g))
		return;
	int64_t now = process_clock();
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	if (e && e->state == ENTRY_LIVE && !e->in_handshake)
		connection_handshake(e->connection, h, now);
	unlock_shard(s);
	hook_leave(&g);
}

/* A watched connection has an entry by now, because its hello was seen. */
bool tap_in_handshake(const void *handle)
{
	struct hook_guard g;

	if (is_unwatched(handle) || !hook_enter(&g))
		return false;
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	bool is = e && e->in_handshake;
	unlock_shard(s);
	hook_leave(&g);
	return is;
}

void tap_certificate(const void *handle, struct slice der)
{
	const struct handshake_event k = { handle, der, NULL, true };

	if (der.n && tap_in_handshake(handle))
		note_handshake(&k, on_certificate);
}

void tap_finished(const void *handle, enum side side)
{
	const struct handshake_event k = { handle, { NULL, 0 }, NULL, side == SIDE_SERVER };

	if (tap_in_handshake(handle))
		note_handshake(&k, on_finished_by);
}

void tap_quic(const void *handle, struct slice sni)
{
	const struct handshake_event k = { handle, sni, NULL, false };

	note_handshake(&k, on_quic);
}

/*
 * A connection whose handshake was not seen. The library's getter gives its role, if
 * there is a getter; else the connection recognises the role by the bytes.
 */
static void admit(struct entry *e, const struct tls_getters *ask)
{
	bool late = atomic_load(&is_late), asked = late && ask && ask->is_server;
	const char *name = NULL;

	if ((asked && ask->is_server(e->handle)) ||
	    (ask && ask->is_dtls && ask->is_dtls(e->handle))) {
		table_drop(e);
		return;
	}
	if (asked && ask->servername)
		name = ask->servername(e->handle, SERVERNAME_HOST);
	watch(e, slice_of(name ? name : e->server_name),
	      late ? CONNECTION_MIDSTREAM : CONNECTION_UNSEEN);
	e->wrote = asked;
}

static void feed(struct entry *e, enum side side, struct slice bytes, int64_t now)
{
	e->wrote |= side == SIDE_CLIENT;
	e->answered = e->wrote && side == SIDE_SERVER;
	connection_feed(e->connection, side, bytes.p, bytes.n, now);
	if (connection_is_stopped(e->connection) && !connection_has_events(e->connection))
		table_drop(e); /* a server's, or not HTTP: not reported */
	else
		process_drain(e, now);
}

void tap_bytes(const void *handle, enum side side, const void *bytes, size_t n)
{
	tap_bytes_asking(handle, side, bytes, n, NULL);
}

void tap_bytes_asking(const void *handle, enum side side, const void *bytes, size_t n,
		      const struct tls_getters *ask)
{
	struct slice given = { bytes, n };
	struct hook_guard g;

	if (n == 0 || is_unwatched(handle) || !hook_enter(&g))
		return;
	int64_t now = process_clock();
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	if (!e && s)
		e = table_add(s, handle, now);
	if (e) {
		use(e, now);
		if (e->state == ENTRY_NEW)
			admit(e, ask);
		if (e->state == ENTRY_LIVE)
			feed(e, side, given, now);
	}
	unlock_shard(s);
	hook_leave(&g);
}

void tap_set_server_name(const void *handle, struct slice sni)
{
	struct hook_guard g;

	if (!sni.n || sni.n >= TAP_NAME_SIZE || is_unwatched(handle) || !hook_enter(&g))
		return;
	int64_t now = process_clock();
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	if (!e && s)
		e = table_add(s, handle, now);
	if (e && e->state == ENTRY_NEW) {
		use(e, now);
		free(e->server_name);
		e->server_name = strndup(sni.p, sni.n);
	}
	unlock_shard(s);
	hook_leave(&g);
}

struct slice tap_server_name(const void *handle, char room[TAP_NAME_SIZE])
{
	struct hook_guard g;

	room[0] = '\0';
	if (hook_enter(&g)) {
		struct shard *s = lock_shard(handle, &g);
		struct entry *e = s ? table_find(s, handle) : NULL;
		if (e && e->server_name)
			memcpy(room, e->server_name, strlen(e->server_name) + 1);
		unlock_shard(s);
		hook_leave(&g);
	}
	return slice_of(room);
}

void tap_ignore(const void *handle)
{
	struct hook_guard g;

	if (!hook_enter(&g))
		return;
	struct shard *s = lock_shard(handle, &g);
	struct entry *e =
	    s && !table_find(s, handle) ? table_add(s, handle, process_clock()) : NULL;
	if (e)
		table_drop(e);
	unlock_shard(s);
	hook_leave(&g);
}

void tap_pending(const void *handle, const void *bytes, size_t n)
{
	struct hook_guard g;

	if (is_unwatched(handle) || !hook_enter(&g))
		return;
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	if (e && e->state == ENTRY_LIVE) {
		buf_release(&e->pending);
		buf_init(&e->pending, LIMIT_PENDING);
		if (buf_add(&e->pending, bytes, n < LIMIT_PENDING ? n : LIMIT_PENDING) != 0)
			buf_release(&e->pending); /* its bytes are skipped, then */
	}
	unlock_shard(s);
	hook_leave(&g);
}

void tap_pending_sent(const void *handle, size_t n)
{
	struct hook_guard g;

	if (is_unwatched(handle) || !hook_enter(&g))
		return;
	int64_t now = process_clock();
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	if (e && e->state == ENTRY_LIVE) {
		struct buf sent = e->pending;
		e->pending = (struct buf){ 0 };
		use(e, now);
		if (n <= sent.n)
			feed(e, SIDE_CLIENT, slice_sub(buf_slice(&sent), 0, n), now);
		else
			connection_skip(e->connection, SIDE_CLIENT, n, now);
		buf_release(&sent);
	}
	unlock_shard(s);
	hook_leave(&g);
}

void tap_skipped(const void *handle, enum side side, size_t n)
{
	struct hook_guard g;

	if (n == 0 || is_unwatched(handle) || !hook_enter(&g))
		return;
	int64_t now = process_clock();
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	if (e && e->state == ENTRY_LIVE) {
		use(e, now);
		e->wrote |= side == SIDE_CLIENT;
		connection_skip(e->connection, side, n, now);
		process_drain(e, now);
	}
	unlock_shard(s);
	hook_leave(&g);
}

void tap_ended(const void *handle, enum side side)
{
	struct hook_guard g;

	if (is_unwatched(handle) || !hook_enter(&g))
		return;
	int64_t now = process_clock();
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	if (e && e->state == ENTRY_LIVE && e->wrote) {
		use(e, now);
		connection_end(e->connection, side, now);
		process_drain(e, now);
	}
	unlock_shard(s);
	hook_leave(&g);
}

/* After a fork both processes have the connection; the one that uses it next reports it. */
static bool is_ours(const struct entry *e)
{
	return e->generation == atomic_load_explicit(&generation, memory_order_relaxed);
}

static void finish(struct entry *e, int64_t now)
{
	struct handshake cut = handshake_of(e, HANDSHAKE_CUT);

	if (e->in_handshake && !e->wrote) {
		cut.us = now - e->begun_us;
		cut.answered = e->handshake_answered;
		connection_handshake(e->connection, &cut, now);
	} else {
		connection_close(e->connection, now);
	}
	if (e->wrote || connection_has_events(e->connection))
		process_drain(e, now);
}

static atomic_bool is_child; /* of a fork that this library lived through */

/*
 * A connection that was not used since a fork. In the child it was the parent's. In
 * the parent, the child may have written or read what is missing here, so only
 * answered exchanges are reported.
 */
static bool may_be_told(const struct entry *e)
{
	return is_ours(e) || (e->answered && !atomic_load(&is_child));
}

void tap_closed(const void *handle)
{
	struct hook_guard g;

	unwatched_remove(handle);
	if (!hook_enter(&g))
		return;
	struct shard *s = lock_shard(handle, &g);
	struct entry *e = s ? table_find(s, handle) : NULL;
	if (e) {
		if (e->state == ENTRY_LIVE && may_be_told(e))
			finish(e, process_clock());
		table_remove(s, e);
	}
	unlock_shard(s);
	hook_leave(&g);
}

/*
 * The process ends, and many tools free nothing. Answered exchanges are reported,
 * and connections that were opened and never used. A request without an answer yet,
 * or an incomplete handshake, ended because the tool exits, which is not a fault: of
 * such a handshake only the `process` record is written, to show that there was TLS.
 */
static void finish_at_exit(struct entry *e, void *arg)
{
	(void)arg;
	if (!is_ours(e) || (e->wrote && !e->answered))
		return;
	if (!process_try_lock())
		return;
	process_unlock();
	if (e->in_handshake)
		process_report(process_clock());
	else
		finish(e, process_clock());
}

__attribute__((destructor)) static void tap_finish(void)
{
	struct hook_guard g;

	if (!atomic_load(&numbers) || !hook_enter(&g))
		return;
	table_visit(finish_at_exit, NULL);
	process_finish();
	hook_leave(&g);
}

void tap_forked(bool in_child)
{
	atomic_fetch_add(&generation, 1);
	if (in_child)
		atomic_store(&is_child, true);
}

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_WIRE_RUN_H
#define ORSHIM_WIRE_RUN_H

/*
 * Runs a recorded connection through wire/ in several splits, with every
 * piece at the end of a page before an unreadable one, and writes what came
 * out as text, so that two runs can be compared.
 */
/* Rows of tables end where they have nothing more to say. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "wire/generation.h"
#include "wire/connection.h"

enum step_kind {
	STEP_STOP,
	STEP_CLIENT,
	STEP_SERVER,
	STEP_CLIENT_END,
	STEP_SERVER_END,
	STEP_CLOSE
};

struct step {
	enum step_kind kind;
	const char *bytes;
	size_t n;
};

#define CLIENT(text)                                \
	{                                           \
		STEP_CLIENT, text, sizeof(text) - 1 \
	}
#define SERVER(text)                                \
	{                                           \
		STEP_SERVER, text, sizeof(text) - 1 \
	}
#define CLIENT_END                       \
	{                                \
		STEP_CLIENT_END, NULL, 0 \
	}
#define SERVER_END                       \
	{                                \
		STEP_SERVER_END, NULL, 0 \
	}
#define CLOSE                       \
	{                           \
		STEP_CLOSE, NULL, 0 \
	}

enum split { SPLIT_AS_RECORDED, SPLIT_PER_BYTE, SPLIT_AT_ONCE, SPLIT_SEVENS, SPLIT_COUNT };

struct text {
	char *p;
	size_t n;
	size_t cap;
};

__attribute__((format(printf, 2, 3))) static inline void text_add(struct text *t,
								  const char *format, ...)
{
	va_list args;

	if (t->cap - t->n < 4096) {
		t->cap = t->cap * 2 + 65536;
		t->p = realloc(t->p, t->cap);
		assert_non_null(t->p);
	}
	va_start(args, format);
	int n = vsnprintf(t->p + t->n, t->cap - t->n, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < t->cap - t->n);
	t->n += (size_t)n;
}

/* At most 300 bytes are shown; the checksum covers all. */
static inline void text_bytes(struct text *t, const char *name, struct slice s)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		sum = (sum ^ (unsigned char)s.p[i]) * 16777619u;
	text_add(t, "%s=", name);
	if (!s.p) {
		text_add(t, "absent\n");
		return;
	}
	for (size_t i = 0; i < s.n && i < 300; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '\n')
			text_add(t, "\\n");
		else if (c == '\r')
			text_add(t, "\\r");
		else if (c < 0x20 || c > 0x7e)
			text_add(t, "\\x%02x", c);
		else
			text_add(t, "%c", c);
	}
	if (s.n > 300)
		text_add(t, "...%zu:%08x", s.n, sum);
	text_add(t, "\n");
}

static inline const char *fault_name(enum fault_id id)
{
	static const char *const names[] = {
#define FAULT(id, seen) #id,
#include "wire/fault.def"
#undef FAULT
	};
	return names[id];
}

static inline void text_message(struct text *t, const char *who, const struct message *m)
{
	static const char *const framings[] = { "none", "length", "chunked", "until_end" };
	static const char *const codings[] = { "none", "decoded", "opaque" };
	const struct body *b = &m->body;

	text_add(t, "%s version=%d status=%d bytes=%llu whole_head=%d fields_complete=%d\n", who,
		 m->version, m->status, (unsigned long long)m->bytes, m->head_complete,
		 m->fields_complete);
	text_bytes(t, " head", buf_slice(&m->head));
	text_bytes(t, " method", m->method);
	text_bytes(t, " target", m->target);
	for (size_t i = 0; i < m->field_count; i++) {
		text_add(t, " field %zu known=%d\n", i, m->fields[i].known);
		text_bytes(t, "  name", m->fields[i].name);
		text_bytes(t, "  value", m->fields[i].value);
		text_bytes(t, "  raw", m->fields[i].raw);
	}
	for (size_t i = 0; i < m->fault_count; i++)
		text_add(t, " fault %s at=%llu field=%d\n", fault_name(m->faults[i].id),
			 (unsigned long long)m->faults[i].at, m->faults[i].field);
	text_add(t,
		 " body framing=%s coding=%s total=%llu decoded=%llu declared=%lld complete=%d "
		 "truncated=%d unseen=%d\n",
		 framings[b->framing], codings[b->coding], (unsigned long long)b->total,
		 (unsigned long long)b->decoded, b->has_declared ? (long long)b->declared : -1LL,
		 b->complete, b->truncated, b->counted_only);
	text_bytes(t, " body", buf_slice(&b->bytes));
}

static inline void text_generation(struct text *t, const struct exchange *x)
{
	struct generation c;

	generation_of(x, &c);
	text_add(t, "generation model=%s id=%s input=%lld output=%lld\n", c.model, c.id,
		 (long long)c.input_tokens, (long long)c.output_tokens);
}

static inline void text_exchange(struct text *t, const struct exchange *x)
{
	static const char *const ends[] = { "answered", "closed", "reset", "switched", "unparsed" };
	const struct stream_report *e = &x->events;

	text_add(t, "exchange seq=%u stream=%u version=%d end=%s port=%u informational=%d\n",
		 x->seq, x->stream, x->version, ends[x->end], x->port, x->informational);
	text_bytes(t, "sni", x->sni);
	text_bytes(t, "host", x->host);
	text_bytes(t, "path", x->path);
	text_bytes(t, "query", x->query);
	text_message(t, "request", &x->request);
	text_message(t, "response", &x->response);
	text_generation(t, x);
	if (!e->seen)
		return;
	text_add(t, "events=%llu comments=%llu done=%d finish=%s native=%s\n",
		 (unsigned long long)e->events, (unsigned long long)e->comments, e->done, e->finish,
		 e->native_finish);
	text_bytes(t, "error", buf_slice(&e->error));
	text_bytes(t, "error_event", buf_slice(&e->error_event));
}

/* Two pages of which the second cannot be read; pieces larger than the room are fed from where they are. */
enum { GUARD_ROOM = 1 << 16 };

static inline char *guard_end(void)
{
	static char *end;

	if (!end) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		char *p = mmap(NULL, GUARD_ROOM + page, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(p, MAP_FAILED);
		assert_int_equal(mprotect(p + GUARD_ROOM, page, PROT_NONE), 0);
		end = p + GUARD_ROOM;
	}
	return end;
}

static inline void take_events(struct connection *c, struct text *t, bool heads)
{
	struct event event;

	while (connection_next(c, &event)) {
		switch (event.kind) {
		case EVENT_HEAD:
			if (heads)
				text_bytes(t, "HEAD", buf_slice(&event.exchange->request.head));
			break;
		case EVENT_EXCHANGE:
			text_exchange(t, event.exchange);
			exchange_free(event.exchange);
			break;
		case EVENT_UNSUPPORTED:
			text_add(t, "blind: %s\n", event.why);
			break;
		case EVENT_IDLE_CLOSE:
			text_add(t, "silent\n");
			break;
		case EVENT_HANDSHAKE: /* nobody here tells of one */
		case EVENT_QUIC:
			text_add(t, "handshake\n");
			break;
		}
	}
}

static inline void feed_piece(struct connection *c, enum side side, const char *bytes, size_t n,
			      struct text *t)
{
	const char *p = bytes;

	if (n <= GUARD_ROOM)
		p = memcpy(guard_end() - n, bytes, n);
	connection_feed(c, side, p, n, 1000);
	if (t)
		take_events(c, t, true);
}

static inline void feed_split(struct connection *c, enum side side, struct slice in,
			      enum split split, struct text *t)
{
	size_t piece = split == SPLIT_PER_BYTE ? 1 : split == SPLIT_SEVENS ? 7 : in.n;

	for (size_t at = 0; at < in.n; at += piece)
		feed_piece(c, side, in.p + at, in.n - at < piece ? in.n - at : piece, t);
}

struct run_options {
	size_t body_max; /* 0: 1 MiB */
	enum connection_start start;
	const char *sni;
};

/* The caller frees the text's p. */
static inline struct text run_steps(const struct step *steps, enum split split,
				    const struct run_options *o)
{
	struct wire_limits limits = { .body_max = o && o->body_max ? o->body_max : 1 << 20 };
	struct connection *c =
	    connection_new(&limits, 1, slice_of(o ? o->sni : NULL), o ? o->start : CONNECTION_OPENED);
	struct text t = { 0 };

	assert_non_null(c);
	text_add(&t, "begin\n");
	for (const struct step *s = steps; s->kind != STEP_STOP; s++) {
		struct text joined = { 0 };
		enum side side = s->kind == STEP_CLIENT ? SIDE_CLIENT : SIDE_SERVER;
		switch (s->kind) {
		case STEP_CLIENT:
		case STEP_SERVER:
			if (split != SPLIT_AT_ONCE) {
				feed_split(c, side, (struct slice){ s->bytes, s->n }, split, &t);
				break;
			}
			for (;; s++) {
				joined.p = realloc(joined.p, joined.n + s->n + 1);
				memcpy(joined.p + joined.n, s->bytes, s->n);
				joined.n += s->n;
				if (s[1].kind != s->kind)
					break;
			}
			feed_piece(c, side, joined.p, joined.n, &t);
			free(joined.p);
			break;
		case STEP_CLIENT_END:
			connection_end(c, SIDE_CLIENT, 1000);
			break;
		case STEP_SERVER_END:
			connection_end(c, SIDE_SERVER, 1000);
			break;
		default:
			connection_close(c, 1000);
			break;
		}
		take_events(c, &t, true);
	}
	connection_free(c);
	return t;
}

/*
 * With ORSHIM_SEEDS=folder every recorded connection is written there as a
 * seed of tests/fuzz/fuzz_connection, named after its bytes.
 */
static inline void write_seed(const struct step *steps, const struct run_options *o)
{
	const char *folder = getenv("ORSHIM_SEEDS");
	uint32_t sum = 2166136261u;
	char path[500];

	if (!folder)
		return;
	for (const struct step *s = steps; s->kind != STEP_STOP; s++)
		for (size_t i = 0; i < s->n; i++)
			sum = (sum ^ (unsigned char)s->bytes[i]) * 16777619u;
	snprintf(path, sizeof(path), "%s/%08x", folder, sum);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fputc((o && o->start == CONNECTION_MIDSTREAM) | (steps->kind == STEP_SERVER ? 4 : 0), f);
	for (const struct step *s = steps; s->kind != STEP_STOP; s++) {
		if (s > steps && s->kind != s[-1].kind)
			fwrite("\xff\xfe", 1, 2, f);
		fwrite(s->bytes, 1, s->n, f);
	}
	fclose(f);
}

/* Every split must tell the same; the text of the first is given back. */
static inline struct text run_all_splits(const char *name, const struct step *steps,
					 const struct run_options *o)
{
	struct text first = run_steps(steps, SPLIT_AS_RECORDED, o);

	write_seed(steps, o);
	for (int split = SPLIT_PER_BYTE; split < SPLIT_COUNT; split++) {
		struct text other = run_steps(steps, (enum split)split, o);
		if (strcmp(first.p, other.p) != 0)
			fail_msg("%s: split %d differs:\n--- as recorded\n%s\n--- split\n%s", name,
				 split, first.p, other.p);
		free(other.p);
	}
	return first;
}

enum { CASE_LINES = 10 };

struct wire_case {
	const char *name;
	struct step steps[12];
	const char *has[CASE_LINES];
	const char *lacks[CASE_LINES];
	struct run_options options;
};

/* 1 if the case told what it should, else 0 and why. */
static inline int check_case(const struct wire_case *k)
{
	struct text t = run_all_splits(k->name, k->steps, &k->options);
	int good = 1;

	for (size_t i = 0; i < CASE_LINES && k->has[i]; i++)
		if (!strstr(t.p, k->has[i])) {
			print_error("%s: expected \"%s\" in:\n%s", k->name, k->has[i], t.p);
			good = 0;
		}
	for (size_t i = 0; i < CASE_LINES && k->lacks[i]; i++)
		if (strstr(t.p, k->lacks[i])) {
			print_error("%s: did not expect \"%s\" in:\n%s", k->name, k->lacks[i], t.p);
			good = 0;
		}
	free(t.p);
	return good;
}

static inline void check_cases(const struct wire_case *cases, size_t count)
{
	int bad = 0;

	for (size_t i = 0; i < count; i++)
		bad += !check_case(&cases[i]);
	assert_int_equal(bad, 0);
}

#endif

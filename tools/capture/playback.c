/* SPDX-License-Identifier: MIT */
#include "tools/capture/playback.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 30 };

/*
 * Environment of the capture that is being played. A setting is looked up by
 * name alone, as getenv() does, so this is a file-level variable.
 */
static struct {
	const struct capture *capture; /* NULL: there is none, but outer settings */
	char *(*outer)(const char *name);
} setting_source;

static char *look_up_setting(const char *name)
{
	const struct capture *c = setting_source.capture;
	const struct buf *env = c ? &c->environment : NULL;
	size_t n = strlen(name);

	if (strcmp(name, "ORSHIM_LOG") == 0 || strcmp(name, "ORSHIM_TEXT") == 0)
		return NULL;
	for (size_t at = 0; env && at < env->n; at += strlen(env->p + at) + 1)
		if (strncmp(env->p + at, name, n) == 0 && env->p[at + n] == '=')
			return env->p + at + n + 1;
	return setting_source.outer ? setting_source.outer(name) : NULL;
}

static int drain(int fd, struct buf *to)
{
	char piece[2048];
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return -1;
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		if (buf_add(to, piece, (size_t)n) != 0) {
			buf_reset(to); /* a part of a line is none */
			return -1;
		}
	return n < 0 ? -1 : 0;
}

struct run {
	struct observer *observer;
	struct connection *connection;
	int64_t now_us;
	bool over;
};

static void feed(struct run *run, enum side side, const char *bytes, size_t n, size_t most)
{
	while (n) {
		size_t piece = n < most ? n : most;
		connection_feed(run->connection, side, bytes, piece, run->now_us);
		observer_take(run->observer, run->connection, 1, run->now_us);
		bytes += piece;
		n -= piece;
	}
}

/* How many steps from I on are bytes of the same side; they are consecutive in C->bytes. */
static size_t same_side(const struct capture *c, size_t i, size_t *bytes)
{
	size_t n = 0;

	*bytes = 0;
	for (; i + n < c->count; n++) {
		const struct step *s = &c->steps[i + n];
		if (s->kind != STEP_BYTES || s->side != c->steps[i].side)
			break;
		*bytes += s->n;
	}
	return n;
}

/* Play the step at I, or several; returns how many. */
static size_t play_step(struct run *run, const struct capture *c, size_t i, enum split split)
{
	const struct step *s = &c->steps[i];
	size_t bytes = s->n;
	size_t steps = 1;

	switch (s->kind) {
	case STEP_BYTES:
		if (split == SPLIT_WHOLE)
			steps = same_side(c, i, &bytes);
		feed(run, s->side, buf_slice(&c->bytes).p + s->at, bytes,
		     split == SPLIT_BYTES ? 1 : bytes);
		break;
	case STEP_WAIT:
		run->now_us += s->wait_us;
		break;
	case STEP_END:
		connection_end(run->connection, s->side, run->now_us);
		break;
	case STEP_HANDSHAKE:
		if (c->handshake.quic)
			connection_is_quic(run->connection);
		else
			connection_handshake(run->connection, &c->handshake.facts, run->now_us);
		break;
	case STEP_CLOSE:
		connection_close(run->connection, run->now_us);
		run->over = true;
		break;
	}
	observer_take(run->observer, run->connection, 1, run->now_us);
	return steps;
}

/*
 * Take the server's name out of C (NAME, NAME:PORT or [ADDRESS]:PORT); only the
 * name was sent (RFC 6066, 3).
 */
static struct slice server_name(const struct capture *c, uint16_t *port)
{
	struct slice host = { c->host.n ? c->host.p : NULL, c->host.n };
	unsigned long long number;
	long colon = -1;

	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == ':')
			colon = (long)i;
	if (colon > 0 && (slice_byte(host, ':', 0) == colon || host.p[colon - 1] == ']') &&
	    slice_number(slice_from(host, (size_t)colon + 1), &number) && number <= UINT16_MAX) {
		*port = (uint16_t)number;
		host.n = (size_t)colon;
	}
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_sub(host, 1, host.n - 2);
	return host;
}

static int play(struct observer *o, const struct capture *c, enum split split)
{
	struct wire_limits limits = { .body_max = o->settings.body_max };
	struct slice host = server_name(c, &limits.port);
	struct run run = { .observer = o, .now_us = c->start_us };

	run.connection = connection_new(&limits, 1, host,
					c->late ? CONNECTION_MIDSTREAM : CONNECTION_OPENED);
	if (!run.connection)
		return -1;
	for (size_t i = 0; i < c->count && !run.over;)
		i += play_step(&run, c, i, split);
	connection_free(run.connection);
	return 0;
}

static void observer_begin(struct observer *o, const struct playback_begun *b,
			   const struct playback_options *options)
{
	observer_init(o, look_up_setting);
	sink_init_fd(&o->log, b->records);
	sink_init_fd(&o->text, b->text);
	o->style = options->style;
	o->judge.lint = options->lint;
	o->judge.recorded = options->recorded;
	if (options->recorded)
		rulebook_for_recordings(&o->judge.book);
	o->origin = (struct origin){ .tool = options->tool };
	observer_set_environment(o, options->environment);
}

int playback_begin(struct playback_begun *b, const struct capture *c,
		   const struct playback_options *options)
{
	*b = (struct playback_begun){ .observer = malloc(sizeof(*b->observer)),
				      .records = memfd_create("records", MFD_CLOEXEC),
				      .text = memfd_create("text", MFD_CLOEXEC) };
	setting_source.capture = c;
	setting_source.outer = options->lookup;
	if (b->observer && b->records >= 0 && b->text >= 0) {
		observer_begin(b->observer, b, options);
		return 0;
	}
	free(b->observer);
	b->observer = NULL;
	return -1;
}

int playback_end(struct playback_begun *b, struct playback *r)
{
	struct observer *o = b->observer;
	int failed = o ? 0 : -1;

	memset(r, 0, sizeof(*r));
	buf_init(&r->records, OUTPUT_MAX);
	buf_init(&r->text, OUTPUT_MAX);
	if (o) {
		r->exchanges = o->origin.exchange;
		memcpy(r->findings, o->findings, sizeof(r->findings));
		r->blind = o->unsupported;
		observer_release(o);
		failed = drain(b->records, &r->records) | drain(b->text, &r->text);
	}
	if (b->records >= 0)
		close(b->records);
	if (b->text >= 0)
		close(b->text);
	free(o);
	return failed;
}

int playback_run(struct playback *r, const struct capture *c,
		 const struct playback_options *options)
{
	struct playback_begun b;
	int failed = playback_begin(&b, c, options);

	if (!failed) {
		if (c->tool.n)
			b.observer->origin.tool = c->tool.p;
		if (!options->environment.p)
			observer_set_environment(b.observer, buf_slice(&c->environment));
		b.observer->judge.found.text = buf_slice(&c->found);
		failed = play(b.observer, c, options->split);
	}
	return failed | playback_end(&b, r);
}

void playback_release(struct playback *r)
{
	buf_release(&r->records);
	buf_release(&r->text);
}

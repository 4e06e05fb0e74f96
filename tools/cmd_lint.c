/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/capture/verdicts.h"
#include "tools/commands.h"
#include "tools/har/har_lint.h"

enum { RAW_MAX = 256 << 20 };

extern char **environ;

struct lint {
	const struct lint_options *o;
	struct buf environment; /* entries ended by NUL */
};

static void add_entry(struct lint *l, struct slice entry)
{
	if (buf_add_slice(&l->environment, entry) != 0 || buf_add(&l->environment, "", 1) != 0)
		die("lint: the environment is longer than %d bytes", LIMIT_ENVIRON);
}

/* NAME=VALUE lines; empty ones and those that start with # are skipped. */
static void read_environment(struct lint *l)
{
	struct slice line;
	struct slice rest;
	struct buf text;
	size_t number = 0;

	buf_init(&text, LIMIT_ENVIRON);
	read_file(l->o->environ_file, &text);
	rest = buf_slice(&text);
	while (slice_cut(&rest, '\n', &line)) {
		number++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (slice_byte(line, '=', 0) < 1)
			die("lint: %s:%zu: not NAME=VALUE", l->o->environ_file, number);
		add_entry(l, line);
	}
	buf_release(&text);
}

static void take_environment(struct lint *l)
{
	for (char **entry = environ; *entry; entry++) {
		struct slice s = slice_of(*entry);
		if (s.n + 1 <= l->environment.max - l->environment.n)
			add_entry(l, s);
	}
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void add_raw(struct capture *c, enum side side, const char *path)
{
	struct buf bytes;

	buf_init(&bytes, RAW_MAX);
	read_file(path, &bytes);
	if (capture_add_bytes(c, side, buf_slice(&bytes)) != 0)
		die("lint: out of memory");
	buf_release(&bytes);
}

static void add_step(struct capture *c, struct step step)
{
	if (capture_add_step(c, step) != 0)
		die("lint: out of memory");
}

static void lint_raw(struct lint *l, struct verdicts *v)
{
	struct capture c;

	capture_init(&c);
	c.start_us = now_us();
	if (l->o->host && buf_add(&c.host, l->o->host, strlen(l->o->host)) != 0)
		die("lint: --host is too long");
	add_raw(&c, SIDE_CLIENT, l->o->request);
	if (l->o->response) {
		/* The file is the whole request: nothing can have been sent after the answer. */
		add_step(&c, (struct step){ .kind = STEP_END, .side = SIDE_CLIENT });
		add_raw(&c, SIDE_SERVER, l->o->response);
	}
	add_step(&c, (struct step){ .kind = STEP_CLOSE });
	v->needs_exchange = true;
	verdicts_add(v, &c, l->o->request, false);
	capture_release(&c);
}

/* NAME, NAME:PORT, [ADDRESS]:PORT. */
static bool is_host(const char *host)
{
	const char *colon = strrchr(host, ':');
	unsigned long long port;

	if (!host[0] || strpbrk(host, "/@ \t"))
		return false;
	if (!colon || (colon != strchr(host, ':') && colon[-1] != ']'))
		return true; /* no port; or an IPv6 address without brackets */
	return colon > host && slice_number(slice_of(colon + 1), &port) && port > 0 &&
	       port <= UINT16_MAX;
}

static void check_options(const struct lint_options *o, int files)
{
	if (o->host && !is_host(o->host))
		die("lint: --host takes NAME or NAME:PORT, not '%s'", o->host);
	if (o->har && (o->request || o->response || o->host || files))
		die("lint: --har goes with --environ and --json only");
	if (!o->har && !o->request && files == 0)
		die("lint: --request FILE, --har FILE or a capture is missing; see `orshim lint "
		    "--help`");
	if (o->request && files)
		die("lint: give --request or captures, not both");
	if (!o->request && (o->response || o->host))
		die("lint: --response and --host go with --request");
	if (o->response && strcmp(o->request, "-") == 0 && strcmp(o->response, "-") == 0)
		die("lint: only one of --request and --response can be stdin");
}

int cmd_lint(const struct arguments *a)
{
	struct lint l = { .o = a->options };
	struct verdicts v;

	verdicts_init(&v, "lint");
	v.options.lint = true;
	v.json = l.o->json;
	buf_init(&l.environment, LIMIT_ENVIRON);
	check_options(l.o, a->count);
	if (l.o->environ_file)
		read_environment(&l);
	else if (l.o->request)
		take_environment(&l);
	if (l.o->environ_file || l.o->request)
		v.options.environment = buf_slice(&l.environment);
	if (l.o->har)
		har_lint(&v, l.o->har);
	if (l.o->request)
		lint_raw(&l, &v);
	for (int i = 0; i < a->count; i++)
		verdicts_add_file(&v, a->words[i], a->count > 1);
	buf_release(&l.environment);
	return verdicts_end(&v);
}

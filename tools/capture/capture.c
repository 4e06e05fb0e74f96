/* SPDX-License-Identifier: MIT */
#include "tools/capture/capture.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "tools/command.h"

enum {
	CAPTURE_MAX = 256 << 20,
	CAPTURE_FILE_MAX = 512 << 20,
	HOST_MAX = 256,
};

/* 2026-01-01T00:00:00Z: any instant will do, as long as it is always the same. */
#define CAPTURE_EPOCH_US (1767225600LL * 1000000)

void capture_init(struct capture *c)
{
	*c = (struct capture){ .start_us = CAPTURE_EPOCH_US };
	buf_init(&c->bytes, CAPTURE_MAX);
	buf_init(&c->environment, LIMIT_ENVIRON);
	buf_init(&c->found, LIMIT_FOUND);
	buf_init(&c->host, HOST_MAX);
	buf_init(&c->tool, HOST_MAX);
}

void capture_release(struct capture *c)
{
	buf_release(&c->bytes);
	buf_release(&c->environment);
	buf_release(&c->found);
	buf_release(&c->host);
	buf_release(&c->tool);
	free(c->steps);
	c->steps = NULL;
	c->count = 0;
}

int capture_add_step(struct capture *c, struct step step)
{
	/* The array is doubled whenever the count reaches a power of two. */
	if ((c->count & (c->count - 1)) == 0) {
		size_t room = c->count ? c->count * 2 : 1;
		struct step *steps = realloc(c->steps, room * sizeof(*steps));
		if (!steps)
			return -1;
		c->steps = steps;
	}
	c->steps[c->count++] = step;
	return 0;
}

int capture_add_bytes(struct capture *c, enum side side, struct slice bytes)
{
	struct step step = { STEP_BYTES, side, c->bytes.n, bytes.n, 0 };

	if (buf_add_slice(&c->bytes, bytes) != 0)
		return -1;
	return capture_add_step(c, step);
}

int capture_add_environment(struct capture *c, struct slice entry)
{
	if (buf_add_slice(&c->environment, entry) != 0)
		return -1;
	return buf_add(&c->environment, "", 1);
}

/* Like all parse_ functions: returns NULL, or what is wrong with the line. */
static const char *parse_hex(struct capture *c, enum side side, struct slice text)
{
	struct step step = { STEP_BYTES, side, c->bytes.n, 0, 0 };

	for (size_t i = 0; i < text.n && text.p[i] != '#'; i++) {
		if (is_blank(text.p[i]))
			continue;
		int high = hex_value(text.p[i]);
		int low = i + 1 < text.n ? hex_value(text.p[i + 1]) : -1;
		if (high < 0 || low < 0)
			return "not two hexadecimal digits a byte";
		if (buf_add(&c->bytes, (char[]){ (char)(high * 16 + low) }, 1) != 0)
			return "out of memory";
		i++;
	}
	step.n = c->bytes.n - step.at;
	return capture_add_step(c, step) == 0 ? NULL : "out of memory";
}

static const char *parse_bytes(struct capture *c, enum side side, struct slice line)
{
	struct slice rest = slice_from(line, 1);
	char form = rest.n && !is_blank(rest.p[0]) ? rest.p[0] : ' ';

	if (form != ' ')
		rest = slice_from(rest, 1);
	if (rest.n && !is_blank(rest.p[0]))
		return "after '>' or '<' a space, x (hex) or - (without CRLF) is expected";
	if (rest.n)
		rest = slice_from(rest, 1);
	if (form == 'x')
		return parse_hex(c, side, rest);
	if (form != ' ' && form != '-')
		return "after '>' or '<' a space, x (hex) or - (without CRLF) is expected";

	struct step step = { STEP_BYTES, side, c->bytes.n, rest.n, 0 };
	if (buf_add_slice(&c->bytes, rest) != 0)
		return "out of memory";
	if (form == ' ') {
		if (buf_add(&c->bytes, "\r\n", 2) != 0)
			return "out of memory";
		step.n += 2;
	}
	return capture_add_step(c, step) == 0 ? NULL : "out of memory";
}

static const char *parse_wait(struct capture *c, struct slice text)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { "m", 60000000 } };
	struct step step = { .kind = STEP_WAIT };
	unsigned long long n;
	size_t digits = 0;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	if (digits > 9 || !slice_number(slice_sub(text, 0, digits), &n))
		return "= wait takes a number and us, ms, s or m, as in 3s";
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (slice_equal(slice_from(text, digits), slice_of(units[i].unit))) {
			step.wait_us = (int64_t)n * units[i].us;
			return capture_add_step(c, step) == 0 ? NULL : "out of memory";
		}
	return "= wait takes a number and us, ms, s or m, as in 3s";
}

static const char *parse_close(struct capture *c, struct slice side)
{
	struct step step = { .kind = STEP_END };

	if (side.n == 0)
		step.kind = STEP_CLOSE;
	else if (slice_equal(side, SLICE("server")))
		step.side = SIDE_SERVER;
	else if (slice_equal(side, SLICE("client")))
		step.side = SIDE_CLIENT;
	else
		return "= close takes nothing, client or server";
	return capture_add_step(c, step) == 0 ? NULL : "out of memory";
}

static const char *parse_env(struct capture *c, struct slice entry)
{
	if (slice_byte(entry, '=', 0) < 1)
		return "= env takes NAME=VALUE";
	return capture_add_environment(c, entry) == 0 ? NULL : "out of memory";
}

/* KIND FILE:LINE NAME=VALUE; of the value only its fingerprint is kept. */
static const char *parse_found(struct capture *c, struct slice text)
{
	static const char usage[] = "= found takes dotenv, shell or tool, FILE:LINE and NAME=VALUE";
	char fingerprint[FINGERPRINT_SIZE];
	struct found_key key = { .kind = FOUND_KIND_COUNT };
	struct slice kind, file;
	unsigned long long line;

	slice_cut(&text, ' ', &kind);
	if (!text.n || !slice_cut(&text, ' ', &file) || !text.n)
		return usage;
	for (int k = 0; k < FOUND_KIND_COUNT; k++)
		if (slice_equal(kind, slice_of(found_kind_name((enum found_kind)k))))
			key.kind = (enum found_kind)k;
	long colon = slice_byte(file, ':', 0);
	long equals = slice_byte(text, '=', 0);
	if (key.kind == FOUND_KIND_COUNT || colon < 1 || equals < 1 ||
	    !slice_number(slice_from(file, (size_t)colon + 1), &line) || line > 1U << 30)
		return usage;
	fingerprint_of(slice_from(text, (size_t)equals + 1), fingerprint);
	key.fingerprint = slice_of(fingerprint);
	key.file = slice_sub(file, 0, (size_t)colon);
	key.line = (unsigned)line;
	key.variable = slice_sub(text, 0, (size_t)equals);
	return found_add(&c->found, &key) == 0 ? NULL : "too many = found";
}

static const char *parse_host(struct capture *c, struct slice name)
{
	if (name.n == 0 || c->host.n)
		return "= host takes one name, once";
	return buf_add_slice(&c->host, name) == 0 ? NULL : "the host name is too long";
}

static const char *parse_tool(struct capture *c, struct slice name)
{
	if (name.n == 0 || c->tool.n)
		return "= tool takes one name, once";
	return buf_add_slice(&c->tool, name) == 0 && buf_add(&c->tool, "", 1) == 0
		   ? NULL
		   : "the tool's name is too long";
}

static const char *add_handshake(struct capture *c, struct slice argument)
{
	const char *wrong = parse_handshake(&c->handshake, argument);

	if (wrong)
		return wrong;
	return capture_add_step(c, (struct step){ .kind = STEP_HANDSHAKE }) == 0 ? NULL
										 : "out of memory";
}

static const char *parse_directive(struct capture *c, struct slice line)
{
	struct slice rest = slice_from(line, 1);
	struct slice word;

	while (rest.n && is_blank(rest.p[0]))
		rest = slice_from(rest, 1);
	slice_cut(&rest, ' ', &word);
	word = slice_trim(word);
	struct slice argument = rest.p ? slice_trim(rest) : SLICE("");
	if (slice_equal(word, SLICE("close")))
		return parse_close(c, argument);
	if (slice_equal(word, SLICE("wait")))
		return parse_wait(c, argument);
	if (slice_equal(word, SLICE("env"))) /* trailing blanks may be the point of a capture */
		return parse_env(c, rest.p ? rest : SLICE(""));
	if (slice_equal(word, SLICE("found")))
		return parse_found(c, argument);
	if (slice_equal(word, SLICE("host")))
		return parse_host(c, argument);
	if (slice_equal(word, SLICE("tool")))
		return parse_tool(c, argument);
	if (slice_equal(word, SLICE("handshake")))
		return add_handshake(c, argument);
	if (slice_equal(word, SLICE("certificate")))
		return parse_certificate(&c->handshake, buf_slice(&c->host), argument);
	if (slice_equal(word, SLICE("late")) && argument.n == 0) {
		c->late = true;
		return NULL;
	}
	return "after = one of close, wait, env, found, host, tool, handshake, certificate, late "
	       "is expected";
}

static const char *parse_line(struct capture *c, struct slice line)
{
	if (line.n == 0 || line.p[0] == '#')
		return NULL;
	if (line.p[line.n - 1] == '\r')
		return "the line ends in CR: write CR as hex, or save the file with LF line ends";
	switch (line.p[0]) {
	case '>':
		return parse_bytes(c, SIDE_CLIENT, line);
	case '<':
		return parse_bytes(c, SIDE_SERVER, line);
	case '=':
		return parse_directive(c, line);
	default:
		return "a line starts with >, <, = or #";
	}
}

int capture_parse(struct capture *c, struct slice text, struct capture_fault *fault)
{
	struct slice line;

	*fault = (struct capture_fault){ 0 };
	while (slice_cut(&text, '\n', &line)) {
		fault->line++;
		fault->what = parse_line(c, line);
		if (fault->what)
			return -1;
	}
	return 0;
}

void capture_read(struct capture *c, const char *path, const char *command)
{
	struct capture_fault fault;
	struct buf text;

	buf_init(&text, CAPTURE_FILE_MAX);
	read_file(path, &text);
	capture_init(c);
	if (capture_parse(c, buf_slice(&text), &fault) != 0)
		die("%s: %s:%zu: %s", command, path, fault.line, fault.what);
	buf_release(&text);
}

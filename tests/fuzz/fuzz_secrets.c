/* SPDX-License-Identifier: MIT */
/*
 * A key of a known shape in any surroundings: the first byte says in which part
 * of an exchange the rest is put, and FF in it stands for the key. Whatever is
 * around it, no record, no text and no capture holds a piece of it.
 */
#include <dirent.h>
#include <fcntl.h>

#include "demands.h"
#include "tools/capture/playback.h"

static char folder[PATH_MAX / 2];

static char *look_up(const char *name)
{
	return strcmp(name, "ORSHIM_CAPTURE") == 0 ? folder : NULL;
}

enum hiding_place {
	PATH,
	QUERY,
	BEARER,
	VALUE,
	FIELD,
	BODY,
	ANSWER_FIELD,
	ANSWER,
	EVENTS,
	HOST,
	FIELD_NAME,
	PLACES
};

/* What is in an exchange: TEXT in the PLACE that is fuzzed, else something harmless. */
struct parts {
	enum hiding_place place;
	struct slice text;
};

static struct slice part(const struct parts *p, enum hiding_place place, const char *otherwise)
{
	return p->place == place ? p->text : slice_of(otherwise);
}

static void write_request(struct buf *out, const struct parts *p)
{
	struct slice path = part(p, PATH, "chat/completions"), query = part(p, QUERY, "a=b");
	struct slice bearer = part(p, BEARER, "sk-or-v1-dead"), value = part(p, VALUE, "x");
	struct slice field = part(p, FIELD, "X-Other: y"), name = part(p, FIELD_NAME, "X-Name");
	struct slice host = part(p, HOST, "openrouter.ai");
	struct slice body = part(p, BODY, "{\"model\":\"openai/gpt-4o\",\"messages\":[]}");

	demand(buf_addf(out,
			"POST /api/v1/%.*s?%.*s HTTP/1.1\r\nHost: %.*s\r\n"
			"Authorization: Bearer %.*s\r\nX-Thing: %.*s\r\n%.*s\r\n%.*s: z\r\n"
			"Content-Length: %zu\r\nContent-Type: application/json\r\n\r\n%.*s",
			SLICE_ARG(path), SLICE_ARG(query), SLICE_ARG(host), SLICE_ARG(bearer),
			SLICE_ARG(value), SLICE_ARG(field), SLICE_ARG(name), body.n,
			SLICE_ARG(body)) == 0);
}

static void write_answer(struct buf *out, const struct parts *p)
{
	struct slice field = part(p, ANSWER_FIELD, "X-Request-Id: 1");
	struct slice events = part(p, EVENTS, "");
	struct slice body = part(p, ANSWER, "{\"error\":{\"message\":\"no\",\"code\":401}}");
	bool streams = p->place == EVENTS;

	demand(buf_addf(out, "HTTP/1.1 %s\r\nContent-Type: %s\r\n%.*s\r\n\r\n%.*s",
			streams ? "200 OK" : "401 No",
			streams ? "text/event-stream" : "application/json", SLICE_ARG(field),
			SLICE_ARG(streams ? events : body)) == 0);
}

static void write_exchange(struct capture *c, const struct parts *p)
{
	struct buf out;

	buf_init(&out, PLANTED_MAX);
	write_request(&out, p);
	demand(capture_add_bytes(c, SIDE_CLIENT, buf_slice(&out)) == 0);
	buf_reset(&out);
	write_answer(&out, p);
	demand(capture_add_bytes(c, SIDE_SERVER, buf_slice(&out)) == 0);
	demand(capture_add_step(c, (struct step){ .kind = STEP_CLOSE }) == 0);
	buf_release(&out);
}

static void judge_files(void)
{
	struct dirent *entry;
	struct buf text;
	char piece[16384];
	DIR *d = opendir(folder);

	demand(d != NULL);
	buf_init(&text, PLANTED_MAX);
	while ((entry = readdir(d))) {
		ssize_t n;
		int fd = openat(dirfd(d), entry->d_name, O_RDONLY);
		buf_reset(&text);
		while (entry->d_name[0] != '.' && (n = read(fd, piece, sizeof(piece))) > 0)
			demand(buf_add(&text, piece, (size_t)n) == 0);
		close(fd);
		demand_no_key("capture", buf_slice(&text));
		unlinkat(dirfd(d), entry->d_name, 0);
	}
	buf_release(&text);
	closedir(d);
}

static void remove_folder(void)
{
	rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct playback_options options = { .tool = "t", .lookup = look_up };
	struct playback r;
	struct capture c;
	struct buf text;

	if (n < 1 || !planted(&text, bytes + 1, n - 1))
		return 0;
	if (!folder[0]) {
		make_folder(folder);
		atexit(remove_folder);
	}
	/* printf's precision stops at a NUL; so does what is judged here. */
	for (size_t i = 0; i < text.n; i++)
		text.p[i] = text.p[i] ? text.p[i] : ' ';
	capture_init(&c);
	write_exchange(&c, &(struct parts){ bytes[0] % PLACES, buf_slice(&text) });
	buf_release(&text);
	demand(playback_run(&r, &c, &options) == 0);
	demand_no_key("records", buf_slice(&r.records));
	demand_no_key("text", buf_slice(&r.text));
	judge_files();
	playback_release(&r);
	capture_release(&c);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "tools/report/annotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "tools/command.h"

enum {
	SHOWN_OF_LEVEL = 10,   /* GitHub shows ten errors and ten warnings of a step */
	SUMMARY_MAX = 1 << 20, /* bytes of a step's summary */
};

bool annotate_wanted(bool asked)
{
	const char *actions = getenv("GITHUB_ACTIONS");

	return asked || (actions && strcmp(actions, "true") == 0);
}

/* IN_PROPERTY: a value in front of the "::". */
static void put_escaped(struct buf *out, struct slice text, bool in_property)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool special =
		    c == '%' || c == '\r' || c == '\n' || (in_property && (c == ':' || c == ','));
		say(out, special ? "%%%02X" : "%c", (unsigned char)c);
	}
}

static const char *command_of(enum severity severity)
{
	return severity >= SEVERITY_ERROR     ? "error"
	       : severity == SEVERITY_WARNING ? "warning"
					      : "notice";
}

/* PLACE: where the value is. */
static void put(struct buf *out, enum severity severity, const char *title, struct file_place place,
		struct slice message)
{
	say(out, "::%s title=", command_of(severity));
	put_escaped(out, slice_of(title), true);
	if (place.file) {
		say(out, ",file=");
		put_escaped(out, slice_of(place.file), true);
		if (place.line > 0)
			say(out, ",line=%d", place.line);
	}
	say(out, "::");
	put_escaped(out, message, false);
	say(out, "\n");
}

static void put_cause(const struct report *r, const struct cause *c, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_BLOCK);
	if (c->detail && *c->detail)
		say(&words, "%s\n", c->detail);
	if (c->first->kind == LOG_EXCHANGE)
		row_words(c->first, &words);
	if (c->count > 1)
		say(&words, "%s(%zu times)", words.n ? " " : "", c->count);
	if (cause_fix(c))
		say(&words, "\nfix: %s", cause_fix(c));
	say(&words, "\n[%s]", c->id ? c->id : "unexplained");
	put(out, c->severity, cause_title(c), row_key_place(r->log, c->first), buf_slice(&words));
	buf_release(&words);
}

static void put_all(const struct report *r, struct buf *out)
{
	size_t shown[SEVERITY_ERROR + 1] = { 0 };
	struct buf words;

	for (size_t i = 0; i < r->cause_count; i++)
		if (shown[r->causes[i].severity]++ < SHOWN_OF_LEVEL)
			put_cause(r, &r->causes[i], out);
	buf_init(&words, LIMIT_BLOCK);
	for (size_t i = 0; i < r->launch_finding_count; i++) {
		const struct launch_finding *f = &r->launch_findings[i];
		buf_reset(&words);
		launch_finding_words(r, f, &words);
		if (shown[f->finding.severity]++ < SHOWN_OF_LEVEL)
			put(out, f->finding.severity, f->finding.rule,
			    launch_finding_place(r->log, &f->finding), buf_slice(&words));
	}
	buf_release(&words);
}

/* A summary that cannot be written is ignored. */
static void add_summary(const struct report *r)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	struct buf text;

	if (!path || !*path)
		return;
	buf_init(&text, REPORT_MAX);
	report_markdown(r, &text);
	struct slice s = buf_slice(&text);
	if (s.n > SUMMARY_MAX)
		s.n = SUMMARY_MAX;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, s))
		warn("cannot write to GITHUB_STEP_SUMMARY, %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	buf_release(&text);
}

void annotate(const struct report *r)
{
	struct buf out;

	buf_init(&out, LIMIT_BLOCK * 64);
	put_all(r, &out);
	write_all(STDERR_FILENO, buf_slice(&out));
	buf_release(&out);
	add_summary(r);
}

static void put_line(const char *before, const char *token, const char *behind)
{
	struct buf out;

	buf_init(&out, LIMIT_LINE);
	say(&out, "%s%s%s\n", before, token, behind);
	write_all(STDERR_FILENO, buf_slice(&out));
	buf_release(&out);
}

void annotate_stop(char token[ANNOTATE_TOKEN])
{
	unsigned char bytes[(ANNOTATE_TOKEN - 1) / 2] = { 0 };

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		die("no random bytes: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	put_line("::stop-commands::", token, "");
}

void annotate_resume(const char token[ANNOTATE_TOKEN])
{
	put_line("::", token, "::");
}

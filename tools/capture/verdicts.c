/* SPDX-License-Identifier: MIT */
#include "tools/capture/verdicts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void verdicts_init(struct verdicts *v, const char *command)
{
	*v = (struct verdicts){ .command = command };
	v->options.tool = command;
	v->options.lookup = getenv;
	style_of(STDOUT_FILENO, &v->options.style);
}

static void print_text(const struct playback *r, const char *name, bool titled)
{
	struct buf out;

	buf_init(&out, LIMIT_BLOCK);
	if (r->text.n == 0 && r->exchanges == 0)
		say(&out, "%s: no API exchange in it%s%s\n", name, r->blind ? ": " : "",
		    r->blind ? r->blind : "");
	else if (r->text.n == 0)
		say(&out, "%s: %u exchange%s, nothing to say\n", name, r->exchanges,
		    r->exchanges == 1 ? "" : "s");
	else if (titled)
		say(&out, "%s:\n", name);
	print_out(&out);
	buf_release(&out);
	if (!write_all(STDOUT_FILENO, buf_slice(&r->text)))
		die("cannot write to stdout");
}

void verdicts_add(struct verdicts *v, const struct capture *c, const char *name, bool titled)
{
	struct playback r;

	if (playback_run(&r, c, &v->options) != 0)
		die("%s: %s: out of memory", v->command, name);
	if (v->needs_exchange && r.exchanges == 0)
		die("%s: %s has no HTTP/1.1 request%s%s", v->command, name, r.blind ? ": " : "",
		    r.blind ? r.blind : "");
	if (!v->json)
		print_text(&r, name, titled);
	else if (!write_all(STDOUT_FILENO, buf_slice(&r.records)))
		die("cannot write to stdout");
	v->errors += r.findings[SEVERITY_ERROR];
	playback_release(&r);
}

void verdicts_add_file(struct verdicts *v, const char *path, bool titled)
{
	struct capture c;

	capture_read(&c, path, v->command);
	verdicts_add(v, &c, path, titled);
	capture_release(&c);
}

int verdicts_end(const struct verdicts *v)
{
	return v->errors ? EXIT_FINDINGS : EXIT_CLEAN;
}

/* SPDX-License-Identifier: MIT */
/* What users and their files configure: .env files, base URLs, ORSHIM_* lists. Once as each. */
#include <stdint.h>
#include <stdlib.h>

#include "base/settings.h"
#include "diagnose/diagnose.h"
#include "tools/redirect/upstream.h"
#include "tools/run/reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static bool is_inside(struct slice part, struct slice whole)
{
	return !part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void read_dotenv(struct slice text)
{
	struct dotenv_entry entry = { .line = 0 };
	size_t at = 0;

	while (dotenv_next(text, &at, &entry))
		demand(is_inside(entry.name, text) && is_inside(entry.value, text) &&
		       is_inside(entry.raw, text) && at <= text.n);
}

/* Files of the user's, and what is handed to the shim about them. */
static void read_reach(struct slice text)
{
	struct reach *r = calloc(1, sizeof(*r));
	struct found_keys found = { text };
	struct found_key key;
	struct buf out;

	demand(r != NULL);
	reach_read(r, FOUND_SHELL, "~/.profile", text);
	reach_read(r, FOUND_TOOL, "~/.tool/config", text);
	buf_init(&out, LIMIT_FOUND);
	reach_write(r, &out);
	buf_release(&out);
	free(r);
	for (size_t at = 0; found_next(&found, &at, &key);)
		demand(is_inside(key.file, text) && is_inside(key.variable, text) && at <= text.n);
}

static void read_environment(struct slice text)
{
	const struct environment env = { .block = text };
	struct slice name, value, names[LIMIT_SOURCES];
	size_t at = 0;

	while (environment_next(&env, &at, &name, &value)) {
		demand(is_inside(name, text) && is_inside(value, text));
		environment_damage(name, value);
		environment_is_near_miss(name);
		demand(environment_sources(&env, value, NULL, names, LIMIT_SOURCES) <=
		       LIMIT_SOURCES);
	}
}

/* Nothing that a header or a URL would take for more than a name. */
static void read_upstream(const char *url)
{
	struct upstream up;

	if (upstream_parse(&up, url) != NULL)
		return;
	demand(!strpbrk(up.authority, " \t\r\n;{}$\"'\\#") &&
	       !strpbrk(up.path, " \t\r\n;{}$\"'\\#"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice text = { (const char *)bytes, n };
	struct slice wrong = { NULL, 0 };
	struct host_list hosts;
	struct rulebook book;
	char *string = malloc(n + 1);
	unsigned long long size;

	demand(string != NULL);
	memcpy(string, bytes, n);
	string[n] = '\0';
	read_dotenv(text);
	read_reach(text);
	read_upstream(string);
	settings_size(string, LIMIT_BODY_MAX, &size);
	if (!hosts_init(&hosts, string, &wrong))
		demand(is_inside(wrong, (struct slice){ string, n }));
	if (!rulebook_init(&book, string, &wrong))
		demand(is_inside(wrong, (struct slice){ string, n }));
	read_environment(text);
	free(string);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "base/settings.h"
#include "diagnose/rules.h"
#include "diagnose/vendors.h"
#include "tools/command.h"

/* Lists are read by those who know their words. */
static bool is_malformed(const struct settings *s, size_t id)
{
	struct host_list hosts;
	struct rulebook book;
	struct slice wrong;

	if (id == SETTING_rules)
		return !rulebook_init(&book, s->rules, &wrong);
	if (id == SETTING_hosts)
		return !hosts_init(&hosts, s->hosts, &wrong);
	return s->malformed & 1u << id;
}

static void put_setting(struct buf *out, const struct text_style *style, const struct settings *s,
			size_t id)
{
	const struct setting *row = &settings_table[id];
	bool wrong = is_malformed(s, id);

	say(out, "%s%s%s", style->colour ? "\033[1m" : "", row->name,
	    style->colour ? "\033[0m" : "");
	if (s->given[id]) {
		say(out, "=");
		redact_text(out, slice_of(s->given[id]), LIMIT_SHOWN_VALUE);
	}
	say(out, "%s\n    %s\n    accepted: %s\n    default:  %s\n",
	    wrong ? "   (not understood: the default is used)" : "", row->meaning, row->accepted,
	    row->shown_default);
}

int cmd_env(int argc, char **argv)
{
	struct text_style style;
	struct settings s;
	struct buf out;
	bool wrong = false;

	if (argc > 1)
		die_of_option("env", argv[1]);
	style_of(STDOUT_FILENO, &style);
	settings_load(&s, getenv);
	buf_init(&out, LIMIT_BLOCK);
	for (size_t id = 0; id < SETTING_COUNT; id++) {
		put_setting(&out, &style, &s, id);
		wrong |= is_malformed(&s, id);
	}
	print_out(&out);
	buf_release(&out);
	return wrong ? EXIT_TROUBLE : EXIT_CLEAN;
}

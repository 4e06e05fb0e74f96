/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "diagnose/rules.h"
#include "report/paragraph.h"
#include "tools/command.h"
#include "tools/guide/settings_of_tools.h"

enum { LABEL_MAX = 64 };

static const char *rule_name(size_t i)
{
	return rules[i].id;
}

static enum rule_id rule_or_die(const char *name)
{
	enum rule_id id = rule_find(slice_of(name));

	if (id != RULE_NONE)
		return id;
	const char *near = nearest_name(name, rule_name, RULE_COUNT);
	if (near)
		die("explain: no rule '%s'; did you mean %s?", name, near);
	die("explain: no rule '%s'; `orshim rules` lists them", name);
}

/* "    Continue: config.yaml …" for each tool, below what it is that they keep. */
static void put_settings(struct buf *out, const struct text_style *style, enum rule_id rule)
{
	struct paragraph p = { .to = out, .width = style->width };

	for (int subject = 0; subject < SUBJECT_COUNT; subject++) {
		if (!rule_concerns(rule, (enum subject)subject))
			continue;
		say(out, "  where tools keep %s:\n", subject_title((enum subject)subject));
		for (size_t i = 0; i < settings_of_tools_count; i++) {
			const struct setting_of_tool *s = &settings_of_tools[i];
			char label[LABEL_MAX];
			if ((int)s->subject != subject)
				continue;
			snprintf(label, sizeof(label), "    %s: ", s->tool);
			paragraph_add(&p, label, slice_of(s->setting));
		}
	}
	if (p.failed)
		die("explain: out of memory");
}

int cmd_explain(int argc, char **argv)
{
	struct text_style style;
	struct buf out;

	if (argc < 2)
		die("explain: a rule's id is missing; `orshim rules` lists them");
	style_of(STDOUT_FILENO, &style);
	buf_init(&out, LIMIT_BLOCK);
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			die_of_option("explain", argv[i]);
		if (i > 1)
			say(&out, "\n");
		if (text_rule(&out, &style, rule_or_die(argv[i])) != 0)
			die("explain: out of memory");
		put_settings(&out, &style, rule_or_die(argv[i]));
		print_out(&out);
	}
	buf_release(&out);
	return EXIT_CLEAN;
}

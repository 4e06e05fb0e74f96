/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "diagnose/rules.h"
#include "tools/command.h"

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
		print_out(&out);
	}
	buf_release(&out);
	return EXIT_CLEAN;
}

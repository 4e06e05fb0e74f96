/* SPDX-License-Identifier: MIT */
#include "tools/docgen/completion.h"

#include <string.h>

#include "diagnose/rules.h"

bool completion_word(const char **list, struct slice *word)
{
	if (!*list || !**list)
		return false;
	*word = (struct slice){ *list, strcspn(*list, "|") };
	*list += word->n + ((*list)[word->n] == '|');
	return true;
}

bool completion_is_literal(struct slice word)
{
	return word.n && word.p[0] >= 'a' && word.p[0] <= 'z';
}

void put_quoted(struct buf *out, const char *text)
{
	say(out, "'");
	for (; *text; text++)
		say(out, *text == '\'' ? "'\\''" : "%c", *text == '\n' ? ' ' : *text);
	say(out, "'");
}

void put_rule_ids(struct buf *out)
{
	for (int i = 0; i < RULE_COUNT; i++)
		say(out, "%s%s", i ? " " : "", rules[i].id);
}

void put_command_names(struct buf *out, const struct command *all)
{
	for (const struct command *c = all; c->name; c++)
		say(out, "%s%s", c == all ? "" : " ", c->name);
}

/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "diagnose/rules.h"
#include "tools/docgen/completion.h"

static const struct shell {
	const char *name;
	void (*put)(struct buf *out);
} shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
	{ "fish", completion_fish },
};

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

void put_command_names(struct buf *out)
{
	for (size_t i = 0; i < command_count; i++)
		say(out, "%s%s", i ? " " : "", commands[i].name);
}

int cmd_completion(int argc, char **argv)
{
	const struct shell *shell = NULL;
	struct buf out;

	if (argc < 2)
		die("completion: name the shell: bash, zsh or fish");
	if (argc > 2)
		die_of_option("completion", argv[2]);
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, argv[1]) == 0)
			shell = &shells[i];
	if (!shell)
		die("completion: no completions for '%s'; bash, zsh and fish have some", argv[1]);
	buf_init(&out, DOCUMENT_MAX);
	shell->put(&out);
	print_out(&out);
	buf_release(&out);
	return EXIT_CLEAN;
}

/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/docgen/completion.h"

static const char *const begin =
	"# fish completions of orshim, printed by `orshim completion fish`\nfunction "
	"__orshim_command # NAME: it is in the line already\n\tset -l words (commandline "
	"-opc)\n\ttest (count $words) -gt 1; and test $words[2] = $argv[1]\nend\nfunction "
	"__orshim_no_command\n\ttest (count (commandline -opc)) -lt 2\nend\nfunction __orshim_tool "
	"# the words behind the options of `orshim run`\n\tset -l words (commandline "
	"-opc)[3..-1]\n\twhile string match -qr -- '^-.' $words[1]\n\t\ttest $words[1] = --; and "
	"set words $words[2..-1]; and break\n\t\tset words $words[(string match -q -- '*=*' "
	"$words[1]; and echo 2; or echo 3)..-1]\n\tend\n\tstring join \\n -- $words\nend\nfunction "
	"__orshim_no_tool\n\t__orshim_command $argv[1]; and test (count (__orshim_tool)) = "
	"0\nend\nfunction __orshim_line # the other program's own completions\n\tset -l words "
	"(string escape -- (__orshim_tool)) (commandline -ct)\n\tstring match -q -- '-*' "
	"$words[1]; or complete -C \"$words\"\nend\ncomplete -c orshim -f\ncomplete -c orshim -n "
	"__orshim_no_command -s h -l help -d 'say what it does'\ncomplete -c orshim -n "
	"__orshim_no_command -l version -d 'say which it is'\n";

/* TEXT in single quotes; fish treats only a quote and a backslash specially. */
static void put_text(struct buf *out, const char *text)
{
	say(out, "'");
	for (; *text; text++)
		say(out, *text == '\'' || *text == '\\' ? "\\%c" : "%c",
		    *text == '\n' ? ' ' : *text);
	say(out, "'");
}

/* Arguments of `complete` for these kinds: files, and one list of words. */
static void put_kinds(struct buf *out, const char *kinds, const struct command *all)
{
	static const struct {
		const char *kind, *words;
	} lists[] = {
		{ "PROGRAM", "(__fish_complete_command)" },
		{ "NAME", "(set -xn)" },
		{ "LINE", "(__orshim_line)" },
	};
	bool files = false;
	struct slice word;

	say(out, " -a '");
	while (completion_word(&kinds, &word)) {
		files |= slice_equal(word, SLICE("FILE"));
		if (slice_equal(word, SLICE("RULE")))
			put_rule_ids(out);
		else if (slice_equal(word, SLICE("COMMAND")))
			put_command_names(out, all);
		else if (completion_is_literal(word))
			say(out, "%.*s ", SLICE_ARG(word));
		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
			if (slice_equal(word, slice_of(lists[i].kind)))
				say(out, "%s ", lists[i].words);
	}
	say(out, files ? "' -F" : "' -f");
}

static void put_command(struct buf *out, const struct command *c, const struct command *all)
{
	bool line = c->completes && strcmp(c->completes, "LINE") == 0;

	say(out, "complete -c orshim -n __orshim_no_command -a %s -d ", c->name);
	put_text(out, c->summary);
	say(out, "\n");
	for (const struct command_option *o = c->options; o->name; o++) {
		say(out, "complete -c orshim -n '%s %s' -l %s -d ",
		    line ? "__orshim_no_tool" : "__orshim_command", c->name, o->name + 2);
		put_text(out, o->meaning);
		if (o->value) {
			say(out, " -r");
			put_kinds(out, o->value, all);
		}
		say(out, "\n");
	}
	if (!c->completes)
		return;
	say(out, "complete -c orshim -n '__orshim_command %s'", c->name);
	put_kinds(out, c->completes, all);
	say(out, "\n");
}

void completion_fish(struct buf *out, const struct command *all)
{
	say(out, "%s", begin);
	for (const struct command *c = all; c->name; c++)
		put_command(out, c, all);
}

/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/docgen/completion.h"

static const char *const offer =
	"_orshim_offer() { # KIND...\n"
	"\tlocal kind ret=1\n"
	"\tfor kind; do\n"
	"\t\tcase $kind in\n"
	"\t\tFILE) _files && ret=0 ;;\n"
	"\t\tPROGRAM) _command_names -e && ret=0 ;;\n"
	"\t\tNAME) _parameters -g '*export*' && ret=0 ;;\n"
	"\t\tRULE) compadd -- $_orshim_rules && ret=0 ;;\n"
	"\t\tCOMMAND) _describe command _orshim_commands && ret=0 ;;\n"
	"\t\t[a-z]*) compadd -- $kind && ret=0 ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\treturn ret\n"
	"}\n\n"
	"_orshim() {\n"
	"\tlocal curcontext=$curcontext state line\n"
	"\ttypeset -A opt_args\n"
	"\t_arguments -C '(- *)'{-h,--help}'[say what it does]' '(- *)--version[say which it is]' \\\n"
	"\t\t'1:command: _orshim_offer COMMAND' '*::argument:->argument' && return 0\n"
	"\t[[ $state == argument ]] || return 1\n"
	"\tcase $words[1] in\n";

static const char *const end =
	"\tesac\n"
	"}\n\n"
	"if [[ $funcstack[1] == _orshim ]]; then\n"
	"\t_orshim \"$@\"\n"
	"else\n"
	"\tcompdef _orshim orshim\n"
	"fi\n";

/* TEXT inside '…', with a backslash before each character of MEANT, which are special to zsh. */
static void put_specification(struct buf *out, const char *text, const char *meant)
{
	for (; *text; text++) {
		if (strchr(meant, *text))
			say(out, "\\");
		say(out, *text == '\'' ? "'\\''" : "%c", *text == '\n' ? ' ' : *text);
	}
}

/* ": _orshim_offer FILE": the action of an argument or a value. */
static void put_action(struct buf *out, const char *kinds)
{
	struct slice word;

	say(out, ": _orshim_offer");
	while (completion_word(&kinds, &word))
		say(out, " %.*s", SLICE_ARG(word));
}

static void put_command(struct buf *out, const struct command *c)
{
	bool line = c->completes && strcmp(c->completes, "LINE") == 0;

	say(out, "\t%s)\n\t\t_arguments%s", c->name, line ? " -S -A '-*'" : "");
	for (const struct command_option *o = c->options; o->name; o++) {
		say(out, " \\\n\t\t\t'%s%s[", o->name, o->value ? "=" : "");
		put_specification(out, o->meaning, "[]:\\");
		say(out, "]");
		if (o->value) {
			say(out, ":");
			put_specification(out, o->value, ":\\");
			put_action(out, o->value);
		}
		say(out, "'");
	}
	say(out, " \\\n\t\t\t'(- *)'{-h,--help}'[say what it does]'");
	if (line) {
		say(out, " \\\n\t\t\t'(-)1:tool: _orshim_offer PROGRAM' '*::argument: _normal'");
	} else if (c->completes) {
		say(out, " \\\n\t\t\t'*:argument");
		put_action(out, c->completes);
		say(out, "'");
	}
	say(out, "\n\t\t;;\n");
}

void completion_zsh(struct buf *out, const struct command *all)
{
	say(out, "#compdef orshim\n# zsh completions of orshim, printed by `orshim completion zsh`\n"
		 "typeset -ga _orshim_commands _orshim_rules\n_orshim_commands=(\n");
	for (const struct command *c = all; c->name; c++) {
		say(out, "\t'%s:", c->name);
		put_specification(out, c->summary, ":\\");
		say(out, "'\n");
	}
	say(out, ")\n_orshim_rules=(");
	put_rule_ids(out);
	say(out, ")\n\n%s", offer);
	for (const struct command *c = all; c->name; c++)
		put_command(out, c);
	say(out, "%s", end);
}

/* SPDX-License-Identifier: MIT */
#include "tools/docgen/completion.h"

/*
 * The fixed part of the script: the values of each kind of word, and the
 * position on the command line.
 */
static const char *const offer =
	"_orshim_offer() { # KINDS: by bars\n"
	"\tlocal kind kinds\n"
	"\tIFS='|' read -ra kinds <<<\"$1\"\n"
	"\tfor kind in \"${kinds[@]}\"; do\n"
	"\t\tcase $kind in\n"
	"\t\tFILE) compopt -o filenames 2>/dev/null; _orshim_add -f ;;\n"
	"\t\tPROGRAM) _orshim_add -c ;;\n"
	"\t\tNAME) _orshim_add -e ;;\n"
	"\t\tRULE) _orshim_add -W \"$_orshim_rules\" ;;\n"
	"\t\tCOMMAND) _orshim_add -W \"$_orshim_commands\" ;;\n"
	"\t\t-* | [a-z]*) _orshim_add -W \"$kind\" ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"}\n\n"
	"_orshim_add() { # ARGUMENTS of compgen\n"
	"\tlocal found\n"
	"\tmapfile -t found < <(compgen \"$@\" -- \"$current\")\n"
	"\tCOMPREPLY+=(\"${found[@]}\")\n"
	"}\n\n"
	"# The tool's own completions, behind the options of `orshim run`.\n"
	"_orshim_line() {\n"
	"\tlocal at=2\n"
	"\twhile [[ $at -lt $COMP_CWORD && ${COMP_WORDS[at]} == -* ]]; do\n"
	"\t\t[[ ${COMP_WORDS[at]} == -- ]] && at=$((at + 1)) && break\n"
	"\t\t[[ ${COMP_WORDS[at + 1]} == = ]] && at=$((at + 1))\n"
	"\t\tat=$((at + 2))\n"
	"\tdone\n"
	"\tif [[ $at -ge $COMP_CWORD ]]; then\n"
	"\t\t_orshim_offer PROGRAM\n"
	"\telif declare -F _comp_command_offset >/dev/null; then\n"
	"\t\t_comp_command_offset \"$at\"\n"
	"\telif declare -F _command_offset >/dev/null; then\n"
	"\t\t_command_offset \"$at\"\n"
	"\telse\n"
	"\t\t_orshim_offer FILE\n"
	"\tfi\n"
	"}\n\n"
	"_orshim() {\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal options='' arguments='' value=''\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $current == = ]]; then\n"
	"\t\tcurrent=''\n"
	"\telif [[ $before == = ]]; then\n"
	"\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tif [[ $COMP_CWORD == 1 ]]; then\n"
	"\t\t_orshim_offer 'COMMAND|--help|--version'\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tcase ${COMP_WORDS[1]} in\n";

static const char *const end =
	"\tesac\n"
	"\tif [[ $value ]]; then\n"
	"\t\t_orshim_offer \"$value\"\n"
	"\telif [[ $current == -* && $arguments != LINE ]]; then\n"
	"\t\t_orshim_offer \"$options|--help\"\n"
	"\telif [[ $arguments == LINE && $current == -* && $before == \"${COMP_WORDS[1]}\" ]]; then\n"
	"\t\t_orshim_offer \"$options|--help\"\n"
	"\telif [[ $arguments == LINE ]]; then\n"
	"\t\t_orshim_line\n"
	"\telse\n"
	"\t\t_orshim_offer \"$arguments\"\n"
	"\tfi\n"
	"}\n"
	"complete -F _orshim orshim\n";

static void put_command(struct buf *out, const struct command *c)
{
	bool first = true;

	say(out, "\t%s)\n\t\targuments='%s'\n", c->name, c->completes ? c->completes : "");
	if (c->options->name)
		say(out, "\t\toptions='");
	for (const struct command_option *o = c->options; o->name; o++)
		say(out, "%s%s", o == c->options ? "" : "|", o->name);
	if (c->options->name)
		say(out, "'\n");
	for (const struct command_option *o = c->options; o->name; o++) {
		if (!o->value)
			continue;
		say(out, "%s\t\t%s) value='%s' ;;\n", first ? "\t\tcase $before in\n" : "", o->name,
		    o->value);
		first = false;
	}
	say(out, "%s\t\t;;\n", first ? "" : "\t\tesac\n");
}

void completion_bash(struct buf *out, const struct command *all)
{
	say(out, "# bash completions of orshim, printed by `orshim completion bash`\n"
		 "_orshim_commands='");
	put_command_names(out, all);
	say(out, "'\n_orshim_rules='");
	put_rule_ids(out);
	say(out, "'\n\n%s", offer);
	for (const struct command *c = all; c->name; c++)
		put_command(out, c);
	say(out, "%s", end);
}

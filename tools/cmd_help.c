/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/docgen/roff.h"

enum { HELP_COLUMNS = 88, LABEL_MAX = 64 };

static const char *const purpose =
	"Finds out why a tool gets 401 although its key is right: shows what the tool sends\n"
	"through its TLS library and what comes back, and says what is wrong.";

static const char *const statuses =
	"0 no error was found, 1 something was, 2 trouble with the command itself,\n"
	"3 nothing was seen. `run` exits with the tool's own status.";

/* "--html FILE"; returns its columns. */
static int option_label(const struct command_option *o, char label[LABEL_MAX])
{
	return snprintf(label, LABEL_MAX, "%s%s%s", o->name, o->value ? " " : "",
			o->value ? o->value : "");
}

/* "[--json] [--html FILE] LOG...", broken at the width and indented. */
static void put_usage(struct buf *out, const struct command *c)
{
	char label[LABEL_MAX];
	size_t first = strcspn(c->arguments, "\n");
	int indent = (int)strlen("usage: orshim ") + (int)strlen(c->name) + 1;
	int column = indent - 1;

	say(out, "usage: orshim %s", c->name);
	for (const struct command_option *o = c->options; o->name; o++) {
		int n = option_label(o, label) + 3;
		if (column + n > HELP_COLUMNS) {
			say(out, "\n%*s", indent - 1, "");
			column = indent - 1;
		}
		say(out, " [%s]", label);
		column += n;
	}
	if (first && column + (int)first + 1 > HELP_COLUMNS)
		say(out, "\n%*s", indent - 1, "");
	say(out, "%s%.*s\n", first ? " " : "", (int)first, c->arguments);
	for (const char *form = c->arguments + first; *form; form += strcspn(form, "\n")) {
		form++;
		say(out, "       orshim %s %.*s\n", c->name, (int)strcspn(form, "\n"), form);
	}
}

static void put_options(struct buf *out, const struct command *c)
{
	char label[LABEL_MAX];
	int wide = 0;

	for (const struct command_option *o = c->options; o->name; o++) {
		int n = option_label(o, label);
		wide = n > wide ? n : wide;
	}
	if (wide)
		say(out, "\n");
	for (const struct command_option *o = c->options; o->name; o++) {
		const char *line = o->meaning;
		option_label(o, label);
		say(out, "  %-*s   %.*s\n", wide, label, (int)strcspn(line, "\n"), line);
		while (*(line += strcspn(line, "\n"))) {
			line++;
			say(out, "  %-*s   %.*s\n", wide, "", (int)strcspn(line, "\n"), line);
		}
	}
}

void put_help(struct buf *out, const struct command *c)
{
	put_usage(out, c);
	say(out, "\n%s\n", c->summary);
	put_options(out, c);
	if (c->notes)
		say(out, "\n%s\n", c->notes);
	say(out, "\nexample: %s\n", c->example);
}

void put_overview(struct buf *out, const struct command *all)
{
	say(out, "usage: orshim COMMAND [ARGS]\n\n%s\n\n", purpose);
	for (const struct command *c = all; c->name; c++)
		say(out, "  %-10s  %s\n", c->name, c->summary);
	say(out,
	    "\n  orshim COMMAND --help   the command's own page\n"
	    "  orshim --version\n\n"
	    "example: orshim run -- python3 app.py\n\n"
	    "Exit status: %s\n",
	    statuses);
}

/* The usage without its first word, and the lines below moved as far to the left. */
static void put_man_usage(struct buf *out, const struct command *c)
{
	struct buf usage, moved;

	buf_init(&usage, LIMIT_BLOCK);
	buf_init(&moved, LIMIT_BLOCK);
	put_usage(&usage, c);
	struct slice rest = buf_slice(&usage), line;
	while (slice_cut(&rest, '\n', &line))
		say(&moved, "%.*s\n", SLICE_ARG(slice_from(line, strlen("usage: "))));
	say(&moved, "%c", '\0');
	roff_example(out, moved.p);
	buf_release(&usage);
	buf_release(&moved);
}

static void put_man_command(struct buf *out, const struct command *c)
{
	char label[LABEL_MAX];

	say(out, ".SS %s\n", c->name);
	roff_text(out, c->summary);
	put_man_usage(out, c);
	for (const struct command_option *o = c->options; o->name; o++) {
		option_label(o, label);
		say(out, ".TP\n.B ");
		roff_text(out, label);
		roff_text(out, o->meaning);
	}
	if (c->notes)
		roff_paragraphs(out, c->notes);
	say(out, ".PP\nExample:\n");
	roff_example(out, c->example);
}

static void put_manual(struct buf *out, const struct command *all)
{
	say(out, ".TH ORSHIM 1 \"\" orshim\n.ad l\n.SH NAME\n"
		 "orshim, orshim\\-run \\- find out why a tool gets 401 although its key is right\n"
		 ".SH SYNOPSIS\n.B orshim\n.I COMMAND\n.RI [ ARGS ]\n.br\n"
		 ".B orshim\\-run\n.I TOOL\n.RI [ ARGS ]\n.SH DESCRIPTION\n");
	roff_paragraphs(out, purpose);
	roff_paragraphs(out, "It never changes what the tool does, needs no root, no proxy and no "
			     "certificate, and shows no secret: a key appears as the label that its "
			     "vendor's dashboard shows, and as a fingerprint.");
	roff_paragraphs(out, "Begin with the tool that fails:\n\n    orshim run -- TOOL ARGS...");
	roff_paragraphs(out, "`orshim-run TOOL ARGS...` is a shell script that only preloads the "
			     "library, for where nothing else was copied to.");
	say(out, ".SH COMMANDS\n");
	for (const struct command *c = all; c->name; c++)
		put_man_command(out, c);
	say(out, ".SH EXIT STATUS\n");
	roff_text(out, statuses);
	say(out, ".SH ENVIRONMENT\nThe settings of the library are those of\n.BR liborshim (7).\n"
		 ".TP\n.B ORSHIM_LIB\nthe library to preload, in place of the installed one\n"
		 ".TP\n.B NO_COLOR\nno colour on a terminal either\n"
		 ".TP\n.B XDG_STATE_HOME\nwhere runs are kept; default ~/.local/state\n"
		 ".SH FILES\n.TP\n.I $XDG_STATE_HOME/orshim\n"
		 "the last 20 runs and the newest baseline, readable by their owner alone\n"
		 ".SH SEE ALSO\n.BR liborshim (7),\n.BR orshim\\-rules (7),\n.BR curl (1),\n"
		 ".BR ld.so (8)\n");
}

static const char *name_at(const void *table, size_t i)
{
	return ((const struct command *)table)[i].name;
}

const struct command *command_or_die(const struct command *all, const char *name)
{
	size_t count = 0;

	for (; all[count].name; count++)
		if (strcmp(all[count].name, name) == 0)
			return &all[count];
	const char *near = nearest_name(name, name_at, all, count);
	if (strcmp(name, "version") == 0)
		die("unknown command 'version'; did you mean `orshim --version`?");
	if (near)
		die("unknown command '%s'; did you mean `orshim %s`?", name, near);
	die("unknown command '%s'; `orshim --help` lists them", name);
}

int cmd_help(const struct arguments *a)
{
	const struct help_options *o = a->options;
	struct buf out;

	if (o->man && a->count)
		die("help: --man prints all commands; leave out '%s'", a->words[0]);
	buf_init(&out, DOCUMENT_MAX);
	if (o->man)
		put_manual(&out, a->all);
	else if (a->count)
		put_help(&out, command_or_die(a->all, a->words[0]));
	else
		put_overview(&out, a->all);
	print_out(&out);
	buf_release(&out);
	return EXIT_CLEAN;
}

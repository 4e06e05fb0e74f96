/* SPDX-License-Identifier: MIT */
/* Prints sed commands that name a line and a kind of damage, never a value. */
#include <string.h>

#include "base/ascii.h"
#include "tools/check/machine.h"
#include "tools/command.h"

/* As a word of a POSIX shell; "~/" is the home folder. */
static void say_file(const char *file, struct buf *out)
{
	if (strncmp(file, "~/", 2) == 0) {
		say(out, "\"$HOME\"/");
		file += 2;
	}
	say(out, "'");
	for (; *file; file++)
		say(out, *file == '\'' ? "'\\''" : "%c", *file);
	say(out, "'");
}

/* Text as a comment: a line break in it would begin a command. */
static void say_comment(const char *text, struct buf *out)
{
	say(out, "# ");
	for (; *text; text++)
		say(out, "%c", (unsigned char)*text < ' ' ? ' ' : *text);
	say(out, "\n");
}

static void say_sed(const struct check_finding *f, const char *script, struct buf *out)
{
	say(out, "sed -i -E '%u%s' ", f->line, script);
	say_file(f->file, out);
	say(out, "\n");
}

static bool is_name(const char *s)
{
	size_t n = 0;

	while (is_letter(s[n]) || is_digit(s[n]) || s[n] == '_')
		n++;
	return n && !s[n];
}

/* False: no command can mend this. */
static bool say_damage(const struct check_finding *f, struct buf *out)
{
	if (!f->line) {
		if (!is_name(f->variable))
			return false;
		say(out, "unset %s  # then set it to the key alone\n", f->variable);
		return true;
	}
	if (strstr(f->text, "carriage return") || strstr(f->text, "line break"))
		say_sed(f, "s/\\r$//", out);
	else if (strstr(f->text, "quotation marks"))
		say_sed(f, "s/[\"`]//g; s/'\\''//g", out);
	else if (strstr(f->text, "not ASCII"))
		say_sed(f, "s/[\\x80-\\xff]+//g", out);
	else if (strstr(f->text, "contains a space"))
		say_sed(f, "s/[[:blank:]]+//g", out);
	else
		return false;
	return true;
}

static void say_edit(const struct check_finding *f, struct buf *out)
{
	bool said = false;

	say_comment(f->text, out);
	if (strcmp(f->rule, "key_variable_damaged") == 0) {
		said = say_damage(f, out);
	} else if (strcmp(f->rule, "key_shadows_dotenv") == 0 && is_name(f->variable)) {
		say(out, "# keep one of them. Either:\nunset %s\n# or:\n", f->variable);
		say_sed(f, "d", out);
		said = true;
	}
	if (!said)
		say_comment(f->fix, out);
	say(out, "\n");
}

void check_edits(const struct machine_check *c, struct buf *out)
{
	if (c->count == 0)
		say(out, "# nothing to mend\n");
	else
		say(out, "# What `orshim check` would change. Nothing was changed; read it, then "
			 "run what "
			 "is right.\n\n");
	for (size_t i = 0; i < c->count; i++)
		say_edit(&c->findings[i], out);
}

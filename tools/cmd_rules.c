/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "diagnose/rules.h"
#include "report/json_out.h"
#include "tools/command.h"

enum { DOCUMENT_MAX = 4 << 20 };

static const char *const section_titles[] = {
	"",
	"The credential on the wire",
	"Right key, wrong place",
	"Framing and encoding of the request",
	"What the body says",
	"Who said no, and why",
	"Across requests",
};

static const char *when_name(enum rule_when when)
{
	static const char *const names[] = { "exchange", "connection", "log", "launch" };
	return names[when];
}

static const char *category_or_dash(enum category c)
{
	const char *name = category_name(c);

	return name ? name : "-";
}

static void put_list_row(struct buf *out, const struct rule *r)
{
	say(out, "%-32s %-8s %-8s %s\n", r->id, severity_name(r->severity),
	    certainty_name(r->certainty), r->title);
}

static void put_json_row(struct buf *out, const struct rule *r)
{
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_text(&j, "id", r->id);
	json_number(&j, "section", r->section);
	json_text(&j, "severity", severity_name(r->severity));
	json_text(&j, "certainty", certainty_name(r->certainty));
	json_text(&j, "category", category_name(r->category));
	json_text(&j, "when", when_name(r->when));
	json_text(&j, "title", r->title);
	json_text(&j, "why", r->why);
	json_text(&j, "fix", r->fix);
	json_text(&j, "example", r->example);
	json_text(&j, "sources", r->sources);
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("rules: out of memory");
	say(out, "\n");
}

/* Text for a cell of a table: a bar would end it. */
static void put_cell(struct buf *out, const char *text)
{
	for (; *text; text++)
		say(out, *text == '|' ? "\\|" : "%c", *text == '\n' ? ' ' : *text);
}

static void put_markdown_row(struct buf *out, const struct rule *r)
{
	say(out, "| `%s` | %s | %s | %s | ", r->id, severity_name(r->severity),
	    certainty_name(r->certainty), category_or_dash(r->category));
	put_cell(out, r->title);
	say(out, " | ");
	put_cell(out, r->fix);
	say(out, " |\n");
}

/* Text for man(7): a backslash is \e, and a line must not start with a request. */
static void put_roff(struct buf *out, const char *text)
{
	say(out, "\\&");
	for (; *text; text++)
		if (*text == '\\')
			say(out, "\\e");
		else
			say(out, *text == '-' ? "\\-" : "%c", *text == '\n' ? ' ' : *text);
	say(out, "\n");
}

static void put_man_row(struct buf *out, const struct rule *r)
{
	say(out, ".TP\n.B %s\n(%s, %s, %s)\n", r->id, severity_name(r->severity),
	    certainty_name(r->certainty), category_or_dash(r->category));
	put_roff(out, r->title);
	say(out, ".br\nWhy: ");
	put_roff(out, r->why);
	say(out, ".br\nFix: ");
	put_roff(out, r->fix);
}

static void put_markdown_section(struct buf *out, int section)
{
	say(out,
	    "\n### %d. %s\n\n| id | severity | certainty | category | what was seen | what to do "
	    "|\n"
	    "| --- | --- | --- | --- | --- | --- |\n",
	    section, section_titles[section]);
}

static void put_man_section(struct buf *out, int section)
{
	say(out, ".SH %s\n", section_titles[section]);
}

static void put_list_section(struct buf *out, int section)
{
	say(out, "%s%d. %s\n", out->n ? "\n" : "", section, section_titles[section]);
}

static const struct form {
	const char *option;
	const char *head;
	void (*section)(struct buf *out, int section);
	void (*row)(struct buf *out, const struct rule *r);
} forms[] = {
	{ "", "", put_list_section, put_list_row },
	{ "--json", "", NULL, put_json_row },
	{ "--markdown", "", put_markdown_section, put_markdown_row },
	{ "--man",
	  ".TH ORSHIM-RULES 7 \"\" orshim\n.SH NAME\norshim\\-rules \\- what orshim can diagnose\n",
	  put_man_section, put_man_row },
};

static const struct form *form_or_die(const char *option)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i].option, option) == 0)
			return &forms[i];
	die_of_option("rules", option);
}

int cmd_rules(int argc, char **argv)
{
	const struct form *form = form_or_die(argc > 1 ? argv[1] : "");
	struct buf out;
	int section = 0;

	if (argc > 2)
		die_of_option("rules", argv[2]);
	buf_init(&out, DOCUMENT_MAX);
	say(&out, "%s", form->head);
	for (int i = 0; i < RULE_COUNT; i++) {
		if (form->section && rules[i].section != section)
			form->section(&out, rules[i].section);
		section = rules[i].section;
		form->row(&out, &rules[i]);
	}
	print_out(&out);
	buf_release(&out);
	return EXIT_CLEAN;
}

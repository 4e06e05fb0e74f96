/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "diagnose/rules.h"
#include "report/json_out.h"
#include "tools/commands.h"
#include "tools/docgen/roff.h"
#include "tools/catalogue/settings_of_tools.h"

static const char *when_name(enum rule_when when)
{
	static const char *const names[] = { [ON_EXCHANGE] = "exchange",
					     [ON_REFUSAL] = "exchange",
					     [ON_CONNECTION] = "connection",
					     [ON_LOG] = "log" };
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
	json_text(&j, "recorded", recorded_name(r->recorded));
	json_text(&j, "title", r->title);
	json_text(&j, "why", rule_text(r)->why);
	json_text(&j, "fix", rule_text(r)->fix);
	json_text(&j, "example", rule_text(r)->example);
	json_text(&j, "sources", rule_text(r)->sources);
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

/* Prose of Markdown: outside of code, what looks like an HTML tag is a placeholder. */
static void put_prose(struct buf *out, const char *text)
{
	bool code = false;

	for (; *text; text++) {
		code ^= *text == '`';
		say(out, *text == '<' && !code ? "&lt;" : "%c", *text);
	}
}

/* A code span; its fence is longer than any run of backticks inside. */
static void put_code(struct buf *out, const char *text)
{
	bool ticks = strchr(text, '`');

	say(out, ticks ? "`` %s ``" : "`%s`", text);
}

static void put_markdown_rule(struct buf *out, const struct rule *r)
{
	say(out, "\n### %s\n\n%s, %s, %s: ", r->id, severity_name(r->severity),
	    certainty_name(r->certainty), category_or_dash(r->category));
	put_prose(out, r->title);
	say(out, ".\n\n- Why: ");
	put_prose(out, rule_text(r)->why);
	say(out, "\n- Fix: ");
	put_prose(out, rule_text(r)->fix);
	say(out, "\n- Example: ");
	put_code(out, rule_text(r)->example);
	say(out, "\n- Sources: %s\n", rule_text(r)->sources);
}

static void put_markdown_section(struct buf *out, int section)
{
	say(out,
	    "\n## %d. %s\n\n| id | severity | certainty | category | what was seen |\n"
	    "| --- | --- | --- | --- | --- |\n",
	    section, sections[section].title);
	for (int i = 0; i < RULE_COUNT; i++) {
		if ((int)rules[i].section != section)
			continue;
		say(out, "| `%s` | %s | %s | %s | ", rules[i].id, severity_name(rules[i].severity),
		    certainty_name(rules[i].certainty), category_or_dash(rules[i].category));
		put_cell(out, rules[i].title);
		say(out, " |\n");
	}
	for (int i = 0; i < RULE_COUNT; i++)
		if ((int)rules[i].section == section)
			put_markdown_rule(out, &rules[i]);
}

static void put_markdown(struct buf *out)
{
	say(out, "# What orshim can say\n\n"
		 "Printed by `orshim rules --markdown` from the table of rules; do not edit. "
		 "`orshim explain ID` shows one of them. A source such as openai/codex#41662 "
		 "is that issue or pull request on GitHub.\n");
	for (int section = 1; section < SECTION_COUNT; section++)
		put_markdown_section(out, section);
	say(out, "\n## Where tools keep it\n");
	for (int subject = 0; subject < SUBJECT_COUNT; subject++) {
		say(out, "\n### %s\n\n| tool | setting |\n| --- | --- |\n", subject_title(subject));
		for (size_t i = 0; i < settings_of_tools_count; i++) {
			if ((int)settings_of_tools[i].subject != subject)
				continue;
			say(out, "| %s | ", settings_of_tools[i].tool);
			put_cell(out, settings_of_tools[i].setting);
			say(out, " |\n");
		}
	}
}

static void put_man_rule(struct buf *out, const struct rule *r)
{
	say(out, ".TP\n.B %s\n(%s, %s, %s)\n", r->id, severity_name(r->severity),
	    certainty_name(r->certainty), category_or_dash(r->category));
	roff_text(out, r->title);
	roff_line(out, "Why", rule_text(r)->why);
	roff_line(out, "Fix", rule_text(r)->fix);
	roff_line(out, "Example", rule_text(r)->example);
}

static void put_man(struct buf *out)
{
	say(out,
	    ".TH ORSHIM-RULES 7 \"\" orshim\n.ad l\n.SH NAME\norshim\\-rules \\- what orshim can "
	    "diagnose\n.SH DESCRIPTION\nEach rule has one name, everywhere: in the diagnosis, in "
	    "the log, for\n.BR \"orshim explain\" .\nIn brackets: severity, certainty, "
	    "category.\n");
	for (int section = 1; section < SECTION_COUNT; section++) {
		say(out, ".SH %s\n", sections[section].title);
		for (int i = 0; i < RULE_COUNT; i++)
			if ((int)rules[i].section == section)
				put_man_rule(out, &rules[i]);
	}
	say(out, ".SH WHERE TOOLS KEEP IT\n");
	for (int subject = 0; subject < SUBJECT_COUNT; subject++) {
		say(out, ".SS %s\n", subject_title(subject));
		for (size_t i = 0; i < settings_of_tools_count; i++) {
			if ((int)settings_of_tools[i].subject != subject)
				continue;
			say(out, ".TP\n.B %s\n", settings_of_tools[i].tool);
			roff_text(out, settings_of_tools[i].setting);
		}
	}
	say(out, ".SH SEE ALSO\n.BR orshim (1),\n.BR liborshim (7)\n");
}

static void put_list(struct buf *out)
{
	for (int i = 0; i < RULE_COUNT; i++) {
		if (i == 0 || rules[i].section != rules[i - 1].section)
			say(out, "%s%d. %s\n", i ? "\n" : "", rules[i].section,
			    sections[rules[i].section].title);
		put_list_row(out, &rules[i]);
	}
}

static void put_json(struct buf *out)
{
	for (int i = 0; i < RULE_COUNT; i++)
		put_json_row(out, &rules[i]);
}

int cmd_rules(const struct arguments *a)
{
	const struct rules_options *o = a->options;
	struct buf out;

	if (o->json + o->markdown + o->man > 1)
		die("rules: give one of --json, --markdown and --man");
	buf_init(&out, DOCUMENT_MAX);
	if (o->json)
		put_json(&out);
	else if (o->markdown)
		put_markdown(&out);
	else if (o->man)
		put_man(&out);
	else
		put_list(&out);
	print_out(&out);
	buf_release(&out);
	return EXIT_CLEAN;
}

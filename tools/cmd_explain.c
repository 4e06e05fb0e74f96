/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "diagnose/rules.h"
#include "report/paragraph.h"
#include "tools/commands.h"
#include "tools/catalogue/error_words.h"
#include "tools/catalogue/settings_of_tools.h"

enum { LABEL_MAX = 64 };

static const char *rule_name(const void *table, size_t i)
{
	return ((const struct rule *)table)[i].id;
}

/* A rule's id, in any case; RULE_NONE if it is none. */
static enum rule_id rule_named(const char *name)
{
	for (int i = 0; i < RULE_COUNT; i++)
		if (slice_equal_nocase(slice_of(rules[i].id), slice_of(name)))
			return (enum rule_id)i;
	return RULE_NONE;
}

/* The argument is neither a rule nor a known error text. */
static void unknown(const char *name)
{
	const char *near = nearest_name(name, rule_name, rules, RULE_COUNT);
	if (near)
		die("explain: no rule '%s'; did you mean %s?", name, near);
	die("explain: nothing is known of '%s'; give a rule's id (`orshim rules` lists them), the "
	    "words of an error, or a status as 401",
	    name);
}

/* Print "    Continue: config.yaml …" for each tool, after what the setting is for. */
static void put_settings(struct buf *out, const struct text_style *style, enum rule_id rule)
{
	struct paragraph p = { .to = out, .width = style->width };

	for (int subject = 0; subject < SUBJECT_COUNT; subject++) {
		if (!rule_concerns(rule, (enum subject)subject))
			continue;
		say(out, "  where tools keep %s:\n", subject_title((enum subject)subject));
		for (size_t i = 0; i < settings_of_tools_count; i++) {
			const struct setting_of_tool *s = &settings_of_tools[i];
			char label[LABEL_MAX];
			if ((int)s->subject != subject)
				continue;
			snprintf(label, sizeof(label), "    %s: ", s->tool);
			paragraph_add(&p, label, slice_of(s->setting));
		}
	}
	if (p.failed)
		die("explain: out of memory");
}

/* The words of an error that were given without quotation marks. */
static bool explain_together(const struct arguments *a, const struct text_style *style,
			     struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_BLOCK);
	for (int i = 0; i < a->count; i++)
		say(&words, "%s%s", i ? " " : "", a->words[i]);
	say(&words, "%c", '\0');
	bool known = a->count > 1 && rule_named(a->words[0]) == RULE_NONE &&
		     error_words_explain(words.p, style, out);
	buf_release(&words);
	return known;
}

int cmd_explain(const struct arguments *a)
{
	struct text_style style;
	struct buf out;

	if (a->count == 0)
		die("explain: name a rule's id (`orshim rules` lists them), the words of an error, "
		    "or a "
		    "status");
	style_of(STDOUT_FILENO, &style);
	buf_init(&out, LIMIT_BLOCK);
	bool told = explain_together(a, &style, &out);
	print_out(&out);
	for (int i = 0; i < a->count && !told; i++) {
		if (i > 0)
			say(&out, "\n");
		enum rule_id rule = rule_named(a->words[i]);
		if (rule == RULE_NONE) {
			if (!error_words_explain(a->words[i], &style, &out))
				unknown(a->words[i]);
			print_out(&out);
			continue;
		}
		if (text_rule(&out, &style, rule) != 0)
			die("explain: out of memory");
		put_settings(&out, &style, rule);
		print_out(&out);
	}
	buf_release(&out);
	return EXIT_CLEAN;
}

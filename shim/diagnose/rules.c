/* SPDX-License-Identifier: MIT */
#include "diagnose/rules.h"

const struct section_row sections[SECTION_COUNT] = {
	[SECTION_CREDENTIAL] = { .title = "The credential on the wire", .explains_key = true },
	[SECTION_PLACE] = { .title = "Right key, wrong place", .explains_key = true },
	[SECTION_FRAMING] = { .title = "Framing and encoding of the request", .needs_body = true },
	[SECTION_CONTENT] = { .title = "What the body says", .needs_body = true },
	[SECTION_ANSWER] = { .title = "Who said no, and why" },
	[SECTION_HISTORY] = { .title = "Across requests" },
};

const struct rule rules[RULE_COUNT] = {
#define COLUMNS(...) __VA_ARGS__
#define RULE(name, columns, check, text) \
	[RULE_##name] = { .id = #name, .section = SECTION, columns },
#include "diagnose/rules.def"
#undef RULE
#undef COLUMNS
};

enum rule_id rule_find(struct slice id)
{
	for (int i = 0; i < RULE_COUNT; i++)
		if (slice_equal(slice_of(rules[i].id), id))
			return i;
	return RULE_NONE;
}

static const char severity_names[][8] = { "off", "note", "warning", "error" };

const char *severity_name(enum severity s)
{
	return severity_names[s];
}

const char *certainty_name(enum certainty c)
{
	static const char names[][8] = { "hint", "likely", "certain" };
	return names[c];
}

const char *recorded_name(enum rule_recorded r)
{
	static const char names[][8] = { "same", "lower", "never" };
	return names[r];
}

const char *category_name(enum category c)
{
	static const char *const names[] = { NULL,
					     "account_auth",
					     "quota_rate",
					     "model_provider",
					     "local_runtime",
					     "deployment_config" };
	return names[c];
}

static bool change_severity(struct rulebook *book, struct slice entry)
{
	struct slice level = entry;
	struct slice id;

	slice_cut(&level, '=', &id);
	enum rule_id rule = rule_find(slice_trim(id));
	if (rule == RULE_NONE)
		return false;
	for (int s = SEVERITY_OFF; s <= SEVERITY_ERROR; s++)
		if (slice_equal(slice_trim(level), slice_of(severity_names[s]))) {
			book->severity[rule] = (unsigned char)s;
			return true;
		}
	return false;
}

static unsigned needs_of(const struct rulebook *book, const struct rule *rule)
{
	if (!rule_is_checked(rule) || book->severity[rule - rules] == SEVERITY_OFF)
		return NEED_NEVER;
	return (rule->when == ON_REFUSAL ? NEED_REFUSAL : 0) |
	       (sections[rule->section].needs_body ? NEED_BODY : 0);
}

bool rulebook_init(struct rulebook *book, const char *spec, struct slice *wrong)
{
	struct slice rest = slice_of(spec);
	struct slice entry;
	bool understood = true;

	for (int i = 0; i < RULE_COUNT; i++)
		book->severity[i] = (unsigned char)rules[i].severity;
	while (slice_cut(&rest, ',', &entry)) {
		entry = slice_trim(entry);
		if (entry.n == 0 || change_severity(book, entry) || !understood)
			continue;
		understood = false;
		*wrong = entry;
	}
	for (int i = 0; i < RULE_COUNT; i++)
		book->needs[i] = (unsigned char)needs_of(book, &rules[i]);
	return understood;
}

void rulebook_for_recordings(struct rulebook *book)
{
	for (int i = 0; i < RULE_COUNT; i++)
		if (rules[i].recorded == RECORDED_NEVER)
			book->needs[i] |= NEED_NEVER;
}

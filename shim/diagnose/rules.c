/* SPDX-License-Identifier: MIT */
#include "diagnose/checks/checks.h"

/* The long texts, one behind the other. */
struct texts {
#define RULE(id, sev, cert, cat, when, title, why, fix, example, sources) \
	char id##_why[sizeof(why)];                                       \
	char id##_fix[sizeof(fix)];                                       \
	char id##_example[sizeof(example)];                               \
	char id##_sources[sizeof(sources)];
#include "diagnose/rules.def"
#undef RULE
};

static const struct texts texts = {
#define RULE(id, sev, cert, cat, when, title, why, fix, example, sources) \
	why, fix, example, sources,
#include "diagnose/rules.def"
#undef RULE
};

#define RULE(name, sev, cert, cat, when, heading, ...)                \
	_Static_assert(sizeof(#name) <= sizeof(rules[0].id) &&        \
			   sizeof(heading) <= sizeof(rules[0].title), \
		       "the id or the title of " #name " is too long");
#include "diagnose/rules.def"
#undef RULE

#define PROSE(name)                          \
	{                                    \
		offsetof(struct texts, name) \
	}

const struct rule rules[] = {
#define RULE(id, sev, cert, cat, when, title, why, fix, example, sources) \
	{ #id,                                                            \
	  title,                                                          \
	  SECTION,                                                        \
	  SEVERITY_##sev,                                                 \
	  CERTAINTY_##cert,                                               \
	  CATEGORY_##cat,                                                 \
	  ON_##when,                                                      \
	  PROSE(id##_why),                                                \
	  PROSE(id##_fix),                                                \
	  PROSE(id##_example),                                            \
	  PROSE(id##_sources) },
#include "diagnose/rules.def"
#undef RULE
};

_Static_assert(sizeof(rules) / sizeof(rules[0]) == RULE_COUNT,
	       "rule_ids.def does not list the rows of rules.def: see the Makefile");

const char *prose(struct prose text)
{
	return (const char *)&texts + text.at;
}

#define ASK_EXCHANGE(id) \
	case RULE_##id:  \
		return check_##id(in, d);
#define ASK_ODD_KEY(id) ASK_EXCHANGE(id)
#define ASK_REFUSAL(id) ASK_EXCHANGE(id)
#define ASK_CONNECTION(id)
#define ASK_LOG(id)

/* A switch: the compiler makes a table of distances of it, not one of pointers. */
bool rule_fires(enum rule_id rule, const struct check_input *in, struct detail *d)
{
	switch (rule) {
#define RULE_ID(id, when) ASK_##when(id)
#include "rule_ids.def"
#undef RULE_ID
	default:
		return false;
	}
}

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

static unsigned needs_of(const struct rule *rule)
{
	unsigned needs = rule->section == 3 || rule->section == 4 ? NEED_BODY : 0;

	if (rule->when == ON_ODD_KEY)
		needs |= NEED_ODD_KEY;
	if (rule->when == ON_REFUSAL)
		needs |= NEED_REFUSAL;
	return needs;
}

static void fill_sets(struct rulebook *book)
{
	memset(book->asked, 0, sizeof(book->asked));
	for (int i = 0; i < RULE_COUNT; i++) {
		unsigned needs = needs_of(&rules[i]);
		if (!rule_is_checked(&rules[i]) || book->severity[i] == SEVERITY_OFF)
			continue;
		for (unsigned so = 0; so < NEEDS_COUNT; so++)
			if ((needs & ~so) == 0)
				book->asked[so].words[i / 64] |= 1ULL << i % 64;
	}
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
	fill_sets(book);
	return understood;
}

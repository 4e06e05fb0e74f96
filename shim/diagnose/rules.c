/* SPDX-License-Identifier: MIT */
#include "diagnose/checks.h"

#define POINTER_EXCHANGE(id) check_##id
#define POINTER_ODD_KEY(id) check_##id
#define POINTER_REFUSAL(id) check_##id
#define POINTER_CONNECTION(id) NULL
#define POINTER_LOG(id) NULL
#define POINTER_LAUNCH(id) NULL

const struct rule rules[] = {
#define RULE(id, sev, cert, cat, when, title, why, fix, example, sources) \
	{ #id,                                                            \
	  SECTION,                                                        \
	  SEVERITY_##sev,                                                 \
	  CERTAINTY_##cert,                                               \
	  CATEGORY_##cat,                                                 \
	  ON_##when,                                                      \
	  POINTER_##when(id),                                             \
	  title,                                                          \
	  why,                                                            \
	  fix,                                                            \
	  example,                                                        \
	  sources },
#include "diagnose/rules.def"
#undef RULE
};

enum rule_id rule_find(struct slice id)
{
	for (int i = 0; i < RULE_COUNT; i++)
		if (slice_equal(slice_of(rules[i].id), id))
			return i;
	return RULE_NONE;
}

static const char *const severity_names[] = { "off", "note", "warning", "error" };

const char *severity_name(enum severity s)
{
	return severity_names[s];
}

const char *certainty_name(enum certainty c)
{
	static const char *const names[] = { "hint", "likely", "certain" };
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

static unsigned char needs_of(const struct rule *rule, unsigned char severity)
{
	unsigned needs = rule->section == 3 || rule->section == 4 ? NEED_BODY : 0;

	if (!rule->check || severity == SEVERITY_OFF)
		needs |= NEED_NEVER;
	if (rule->when == ON_ODD_KEY)
		needs |= NEED_ODD_KEY;
	if (rule->when == ON_REFUSAL)
		needs |= NEED_REFUSAL;
	return (unsigned char)needs;
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
		book->needs[i] = needs_of(&rules[i], book->severity[i]);
	return understood;
}

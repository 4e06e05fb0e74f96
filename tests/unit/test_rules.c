/* SPDX-License-Identifier: MIT */
/* What the compiler does not say of a row of rules.def. */
#include "exchanges.h"

#include "diagnose/checks/checks.h"

#define ENDS(text) assert_non_null(memchr((text), '\0', sizeof(text)))

static void texts_fit_their_columns(void **state)
{
	(void)state;
	for (int i = 0; i < RULE_COUNT; i++) {
		ENDS(rules[i].id);
		ENDS(rules[i].title);
		ENDS(rule_texts[i].why);
		ENDS(rule_texts[i].fix);
		ENDS(rule_texts[i].example);
		ENDS(rule_texts[i].sources);
		assert_true(rules[i].title[0] && rule_texts[i].why[0] && rule_texts[i].fix[0]);
	}
}

static void a_rule_of_exchanges_has_one_check(void **state)
{
	(void)state;
	for (int i = 0; i < RULE_COUNT; i++) {
		const struct check *c = &checks[i];
		if (!rule_is_checked(&rules[i])) {
			assert_true(!c->check && !c->shared);
			continue;
		}
		if (!c->check == !c->shared)
			fail_msg("%s needs a check of its own or a shared one", rules[i].id);
		if (c->shared)
			assert_true(c->describe || c->says || c->parameter);
		else
			assert_true(!c->describe && !c->says && !c->parameter);
	}
}

static void sections_are_told_from_each_other(void **state)
{
	(void)state;
	for (int i = 0; i < RULE_COUNT; i++)
		assert_in_range(rules[i].section, SECTION_CREDENTIAL, SECTION_COUNT - 1);
	for (int s = SECTION_CREDENTIAL; s < SECTION_COUNT; s++) {
		ENDS(sections[s].title);
		assert_true(sections[s].title[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_fit_their_columns),
		cmocka_unit_test(a_rule_of_exchanges_has_one_check),
		cmocka_unit_test(sections_are_told_from_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "tools/catalogue/settings_of_tools.h"

const struct setting_of_tool settings_of_tools[] = {
#define SETTING_OF(subject, tool, setting) { SUBJECT_##subject, tool, setting },
#include "tools/catalogue/settings_of_tools.def"
};
const size_t settings_of_tools_count = sizeof(settings_of_tools) / sizeof(settings_of_tools[0]);

const struct file_of_tool files_of_tools[] = {
#define FILE_OF(tool, path) { tool, path },
#include "tools/catalogue/settings_of_tools.def"
};
const size_t files_of_tools_count = sizeof(files_of_tools) / sizeof(files_of_tools[0]);

static const struct {
	enum rule_id rule;
	enum subject subject;
} concerns[] = {
#define CONCERNS(rule, subject) { RULE_##rule, SUBJECT_##subject },
#include "tools/catalogue/settings_of_tools.def"
};

const char *subject_title(enum subject subject)
{
	static const char *const titles[] = { "the key", "the base URL", "the model" };
	return titles[subject];
}

bool rule_concerns(enum rule_id rule, enum subject subject)
{
	if (subject == SUBJECT_KEY && rules[rule].section == SECTION_CREDENTIAL)
		return true;
	for (size_t i = 0; i < sizeof(concerns) / sizeof(concerns[0]); i++)
		if (concerns[i].rule == rule && concerns[i].subject == subject)
			return true;
	return false;
}

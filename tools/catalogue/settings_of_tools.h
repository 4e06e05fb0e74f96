/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SETTINGS_OF_TOOLS_H
#define ORSHIM_SETTINGS_OF_TOOLS_H

/* Where tools configure the key, the base URL and the model that a rule is about. */
#include "diagnose/rules.h"

enum subject { SUBJECT_KEY, SUBJECT_BASE, SUBJECT_MODEL, SUBJECT_COUNT };

struct setting_of_tool {
	enum subject subject;
	const char *tool;
	const char *setting; /* words; what the user types is in backticks */
};

extern const struct setting_of_tool settings_of_tools[];
extern const size_t settings_of_tools_count;

struct file_of_tool {
	const char *tool;
	const char *path; /* "~/…" or "./…"; may be a pattern of glob(7) */
};

/* Files in which tools keep keys, besides environment variables. */
extern const struct file_of_tool files_of_tools[];
extern const size_t files_of_tools_count;

const char *subject_title(enum subject subject); /* "the key" */

/* Is RULE about a value that a tool's setting of SUBJECT contains? */
bool rule_concerns(enum rule_id rule, enum subject subject);

#endif

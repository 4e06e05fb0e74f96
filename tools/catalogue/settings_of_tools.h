/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SETTINGS_OF_TOOLS_H
#define ORSHIM_SETTINGS_OF_TOOLS_H

/* Where tools keep the key, the base URL and the model that a rule is about. */
#include "diagnose/rules.h"

enum subject { SUBJECT_KEY, SUBJECT_BASE, SUBJECT_MODEL, SUBJECT_COUNT };

struct setting_of_tool {
	enum subject subject;
	const char *tool;
	const char *setting; /* words; what is to be typed stands in backticks */
};

extern const struct setting_of_tool settings_of_tools[];
extern const size_t settings_of_tools_count;

struct file_of_tool {
	const char *tool;
	const char *path; /* "~/…" or "./…"; may be a pattern of glob(7) */
};

/* Where tools keep keys, besides what they are told by variables. */
extern const struct file_of_tool files_of_tools[];
extern const size_t files_of_tools_count;

const char *subject_title(enum subject subject); /* "the key" */

/* Is RULE about something that stands in a tool's setting of SUBJECT? */
bool rule_concerns(enum rule_id rule, enum subject subject);

#endif

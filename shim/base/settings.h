/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SETTINGS_H
#define ORSHIM_SETTINGS_H

/*
 * The ORSHIM_* variables, read once by settings_load(), immutable afterwards.
 * Before that, and in processes without TLS, which do not call it, the tap reads
 * single variables by name (environ.h): ORSHIM_FOLLOW, ORSHIM_LOG, ORSHIM_DEBUG,
 * ORSHIM_FOUND, and whether ORSHIM_HOSTS is set at all. Lists (hosts, rules) are kept
 * as text and parsed in diagnose/.
 */
#include <stdbool.h>
#include <stddef.h>

enum setting_id {
#define SETTING(member, name, shown_default, accepted, meaning) SETTING_##member,
#include "base/settings.def"
#undef SETTING
	SETTING_COUNT
};

struct setting {
	const char *name;
	const char *shown_default;
	const char *accepted;
	const char *meaning;
};

extern const struct setting settings_table[SETTING_COUNT];

enum relay_mode { RELAY_AUTO, RELAY_OFF, RELAY_ALL, RELAY_STRICT };

enum text_target { TEXT_OFF, TEXT_STDERR, TEXT_FILE };

struct settings {
	const char *given[SETTING_COUNT]; /* text of each variable; NULL: unset. Borrowed from the environment */
	const char *log;		  /* NULL: no log */
	unsigned long long log_max; /* 0: no limit */
	enum text_target text;
	const char *text_file; /* with TEXT_FILE */
	const char *hosts;     /* "" if unset */
	const char *rules;     /* "" if unset */
	size_t body_max;
	const char *capture; /* NULL: none */
	bool follow;
	enum relay_mode relay;
	bool debug;
	unsigned malformed; /* bit SETTING_x: the value could not be read, the default is used */
};

/* LOOKUP is getenv() in the library; a test passes another. Never fails. */
void settings_load(struct settings *s, char *(*lookup)(const char *name));

/* "auto", "off", "all", "strict"; NULL is auto. False: TEXT is another word. */
bool settings_relay(const char *text, enum relay_mode *mode);

/* A number of bytes with K, M, G (powers of 1024); false if it is not one, or is above MOST. */
bool settings_size(const char *text, unsigned long long most, unsigned long long *bytes);

#endif

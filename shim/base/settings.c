/* SPDX-License-Identifier: MIT */
#include "base/settings.h"

#include <string.h>

#include "base/limits.h"
#include "base/slice.h"

const struct setting settings_table[SETTING_COUNT] = {
#define SETTING(member, name, shown_default, accepted, meaning)                                    \
	[SETTING_##member] = { name, shown_default, accepted, meaning },
#include "base/settings.def"
#undef SETTING
};

bool settings_size(const char *text, unsigned long long most, unsigned long long *bytes)
{
	static const struct {
		char letter;
		unsigned shift;
	} units[] = { { 'K', 10 }, { 'M', 20 }, { 'G', 30 } };
	struct slice s = slice_of(text);
	unsigned long long n;
	unsigned shift = 0;

	for (size_t i = 0; s.n && i < sizeof(units) / sizeof(units[0]); i++)
		if ((s.p[s.n - 1] & ~0x20) == units[i].letter) {
			shift = units[i].shift;
			s.n--;
			break;
		}
	if (!slice_number(s, &n) || n > most >> shift)
		return false;
	*bytes = n << shift;
	return true;
}

/* Unset and empty are the default; otherwise "0" or "1". */
static bool read_flag(struct settings *s, enum setting_id id, bool *flag)
{
	const char *text = s->given[id];

	if (!text || strcmp(text, "0") == 0)
		*flag = false;
	else if (strcmp(text, "1") == 0)
		*flag = true;
	else
		return false;
	return true;
}

static bool read_body_max(struct settings *s)
{
	unsigned long long n = LIMIT_BODY_DEFAULT;
	const char *text = s->given[SETTING_body_max];
	bool understood = !text || settings_size(text, LIMIT_BODY_MAX, &n);

	s->body_max = (size_t)n;
	return understood;
}

static bool read_log_max(struct settings *s)
{
	const char *text = s->given[SETTING_log_max];
	unsigned long long n;

	s->log_max = LIMIT_LOG_DEFAULT;
	if (!text)
		return true;
	if (!settings_size(text, LIMIT_LOG_MAX, &n) || (n && n < LIMIT_LOG_MIN))
		return false;
	s->log_max = n;
	return true;
}

bool settings_relay(const char *text, enum relay_mode *mode)
{
	static const char words[][8] = { "auto", "off", "all", "strict" };

	*mode = RELAY_AUTO;
	for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0) {
			*mode = (enum relay_mode)i;
			return true;
		}
	return !text;
}

static void note(struct settings *s, enum setting_id id, bool understood)
{
	if (!understood)
		s->malformed |= 1u << id;
}

void settings_load(struct settings *s, char *(*lookup)(const char *name))
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *text = lookup(settings_table[i].name);
		s->given[i] = text && *text ? text : NULL;
	}
	s->log = s->given[SETTING_log];
	s->capture = s->given[SETTING_capture];
	s->hosts = s->given[SETTING_hosts] ? s->given[SETTING_hosts] : "";
	s->rules = s->given[SETTING_rules] ? s->given[SETTING_rules] : "";

	const char *text = s->given[SETTING_text];
	if (!text)
		s->text = s->log ? TEXT_OFF : TEXT_STDERR;
	else if (strcmp(text, "stderr") == 0)
		s->text = TEXT_STDERR;
	else if (strcmp(text, "off") != 0) {
		s->text = TEXT_FILE;
		s->text_file = text;
	}

	note(s, SETTING_body_max, read_body_max(s));
	note(s, SETTING_log_max, read_log_max(s));
	note(s, SETTING_follow, read_flag(s, SETTING_follow, &s->follow));
	note(s, SETTING_relay, settings_relay(s->given[SETTING_relay], &s->relay));
	note(s, SETTING_debug, read_flag(s, SETTING_debug, &s->debug));
}

/* SPDX-License-Identifier: MIT */
#include "tools/har/redacted.h"

#include "base/ascii.h"

enum { RUN_MIN = 3, RUN_MIN_LETTER = 4 };

/* As three stars or four letters x. */
static bool has_run(struct slice s)
{
	size_t run = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = to_lower(s.p[i]);
		run = i && c == to_lower(s.p[i - 1]) ? run + 1 : 1;
		if ((c == '*' || c == '.' || c == '#') && run >= RUN_MIN)
			return true;
		if (c == 'x' && run >= RUN_MIN_LETTER)
			return true;
	}
	return false;
}

bool is_redacted(struct slice value)
{
	/* The last ones: horizontal ellipsis, bullet, black circle, full block. */
	static const struct slice words[] = {
		SLICE("redact"),       SLICE("sanitiz"),      SLICE("sanitis"),
		SLICE("removed"),      SLICE("filtered"),     SLICE("masked"),
		SLICE("hidden"),       SLICE("censored"),     SLICE("scrubbed"),
		SLICE("obfuscated"),   SLICE("omitted"),      SLICE("stripped"),
		SLICE("\xE2\x80\xA6"), SLICE("\xE2\x80\xA2"), SLICE("\xE2\x97\x8F"),
		SLICE("\xE2\x96\x88"),
	};

	/* Python's own: what a program sends that forgot get_secret_value(). */
	if (slice_has(value, SLICE("SecretStr(")))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_has_nocase(value, words[i]))
			return true;
	return has_run(value);
}

/* SPDX-License-Identifier: MIT */
#include "tools/malformed.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/hosts.h"
#include "diagnose/rules.h"
#include "report/machine.h"
#include "tools/command.h"

struct slice malformed_part(const struct settings *s, enum setting_id id)
{
	const char *value = s->given[id];
	struct slice wrong = { NULL, 0 };
	struct host_list hosts;
	struct rulebook book;

	if (!value)
		return wrong;
	if (id == SETTING_rules)
		rulebook_init(&book, value, &wrong);
	else if (id == SETTING_hosts)
		hosts_init(&hosts, value, &wrong);
	else if (s->malformed & 1u << id || (id == SETTING_machine && !machine_name_is_fit(value)))
		wrong = slice_of(value);
	return wrong;
}

/* In the words of the preloaded library, which says it of a process that it is in. */
static void complain_of(const char *command, complain *say_it, enum setting_id id,
			struct slice value)
{
	struct buf shown;

	buf_init(&shown, LIMIT_LINE);
	mask_text(&shown, value, LIMIT_SHOWN_VALUE);
	say_it("%s: %s: \"%.*s\" is not understood; accepted: %s", command, settings_table[id].name,
	       SLICE_ARG(buf_slice(&shown)), settings_table[id].accepted);
	buf_release(&shown);
}

/* The environment's value of setting ID without WRONG, a part of it that has no effect. */
static void take_out(enum setting_id id, const char *value, struct slice wrong)
{
	char *rest = strdup(value);

	if (!rest)
		die("out of memory");
	memset(rest + (wrong.p - value), ' ', wrong.n);
	if (setenv(settings_table[id].name, wrong.n == strlen(value) ? "" : rest, 1) != 0)
		die("out of memory");
	free(rest);
}

void malformed_settings(const char *command, complain *say_it)
{
	struct settings s;

	for (int id = 0; id < SETTING_COUNT; id++)
		for (;;) {
			settings_load(&s, getenv);
			struct slice wrong = malformed_part(&s, (enum setting_id)id);
			if (!wrong.n)
				break;
			complain_of(command, say_it, (enum setting_id)id, wrong);
			take_out((enum setting_id)id, s.given[id], wrong);
		}
}

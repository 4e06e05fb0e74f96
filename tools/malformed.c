/* SPDX-License-Identifier: MIT */
#include "tools/malformed.h"

#include <stdlib.h>

#include "base/settings.h"
#include "diagnose/credential.h"
#include "diagnose/hosts.h"
#include "diagnose/rules.h"
#include "tools/command.h"

/* In the words of the preloaded library, which says it of the processes that it is in. */
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

void malformed_settings(const char *command, complain *say_it)
{
	struct host_list *hosts = malloc(sizeof(*hosts));
	struct rulebook book;
	struct settings s;
	struct slice wrong;

	if (!hosts)
		die("out of memory");
	settings_load(&s, getenv);
	for (int id = 0; id < SETTING_COUNT; id++)
		if (s.malformed & 1u << id)
			complain_of(command, say_it, (enum setting_id)id, slice_of(s.given[id]));
	if (!rulebook_init(&book, s.rules, &wrong))
		complain_of(command, say_it, SETTING_rules, wrong);
	if (!hosts_init(hosts, s.hosts, &wrong))
		complain_of(command, say_it, SETTING_hosts, wrong);
	free(hosts);
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/capture/verdicts.h"
#include "tools/commands.h"

int cmd_replay(const struct arguments *a)
{
	const struct replay_options *o = a->options;
	struct verdicts v;

	verdicts_init(&v, "replay");
	v.json = o->json;
	if (o->split)
		v.options.split = (enum split)(o->split - 1);
	if (a->count == 0)
		die("replay: a capture is missing; see `orshim replay --help`");
	for (int i = 0; i < a->count; i++)
		verdicts_add_file(&v, a->words[i], a->count > 1);
	return verdicts_end(&v);
}

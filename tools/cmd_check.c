/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "tools/check/machine.h"
#include "tools/commands.h"

static int status_of(const struct machine_check *c, unsigned fail_on)
{
	enum severity least = fail_on == FAIL_ON_WARNING ? SEVERITY_WARNING : SEVERITY_ERROR;

	if (machine_check_worst(c) >= least)
		return EXIT_FINDINGS;
	return fail_on && launch_reach(c->launch)->count == 0 ? EXIT_NOTHING : EXIT_CLEAN;
}

int cmd_check(const struct arguments *a)
{
	const struct check_options *o = a->options;
	struct machine_check *c = machine_check();
	struct text_style style;
	struct buf out;

	buf_init(&out, DOCUMENT_MAX);
	style_of(STDOUT_FILENO, &style);
	if (o->fix)
		check_edits(c, &out);
	else if (o->json)
		check_json(c, &out);
	else
		check_text(c, &style, &out);
	print_out(&out);
	int status = status_of(c, o->fail_on);
	buf_release(&out);
	machine_check_release(c);
	return status;
}

/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/commands.h"
#include "tools/docgen/completion.h"

static const struct shell {
	const char *name;
	void (*put)(struct buf *out, const struct command *all);
} shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
	{ "fish", completion_fish },
};

int cmd_completion(const struct arguments *a)
{
	const struct shell *shell = NULL;
	struct buf out;

	if (a->count == 0)
		die("completion: name the shell: bash, zsh or fish");
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, a->words[0]) == 0)
			shell = &shells[i];
	if (!shell)
		die("completion: no completions for '%s'; bash, zsh and fish have some", a->words[0]);
	buf_init(&out, DOCUMENT_MAX);
	shell->put(&out, a->all);
	print_out(&out);
	buf_release(&out);
	return EXIT_CLEAN;
}

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_COMPLETION_H
#define ORSHIM_COMPLETION_H

/*
 * Shell completions, made from the table of commands. Each function prints a
 * script, which the shell loads by itself from where `make install` puts it.
 */
#include "tools/command.h"

void completion_bash(struct buf *out, const struct command *all);
void completion_zsh(struct buf *out, const struct command *all);
void completion_fish(struct buf *out, const struct command *all);

/*
 * The next word of a list separated by bars, as "FILE" of "last-good|FILE";
 * moves *LIST. False at the end.
 */
bool completion_word(const char **list, struct slice *word);

/* The word is literal and names no kind of value. */
bool completion_is_literal(struct slice word);

/* TEXT as a quoted word of sh (bash, zsh); the ids of all rules, the names of all commands. */
void put_quoted(struct buf *out, const char *text);
void put_rule_ids(struct buf *out);
void put_command_names(struct buf *out, const struct command *all);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LAUNCH_H
#define ORSHIM_LAUNCH_H

/* What can be told about the keys in reach of a tool before it starts. */
#include "base/buf.h"
#include "diagnose/environment.h"
#include "report/text.h"
#include "tools/run/dotenv.h"

/*
 * Append one block about TOOL: variables that hold more than a key, that
 * differ from .env, or are spelt almost right. Nothing if all is well. BOOK
 * says which rules are on. Values are shown as labels, never whole.
 */
void launch_tell(struct buf *out, const struct text_style *style, const char *tool,
		 const struct environment *env, const struct dotenv_list *files,
		 const struct rulebook *book);

/* The same for this process's environment and working folder, on stderr. */
void launch_say(const char *tool);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HAR_LINT_H
#define ORSHIM_HAR_LINT_H

#include "tools/capture/verdicts.h"

/*
 * Judge the calls of an API in the HAR file PATH ("-" is stdin; gzip and Zstandard are
 * decompressed) and print what was found, by V. The entries that orshim wrote have their findings
 * with them. Dies with one line if it is not a HAR.
 */
void har_lint(struct verdicts *v, const char *path);

#endif

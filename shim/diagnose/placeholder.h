/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PLACEHOLDER_H
#define ORSHIM_PLACEHOLDER_H

/* What people and templates write where a key belongs. S is the whole core of a token (shape.h). */
#include <stdbool.h>

#include "base/slice.h"

/* The name or command of the first template in S; absent if there is none. */
struct slice template_find(struct slice s);
/* Words in place of a key; S is the whole core. */
bool is_literal(struct slice s);
bool is_variable_name(struct slice s);
bool is_local_dummy(struct slice s);
bool is_sample(struct slice s);
/* A path of plain words, from the root, the home or the working directory. */
bool is_file_path(struct slice s);
/* Has S been shortened or masked for showing? */
bool is_masked(struct slice s);

#endif

/* SPDX-License-Identifier: MIT */
/* Beside rules.c, so that the columns, which every exchange reads, lie together. */
#include "diagnose/rules.h"

const struct rule_text rule_texts[RULE_COUNT] = {
#define TEXT(...) __VA_ARGS__
#define RULE(name, columns, check, text) [RULE_##name] = { text },
#include "diagnose/rules.def"
#undef RULE
#undef TEXT
};

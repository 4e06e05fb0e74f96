/* SPDX-License-Identifier: MIT */
#include "diagnose/checks/checks.h"

#include "diagnose/checks/check_framing.h"

const struct check checks[RULE_COUNT] = {
#define COLUMNS(...)
#define CHECK(...) __VA_ARGS__
#define NO_CHECK
#define TEXT(...)
#define RULE(name, columns, check, text) [RULE_##name] = { check },
#include "diagnose/rules.def"
#undef RULE
#undef TEXT
#undef NO_CHECK
#undef CHECK
#undef COLUMNS
};

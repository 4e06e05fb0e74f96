/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CHECKS_H
#define ORSHIM_CHECKS_H

/* The checks of the table, declared by the table. */
#include "diagnose/rules.h"

#define CHECK_EXCHANGE(id) rule_check check_##id;
#define CHECK_ODD_KEY(id) rule_check check_##id;
#define CHECK_REFUSAL(id) rule_check check_##id;
#define CHECK_CONNECTION(id)
#define CHECK_LOG(id)
#define RULE_ID(id, when) CHECK_##when(id)
#include "rule_ids.def"
#undef RULE_ID

#endif

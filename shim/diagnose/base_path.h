/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BASE_PATH_H
#define ORSHIM_BASE_PATH_H

/* Variables whose base URL has too much or too little of a path, shown by the path that was asked. */
#include "diagnose/check_input.h"
#include "diagnose/detail.h"

/*
 * Part of the path is there twice, or OpenRouter's /api/v1 is missing: if a
 * known base-URL variable of the environment names this host and a beginning of
 * this path, and another beginning makes the rest right, D's fix says so. Otherwise, and
 * where two variables say different things, D stays as it is.
 */
void base_path_repeated(const struct check_input *in, struct detail *d);
void base_path_missing(const struct check_input *in, struct detail *d);

#endif

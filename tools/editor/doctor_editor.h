/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DOCTOR_EDITOR_H
#define ORSHIM_DOCTOR_EDITOR_H

#include <stdbool.h>

/*
 * Reports for each running process of an editor whether it has loaded the shim,
 * which API keys its environment has (by their labels), and how they compare
 * with a login shell's. Returns the exit status.
 */
int doctor_editor(bool json);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DOCTOR_EDITOR_H
#define ORSHIM_DOCTOR_EDITOR_H

#include <stdbool.h>

/*
 * Says of each running process of an editor whether it carries the shim, which
 * API keys its environment holds, by their labels, and how these compare with
 * a login shell's. The exit status.
 */
int doctor_editor(bool json);

#endif

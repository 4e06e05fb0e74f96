/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROLE_H
#define ORSHIM_ROLE_H

/*
 * Which of its program's processes this is, by words that are known: an editor
 * runs the same executable a dozen times. Other arguments and variables may be
 * secret and are never kept.
 */

/* "--type=extensionHost"; NULL if nothing known stands there. Static. */
const char *role_of(char *const *argv, char *const *envp);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROLE_H
#define ORSHIM_ROLE_H

/*
 * The role of this process in its program, by known arguments: an editor runs the same
 * executable a dozen times. Other arguments and variables may be secret and are never
 * kept.
 */

/* "--type=extensionHost"; NULL if there is no known argument. Static. */
const char *role_of(char *const *argv, char *const *envp);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_FILTER_H
#define ORSHIM_REDIRECT_FILTER_H

/*
 * The seccomp filter that asks about connect(2) (seccomp_unotify(2)), and about
 * execve(2) where no_new_privs had to be set; all other system calls are
 * allowed as they are.
 */
#include <stdbool.h>

/*
 * Put the filter on this thread and all that it will execute or fork. Returns
 * the listener's descriptor, close-on-exec, at which the questions arrive; -1
 * with errno: EBUSY where a listener is there already, ENOSYS or EINVAL where
 * the kernel has none, EPERM or EACCES where a sandbox forbids it.
 * *LOST_PRIVILEGE: no_new_privs had to be set, so that setuid programs that
 * are started from here gain nothing.
 */
int filter_install(bool *lost_privilege);

/* Is FD, which somebody sent, such a listener? Asks the kernel alone: FD may be of any kind. */
bool filter_is_listener(int fd);

#endif

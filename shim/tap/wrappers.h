/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_WRAPPERS_H
#define ORSHIM_WRAPPERS_H

void wrappers_start(void); /* in the constructor: resolves what libc has */

#endif

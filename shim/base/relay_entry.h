/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RELAY_ENTRY_H
#define ORSHIM_RELAY_ENTRY_H

/*
 * How the preloaded library has `orshim` execute a program that cannot be
 * tapped: FOLDER/orshim with RELAY_BECOMES, FOLDER, the program, then its own
 * words from argv[0] on.
 */
#define RELAY_FOLDER "ORSHIM_RELAY_FOLDER" /* variable: the run's folder, for its processes alone */
#define RELAY_ENTRY "orshim"
#define RELAY_BECOMES "orshim: becoming" /* argv[0] */
#define RELAY_WORDS 3			 /* in front of the program's own */
#define RELAY_MARK "%s/untouched-%lx-%lx" /* folder, device, inode: of a program that is executed as it is */
#define RELAY_MARK_BEGINS "untouched-"

#endif

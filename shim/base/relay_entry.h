/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RELAY_ENTRY_H
#define ORSHIM_RELAY_ENTRY_H

/*
 * The arguments with which the preloaded library executes FOLDER/orshim in place of a
 * program that cannot be tapped: RELAY_BECOMES, FOLDER, the program's file, then the
 * program's arguments from argv[0] on. orshim then executes the program.
 */
#define RELAY_FOLDER "ORSHIM_RELAY_FOLDER" /* variable: the run's folder, for its processes alone */
#define RELAY_ENTRY "orshim"
#define RELAY_BECOMES "orshim: becoming" /* argv[0] */
#define RELAY_WORDS 3			 /* in front of the program's own */
#define RELAY_MARK "%s/untouched-%lx-%lx" /* folder, device, inode: of a program that is executed as it is */
#define RELAY_MARK_BEGINS "untouched-"

#endif

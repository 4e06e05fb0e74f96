/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_FOLDER_H
#define ORSHIM_REDIRECT_FOLDER_H

/* Removes all that a relay has in its run's FOLDER, and the folder if nothing else is in it. */
void folder_clear(const char *folder);

#endif

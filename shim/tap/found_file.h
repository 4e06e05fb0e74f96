/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FOUND_FILE_H
#define ORSHIM_FOUND_FILE_H

#include "base/slice.h"

/*
 * What `orshim run` found out before it started us: TEXT becomes the places of
 * keys in files (diagnose/found_keys.h), kept for as long as the process lives. It
 * stands in a memory file of orshim's own, which ORSHIM_FOUND names as
 * PID:DESCRIPTOR:INODE; that is opened through /proc, read and closed, so the
 * process never has a descriptor that it does not know. False, and no text,
 * when there is none or it cannot be had. One thread at a time.
 */
bool found_file_read(struct slice *text);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FOUND_FILE_H
#define ORSHIM_FOUND_FILE_H

#include "base/slice.h"

/*
 * The places of keys in files that `orshim run` found before it started this process
 * (diagnose/found_keys.h). TEXT gets them, valid as long as the process lives. orshim
 * keeps them in a memory file of its own, which ORSHIM_FOUND names as
 * PID:DESCRIPTOR:INODE. It is opened through /proc, read and closed at once, so that
 * the host has no descriptor that it does not know. False, and no text, when there
 * is none or it cannot be read. One thread at a time.
 */
bool found_file_read(struct slice *text);

#endif

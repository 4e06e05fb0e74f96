/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ERRAND_H
#define ORSHIM_ERRAND_H

/*
 * The code that a new thread in another process runs with a struct order:
 * loads the library unless it is there, calls orshim_attend(), waits until the
 * answer was read (ten seconds at most), gives its own memory back and ends.
 * Independent of where it lies; x86-64.
 */
extern const unsigned char errand_code[];
extern const unsigned char errand_code_end[];

#endif

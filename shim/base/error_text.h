/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ERROR_TEXT_H
#define ORSHIM_ERROR_TEXT_H

/*
 * What errno NUMBER means, in libc's English words: strerror(3) translates, by
 * way of locks and files, and strerrordesc_np(3) came with glibc 2.32. Only what
 * files and sockets of ours fail with is known, the rest has one text.
 * Constant; never NULL.
 */
const char *error_text(int number);

#endif

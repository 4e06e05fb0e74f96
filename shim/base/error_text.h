/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ERROR_TEXT_H
#define ORSHIM_ERROR_TEXT_H

/*
 * The English text for errno NUMBER, in libc's words. strerror(3) would take locks and
 * read files to translate it, and strerrordesc_np(3) came with glibc 2.32. Only the
 * errors of our own files and sockets have a text each, the others share one. Static;
 * never NULL.
 */
const char *error_text(int number);

#endif

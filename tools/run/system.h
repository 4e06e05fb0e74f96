/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SYSTEM_H
#define ORSHIM_SYSTEM_H

/*
 * Which system a tool runs on, for an issue that somebody reads elsewhere.
 * Nothing in it names the machine or its user.
 */
enum { SYSTEM_TEXT = 128 };

/* Texts are "" where they are not known. */
struct system {
	char os[SYSTEM_TEXT]; /* PRETTY_NAME of os-release(5): "Debian GNU/Linux 12 (bookworm)" */
	char kernel[SYSTEM_TEXT]; /* "Linux 6.1.0-25-amd64" */
	char arch[SYSTEM_TEXT];   /* "x86_64" */
	char libc[SYSTEM_TEXT];   /* of the program: "glibc 2.36", "musl" */
};

/* PROGRAM is a path; the C library is the one beside the loader that it names. */
void system_read(struct system *s, const char *program);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_COURIER_H
#define ORSHIM_REDIRECT_COURIER_H

/* Messages between our own processes, each whole, and descriptors with them (unix(7), SOCK_SEQPACKET). */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* FD goes along unless it is -1. False with errno. */
bool courier_send(int to, const void *bytes, size_t n, int fd);

/* As recv(2); *FD is what came along, -1 if nothing did. FD may be NULL. */
ssize_t courier_receive(int from, void *room, size_t size, int *fd);

/* A socket in FOLDER, called NAME, whatever the length of its path. -1 with errno. */
int courier_listen(const char *folder, const char *name);
int courier_connect(const char *folder, const char *name);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SINK_SOCKET_H
#define ORSHIM_SINK_SOCKET_H

/*
 * A connection to who takes lines for the log PATH, which could not be opened for
 * ERROR (log_socket.h); -1: there is nobody, or asking might harm the host.
 */
int sink_socket_open(const char *path, int error);

#endif

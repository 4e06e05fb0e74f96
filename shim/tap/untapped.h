/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_UNTAPPED_H
#define ORSHIM_UNTAPPED_H

/*
 * Reports a process that connects to a port of TLS while no TLS library of it is
 * tapped: the log must show that the process exists and why we saw no exchange.
 */
#include <stdbool.h>
#include <sys/socket.h>

/*
 * FD is connected, or on its way, to ADDRESS. Writes the `process` record,
 * once for each process, if that is a stream to port 443, or to a port of
 * ORSHIM_HOSTS, and no TLS library of this process is tapped, or an add-on has
 * one that is not; where one is tapped that the process never uses, at its end, if
 * there is another.
 */
void untapped_connected(int fd, const struct sockaddr *address, socklen_t n);

/* getaddrinfo(3) connects datagram sockets, too, to see which address it would use. */
bool untapped_is_stream(int fd);

/*
 * At a connection: the only TLS libraries are such as may yet be seen, because their
 * first call may come by way of us, and that was so for less than a second. What is
 * not decided then is told by a later connection, or as the process ends.
 */
bool untapped_is_undecided(void);

#endif

/* SPDX-License-Identifier: MIT */
#include "tools/redirect/owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

/*
 * The socket with the end FROM, which is connected to PORT, in TABLE of /proc/net:
 * "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode". In
 * tcp6 the last word of an address is the IPv4 one that is mapped (FORM skips three).
 */
static unsigned long inode_in(const char *table_of, const char *form, const union address *from,
			      uint16_t port)
{
	FILE *table = fopen(table_of, "re");
	char line[256];
	unsigned long inode = 0;

	while (table && !inode && fgets(line, sizeof(line), table)) {
		unsigned address, here, there, uid;
		unsigned long found;

		if (sscanf(line, form, &address, &here, &there, &uid, &found) == 5 &&
		    address == from->v4.sin_addr.s_addr && here == ntohs(from->v4.sin_port) &&
		    there == port && uid == geteuid())
			inode = found;
	}
	if (table)
		fclose(table);
	return inode;
}

/* Of a socket of IPv6 (Java's), too, which is connected to an IPv4 address. */
static unsigned long inode_of(const union address *from, uint16_t port)
{
	unsigned long inode =
	    inode_in("/proc/net/tcp", "%*s %X:%X %*X:%X %*s %*s %*s %*s %u %*s %lu", from, port);

	if (inode)
		return inode;
	return inode_in("/proc/net/tcp6",
			"%*s %*24[0-9A-F]%X:%X %*32[0-9A-F]:%X %*s %*s %*s %*s %u %*s %lu", from, port);
}

static bool is_process(const struct dirent *one)
{
	return one->d_name[0] && one->d_name[strspn(one->d_name, "0123456789")] == '\0';
}

static bool holds(const char *process, const char *socket)
{
	char path[300], link[64];
	struct dirent *one;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%s/fd", process);
	DIR *all = opendir(path);
	while (all && !found && (one = readdir(all))) {
		ssize_t n = readlinkat(dirfd(all), one->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, socket) == 0;
	}
	if (all)
		closedir(all);
	return found;
}

int owner_of(const union address *from, uint16_t port)
{
	unsigned long inode = inode_of(from, port);
	DIR *all = inode ? opendir("/proc") : NULL;
	struct dirent *one;
	char socket[64];
	int pid = 0;

	snprintf(socket, sizeof(socket), "socket:[%lu]", inode);
	while (all && !pid && (one = readdir(all)))
		if (is_process(one) && holds(one->d_name, socket))
			pid = atoi(one->d_name);
	if (all)
		closedir(all);
	return pid;
}

static bool knows(const char *process, const char *text, char *room)
{
	char path[300];
	size_t n = 0;
	ssize_t got = 0;

	snprintf(path, sizeof(path), "/proc/%s/environ", process);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && n < LIMIT_ENVIRON && (got = read(fd, room + n, LIMIT_ENVIRON - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	return n && memmem(room, n, text, strlen(text));
}

bool owner_has_text(const char *text)
{
	char *room = malloc(LIMIT_ENVIRON);
	DIR *all = room ? opendir("/proc") : NULL;
	struct dirent *one;
	bool found = false;

	while (all && !found && (one = readdir(all)))
		found = is_process(one) && knows(one->d_name, text, room);
	if (all)
		closedir(all);
	free(room);
	return found;
}

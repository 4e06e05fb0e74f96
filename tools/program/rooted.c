/* SPDX-License-Identifier: MIT */
#include "tools/program/rooted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as many as Linux follows: path_resolution(7) */

/* Take the last name off OUT, but nothing of its first N bytes. */
static void cut_name(char *out, size_t n)
{
	char *slash = strrchr(out + n, '/');

	out[slash ? (size_t)(slash - out) : n] = '\0';
}

/* Put the link that OUT is, and after it the REST of the path, into REST. False: too long. */
static bool take_link(const char *out, char rest[PATH_MAX])
{
	char to[PATH_MAX], whole[2 * PATH_MAX];
	ssize_t n = readlink(out, to, sizeof(to) - 1);

	if (n <= 0)
		return false;
	to[n] = '\0';
	snprintf(whole, sizeof(whole), "%s/%s", to, rest);
	return snprintf(rest, PATH_MAX, "%s", whole) < PATH_MAX;
}

bool rooted_path(const char *root, const char *path, char out[PATH_MAX])
{
	const size_t n = strlen(root);
	char rest[PATH_MAX], name[NAME_MAX + 1], link[1];
	int links = 0;

	if (!n)
		return realpath(path, out) != NULL;
	if (snprintf(out, PATH_MAX, "%s", root) >= PATH_MAX ||
	    snprintf(rest, sizeof(rest), "%s", path) >= PATH_MAX)
		return false;
	while (rest[0]) {
		size_t slashes = strspn(rest, "/"), at = strlen(out);
		size_t length = strcspn(rest + slashes, "/");

		if (length > NAME_MAX || at + 1 + length >= PATH_MAX)
			return false;
		snprintf(name, sizeof(name), "%.*s", (int)length, rest + slashes);
		memmove(rest, rest + slashes + length, strlen(rest + slashes + length) + 1);
		if (!length || strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			cut_name(out, n);
			continue;
		}
		snprintf(out + at, PATH_MAX - at, "/%s", name);
		if (readlink(out, link, 1) < 0) {
			if (errno != EINVAL) /* it is no link */
				return false;
			continue;
		}
		if (++links > LINKS_MAX || !take_link(out, rest))
			return false;
		out[rest[0] == '/' ? n : at] = '\0';
	}
	return true;
}

bool rooted_path_of_proc(const char *root, const char *path, char out[PATH_MAX])
{
	char own[PATH_MAX];
	ssize_t n = root[0] ? readlink(root, own, sizeof(own) - 1) : 0;

	if (n > 1 && strncmp(path, own, (size_t)n) == 0 && path[n] == '/')
		path += n;
	return rooted_path(root, path, out);
}

/* SPDX-License-Identifier: MIT */
#include "tools/capture/capture_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/capture/playback.h"
#include "tools/command.h"

void log_add_records(struct log *l, struct slice records, const char *path, const char *command)
{
	int fd = memfd_create("orshim-capture", MFD_CLOEXEC);
	char name[64];

	if (fd < 0 || !write_all(fd, records))
		die("%s: cannot keep %s: %s", command, path, strerror(errno));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	log_add(l, name);
	close(fd);
	log_sort(l);
}

void log_add_capture(struct log *l, const char *path, const char *command)
{
	struct playback_options options = { .tool = "capture", .lookup = getenv };
	struct playback played;
	struct capture c;

	capture_read(&c, path, command);
	if (playback_run(&played, &c, &options) != 0)
		die("%s: %s: out of memory", command, path);
	log_add_records(l, buf_slice(&played.records), path, command);
	playback_release(&played);
	capture_release(&c);
}

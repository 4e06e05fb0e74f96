/* SPDX-License-Identifier: MIT */
#include "tools/redirect/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/relay_entry.h"
#include "tools/redirect/door.h"
#include "tools/redirect/trust.h"

static bool is_ours(const char *name)
{
	return strcmp(name, DOOR_NAME) == 0 || strcmp(name, RELAY_ENTRY) == 0 ||
	       strncmp(name, RELAY_MARK_BEGINS, sizeof(RELAY_MARK_BEGINS) - 1) == 0;
}

void folder_clear(const char *folder)
{
	DIR *all = opendir(folder);
	struct dirent *one;

	while (all && (one = readdir(all)))
		if (is_ours(one->d_name))
			unlinkat(dirfd(all), one->d_name, 0);
	if (all)
		closedir(all);
	trust_remove_files(folder);
	rmdir(folder); /* where nothing of the run is kept in it */
}

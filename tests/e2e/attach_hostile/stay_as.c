/* SPDX-License-Identifier: MIT */
/* stay_as NUMBER: as the user and group NUMBER, stays until its standard input ends; then says "whole". */
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char c;

	if (argc < 2 || setgid((gid_t)atoi(argv[1])) != 0 || setuid((uid_t)atoi(argv[1])) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || write(STDOUT_FILENO, "ready\n", 6) != 6)
		return 1;
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return write(STDOUT_FILENO, "whole\n", 6) != 6;
}

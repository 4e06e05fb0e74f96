/* SPDX-License-Identifier: MIT */
/*
 * busy: never waits, so that whoever attaches looks for an idle thread for a
 * while. Says "ready", ends with its standard input.
 */
#include <poll.h>
#include <unistd.h>

int main(void)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };

	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		return 1;
	while (poll(&input, 1, 0) == 0)
		for (volatile int spin = 0; spin < 1000000; spin++)
			;
	return 0;
}

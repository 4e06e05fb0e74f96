/* SPDX-License-Identifier: MIT */
/*
 * hidden_host PORT [LIBRARY ROUNDS]: ask() of static_openssl.c in a library
 * that hides its OpenSSL: of the one that it is linked with, with -DLINKED; or
 * of LIBRARY, which it loads for itself alone and unloads, ROUNDS times. Before
 * that a plain connection is made, so that the library comes after the first.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef LINKED
int ask(const char *port);

int main(int argc, char **argv)
{
	return argc > 1 ? ask(argv[1]) : 1;
}
#else
static void connect_plainly(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((unsigned short)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		close(fd);
}

int main(int argc, char **argv)
{
	int failed = argc < 4;

	if (!failed)
		connect_plainly(argv[1]);
	for (int left = failed ? 0 : atoi(argv[3]); left > 0 && !failed; left--) {
		void *library = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
		int (*ask)(const char *) =
		    library ? (int (*)(const char *))dlsym(library, "ask") : NULL;

		if (!ask)
			fprintf(stderr, "%s\n", dlerror());
		failed = !ask || ask(argv[1]) != 0;
		if (library)
			dlclose(library);
	}
	return failed;
}
#endif

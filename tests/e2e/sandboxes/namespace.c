/* SPDX-License-Identifier: MIT */
/* Loads libcurl by dlmopen() into a separate namespace: asks URL with the certificates in FILE. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

enum { URL = 10002, CAINFO = 10065, POSTFIELDS = 10015 };

int main(int argc, char **argv)
{
	void *curl = dlmopen(LM_ID_NEWLM, "libcurl.so.4", RTLD_NOW);
	void *(*begin)(void) = curl ? dlsym(curl, "curl_easy_init") : NULL;
	int (*set)(void *, int, ...) = curl ? dlsym(curl, "curl_easy_setopt") : NULL;
	int (*perform)(void *) = curl ? dlsym(curl, "curl_easy_perform") : NULL;

	if (argc < 3 || !begin || !set || !perform)
		return 77;
	void *handle = begin();
	set(handle, URL, argv[1]);
	set(handle, CAINFO, argv[2]);
	set(handle, POSTFIELDS, "{}");
	int result = perform(handle);
	printf("\n%d\n", result);
	return result;
}

/* SPDX-License-Identifier: MIT */
/* For compilers without a fuzzer: what it was given before, FILE by FILE, once each. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The bytes end where their memory ends, as the fuzzer's do. */
static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	long n = f && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
	uint8_t *bytes = n >= 0 ? malloc((size_t)n + !n) : NULL;

	if (!bytes || fseek(f, 0, SEEK_SET) != 0 || fread(bytes, 1, (size_t)n, f) != (size_t)n) {
		perror(path);
		return -1;
	}
	LLVMFuzzerTestOneInput(bytes, (size_t)n);
	free(bytes);
	return fclose(f);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) != 0)
			return 1;
	printf("%d files\n", argc - 1);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Bodies: the first byte picks the coding, the rest is the body of an error
 * answer, until the end.
 */
#include "fuzz_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const codings[] = { "gzip",     "deflate",    "br",       "zstd",
					       "gzip, br", "zstd, gzip", "br, zstd", "x" };
	struct step steps[] = { CLIENT("GET / HTTP/1.1\r\n\r\n"),
				{ STEP_SERVER, NULL, 0 },
				{ STEP_SERVER, NULL, 0 },
				CLOSE,
				{ STEP_STOP, NULL, 0 } };
	char head[100];

	if (n < 2)
		return 0;
	snprintf(head, sizeof(head), "HTTP/1.1 401 No\r\nContent-Encoding: %s\r\n\r\n",
		 codings[bytes[0] & 7]);
	steps[1] = (struct step){ STEP_SERVER, head, strlen(head) };
	steps[2] = (struct step){ STEP_SERVER, (const char *)bytes + 1, n - 1 };
	compare_splits(steps, &(struct run_options){ .body_max = bytes[0] & 8 ? 100 : 1 << 22 });
	return 0;
}

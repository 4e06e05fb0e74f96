/* SPDX-License-Identifier: MIT */
/* HTTP/1: a good request is in flight, whatever follows. */
#include "fuzz_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct step steps[FUZZ_STEPS + 2] = { CLIENT("POST /v1/messages HTTP/1.1\r\nHost: a\r\n") };

	steps_of(steps, 1, SIDE_CLIENT, bytes, n);
	compare_splits(steps, NULL);
	return 0;
}

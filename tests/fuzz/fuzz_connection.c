/* SPDX-License-Identifier: MIT */
/* Any bytes on any connection; the first byte holds the options. */
#include "fuzz_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct step steps[FUZZ_STEPS + 2];
	struct run_options o = { .sni = "openrouter.ai" };

	if (n < 1)
		return 0;
	o.start = bytes[0] & 1   ? CONNECTION_MIDSTREAM
		  : bytes[0] & 8 ? CONNECTION_UNSEEN
				 : CONNECTION_OPENED;
	o.body_max = bytes[0] & 2 ? 100 : 0;
	steps_of(steps, 0, bytes[0] & 4 ? SIDE_SERVER : SIDE_CLIENT, bytes + 1, n - 1);
	compare_splits(steps, &o);
	return 0;
}

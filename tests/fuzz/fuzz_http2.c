/* SPDX-License-Identifier: MIT */
/* HTTP/2 after the prefaces; an odd first byte joins late instead. */
#include "fuzz_run.h"

#define SETTINGS "\0\0\0\4\0\0\0\0\0"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct step steps[FUZZ_STEPS + 2] = { CLIENT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SETTINGS),
					      SERVER(SETTINGS) };
	struct run_options o = { 0 };

	if (n < 1)
		return 0;
	o.start = bytes[0] & 1 ? CONNECTION_MIDSTREAM : CONNECTION_OPENED;
	steps_of(steps, o.start == CONNECTION_MIDSTREAM ? 0 : 2, SIDE_CLIENT, bytes + 1, n - 1);
	compare_splits(steps, &o);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The body of an event stream. */
#include "fuzz_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct step steps[] = { CLIENT("GET / HTTP/1.1\r\n\r\n"),
				SERVER(
				    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"),
				{ STEP_SERVER, (const char *)bytes, n },
				CLOSE,
				{ STEP_STOP, NULL, 0 } };

	compare_splits(steps, NULL);
	return 0;
}

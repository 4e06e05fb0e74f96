/* SPDX-License-Identifier: MIT */
/* A certificate, a message that holds one, a ClientHello. */
#include <stdint.h>
#include <stdlib.h>

#include "wire/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice in = { (const char *)bytes, n };
	struct certificate c;
	bool quic;

	certificate_read(in, SLICE("openrouter.ai"), &c);
	if (strlen(c.names) >= sizeof(c.names) || strlen(c.issuer) >= sizeof(c.issuer))
		__builtin_trap();
	certificate_in_message(in);
	client_hello_name(in, &quic);
	return 0;
}

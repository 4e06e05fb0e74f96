/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TLS_LIBRARY_H
#define ORSHIM_TLS_LIBRARY_H

/* How the connections of a TLS library are tapped. */
enum tap_kind { TAP_NONE, TAP_METHOD_TABLE, TAP_INTERPOSED, TAP_RELAY };

/* One TLS library of a process, as the `process` record lists it. Strings are borrowed. */
struct tls_library {
	const char *object;  /* file it was found in */
	const char *library; /* "OpenSSL", "BoringSSL", … */
	const char *version; /* "3.0.19"; "" if unknown */
	enum tap_kind tap;
	const char *reason; /* why it is not tapped, or not by the method table; NULL */
};

#endif

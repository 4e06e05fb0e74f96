/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CHECK_FRAMING_H
#define ORSHIM_CHECK_FRAMING_H

/*
 * A body that is not what the server expects is one fault with many
 * symptoms (a gzip body is neither UTF-8 nor JSON), so each request has at
 * most one of these, the first that applies.
 */
enum body_trouble {
	TROUBLE_NONE,
	TROUBLE_MISSING, /* there is none */
	TROUBLE_FRAMING, /* its bytes were not delivered as announced: what was kept may be no body */
	TROUBLE_COMPRESSED, /* its bytes are another text's */
	TROUBLE_MULTIPART,  /* it says so itself: the type is wrong, not the JSON */
	TROUBLE_FORM,
	TROUBLE_DOUBLE,
	TROUBLE_BOM,
	TROUBLE_NOT_UTF8, /* from here on: what json_judge() found first */
	TROUBLE_NAN,
	TROUBLE_SURROGATE,
	TROUBLE_INVALID,
};

#endif

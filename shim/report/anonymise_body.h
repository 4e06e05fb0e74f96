/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ANONYMISE_BODY_H
#define ORSHIM_ANONYMISE_BODY_H

/* Bodies of captures: structure and faults stay, texts and secrets do not. */
#include "report/anonymise.h"

/* How a body is read. */
enum body_kind {
	KIND_REQUEST,
	KIND_ANSWER,  /* of a request that went well: only an error inside it is kept */
	KIND_FAILED,  /* an error inside a 2xx that need not be a member "error" */
	KIND_REFUSAL, /* the server's words are kept */
};

/* A whole body, JSON or not, sound or not. */
void anonymise_body(struct pseudonyms *d, const struct pseudonym_keys *keys, enum body_kind kind,
		    char *p, size_t n);

/* Bytes whose coding could not be undone: only the coding's magic number stays. */
void anonymise_coded(char *p, size_t n);

/* The body of an event stream. */
void anonymise_events(struct pseudonyms *d, const struct pseudonym_keys *keys, char *p, size_t n);

#endif

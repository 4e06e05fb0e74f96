/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ENCODED_H
#define ORSHIM_ENCODED_H

/* Keys that were stored in another form than they are: base64, a ciphertext, a hash. */
#include <stdbool.h>

#include "base/slice.h"

/*
 * How S was stored instead of kept as it is: text that completes "N bytes that
 * …"; NULL: not a stored form that we know.
 */
const char *encoding_of(struct slice s);

/* Length of the prefix of S that marks a ciphertext's format, as Fernet's gAAAAA; 0: none. */
size_t ciphertext_beginning(struct slice s);
/* Does WORD say that what follows was encrypted? */
bool means_encrypted(struct slice word);
/* A word for encryption before something long: ENC(...), encrypted:..., {cipher}... */
bool is_marked_encrypted(struct slice s);

#endif

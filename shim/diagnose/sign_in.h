/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SIGN_IN_H
#define ORSHIM_SIGN_IN_H

/* A sign-in for people in front of a server. */
#include "base/slice.h"
#include "wire/exchange.h"

/*
 * The host of the sign-in to which X's answer, a redirect, sends the client where the
 * answer of an API belongs; absent: it does not. Known are Cloudflare Access, oauth2-proxy,
 * authentik, and OpenID Connect as Google, Microsoft, Amazon, Okta and Auth0 speak it.
 * Borrowed from X.
 */
struct slice sign_in_asked_for(const struct exchange *x);

#endif

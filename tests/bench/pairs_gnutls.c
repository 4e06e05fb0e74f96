/* SPDX-License-Identifier: MIT */
/*
 * pairs_gnutls COUNT CERT KEY: client and server by GnuTLS in one process, over memory; a write of
 * bytes that are no HTTP, and the read of it.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "timed.h"

enum { ROOM = 64 * 1024, SIZE = 64 };

/* What one end has sent and the other has not read yet. */
struct wire {
	char bytes[ROOM];
	size_t from, to;
};

struct end {
	gnutls_session_t session;
	struct wire *in, *out;
};

static ssize_t push(gnutls_transport_ptr_t p, const void *bytes, size_t n)
{
	struct wire *w = ((struct end *)p)->out;

	if (w->from == w->to)
		w->from = w->to = 0;
	if (n > ROOM - w->to)
		fail("too much in flight");
	memcpy(w->bytes + w->to, bytes, n);
	w->to += n;
	return (ssize_t)n;
}

static ssize_t pull(gnutls_transport_ptr_t p, void *bytes, size_t n)
{
	struct end *e = p;
	struct wire *w = e->in;

	if (w->from == w->to) {
		gnutls_transport_set_errno(e->session, EAGAIN);
		return -1;
	}
	n = n < w->to - w->from ? n : w->to - w->from;
	memcpy(bytes, w->bytes + w->from, n);
	w->from += n;
	return (ssize_t)n;
}

static void set_up(struct end *e, unsigned flags, gnutls_certificate_credentials_t credentials)
{
	if (gnutls_init(&e->session, flags) || gnutls_set_default_priority(e->session) ||
	    gnutls_credentials_set(e->session, GNUTLS_CRD_CERTIFICATE, credentials))
		fail("cannot set up GnuTLS");
	gnutls_transport_set_ptr(e->session, e);
	gnutls_transport_set_push_function(e->session, push);
	gnutls_transport_set_pull_function(e->session, pull);
}

static void say(const struct end *from, const struct end *to)
{
	char data[SIZE] = "\x01\x02 no HTTP";
	ssize_t n;

	if (gnutls_record_send(from->session, data, SIZE) != SIZE)
		fail("cannot write");
	do /* tickets come first */
		n = gnutls_record_recv(to->session, data, SIZE);
	while (n == GNUTLS_E_AGAIN && to->in->from < to->in->to);
	if (n != SIZE)
		fail("cannot read");
}

static void say_there(void *ends)
{
	struct end *e = ends;

	say(&e[0], &e[1]);
}

int main(int argc, char **argv)
{
	static struct wire wires[2];
	static struct end ends[2] = { { NULL, &wires[0], &wires[1] },
				      { NULL, &wires[1], &wires[0] } };
	gnutls_certificate_credentials_t credentials;
	int done[2] = { GNUTLS_E_AGAIN, GNUTLS_E_AGAIN };

	if (argc != 4 || atol(argv[1]) <= 0)
		fail("usage: pairs_gnutls COUNT CERT KEY");
	if (gnutls_certificate_allocate_credentials(&credentials) ||
	    gnutls_certificate_set_x509_key_file(credentials, argv[2], argv[3],
						 GNUTLS_X509_FMT_PEM))
		fail("cannot read the certificate");
	set_up(&ends[0], GNUTLS_CLIENT | GNUTLS_NONBLOCK, credentials);
	set_up(&ends[1], GNUTLS_SERVER | GNUTLS_NONBLOCK, credentials);
	for (int i = 0; i < 40 && (done[0] || done[1]); i++)
		if (done[i % 2])
			done[i % 2] = gnutls_handshake(ends[i % 2].session);
	if (done[0] || done[1])
		fail("handshake in memory failed");
	/* Both ways once, as any protocol does: then it is known that this is none of ours. */
	say(&ends[0], &ends[1]);
	say(&ends[1], &ends[0]);
	time_calls(atol(argv[1]), say_there, ends);
	return 0;
}

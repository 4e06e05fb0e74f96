/* SPDX-License-Identifier: MIT */
/*
 * A link of the relay between a tool and a server that do anything at any
 * time: it goes by the loop, link_flow.c and pump.c as in a run, over sockets
 * without a network. What one side hears is what the other side said, nothing
 * grows beyond its ceiling, nothing is left open, the log holds no key, and all
 * of it is the same however the bytes are split.
 *
 * The input: three bytes of how both sides are (see begin()), then what they
 * do, each ended by FE: a letter (see act()) and bytes that belong to it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tls_party.h"
#include "tools/redirect/link.h"
#include "tools/redirect/links.h"

enum {
	ROUNDS = 20000, /* more than any split needs */
	MUCH = 200 * 1024,
	NAME_SIZE = sizeof(struct sockaddr_in) - sizeof(sa_family_t), /* see link's near address */
	SLACK = 3 * PARTY_PIECE, /* a piece in the clear, sealed */
};

static struct relay relay;
static struct authority servers, strangers; /* of certificates of the server */
static struct peer *self;
static SSL_CTX *tool_context, *tool_context_pinned, *server_context, *server_context_asking;
static char folder[PATH_MAX / 2], log_path[PATH_MAX];
static struct source server_listener;
static union address server_address;
static int nowhere;

/* One run of the input. */
struct play {
	struct party tool, server;
	const uint8_t *how; /* its first three bytes */
	bool clean;         /* nobody broke off, lied or was broken */
	bool ordered; /* nobody had to wait for who does not read: one spoke after the other */
	bool mixed;   /* one side spoke TLS to one that did not */
	unsigned split;
	unsigned servers; /* that were connected to */
	struct buf log;
};

static const char *const names[] = { "openrouter.ai", "api.openai.com", "other.example", NULL };

static const char *name_of(const struct play *p)
{
	return names[p->how[0] & 3];
}

/* An abstract name that is as long as an IPv4 address, for what knows those alone. */
static int listen_at(union address *at, const char *who)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&at->room;
	char name[NAME_SIZE + 1];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memset(at, 0, sizeof(*at));
	un->sun_family = AF_UNIX;
	snprintf(name, sizeof(name), "%.5s%08d", who, (int)getpid());
	memcpy(un->sun_path + 1, name, NAME_SIZE - 1);
	demand(fd >= 0 && bind(fd, &at->any, sizeof(at->v4)) == 0 && listen(fd, 16) == 0);
	return fd;
}

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *n,
		     const unsigned char *offered, unsigned offered_size, void *arg)
{
	(void)ssl;
	(void)arg;
	if (offered_size < 3 || memcmp(offered, "\2h2", 3) != 0)
		return SSL_TLSEXT_ERR_NOACK;
	*out = offered + 1;
	*n = 2;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *server_side(int verify)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_verify(c, verify, NULL);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(c, choose_h2, NULL);
	return c;
}

static SSL_CTX *tool_side(bool trusts_relay)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	X509_STORE *roots = SSL_CTX_get_cert_store(c);

	if (trusts_relay)
		X509_STORE_add_cert(roots, relay.authority.certificate);
	X509_STORE_add_cert(roots, servers.certificate);
	X509_STORE_add_cert(roots, strangers.certificate);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	return c;
}

static void remove_folder(void)
{
	unlink(log_path);
	rmdir(folder);
}

static void make_relay(void)
{
	struct host_list hosts;
	struct slice wrong;

	relay.loop = loop_open();
	for (size_t i = 0; i < LIMIT_RELAY_LISTENERS; i++)
		relay.listeners[i].source.fd = -1;
	relay.proxy.source.fd = relay.base.source.fd = relay.near[1].source.fd = -1;
	relay.near[0] = (struct listener){
		{ listen_at(&relay.near_address[0], "near"), 0, link_accept }, &relay, false, 0
	};
	demand(loop_watch(relay.loop, &relay.near[0].source, EPOLLIN));
	hosts_init(&relay.hosts, NULL, &wrong);
	hosts_init(&hosts, "other.example", &wrong);
	trust_init(&relay.trust, folder);
	demand(authority_have(&relay.authority, &relay.hosts, &relay.trust.own) &&
	       authority_make(&servers, &hosts) && authority_make(&strangers, &hosts));
	self = peer_of(&relay, getpid());
	demand(self != NULL);
	SSL_CTX *trusts = trust_context(&relay.trust, self->program.runtime);
	demand(X509_STORE_add_cert(SSL_CTX_get_cert_store(trusts), servers.certificate) == 1);
}

static void make_world(void)
{
	if (folder[0])
		return;
	signal(SIGPIPE, SIG_IGN);
	make_folder(folder);
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	atexit(remove_folder);
	setenv("ORSHIM_LOG", log_path, 1);
	setenv("ORSHIM_TEXT", "off", 1);
	nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	make_relay();
	server_listener.fd = listen_at(&server_address, "serv");
	tool_context = tool_side(true);
	tool_context_pinned = tool_side(false);
	server_context = server_side(SSL_VERIFY_NONE);
	server_context_asking = server_side(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
}

/* The process is one that was never seen: one input is judged as another. */
static void forget(void)
{
	if (self->observer)
		observer_release(self->observer);
	free(self->observer);
	self->observer = NULL;
	self->told = false;
	self->names_told = self->numbers = self->connections = 0;
	relay.passed_count = 0;
	relay.relayed = 0;
	memset(&relay.said, 0, sizeof(relay.said));
	truncate(log_path, 0);
}

/* The first byte: whose name the tool wants, h2, TLS 1.2, and what is wrong with the server. */
static SSL *server_session(const struct play *p)
{
	unsigned wrong = p->how[0] >> 5 & 3;
	SSL *ssl = SSL_new(wrong == 2 ? server_context_asking : server_context);
	const char *name = wrong == 3 ? "api.anthropic.com" : name_of(p) ? name_of(p) : names[0];

	demand(authority_certify(wrong == 1 ? &strangers : &servers, name, ssl));
	SSL_set_accept_state(ssl);
	if (p->how[0] & 16)
		SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
	return ssl;
}

/* The second: the tool trusts its own list alone, speaks without TLS, strictly, to a network of its own, through a proxy. */
static SSL *tool_session(const struct play *p)
{
	static const unsigned char protocols[] = "\2h2\10http/1.1";
	SSL *ssl = SSL_new(p->how[1] & 1 ? tool_context_pinned : tool_context);

	if (name_of(p)) {
		SSL_set_tlsext_host_name(ssl, name_of(p));
		SSL_set1_host(ssl, name_of(p));
	} else {
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	}
	if (p->how[0] & 4)
		SSL_set_alpn_protos(ssl, protocols, sizeof(protocols) - 1);
	SSL_set_connect_state(ssl);
	return ssl;
}

/* The server is a proxy: both speak without TLS until a letter says so. */
static bool is_tunnel(const struct play *p)
{
	return p->how[1] & 16;
}

static bool accept_server(struct play *p)
{
	int fd = accept4(server_listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	party_release(&p->server);
	party_begin(&p->server, fd, p->how[1] & 2 ? NULL : server_session(p), is_tunnel(p));
	p->servers++;
	return true;
}

static void demand_ceilings(void)
{
	for (const struct link *l = relay.links; l; l = l->next) {
		demand(l->near.out.bytes.n - l->near.out.sent <= LIMIT_RELAY_QUEUE + SLACK);
		demand(l->far.out.bytes.n - l->far.out.sent <= LIMIT_RELAY_QUEUE + SLACK);
		demand(l->first.n <= LIMIT_RELAY_HELLO && l->early.n <= LIMIT_EARLY);
	}
}

/* How much goes at once: the third byte, then one, then much; 0: all. */
static size_t next_piece(const struct play *p, unsigned round)
{
	const size_t pieces[] = { p->split, 1, 700 };

	return p->split ? pieces[round % 3] : PLANTED_MAX;
}

/* Until nobody has news for anybody. */
static void settle(struct play *p)
{
	bool news = true;

	for (unsigned round = 0; news; round++) {
		demand(round < ROUNDS);
		news = accept_server(p);
		news |= party_send(&p->tool, next_piece(p, round));
		news |= party_send(&p->server, next_piece(p, round + 1));
		for (int turns = 0; loop_turn(relay.loop, 0) > 0; turns++) {
			demand(turns < ROUNDS);
			links_sweep(&relay);
			demand_ceilings();
			news = true;
		}
		links_sweep(&relay);
		news |= party_receive(&p->tool);
		news |= party_receive(&p->server);
	}
}

static void begin(struct play *p)
{
	struct call call = { .listener = nowhere, .pid = self->pid };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	p->clean = (p->how[1] & ~(2 | 16)) == 0 && !(p->how[0] >> 5 & 3);
	relay.strict = p->how[1] & 4;
	party_begin(&p->tool, fd, p->how[1] & 2 ? NULL : tool_session(p), is_tunnel(p));
	p->server.fd = -1;
	call.fd = fd;
	call.socket = dup(fd);
	call.flags = p->how[0] & 8 ? O_NONBLOCK : 0;
	link_open(&relay, self, &call, &server_address, sizeof(server_address.v4));
	for (int i = 0; i < 4 && relay.links && relay.links->state != LINK_HELLO; i++)
		loop_turn(relay.loop, 0);
	if (relay.links && p->how[1] & 8) { /* to nobody, if it is to be tried again */
		relay.links->to.v4 =
		    (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(1) };
		relay.links->to.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		relay.links->to_size = sizeof(relay.links->to.v4);
	}
	settle(p);
}

static void say_much(struct party *to, struct slice text)
{
	for (size_t n = 0; text.n && n < MUCH; n += text.n)
		party_say(to, text);
}

/* Bytes that its session knows nothing of. */
static void inject(struct play *p, struct party *who, struct slice bytes)
{
	if (!who->ssl) {
		party_say(who, bytes);
	} else if (who->fd >= 0 && !who->ended) {
		demand(buf_add_slice(&who->out, bytes) == 0);
		p->clean &= !bytes.n;
	}
}

/* Behind a CONNECT the server has to begin with TLS before the tool does, which then says no more without. */
static void mix(struct play *p, const struct party *who, int letter)
{
	bool begins = letter == 'h' && who->later;
	bool speaks = letter == 't' || letter == 'm' || letter == 'r';

	if (who == &p->tool &&
	    ((begins && !p->server.ssl) || (speaks && !who->ssl && p->server.ssl)))
		p->mixed = true;
	p->clean &= !p->mixed;
}

/* What WHO does: a letter, in the tool's case a capital one. */
static void act(struct play *p, struct party *who, int letter, struct slice bytes)
{
	mix(p, who, letter);
	switch (letter) {
	case 't': /* text */
		party_say(who, bytes);
		break;
	case 'm':
		say_much(who, bytes);
		p->ordered = false;
		break;
	case 'r': /* raw */
		inject(p, who, bytes);
		break;
	case 'h':
		party_start_tls(who);
		break;
	case 'q': /* close_notify */
		party_quit(who);
		break;
	case 'w': /* TCP's end */
		who->ends = true;
		break;
	case 'c':
		party_leave(who);
		p->clean = false;
		break;
	case 'k':
		if (who->ssl && party_may_say(who) && SSL_version(who->ssl) == TLS1_3_VERSION)
			SSL_key_update(who->ssl, bytes.n % 2);
		break;
	case 'd':
		who->deaf = !who->deaf || who->left;
		p->ordered = false;
		break;
	case 'a': /* it finds its own input wrong, and says so by an alert */
		if (who->ssl)
			BIO_write(SSL_get_rbio(who->ssl), bytes.p, (int)bytes.n);
		p->clean = false;
		break;
	case 'f':
		who->flips = who->ssl != NULL;
		p->clean &= !who->ssl;
		break;
	}
}

/* Each deadline is over. */
static void expire(struct play *p)
{
	for (struct link *l = relay.links; l; l = l->next) {
		p->clean &= !l->deadline;
		l->deadline = l->deadline ? 1 : 0;
	}
	links_tick(&relay);
	links_sweep(&relay);
}

static void act_all(struct play *p, struct slice script)
{
	struct slice one;

	while (slice_cut(&script, '\xfe', &one)) {
		int letter = one.n ? one.p[0] : 0;
		if (letter == 'x')
			expire(p);
		else if (letter >= 'A' && letter <= 'Z')
			act(p, &p->tool, letter + 32, slice_from(one, 1));
		else if (letter)
			act(p, &p->server, letter, slice_from(one, 1));
		settle(p);
	}
}

static bool is_prefix(const struct buf *a, const struct buf *b)
{
	return a->n <= b->n && (!a->n || memcmp(a->p, b->p, a->n) == 0);
}

/* Both end as they should, unless somebody did not: then all that was said was heard. */
static void end(struct play *p)
{
	p->tool.deaf = p->tool.left;
	p->server.deaf = p->server.left;
	settle(p);
	act(p, &p->tool, 'q', (struct slice){ NULL, 0 });
	act(p, &p->tool, 'w', (struct slice){ NULL, 0 });
	settle(p);
	act(p, &p->server, 'q', (struct slice){ NULL, 0 });
	act(p, &p->server, 'w', (struct slice){ NULL, 0 });
	settle(p);
	if (!p->mixed &&
	    (p->servers < 2 || !is_tunnel(p))) { /* a second proxy's answer is left out */
		demand(is_prefix(&p->tool.heard, &p->server.said));
		demand(is_prefix(&p->server.heard, &p->tool.said));
	}
	if (p->clean && p->servers == 1) {
		demand(p->tool.heard.n == p->server.said.n && p->server.heard.n == p->tool.said.n);
		demand(relay.links == NULL);
	}
	party_close(&p->tool);
	party_close(&p->server);
	settle(p);
	demand(relay.links == NULL && relay.link_count == 0 && self->links == 0);
}

/* Times differ from run to run. */
static void leave_out_numbers(struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->n; i++)
		if (text->p[i] < '0' || text->p[i] > '9')
			text->p[n++] = text->p[i];
	text->n = n;
}

static void read_log(struct buf *out)
{
	char piece[16384];
	ssize_t n;
	int fd = open(log_path, O_RDONLY | O_CLOEXEC);

	buf_init(out, PLANTED_MAX);
	while (fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0)
		demand(buf_add(out, piece, (size_t)n) == 0);
	if (fd >= 0)
		close(fd);
	demand_json_lines(buf_slice(out));
	demand_no_key("log", buf_slice(out));
	leave_out_numbers(out);
}

static void play(struct play *p, const uint8_t *how, struct slice script, unsigned split)
{
	*p = (struct play){ .how = how, .split = split, .ordered = true };
	forget();
	begin(p);
	act_all(p, script);
	end(p);
	read_log(&p->log);
}

static void play_release(struct play *p)
{
	party_release(&p->tool);
	party_release(&p->server);
	buf_release(&p->log);
}

static bool is_same(const struct buf *a, const struct buf *b)
{
	return slice_equal(buf_slice(a), buf_slice(b));
}

static void demand_same_log(const struct buf *a, const struct buf *b)
{
	if (is_same(a, b))
		return;
	fprintf(stderr, "--- whole\n%.*s\n--- split\n%.*s\n", SLICE_ARG(buf_slice(a)),
		SLICE_ARG(buf_slice(b)));
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct play whole, split;
	struct buf text;

	if (n < 3)
		return 0;
	make_world();
	if (!planted(&text, bytes + 3, n - 3))
		return 0;
	forget();
	int before = dup(nowhere);
	play(&whole, bytes, buf_slice(&text), 0);
	play(&split, bytes, buf_slice(&text), 1 + (bytes[2] & 0x7f));
	if (whole.clean && split.clean) {
		demand(is_same(&whole.tool.heard, &split.tool.heard));
		demand(is_same(&whole.server.heard, &split.server.heard));
		if (whole.ordered && split.ordered)
			demand_same_log(&whole.log, &split.log);
	}
	play_release(&whole);
	play_release(&split);
	forget();
	close(before);
	int after = dup(nowhere);
	close(after);
	demand(after == before); /* nothing is left open */
	buf_release(&text);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "tools/relay_config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* S as a string of at most SIZE - 1 bytes, if it consists of ALLOWED characters only. */
static bool copy(char *to, size_t size, struct slice s, const char *allowed)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr(allowed, s.p[i]))
			return false;
	return snprintf(to, size, "%.*s", SLICE_ARG(s)) < (int)size;
}

static bool parse_port(uint16_t *port, struct slice digits)
{
	unsigned value = 0;

	if (digits.n == 0 || digits.n > 5)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		value = value * 10 + (unsigned)(digits.p[i] - '0');
	}
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

const char *relay_parse(struct relay_upstream *up, const char *url)
{
	struct slice rest = slice_of(url);
	struct slice host, path;
	size_t n;

	*up = (struct relay_upstream){ .port = RELAY_PORT_DEFAULT };
	if (!slice_starts(rest, SLICE("https://")))
		return "it must start with https://";
	rest = slice_from(rest, 8);
	n = strcspn(rest.p, "/");
	host = (struct slice){ rest.p, n };
	path = slice_from(rest, n);
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	n = strcspn(host.p, ":/");
	if (n < host.n && !parse_port(&up->port, slice_from(host, n + 1)))
		return "its port must be a number from 1 to 65535";
	if (n < host.n)
		host.n = n;
	if (host.n == 0 || !copy(up->host, sizeof(up->host), host, LETTERS DIGITS ".-"))
		return "its host must be a name or an IPv4 address";
	if (!copy(up->path, sizeof(up->path), path.n ? path : SLICE("/api/v1"),
		  LETTERS DIGITS "/._~-"))
		return "its path may hold letters, digits and / . _ ~ - only";
	return NULL;
}

/*
 * Unbuffered in both directions, or an event stream would arrive in one piece.
 * proxy_pass without a path forwards the target unchanged. Nothing in the
 * answer may make nginx do anything but forward it. If a connection fails,
 * another address is tried, but a POST that was sent is never sent twice.
 */
static const char format[] =
    "daemon off;\n"
    "master_process off;\n"
    "pid nginx.pid;\n"
    "lock_file lock;\n"
    "error_log stderr emerg;\n" /* keeps nginx from turning its stderr into the next file */
    "error_log " RELAY_ERRORS_FILE " error;\n"
    "events {\n"
    "\tworker_connections 512;\n"
    "}\n"
    "http {\n"
    "\taccess_log off;\n"
    "\tserver_tokens off;\n"
    "\tclient_body_temp_path client_body;\n"
    "\tproxy_temp_path proxy;\n"
    "\tfastcgi_temp_path fastcgi;\n"
    "\tuwsgi_temp_path uwsgi;\n"
    "\tscgi_temp_path scgi;\n"
    "\tunderscores_in_headers on;\n"
    "\tignore_invalid_headers off;\n"
    "\tclient_header_buffer_size 64k;\n"
    "\tlarge_client_header_buffers 4 256k;\n"
    "\tclient_max_body_size 0;\n"
    "\tkeepalive_timeout 1h;\n"
    "\tkeepalive_requests 1000000;\n"
    "\tupstream api {\n"
    "\t\tserver %s:%u max_fails=0;\n"
    "\t\tkeepalive 8;\n"
    "\t}\n"
    "\tserver {\n"
    "\t\tlisten 127.0.0.1:%u;\n"
    "\t\tlocation = " RELAY_READY_PATH " {\n"
    "\t\t\treturn 204;\n"
    "\t\t}\n"
    "\t\tlocation / {\n"
    "\t\t\tproxy_pass https://api;\n"
    "\t\t\tproxy_http_version 1.1;\n"
    "\t\t\tproxy_set_header Host %s;\n"
    "\t\t\tproxy_set_header Connection \"\";\n"
    "\t\t\tproxy_pass_header Date;\n"
    "\t\t\tproxy_pass_header Server;\n"
    "\t\t\tproxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate\n"
    "\t\t\t\tX-Accel-Buffering X-Accel-Charset Expires Cache-Control Set-Cookie Vary;\n"
    "\t\t\tproxy_redirect off;\n"
    "\t\t\tproxy_buffering off;\n"
    "\t\t\tproxy_buffer_size 256k;\n"
    "\t\t\tproxy_buffers 4 256k;\n"
    "\t\t\tproxy_busy_buffers_size 512k;\n"
    "\t\t\tproxy_request_buffering off;\n"
    "\t\t\tproxy_max_temp_file_size 0;\n"
    "\t\t\tproxy_next_upstream error timeout;\n"
    "\t\t\tproxy_connect_timeout 30s;\n"
    "\t\t\tproxy_read_timeout 1h;\n"
    "\t\t\tproxy_send_timeout 1h;\n"
    "\t\t\tproxy_ssl_protocols TLSv1.2 TLSv1.3;\n"
    "\t\t\tproxy_ssl_server_name on;\n"
    "\t\t\tproxy_ssl_name %s;\n"
    "\t\t\tproxy_ssl_verify on;\n"
    "\t\t\tproxy_ssl_verify_depth 8;\n"
    "\t\t\tproxy_ssl_trusted_certificate " RELAY_CA_FILE ";\n"
    "\t\t}\n"
    "\t}\n"
    "}\n";

int relay_configure(struct buf *out, const struct relay_upstream *up, uint16_t port)
{
	char authority[RELAY_HOST_SIZE + 8];

	if (up->port == RELAY_PORT_DEFAULT)
		snprintf(authority, sizeof(authority), "%s", up->host);
	else
		snprintf(authority, sizeof(authority), "%s:%u", up->host, up->port);
	return buf_addf(out, format, up->host, up->port, port, authority, up->host);
}

/* "2026/11/24 02:03:04 [error] 12#0: *1 what happened, client: …" */
struct slice relay_complaint(struct slice line)
{
	static const struct slice levels[] = { SLICE("[error] "), SLICE("[crit] "),
					       SLICE("[alert] "), SLICE("[emerg] ") };
	static const struct slice nothing = { NULL, 0 };
	const char *p = NULL;

	for (size_t i = 0; !p && i < sizeof(levels) / sizeof(levels[0]); i++)
		p = memmem(line.p, line.n, levels[i].p, levels[i].n);
	if (!p)
		return nothing;
	line = slice_from(line, (size_t)(p - line.p));
	p = memmem(line.p, line.n, ": ", 2); /* behind the process and its thread */
	if (!p)
		return nothing;
	line = slice_from(line, (size_t)(p + 2 - line.p));
	p = line.n && line.p[0] == '*' ? memchr(line.p, ' ', line.n) : NULL;
	if (p)
		line = slice_from(line, (size_t)(p + 1 - line.p));
	p = memmem(line.p, line.n, ", client: ", 10);
	if (p)
		line.n = (size_t)(p - line.p);
	return line;
}

/* SPDX-License-Identifier: MIT */
#include "tools/redirect/gateway.h"

#include <string.h>
#include <strings.h>

#include "tools/redirect/user_proxy.h"

static bool is_this_machine(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "[::1]") == 0 || strcmp(host, "0.0.0.0") == 0;
}

/* A proxy's variable has such a URL, too: that is read elsewhere. */
static bool is_proxy(const char *entry)
{
	return strcasestr(entry, "_proxy=") != NULL;
}

void gateways_read(struct gateways *g, char *const environment[])
{
	struct user_proxy url;

	memset(g, 0, sizeof(*g));
	for (size_t i = 0; environment[i] && g->count < GATEWAYS_MAX; i++) {
		const char *value = strchr(environment[i], '=');
		if (value && strncasecmp(value + 1, "http://", 7) == 0 &&
		    !is_proxy(environment[i]) && user_proxy_read(&url, value + 1) &&
		    is_this_machine(url.host))
			g->ports[g->count++] = url.port;
	}
}

bool gateway_is_at(const struct gateways *g, uint16_t port)
{
	/* LM Studio, LiteLLM, vLLM, llama.cpp, Ollama. */
	static const uint16_t usual[] = { 1234, 4000, 8000, 8080, 11434 };

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i] == port)
			return true;
	for (size_t i = 0; i < g->count; i++)
		if (g->ports[i] == port)
			return true;
	return false;
}

/* SPDX-License-Identifier: MIT */
/* Each form of key at each host of the table: whose keys are named there, and where nobody is accused. */
#include "exchanges.h"

#define TAIL \
	"Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5mQ7wE9rT1yU3iO5pA7sD9fG1hJ3kL5zX7cV9bN1mQ3wE5rT7yU9"
#define HEX16 "0e6f44a9d1b2c3e4"
#define HEX32 HEX16 "f5061728394a5b6c"
#define UUID "0e6f44a9-d1b2-c3e4-f506-1728394a5b6c"

/* A made-up key, its owner, and who else takes keys of this form. */
struct shape {
	const char *token;
	const char *owner; /* NULL: others' keys look the same, nobody may be named */
	const char *also;  /* ids, separated by spaces */
};

static const struct shape shapes[] = {
	{ "sk-or-v1-" HEX32 "7d8e9fa0b1c2d3e4f506172839411c96", "openrouter", "" },
	{ "sk-proj-" TAIL, "openai", "" },
	{ "sk-svcacct-" TAIL, "openai", "" },
	{ "sk-admin-" TAIL, "openai", "" },
	{ "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", "openai", "" },
	{ "sk-ant-api03-" TAIL, "anthropic", "" },
	{ "sk-ant-oat01-" TAIL, "anthropic", "" },
	{ "sk-ant-admin01-" TAIL, "anthropic", "" },
	{ "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", "groq", "" },
	{ "xai-" TAIL, "xai", "" },
	{ "AIzaSyQw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3b", "google", "vertex" },
	{ "AQ.Ab8Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3b", "google", "vertex" },
	{ "ya29.a0Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3b", "google", "vertex" },
	{ "nvapi-" TAIL, "nvidia", "" },
	{ "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", "huggingface", "" },
	{ "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", "perplexity", "" },
	{ "tgp_v1_Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5mQ7", "together", "" },
	{ "fw_Qw3rT5yU7iO9pA1sD3fG5h", "fireworks", "" },
	{ "r8_Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5m", "replicate", "" },
	{ "csk-Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5mQ7wE9rT1yU3", "cerebras", "" },
	{ "ghp_Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5", "github", "" },
	{ "gho_Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5", "github", "" },
	{ "ghu_Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5", "github", "" },
	{ "github_pat_" TAIL, "github", "" },
	{ "vck_" TAIL, "vercel", "" },
	{ "ABSKQmVkcm9ja0FQSUtleS1" TAIL "+/==", "bedrock", "" },
	{ "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t" TAIL, "bedrock", "" },
	{ "sk-kimi-" TAIL, "moonshot", "" },
	{ "sk-sp-" HEX32, "dashscope", "" },
	{ "sk-cp-" TAIL, "minimax", "" },
	{ "sk-api-" TAIL, "minimax", "" },
	{ "rqsty-sk-" TAIL "/+aB==", "requesty", "" },
	{ "dapi" HEX32, "databricks", "" },
	{ "dapi" HEX32 "-2", "databricks", "" },
	{ "sk_Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5mQ7wE9r", "novita", "inception" },
	{ HEX32 ".Qw3rT5yU7iO9pA1s", "zai", "" },
	{ HEX32 ".Qw3rT5yU7iO9pA1sD3fG5hJ7", "ollama", "" },
	{ "ark-" UUID "-c8530", "volcengine", "" },
	{ "cpk_" HEX32 "." HEX32, "chutes", "" },
	{ "jina_" TAIL, "jina", "" },
	{ "pa-Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5mQ7wE9r", "voyage", "" },
	{ "sk-helicone-Qw3rT5y-U7iO9pA-1sD3fG5", "helicone", "" },
	/* Nobody's, by their look. */
	{ "sk-" HEX32, NULL, NULL }, /* DeepSeek, DashScope */
	{ "sk-Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3bN5mQ7wE9rT1yU3", NULL,
	  NULL },                                           /* Moonshot, SiliconFlow */
	{ "sk-Qw3rT5yU7iO9pA1sD3fG", NULL, NULL },          /* LiteLLM */
	{ HEX32, NULL, NULL },                              /* Azure */
	{ "Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV", NULL, NULL }, /* Mistral, DeepInfra */
	{ TAIL, NULL, NULL },                               /* Azure */
	{ UUID, NULL, NULL },                               /* SambaNova, Ark */
	{ "sk_live_Qw3rT5yU7iO9pA1sD3fG5hJ7", NULL, NULL }, /* Stripe */
	{ "sk_" HEX32 HEX16, NULL, NULL },                  /* ElevenLabs */
	{ "api_Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV", NULL, NULL },
	{ "data-plane-token-Qw3rT5yU7iO9pA1s", NULL, NULL },
	{ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWJ5dGVz", NULL, NULL },
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

/* A path that each vendor serves. */
static const char *path_of(const struct vendor *v)
{
	if (strcmp(v->id, "databricks") == 0)
		return "/serving-endpoints/m/invocations";
	if (strcmp(v->id, "cloudflare") == 0)
		return "/client/v4/accounts/0/ai/v1/chat/completions";
	if (strcmp(v->id, "opencode") == 0)
		return "/zen/v1/chat/completions";
	return strcmp(v->id, "openrouter") == 0 ? "/api/v1/chat/completions"
						: "/v1/chat/completions";
}

/* Is TOKEN as Bearer named? Authorization is read everywhere. HOST belongs to V, NULL: to nobody that we know. */
static bool is_named(const char *host, const struct vendor *v, const char *token, int status)
{
	struct dialogue said = { .host = host,
				 .path = v ? path_of(v) : "/v1/chat/completions",
				 .token = token,
				 .status = status,
				 .body = status == 200
					     ? "{\"id\":\"1\",\"choices\":[]}"
					     : "{\"error\":{\"message\":\"Unauthorized\"}}" };
	struct exchange *x = exchange_of(&said);
	struct history *history = calloc(1, sizeof(*history));
	struct diagnosis *d = calloc(1, sizeof(*d));
	struct judge judge;

	assert_non_null(history);
	assert_non_null(d);
	judge_init(&judge, (struct slice){ NULL, 0 });
	history_init(history);
	assert_true(judge_wants(&judge, x));
	diagnose(&judge, history, x, d);
	if (d->input.vendor != v)
		print_error("%s is not judged by the rules of %s\n", host, v ? v->id : "nobody");
	assert_ptr_equal(d->input.vendor, v);
	bool named = diagnosis_has(d, RULE_key_wrong_vendor);
	diagnosis_release(d);
	exchange_free(x);
	free(d);
	free(history);
	return named;
}

/* A host that fits PATTERN. */
static void host_for(struct slice pattern, char *host, size_t size)
{
	long star = slice_byte(pattern, '*', 0);

	if (star < 0)
		snprintf(host, size, "%.*s", SLICE_ARG(pattern));
	else
		snprintf(host, size, "%.*sus-east1%.*s", (int)star, pattern.p,
			 SLICE_ARG(slice_from(pattern, (size_t)star + 1)));
}

static unsigned count_wrong(const char *host, const struct vendor *v)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < SHAPES; i++) {
		const struct shape *s = &shapes[i];
		bool foreign = v && !v->gateway && s->owner && strcmp(s->owner, v->id) != 0 &&
			       !list_has(s->also, slice_of(v->id));
		if (is_named(host, v, s->token, 401) == foreign)
			continue;
		wrong++;
		print_error("%s at %s: %s\n", s->token, host,
			    foreign ? "not named" : "accused falsely");
	}
	return wrong;
}

static void a_key_is_named_at_every_foreign_host_and_at_no_other(void **state)
{
	unsigned wrong = 0, hosts = 0;

	(void)state;
	for (size_t i = 0; i < vendor_count; i++) {
		struct slice rest = slice_of(vendors[i].hosts);
		struct slice pattern;
		while (list_next(&rest, &pattern)) {
			char host[96];
			host_for(pattern, host, sizeof(host));
			wrong += count_wrong(host, &vendors[i]);
			hosts++;
		}
	}
	assert_true(hosts > 80);
	assert_int_equal(wrong, 0);
}

/* Gateways and servers of one's own take any key, and what nobody knows is left alone. */
static void nobody_is_accused_at_hosts_that_may_pass_keys_on(void **state)
{
	static const char *const hosts[] = { "llm.example.com", "127.0.0.1:4000",
					     "litellm.internal", "gateway.corp.example" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		wrong += count_wrong(hosts[i], NULL);
	assert_int_equal(wrong, 0);
	for (size_t i = 0; i < vendor_count; i++)
		if (strcmp(vendors[i].id, "helicone") == 0 ||
		    strcmp(vendors[i].id, "portkey") == 0 || strcmp(vendors[i].id, "apim") == 0 ||
		    strcmp(vendors[i].id, "cloudflare_gateway") == 0)
			assert_true(vendors[i].gateway);
}

/* Where the server took the key, what the prefix says is refuted. */
static void a_key_that_was_accepted_is_not_accused(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++)
		assert_false(is_named("api.mistral.ai", vendor_named(SLICE("mistral")),
				      shapes[i].token, 200));
}

static void the_owner_is_told_by_the_form_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		const struct vendor *owner = vendor_of_key(slice_of(shapes[i].token));
		const char *id = owner ? owner->id : "nobody";
		if (strcmp(id, shapes[i].owner ? shapes[i].owner : "nobody") != 0)
			print_error("%s: %s\n", shapes[i].token, id);
		assert_string_equal(id, shapes[i].owner ? shapes[i].owner : "nobody");
		if (owner)
			assert_true(vendor_key_fits(owner, slice_of(shapes[i].token)));
	}
}

/* A key that is told by its form is masked by it, wherever it is in a text. */
static void every_key_of_the_matrix_is_masked_in_a_text(void **state)
{
	static const char *const texts[] = { "Incorrect API key provided: %s.",
					     "\"%s\"",
					     "a %s b",
					     "https://x.example/?key=%s&y=1",
					     "{\"token\":\"%s\"}",
					     "(%s), and more" };
	enum { PIECE = 8 };
	unsigned shown = 0;

	(void)state;
	for (size_t i = 0; i < SHAPES && shapes[i].owner; i++)
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			const char *token = shapes[i].token;
			size_t prefix =
			    vendor_key_prefix(vendor_of_key(slice_of(token)), slice_of(token)).n;
			char text[300];
			struct buf out;
			snprintf(text, sizeof(text), texts[j], token);
			buf_init(&out, 1000);
			mask_text(&out, slice_of(text), 1000);
			assert_int_equal(buf_add(&out, "", 1), 0);
			for (size_t at = prefix; at + PIECE < strlen(token); at++) {
				char piece[PIECE + 1];
				snprintf(piece, sizeof(piece), "%.*s", PIECE, token + at);
				if (!strstr(out.p, piece))
					continue;
				print_error("%s is shown as %s\n", text, out.p);
				shown++;
				break;
			}
			buf_release(&out);
		}
	assert_int_equal(shown, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_is_told_by_the_form_alone),
		cmocka_unit_test(a_key_is_named_at_every_foreign_host_and_at_no_other),
		cmocka_unit_test(nobody_is_accused_at_hosts_that_may_pass_keys_on),
		cmocka_unit_test(every_key_of_the_matrix_is_masked_in_a_text),
		cmocka_unit_test(a_key_that_was_accepted_is_not_accused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

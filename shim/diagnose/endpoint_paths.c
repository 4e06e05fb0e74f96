/* SPDX-License-Identifier: MIT */
#include "diagnose/endpoint_paths.h"

/* How paths end; with the page that documents each where it is not OpenAI's or OpenRouter's. */
static const char ends[][32] = {
	"/chat/completions",
	"/completions",
	"/responses",
	"/messages",
	"/embeddings",
	"/models",
	"/key",
	"/credits",
	"/rerank",
	"/generation",
	"/audio/speech",
	"/audio/transcriptions",
	"/audio/translations",
	"/images/generations",
	"/images/edits",
	"/images/variations",
	"/moderations",
	"/messages/count_tokens", /* Anthropic */
	"/messages/batches",
	":generateContent", /* Google */
	":streamGenerateContent",
	":countTokens",
	":embedContent",
	":batchEmbedContents",
	":predict", /* Vertex */
	":rawPredict",
	":streamRawPredict",
	"/chatcompletion_v2", /* MiniMax: platform.minimax.io/docs */
	"/chatcompletion_pro",
	"/converse", /* Bedrock: docs.aws.amazon.com, Converse and InvokeModel */
	"/converse-stream",
	"/invoke",
	"/invoke-with-response-stream",
	"/invocations", /* Databricks: docs.databricks.com, "Query serving endpoints" */
	"/api/chat",    /* Ollama: docs.ollama.com/api */
	"/api/generate",
	"/api/embed",
	"/auth/keys",         /* openrouter.ai/docs, OAuth PKCE: a code for a key */
	"/ai/language-model", /* Vercel AI Gateway: vercel/ai, packages/gateway */
	"/ai/embedding-model",
	"/ai/image-model",
};

/* Parts inside a path: what follows is a model or an operation. */
static const char parts[][24] = {
	"/services/aigc/",         /* DashScope: help.aliyun.com/zh/model-studio */
	"/services/embeddings/",   /* the same */
	"/services/rerank/",       /* the same */
	"/v1/chat/completions/",   /* stored completions */
	"/async/chat/completions", /* Perplexity: docs.perplexity.ai, Async */
	"/ml/v1/text/",            /* IBM watsonx: cloud.ibm.com/apidocs/watsonx-ai */
	"/foundationModels/v1/",   /* Yandex Cloud: yandex.cloud/docs/foundation-models */
	"/cortex/inference:",      /* Snowflake: docs.snowflake.com, Cortex REST API */
};

/* Ends that are words of other APIs, too: here they need a prefix. */
static const struct {
	char end[32];
	char before[24];
} bound_ends[] = {
	{ "/converse", "/model/" },
	{ "/converse-stream", "/model/" },
	{ "/invoke", "/model/" },
	{ "/invoke-with-response-stream", "/model/" },
	{ "/invocations", "/serving-endpoints/" },
	{ ":predict", "/publishers/" },
	{ "/auth/keys", "/api/v1/" },
};

static bool is_bound(struct slice path, struct slice end)
{
	for (size_t i = 0; i < sizeof(bound_ends) / sizeof(bound_ends[0]); i++)
		if (slice_equal(end, slice_of(bound_ends[i].end)))
			return slice_has(path, slice_of(bound_ends[i].before));
	return true;
}

bool path_is_endpoint(struct slice path)
{
	if (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_ends(path, slice_of(ends[i])))
			return is_bound(path, slice_of(ends[i]));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (slice_has(path, slice_of(parts[i])))
			return true;
	return false;
}

bool path_is_code_exchange(struct slice path)
{
	return slice_equal(path, SLICE("/api/v1/auth/keys"));
}

bool path_is_everyday(struct slice path)
{
	return slice_ends(path, SLICE("/api/chat")) || slice_ends(path, SLICE("/api/generate")) ||
	       slice_ends(path, SLICE("/api/embed"));
}

bool path_is_local_call(struct slice path, uint16_t port)
{
	enum { PORT_LM_STUDIO = 1234, PORT_OLLAMA = 11434 }; /* lmstudio.ai/docs/developer/rest */

	return (port == PORT_OLLAMA && path_is_everyday(path)) ||
	       (port == PORT_LM_STUDIO && slice_equal(path, SLICE("/api/v1/chat")));
}

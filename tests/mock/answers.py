# SPDX-License-Identifier: MIT
"""What OpenRouter answers to a request, judged by the bytes that really came.

decide() maps one Request to one Answer and knows nothing of sockets. The texts
are those that the API documents or that users quoted in public issues.
"""

import gzip
import hashlib
import json
import re


def made_up_key(name):
    """A key of the right shape that no account ever had."""
    return "sk-or-v1-" + hashlib.sha256(b"orshim stand-in: " + name.encode()).hexdigest()


KINDS = ("good", "second", "unknown", "byok", "broke", "limited", "rate", "moderated", "management")
KEYS = {name: made_up_key(name) for name in KINDS}
KIND_OF = {key: name for name, key in KEYS.items() if name != "unknown"}
# Of other vendors, in the shapes that secret scanners know (trufflesecurity/trufflehog).
KEYS["openai"] = "sk-proj-" + made_up_key("openai")[-48:] + "T3BlbkFJ" + made_up_key("o")[-48:]
KEYS["anthropic"] = "sk-ant-api03-" + (made_up_key("anthropic") + made_up_key("a"))[-93:] + "AA"

WORDINGS = {
    "2023": "Missing Authentication header",
    "2024": "Missing Authentication header or invalid API key",
    "2025": "No auth credentials found",
    "2025-11": "No cookie auth credentials found",
    "2026": "Missing Authentication header",
}

MODELS = ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4", "google/gemini-2.5-flash",
          "openai/text-embedding-3-small")

# Models that exist only to make one kind of trouble.
TROUBLE = {
    "trouble/no-tools": (404, "No endpoints found that support tool use. To learn more about "
                         "provider routing, visit: https://openrouter.ai/docs/provider-routing", {}),
    "trouble/privacy": (404, "No endpoints found matching your data policy (Paid model training). "
                        "Configure: https://openrouter.ai/settings/privacy", {}),
    "trouble/providers": (404, "No allowed providers are available for the selected model.",
                          {"available_providers": ["openai", "azure"],
                           "requested_providers": ["anthropic"]}),
    "trouble/moderated": (403, "Your input was flagged",
                          {"reasons": ["violence"], "flagged_input": "a short excerpt",
                           "provider_name": "OpenAI", "model_slug": "trouble/moderated"}),
    "trouble/too-long": (400, "This endpoint's maximum context length is 8192 tokens. However, you "
                         "requested about 90000 tokens.", {"error_type": "context_length_exceeded"}),
    "trouble/upstream": (400, "Provider returned error", {
        "raw": json.dumps({"error": {"message": "Invalid schema for function 'f'",
                                     "type": "invalid_request_error"}}),
        "provider_name": "OpenAI", "is_byok": False}),
    "trouble/502": (502, "Provider returned error", {
        "raw": "upstream connect error or disconnect/reset before headers",
        "provider_name": "DeepSeek"}),
    "trouble/503": (503, "No instances available", {"error_type": "provider_overloaded"}),
    "trouble/rate": (429, "Provider returned error", {
        "raw": "trouble/rate is temporarily rate-limited upstream. Please retry shortly.",
        "provider_name": "Chutes"}),
}

# Where a request for this model goes in turn: its owner's key at Anthropic is dead, and
# other providers serve it with OpenRouter's.
FALLBACKS = "trouble/byok-fallbacks"
TURNS = ("Anthropic", "Google", "Amazon Bedrock", "Google", "Anthropic", "Anthropic",
         "Amazon Bedrock", "Google", "Amazon Bedrock", "Anthropic", "Google")

# Something in between that loses Authorization from HTTP/2.
STRIPPED = "trouble/stripped-from-http2"

JSON_TYPE = "application/json"
POST_ONLY = ("/chat/completions", "/completions", "/responses", "/messages", "/embeddings")
KNOWN = POST_ONLY + ("/models", "/key", "/auth/key", "/credits", "/keys", "/files")


class Request:
    """One request as it came: header names as sent, values as bytes."""

    def __init__(self, method, target, headers, body, version="1.1"):
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.version = version

    def values(self, name):
        name = name.lower().encode()
        return [v for n, v in self.headers if n.lower() == name]

    def value(self, name):
        found = self.values(name)
        return found[0].decode("latin-1") if found else ""

    @property
    def path(self):
        return self.target.split("?", 1)[0]


class Answer:
    """pieces: the body in the pieces in which it is to be sent."""

    def __init__(self, status, pieces, kind=JSON_TYPE, headers=(), chunked=False):
        self.status = status
        self.pieces = pieces
        self.headers = ([("content-type", kind)] if kind else []) + list(headers)
        self.chunked = chunked


def error(status, message, metadata=None, headers=(), **outer):
    inner = {"message": message, "code": status}
    if metadata:
        inner["metadata"] = metadata
    return Answer(status, [json.dumps(dict({"error": inner}, **outer)).encode()], headers=headers)


def web_page(status):
    page = (b"<!DOCTYPE html><html><head><meta charSet=\"utf-8\"/><title>OpenRouter</title></head>"
            b"<body><div id=\"__next\">Not the API</div></body></html>")
    return Answer(status, [page], "text/html; charset=utf-8", [("x-matched-path", "/404")])


def byok_refused():
    raw = {"type": "error",
           "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
    return error(401, "Provider returned error",
                 {"raw": json.dumps(raw), "provider_name": "Anthropic", "is_byok": True},
                 user_id="user_2standin")


class OpenRouter:
    """The account side: which keys live, and what the next answer is."""

    prefix = "/api/v1"

    def __init__(self, wording="2025", alternate=False, compress=False):
        self.missing = WORDINGS[wording]
        self.alternate = alternate
        self.compress = compress
        self.turn = 0
        self.faltered = False

    def decide(self, request):
        answer = self.answer(request)
        if self.compress and answer.pieces and not answer.chunked and \
                "gzip" in request.value("accept-encoding"):
            answer.pieces = [gzip.compress(b"".join(answer.pieces), mtime=0)]
            answer.headers.append(("content-encoding", "gzip"))
        return answer

    def answer(self, request):
        endpoint = self.endpoint(request.path)
        if endpoint.startswith("/moved/"):
            return Answer(307, [], "text/plain", [("location", self.prefix + endpoint[6:])])
        if endpoint not in KNOWN:
            return web_page(404 if endpoint.strip("/") else 200)
        if request.method == "OPTIONS":
            return Answer(204, [], None, [("access-control-allow-methods", "GET,POST,DELETE"),
                                          ("access-control-allow-headers", "*")])
        if endpoint == "/models":
            return self.models()
        if endpoint in POST_ONLY and request.method != "POST":
            return web_page(405)
        refused, kind = self.authenticate(request, endpoint)
        if refused:
            return refused
        if self.alternate:
            self.turn += 1
            return error(401, "User not found.") if self.turn % 2 else byok_refused()
        return self.account(kind, endpoint) or self.serve(request, endpoint, kind)

    def fall_back(self, endpoint, body):
        """The next provider's turn for FALLBACKS."""
        provider = TURNS[self.turn % len(TURNS)]
        self.turn += 1
        if provider == "Anthropic":
            return byok_refused()
        answer = GENERATORS[endpoint](body)
        named = b'"provider": "%s"'
        answer.pieces = [p.replace(named % COMPLETION["provider"].encode(),
                                   named % provider.encode()) for p in answer.pieces]
        return answer

    def endpoint(self, path):
        """What follows the base; "?" outside of it, where nothing is."""
        if path == self.prefix:
            return ""
        if not path.startswith(self.prefix + "/"):
            return "?"
        rest = path[len(self.prefix):]
        if rest.startswith("/cursor/"):
            rest = rest[len("/cursor"):]
        return "/files" if rest.startswith("/files/") else rest

    def authenticate(self, request, endpoint):
        """(an answer that refuses, None) or (None, kind of key)."""
        none = error(401, self.missing)
        given = request.values("authorization")
        if endpoint == "/messages" and request.value("x-api-key"):
            token = request.value("x-api-key")
        elif len(given) == 1:
            scheme, _, token = given[0].decode("latin-1").partition(" ")
            if scheme.lower() != "bearer":
                return none, None
        else:
            return none, None
        if not re.fullmatch("sk-or-v1-[0-9a-f]{64}", token):
            return none, None
        if token not in KIND_OF:
            return error(401, "User not found."), None
        return None, KIND_OF[token]

    @staticmethod
    def account(kind, endpoint):
        if kind == "management":
            return None if endpoint in ("/keys", "/key", "/credits") else \
                error(401, "User not found.")
        if endpoint in ("/key", "/auth/key", "/credits"):
            return None
        if endpoint == "/keys":
            return error(403, "Only management keys can perform this operation")
        if kind == "byok":
            return byok_refused()
        if kind == "broke":
            return error(402, "Insufficient credits. Add more using https://openrouter.ai/credits")
        if kind == "limited":
            return error(403, "Key limit exceeded. Manage it using https://openrouter.ai/keys")
        if kind == "rate":
            return error(429, "Rate limit exceeded: free-models-per-min. ",
                         {"headers": {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0"}},
                         [("retry-after", "7")], user_id="user_2standin")
        if kind == "moderated":
            return error(403, "openai/gpt-4o-mini requires moderation on OpenAI. Your input was flagged "
                         "for \"violence\". No credits were charged.",
                         {"reasons": ["violence"], "flagged_input": "a short excerpt",
                          "provider_name": "OpenAI", "model_slug": "openai/gpt-4o-mini"})
        return None

    @staticmethod
    def files(request):
        if request.method == "DELETE":
            return Answer(204, [], None)
        if request.method == "GET":
            return Answer(200, [b'{"object":"list","data":[],"has_more":false}'])
        boundary = re.fullmatch('multipart/form-data; *boundary="?([^"]+)"?',
                                request.value("content-type"))
        if not boundary or b"--" + boundary.group(1).encode() not in request.body:
            return error(400, "Invalid multipart body")
        whole = {"id": "file-standin", "object": "file", "bytes": len(request.body),
                 "created_at": 1764000000, "filename": "notes.txt", "purpose": "user_data"}
        return Answer(200, [json.dumps(whole).encode()])

    @staticmethod
    def models():
        listed = [{"id": m, "name": m, "context_length": 128000,
                   "pricing": {"prompt": "0", "completion": "0"}} for m in MODELS]
        return Answer(200, [json.dumps({"data": listed}).encode()], chunked=True)

    def serve(self, request, endpoint, kind):
        if endpoint in ("/key", "/auth/key"):
            key = KEYS[kind]
            data = {"label": key[:12] + "..." + key[-3:], "limit": None, "usage": 0,
                    "is_free_tier": False, "is_management_key": kind == "management"}
            return Answer(200, [json.dumps({"data": data}).encode()])
        if endpoint == "/credits":
            return Answer(200, [b'{"data":{"total_credits":10,"total_usage":0.5}}'])
        if endpoint == "/keys":
            return Answer(200, [b'{"data":[]}'])
        if endpoint == "/files":
            return self.files(request)
        try:
            body = json.loads(request.body.decode("utf-8"))
        except ValueError:
            return error(400, "Invalid JSON body")
        if not isinstance(body, dict):
            return error(400, "Invalid input: expected object")
        if body.get("model") == FALLBACKS:
            return self.fall_back(endpoint, body)
        if body.get("model") == STRIPPED:
            return error(401, self.missing) if request.version == "2" else \
                GENERATORS[endpoint](body)
        return self.generate(endpoint, body)

    @staticmethod
    def serves(model):
        return model in MODELS or str(model).startswith("trouble/stream")

    def generate(self, endpoint, body):
        model = body.get("model")
        if model in TROUBLE:
            status, text, metadata = TROUBLE[model]
            late = [("retry-after", "3")] if status in (429, 503) else []
            return error(status, text, metadata, late, user_id="user_2standin")
        if not model:
            return error(400, "No models provided")
        if model == "trouble/once":  # refused, then served: a client that tries again gets on
            self.faltered = not self.faltered
            if self.faltered:
                status, text, metadata = TROUBLE["trouble/503"]
                return error(status, text, metadata, [("retry-after", "0")])
        elif not self.serves(model):
            return error(400, "%s is not a valid model ID" % model)
        if endpoint == "/chat/completions" and not body.get("messages"):
            return error(400, "Input required: specify \"prompt\" or \"messages\"")
        return GENERATORS[endpoint](body)


class Vendor(OpenRouter):
    """Another vendor's API below /v1, for one key that it takes in HEADER."""

    prefix = "/v1"

    def __init__(self, name, compress=False):
        super().__init__(compress=compress)
        self.wanted = KEYS[name]
        self.header = "x-api-key" if name == "anthropic" else "authorization"

    def authenticate(self, request, endpoint):
        given = request.value(self.header)
        if self.header == "authorization":
            given = given[len("Bearer "):] if given.startswith("Bearer ") else ""
        if given == self.wanted:
            return None, "good"
        if self.header == "x-api-key":
            return Answer(401, [json.dumps({"type": "error", "error": {
                "type": "authentication_error", "message": "invalid x-api-key"}}).encode()]), None
        return Answer(401, [json.dumps({"error": {
            "message": "Incorrect API key provided", "type": "invalid_request_error",
            "param": None, "code": "invalid_api_key"}}).encode()]), None

    @staticmethod
    def serves(model):
        return "/" not in str(model)


VENDORS = ("anthropic", "openai")

COMPLETION = {"id": "gen-1764000000-standin", "provider": "OpenAI", "created": 1764000000}
USAGE = {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10}


# The first is the documentation's own example; the second came up in public issues.
STREAM_ERRORS = {
    "trouble/stream-error": {"code": "server_error",
                             "message": "Provider disconnected unexpectedly"},
    "trouble/stream-502": {"code": 502, "message": "Provider returned error", "metadata": {
        "raw": "stream ended before the answer was complete", "provider_name": "DeepSeek"}},
}


def event(data, name=None):
    text = data if isinstance(data, str) else json.dumps(data)
    return (("event: %s\n" % name if name else "") + "data: " + text + "\n\n").encode()


def stream(pieces):
    return Answer(200, pieces, "text/event-stream", [("cache-control", "no-cache"),
                  ("x-generation-id", COMPLETION["id"])], chunked=True)


def tool_call(body):
    """The first tool of BODY, called; None where it has none, or where it has the result."""
    last = (body.get("messages") or [{}])[-1]
    parts = last.get("content") if isinstance(last.get("content"), list) else []
    if not body.get("tools") or last.get("role") == "tool" or \
            any(part.get("type") == "tool_result" for part in parts):
        return None
    tool = body["tools"][0]
    name = tool.get("function", tool)["name"]
    return {"id": "call_standin1", "type": "function", "index": 0,
            "function": {"name": name, "arguments": "{\"city\":\"Paris\"}"}}


def chat(body):
    model = body["model"]
    call = tool_call(body)
    if not body.get("stream"):
        choice = {"index": 0, "finish_reason": "tool_calls" if call else "stop",
                  "native_finish_reason": "stop",
                  "message": {"role": "assistant", "content": None, "tool_calls": [call]} if call
                  else {"role": "assistant", "content": "Hello there"}}
        whole = dict(COMPLETION, object="chat.completion", model=model, choices=[choice],
                     usage=USAGE)
        return Answer(200, [b"\n         \n", json.dumps(whole).encode()], chunked=True)

    def chunk(delta, finish=None, **more):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event(dict(COMPLETION, object="chat.completion.chunk", model=model,
                          choices=[choice], **more))
    pieces = [b": OPENROUTER PROCESSING\n\n", b": OPENROUTER PROCESSING\n\n",
              chunk({"role": "assistant", "content": "Hello"})]
    if model in STREAM_ERRORS:
        failure = STREAM_ERRORS[model]
        return stream(pieces + [chunk({"content": ""}, "error", error=failure)])
    if call:
        return stream(pieces[:2] + [chunk({"role": "assistant", "content": None,
                                           "tool_calls": [call]}),
                                    chunk({}, "tool_calls", usage=USAGE), event("[DONE]")])
    return stream(pieces + [chunk({"content": " there"}), chunk({}, "stop", usage=USAGE),
                            event("[DONE]")])


def responses(body):
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Hello there", "annotations": []}]}
    whole = {"id": "resp_1", "object": "response", "created_at": 1764000000,
             "status": "completed", "model": body["model"], "output": [item],
             "usage": {"input_tokens": 8, "output_tokens": 2, "total_tokens": 10}}
    if not body.get("stream"):
        return Answer(200, [json.dumps(whole).encode()], chunked=True)
    if body["model"] == "trouble/stream-error":
        failed = dict(whole, status="failed", output=[], error_type="server",
                      error={"code": "server_error", "message": "Provider returned error"})
        return stream([event({"type": "response.failed", "response": failed}, "response.failed")])
    names = ("response.created", "response.completed")
    return stream([event({"type": n, "response": whole}, n) for n in names])


def messages(body):
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
             "content": [{"type": "text", "text": "Hello there"}], "stop_reason": "end_turn",
             "stop_sequence": None, "usage": {"input_tokens": 8, "output_tokens": 2}}
    call = tool_call(body)
    if call and not body.get("stream"):
        whole["stop_reason"] = "tool_use"
        whole["content"] = [{"type": "tool_use", "id": "toolu_standin1",
                             "name": call["function"]["name"],
                             "input": json.loads(call["function"]["arguments"])}]
    if not body.get("stream"):
        return Answer(200, [json.dumps(whole).encode()], chunked=True)
    start = event({"type": "message_start", "message": dict(whole, content=[], stop_reason=None)},
                  "message_start")
    if body["model"] == "trouble/stream-error":
        failed = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        return stream([start, event(failed, "error")])
    rest = [
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta",
                                                       "text": "Hello there"}}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        ("message_stop", {}),
    ]
    return stream([start] + [event(dict(d, type=n), n) for n, d in rest])


def embeddings(body):
    data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125]}]
    return Answer(200, [json.dumps({"object": "list", "model": body["model"], "data": data,
                                    "usage": {"prompt_tokens": 2, "total_tokens": 2}}).encode()])


GENERATORS = {"/chat/completions": chat, "/completions": chat, "/responses": responses,
              "/messages": messages, "/embeddings": embeddings}

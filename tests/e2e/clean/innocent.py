# SPDX-License-Identifier: MIT
"""Requests that are correct by their vendors' documentation, and look odd.

innocent() yields (host, name, request); the request is its bytes in HTTP/1.1. All
keys are made up.
"""

import base64
import hashlib
import json


def letters(name, length):
    """LENGTH letters and digits that depend on NAME alone."""
    text = ""
    while len(text) < length:
        digest = hashlib.sha256(("innocent: %s %d" % (name, len(text))).encode()).digest()
        text += base64.b64encode(digest).decode().replace("+", "").replace("/", "").rstrip("=")
    return text[:length]


def hexadecimal(name, length):
    return hashlib.sha512(("innocent: " + name).encode()).hexdigest()[:length]


def jwt(name):
    claims = base64.urlsafe_b64encode(json.dumps({"sub": name, "exp": 1}).encode()).decode()
    return "eyJhbGciOiJSUzI1NiJ9.%s.%s" % (claims.rstrip("="), letters(name, 86))


KEY = "sk-or-v1-" + hexadecimal("openrouter", 64)
OPENAI = "sk-proj-%sT3BlbkFJ%s" % (letters("a", 58), letters("b", 58))
ANTHROPIC = "sk-ant-api03-%sAA" % letters("anthropic", 93)
USER = [{"role": "user", "content": "hi"}]
PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ"
         "RU5ErkJggg==")
JPEG = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//"


def call(identity, name="search", arguments="{}"):
    return {"id": identity, "type": "function",
            "function": {"name": name, "arguments": arguments}}


def called(content, *ids, **more):
    return dict({"role": "assistant", "content": content,
                 "tool_calls": [call(i) for i in ids]}, **more)


def result(identity, content="done", **more):
    return dict({"role": "tool", "tool_call_id": identity, "content": content}, **more)


def tool(name="search", **more):
    return {"type": "function", "function": dict({"name": name}, **more)}


def schema(**more):
    return dict({"type": "object"}, **more)


def chat(**more):
    return dict({"model": "openai/gpt-4o-mini", "messages": USER}, **more)


def with_messages(*messages, **more):
    return chat(messages=USER + list(messages), **more)


# --- OpenRouter

MODELS = ("openrouter/auto", "openrouter/free", "openrouter/sonoma-sky-alpha",
          "@preset/my-preset", "openai/gpt-4o@preset/my-preset", "openai/gpt-4o:online",
          "meta-llama/llama-3.3-70b-instruct:free", "openai/gpt-4o:nitro", "openai/gpt-4o:floor",
          "anthropic/claude-3.7-sonnet:thinking", "deepseek/deepseek-r1-0528:free",
          "~anthropic/claude-sonnet-latest", "openai/gpt-4o-2024-11-20", "x-ai/grok-4.1-fast",
          "nousresearch/hermes-3-llama-3.1-405b:extended", "z-ai/glm-4.6:exacto",
          "google/gemini-2.5-flash-preview-09-2025:thinking", "amazon/nova-premier-v1")

OPENROUTER_CHATS = {
    "models and route": chat(models=["anthropic/claude-sonnet-4.5", "gryphe/mythomax-l2-13b"],
                             route="fallback"),
    "models alone": {"models": ["anthropic/claude-sonnet-4.5", "openrouter/auto"],
                     "messages": USER},
    "provider": chat(provider={"order": ["anthropic", "azure/us"], "allow_fallbacks": True,
                               "require_parameters": True, "data_collection": "deny",
                               "zdr": True, "only": ["azure"], "ignore": ["deepinfra"],
                               "quantizations": ["fp8"], "sort": "price",
                               "max_price": {"prompt": 1, "completion": 2}}),
    "provider.sort as an object": chat(provider={"sort": {"by": "latency", "partition": "none"}}),
    "transforms and plugins": chat(transforms=["middle-out"], plugins=[
        {"id": "web", "max_results": 3}, {"id": "file-parser", "pdf": {"engine": "pdf-text"}},
        {"id": "response-healing"}]),
    "preset": {"preset": "my-preset", "messages": USER},
    "reasoning": chat(reasoning={"effort": "high", "exclude": False}, include_reasoning=True,
                      usage={"include": True}, verbosity="low"),
    "all parameters": chat(
        temperature=0, top_p=1, top_k=40, min_p=0.05, top_a=0.1, frequency_penalty=-2,
        presence_penalty=2, repetition_penalty=1.1, seed=-1, max_tokens=1, logprobs=True,
        top_logprobs=5, logit_bias={"50256": -100}, stop=["a", "b", "c", "d"], n=1, stream=True,
        stream_options={"include_usage": True}, user="someone", session_id="s", trace={"id": "t"},
        metadata={"token_budget": "high", "key": "value"}, response_format={"type": "json_schema",
        "json_schema": {"name": "x", "strict": True, "schema": schema(
            properties={"key": {"type": "string"}}, additionalProperties=False)}},
        prediction={"type": "content", "content": "x"}, parallel_tool_calls=False,
        service_tier="flex", modalities=["image", "text"], image_config={"aspect_ratio": "16:9"},
        web_search_options={"search_context_size": "low"}, debug={"echo_upstream_body": True},
        cache_control={"type": "ephemeral"}),
    "null means unset": chat(temperature=None, top_p=None, max_tokens=None, stop=None, stream=None,
                             seed=None, n=None, provider=None, models=None, tools=None,
                             tool_choice=None),
    "a number written with a point": chat(max_tokens=1024.0, n=1.0, seed=7.0),
    "parts of all kinds": chat(messages=[{"role": "user", "content": [
        {"type": "text", "text": "look", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PIXEL}},
        {"type": "image_url", "image_url": {"url": "data:image/jpg;base64," + JPEG}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a%20b.png?x=1"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRiQA", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf",
                                  "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}},
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAAIGZ0eXA="}}]}]),
    "reasoning_details": with_messages(
        {"role": "assistant", "content": None, "reasoning": "Hm.", "reasoning_details": [
            {"type": "reasoning.text", "text": "", "signature": "c2ln", "index": 0},
            {"type": "reasoning.encrypted", "data": "AAAA", "id": "r1"}],
         "tool_calls": [call("call_1")]}, result("call_1")),
    "assistant that drew": with_messages(
        {"role": "assistant", "content": "", "images": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PIXEL}}]},
        {"role": "user", "content": "bluer"}),
    "four cache marks": chat(model="anthropic/claude-sonnet-4.5", messages=[
        {"role": "user", "content": [{"type": "text", "text": str(n),
                                      "cache_control": {"type": "ephemeral", "ttl": "1h"}}
                                     for n in range(4)]}],
        tools=[tool(parameters=schema(properties={"cache_control": {"type": "string"}}))]),
    "OpenRouter's own tools": chat(tools=[{"type": "openrouter:web_search"},
                                          {"type": "openrouter:datetime", "parameters": {}}]),
    "prompt instead of messages": {"model": "openai/gpt-4o-mini", "prompt": "Once"},
}

# Of any chat/completions.
CHATS = {
    "tool call, content null": with_messages(called(None, "c1"), result("c1")),
    "tool call, content empty": with_messages(called("", "c1"), result("c1")),
    "tool call, content a list": with_messages(called([{"type": "text", "text": "I look"}], "c1"),
                                               result("c1", [{"type": "text", "text": "done"}])),
    "tool call without content": with_messages(
        {"role": "assistant", "tool_calls": [call("c1")]}, result("c1")),
    "tool result without output": with_messages(called(None, "c1"), result("c1", "")),
    "parallel calls": with_messages(called(None, "c1", "c2", "c3"), result("c2"), result("c1"),
                                    result("c3"), {"role": "user", "content": "and?"}),
    "two rounds": with_messages(called(None, "c1"), result("c1"), called(None, "c2"),
                                result("c2", name="search"), {"role": "assistant", "content": "ok"},
                                {"role": "user", "content": "thanks"}),
    "the same id again": with_messages(called(None, "call_0"), result("call_0"),
                                       called(None, "call_0"), result("call_0")),
    "function call of old": with_messages(
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "1"},
        functions=[{"name": "f", "parameters": schema(properties={})}], function_call="auto"),
    "arguments that are no object": with_messages(
        {"role": "assistant", "content": None, "tool_calls": [call("c1", arguments="[1]"),
                                                              call("c2", arguments="\"x\"")]},
        result("c1"), result("c2")),
    "arguments empty": with_messages(
        {"role": "assistant", "content": None, "tool_calls": [call("c1", arguments="")]},
        result("c1")),
    "tool without parameters": chat(tools=[tool()]),
    "no properties": chat(tools=[tool(parameters=schema())]),
    "properties empty": chat(tools=[tool(parameters=schema(properties={}, required=[]))]),
    "object or null": chat(tools=[tool(parameters={"type": ["object", "null"], "properties": {}})]),
    "unions below the top": chat(tools=[tool(parameters=schema(properties={
        "a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": {"oneOf": [{}, {}]},
        "not": {"not": {}}, "enum": {"enum": [1, 2]}, "allOf": {"allOf": [{"type": "string"}]}}))]),
    "references and definitions": chat(tools=[tool(parameters=schema(**{
        "$schema": "http://json-schema.org/draft-07/schema#", "$defs": {"x": {"type": "string"}},
        "properties": {"a": {"$ref": "#/$defs/x"}}, "additionalProperties": False}))]),
    "strict tool": chat(tools=[tool(strict=True, description="d", parameters=schema(
        properties={"a": {"type": ["string", "null"]}}, required=["a"],
        additionalProperties=False))], tool_choice={"type": "function",
                                                    "function": {"name": "search"}}),
    "name of 64 bytes": chat(tools=[tool("mcp__server-name__" + "a" * 46,
                                         parameters=schema(properties={}))]),
    "no tools": chat(tools=[], tool_choice="none"),
    "system and developer": chat(messages=[{"role": "system", "content": "s"},
                                           {"role": "developer", "content": [
                                               {"type": "text", "text": "d"}]}] + USER),
    "system in the middle": with_messages({"role": "assistant", "content": "x"},
                                          {"role": "system", "content": "now"}),
    "names": chat(messages=[{"role": "user", "name": "some_one", "content": "hi"}]),
    "prefilled answer": with_messages({"role": "assistant", "content": "The answer is"}),
    "refusal": with_messages({"role": "assistant", "content": None, "refusal": "No."},
                             {"role": "user", "content": "please"}),
    "white space": chat(messages=[{"role": "user", "content": " \n"}]),
    "one stop": chat(stop="\n\n"),
    "edges of ranges": chat(temperature=2, top_p=0, max_tokens=1, n=1),
    "max_completion_tokens": chat(max_completion_tokens=100000, reasoning_effort="minimal"),
    "words about keys": chat(metadata={"key": "value", "token": "a", "api_key_name": "work"},
                             messages=[{"role": "user", "content":
                                        "export OPENAI_API_KEY=sk-... does not work: 401"}]),
    "characters": chat(messages=[{"role": "user", "content":
                                  "\u0000\u0007\u2028\u2029\ufeff\ufffd\ufffe\U0001f468\u200d"
                                  "\U0001f469\u200d\U0001f467 \\ud83d \" ' </script> ${X} {y}"}]),
}

RESPONSES = {
    "string": {"input": "hi"},
    "items": {"instructions": "be short", "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "AAAA"},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": ""},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": "ok", "annotations": []}]},
        {"role": "user", "content": [{"type": "input_image",
                                      "image_url": "data:image/png;base64," + PIXEL}]}],
        "tools": [{"type": "function", "name": "f", "parameters": schema(properties={}),
                   "strict": False}], "store": False, "reasoning": {"effort": "low"},
        "text": {"format": {"type": "text"}}, "max_output_tokens": 64, "stream": True,
        "include": ["reasoning.encrypted_content"], "prompt_cache_key": "k"},
    "call that is still open": {"input": [
        {"role": "user", "content": "hi"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}]},
    "custom tool": {"input": [
        {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "*** Begin"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"}],
        "tools": [{"type": "custom", "name": "patch",
                   "format": {"type": "grammar", "syntax": "lark", "definition": "x"}}]},
}

OPENAI_RESPONSES = {
    "state on the server": {"input": "and?", "previous_response_id": "resp_1", "store": True},
    "result of a call the server keeps": {
        "previous_response_id": "resp_1",
        "input": [{"type": "function_call_output", "call_id": "c9", "output": "1"}]},
    "conversation": {"conversation": "conv_1", "input": [
        {"type": "function_call_output", "call_id": "c9", "output": "1"}]},
    "reference": {"input": [{"type": "item_reference", "id": "fc_1"},
                            {"type": "function_call_output", "call_id": "c9", "output": "1"}]},
    "tools of the server": {"input": "hi", "background": True, "tools": [
        {"type": "web_search"}, {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "code_interpreter", "container": {"type": "auto"}}, {"type": "image_generation"},
        {"type": "mcp", "server_label": "x", "server_url": "https://example.com/mcp",
         "require_approval": "never"}, {"type": "local_shell"}]},
    "shell": {"input": [
        {"type": "local_shell_call", "call_id": "c1", "action": {"type": "exec"}},
        {"type": "local_shell_call_output", "call_id": "c1", "output": "x"},
        {"type": "computer_call", "call_id": "c2", "action": {"type": "screenshot"}},
        {"type": "computer_call_output", "call_id": "c2",
         "output": {"type": "computer_screenshot"}}]},
}

ANTHROPIC_MESSAGES = {
    "system text": {"system": "be short", "messages": USER},
    "system parts": {"system": [{"type": "text", "text": "be short",
                                 "cache_control": {"type": "ephemeral"}}], "messages": USER},
    "thinking and tools": {"messages": USER + [
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "AAAA"}, {"type": "text", "text": "I look"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
            {"type": "tool_use", "id": "toolu_2", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": "", "is_error": True},
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                             "data": PIXEL}}]},
            {"type": "text", "text": "go on"}]}],
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "tools": [{"name": "f", "input_schema": schema()},
                  {"type": "custom", "name": "g" * 100, "input_schema": schema(properties={})}]},
    "tools of the server": {"messages": USER + [
        {"role": "assistant", "content": [
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            {"type": "text", "text": "found"}]},
        {"role": "user", "content": "more"}],
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
                  {"type": "bash_20250124", "name": "bash"}],
        "mcp_servers": [{"type": "url", "url": "https://example.com", "name": "x",
                         "authorization_token": "abc"}]},
    "document and file": {"messages": [{"role": "user", "content": [
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf",
                                        "data": "JVBERi0xLjQK"}, "citations": {"enabled": True}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}]}]},
    "edges": {"messages": USER, "temperature": 1, "top_k": 5, "stop_sequences": ["x"] * 6,
              "metadata": {"user_id": "user_x_account__session_y"}, "stream": True,
              "service_tier": "auto", "container": None, "context_management": {"edits": []}},
}

EMBEDDINGS = {
    "text": "hi", "texts": ["hi", "there"], "tokens": [1, 2, 3], "lists of tokens": [[1], [2, 3]],
    "parts": [{"content": [{"type": "text", "text": "hi"}, {
        "type": "image_url", "image_url": {"url": "data:image/png;base64," + PIXEL}}]}],
}


def request(host, method, target, credential=None, body=None, fields=()):
    lines = ["%s %s HTTP/1.1" % (method, target), "Host: " + host]
    lines += [credential] if credential else []
    payload = b""
    if isinstance(body, bytes):
        payload = body
    elif body is not None:
        payload = json.dumps(body).encode()
        lines += ["Content-Type: application/json"]
    lines += list(fields)
    if method in ("POST", "PUT", "PATCH"):
        lines += ["Content-Length: %d" % len(payload)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + payload


def bearer(key):
    return "Authorization: Bearer " + key


def openrouter():
    host, base = "openrouter.ai", "/api/v1"

    def post(path, body, **more):
        more.setdefault("credential", bearer(KEY))
        return request(host, "POST", base + path, body=body, **more)
    for model in MODELS:
        yield host, "model " + model, post("/chat/completions", chat(model=model))
    for name, body in list(OPENROUTER_CHATS.items()) + list(CHATS.items()):
        yield host, "chat: " + name, post("/chat/completions", body)
        yield host, "chat, preset: " + name, post("/presets/p/chat/completions", body)
    for name, body in RESPONSES.items():
        body = dict({"model": "openai/gpt-5"}, **body)
        yield host, "responses: " + name, post("/responses", body)
        yield host, "responses, alpha: " + name, request(
            host, "POST", "/api/alpha/responses", bearer(KEY), body)
    for name, body in ANTHROPIC_MESSAGES.items():
        for model in ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5-20250929"):
            body = dict({"model": model, "max_tokens": 32000}, **body)
            yield host, "messages: " + name, post(
                "/messages?beta=true", body, fields=["anthropic-version: 2023-06-01",
                                                     "anthropic-beta: claude-code-20250219"])
    yield host, "messages, the other key empty", post(
        "/messages", dict({"model": "anthropic/claude-sonnet-4.5", "max_tokens": 9},
                          messages=USER), fields=["x-api-key: "])
    yield host, "messages, the same key twice", post(
        "/messages", dict({"model": "anthropic/claude-sonnet-4.5", "max_tokens": 9},
                          messages=USER), fields=["x-api-key: " + KEY])
    yield host, "count_tokens", post("/messages/count_tokens", {
        "model": "anthropic/claude-sonnet-4.5", "messages": USER})
    for name, given in EMBEDDINGS.items():
        yield host, "embeddings: " + name, post("/embeddings", {
            "model": "openai/text-embedding-3-small", "input": given, "dimensions": 256,
            "encoding_format": "base64", "input_type": "query", "provider": {"order": ["openai"]}})
    yield host, "completions", post("/completions", {"model": "openai/gpt-3.5-turbo-instruct",
                                                     "prompt": ["Once", "Twice"], "suffix": "."})
    yield host, "cursor, flat tools", post("/cursor/chat/completions", {
        "model": "openai/gpt-5", "input": USER, "stream": True, "tools": [
            {"type": "function", "name": "f", "parameters": schema(properties={})}]})
    yield host, "cursor, messages", post("/cursor/chat/completions", chat(tools=[tool()]))
    yield host, "rerank", post("/rerank", {"model": "cohere/rerank-v3.5", "query": "q",
                                           "documents": ["a", "b"]})
    yield host, "images", post("/images", {"model": "openai/gpt-5-image", "prompt": "a cat"})
    yield host, "speech", post("/audio/speech", {"model": "openai/gpt-4o-mini-tts", "input": "hi",
                                                 "voice": "alloy"})
    yield host, "management: create a key", post("/keys", {"name": "work", "limit": 10})
    yield host, "management: list", request(host, "GET", base + "/keys?offset=100", bearer(KEY))
    yield host, "management: delete", request(
        host, "DELETE", base + "/keys/" + hexadecimal("hash", 64), bearer(KEY))
    yield host, "OAuth: code for key", request(host, "POST", base + "/auth/keys", None, {
        "code": "auth_code_" + letters("code", 24), "code_verifier": letters("verifier", 43),
        "code_challenge_method": "S256"})
    for path in ("/models", "/models?supported_parameters=tools", "/models/count", "/providers",
                 "/models/openai/gpt-4o/endpoints", "/embeddings/models"):
        yield host, "public " + path, request(host, "GET", base + path)
    for path in ("/key", "/auth/key", "/credits", "/generation?id=gen-1", "/models/user",
                 "/activity?date=2026-11-01", "/byok", "/files"):
        yield host, "GET " + path, request(host, "GET", base + path, bearer(KEY))
    yield host, "HEAD of the base", request(host, "HEAD", "/api")
    yield host, "preflight", request(host, "OPTIONS", base + "/chat/completions", None, None,
                                     ["Origin: https://example.com",
                                      "Access-Control-Request-Headers: authorization"])
    yield host, "attribution", post("/chat/completions", chat(), fields=[
        "HTTP-Referer: https://example.com", "X-Title: Some App", "X-OpenRouter-Title: Some App",
        "X-OpenRouter-Categories: ide-extension", "X-OpenRouter-Metadata: enabled"])
    yield host, "charset", request(host, "POST", base + "/chat/completions", bearer(KEY),
                                   json.dumps(chat()).encode(),
                                   ["content-type: Application/JSON;charset=UTF-8"])


def openai():
    host = "api.openai.com"
    keys = {"project": OPENAI,
            "service": "sk-svcacct-%sT3BlbkFJ%s" % (letters("c", 58), letters("d", 58)),
            "old": "sk-%sT3BlbkFJ%s" % (letters("e", 20), letters("f", 20)),
            "none": "sk-None-" + letters("n", 40), "session": "sess-" + letters("g", 40),
            "JWT": jwt("workload")}
    for name, key in keys.items():
        yield host, "key: " + name, request(host, "POST", "/v1/chat/completions", bearer(key),
                                            chat(model="gpt-4o"),
                                            ["OpenAI-Organization: org-x", "OpenAI-Project: p_x"])
    for name, body in CHATS.items():
        yield host, "chat: " + name, request(host, "POST", "/v1/chat/completions", bearer(OPENAI),
                                             dict(body, model="gpt-4o"))
    for name, body in list(RESPONSES.items()) + list(OPENAI_RESPONSES.items()):
        yield host, "responses: " + name, request(host, "POST", "/v1/responses", bearer(OPENAI),
                                                  dict({"model": "gpt-5"}, **body))
    yield host, "responses: stored prompt", request(
        host, "POST", "/v1/responses", bearer(OPENAI), {"prompt": {"id": "pmpt_1"}, "input": []})
    yield host, "responses: stored", request(host, "GET", "/v1/responses/resp_1", bearer(OPENAI))
    yield host, "chat: stored", request(host, "GET", "/v1/chat/completions?limit=5", bearer(OPENAI))
    yield host, "completions: scoring", request(
        host, "POST", "/v1/completions", bearer(OPENAI),
        {"model": "davinci-002", "prompt": "Once", "max_tokens": 0, "echo": True, "logprobs": 1})
    yield host, "audio", request(host, "POST", "/v1/chat/completions", bearer(OPENAI), chat(
        model="gpt-audio", modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"},
        messages=USER + [{"role": "assistant", "audio": {"id": "audio_1"}},
                         {"role": "user", "content": [
                             {"type": "input_audio", "input_audio": {"data": "UklGRiQA",
                                                                     "format": "wav"}}]}]))
    yield host, "list of models", request(host, "GET", "/v1/models", bearer(OPENAI))
    for name, given in list(EMBEDDINGS.items())[:4]:
        yield host, "embeddings: " + name, request(
            host, "POST", "/v1/embeddings", bearer(OPENAI),
            {"model": "text-embedding-3-small", "input": given})
    form = (b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\n"
            b"Content-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n\xff\xfb\x90"
            b"\r\n--b--\r\n")
    for path in ("/v1/audio/transcriptions", "/v1/images/edits", "/v1/files"):
        yield host, "form to " + path, request(host, "POST", path, bearer(OPENAI), form,
                                               ["Content-Type: multipart/form-data; boundary=b"])
    yield host, "WebSocket", request(
        host, "GET", "/v1/responses", bearer(OPENAI), None,
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="])


def anthropic():
    host = "api.anthropic.com"
    version = ["anthropic-version: 2023-06-01"]
    login = bearer("sk-ant-oat01-" + letters("oat", 80) + "AA")
    for name, body in ANTHROPIC_MESSAGES.items():
        body = dict({"model": "claude-sonnet-4-5", "max_tokens": 64000}, **body)
        yield host, "messages: " + name, request(
            host, "POST", "/v1/messages", "x-api-key: " + ANTHROPIC, body, version)
        yield host, "messages, logged in: " + name, request(
            host, "POST", "/v1/messages?beta=true", login, body,
            version + ["anthropic-beta: oauth-2025-04-20,claude-code-20250219"])
    yield host, "workload identity", request(host, "POST", "/v1/messages", bearer(jwt("wif")), {
        "model": "claude-sonnet-4-5", "max_tokens": 9, "messages": USER}, version)
    yield host, "count_tokens", request(
        host, "POST", "/v1/messages/count_tokens", "x-api-key: " + ANTHROPIC,
        {"model": "claude-sonnet-4-5", "messages": USER}, version)
    yield host, "batches", request(
        host, "POST", "/v1/messages/batches", "x-api-key: " + ANTHROPIC,
        {"requests": [{"custom_id": "1", "params": {"model": "claude-sonnet-4-5", "max_tokens": 9,
                                                    "messages": USER}}]}, version)
    yield host, "OpenAI's dialect", request(
        host, "POST", "/v1/chat/completions", bearer(ANTHROPIC),
        {"model": "claude-sonnet-4-5", "messages": USER})
    yield host, "models", request(host, "GET", "/v1/models?limit=5", "x-api-key: " + ANTHROPIC,
                                  None, version)


def google():
    host = "generativelanguage.googleapis.com"
    key = "AIza" + letters("google", 35)
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "systemInstruction": {"parts": [{"text": "be short"}]},
            "tools": [{"functionDeclarations": [{"name": "f", "parameters": {
                "type": "OBJECT", "properties": {}}}]}, {"googleSearch": {}}],
            "generationConfig": {"temperature": 1.5, "maxOutputTokens": 9}}
    native = "/v1beta/models/gemini-2.5-pro:"
    yield host, "native, header", request(host, "POST", native + "generateContent",
                                          "x-goog-api-key: " + key, body)
    yield host, "native, URL", request(host, "POST", native + "streamGenerateContent?alt=sse&key="
                                       + key, None, body)
    yield host, "native, OAuth", request(host, "POST", native + "generateContent",
                                         bearer("ya29." + letters("oauth", 120)), body,
                                         ["x-goog-user-project: p"])
    for name, one in (("old key", key), ("new key", "AQ." + letters("new", 50))):
        yield host, "OpenAI's dialect, " + name, request(
            host, "POST", "/v1beta/openai/chat/completions", bearer(one),
            chat(model="gemini-2.5-pro", extra_body={"google": {"thinking_config": {}}}))
    yield host, "OpenAI's dialect, embeddings", request(
        host, "POST", "/v1beta/openai/embeddings", bearer(key),
        {"model": "gemini-embedding-001", "input": "hi"})
    yield host, "models", request(host, "GET", "/v1beta/models", "x-goog-api-key: " + key)


def azure():
    host = "my-resource.openai.azure.com"
    deployment = "/openai/deployments/my-gpt/%s?api-version=2024-10-21"
    for name, key in (("old key", hexadecimal("azure", 32)), ("new key", letters("azure", 84))):
        yield host, "deployment, " + name, request(
            host, "POST", deployment % "chat/completions", "api-key: " + key, {"messages": USER})
        yield host, "v1, " + name, request(host, "POST", "/openai/v1/chat/completions",
                                           "api-key: " + key, chat(model="my-gpt"))
        # As Microsoft documents it for OpenAI's own client, which always sends Bearer.
        yield host, "v1, OpenAI's client, " + name, request(
            host, "POST", "/openai/v1/chat/completions", bearer(key), chat(model="my-gpt"))
        yield host, "v1, responses, " + name, request(
            host, "POST", "/openai/v1/responses", bearer(key), {"model": "my-gpt", "input": "hi"})
    yield host, "deployment named chat", request(
        host, "POST", "/openai/deployments/chat/chat/completions?api-version=2024-10-21",
        "api-key: " + hexadecimal("azure", 32), {"messages": USER})
    yield host, "Entra", request(host, "POST", deployment % "chat/completions",
                                 bearer(jwt("entra")), {"messages": USER})
    yield host, "embeddings", request(host, "POST", deployment % "embeddings",
                                      "api-key: " + hexadecimal("azure", 32), {"input": "hi"})
    foundry = "my-resource.services.ai.azure.com"
    yield foundry, "Foundry's models", request(
        foundry, "POST", "/models/chat/completions?api-version=2024-05-01-preview",
        "api-key: " + letters("foundry", 84), chat(model="DeepSeek-R1"))
    yield foundry, "Foundry, Claude", request(
        foundry, "POST", "/anthropic/v1/messages", "x-api-key: " + letters("foundry", 84),
        {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": USER, "system": "s"},
        ["anthropic-version: 2023-06-01"])
    yield foundry, "Foundry, Claude, login", request(
        foundry, "POST", "/anthropic/v1/messages", bearer(jwt("entra")),
        {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": USER})


# host, base, key, model
OTHERS = [
    ("api.groq.com", "/openai/v1", "gsk_" + letters("groq", 52), "llama-3.3-70b"),
    ("api.x.ai", "/v1", "xai-" + letters("xai", 80), "grok-4"),
    ("api.deepseek.com", "", "sk-" + hexadecimal("deepseek", 32), "deepseek-chat"),
    ("api.deepseek.com", "/beta", "sk-" + hexadecimal("deepseek", 32), "deepseek-chat"),
    ("integrate.api.nvidia.com", "/v1", "nvapi-" + letters("nvidia", 64), "meta/llama"),
    ("router.huggingface.co", "/v1", "hf_" + letters("hf", 34), "a/b:groq"),
    ("router.huggingface.co", "/fireworks-ai/inference/v1", "hf_" + letters("hf", 34), "a/b"),
    ("api.perplexity.ai", "", "pplx-" + letters("pplx", 48), "sonar-pro"),
    ("api.mistral.ai", "/v1", letters("mistral", 32), "mistral-large-latest"),
    ("api.together.xyz", "/v1", hexadecimal("together", 64), "meta-llama/Llama-3"),
    ("api.together.xyz", "/v1", "tgp_v1_" + letters("together", 43), "a/b"),
    ("api.fireworks.ai", "/inference/v1", "fw_" + letters("fw", 24), "accounts/a/models/b"),
    ("api.cohere.com", "/compatibility/v1", letters("cohere", 40), "command-a"),
    ("api.cerebras.ai", "/v1", "csk-" + letters("csk", 48), "llama3.1-8b"),
    ("api.githubcopilot.com", "", "tid=%s;exp=1764000000;sku=copilot_pro;st=dotcom;chat=1;8kp=1:%s"
     % (hexadecimal("tid", 32), hexadecimal("sig", 64)), "gpt-4o"),
    ("models.github.ai", "/inference", "github_pat_" + letters("pat", 82), "openai/gpt-4o"),
    ("models.inference.ai.azure.com", "", "ghp_" + letters("ghp", 36), "gpt-4o"),
    ("ai-gateway.vercel.sh", "/v1", "vck_" + letters("vck", 56), "openai/gpt-4o"),
    ("api.z.ai", "/api/paas/v4", hexadecimal("zai", 32) + "." + letters("zai", 16), "glm-4.6"),
    ("dashscope.aliyuncs.com", "/compatible-mode/v1", "sk-" + hexadecimal("qwen", 32), "qwen-max"),
    ("bedrock-runtime.us-east-1.amazonaws.com", "/openai/v1", "ABSK" + letters("absk", 128),
     "openai.gpt-oss-20b"),
    ("ark.cn-beijing.volces.com", "/api/v3", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "doubao"),
    # of one's own: whatever key it wants
    ("localhost:4000", "/v1", "sk-1234", "openrouter/anthropic/claude-sonnet-4"),
    ("litellm.example.com", "/v1", "sk-1234", "openrouter/anthropic/claude-sonnet-4"),
    ("localhost:11434", "/v1", "ollama", "llama3.2"),
    ("127.0.0.1:8000", "/v1", "EMPTY", "my model"),
    ("192.168.1.5:1234", "/v1", "lm-studio", "qwen"),
    ("open-webui.lan", "/api", jwt("webui"), "llama3.2"),
    ("openrouter.helicone.ai", "/api/v1", KEY, "openai/gpt-4o"),
    ("gateway.ai.cloudflare.com", "/v1/acc/gw/openrouter/v1", KEY, "openai/gpt-4o"),
]


def others():
    for number, (host, base, key, model) in enumerate(OTHERS):
        # Every fourth chat is enough for one of them; together they have had each several times.
        for name, body in list(CHATS.items())[number % 4::4]:
            yield host, "%s: %s" % (base, name), request(
                host, "POST", base + "/chat/completions", bearer(key), dict(body, model=model))
    yield "api.mistral.ai", "agent", request(
        "api.mistral.ai", "POST", "/v1/agents/completions", bearer(letters("mistral", 32)),
        {"agent_id": "ag:1", "messages": USER})
    yield "api.mistral.ai", "fill in the middle", request(
        "api.mistral.ai", "POST", "/v1/fim/completions", bearer(letters("mistral", 32)),
        {"model": "codestral-latest", "prompt": "def", "suffix": "return", "min_tokens": 1})
    yield "localhost:4000", "LiteLLM's own header", request(
        "localhost:4000", "POST", "/v1/chat/completions", "x-litellm-api-key: sk-1234", chat())
    yield "localhost:11434", "no key", request("localhost:11434", "POST", "/v1/chat/completions",
                                               None, chat(model="llama3.2"))
    yield "gateway.example.com", "login of a proxy", request(
        "gateway.example.com", "POST", "/v1/chat/completions",
        "Authorization: Basic " + base64.b64encode(b"me:secret").decode(), chat())
    yield "api.openai.com", "Cloudflare's gateway header", request(
        "api.openai.com", "POST", "/v1/chat/completions", bearer(OPENAI), chat(model="gpt-4o"),
        ["cf-aig-authorization: Bearer x", "Helicone-Auth: Bearer y", "x-portkey-api-key: z"])


def innocent():
    for family in (openrouter, openai, anthropic, google, azure, others):
        yield from family()

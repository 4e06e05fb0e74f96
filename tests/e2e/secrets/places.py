# SPDX-License-Identifier: MIT
"""Where a secret can be in an exchange, and the exchanges that put one there.

Each place has a separate canary, so that a leak identifies its place. Each run draws
new canaries; a key's canary is the part after its public prefix.
"""

import base64
import json
import random
import string
import urllib.parse

LETTERS = string.ascii_letters + string.digits
CHAT = "/api/v1/chat/completions"


class Canaries:
    """Secrets by place. Made up, in the shapes that secrets have."""

    def __init__(self):
        self.chance = random.Random()
        self.by_place = {}

    def keep(self, place, secret):
        self.by_place.setdefault(place, []).append(secret)
        return secret

    def key(self, place):
        """A key of OpenRouter's shape."""
        return "sk-or-v1-" + self.keep(place, "%064x" % self.chance.getrandbits(256))

    def other_key(self, place):
        """A key of another vendor's shape."""
        return "sk-ant-api03-" + self.letters(place, 93)

    def letters(self, place, length=40):
        return self.keep(place, "".join(self.chance.choice(LETTERS) for _ in range(length)))

    def words(self, place):
        """What people write: no digit, no pattern."""
        return self.keep(place, " ".join(self.word() for _ in range(4)))

    def password(self, place):
        return self.keep(place, "-".join(self.word() for _ in range(3)))

    def word(self):
        return "".join(self.chance.choice("bdfgklmnprstvz") + self.chance.choice("aeiou")
                       for _ in range(5))


class Ask:
    """One request and the answer that the server is to give to it."""

    def __init__(self, place, headers=(), target=CHAT, body=None, answer=None):
        self.place = place
        self.headers = list(headers)
        self.target = target
        self.body = json.dumps({"model": "openai/gpt-4o", "messages": []}) if body is None else body
        self.answer = answer or refusal("No auth credentials found")


def refusal(message, status=401, **metadata):
    inner = {"message": message, "code": status}
    if metadata:
        inner["metadata"] = metadata
    return {"status": status, "body": json.dumps({"error": inner})}


def basic(user, password):
    return "Basic " + base64.b64encode((user + ":" + password).encode()).decode()


def header_asks(c):
    def auth(place, value):
        return Ask(place, [("Authorization", value)])
    place = "Authorization: "
    yield auth(place + "Bearer key", "Bearer " + c.key(place + "Bearer key"))
    yield auth(place + "quoted key", 'Bearer "%s"' % c.key(place + "quoted key"))
    yield auth(place + "other key", "Bearer " + c.other_key(place + "other key"))
    yield auth(place + "letters", "Bearer " + c.letters(place + "letters"))
    yield auth(place + "password", "Bearer " + c.password(place + "password"))
    yield auth(place + "no scheme", c.key(place + "no scheme"))
    yield auth(place + "no scheme, letters", c.letters(place + "no scheme, letters"))
    yield auth(place + "Basic", basic("someone", c.password(place + "Basic")))
    yield auth(place + "Basic key", basic(c.key(place + "Basic key"), ""))
    yield auth(place + "Basic unencoded", "Basic someone:" + c.password(place + "Basic unencoded"))
    yield auth(place + "Digest", 'Digest username="%s", response="%s"' % (
        c.password(place + "Digest"), c.letters(place + "Digest", 32)))
    yield auth(place + "Token", "Token token=%s" % c.letters(place + "Token"))
    yield auth(place + "AWS4", "AWS4-HMAC-SHA256 Credential=%s/2026/us, Signature=%s" % (
        c.letters(place + "AWS4", 20), c.letters(place + "AWS4", 64)))
    yield auth(place + "doubled key", "Bearer Bearer " + c.key(place + "doubled key"))
    yield auth(place + "list", "Bearer %s, Bearer %s" % (c.key(place + "list"),
                                                         c.letters(place + "list")))
    yield auth(place + "JSON", 'Bearer {"api_key":"%s"}' % c.letters(place + "JSON"))
    yield auth(place + "config line", "Bearer OPENROUTER_API_KEY=" + c.key(place + "config line"))
    yield auth(place + "URL", "Bearer https://u:%s@openrouter.ai/?key=%s" % (
        c.password(place + "URL"), c.key(place + "URL")))
    yield auth(place + "base64", "Bearer " + base64.b64encode(
        c.key(place + "base64").encode()).decode())
    yield auth(place + "percent", "Bearer " + "".join(
        "%%%02X" % b for b in c.key(place + "percent").encode()))
    yield auth(place + "JWT", "Bearer eyJhbGciOiJIUzI1NiJ9.%s.%s" % (
        c.letters(place + "JWT", 60), c.letters(place + "JWT", 43)))
    yield auth(place + "cut in two", "Bearer %s %s" % (
        c.key(place + "cut in two"), c.letters(place + "cut in two", 20)))
    for name in ("x-api-key", "api-key", "x-goog-api-key", "Proxy-Authorization", "X-Auth-Token",
                 "X-Amz-Security-Token", "X-Custom-Secret", "X-Session", "Cookie", "X-Whatever",
                 "Authorisation", "OpenAI-Organization", "Referer", "User-Agent", "X-Title"):
        keyed, odd = name + ": key", name + ": letters"
        yield Ask(keyed, [(name, c.key(keyed))])
        if name not in ("User-Agent", "X-Title", "Referer", "OpenAI-Organization"):
            yield Ask(odd, [(name, "a=%s; b=%s" % (c.letters(odd), c.password(odd))
                             if name == "Cookie" else c.letters(odd))])
    yield Ask("HTTP-Referer: URL", [("HTTP-Referer", "https://u:%s@example.com/?token=%s" % (
        c.password("HTTP-Referer: URL"), c.letters("HTTP-Referer: URL")))])
    for kind, make in (("key", c.key), ("letters", c.letters), ("password", c.password)):
        place = "second Host: " + kind
        yield Ask(place, [("Host", make(place))])
    yield Ask("header name", [(c.key("header name"), "x")])
    yield Ask("header without colon", [("", c.key("header without colon"))])


def target_asks(c):
    for name in ("key", "api_key", "token", "access_token", "password", "sig", "q"):
        place = "URL ?" + name + "="
        yield Ask(place, target="%s?%s=%s" % (CHAT, name, c.letters(place)))
    yield Ask("URL key", target="%s?x=%s" % (CHAT, c.key("URL key")))
    yield Ask("URL path", target="/api/v1/%s/chat/completions" % c.key("URL path"))
    yield Ask("URL fragment", target=CHAT + "#" + c.key("URL fragment"))
    yield Ask("URL userinfo", target="https://someone:%s@openrouter.ai%s" % (
        c.password("URL userinfo"), CHAT))


def body_asks(c):
    def chat(place, **more):
        return Ask(place, body=json.dumps({"model": "openai/gpt-4o", **more}),
                   answer=refusal("Invalid request", 400))
    said = [{"role": "user", "content": c.words("prompt")},
            {"role": "system", "content": "the key is " + c.key("prompt")}]
    yield chat("prompt", messages=said)
    for name in ("api_key", "token", "secret", "password", "Authorization", "key"):
        place = "JSON member " + name
        yield chat(place, messages=[], **{name: c.letters(place)})
    yield chat("JSON nested", messages=[], metadata={"a": {"token": c.letters("JSON nested")}})
    yield chat("JSON member's name", messages=[], **{c.key("JSON member's name"): 1})
    yield chat("tool arguments", messages=[{"role": "assistant", "tool_calls": [
        {"id": "call_1", "type": "function", "function": {
            "name": "f", "arguments": '{"password": "%s", broken' % c.password("tool arguments")}}]}])
    yield chat("tool description", messages=[], tools=[
        {"type": "function", "function": {"name": "a b", "description": c.words("tool description")}}])
    yield chat("image", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {
        "url": "data:image/png;base64," + c.letters("image", 80)}}]}])
    yield chat("message of a foreign part", messages=[{"role": "user", "content": [
        {"type": "input_text", "text": c.words("message of a foreign part")}]}])
    yield chat("role", messages=[{"role": c.key("role"), "content": "x"}])
    yield Ask("model", body=json.dumps({"model": c.key("model"), "messages": []}),
              answer=refusal("not a valid model ID", 400))
    said = c.words("broken JSON")
    yield Ask("broken JSON", body='{"model":"a/b","messages":[{"role":"user","content":"%s}]}' % said)
    said = c.words("JSON with a control byte")
    yield Ask("JSON with a control byte",
              body='{"model":"a/b","messages":[{"role":"user","content":"%s\n%s"}]}' % (said, said))
    yield Ask("JSON unquoted", body='{"model":"a/b",api_key:%s}' % c.letters("JSON unquoted"))
    said = c.key("duplicate member")
    yield Ask("duplicate member", body='{"model":"a/b","%s":1,"%s":2,"messages":[]}' % (said, said))
    said = c.words("not UTF-8")
    yield Ask("not UTF-8", body=('{"model":"a/b","messages":[{"content":"%s' % said).encode()
              + b'\xff\xfe"}]}')
    yield Ask("form", [("Content-Type", "application/x-www-form-urlencoded")],
              body=urllib.parse.urlencode({"password": c.password("form"), "x": c.words("form")}))
    part = ("--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n%s\r\n--b\r\n"
            "Content-Disposition: form-data; name=\"f\"; filename=\"%s\"\r\n\r\n%s\r\n--b--\r\n")
    yield Ask("multipart", [("Content-Type", "multipart/form-data; boundary=b")], body=part % (
        c.letters("multipart"), c.password("multipart"), c.words("multipart")))
    yield Ask("text", [("Content-Type", "text/plain")], body=c.words("text"))


def answer_asks(c):
    def answer(place, body, status=200, headers=(), kind="application/json"):
        return Ask(place, answer={"status": status, "body": body, "headers": list(headers),
                                  "type": kind})
    yield answer("response text", json.dumps({"choices": [{"message": {
        "role": "assistant", "content": c.words("response text") + c.key("response text")}}]}))
    for status in (200, 401):
        place = "response headers, %d" % status
        yield answer(place, "{}", status, [
            ("Set-Cookie", "s=%s; Path=/" % c.letters(place)), ("X-Token", c.letters(place)),
            ("X-Whatever", c.key(place)), ("WWW-Authenticate", 'Bearer realm="%s"' % c.letters(place)),
            ("Location", "https://u:%s@h/?token=%s" % (c.password(place), c.letters(place)))])
    deltas = "".join("data: %s\n\n" % json.dumps({"choices": [{"delta": {"content": word}}]})
                     for word in (c.words("stream"), c.key("stream")))
    yield answer("stream", deltas + "data: [DONE]\n\n", kind="text/event-stream")
    failed = 'data: {"error":{"code":502,"message":"%s"}}\n\n' % c.key("stream error")
    yield answer("stream error", failed, kind="text/event-stream")
    yield answer("web page", "<html><title>%s</title></html>" % c.key("web page"), 401,
                 kind="text/html")
    yield answer("refusal in text", "bad token " + c.letters("refusal in text"), 401,
                 kind="text/plain")
    yield answer("refusal, other members", json.dumps({"error": {
        "message": "no", "code": 401, "type": c.key("refusal, other members"), "param": c.key(
            "refusal, other members")}, "user_id": "user_" + c.letters("refusal, other members", 27)}), 401)


def groups(key, size):
    return " ".join(key[i:i + size] for i in range(0, len(key), size))


ECHOES = {
    "whole": lambda key: "Incorrect API key provided: %s. You can find it at" % key,
    "glued": lambda key: "key%sis bad" % key,
    "in parentheses": lambda key: "no such user (%s)" % key,
    "quoted": lambda key: "We do not know '%s'" % key,
    "reversed": lambda key: "got " + key[::-1],
    "a part": lambda key: "Incorrect API key provided: " + key[:len(key) // 2] + "...",
    "the end": lambda key: "a key that ends in " + key[len(key) // 2:],
    "masked": lambda key: "Incorrect API key provided: %s****%s" % (key[:24], key[-4:]),
    "base64": lambda key: "got " + base64.b64encode(key.encode()).decode(),
    "base64 of the header": lambda key: "got " + base64.b64encode(
        ("Bearer " + key).encode()).decode(),
    "hex": lambda key: "got " + key.encode().hex(),
    "percent": lambda key: "got " + "".join("%%%02x" % b for b in key.encode()),
    "percent of one": lambda key: "got " + key.replace(key[20], "%%%02X" % ord(key[20])),
    "nested": lambda key: json.dumps({"error": {"message": "got " + key, "token": key}}),
    "spaced": lambda key: "got " + key[:30] + " " + key[30:],
    "broken": lambda key: "got " + key[:30] + "\n" + key[30:],
    "upper case": lambda key: "got " + key.upper(),
    "groups of four": lambda key: "got " + groups(key, 4),
    "groups of six, lines": lambda key: "got " + groups(key, 6).replace(" ", "\n"),
    "decimal entities": lambda key: "got " + "".join("&#%d;" % b for b in key.encode()),
    "some hex entities": lambda key: "got " + "".join(
        "&#x%x;" % ord(x) if i % 3 == 0 else x for i, x in enumerate(key)),
    "full-width letters": lambda key: "got " + "".join(chr(ord(x) + 0xfee0) for x in key),
}


LOST_ON_WORDS = ("reversed", "percent of one", "upper case", "base64", "base64 of the header")


def echo_asks(c):
    """A server that repeats the credential, in each way, for each shape of credential."""
    for kind, make in (("key", c.key), ("letters", c.letters), ("password", c.password)):
        for way, said in ECHOES.items():
            if kind == "password" and way in LOST_ON_WORDS:
                continue  # without a secret's shape, and not what was sent
            place = "echo of %s: %s" % (kind, way)
            key = make(place)
            yield Ask(place, [("Authorization", "Bearer " + key)], answer=refusal(said(key)))
    for way, wrap in (("in raw", lambda text: refusal("Provider returned error", 401, raw=text,
                                                      provider_name="OpenAI")),
                      ("in a 200", lambda text: {"status": 200, "body": json.dumps(
                          {"error": {"message": text, "code": 401}})}),
                      ("in an event", lambda text: {
                          "status": 200, "type": "text/event-stream",
                          "body": "data: %s\n\n" % json.dumps({"error": {"code": 401, "message": text}})}),
                      ("in text", lambda text: {"status": 401, "type": "text/plain", "body": text}),
                      ("as JSON escapes", lambda text: {"status": 401, "body": '{"error":{"message":"%s"}}'
                                                        % "".join("\\u%04x" % ord(x) for x in text)}),
                      ("as the provider", lambda text: refusal("Provider returned error", 401,
                                                               provider_name=text, raw="{}")),
                      ("as the request's id", lambda text: {
                          "status": 401, "body": "{}", "headers": [("X-Request-Id", text)]})):
        for kind, make in (("key", c.key), ("letters", c.letters)):
            place = "echo of %s: %s" % (kind, way)
            key = make(place)
            yield Ask(place, [("Authorization", "Bearer " + key)], answer=wrap(key))


def all_asks(canaries):
    for some in (header_asks, target_asks, body_asks, answer_asks, echo_asks):
        yield from some(canaries)

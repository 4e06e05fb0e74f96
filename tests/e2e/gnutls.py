#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- --all
"""Programs that use GnuTLS, bare and under the shim: output, status and what the server
received are the same, a damaged key is diagnosed, a good one is not accused.

wget, pycurl (libcurl's GnuTLS build) and a test program of ours; with --all aria2, git's helper
for HTTPS and Emacs' url.el, too.
"""

import os
import shutil
import sys
import tempfile

from harness import (Mock, bare_and_shimmed, bare_environment, check, differences, finish, records,
                     run, skip)

BODY = '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
PYCURL = """
import io, sys, pycurl
url, ca, key, body = sys.argv[1:]
answer, c = io.BytesIO(), pycurl.Curl()
c.setopt(pycurl.URL, url)
c.setopt(pycurl.CAINFO, ca)
c.setopt(pycurl.HTTPHEADER, ["Authorization: Bearer " + key, "Content-Type: application/json"])
c.setopt(pycurl.POSTFIELDS, body)
c.setopt(pycurl.WRITEDATA, answer)
for again in range(2):
    c.perform()
    print(c.getinfo(pycurl.RESPONSE_CODE), answer.tell())
print(pycurl.version.count("GnuTLS"))
"""
HERE = os.path.dirname(os.path.abspath(__file__))
EMACS = """(progn (require 'gnutls) (require 'url)
 (setq gnutls-trustfiles (list "%s") gnutls-verify-error t network-security-level 'medium
       url-request-method "POST" url-request-data "%s"
       url-request-extra-headers '(("Authorization" . "Bearer %s")
                                   ("Content-Type" . "application/json")))
 (with-current-buffer (url-retrieve-synchronously "%s" t nil 30)
   (goto-char (point-min))
   (princ (buffer-substring (point) (line-end-position)))))"""


def wget(url, ca, key, work):
    return ["wget", "-q", "-O", "-", "--content-on-error", "--ca-certificate=" + ca,
            "--header=Authorization: Bearer " + key, "--header=Content-Type: application/json",
            "--post-data=" + BODY, url]


def pycurl(url, ca, key, work):
    return ["/usr/bin/python3", "-c", PYCURL, url, ca, key, BODY]


def aria2(url, ca, key, work):
    return ["aria2c", "-q", "--no-conf", "--allow-overwrite=true", "--dir=" + work, "--out=answer",
            "--ca-certificate=" + ca, "--header=Authorization: Bearer " + key,
            url.replace("/chat/completions", "/key")]


def git(url, ca, key, work):
    return ["git", "-c", "credential.helper=", "-c",
            "http.extraHeader=Authorization: Bearer " + key, "ls-remote",
            url.replace("/chat/completions", "/key")]


def emacs(url, ca, key, work):
    return ["emacs", "-Q", "--batch", "--eval", EMACS % (ca, BODY.replace('"', '\\"'), key, url)]


def findings(log):
    return [f["rule"] for r in records(log) for f in r.get("findings", []) if f["severity"] != "note"]


def ask(server, name, client, work):
    url = "https://localhost:%d/api/v1/chat/completions" % server.port
    log = os.path.join(work, "log")
    good = server.keys["good"]
    for what, key in (("good", good), ("damaged", good[:-9])):
        env = bare_environment(HOME=work, XDG_CACHE_HOME=work, GIT_TERMINAL_PROMPT="0",
                               GIT_SSL_CAINFO=server.ca)
        command = client(url, server.ca, key, work)
        run(command, env)
        expected = server.take()
        bare, shimmed = bare_and_shimmed(command, env, log, "localhost=openrouter",
                                         {"ORSHIM_FOLLOW": "1"})
        told = list(differences(bare, shimmed))
        check(not told, "%s, %s key: the same output and status" % (name, what), told)
        got = server.take()
        check(expected and got == expected + expected,
              "%s, %s key: the server got the same" % (name, what), (expected, got))
        found = findings(log)
        exchanges = records(log, "exchange")
        check(exchanges and all(r["status"] for r in exchanges),
              "%s, %s key: seen" % (name, what), exchanges)
        if what == "damaged":
            check("auth_token_length" in found, "%s: the damaged key is diagnosed" % name, found)
        elif client is not git:  # which asks for a repository that is not there
            check(not found, "%s: the good key is not accused" % name, found)
        tls = [t for r in records(log, "process") for t in r["tls"] if t["library"] == "GnuTLS"]
        check(tls and all(t["tap"] == "interposed" and t["version"] for t in tls),
              "%s: GnuTLS is in the record" % name, tls)


def host(server, work):
    """A send that GnuTLS wants to be called again, without its bytes; corked records; packets."""
    program = os.path.join(work, "host")
    built = run(["cc", "-D_GNU_SOURCE", "-o", program, os.path.join(HERE, "tap", "gnutls_host.c"), "-lgnutls"],
                dict(os.environ))
    if built.status:
        skip("a host of GnuTLS: no headers of it")
        return
    log = os.path.join(work, "log")
    server.take()
    bare, shimmed = bare_and_shimmed([program, str(server.port), server.keys["good"]],
                                     bare_environment(HOME=work), log, "localhost=openrouter")
    told = list(differences(bare, shimmed))
    check(not told and bare.status == 0, "host: the same output and status", told or bare)
    got = server.take()
    check(len(got) == 4 and got[:2] == got[2:], "host: the server got the same", got)
    seen = [(r["path"], r["status"]) for r in records(log, "exchange")]
    check(len(seen) == 2 and all(status == 200 for _, status in seen) and not findings(log),
          "host: both exchanges are whole", (seen, findings(log)))


def main():
    clients = [("wget", wget, "wget"), ("pycurl", pycurl, "/usr/bin/python3")]
    if "--all" in sys.argv:
        clients += [("aria2", aria2, "aria2c"), ("git", git, "git"), ("Emacs", emacs, "emacs")]
    with tempfile.TemporaryDirectory() as work, \
            Mock(record=os.path.join(work, "received")) as server:
        for name, client, program in clients:
            if shutil.which(program):
                ask(server, name, client, work)
            else:
                skip("%s is not installed" % name)
        host(server, work)
    return finish()


sys.exit(main())

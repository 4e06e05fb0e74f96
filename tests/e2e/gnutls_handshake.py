#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- all
"""TLS handshakes of GnuTLS that fail, and certificates that its clients refuse afterwards.

wget, pycurl (libcurl's GnuTLS build), git's helper and gnutls-cli, which verifies in the handshake;
with `all` aria2 and Emacs, too. aria2 names no server to localhost: it asks openrouter.ai, which is
this machine in a namespace. Each runs bare and under the shim against servers with bad
certificates or bad behaviour, with the same output and exit status, and the log says what was wrong.
"""

import json
import os
import re
import shutil
import sys

import harness
from harness import bare_and_shimmed, bare_environment, check, finish, records, skip
from harness.namespace import within

sys.path.insert(0, os.path.join(harness.HERE, "handshake"))
from server import PROXY, Servers  # noqa: E402

KEY = "sk-or-v1-" + "6b86b273" * 8
RULE = "tls_handshake_failed"
WORDS = {
    "untrusted": 'signed by "%s"' % PROXY,
    "selfsigned": "signed by itself",
    "name": "the server's certificate is for login.example.net, not for localhost",
    "expired": "has expired on 2020-02-01",
    "version": "ended the handshake with the alert protocol_version (70)",
    "alert": "localhost ended the handshake with the alert handshake_failure (40)",
    "reset": "during the handshake, before the server's first byte",
    "close": "during the handshake, before the server's first byte",
    "plain": "what answers for localhost does not speak TLS",
}
# X509_V_ERR_* and a bit of gnutls_certificate_status_t.
STATUS = {"untrusted": (20, 1 << 6), "selfsigned": (18, 1 << 6), "expired": (10, 1 << 10)}
PYCURL = """
import sys, pycurl
url, ca, key, verify = sys.argv[1:]
c = pycurl.Curl()
c.setopt(pycurl.URL, url)
c.setopt(pycurl.CAINFO, ca)
c.setopt(pycurl.SSL_VERIFYPEER, int(verify))
c.setopt(pycurl.SSL_VERIFYHOST, 2 * int(verify))
c.setopt(pycurl.HTTPHEADER, ["Authorization: Bearer " + key])
c.setopt(pycurl.WRITEFUNCTION, lambda b: len(b))
try:
    c.perform()
    print(c.getinfo(pycurl.RESPONSE_CODE))
except pycurl.error as problem:
    print(problem)
"""
EMACS = """(progn (require 'gnutls) (require 'url)
 (setq gnutls-trustfiles (list "{ca}") gnutls-verify-error t network-security-level 'medium
       url-request-extra-headers '(("Authorization" . "Bearer %s")))
 (condition-case problem (url-retrieve-synchronously "{url}" t nil 30)
   (error (princ problem))))""" % KEY


LOCAL, OTHER = "localhost", "openrouter.ai"


def clients(everything):
    """name, program, argv; {url}, {host}, {port} and {ca} are put in."""
    yield "wget", "wget", ["wget", "-q", "-O", "-", "--tries=1", "--ca-certificate={ca}",
                           "--header=Authorization: Bearer " + KEY, "{url}"]
    yield "pycurl", harness.PYTHON, [harness.PYTHON, "-c", PYCURL, "{url}", "{ca}", KEY, "1"]
    yield "git", "git", ["git", "-c", "http.sslCAInfo={ca}", "-c", "credential.helper=", "-c",
                         "http.extraHeader=Authorization: Bearer " + KEY, "ls-remote", "{url}"]
    yield "gnutls-cli", "gnutls-cli", ["gnutls-cli", "--x509cafile={ca}", "-p", "{port}", "localhost"]
    if everything:
        yield "aria2", "aria2c", ["aria2c", "-q", "--no-conf", "--max-tries=1", "--async-dns=false",
                                  "--allow-overwrite=true", "--dir={work}", "--out=answer",
                                  "--ca-certificate={ca}", "--header=Authorization: Bearer " + KEY, "{url}"]
        yield "Emacs", "emacs", ["emacs", "-Q", "--batch", "--eval", EMACS]


def run(argv, servers, mode, log, work, more):
    port = servers.ports[mode]
    put = {"url": "https://%s:%d/api/v1/key" % (servers.host, port), "ca": servers.ca, "port": str(port),
           "work": work}
    given = [re.sub(r"\{(url|ca|port|work)\}", lambda m: put[m[1]], a) for a in argv]
    env = bare_environment(
        "SSL_CERT_FILE", "GIT_SSL_CAINFO", HOME=work, XDG_CACHE_HOME=work, LANG="C.UTF-8",
                           GIT_TERMINAL_PROMPT="0", OPENROUTER_API_KEY=KEY, **more)
    bare, shimmed = bare_and_shimmed(given, env, log, servers.host + "=openrouter",
                                     {"ORSHIM_FOLLOW": "1"})
    # gnutls-cli prints what belongs to this connection alone.
    texts = [re.sub(rb"(?m)^.*(Session ID|Connecting to|0x).*$", b"", r.out + r.err)
             for r in (bare, shimmed)]
    check((bare.status, texts[0]) == (shimmed.status, texts[1]), "%s: the same with and without" %
          run.title, (bare, shimmed))
    return records(log)


def judge(name, mode, host, seen):
    title = run.title
    connections = [r for r in seen if r["record"] == "connection"]
    found = [f for r in connections for f in r["findings"]]
    check([f["rule"] for f in found] == [RULE], title + ": the finding, once", seen)
    if len(found) != 1:
        return
    record, finding = connections[0], found[0]
    check(WORDS[mode].replace(LOCAL, host) in finding["detail"] and record["host"] == host,
          title + ": what is wrong", record)
    check(record["verdict"] == {"refused_by": "nobody", "category": "deployment_config",
                                "cause": RULE}, title + ": the verdict", record)
    check(finding["certainty"] == "certain", title + ": it is certain", finding)
    if mode in STATUS:
        verify, bit = STATUS[mode]
        shake = record["handshake"]
        check(shake["verify"] == verify and shake["gnutls_status"] & bit and
              "GnuTLS status 0x%x" % shake["gnutls_status"] in finding["detail"],
              title + ": what GnuTLS said", record)
    if mode in ("untrusted", "selfsigned"):
        line = "export GIT_SSL_CAINFO=" if name == "git" else "gnutls-trustfiles"
        check(line in finding.get("fix", ""), title + ": how to trust it", finding)
    check(KEY[12:] not in json.dumps(seen), title + ": no key", "")


def matrix(local, other, work, everything):
    log = os.path.join(work, "log")
    for name, program, argv in clients(everything):
        if not shutil.which(program):
            skip(name + " is not installed")
            continue
        servers = other if name == "aria2" else local
        if not servers:
            skip(name + ": this machine allows no namespaces of their own")
            continue
        for mode in WORDS:
            run.title = "%s, %s" % (name, mode)
            more = {"GNUTLS_SYSTEM_PRIORITY_FILE": work + "/only12"} if mode == "version" else {}
            seen = run(argv, servers, mode, log, work, more)
            judge(name, mode, servers.host, seen)


def innocent(servers, work):
    """Whoever goes on all the same is not told about the certificate."""
    log = os.path.join(work, "innocent")
    cases = [
        ("wget, verification off", ["wget", "-q", "-O", "-", "--no-check-certificate", "{url}"]),
        ("pycurl, verification off", [harness.PYTHON, "-c", PYCURL, "{url}", "{ca}", KEY, "0"]),
    ]
    for title, argv in cases:
        for mode in ("untrusted", "name", "expired"):
            run.title = "%s, %s" % (title, mode)
            seen = run(argv, servers, mode, log, work, {})
            check([r["record"] for r in seen] == ["process", "exchange"],
                  run.title + ": the exchange, and nothing else", seen)


def inside(work, named):
    everything = "all" in sys.argv[1:]
    local = Servers(work, ["version"])
    other = None
    if everything and named:
        folder = os.path.join(work, "other")
        os.mkdir(folder)
        other = Servers(folder, ["version"], OTHER)
    with open(work + "/only12", "w", encoding="ascii") as settings:
        settings.write("[overrides]\ndisabled-version = tls1.3\n")
    try:
        matrix(local, other, work, everything)
        innocent(local, work)
    finally:
        for servers in (local, other):
            if servers:
                servers.close()
    return finish()


if __name__ == "__main__":
    sys.exit(within(lambda scratch, _: inside(scratch, True), "127.0.0.1 localhost %s\n" % OTHER,
                    otherwise=lambda scratch: inside(scratch, False)))

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""The relay where no filter can be installed: another filter with a listener exists, seccomp(2)
is refused, or unknown. Programs that take their proxy from the environment reach the relay
through it; for the others one line reports what is missing. With "all" also deno.
"""

import os
import subprocess
import sys

import harness
import redirect_clients
from redirect import place
import redirect_places
import redirect_trouble
from harness import check, finish

URL = place.BASE + "/chat/completions"
WAYS = ("busy", "denied", "absent")


def occupy(here):
    program = os.path.join(here.scratch, "occupy")
    subprocess.run(["cc", "-O1", "-o", program, os.path.join(place.HERE, "occupy.c")], check=True)
    return program


def programs(go):
    """(name, argv, variables of its trust, mode)"""
    redirect_places.curl.key = programs.key
    yield "curl", redirect_places.curl(), ["SSL_CERT_FILE"], "all"
    if go:
        yield "Go, static", [go, URL, URL], ["SSL_CERT_FILE"], "auto"
        yield ("Go, by a shell", ["/bin/sh", "-c", '"$@"; exit $?', "sh", go, URL],
               ["SSL_CERT_FILE"], "auto")
    deno = "all" in sys.argv and (harness.cached("linux-x64-glibc-*/deno") or [None])[-1]
    if deno:
        yield ("deno", [deno, "run", "--allow-all", redirect_clients.CHAT + ".js", "fetch", place.BASE],
               ["DENO_CERT", "SSL_CERT_FILE"], "auto")


def served(here, around, go):
    for way in WAYS:
        for name, argv, trust, mode in programs(go):
            env = redirect_places.quoted(here, trust)
            title = "%s, filters %s" % (name, way)
            if name != "deno":
                redirect_places.diagnosed(here, title, argv, env, mode, [around, way])
                continue
            # With any proxy it writes its header fields in another order.
            bare = here.bare(argv, env)
            relayed = here.relayed(argv, env, mode, around=[around, way])
            redirect_trouble.same(title, bare, relayed)
            check({r["verdict"]["cause"] for r in place.of(here.logged(), "exchange")}
                  == {"auth_token_quoted"}, title + ": diagnosed", here.logged())


def chained(here, around):
    """The user's own proxy, with a login, is asked by us as the tool would have asked it."""
    proxy = redirect_places.Proxy(place.OTHER)
    url = "http://me:p%%40ss@%s:%d" % (place.OTHER, proxy.port)
    env = redirect_places.quoted(here, ["SSL_CERT_FILE"], {"https_proxy": url})
    redirect_places.diagnosed(here, "a proxy of the user's own", redirect_places.curl(), env, "all",
                         [around, "busy"])
    check(proxy.asked == ["openrouter.ai:443"] * 2, "it was asked each time", proxy.asked)
    check(len(set(proxy.logins)) == 1 and proxy.logins[0], "with the same login", proxy.logins)
    proxy.close()


def others(here, around):
    """A host that is no API's, and one that is not there."""
    pem, key = redirect_trouble.certificate(here.scratch, "foreign", "foreign.example")
    server = redirect_trouble.Server(place.OTHER, 443, pem, key)
    env = here.environment(here.good, [])
    argv = place.unseen("curl", "-sS", "--cacert", pem, "https://foreign.example/")
    bare = here.bare(argv, env)
    relayed = here.relayed(argv, env, "all", around=[around, "busy"])
    redirect_trouble.same("a host that is no API's", bare, relayed)
    check(place.passed_by(here.logged())[0] == {"foreign.example"}, "is in the record",
          here.logged())
    server.close()
    argv[-1] = "https://foreign.example:444/"
    relayed = here.relayed(argv, env, "all", around=[around, "busy"])
    check(relayed[0] != 0, "a port where nobody is", relayed)


GUEST = """
import os, socket, urllib.parse
at = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
def ask(login):
    with socket.create_connection((at.hostname, at.port), 30) as s:
        s.sendall(b"CONNECT openrouter.ai:443 HTTP/1.1\\r\\n" + login + b"\\r\\n")
        return s.recv(300).split(b"\\r\\n")[0].decode()
print(ask(b""), ask(b"Proxy-Authorization: Basic b3JzaGltOm5v\\r\\n"), sep="\\n")
"""


def strangers(here, around):
    relayed = here.relayed(place.unseen("/usr/bin/python3", "-c", GUEST),
                           here.environment(here.good, []), "all", around=[around, "busy"])
    check(relayed[1].count(b"407 ") == 2, "who has not the secret is not served", relayed)
    with open(here.log) as log:
        check("orshim:" not in log.read() + here.said.replace("orshim: ", ""),
              "the secret is not written", here.said)


def missing(here, around):
    """A program that takes no notice of HTTPS_PROXY: as without us, and said."""
    env = here.environment(here.good, ["SSL_CERT_FILE"])
    argv = place.unseen("/usr/bin/python3", "-c", "import http.client, ssl\n"
                        "c = http.client.HTTPSConnection('openrouter.ai')\n"
                        "c.request('GET', '/api/v1/models'); print(c.getresponse().status)")
    for way in WAYS:
        bare = here.bare([around, way, *argv], env)
        relayed = here.relayed(argv, env, "all", around=[around, way])
        redirect_trouble.same("no notice of HTTPS_PROXY, filters " + way, bare, relayed)
    java = "/usr/bin/java"
    if os.path.exists(java):
        env.pop("SSL_CERT_FILE")
        bare = here.bare([around, "busy", java, "-version"], env)
        relayed = here.relayed([java, "-version"], env, "auto", around=[around, "busy"])
        redirect_trouble.same("Java", bare, relayed)
        check("asks about its system calls already, and Java takes no proxy from the environment"
              in here.said, "says what is missing", here.said)


OUTLIVES = redirect_trouble.OUTLIVES.replace("urllib.request\n", "urllib.request, time\n", 1)


def outlives(here, around):
    """A process that outlives the run still has its proxy; after it nothing is left."""
    env = dict(here.environment(here.good, ["SSL_CERT_FILE"]), ORSHIM_TEXT="off")
    said = os.path.join(here.scratch, "said")
    here.forget()
    read, write = os.pipe()
    run = subprocess.run([around, "busy", place.harness.ORSHIM, "run", "--relay", "all", "--log",
                          here.log, "--", *place.unseen("/usr/bin/python3", "-c", OUTLIVES, said)],
                         env=env, stdin=read, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         timeout=60, check=False)
    check(run.returncode == 0 and not os.path.exists(said), "orshim run ends with the tool", run)
    os.close(read)
    os.close(write)
    check(redirect_trouble.wait_for_end(), "the relay ends with the process that outlives it")
    check(os.path.exists(said) and open(said).read() == "200", "which was served")
    check(len(place.of(here.logged(), "exchange")) == 1, "and seen", here.logged())


def inside(scratch, _):
    go = redirect_clients.go_program(scratch)
    with place.Place(scratch) as here:
        programs.key = redirect_places.curl.key = here.good
        around = occupy(here)
        served(here, around, go)
        for test in (chained, others, strangers, missing, outlives):
            test(here, around)
    check(redirect_trouble.wait_for_end(), "no relay is left")
    return finish()


if __name__ == "__main__":
    sys.exit(place.main(inside))

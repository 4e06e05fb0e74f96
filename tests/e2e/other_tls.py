#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""TLS libraries that are not tapped: mbedTLS, in libgit2 under CPython, which has an OpenSSL as
well, and wolfSSL, in a small program. What goes by them is not seen, and the end of `orshim run`
says so and names the library; where the process used its OpenSSL after all, nobody is named.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from harness import (HERE, ORSHIM, PYTHON, Mock, bare_environment, differences, finish, judge,
                     records, run, skip)

CLONE = """
import pygit2, sys
class Callbacks(pygit2.RemoteCallbacks):
    def certificate_check(self, *_): return True
try:
    pygit2.clone_repository(sys.argv[1] + "/repository", sys.argv[2], bare=True, callbacks=Callbacks())
except pygit2.GitError as problem:
    print(problem)
"""
ASK = """
import pygit2, http.client, ssl, sys
host = sys.argv[1].split("/")[2]
context = ssl.create_default_context(cafile=sys.argv[3])
c = http.client.HTTPSConnection(host, context=context)
c.request("GET", "/api/v1/key", headers={"Authorization": 'Bearer "sk-or-v1-0"'})
print(c.getresponse().status)
"""
NOTHING = "import pygit2, ssl; ssl.create_default_context()"


class Place:
    def __init__(self, folder, mock):
        self.folder, self.base, self.ca = folder, "https://localhost:%d" % mock.port, mock.ca
        self.env = bare_environment(XDG_STATE_HOME=folder, SSL_CERT_FILE=mock.ca,
                                    ORSHIM_HOSTS="localhost:%d=openrouter" % mock.port)

    def look(self, name, command, libraries, exchanges, words):
        """What COMMAND is under `orshim run`; LIBRARIES of its process records, (name, tap)."""
        log = os.path.join(self.folder, name.replace(" ", "-") + ".log")
        bare = run(command, self.env)
        shutil.rmtree(os.path.join(self.folder, "clone"), ignore_errors=True)
        mine = run([ORSHIM, "run", "--relay", "off", "--log", log, "--", *command], self.env)
        said = mine.err.decode()
        found = {(c["library"], c["tap"]) for r in records(log, "process") for c in r["tls"]}
        seen = [r["status"] for r in records(log, "exchange")]
        judge(name, [
            not bare.out and exchanges and "bare: %s" % (bare,),
            *differences(bare, mine._replace(err=bare.err)),
            found != libraries and "libraries %s, wanted %s" % (found, libraries),
            seen != exchanges and "exchanges %s" % seen,
            *("%r is not said: %s" % (word, said) for word in words if word not in said)])

    def python(self, code):
        return [PYTHON, "-c", code, self.base, os.path.join(self.folder, "clone"), self.ca]


def mbedtls(place):
    if subprocess.run([PYTHON, "-c", "import pygit2"], capture_output=True, check=False).returncode:
        skip("python3-pygit2 is not installed")
        return
    place.look("mbedTLS in libgit2, CPython's OpenSSL is not used", place.python(CLONE),
               {("mbedTLS", "none")}, [], ["mbedTLS is not tapped"])
    place.look("CPython's OpenSSL, mbedTLS is not used", place.python(ASK),
               {("OpenSSL", "method-table")}, [401], ["quotation marks"])
    place.look("neither is used", place.python(NOTHING), set(), [], ["it made no connection with that"])


def wolfssl(place):
    program = os.path.join(place.folder, "wolfssl")
    built = subprocess.run([os.environ.get("CC", "cc"), "-O1", "-o", program,
                            os.path.join(HERE, "other_tls", "wolfssl.c"), "-lwolfssl"],
                           capture_output=True, check=False)
    if built.returncode:
        skip("libwolfssl-dev is not installed")
        return
    told = run([ORSHIM, "doctor", program], place.env).out.decode()
    judge("orshim doctor names wolfSSL", ["wolfSSL is not tapped" not in told and told])
    place.look("wolfSSL", [program, place.base.split(":")[-1]], {("wolfSSL", "none")}, [],
               ["wolfSSL is not tapped"])


def main():
    with tempfile.TemporaryDirectory(prefix="orshim-other.") as folder, Mock() as mock:
        place = Place(folder, mock)
        mbedtls(place)
        wolfssl(place)
    return finish()


if __name__ == "__main__":
    sys.exit(main())

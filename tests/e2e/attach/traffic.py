# SPDX-License-Identifier: MIT
"""traffic.py BASE: as traffic.js, by two threads, one of which opens a connection each time."""
import http.client
import json
import os
import signal
import ssl
import sys
import threading
import time
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1])
count = {"answers": 0, "failures": []}
headers = {"Authorization": "Bearer " + os.environ["OPENROUTER_API_KEY"]}
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])


def connect():
    return http.client.HTTPSConnection(url.hostname, url.port, context=context, timeout=20)


def ask(kept):
    connection = connect()
    while True:
        try:
            connection.request("GET", url.path + "/key", headers=headers)
            answer = connection.getresponse()
            json.loads(answer.read())
            if answer.status != 401:
                count["failures"].append("status %d" % answer.status)
            count["answers"] += 1
        except Exception as problem:  # whatever it is, it counts
            count["failures"].append(repr(problem))
            connection = connect()
        if not kept:
            connection.close()
            connection = connect()
        time.sleep(0.005)


signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
for kept in (True, False):
    threading.Thread(target=ask, args=(kept,), daemon=True).start()
signal.sigwait([signal.SIGTERM])
print(json.dumps(count), flush=True)
os._exit(0)

# SPDX-License-Identifier: MIT
"""Requests of a program that writes numbers of its own into each, part by part but for those.

What differs between two bare runs varies; all else of a third run has to be the same: each byte of the
head, each member of a body of JSON, their order unless that varies, too, and the body's blanks.
"""

import json
import re

TOKEN = re.compile(rb"[0-9A-Za-z_+-]+|[^0-9A-Za-z_+-]")
SHARE = 0.9  # of the bytes at least are the same in two bare runs


def leaves(value, path):
    """(path, bytes) of each value in VALUE; JSON within a text is looked into."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, path + (name,))
    elif isinstance(value, list):
        for n, member in enumerate(value):
            yield from leaves(member, path + ("%05d" % n,))
    elif isinstance(value, str) and value.startswith("{"):
        yield from of_json(value.encode("utf-8", "surrogatepass"), path)
    else:
        yield path, json.dumps(value).encode()


def of_json(text, path):
    try:
        value = json.loads(text)
    except ValueError:
        yield path, text
        return
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    yield path + ("", "has no blanks"), str(compact == text).encode()
    yield from leaves(value, path)


def parts(request):
    head, _, body = request.partition(b"\r\n\r\n")
    for n, line in enumerate(head.split(b"\r\n")):
        name, colon, value = line.partition(b": ")
        path = ("", "head", "%03d" % n)
        yield path, name + colon
        yield from of_json(value, path + ("value",)) if value.startswith(b"{") else [(path + ("value",), value)]
    yield from of_json(body, ("body",))


def is_same_but(first, second, third):
    """Is THIRD what FIRST and SECOND have in common? Where their tokens do not fit, all of it varies."""
    a, b, c = (TOKEN.findall(one) for one in (first, second, third))
    if len(a) != len(b):
        return True
    return len(a) == len(c) and all(x == z or x != y for x, y, z in zip(a, b, c))


def of_one(*three):
    """What is wrong with one request, in its three runs."""
    a, b, c = (list(parts(one)) for one in three)
    if [path for path, _ in a] != [path for path, _ in b]:
        a, b, c = sorted(a), sorted(b), sorted(c)
    if not [path for path, _ in a] == [path for path, _ in b] == [path for path, _ in c]:
        names = [{path for path, _ in one} for one in (a, b, c)]
        yield "other parts, or in another order: %r, %r" % (sorted(names[0] ^ names[1])[:9],
                                                           sorted(names[0] ^ names[2])[:9])
        return
    vary = sum(len(x) for (_, x), (_, y) in zip(a, b) if x != y)
    if vary > (1 - SHARE) * sum(len(x) for _, x in a):
        yield "the bare runs differ too much: %r" % [p for (p, x), (_, y) in zip(a, b) if x != y][:20]
    for (path, x), (_, y), (_, z) in zip(a, b, c):
        if x != z and not (x != y and is_same_but(x, y, z)):
            yield "%r: %r is %r" % (path, x[:200], z[:200])


def problems(bare, again, relayed):
    """What is wrong with the requests RELAYED, beside those of two bare runs."""
    if not bare or not len(bare) == len(again) == len(relayed):
        yield "%d, %d and %d requests" % (len(bare), len(again), len(relayed))
        return
    for n, three in enumerate(zip(bare, again, relayed)):
        for wrong in of_one(*three):
            yield "request %d: %s" % (n + 1, wrong)


def damages(request):
    """The request with a byte changed, each time in another place that does not vary."""
    head = request.index(b"\r\n\r\n")
    yield "the case of a field's name", re.sub(rb"(?i)\r\nuser-agent:", lambda m: m[0].swapcase(), request, count=1)
    yield "a blank at a field's end", request[:head] + b" " + request[head:]
    yield "two fields in another order", re.sub(rb"(\r\n[^\r]+)(\r\n[^\r]+)\r\n\r\n", rb"\2\1\r\n\r\n", request,
                                                count=1)
    yield "a byte more in the body", request[:-1] + b" " + request[-1:]
    yield "the version", request.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)


def unnoticed(bare, again, relayed):
    """Names of the damages to the last request that problems() would not see."""
    for name, damaged in damages(relayed[-1]):
        if damaged != relayed[-1] and not list(problems(bare, again, [*relayed[:-1], damaged])):
            yield name

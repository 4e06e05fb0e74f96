# SPDX-License-Identifier: MIT
"""A capture as a recorder would have written it: captures of one exchange of plain HTTP/1.1."""
from . import archive, entry, pairs


def sides(text):
    """The bytes of client and server, and the host; None: it has more than that."""
    bytes_of, host = {b">": b"", b"<": b""}, None
    for line in text.split(b"\n"):
        if line[:1] == b"=":
            words = line.split()
            if words[1] not in (b"close", b"wait", b"host"):
                return None
            host = words[2].decode() if words[1] == b"host" else host
        elif line[:1] in bytes_of:
            form, rest = line[1:2], line[2:] + b"\r\n"
            if form == b"x":
                rest = bytes.fromhex(line[3:].split(b"#")[0].decode().replace(" ", ""))
            elif form == b"-":
                rest = line[3:]
            bytes_of[line[:1]] += rest
    return bytes_of[b">"], bytes_of[b"<"], host


def message(raw):
    """Its first line, fields and body; None: framed or coded in a way that a recorder would undo."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = [(name, value.strip(" \t")) for name, colon, value in
              (line.partition(":") for line in lines[1:]) if colon]
    known = {name.lower(): value for name, value in fields}
    length = known.get("content-length", str(len(body)))
    if len(fields) != len(lines) - 1 or any(line[:1] in " \t" for line in lines[1:]) \
            or length != str(len(body)) or {"transfer-encoding", "content-encoding"} & set(known):
        return None
    return lines[0].split(" "), fields, body, known


def har_of(text):
    """The archive; None: there is none of it."""
    parts = sides(text)
    asked = parts and message(parts[0])
    told = message(parts[1]) if parts and parts[1] else None
    if not asked or (parts[1] and not told) or len(asked[0]) != 3 or asked[0][2] != "HTTP/1.1":
        return None
    (method, target, _), fields, body, known = asked
    host = known.get("host") or parts[2]
    try:
        posted = {"postData": {"mimeType": "", "text": body.decode()} if method == "POST" else None}
    except UnicodeDecodeError:
        return None
    if not host:
        return None
    response = {"status": 0, "headers": [], "content": {}}
    if told:
        response = {"status": int(told[0][1]), "headers": pairs(told[1]),
                    "content": {"text": told[2].decode("utf-8", "replace")}}
    return archive({"name": "mitmproxy", "version": "12.1.1"}, entry({
        "method": method, "url": "https://" + host + target if target[:1] == "/" else target,
        "headers": pairs(fields), **posted}, response))

# SPDX-License-Identifier: MIT
"""Bytes from one socket to the other until the first one ends."""

import socket
import threading


def forward(one, other):
    try:
        while True:
            piece = one.recv(65536)
            if not piece:
                break
            other.sendall(piece)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def start(one, other):
    threading.Thread(target=forward, args=(one, other), daemon=True).start()


def both(near, far):
    """Either way; returns when FAR has said all."""
    start(near, far)
    forward(far, near)

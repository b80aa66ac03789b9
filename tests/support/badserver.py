#!/usr/bin/env python3
"""A web server with all the faults a web server can have.

    badserver.py DIR

Listens on three ports of 127.0.0.1 and writes their numbers, "TLS PLAIN
SILENT", to DIR/ports: HTTPS with DIR/server.pem (certificate and key), HTTP,
and one that accepts connections and never says a word.  Ends when its
standard input ends.  The fault is named by the path:

    /echo        200, the request as the server saw it
    /status/N    status N, body "status N"
    /redirect    302 to /echo of the other port
    /slow        reads the request and never answers
    /slowbody    header and half of the body, then nothing
    /reset       header and half of the body, then a TCP reset
    /hangup      closes without an answer
    /huge        10 MB of body
    /lines       300 header lines
    /line        one header line without end
    /garbage     no HTTP at all
    /stream      200, "one\\n" ... "five\\n", one in 50 ms, in chunks
    /endless     200, "tick\\n" in a chunk each 20 ms, for ever
    /torrent     200, 64 MB in chunks as fast as they are taken
    /after/S     503 with "Retry-After: S" ("_" for a space)
    /soon        503 with Retry-After, a date in 30 seconds
    /gzip        "Content-Encoding: gzip", though nobody asked
"""
import itertools
import os
import socket
import ssl
import struct
import sys
import threading
import time
from email.utils import formatdate

PORTS = {}


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(status, body, *headers):
    lines = ["HTTP/1.1 %s x" % status, "Content-Length: %d" % len(body), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def reset(conn):
    raw = conn
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(raw.detach())


def flood(conn, piece):
    conn.sendall(b"HTTP/1.1 200 x\r\n")
    while True:
        conn.sendall(piece)


def chunks(conn, pieces, pause):
    conn.sendall(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in pieces:
        conn.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        time.sleep(pause)
    conn.sendall(b"0\r\n\r\n")


def answer(conn, path, request, port):
    """Answer one request. True: the connection may go on."""
    if path == "/echo":
        conn.sendall(reply(200, request))
    elif path.startswith("/status/"):
        status = path[8:]
        conn.sendall(reply(status, b"status " + status.encode()))
    elif path == "/redirect":
        other = "http://127.0.0.1:%d/echo" % PORTS["plain"]
        conn.sendall(reply(302, b"", "Location: " + other))
    elif path == "/slow":
        time.sleep(60)
    elif path == "/slowbody":
        conn.sendall(reply(200, b"x" * 1000)[:-500])
        time.sleep(60)
    elif path == "/reset":
        conn.sendall(reply(200, b"x" * 1000)[:-500])
        time.sleep(0.2)
        reset(conn)
        return False
    elif path == "/hangup":
        return False
    elif path == "/huge":
        conn.sendall(reply(200, b"h" * 10 * 1024 * 1024))
    elif path == "/lines":
        flood(conn, b"X-Line: y\r\n")
    elif path == "/line":
        flood(conn, b"z" * 4096)
    elif path == "/garbage":
        conn.sendall(b"\x00\x01\x02 hello\r\n\r\n")
        return False
    elif path == "/stream":
        chunks(conn, (b"one\n", b"two\n", b"three\n", b"four\n", b"five\n"), 0.05)
    elif path == "/endless":
        chunks(conn, itertools.repeat(b"tick\n"), 0.02)
    elif path == "/torrent":
        chunks(conn, (b"%08d" % i * 8192 for i in range(1024)), 0)
    elif path.startswith("/after/"):
        conn.sendall(reply(503, b"", "Retry-After: " + path[7:].replace("_", " ")))
    elif path == "/soon":
        when = formatdate(time.time() + 30, usegmt=True)
        conn.sendall(reply(503, b"", "Retry-After: " + when))
    elif path == "/gzip":
        conn.sendall(reply(200, b"not gzip", "Content-Encoding: gzip"))
    else:
        conn.sendall(reply(404, b"no such fault"))
    return True


def serve(conn, context, port):
    try:
        if context is not None:
            conn = context.wrap_socket(conn, server_side=True)
        while True:
            request = read_request(conn)
            if request is None:
                break
            path = request.split(b" ", 2)[1].decode()
            if not answer(conn, path, request, port):
                break
        conn.close()
    except OSError:
        pass


def accept(listener, context, port):
    held = []
    while True:
        conn, _ = listener.accept()
        if port == "silent":
            held.append(conn)
            continue
        threading.Thread(target=serve, args=(conn, context, port), daemon=True).start()


def main():
    directory = sys.argv[1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(directory, "server.pem"))
    for name in ("tls", "plain", "silent"):
        listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        PORTS[name] = listener.getsockname()[1]
        args = (listener, context if name == "tls" else None, name)
        threading.Thread(target=accept, args=args, daemon=True).start()
    temporary = os.path.join(directory, "ports.new")
    with open(temporary, "w") as f:
        f.write("%(tls)d %(plain)d %(silent)d\n" % PORTS)
    os.rename(temporary, os.path.join(directory, "ports"))
    sys.stdin.read()


main()

#!/usr/bin/env python3
"""A git server over HTTP(S) with faults, for tests.

    gitserver.py DIR

Serves the bare repositories below DIR/repositories with git http-backend on
two ports of 127.0.0.1, HTTPS (DIR/server.pem) and HTTP; a third port accepts
connections and is silent.  Writes "TLS PLAIN SILENT" to DIR/ports and ends
when its standard input ends.  The first part of the path chooses:

    /open/R.git       no authentication
    /auth/R.git       Basic authentication, user and password from DIR/login
                      ("user:password", read for each request)
    /v0/R.git         no authentication, protocol version 0 only
    /moved/R.git      redirect to /auth/R.git on the plain port
    /broken/R.git     500 with a text
    /stall/R.git      the header and then nothing

Each request is a line in DIR/requests: port name, method, path, Authorization.
"""
import base64
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIR = sys.argv[1]
PORTS = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def plain(self, status, text, *headers):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(body)

    def allowed(self):
        with open(os.path.join(DIR, "login")) as f:
            want = base64.b64encode(f.read().strip().encode()).decode()
        return self.headers.get("Authorization") == "Basic " + want

    def handle_any(self):
        path, _, query = self.path.partition("?")
        kind, _, rest = path.lstrip("/").partition("/")
        name = self.server.port_name
        with open(os.path.join(DIR, "requests"), "a") as f:
            f.write("%s %s %s %s\n" % (name, self.command, self.path,
                                       self.headers.get("Authorization")))
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if kind == "moved":
            self.plain(301, "", ("Location", "http://127.0.0.1:%d/auth/%s?%s" %
                                 (PORTS["plain"], rest, query)))
        elif kind == "broken":
            self.plain(500, "out of coffee")
        elif kind == "stall":
            self.send_response(200)
            self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
            self.end_headers()
            self.wfile.flush()
            time.sleep(60)
        elif kind == "auth" and not self.allowed():
            self.plain(401, "who are you?", ("WWW-Authenticate", 'Basic realm="git"'))
        else:
            self.backend(rest, query, body, kind == "v0")

    do_GET = do_POST = handle_any

    def backend(self, path, query, body, old):
        env = {
            "PATH": os.environ["PATH"],
            "HOME": DIR,
            "GIT_PROJECT_ROOT": os.path.join(DIR, "repositories"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": "/" + path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
        }
        if not old:
            env["GIT_PROTOCOL"] = self.headers.get("Git-Protocol", "")
        done = subprocess.run(["git", "http-backend"], input=body, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        status = 200
        headers = []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def silent(listener):
    held = []
    while True:
        held.append(listener.accept())


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(DIR, "server.pem"))
    for name in ("tls", "plain"):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.port_name = name
        if name == "tls":
            server.socket = context.wrap_socket(server.socket, server_side=True)
        PORTS[name] = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    PORTS["silent"] = listener.getsockname()[1]
    threading.Thread(target=silent, args=(listener,), daemon=True).start()
    with open(os.path.join(DIR, "ports.new"), "w") as f:
        f.write("%(tls)d %(plain)d %(silent)d\n" % PORTS)
    os.rename(os.path.join(DIR, "ports.new"), os.path.join(DIR, "ports"))
    sys.stdin.read()


main()

#!/usr/bin/env python3
"""A fake Argo CD API server: the parts that doorbell speaks with.

In a test:

    from argocd import ArgoCD

    with ArgoCD(tls="server.pem") as argo:          # or tls=None: plain HTTP
        argo.url                                    # "https://127.0.0.1:PORT"
        argo.token("secret", ["get", "sync"])       # what a bearer token may do;
        argo.token("small", ["get"], projects=["a"])  # in which projects
        argo.add("shop", project="a", namespace="argocd", repo="https://...",
                 target="main", path=".", automated=True, revision=OLD)
        argo.push("https://...", "main", NEW)       # what a refresh will resolve
        ...
        argo.wait(lambda: argo.count("shop", "refresh") == 1, 10)
        argo.calls                                  # every call, see below

As a program, for a look by hand (applications: a list of keyword arguments of
add(), as JSON; calls are printed as JSON lines):

    argocd.py [--tls PEM] [--port N] [--token TOKEN] [APPLICATIONS.json]

What it does as Argo CD does it:

  - Authorization: Bearer; none or a wrong one is 401, code 16.
  - GET /api/v1/applications/NAME with project, appNamespace, refresh.  An
    unknown application is 403 code 7 without project, 404 code 5 with it.
    refresh holds the answer for `refresh_seconds`, then resolves the target
    revision as told by push() and answers with the new status; an automated
    application is Synced to it, `sync_seconds` later by an operation.  What is
    rendered comes from `bases` ((url, target), ...), too, but a normal refresh
    and a sync take what was rendered of the same revisions before, and without
    `self_heal` nothing is synced twice to the same revision by itself.
  - POST /api/v1/applications/NAME/sync: the content type must be exactly
    application/json (415); sync window (403), application deleting (400 code
    9), revision against auto-sync (400 code 9), operation in progress (400
    code 9), else an operation of `sync_seconds` starts.
  - GET /api/v1/applications, with projects or project.
  - GET /api/v1/stream/applications: server-sent events, first all applications
    as ADDED, then changes, without the fields that were not asked for.
  - Anything outside /api/ is the web page, with 200.

What can be made to go wrong:

    app = argo.apps["argocd/shop"]
    app.window = True            # outside its sync windows
    app.deleting = True
    app.lost = 2                 # the next two refreshes are lost (up to 3.5)
    app.operation_until          # monotonic time until which it is busy
    app.error = "text"           # a ComparisonError in its status
    argo.deaf = True             # streams list, but tell of no change
    argo.end_streams()           # all that are open break off
    argo.script("shop", 503, "reset", ("hang", 5), 429, ...)
        # the next calls for it end so, one entry a call; "*": for any.
        # N: that status with Argo CD's JSON; (N, {"Retry-After": "2"}): with
        # headers; (N, {...}, "body"): with that body; "reset": a TCP reset
        # instead of an answer; "close": no answer; ("hang", S): S seconds of
        # nothing, then as usual; "ok": as usual

Each call is a dict: time (monotonic), wall, method, path, query, body (JSON or
None), headers, token, application ("namespace/name" or the name as asked),
action ("get", "refresh", "hard", "sync", "list", "watch", "other"), status (0: none).
Scripts of a stream go by the name "stream".
"""
import argparse
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

HTTP_OF_CODE = {1: 408, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400,
                10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401}
CODE_OF_HTTP = {400: 3, 401: 16, 403: 7, 404: 5, 408: 1, 409: 10, 429: 8, 500: 2, 501: 12,
                503: 14, 504: 4}


def pruned(document, fields):
    """Only what one of the paths leads to; all if there is none."""
    if not fields or [] in fields:
        return document
    kept = {}
    for name, value in document.items() if isinstance(document, dict) else ():
        below = [f[1:] for f in fields if f[0] == name]
        if below:
            kept[name] = pruned(value, below)
    return kept


class Refused(Exception):
    """An error of Argo CD: a gRPC code and a text."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


class Application:
    def __init__(self, name, project="default", namespace="argocd", repo="", target="HEAD",
                 path=".", automated=False, revision="", sources=None, bases=(), self_heal=False,
                 sync_seconds=None, **extra):
        self.name = name
        self.project = project
        self.namespace = namespace
        self.sources = sources or [{"repoURL": repo, "targetRevision": target, "path": path}]
        self.multiple = sources is not None
        self.automated = automated
        self.self_heal = self_heal
        self.sync_seconds = sync_seconds  # None: what ArgoCD was made with
        self.bases = [tuple(base) for base in bases]
        self.revisions = [revision] * len(self.sources)
        self.rendered = [None] * len(self.bases)  # older than what any push() says
        self.cache = {tuple(self.revisions): self.rendered}
        self.synced = self.state()
        self.attempted = list(self.revisions)
        self.reconciled = None
        self.extra = extra
        self.window = False
        self.deleting = False
        self.lost = 0
        self.error = None
        self.operation_until = 0.0
        self.refreshed = 0
        self.syncs = 0

    def state(self):
        return self.revisions, self.rendered

    def render(self, heads, hard):
        """Resolve the sources; render them, past the cache or from it."""
        self.reconciled = time.time()
        self.revisions = [heads.get((s["repoURL"], s.get("targetRevision", "HEAD")), old)
                          for s, old in zip(self.sources, self.revisions)]
        key = tuple(self.revisions)
        if hard or key not in self.cache:
            self.cache[key] = [heads.get(base, "") for base in self.bases]
        self.rendered = self.cache[key]

    def settle(self):
        """Let an operation that is over have had its effect."""
        if self.operation_until and time.monotonic() >= self.operation_until:
            self.operation_until = 0.0
            self.synced = self.state()

    def start(self, seconds):
        self.syncs += 1
        self.attempted = self.revisions
        self.operation_until = time.monotonic() + (self.sync_seconds or seconds)

    def document(self):
        self.settle()
        sync = {"status": "Synced" if self.synced == self.state() else "OutOfSync"}
        spec = {"project": self.project, "destination": {"namespace": self.name}}
        if self.multiple:
            spec["sources"] = self.sources
            sync["revisions"] = self.revisions
        else:
            spec["source"] = self.sources[0]
            sync["revision"] = self.revisions[0]
        if self.automated:
            spec["syncPolicy"] = {"automated": {"prune": True, "selfHeal": self.self_heal}}
        metadata = {"name": self.name, "namespace": self.namespace}
        metadata.update(self.extra.get("metadata", {}))
        document = {"metadata": metadata, "spec": spec,
                    "status": {"sync": sync, "health": {"status": "Healthy"}}}
        if self.reconciled:
            document["status"]["reconciledAt"] = time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.reconciled))
        if self.error:
            document["status"]["conditions"] = [{"type": "ComparisonError",
                                                 "message": self.error}]
        if self.operation_until:
            document["operation"] = {"sync": {}}
        return document


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.server.argo.serve(self, self.rfile.read(length))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any

    def reply(self, status, body, headers=None):
        text = body if isinstance(body, str) else json.dumps(body)
        data = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type",
                         "text/html" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events):
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            data = event.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def reset(self):
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def __init__(self, address, handler, context):
        self.context = context
        super().__init__(address, handler)

    def finish_request(self, request, client_address):
        # The handshake belongs to the connection's thread, not to accept().
        try:
            if self.context is not None:
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
        except OSError:
            pass

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)


class ArgoCD:
    def __init__(self, tls=None, port=0, refresh_seconds=0.02, sync_seconds=0.05):
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
        self.refresh_seconds = refresh_seconds
        self.sync_seconds = sync_seconds
        self.tokens = {}
        self.apps = {}
        self.heads = {}
        self.scripts = {}
        self.calls = []
        self.deaf = False
        self.streams = 0  # are to end that began as one of the first so many
        self.on_call = None
        self.lock = threading.RLock()
        self.server = Server(("127.0.0.1", port), Handler, context)
        self.server.argo = self
        self.port = self.server.server_address[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # -- what a test says --

    def token(self, token, allowed, projects=None):
        self.tokens[token] = (set(allowed), set(projects) if projects else None)

    def add(self, name, **settings):
        app = Application(name, **settings)
        with self.lock:
            self.apps["%s/%s" % (app.namespace, name)] = app
        return app

    def push(self, repo, target, revision):
        with self.lock:
            self.heads[(repo, target)] = revision

    def script(self, name, *entries):
        with self.lock:
            self.scripts.setdefault(name, []).extend(entries)

    def end_streams(self):
        with self.lock:
            self.streams = self.count(action="watch")

    def of(self, name=None, action=None):
        with self.lock:
            return [c for c in self.calls
                    if (name is None or c["application"].split("/")[-1] == name) and
                    (action is None or c["action"] == action)]

    def count(self, name=None, action=None):
        return len(self.of(name, action))

    def wait(self, condition, seconds=10.0):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    # -- a call --

    def serve(self, handler, body):
        parts = urlsplit(handler.path)
        query = {k: v[-1] for k, v in parse_qs(parts.query).items()}
        try:
            data = json.loads(body) if body else None
        except ValueError:
            data = None
        authorization = handler.headers.get("Authorization", "")
        call = {"time": time.monotonic(), "wall": time.time(), "method": handler.command,
                "path": parts.path, "query": query, "body": data,
                "headers": dict(handler.headers.items()),
                "token": authorization[7:] if authorization.startswith("Bearer ") else None,
                "application": "", "action": "other", "status": 0}
        self.name(call)
        with self.lock:
            self.calls.append(call)
            entry = self.next_entry(call)
        if self.misbehave(handler, call, entry):
            return
        try:
            answer = self.answer(call)
        except Refused as refused:
            call["status"] = HTTP_OF_CODE[refused.code]
            answer = {"error": refused.text, "code": refused.code, "message": refused.text}
        call["status"] = call["status"] or 200
        self.told(call)
        if call["action"] == "watch" and call["status"] == 200:
            handler.stream(self.watch(call))
        else:
            handler.reply(call["status"], answer)

    def told(self, call):
        if self.on_call:
            self.on_call(call)

    def name(self, call):
        prefix = "/api/v1/applications"
        path = call["path"]
        if path == prefix:
            call["action"] = "list"
            return
        if path == "/api/v1/stream/applications" and call["method"] == "GET":
            call["action"] = "watch"
            call["application"] = "stream"
            return
        if not path.startswith(prefix + "/"):
            return
        words = path[len(prefix) + 1:].split("/")
        space = call["query"].get("appNamespace") or (call["body"] or {}).get("appNamespace")
        call["application"] = (space + "/" if space else "") + unquote(words[0])
        if len(words) == 1 and call["method"] == "GET":
            refresh = call["query"].get("refresh")
            call["action"] = {"hard": "hard", None: "get"}.get(refresh, "refresh")
        elif words[1:] == ["sync"] and call["method"] == "POST":
            call["action"] = "sync"

    def next_entry(self, call):
        for name in (call["application"].split("/")[-1], "*"):
            if name and self.scripts.get(name):
                return self.scripts[name].pop(0)
        return "ok"

    def misbehave(self, handler, call, entry):
        """True if the script answered the call."""
        if entry == "ok":
            return False
        if isinstance(entry, tuple) and entry[0] == "hang":
            time.sleep(entry[1])
            return False
        if entry in ("reset", "close"):
            self.told(call)
            handler.close_connection = True
            if entry == "reset":
                handler.reset()
            return True
        entry = entry if isinstance(entry, tuple) else (entry,)
        text = "scripted %d" % entry[0]
        usual = {"error": text, "code": CODE_OF_HTTP.get(entry[0], 2), "message": text}
        call["status"] = entry[0]
        self.told(call)
        handler.reply(entry[0], entry[2] if len(entry) > 2 else usual,
                      entry[1] if len(entry) > 1 else None)
        return True

    def answer(self, call):
        if call["path"] == "/api/version":
            return {"Version": "v3.5.1+fake"}
        if not call["path"].startswith("/api/"):
            return "<!doctype html><title>Argo CD</title>"
        content_type = call["headers"].get("Content-Type", "").lower()
        if call["method"] != "GET" and content_type != "application/json":
            call["status"] = 415
            return "Invalid content type"
        if call["token"] not in self.tokens:
            raise Refused(16, "no session information" if call["token"] is None
                          else "invalid session: signature is invalid")
        if call["action"] == "list":
            return self.list(call)
        if call["action"] == "watch":
            return None
        if call["action"] == "other":
            call["status"] = 404
            return "Not Found\n"
        app = self.find(call)
        if call["action"] == "sync":
            return self.sync(call, app)
        if call["action"] != "get":
            self.refresh(app, call["action"] == "hard")
        with self.lock:
            return app.document()

    def may(self, call, right, project):
        rights, projects = self.tokens[call["token"]]
        return right in rights and (projects is None or project in projects)

    def list(self, call):
        project = call["query"].get("project") or call["query"].get("projects")
        with self.lock:
            items = [a.document() for _, a in sorted(self.apps.items())
                     if project in (None, a.project) and self.may(call, "get", a.project)]
        return {"metadata": {"resourceVersion": "1"}, "items": items or None}

    def watch(self, call):
        """The events of a stream, until somebody ends it."""
        number = self.count(action="watch")
        fields = [f.split(".") for f in call["query"].get("fields", "").split(",") if f]
        sent = {}
        for tick in range(10 ** 9):
            with self.lock:
                if number <= self.streams:
                    return
                now = {key: app.document() for key, app in sorted(self.apps.items())
                       if self.may(call, "get", app.project)}
            for key in sorted(set(now) | set(sent)):
                if now.get(key) == sent.get(key) or (tick > 0 and self.deaf):
                    continue
                kind = "ADDED" if key not in sent else "MODIFIED" if key in now else "DELETED"
                event = {"result": {"type": kind, "application": now.get(key, sent.get(key))}}
                yield "data: %s \n\n" % json.dumps(pruned(event, fields))
            sent = now
            if tick % 20 == 0:
                yield ":\n"
            time.sleep(0.02)

    def find(self, call):
        name = call["application"] if "/" in call["application"] else \
            "argocd/" + call["application"]
        project = call["query"].get("project") or (call["body"] or {}).get("project")
        with self.lock:
            app = self.apps.get(name)
        if project is not None and not self.may(call, "get", project):
            raise Refused(7, "permission denied")
        if app is None or (project is not None and app.project != project):
            if project is None:
                raise Refused(7, "permission denied")
            raise Refused(5, 'applications.argoproj.io "%s" not found' % name.split("/")[1])
        if not self.may(call, "get", app.project):
            raise Refused(7, "permission denied")
        return app

    def refresh(self, app, hard):
        time.sleep(self.refresh_seconds)
        with self.lock:
            app.refreshed += 1
            if app.lost > 0:
                app.lost -= 1
                return
            app.settle()
            app.render(self.heads, hard)
            if app.automated and app.state() != app.synced and not app.window and \
                    not app.operation_until and \
                    (app.self_heal or app.revisions != app.attempted):
                app.start(self.sync_seconds)

    def sync(self, call, app):
        with self.lock:
            app.settle()
            if app.window:
                raise Refused(7, "cannot sync: blocked by sync window")
            if not self.may(call, "sync", app.project):
                raise Refused(7, "permission denied: applications, sync, %s/%s" %
                              (app.project, app.name))
            if app.deleting:
                raise Refused(9, "application is deleting")
            target = app.sources[0].get("targetRevision") or "HEAD"
            revision = (call["body"] or {}).get("revision")
            if app.automated and revision and revision != target:
                raise Refused(9, "Cannot sync to %s: auto-sync currently set to %s" %
                              (revision, target))
            if app.operation_until:
                raise Refused(9, "another operation is already in progress")
            app.render(self.heads, False)
            document = app.document()
            app.start(self.sync_seconds)
            document["operation"] = {"sync": {}, "info": (call["body"] or {}).get("infos")}
            return document


def main():
    parser = argparse.ArgumentParser(description="A fake Argo CD.")
    parser.add_argument("--tls")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="token")
    parser.add_argument("applications", nargs="?")
    arguments = parser.parse_args()
    argo = ArgoCD(tls=arguments.tls, port=arguments.port)
    argo.token(arguments.token, ["get", "sync"])
    if arguments.applications:
        with open(arguments.applications) as f:
            for settings in json.load(f):
                argo.add(**settings)
    argo.on_call = lambda call: print(json.dumps(call), flush=True)
    print(argo.url, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Real pushes through the hook, to a stand-in for the receiver.  TAP.

What must hold whatever the receiver does: the push succeeds, soon; nothing
keeps it open; what could not be told is told later.
"""
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import providers  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
DOORBELL = os.path.join(BUILD, "doorbell")
POST_RECEIVE = os.path.join(BUILD, "post-receive")
SECRET = "hook secret \u00fc"
NOT_REACHABLE = "warning: doorbell: receiver not reachable, push spooled; nothing is lost"
UNKNOWN = "doorbell: accepted, applications not known yet"

checks = 0
failures = 0


def ok(good, name, note=None):
    global checks, failures
    checks += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {checks} - {name}", flush=True)
    if not good and note is not None:
        for line in str(note).splitlines():
            print(f"#   {line}")
    return good


def equal(got, want, name):
    return ok(got == want, name, f"got:  {got!r}\nwant: {want!r}")


class Receiver:
    """Answers native deliveries on a Unix or TCP socket and keeps them."""

    def __init__(self, path=None):
        self.requests = []
        self.questions = []
        self.known = lambda request: (200, json.dumps({"repository": request["json"]["repository"], "known": True}))
        self.answer = lambda request: (202, self.decided(request))
        self.delay = 0
        self.affected = ["argocd/web-prod", "argocd/web-staging"]
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
        else:
            self.listener = socket.socket()
            self.listener.bind(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
        self.path = path
        self.listener.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def decided(self, request):
        refs = [{"ref": r["ref"], "affected": len(self.affected), "applications": 40,
                 "names": self.affected, "reason": ""} for r in request["json"]["refs"]]
        return json.dumps({"delivery": request["id"], "decided": True, "refs": refs})

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (l.split(":", 1) for l in lines[1:])}
        while len(body) < int(headers["content-length"]):
            body += connection.recv(65536)
        request = {"line": lines[0], "headers": headers, "body": body, "json": json.loads(body),
                   "id": headers["doorbell-delivery"], "at": time.time()}
        question = request["json"]["event"] == "ping"
        (self.questions if question else self.requests).append(request)
        status, text = (self.known if question else self.answer)(request)
        time.sleep(self.delay)
        try:
            connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
                               f"Content-Length: {len(text.encode())}\r\n\r\n{text}".encode())
            connection.close()
        except OSError:
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self.path:
            os.unlink(self.path)


def authentic(request):
    h = request["headers"]
    signed = f"{h['doorbell-delivery']}.{h['doorbell-timestamp']}.".encode() + request["body"]
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return h["doorbell-signature"] == "v1=" + digest and abs(int(h["doorbell-timestamp"]) - time.time()) < 5


def run(*command, cwd=None, env=None, text=None):
    return subprocess.run(command, cwd=cwd, input=text, text=True, capture_output=True, timeout=60,
                          env={**os.environ, **(env or {})}, check=False)


def is_ours(path):
    """A file of its own that ends as our program, not a link."""
    return not os.path.islink(path) and f"program='{POST_RECEIVE}'\n" in open(path, encoding="utf-8").read()


class World:
    """A bare repository with the hook, and a clone to push from."""

    def __init__(self, folder, name):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.bare = os.path.join(self.folder, "apps.git")
        self.work = os.path.join(self.folder, "work")
        self.socket = os.path.join(self.folder, "hook.sock")
        self.secret = os.path.join(self.folder, "secret")
        with open(self.secret, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        self.git("init", "-q", "--bare", "-b", "main", self.bare, cwd=self.folder)
        self.git("init", "-q", "-b", "main", self.work, cwd=self.folder)
        self.git("remote", "add", "origin", self.bare)
        self.count = 0

    def git(self, *arguments, cwd=None):
        r = run("git", "-c", "user.name=ann", "-c", "user.email=a@b", *arguments, cwd=cwd or self.work)
        if r.returncode != 0:
            raise RuntimeError(f"git {arguments}: {r.stderr}")
        return r.stdout.strip()

    def commit(self):
        self.count += 1
        self.git("commit", "-q", "--allow-empty", "-m", str(self.count))
        return self.git("rev-parse", "HEAD")

    def install(self, *more, receiver=None):
        return run(DOORBELL, "hook", "install", self.bare, *(receiver or ("--socket", self.socket)),
                   "--secret-file", self.secret, "--repository", "https://git.example.org/apps.git", *more)

    def push(self, *refs, env=None):
        """Returns the exit status, the remote's lines, and seconds."""
        start = time.monotonic()
        r = run("git", "-c", "color.ui=never", "push", "-q", "origin", *(refs or ("main",)), cwd=self.work, env=env)
        seconds = time.monotonic() - start
        lines = [l[len("remote: "):].rstrip() for l in r.stderr.splitlines() if l.startswith("remote:")]
        return r.returncode, lines, seconds

    def spooled(self):
        folder = os.path.join(self.bare, "doorbell/spool")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def pushes_are_told(folder):
    w = World(folder, "told")
    r = w.install()
    equal(r.returncode, 0, "the hook is installed")
    receiver = Receiver(w.socket)
    first = w.commit()
    status, lines, seconds = w.push()
    equal(status, 0, "a push succeeds")
    equal(lines, ["doorbell: 2 of 40 applications: web-prod, web-staging"], "the pusher reads the applications")
    ok(seconds < 1.5, f"... at once ({seconds * 1000:.0f} ms with all of git)")
    request = receiver.requests[0]
    ok(authentic(request), "the delivery is signed")
    equal(request["line"], "POST /hooks/local HTTP/1.1", "... for the source")
    ok(0 < int(request["headers"]["doorbell-wait"]) <= 2000, "... and would wait")
    want = {"event": "push", "version": 1, "repository": "https://git.example.org/apps.git", "urls": [],
            "default_branch": "main", "refs": [{"ref": "refs/heads/main", "before": "0" * 40, "after": first}]}
    got = dict(request["json"])
    got.pop("pusher", None)
    equal(got, want, "... and says what was pushed")
    second = w.commit()
    w.push(env={"GL_USERNAME": "ann"})
    equal(receiver.requests[1]["json"]["refs"][0], {"ref": "refs/heads/main", "before": first, "after": second},
          "an update has its before")
    equal(receiver.requests[1]["json"]["pusher"], "ann", "who pushed is what the server says")
    receiver.affected = []
    w.commit()
    equal(w.push()[1], [], "nothing affected: not a word")
    receiver.answer = lambda request: (202, '{"delivery":"x","decided":false}')
    w.commit()
    equal(w.push()[1], [UNKNOWN], "not decided in time: so it says")
    receiver.answer = lambda request: (200, "not JSON at all")
    w.commit()
    equal(w.push()[1], [UNKNOWN], "an odd answer: the push was taken all the same")
    w.install("--verbose")
    receiver.answer = lambda request: (202, receiver.decided(request))
    w.commit()
    equal(w.push()[1], ["doorbell: 0 of 40 applications: nothing to do"], "verbose says so too")
    equal(w.spooled(), [], "nothing is spooled")
    receiver.stop()


def many_refs_are_one_delivery(folder):
    w = World(folder, "many")
    w.install()
    receiver = Receiver(w.socket)
    w.commit()
    w.git("tag", "-a", "-m", "x", "v1")
    for i in range(300):
        w.git("update-ref", f"refs/heads/b{i:03}", "HEAD")
    receiver.answer = lambda request: (202, json.dumps({"delivery": request["id"], "decided": True, "refs": [
        {"ref": r["ref"], "affected": 1 if r["ref"] in ("refs/heads/main", "refs/tags/v1") else 0,
         "applications": 40, "names": ["argocd/web"], "reason": ""} for r in request["json"]["refs"]]}))
    status, lines, _ = w.push("--all")
    equal(status, 0, "301 branches are pushed")
    equal(len(receiver.requests), 1, "... as one delivery")
    equal(len(receiver.requests[0]["json"]["refs"]), 301, "... with all of them")
    equal(lines, ["doorbell: main: 1 of 40 applications: web"], "... each affected one has its line")
    w.git("push", "-q", "origin", ":b000", "v1", "b001:refs/heads/x/y")
    refs = {r["ref"]: r for r in receiver.requests[1]["json"]["refs"]}
    equal(sorted(refs), ["refs/heads/b000", "refs/heads/x/y", "refs/tags/v1"], "deletions and tags are in it")
    equal(refs["refs/heads/b000"]["after"], "0" * 40, "... a deletion as zeros")
    receiver.stop()


def lines_fit(folder):
    w = World(folder, "lines")
    w.install()
    receiver = Receiver(w.socket)
    receiver.affected = [f"argocd/a-rather-long-name-of-an-application-{i}" for i in range(49)]
    w.commit()
    lines = w.push()[1]
    ok(all(len(l) <= 72 for l in lines), "no line is longer than 72", lines)
    ok(all(l.startswith("  ") for l in lines[1:]), "... those that follow are indented", lines)
    equal(" ".join(lines).split()[-3:], ["and", "41", "more"], "... eight names, then how many more")
    receiver.affected = ["a/web", "b/web", "b/db\x1b[31m\u202e\x9b2J", "b/\n\r\t"]
    w.commit()
    text = " ".join(w.push()[1])
    ok("a/web, b/web" in text, "a name that is there twice has its namespace", text)
    ok("db?[31m??2J" in text and "???" in text and "\x1b" not in text, "nothing steers a terminal", repr(text))
    receiver.stop()


def down_is_not_lost(folder):
    w = World(folder, "down")
    w.install()
    heads = []
    for _ in range(3):
        heads.append(w.commit())
        status, lines, seconds = w.push()
        equal((status, lines), (0, [NOT_REACHABLE]), "receiver down: the push is spooled, and it says so")
        ok(seconds < 1.5, f"... at once ({seconds * 1000:.0f} ms)")
    equal(len(w.spooled()), 3, "three deliveries wait")
    receiver = Receiver(w.socket)
    heads.append(w.commit())
    equal(w.push()[1], ["doorbell: 2 of 40 applications: web-prod, web-staging"], "the receiver is back")
    equal([r["json"]["refs"][0]["after"] for r in receiver.requests], heads, "the spooled ones came first, in order")
    ok(all(authentic(r) for r in receiver.requests), "... each signed anew")
    equal(len({r["id"] for r in receiver.requests}), 4, "... each with its own id")
    equal(w.spooled(), [], "... and none is left")
    receiver.stop()
    w.commit()
    w.push()
    r = run(DOORBELL, "hook", "deliver", w.bare)
    equal(r.returncode, 69, "deliver says that the receiver is down")
    receiver = Receiver(w.socket)
    r = run(DOORBELL, "hook", "deliver", w.bare)
    equal((r.returncode, r.stdout), (0, "1 delivered\n"), "deliver brings it")
    equal((len(receiver.requests), w.spooled()), (1, []), "... once")
    receiver.stop()


def what_still_waits_is_told(folder):
    w = World(folder, "waits")
    w.install()
    for _ in range(18):
        w.commit()
        w.push()
    receiver = Receiver(w.socket)
    rung = "doorbell: 2 of 40 applications: web-prod, web-staging"
    w.commit()
    equal(w.push()[1], [rung, "warning: doorbell: 2 earlier pushes of this repository still wait to be sent; nothing is lost"],
          "a push that takes sixteen along says that two are left")
    w.commit()
    equal(w.push()[1], [rung], "the next one takes them, and says nothing of them")
    receiver.stop()
    w.commit()
    w.push()
    receiver = Receiver(w.socket)
    kept = []
    receiver.answer = lambda request: (503, "") if kept == [] and not kept.append(1) else (202, receiver.decided(request))
    w.commit()
    lines = w.push()[1]
    ok(lines[-1].startswith("warning: doorbell: 1 earlier push of this repository still waits"),
       "one that the receiver did not take is told, too", lines)
    receiver.stop()


def refusals_are_kept(folder):
    w = World(folder, "refused")
    w.install()
    receiver = Receiver(w.socket)
    for status, why in ((401, ""), (404, ": no such source there"), (503, ""), (500, "")):
        receiver.answer = lambda request, status=status: (status, "")
        w.commit()
        equal(w.push()[:2], (0, [f"warning: doorbell: receiver answered {status}{why}, push spooled; nothing is lost"]),
              f"{status}: kept, and it says why")
    equal(len(w.spooled()), 4, "all four wait")
    poison = []
    receiver.answer = lambda request: (400, "") if poison == [] and not poison.append(1) else (202, "{}")
    w.commit()
    w.push()
    names = w.spooled()
    equal([n.endswith(".refused") for n in names], [True], "what is malformed is put aside and stops nobody")
    os.rename(w.secret, w.secret + ".away")
    w.commit()
    equal(w.push()[:2], (0, ["warning: doorbell: secret not readable, push spooled; nothing is lost"]),
          "no secret: kept")
    os.rename(w.secret + ".away", w.secret)
    folder = os.path.join(w.bare, "doorbell/spool")
    for i in range(1000):
        open(os.path.join(folder, f"junk{i}"), "w", encoding="utf-8").close()
    receiver.stop()
    w.commit()
    status, lines, _ = w.push()
    ok(status == 0 and "spool full" in lines[0] and all(l.startswith("warning:") for l in lines),
       "a full spool does not fail a push", lines)


def hanging_is_bounded(folder):
    w = World(folder, "hanging")
    w.install("--limit", "700ms")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(w.socket)
    listener.listen(64)
    for what in ("that never accepts", "that never accepts, again"):
        w.commit()
        status, lines, seconds = w.push()
        equal((status, lines), (0, [NOT_REACHABLE]), f"a receiver {what}: spooled")
        ok(0.3 < seconds < 1.6, f"... after its limit of 700 ms ({seconds * 1000:.0f} ms)")
    equal(len(w.spooled()), 2, "... both wait")
    listener.close()
    os.unlink(w.socket)
    receiver = Receiver(w.socket)
    receiver.delay = 5
    w.commit()
    status, lines, seconds = w.push()
    equal((status, lines), (0, [NOT_REACHABLE]), "a receiver that never answers: spooled")
    ok(seconds < 1.6, f"... after its limit ({seconds * 1000:.0f} ms)")
    receiver.stop()


def odd_input_is_survived(folder):
    w = World(folder, "odd")
    w.install()
    receiver = Receiver(w.socket)
    receiver.affected = []
    a, b = "1" * 40, "2" * 40
    good = f"{a} {b} refs/heads/main\n"
    cases = [("", 0, []), ("\n", 0, 1), (good, 1, []), (good.strip(), 1, []),
             (f"{a} {b} main\n" + good, 1, 1), (f"{a}  {b} refs/heads/main\n", 0, 1),
             (f"{a} {b}\n{a}\nx y z\n" + good, 1, 3), (f"{'0' * 40} {'0' * 40} refs/heads/main\n", 0, 1),
             (f"{a} {b} refs/heads/{'x' * 2000}\n" + good, 1, 1),
             (f"{'1' * 64} {'2' * 64} refs/heads/main\n", 1, []), ("\0" * 100000, 0, 1)]
    for i, (text, refs, skipped) in enumerate(cases):
        receiver.requests.clear()
        r = run(POST_RECEIVE, cwd=w.bare, env={"GIT_DIR": "."}, text=text)
        count = sum(len(q["json"]["refs"]) for q in receiver.requests)
        want = f"warning: doorbell: {skipped} odd lines skipped\n" if skipped else ""
        equal((r.returncode, count, r.stderr), (0, refs, want), f"input {i}: exit 0, what is good is told")
    many = "".join(f"{a} {b} refs/heads/b{i}\n" for i in range(10005))
    receiver.requests.clear()
    r = run(POST_RECEIVE, cwd=w.bare, text=many)
    ok(r.returncode == 0 and len(receiver.requests[0]["json"]["refs"]) == 10000 and "5 refs over 10000" in r.stderr,
       "10,005 refs: 10,000 are told, the others are not forgotten", r.stderr)
    r = run(POST_RECEIVE, cwd="/", text=good)
    equal((r.returncode, r.stderr), (0, ""), "no configuration: not a word")
    conf = os.path.join(w.bare, "doorbell/hook.conf")
    for text in ("receiver = ftp://x\n", "nonsense\n", "receiver = unix:/x\n", "limit = 0\n", "\x1b[31m = 1\n"):
        with open(conf, "w", encoding="utf-8") as file:
            file.write(text)
        r = run(POST_RECEIVE, cwd=w.bare, text=good)
        ok(r.returncode == 0 and r.stderr.startswith("warning: doorbell: ") and "\x1b" not in r.stderr,
           f"a broken configuration is a warning: {r.stderr.strip()[-60:]!r}")
    receiver.stop()


def a_hook_that_was_there_is_kept(folder):
    w = World(folder, "chain")
    theirs = os.path.join(w.bare, "hooks/post-receive")
    seen = os.path.join(w.folder, "seen")
    with open(theirs, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\ncat > {seen}\necho theirs to stdout\necho theirs to stderr >&2\nexit 7\n")
    os.chmod(theirs, 0o755)
    before = open(theirs, encoding="utf-8").read()
    r = w.install("--dry-run")
    ok(r.returncode == 0 and open(theirs, encoding="utf-8").read() == before and
       not os.path.exists(os.path.join(w.bare, "doorbell")), "a dry run changes nothing", r.stderr)
    kept = os.path.join(w.bare, "hooks/.doorbell-before/post-receive")
    for i in range(2):
        r = w.install()
        ok(r.returncode == 0 and is_ours(theirs) and open(kept, encoding="utf-8").read() == before,
           "an existing hook is moved aside, " + ("once" if i == 0 else "and only once"), r.stderr)
    receiver = Receiver(w.socket)
    head = w.commit()
    status, lines, _ = w.push()
    equal((status, lines[:1], sorted(lines[1:])),
          (0, ["doorbell: 2 of 40 applications: web-prod, web-staging"], ["theirs to stderr", "theirs to stdout"]),
          "both run, ours first, and an exit status of 7 is nobody's business")
    equal(open(seen, encoding="utf-8").read(), f"{'0' * 40} {head} refs/heads/main\n", "theirs read the same input")
    r = run(DOORBELL, "hook", "status", w.bare)
    ok(r.returncode == 0 and "installed" in r.stdout and kept in r.stdout, "status says so", r.stdout)
    receiver.stop()
    w.commit()
    equal(w.push()[0], 0, "theirs runs when the receiver is down")
    for _ in range(2):
        r = run(DOORBELL, "hook", "uninstall", w.bare)
        equal(r.returncode, 0, "uninstall, and again")
    equal(open(theirs, encoding="utf-8").read(), before, "... puts theirs back")
    ok(not os.path.exists(os.path.dirname(kept)), "... and leaves no folder")
    equal(len(w.spooled()), 1, "... and leaves what is spooled")
    r = run(DOORBELL, "hook", "status", w.bare)
    equal(r.returncode, 1, "status says that it is gone")
    with open(theirs + ".local", "w", encoding="utf-8") as file:
        file.write("x")
    equal(w.install().returncode, 78, "two hooks that are not ours: refused")


def hooks_path_is_honoured(folder):
    w = World(folder, "path")
    shared = os.path.join(w.folder, "shared-hooks")
    os.mkdir(shared)
    w.git("config", "core.hooksPath", shared, cwd=w.bare)
    w.install()
    ok(is_ours(os.path.join(shared, "post-receive")) and
       not os.path.exists(os.path.join(w.bare, "hooks/post-receive")), "core.hooksPath is where the hook goes")
    receiver = Receiver(w.socket)
    w.commit()
    equal(len(w.push()[1]), 1, "... and where it runs")
    run(DOORBELL, "hook", "uninstall", w.bare)
    w.commit()
    equal((w.push()[:2], is_ours(os.path.join(shared, "post-receive"))), ((0, []), True),
          "uninstall silences it here, and leaves the others theirs")
    receiver.stop()
    cases = [(("--socket", "/x"), 0), (("--url", "https://h/hooks/a"), 0), (("--url", "ftp://h/"), 78),
             (("--socket", "/" + "x" * 200), 78), ((), 64), (("--socket", "/x", "--url", "http://h/"), 64)]
    for receiver_arguments, want in cases:
        r = run(DOORBELL, "hook", "install", w.bare, "--dry-run", "--secret-file", w.secret, *receiver_arguments)
        equal(r.returncode, want, f"install {' '.join(receiver_arguments)[:40]}: {want}")
    for limit, want in (("2s", 0), ("500ms", 0), ("2000", 0), ("0", 78), ("61s", 78), ("2m", 78), ("x", 78)):
        r = run(DOORBELL, "hook", "install", w.bare, "--dry-run", "--secret-file", w.secret, "--socket", "/x", "--limit", limit)
        equal(r.returncode, want, f"--limit {limit}: {want}")
    r = run(DOORBELL, "hook", "install", w.bare, "--dry-run", "--secret-file", "/nowhere", "--socket", "/x")
    equal(r.returncode, 78, "a secret that is not there: refused")
    r = run(DOORBELL, "hook", "install", w.folder, "--secret-file", w.secret, "--socket", "/x")
    equal(r.returncode, 66, "not a repository: refused")
    w.git("config", "remote.origin.url", "https://bob:pass@git.example.org/x.git", cwd=w.bare)
    r = run(DOORBELL, "hook", "install", w.bare, "--dry-run", "--secret-file", w.secret, "--socket", "/x")
    ok("repository = https://git.example.org/x.git\n" in r.stdout, "the default address has no password", r.stdout)


def addresses_are_left_to_a_child(folder):
    w = World(folder, "address")
    receiver = Receiver()
    address = ("--url", f"http://127.0.0.1:{receiver.port}/hooks/apps")
    equal(w.install(receiver=address).returncode, 0, "installed for an address")
    w.commit()
    status, lines, _ = w.push()
    equal((status, lines), (0, ["doorbell: 2 of 40 applications: web-prod, web-staging"]), "a push over HTTP")
    equal(receiver.requests[0]["line"], "POST /hooks/apps HTTP/1.1", "... to that address")
    ok(authentic(receiver.requests[0]), "... signed")
    equal(w.spooled(), [], "... nothing is left")
    w.install("--limit", "600ms", receiver=address)
    receiver.delay = 2
    w.commit()
    status, lines, seconds = w.push()
    equal((status, lines), (0, ["doorbell: delivery under way, applications not known yet"]), "a slow receiver")
    ok(seconds < 1.6, f"... holds nobody: no child keeps the push open ({seconds * 1000:.0f} ms)")
    for _ in range(50):
        if not w.spooled():
            break
        time.sleep(0.1)
    equal((len(receiver.requests), w.spooled()), (2, []), "... the child brought it afterwards")
    receiver.stop()
    w.commit()
    equal(w.push()[:2], (0, [NOT_REACHABLE]), "down: spooled")
    w.install(receiver=("--url", "http://127.0.0.1:1/x"))
    equal(len(w.spooled()), 1, "... one waits")


def a_killed_hook_harms_nobody(folder):
    w = World(folder, "killed")
    w.install("--limit", "5s")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(w.socket)
    listener.listen(8)
    w.commit()
    push = subprocess.Popen(["git", "push", "-q", "origin", "main"], cwd=w.work, stderr=subprocess.PIPE, text=True)
    connection, _ = listener.accept()
    pids = subprocess.run(["pgrep", "-f", "hooks/post-receive"], capture_output=True, text=True, check=False).stdout.split()
    ours = [int(p) for p in pids if os.path.realpath(f"/proc/{p}/cwd") == w.bare]
    equal(len(ours), 1, "one hook runs")
    for pid in ours:
        os.kill(pid, signal.SIGKILL)
    push.communicate(timeout=20)
    equal(push.returncode, 0, "a killed hook does not fail the push")
    connection.close()
    w.install("--limit", "900ms")
    w.commit()
    push = subprocess.Popen(["git", "push", "-q", "origin", "main"], cwd=w.work, stderr=subprocess.PIPE, text=True)
    connection, _ = listener.accept()
    pids = subprocess.run(["pgrep", "-f", "hooks/post-receive"], capture_output=True, text=True, check=False).stdout.split()
    for pid in [int(p) for p in pids if os.path.realpath(f"/proc/{p}/cwd") == w.bare]:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            os.kill(pid, number)
    push.communicate(timeout=20)
    equal((push.returncode, len(w.spooled())), (0, 1), "a hook that is told to stop spools first, within its limit")
    connection.close()
    listener.close()


def senders_can_be_played(folder):
    w = World(folder, "send")
    receiver = Receiver()
    url = f"http://127.0.0.1:{receiver.port}/hooks/x"
    common = ["--to", url, "--repository", "https://git.example.org/a.git", "--ref", "main", "--after", "2" * 40,
              "--secret-file", w.secret]
    r = run(DOORBELL, "send", "--as", "native", "--before", "1" * 40, *common)
    equal(r.returncode, 0, "send as our own hook")
    ok(r.stdout.startswith("202 ") and authentic(receiver.requests[0]), "... signed, and the answer is shown", r.stdout)
    for name in providers():
        r = run(DOORBELL, "send", "--as", name, "--dry-run", *common)
        ok(r.returncode == 0 and SECRET not in r.stdout and "refs/heads/main" in r.stdout,
           f"send --as {name} --dry-run prints the request without the secret", r.stdout)
        r = run(DOORBELL, "send", "--as", name, "--print-curl", *common)
        ok(r.returncode == 0 and SECRET not in r.stdout and r.stdout.startswith("curl "), f"... and a curl command")
    local = Receiver(w.socket)
    r = run(DOORBELL, "send", "--as", "native", *common, "--to", "unix:" + w.socket)
    equal((r.returncode, len(local.requests)), (0, 1), "send over a Unix socket")
    local.stop()
    r = run(DOORBELL, "send", "--as", "native", *common, "--print-curl")
    script = r.stdout.replace(" -i", " -o /dev/null -w %{http_code}")
    equal(run("sh", "-c", script).stdout, "202", "the printed curl command works")
    ok(authentic(receiver.requests[-1]), "... and is authentic")
    receiver.answer = lambda request: (401, "")
    r = run(DOORBELL, "send", "--as", "native", *common)
    equal(r.returncode, 77, "401: exit 77")
    receiver.stop()
    equal(run(DOORBELL, "send", "--as", "native", *common).returncode, 69, "nobody there: exit 69")
    equal(run(DOORBELL, "send", "--as", "nobody", *common).returncode, 64, "no such sender: exit 64")
    equal(run(DOORBELL, "send", "--as", "gitlab", "--form", *common).returncode, 64, "GitLab has no forms: exit 64")


def main():
    for program in (DOORBELL, POST_RECEIVE):
        if not os.access(program, os.X_OK):
            print(f"Bail out! {program} is not built")
            return 2
    folder = tempfile.mkdtemp(prefix="doorbell-hook-")
    os.environ.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", LC_ALL="C.UTF-8")
    try:
        for test in (pushes_are_told, many_refs_are_one_delivery, lines_fit, down_is_not_lost,
                     what_still_waits_is_told, refusals_are_kept,
                     hanging_is_bounded, odd_input_is_survived, a_hook_that_was_there_is_kept,
                     hooks_path_is_honoured, addresses_are_left_to_a_child, a_killed_hook_harms_nobody,
                     senders_can_be_played):
            test(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"1..{checks}")
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

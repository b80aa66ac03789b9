#!/usr/bin/env python3
"""Repositories that are fetched: over HTTPS with a token, from file://, with all that goes wrong.  TAP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

TOKEN = "git-token-that-nobody-may-see"
WRONG = "git-token-that-is-not-valid"


class GitServer:
    """tests/support/gitserver.py, with TLS, serving the place's repository."""

    def __init__(self, place):
        self.place = place
        self.dir = os.path.join(place.top, "git")
        os.makedirs(os.path.join(self.dir, "repositories"))
        certificate(self.dir)
        run("git", "-C", place.bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        os.symlink(place.bare, os.path.join(self.dir, "repositories", "gitops.git"))
        secret_file(os.path.join(self.dir, "login"), f"doorbell:{TOKEN}\n")
        self.process = None
        self.start()

    def start(self):
        ports = os.path.join(self.dir, "ports")
        if os.path.exists(ports):
            os.remove(ports)
        program = os.path.join(ROOT, "tests", "support", "gitserver.py")
        self.process = subprocess.Popen([sys.executable, program, self.dir], stdin=subprocess.PIPE)
        wait(lambda: os.path.exists(ports), 20)
        with open(ports) as file:
            self.tls = file.read().split()[0]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()

    def url(self, kind="auth"):
        return f"https://127.0.0.1:{self.tls}/{kind}/gitops.git"

    def requests(self):
        """Fetches: what git asks for first."""
        try:
            with open(os.path.join(self.dir, "requests")) as file:
                return [l for l in file.read().splitlines() if "info/refs" in l]
        except FileNotFoundError:
            return []


def hide(place):
    """Objects are pushed, the ref is not moved: a sender that is faster than its server."""
    return place.commit({"apps/web/a.yaml": f"kind: {time.monotonic()}\n"}, push=False)


def record(place):
    return place.show(place.deliveries()[0]["id"])["pushes"][0]


def settled(place):
    return wait(lambda: all(d["status"] != "working" for d in place.deliveries()), 20)


def push(place, files, **more):
    before = place.head()
    after = place.commit(files)
    equal(github(place, before, after, **more), 202, "a push is accepted")
    return before, after


def test_https(place, server, receiver):
    ok(wait(lambda: receiver.metric("doorbell_repository_looks_total") == 1, 20), "the origin is asked where its refs are")
    packs = subprocess.run(["find", os.path.join(place.state, "repositories"), "-name", "*.pack"], capture_output=True, text=True).stdout
    equal(packs, "", "nothing is fetched before a push arrives")
    before, after = push(place, {"apps/web/a.yaml": "kind: 2\n"})
    # At first sight what the sender says was before is fetched, too.
    ok(wait(lambda: place.rung(), 20), "the first push has its repository fetched over HTTPS", receiver.log())
    settled(place)
    equal(place.rung(), ["web"], "and rings what it changed")
    ok("first push seen for this ref" in record(place)["reason"], "saying what it was compared with", record(place))
    ok(server.requests() and "/auth/" in server.requests()[-1], "with the token", server.requests())
    equal(place.rings()[-1][2:], (before, after), "from where to where is right")
    count = len(server.requests())
    settled(place)
    push(place, {"docs/a.md": "a\n"})
    settled(place)
    ok("no changed path" in record(place)["reason"], "the next push is compared with what was fetched before", record(place))
    ok(len(server.requests()) > count, "it was fetched, too")
    equal(github(place, before, after, url="https://git.example.org/acme/unknown.git"), 202, "a repository that is not configured")
    ok("not configured" in record(place)["reason"], "is ignored, with that reason", record(place))
    ok(not [l for l in server.requests() if "unknown" in l], "and never fetched")


def test_not_yet(place, server, receiver):
    """The delivery is faster than the server."""
    rung = len(place.rings())
    before, after = place.head(), hide(place)
    github(place, before, after)
    ok(wait(lambda: record(place)["state"] == "WAITING", 20), "a commit that is not there yet is waited for", record(place))
    note(record(place)["reason"])
    place.git("push", "-q", "origin", "HEAD:main")
    ok(wait(lambda: len(place.rings()) > rung, 30), "and decided when it has come", receiver.log())
    equal(place.rings()[-1][2:], (before, after), "from where to where is right")
    settled(place)
    ok(record(place)["attempts"] >= 1, "the tries are counted", record(place))


def test_force(place, server, receiver):
    """A forced push; the old commit is gone from the server."""
    rung = len(place.rings())
    old = place.head()
    place.git("reset", "-q", "--hard", "HEAD~2")
    forced = place.commit({"apps/api/a.yaml": "kind: forced\n"}, push=False)
    place.git("push", "-q", "--force", "origin", "HEAD:main")
    run("git", "-C", place.bare, "reflog", "expire", "--expire=now", "--all")
    run("git", "-C", place.bare, "gc", "-q", "--prune=now")
    gone = run("git", "-C", place.bare, "cat-file", "-e", old, check=False).returncode
    ok(gone != 0, "the old commit is gone from the server")
    github(place, old, forced)
    settled(place)
    ok("api" in [r[1].split("/")[-1] for r in place.rings()[rung:]], "a forced push is compared with what we kept",
       (place.rings()[rung:], record(place)))
    names = sorted({r[1].split("/")[-1] for r in place.rings()[rung:]})
    # web differs, too: what was dropped changed it.
    equal(names, ["api", "web"], "with what was dropped")
    equal(record(place)["decision"]["base"], old, "from the commit that was processed last")


def test_down(place, server, receiver):
    rung = len(place.rings())
    port = server.tls
    server.stop()
    before, after = push(place, {"apps/web/a.yaml": "kind: while down\n"})
    ok(wait(lambda: record(place)["state"] == "WAITING" and record(place)["attempts"] >= 2, 20),
       "while the server is down a push waits, with back-off", record(place))
    reason = record(place)["reason"]
    note(reason)
    ok("onnect" in reason, "the reason says that", reason)
    equal(len(place.rings()), rung, "and rings nobody")
    server.start()
    # It has another port now; the receiver is told by its configuration.
    configure(place, server)
    receiver.process.send_signal(signal.SIGHUP)
    ok(wait(lambda: len(place.rings()) > rung, 30), "when the server is up again it is decided", receiver.log())
    equal([r[1].split("/")[-1] for r in place.rings()[rung:]], ["web"], "exactly")


def test_wrong_token(place, server, receiver):
    rung = len(place.rings())
    token = os.path.join(place.top, "token")
    secret_file(token, WRONG + "\n")
    push(place, {"apps/web/a.yaml": "kind: wrong token\n"})
    ok(wait(lambda: record(place)["state"] == "WAITING", 20), "with a wrong token a push waits", record(place))
    reason = record(place)["reason"]
    note(reason)
    ok(token in reason or "token" in reason.lower() or "uthenti" in reason, "the reason names it", reason)
    secret_file(token, TOKEN + "\n")
    ok(wait(lambda: len(place.rings()) > rung, 30), "a token that is mended on disk is used at the next try", receiver.log())
    settled(place)


def test_apps_in_repository(place, server, receiver):
    """Manifests are kept in the repository: a new application in the same push as its files."""
    rung = len(place.rings())
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "born", "namespace": "argocd"},
                "spec": {"project": "default", "source": {"repoURL": URL, "targetRevision": "main", "path": "apps/born"}}}
    push(place, {"argocd/born.json": json.dumps(manifest), "argocd/a.txt": "a\n", "apps/born/a.yaml": "kind: 1\n"})
    ok(wait(lambda: "born" in [r[1].split("/")[-1] for r in place.rings()[rung:]], 20),
       "a new application in the same push as its files is found and rung", (record(place), receiver.log()[-3000:]))
    settled(place)
    listed = json.loads(place.doorbell("apps", "--format", "json").stdout)["applications"]
    ok([a for a in listed if a["application"] == "argocd/born"], "apps lists it", listed)
    note([a for a in listed if a["application"] == "argocd/born"])
    rung = len(place.rings())
    manifest["spec"]["source"]["path"] = "apps/moved"
    push(place, {"argocd/born.json": json.dumps(manifest), "apps/moved/a.yaml": "kind: 1\n"})
    settled(place)
    push(place, {"apps/moved/a.yaml": "kind: 2\n"})
    ok(wait(lambda: "born" in [r[1].split("/")[-1] for r in place.rings()[rung:]], 20), "a changed one follows its new path",
       record(place))
    settled(place)
    push(place, {"argocd/born.json": "{ broken"})
    settled(place)
    rung = len(place.rings())
    push(place, {"apps/moved/a.yaml": "kind: 3\n"})
    settled(place)
    equal([r[1] for r in place.rings()[rung:]], ["born"],
          "while a manifest in the repository is broken, its application is rung as before")
    ok("! argocd/born.json:2:1: " in place.doorbell("apps").stderr, "and named with line and column",
       place.doorbell("apps").stderr)
    push(place, {"argocd/born.json": json.dumps(manifest)})
    settled(place)
    equal(place.doorbell("apps").stderr, "", "until it is mended")
    push(place, {"argocd/born.json": None})
    settled(place)
    listed = json.loads(place.doorbell("apps", "--format", "json").stdout)["applications"]
    equal([a for a in listed if a["application"] == "argocd/born"], [], "a removed one is forgotten")


def test_secrets(place, receiver):
    for secret in (TOKEN, WRONG):
        ok(secret not in receiver.log(), "no token is in the log")
        held = subprocess.run(["grep", "-rl", "--binary-files=text", secret, place.state], capture_output=True, text=True).stdout
        equal(held, "", "nor in the journal, the clones or anything else in the state directory")


def configure(place, server, **more):
    place.configure(fetchRetryFirst="200ms", fetchRetryMax="1s", repositories=[
        {"url": URL, "fetchUrl": server.url(), "tokenFile": os.path.join(place.top, "token"), "username": "doorbell",
         "caFile": os.path.join(server.dir, "ca.pem"), "defaultBranch": "main"}], **more)


def test_file_url():
    with Place() as place:
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n"})
        place.configure(repositories=[{"url": URL, "fetchUrl": "file://" + place.bare, "defaultBranch": "main"}])
        with Receiver(place) as receiver:
            push(place, {"apps/web/a.yaml": "kind: 2\n"})
            ok(wait(lambda: place.rung() == ["web"], 20), "file:// is fetched like any other address", receiver.log())


def test_apps_repository_down():
    """The applications' own repository cannot be reached at the start."""
    with Place() as place:
        place.app("other", "apps/other")
        manifest = open(os.path.join(place.apps, "other.json")).read()
        place.commit({"apps/other/a.yaml": "kind: 1\n", "argocd/other.json": manifest})
        os.remove(os.path.join(place.apps, "other.json"))
        moved = place.bare + ".away"
        os.rename(place.bare, moved)
        place.configure(repositories=[{"url": URL, "fetchUrl": "file://" + place.bare, "defaultBranch": "main"}],
                        applications=[{"repository": URL, "path": "argocd", "ref": "main"}],
                        fetchRetryFirst="200ms", fetchRetryMax="1s")
        with Receiver(place, ready=False) as receiver:
            ok(wait(lambda: receiver.status("/healthz") == 200, 20), "without its applications' repository the receiver starts",
               receiver.log())
            before = place.head()
            place.git("remote", "set-url", "origin", moved)
            after = place.commit({"apps/other/a.yaml": "kind: 2\n"})
            ok(wait(lambda: github(place, before, after) == 202), "and takes deliveries")
            ok(wait(lambda: "applications not read" in receiver.log(), 20), "it says what it cannot read", receiver.log())
            note([l for l in receiver.log().splitlines() if "not read" in l][0])
            note(receiver.get("/readyz")[1])
            os.rename(moved, place.bare)
            ok(wait(lambda: place.rung() == ["other"], 40), "and decides when it can", receiver.log())
            equal(receiver.status("/readyz"), 200, "then it is ready")


def main():
    with Place() as place:
        place.app("web", "apps/web")
        place.app("api", "apps/api")
        place.commit({"apps/web/a.yaml": "kind: 1\n", "apps/api/a.yaml": "kind: 1\n"})
        place.commit({"docs/b.md": "b\n"})
        server = GitServer(place)
        secret_file(os.path.join(place.top, "token"), TOKEN + "\n")
        try:
            configure(place, server)
            with Receiver(place) as receiver:
                for test in (test_https, test_not_yet, test_force, test_down, test_wrong_token):
                    note(test.__name__)
                    test(place, server, receiver)
                note("test_apps_in_repository")
                configure(place, server, applications=[{"directory": place.apps}, {"repository": URL, "path": "argocd"}])
                receiver.process.send_signal(signal.SIGHUP)
                test_apps_in_repository(place, server, receiver)
                test_secrets(place, receiver)
        finally:
            server.stop()
    test_file_url()
    test_apps_repository_down()
    done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""One honest sender with very much to say, others beside it.  TAP.

Ten thousand refs in one push, with thousands of applications that must each be
asked; bodies of 25 MB; and what a command that is run may see of us.
"""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

REFS = 10000
APPLICATIONS = 3000
MEMORY = 128 << 20
SANITIZED = PATIENCE > 1


def native(place, refs, **headers):
    """A push of many refs as our hook sends it: its status."""
    body = json.dumps({"version": 1, "event": "push", "repository": URL, "urls": [URL], "default_branch": "main",
                       "refs": refs}).encode()
    number, stamp = str(uuid.uuid4()), str(int(time.time()))
    digest = hmac.new(place.secret.encode(), f"{number}.{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return post(place, "/hooks/hook", body, {
        "Content-Type": "application/json", "Doorbell-Delivery": number, "Doorbell-Timestamp": stamp,
        "Doorbell-Signature": "v1=" + digest, **headers}, 60)[0]


class Others(threading.Thread):
    """Asks for health and sends small pushes all the time; remembers the longest wait."""

    def __init__(self, place, receiver, commit):
        super().__init__(daemon=True)
        self.place, self.receiver, self.commit = place, receiver, commit
        self.over = threading.Event()
        self.longest = {"health": 0.0, "push": 0.0}
        self.statuses = set()
        self.memory = 0

    def one(self, what, action):
        begun = time.monotonic()
        self.statuses.add(action())
        self.longest[what] = max(self.longest[what], time.monotonic() - begun)

    def run(self):
        while not self.over.is_set():
            self.one("health", lambda: self.receiver.status("/healthz"))
            self.one("push", lambda: github(self.place, self.commit, self.commit, ref="refs/heads/other"))
            self.memory = max(self.memory, self.receiver.memory())
            time.sleep(0.005)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join(60)

    def check(self, during):
        limit = PATIENCE
        for what, longest in self.longest.items():
            ok(longest < limit, f"{during}: {what} of others within a second", f"{longest:.3f} s")
        ok(self.statuses <= {200, 202}, f"{during}: all of them are answered well", self.statuses)
        note(f"{during}: health {self.longest['health'] * 1000:.0f} ms, "
             f"push {self.longest['push'] * 1000:.0f} ms, memory {self.memory >> 20} MB")


def many_refs(place, receiver, commit):
    refs = [{"ref": f"refs/heads/branch-{i}", "before": ZERO, "after": commit} for i in range(REFS)]
    with Others(place, receiver, commit) as others:
        equal(native(place, refs), 202, "a push of 10,000 refs is accepted")
        # The small pushes come and go meanwhile.
        gone = wait(lambda: sum(receiver.metric(f'doorbell_queue_depth{{stage="{stage}"}}')
                                for stage in ("resolve", "match", "plan")) < 10, 60)
    ok(gone, "all of its refs are decided", receiver.get("/metrics")[1])
    others.check("10,000 refs")
    ok(SANITIZED or others.memory < MEMORY, "10,000 refs: less than 128 MB", others.memory)
    long = [d for d in place.deliveries("--limit", "1000") if d["source"] == "hook"]
    equal(len(place.show(long[0]["id"])["pushes"]), REFS, "each ref has its record")


def large_bodies(place, receiver, commit):
    pad = "a" * (24 << 20)
    with Others(place, receiver, commit) as others:
        for i in range(5):
            body = github_body(commit, commit, ref=f"refs/heads/large-{i}", pad=pad)
            equal(post(place, "/hooks/github", body, github_headers(place.secret, body), 30)[0], 202,
                  "a body of 24 MB is accepted")
            equal(post(place, "/hooks/github", body, github_headers("guess", body), 30)[0], 401,
                  "and with another signature it is not")
    others.check("24 MB bodies")


def only_our_hook_waits(place, commit):
    body = github_body(commit, commit, ref="refs/heads/waits")
    status, text = post(place, "/hooks/github", body,
                        {**github_headers(place.secret, body), "Doorbell-Wait": "2000"})
    equal((status, text), (202, "accepted\n"), "a sender that is not our hook is told nothing of the decision")


def commands_see_nothing_of_us(place, receiver, commit):
    place.commit({"apps/a0/x.yaml": "kind: 2\n"}, "two")
    github(place, commit, place.head())
    ok(wait(lambda: os.path.exists(os.path.join(place.top, "seen.env"))), "the command is run", receiver.log())
    wait(place.rings)
    with open(os.path.join(place.top, "seen.fds")) as file:
        fds = sorted(int(name) for name in file.read().split())
    ok(set(fds) <= {0, 1, 2, 3}, "a command has standard input and output, and no other descriptor of ours", fds)
    with open(os.path.join(place.top, "seen.env")) as file:
        names = {line.split("=")[0] for line in file.read().split("\0") if line}
    ok(all(n.startswith("DOORBELL_") or n in ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PWD") for n in names)
       and not any("SECRET" in n or "TOKEN" in n for n in names), "and an environment of its own", names)
    with open(f"/proc/{receiver.process.pid}/cmdline") as file:
        ok(place.secret not in file.read(), "no secret on the command line")


def main():
    with Place() as place:
        for i in range(APPLICATIONS):
            place.app(f"a{i}", f"apps/a{i}")
        commit = place.commit({"apps/a0/x.yaml": "kind: 1\n"}, "one")
        seen = os.path.join(place.top, "seen")
        place.configure()
        place.ring_command(f"ls /proc/self/fd > {seen}.fds\ncat /proc/self/environ > {seen}.env")
        with Receiver(place, OPERATORS_TOKEN="not for children") as receiver:
            many_refs(place, receiver, commit)
            large_bodies(place, receiver, commit)
            only_our_hook_waits(place, commit)
            commands_see_nothing_of_us(place, receiver, commit)
    done()


main()

#!/usr/bin/env python3
"""kill -9 at every step from the first byte to the recorded outcome.  TAP.

A receiver is started, sent pushes, and killed at a random moment, KILLS times
(default 500, in a row on one journal).  At the end: each push that was
acknowledged is decided, and each application that an acknowledged push
touched was rung for that push or a later one.  Where each kill hit is counted
from what the journal holds, so that "every step" is more than a word.

Then readers are killed and stopped: an over-wide trigger, never a lost one.
"""
import os
import random
import sqlite3
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

KILLS = int(os.environ.get("KILLS", "500" if PATIENCE == 1 else "60"))
APPS = 12
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))


def make_history(place, count):
    """A line of commits, each touching one application; (commit, application) in order."""
    lines = ["feature done\nreset refs/heads/main\n"]
    touched = []
    for i in range(count):
        app = random.randrange(APPS)
        touched.append(f"app{app:02}")
        lines.append(f"commit refs/heads/main\nmark :{i + 1}\ncommitter t <t@example.org> {1700000000 + i} +0000\n"
                     f"data 1\nx\nM 100644 inline apps/app{app:02}/a.yaml\ndata {len(str(i)) + 7}\nkind: {i}\n\n")
    lines.append("done\n")
    marks = os.path.join(place.top, "marks")
    run("git", "--git-dir", place.bare, "fast-import", "--quiet", f"--export-marks={marks}", input="".join(lines))
    with open(marks) as file:
        commits = dict((int(m[1:]), c) for m, c in (line.split() for line in file))
    return [(commits[i + 1], touched[i]) for i in range(count)]


def set_ref(place, commit, ref="refs/heads/main"):
    path = os.path.join(place.bare, ref)
    with open(path + ".lock", "w") as file:
        file.write(commit + "\n")
    os.rename(path + ".lock", path)


class Sender(threading.Thread):
    """Sends pushes until the receiver is gone; some byte by byte, so that kills hit requests."""

    def __init__(self, place, history, start):
        super().__init__()
        self.place, self.history, self.at = place, history, start
        self.acknowledged = []
        self.burst = random.choice((1, 1, 2, 5, 100))  # few: the kill hits deciding and ringing
        self.stop = False

    def send(self, before, after, number):
        body = github_body(before, after)
        head = github_headers(self.place.secret, body, delivery=f"push-{number}")
        text = ("POST /hooks/github HTTP/1.1\r\nHost: x\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items()) +
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        with socket.create_connection(("127.0.0.1", self.place.port), timeout=5) as s:
            cut = random.randrange(len(text))
            s.sendall(text[:cut])
            if random.random() < 0.3:
                time.sleep(random.random() * 0.004)
            s.sendall(text[cut:])
            return s.recv(12)

    def run(self):
        while not self.stop and self.at < len(self.history) and len(self.acknowledged) < self.burst:
            before, after = self.history[self.at - 1][0], self.history[self.at][0]
            set_ref(self.place, after)
            try:
                answer = self.send(before, after, self.at)
            except OSError:
                time.sleep(0.002)
                continue
            if answer == b"HTTP/1.1 202" or answer == b"HTTP/1.1 200":
                self.acknowledged.append(self.at)
                self.at += 1


def where_it_hit(place):
    """How far the newest push had come when the receiver was killed."""
    journal = sqlite3.connect(f"file:{place.state}/journal.db?mode=ro", uri=True)
    try:
        push = journal.execute("SELECT id, state FROM push ORDER BY id DESC LIMIT 1").fetchone()
        if push is None:
            return "before the first row"
        if push[1] != "PLANNED":
            return "stored, not decided"
        states = [r[0] for r in journal.execute('SELECT state FROM "trigger" WHERE push = ?', (push[0],))]
        return "decided, not rung" if "PENDING" in states else "rung"
    except sqlite3.OperationalError as error:
        return f"no table yet ({error})"
    finally:
        journal.close()


def kill_loop(place, history):
    acknowledged = []
    hits = {}
    at = 1
    begun = time.monotonic()
    for number in range(KILLS):
        if at + 40 >= len(history):
            break
        receiver = Receiver(place, ready=False)
        sender = Sender(place, history, at)
        sender.start()
        # From the start of the process on, so that starting and taking up are hit as well.
        first = time.monotonic()
        moment = random.random() * 0.3 * PATIENCE
        wait(lambda: sender.acknowledged or time.monotonic() - first > moment, 5, 0.001)
        # A step is over in a millisecond, or takes a tenth of a second on a busy machine: both are hit.
        time.sleep(random.random() ** 2 * random.choice((0.02, 0.2, 0.6)) * PATIENCE)
        receiver.kill()
        sender.stop = True
        sender.join()
        acknowledged += sender.acknowledged
        at = sender.at
        hits[where_it_hit(place)] = hits.get(where_it_hit(place), 0) + 1
    note(f"{number + 1} kills, {len(acknowledged)} pushes acknowledged, {time.monotonic() - begun:.0f} s, seed {SEED}")
    for step, count in sorted(hits.items()):
        note(f"  killed {count:4} times when the newest push was: {step}")
    ok(number + 1 >= KILLS, f"the receiver was killed {KILLS} times")
    if KILLS >= 200:
        ok(len([h for h in hits.values() if h >= KILLS // 100]) >= 3, "kills hit before, between and after the steps", hits)
    return acknowledged


def check(place, history, acknowledged):
    index = {commit: i for i, (commit, _) in enumerate(history)}
    with Receiver(place) as receiver:
        settled = wait(lambda: receiver.metric("doorbell_queue_depth{") == 0, 60, 0.1)
        ok(settled, "after the last start everything is decided and rung", receiver.log())
    journal = sqlite3.connect(f"file:{place.state}/journal.db?mode=ro", uri=True)
    stored = {row[0]: row[1] for row in journal.execute(
        "SELECT d.sender_id, p.state FROM delivery d JOIN push p ON p.delivery = d.id")}
    lost = [n for n in acknowledged if f"push-{n}" not in stored]
    equal(lost, [], "no acknowledged delivery is missing from the journal")
    undecided = [n for n in acknowledged if stored.get(f"push-{n}") != "PLANNED"]
    equal(undecided, [], "each acknowledged push is decided")
    unfinished = journal.execute("SELECT count(*) FROM \"trigger\" WHERE state NOT IN "
                                 "('SENT','CONVERGED','SUPERSEDED')").fetchone()[0]
    equal(unfinished, 0, "each trigger has come to its end")
    equal(journal.execute("PRAGMA integrity_check").fetchone()[0], "ok", "the journal is whole")
    journal.close()
    newest = {}
    for _, app, _, after in place.rings():
        newest[app.split("/")[-1]] = max(newest.get(app.split("/")[-1], -1), index[after])
    missed = [(n, history[n][1]) for n in acknowledged if newest.get(history[n][1], -1) < n]
    equal(missed, [], "each application that an acknowledged push touched was rung for it or a later one")
    note(f"{len(place.rings())} rings for {len(acknowledged)} acknowledged pushes")


def readers_of(receiver):
    children = run("pgrep", "-P", str(receiver.process.pid), "-f", "reader", check=False).stdout.split()
    return [int(pid) for pid in children]


def signal_readers(receiver, number):
    for pid in readers_of(receiver):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def test_readers():
    with Place() as place:
        place.app("web", "apps/web")
        place.app("api", "apps/api")
        first = place.commit({"apps/web/a.yaml": "kind: 1\n", "apps/api/b.yaml": "kind: 1\n"})
        place.configure(readerTimeLimit="1s")
        with Receiver(place) as receiver:
            second = place.commit({"apps/web/a.yaml": "kind: 2\n"})
            github(place, first, second)
            ok(wait(lambda: place.rung() == ["web"]), "with a living reader one application is rung", place.rings())

            signal_readers(receiver, signal.SIGSTOP)
            third = place.commit({"apps/web/a.yaml": "kind: 3\n"})
            rung = len(place.rings())
            equal(github(place, second, third), 202, "a push is accepted while the readers hang")
            ok(wait(lambda: len(place.rings()) >= rung + 1, 30), "and rings all the same", receiver.log())

            for attempt in range(5):
                before = place.head()
                after = place.commit({"apps/web/a.yaml": f"kind: {attempt + 10}\n"})
                signal_readers(receiver, signal.SIGKILL)
                github(place, before, after)
                signal_readers(receiver, signal.SIGKILL)
            last = place.head()
            ok(wait(lambda: any(r[3] == last and "web" in r[1] for r in place.rings()), 30),
               "readers killed around pushes lose none", receiver.log())
            ok(receiver.metric("doorbell_reader_restarts_total") >= 2, "lost readers are counted")
            ok(wait(lambda: all(d["status"] == "done" for d in place.deliveries()), 10), "all is done")


def main():
    random.seed(SEED)
    with Place() as place:
        for i in range(APPS):
            place.app(f"app{i:02}", f"apps/app{i:02}")
        history = make_history(place, KILLS * 40 + 200)
        set_ref(place, history[0][0])
        place.configure(quietWindow="5ms", quietWindowMax="50ms", logLevel="warn")
        check(place, history, kill_loop(place, history))
    test_readers()
    done()


if __name__ == "__main__":
    main()

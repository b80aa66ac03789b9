#!/usr/bin/env python3
"""Hostile senders, all at once, and honest ones among them.  TAP.

A thousand connections that dribble bytes, endless chunk-size lines, 25 MB
bodies from 200 senders, and `ulimit -n 64`: the receiver's memory stays under
128 MB, and signed pushes are answered within a second meanwhile.
"""
import os
import resource
import select
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

MEMORY = 128 << 20
SECONDS = float(os.environ.get("SECONDS_EACH", "8"))
SANITIZED = PATIENCE > 1


def attacker(place, source, timeout=2):
    """A connection from another loopback address; None if it was refused."""
    s = socket.socket()
    s.settimeout(timeout)
    try:
        s.bind((source, 0))
        s.connect(("127.0.0.1", place.port))
        return s
    except OSError:
        s.close()
        return None


def source(number):
    """One of 250 addresses, as a botnet would have."""
    return f"127.0.1.{number % 250 + 1}"


class Attack(threading.Thread):
    """Runs one kind of attack until it is told to stop."""

    def __init__(self, place, how, count, sources):
        super().__init__(daemon=True)
        self.place, self.how, self.count, self.sources = place, how, count, sources
        self.stop = threading.Event()
        self.opened = 0

    def run(self):
        connections = []
        try:
            while not self.stop.is_set():
                while len(connections) < self.count and not self.stop.is_set():
                    s = attacker(self.place, source(self.opened % self.sources))
                    self.opened += 1
                    if s is None:
                        break
                    s.setblocking(False)
                    connections.append([s, 0])
                connections = [c for c in connections if self.how(c)]
                time.sleep(0.01)
        finally:
            for s, _ in connections:
                s.close()


def send_some(connection, data):
    """Send as much as fits; False if the connection is gone."""
    s = connection[0]
    try:
        if select.select([s], [], [], 0)[0] and s.recv(4096) == b"":
            raise OSError("closed")
        connection[1] += s.send(data)
        return True
    except BlockingIOError:
        return True
    except OSError:
        s.close()
        return False


HEAD = b"POST /hooks/github HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: push\r\nX-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n"
DRIBBLE = HEAD + b"X-Pad: " + b"a" * 4000
BLOB = b"x" * 65536


def dribble(connection):
    return send_some(connection, DRIBBLE[connection[1] % len(DRIBBLE):][:1])


def endless_chunk(connection):
    if connection[1] == 0:
        return send_some(connection, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    return send_some(connection, b"0" * 65536)


def large_body(connection):
    if connection[1] == 0:
        return send_some(connection, HEAD + f"Content-Length: {25 << 20}\r\n\r\n".encode())
    return send_some(connection, BLOB)


class Honest(threading.Thread):
    """Sends signed pushes, one after the other, and keeps how long each answer took."""

    def __init__(self, place, history):
        super().__init__(daemon=True)
        self.place, self.history = place, history
        self.times = []
        self.statuses = []
        self.stop = threading.Event()

    def run(self):
        for before, after in zip(self.history, self.history[1:]):
            if self.stop.is_set():
                break
            begun = time.monotonic()
            self.statuses.append(github(self.place, before, after))
            self.times.append(time.monotonic() - begun)
            time.sleep(0.05)


def under_attack(place, receiver, history, title, attacks):
    honest = Honest(place, history)
    most = 0
    for attack in attacks:
        attack.start()
    time.sleep(1)
    honest.start()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        most = max(most, receiver.memory())
        time.sleep(0.05)
    honest.stop.set()
    honest.join()
    for attack in attacks:
        attack.stop.set()
    for attack in attacks:
        attack.join()
    note(f"{title}: {len(honest.times)} signed pushes, slowest {max(honest.times) * 1000:.0f} ms, "
         f"median {sorted(honest.times)[len(honest.times) // 2] * 1000:.1f} ms, "
         f"memory at most {most >> 20} MB, {sum(a.opened for a in attacks)} hostile connections")
    ok(len(honest.times) > SECONDS, f"{title}: honest senders get through", honest.statuses)
    equal(sorted(set(honest.statuses)), [202], f"{title}: every signed push is accepted")
    ok(max(honest.times) < 1 * PATIENCE, f"{title}: and answered within a second", honest.times)
    if not SANITIZED:
        ok(most < MEMORY, f"{title}: memory stays under 128 MB", most)
    ok(receiver.process.poll() is None, f"{title}: the receiver lives", receiver.log())


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def make_history(place, count):
    commits = [place.head()]
    for i in range(count):
        commits.append(place.commit({"apps/web/a.yaml": f"kind: {i}\n"}, push=False))
    place.git("push", "-q", "origin", "HEAD:main")
    return commits


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with Place() as place:
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n"})
        history = make_history(place, 200)
        # The limits as they come; only the honest senders share one address.
        place.configure(maxConnectionsPerAddress=32, newConnectionsPerAddress=10000, logLevel="error")
        with Receiver(place) as receiver:
            under_attack(place, receiver, history, "1,000 dribbling connections",
                         [Attack(place, dribble, 1000, 250)])
            under_attack(place, receiver, history, "endless chunk-size lines",
                         [Attack(place, endless_chunk, 100, 250)])
            under_attack(place, receiver, history, "25 MB bodies from 200 senders",
                         [Attack(place, large_body, 200, 200)])
            under_attack(place, receiver, history, "all of them together",
                         [Attack(place, dribble, 700, 250), Attack(place, endless_chunk, 50, 250),
                          Attack(place, large_body, 200, 250)])
            ok(wait(lambda: receiver.status("/healthz") == 200, 5), "health is well afterwards")
        with Receiver(place, limits=few_descriptors) as receiver:
            under_attack(place, receiver, history, "ulimit -n 64, one hostile address",
                         [Attack(place, dribble, 100, 1)])
            under_attack(place, receiver, history, "ulimit -n 64, many hostile addresses",
                         [Attack(place, dribble, 300, 250)])
            ok(wait(lambda: receiver.status("/healthz") == 200, 10), "health is well afterwards")
    done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Under a supervisor: sockets that it opens, and what it is told (sd_listen_fds(3), sd_notify(3)).  TAP."""
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

SOCKETS = []


def pass_on():
    """In the child, before it becomes the receiver: the sockets as descriptors 3, 4, ... and who they are for."""
    high = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(SOCKETS)]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i)
        os.close(fd)


class Supervisor:
    """A place whose receiver is given its sockets, and tells a socket of ours how it is."""

    def __init__(self, place, addresses):
        self.notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = os.path.join(place.top, "notify")
        self.notes.bind(self.path)
        self.notes.settimeout(20)
        SOCKETS.clear()
        for family, address in addresses:
            s = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(address)
            s.listen(64)
            SOCKETS.append(s)
        # sh sets LISTEN_PID to what exec keeps, as no Python runs between fork and exec.
        self.wrapper = os.path.join(place.top, "activated")
        with open(self.wrapper, "w") as file:
            file.write(f'#!/bin/sh\nLISTEN_PID=$$ LISTEN_FDS={len(SOCKETS)} exec "$@"\n')
        os.chmod(self.wrapper, 0o755)

    def heard(self):
        return self.notes.recv(4096).decode()

    def close(self):
        self.notes.close()
        for s in SOCKETS:
            s.close()


class Activated(Receiver):
    """doorbell serve, started as a supervisor does."""

    def __init__(self, place, supervisor, **environment):
        self.supervisor = supervisor
        super().__init__(place, limits=pass_on, NOTIFY_SOCKET=supervisor.path, **environment)

    def start(self, ready=True):
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(
                [self.supervisor.wrapper, DOORBELL, "serve", "--config", self.place.config], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=self.limits, close_fds=False, env={**os.environ, **self.environment})


def told_and_listening():
    with Place() as place:
        place.app("web", "apps/web")
        first = place.commit({"apps/web/a.yaml": "kind: 1\n"})
        second = place.commit({"apps/web/a.yaml": "kind: 2\n"})
        place.configure()
        supervisor = Supervisor(place, [(socket.AF_INET, ("127.0.0.1", place.port)), (socket.AF_UNIX, place.socket)])
        try:
            with Activated(place, supervisor, WATCHDOG_USEC="4000000") as receiver:
                equal(supervisor.heard(), "READY=1", "the supervisor is told when everything is in place")
                equal(github(place, first, second), 202, "a delivery comes in by its socket")
                ok(wait(lambda: place.rung() == ["web"]), "and is rung", receiver.log())
                equal(supervisor.heard(), "WATCHDOG=1", "it is told that the loop turns")
                receiver.process.send_signal(signal.SIGHUP)
                words = [supervisor.heard() for _ in range(3)]
                words = [w for w in words if not w.startswith("WATCHDOG")][:2]
                ok(words[0].startswith("RELOADING=1\nMONOTONIC_USEC="), "and of a reload", words)
                equal(words[1], "READY=1", "that it is over")
                environment = open(f"/proc/{receiver.process.pid}/fdinfo/3").read()
                ok("flags:\t02004" in environment, "the sockets go to no child", environment)
                receiver.stop()
                heard = supervisor.heard()
                equal(heard if not heard.startswith("WATCHDOG") else supervisor.heard(), "STOPPING=1", "and of the end")
            ok(os.path.exists(place.socket), "the supervisor's socket file stays")
            over_a_restart(place, supervisor, second, place.commit({"docs/a.md": "a\n"}))
        finally:
            supervisor.close()


def over_a_restart(place, supervisor, second, third):
    """Whoever calls while nobody is there waits in the socket."""
    body = github_body(second, third)
    caller = socket.create_connection(("127.0.0.1", place.port))
    head = "".join(f"{k}: {v}\r\n" for k, v in github_headers(place.secret, body).items())
    caller.sendall(f"POST /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() +
                   (body if isinstance(body, bytes) else body.encode()))
    with Activated(place, supervisor) as receiver:
        caller.settimeout(20)
        ok(caller.recv(100).startswith(b"HTTP/1.1 202"), "a delivery sent while nobody was there is taken by the next start",
           receiver.log())
        ok(wait(lambda: [d["status"] for d in place.deliveries()] == ["done", "done"]), "and decided", receiver.log())
    caller.close()


def a_socket_that_no_setting_names():
    with Place() as place:
        place.configure()
        other = free_port()
        supervisor = Supervisor(place, [(socket.AF_INET, ("127.0.0.1", other))])
        try:
            receiver = Activated(place, supervisor)
            equal(receiver.process.wait(20), 78, "a socket that no setting names is an error of the configuration")
            ok(f"127.0.0.1 port {other}" in receiver.log(), "which names it", receiver.log())
        finally:
            supervisor.close()


def main():
    told_and_listening()
    a_socket_that_no_setting_names()
    done()


if __name__ == "__main__":
    main()

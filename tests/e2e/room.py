#!/usr/bin/env python3
"""A journal short of room: at its ceiling, and on a disk that others fill.  TAP."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

BALLAST = 20000


def deliver(place, commit, number):
    """A genuine push of 20 KB to a branch that nobody follows."""
    body = github_body(commit, commit, ref="refs/heads/feature", padding="x" * BALLAST, number=number)
    return post(place, "/hooks/github", body, github_headers(place.secret, body))[0]


def at_its_ceiling():
    """Finished history never stands in the way of a new delivery, whatever its age."""
    with Place() as place:
        place.app("web", "apps/web")
        first = place.commit({"apps/web/a.yaml": "kind: 1\n"})
        place.configure(journalMaxBytes="4MiB", retention="30d")
        with Receiver(place) as receiver:
            answers = {deliver(place, first, i) for i in range(500)}
            equal(answers, {202}, "500 pushes of 20 KB are taken by a journal of 4 MB")
            ok(receiver.metric("doorbell_store_dropped_total") > 0, "older ones went, and were counted")
            equal(receiver.status("/readyz"), 200, "it is ready")
            second = place.commit({"apps/web/a.yaml": "kind: 2\n"})
            equal(github(place, first, second), 202, "so is one that matters")
            ok(wait(lambda: place.rung() == ["web"]), "... which is rung", receiver.log())
            size = os.path.getsize(os.path.join(place.state, "journal.db"))
            ok(size <= 4 << 20, "the file keeps its limit", size)


def on_a_full_disk():
    """While others fill the disk the receiver says so, and takes deliveries again afterwards."""
    with Place() as place:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=700", "tmpfs", place.state],
                          capture_output=True).returncode != 0:
            note("no file system of its own can be mounted here: the full disk is not tried")
            return
        try:
            fill(place)
        finally:
            subprocess.run(["umount", "-l", place.state], check=True)


def fill(place):
    other = os.path.join(place.state, "other")
    place.app("web", "apps/web")
    first = place.commit({"apps/web/a.yaml": "kind: 1\n"})
    second = place.commit({"apps/web/a.yaml": "kind: 2\n"})
    place.configure(minFreeBytes="8MiB")
    with Receiver(place) as receiver:
        ok(receiver.metric("doorbell_store_free_bytes") > 8 << 20, "the free space is known from the start")
        with open(other, "wb") as file:
            try:
                for _ in range(1000):
                    file.write(bytes(1 << 20))
                    file.flush()
            except OSError:
                pass
        ok(wait(lambda: receiver.status("/readyz") == 503, 20), "on a full disk it is not ready")
        ok("failed room" in receiver.get("/readyz")[1] and "0 bytes free" in receiver.get("/readyz")[1],
           "and says that it is the room, with the bytes", receiver.get("/readyz"))
        equal(receiver.status("/healthz"), 200, "nothing is to be restarted")
        equal(receiver.metric("doorbell_store_free_bytes"), 0, "the metric says it, too")
        equal(github(place, first, second), 503, "a delivery is refused, to be sent again")
        os.unlink(other)
        ok(wait(lambda: receiver.status("/readyz") == 200, 20), "with room again it is ready")
        equal(github(place, first, second), 202, "and takes it")
        ok(wait(lambda: place.rung() == ["web"]), "... and rings", receiver.log())


if __name__ == "__main__":
    at_its_ceiling()
    on_a_full_disk()
    done()

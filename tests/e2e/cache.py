#!/usr/bin/env python3
"""Indexes on disk: within their budget while serving, and gone with their repository.  TAP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

APPLICATIONS = 700
TAGS = 8
BUDGET = 1 << 20


def cached(place):
    """Directories of the cache, each with its files' sizes."""
    top = os.path.join(place.state, "cache")
    return {d: {f: os.stat(os.path.join(top, d, f)).st_blocks * 512 for f in os.listdir(os.path.join(top, d))}
            for d in os.listdir(top)}


def taken(place):
    return sum(sum(files.values()) for files in cached(place).values())


def main():
    with Place(cacheMaxBytes="1MiB") as place:
        for i in range(APPLICATIONS):
            place.app(f"app{i}", f"apps/{i}", targetRevision=">=1.0.0")
        before = place.commit({f"apps/{i}/a.yaml": "kind: 1\n" for i in range(APPLICATIONS)}, "first")
        place.configure(targets=[])
        with Receiver(place) as receiver:
            for i in range(TAGS):
                commit = place.commit({"apps/0/a.yaml": f"kind: {i + 2}\n"})
                place.git("tag", f"v1.{i}.0")
                place.git("push", "-q", "origin", f"v1.{i}.0")
                github(place, ZERO, commit, ref=f"refs/tags/v1.{i}.0")
                ok(wait(lambda: place.deliveries()[0]["status"] != "working", 60), f"tag {i + 1} is decided", receiver.log())
                # An index is written when nobody has asked for a second.
                wait(lambda: max((len(f) for f in cached(place).values()), default=0) > min(i, 4), 4)
            ok(wait(lambda: 0 < taken(place) <= BUDGET, 5), f"the indexes of {TAGS} tags are within the budget",
               cached(place))
            files = [f for d in cached(place).values() for f in d]
            ok(2 <= len(files) < TAGS, "the newest are kept", files)
            first = list(cached(place))
        place.configure(repositories=[{"url": "https://git.example.org/other/thing.git", "path": place.bare}])
        with Receiver(place):
            equal(len(first), 1, "one repository had a directory")
            ok(first[0] not in cached(place), "which is gone once the repository is", cached(place))
    done()


main()

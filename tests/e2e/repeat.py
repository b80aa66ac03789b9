#!/usr/bin/env python3
"""Repeats of pushes whose commits are gone must not hold up others.  TAP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403


def decided(place, number):
    """The first push of a delivery once it is decided, else what it is."""
    return wait(lambda: place.show(number)["pushes"][0]["state"] in ("PLANNED", "IGNORED", "REFUSED"), 10) \
        and place.show(number)["pushes"][0]


def newest(place):
    return place.deliveries()[0]["id"]


def repeats(place, receiver, how):
    first = place.commit({"apps/web/a.yaml": "kind: 1\n"}, "one")
    github(place, ZERO, first)
    ok(decided(place, newest(place)), f"{how}: a first push is decided")
    second = place.commit({"apps/web/a.yaml": "kind: 2\n"}, "two")
    github(place, first, second)
    old = newest(place)
    ok(decided(place, old), f"{how}: a second push is decided")

    place.git("reset", "-q", "--hard", first)
    third = place.commit({"apps/web/a.yaml": "kind: 3\n"}, "three", push=False)
    place.git("push", "-q", "--force", "origin", "HEAD:main")
    run("git", "-C", place.bare, "reflog", "expire", "--expire=now", "--all")
    run("git", "-C", place.bare, "gc", "-q", "--prune=now")
    place.doorbell("replay", str(old), check=False)
    again = newest(place)
    ok(again != old and decided(place, again), f"{how}: a repeat of what was forced away is decided, not waited for",
       place.show(again))
    github(place, second, third)
    ok(decided(place, newest(place)), f"{how}: and the push after it")

    place.git("push", "-q", "origin", f"{third}:refs/heads/next")
    github(place, ZERO, third, ref="refs/heads/next")
    decided(place, newest(place))
    place.git("push", "-q", "origin", ":refs/heads/next")
    github(place, third, ZERO, ref="refs/heads/next")
    gone = newest(place)
    ok(decided(place, gone), f"{how}: the deletion of a ref is decided")
    place.doorbell("replay", str(gone), check=False)
    again = newest(place)
    push = decided(place, again)
    ok(again != gone and push and len(push.get("triggers", [])) == 1, f"{how}: its repeat too, with those who follow the ref",
       place.show(again))


def main():
    for how in ("local", "fetched"):
        with Place() as place:
            place.app("web", "apps/web")
            place.app("next", "apps/web", targetRevision="next")
            if how == "fetched":
                place.configure(repositories=[{"url": URL, "fetchUrl": "file://" + place.bare,
                                               "defaultBranch": "main"}])
            else:
                place.configure()
            with Receiver(place) as receiver:
                repeats(place, receiver, how)
    done()


main()

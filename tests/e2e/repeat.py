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


def redelivered():
    """A sender's repeat of what failed is carried out; of what went well it is not; nor by another id."""
    with Place() as place:
        place.app("web", "apps/web")
        fails = os.path.join(place.top, "fails")
        place.configure(retryAttempts=1)
        place.ring_command(f"[ ! -e {fails} ] || exit 1")
        with Receiver(place) as receiver:
            first = place.commit({"apps/web/a.yaml": "kind: 1\n"})
            second = place.commit({"apps/web/a.yaml": "kind: 2\n"})
            open(fails, "w").close()
            body = github_body(first, second)
            headers = github_headers(place.secret, body)
            equal(post(place, "/hooks/github", body, headers)[0], 202, "a delivery is taken")
            ok(wait(lambda: place.deliveries()[0]["status"] == "failed"), "and fails at its target", receiver.log())
            os.remove(fails)
            equal(post(place, "/hooks/github", body, headers)[0], 202, "its redelivery is carried out")
            ok(wait(lambda: place.rung() == ["web"]), "and rung", receiver.log())
            equal([r[2:] for r in place.rings()], [(first, second)], "over the same way")
            equal(place.deliveries()[0]["event"], "replay of 1", "the record says so")
            equal(post(place, "/hooks/github", body, headers)[0], 200, "one more at once is a repeat")
            third = place.commit({"apps/web/a.yaml": "kind: 3\n"})
            body = github_body(second, third)
            headers = github_headers(place.secret, body)
            equal(post(place, "/hooks/github", body, headers)[0], 202, "another delivery is taken")
            ok(wait(lambda: place.deliveries()[0]["status"] == "done"), "and goes well")
            count = len(place.deliveries())
            equal(post(place, "/hooks/github", body, headers)[0], 200, "its redelivery is a repeat")
            headers["X-GitHub-Delivery"] = str(uuid.uuid4())
            equal(post(place, "/hooks/github", body, headers)[0], 200, "so is its body under another id, which nobody signed")
            equal(len(place.deliveries()), count, "nothing of that is stored")


def main():
    redelivered()
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

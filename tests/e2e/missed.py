#!/usr/bin/env python3
"""Pushes that nobody told of: made while the receiver was down, or while it could not be reached.  TAP."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403


def looked(receiver, times=1):
    """All looks so far have ended, and nothing is under way."""
    return (wait(lambda: receiver.metric("doorbell_repository_looks_total") >= times, 20) and
            wait(lambda: receiver.metric("doorbell_queue_depth") == 0, 20))


def found(place):
    return [d for d in place.deliveries() if d["event"].startswith("found")]


def forget_rings(place):
    if os.path.exists(place.rings_file):
        os.remove(place.rings_file)


def away(place, receiver, change):
    """Stop the receiver, let change happen, start it: what it rings then."""
    receiver.stop()
    forget_rings(place)
    change()
    receiver.start()
    ok(looked(receiver), "the repository is looked at after the start", receiver.log())
    return place.rung()


def local_repository():
    with Place() as place:
        place.app("web", "apps/web")
        place.app("api", "apps/api")
        place.app("next", "apps/web", targetRevision="next")
        place.app("released", "apps/web", targetRevision="v1")
        place.commit({"apps/web/a.yaml": "kind: 1\n", "apps/api/a.yaml": "kind: 1\n"})
        place.git("push", "-q", "origin", "HEAD:next", "HEAD:feature")
        place.git("tag", "-a", "-m", "v1", "v1")
        place.git("push", "-q", "origin", "v1")
        place.configure()
        with Receiver(place) as receiver:
            ok(looked(receiver), "a new receiver looks at its repository", receiver.log())
            equal(place.deliveries(), [], "and has nothing to say: it knows of nothing that was before")
            equal(away(place, receiver, lambda: None), [], "nor after a start without a push")
            equal(place.deliveries(), [], "of an annotated tag neither")
            never_pushed_before(place, receiver)
            processed_before(place, receiver)
            branch_and_tag(place, receiver)
            by_reload(place, receiver)


def never_pushed_before(place, receiver):
    before = place.head()
    after = []
    equal(away(place, receiver, lambda: after.append(place.commit({"apps/web/a.yaml": "kind: 2\n"}))), ["web"],
          "a push while it was down, the first to that branch, rings what it changed")
    equal([r[2:] for r in place.rings()], [(before, after[0])], "from where it was seen first to where it is")
    equal([(d["source"], d["event"], d["status"]) for d in found(place)], [("-", "found at the start", "done")], "the record says how")
    equal(receiver.metric("doorbell_missed_pushes_total"), 1, "it is counted")
    forget_rings(place)
    equal(github(place, before, after[0]), 202, "its webhook, which comes later after all, is taken")
    ok(looked(receiver), "and decided")
    equal(place.rung(), [], "and rings nobody again")
    equal(place.show(place.deliveries()[0]["id"])["pushes"][0]["reason"], "this commit was processed already", "with that reason")


def processed_before(place, receiver):
    count = len(found(place))

    def two_pushes():
        place.commit({"apps/api/a.yaml": "kind: 2\n"})
        place.commit({"docs/a.md": "a\n"})
    equal(away(place, receiver, two_pushes), ["api"], "of two pushes the change of both is rung, in one go")
    equal(len(found(place)), count + 1, "they are one delivery")

    def back_and_forth():
        place.commit({"apps/api/a.yaml": "kind: 3\n"})
        place.git("reset", "-q", "--hard", "HEAD~1")
        place.git("push", "-q", "-f", "origin", "HEAD:main")
    equal(away(place, receiver, back_and_forth), [], "what was undone meanwhile is no difference")
    equal(len(found(place)), count + 1, "and no delivery")
    equal(away(place, receiver, lambda: place.git("push", "-q", "-f", "origin", "HEAD~2:main")), ["api"],
          "a branch that was set back rings what that changed")
    place.git("reset", "-q", "--hard", "HEAD~2")


def branch_and_tag(place, receiver):
    equal(away(place, receiver, lambda: place.git("push", "-q", "origin", ":next", ":feature")), ["next"],
          "a branch that was deleted rings all that follow it, and nobody for one that is not followed")
    equal(away(place, receiver, lambda: None), [], "once: the next start knows that it is gone")

    def move_tag():
        place.write("apps/web/a.yaml", "kind: 9\n")
        place.git("commit", "-q", "-a", "-m", "released")
        place.git("tag", "-f", "-a", "-m", "v1 again", "v1")
        place.git("push", "-q", "-f", "origin", "v1")
        place.git("reset", "-q", "--hard", "HEAD~1")
    equal(away(place, receiver, move_tag), ["released"], "a tag that was moved rings who follows it")
    equal(away(place, receiver, lambda: place.git("push", "-q", "origin", "HEAD:next")), ["next"],
          "a branch that was created meanwhile rings all that follow it")
    equal(away(place, receiver, lambda: place.commit({"apps/api/b.yaml": "kind: 1\n"}, branch="next")), [],
          "its next push is compared with what it was then")
    equal(found(place)[0]["event"], "found at the start", "and is on record")


def by_reload(place, receiver):
    forget_rings(place)
    looks = receiver.metric("doorbell_repository_looks_total")
    place.commit({"apps/api/a.yaml": "kind: 7\n"})
    receiver.process.send_signal(signal.SIGHUP)
    ok(looked(receiver, looks + 1), "a reload looks, too", receiver.log())
    ok(wait(lambda: place.rung() == ["api"]), "and finds what no webhook told of", place.rung())
    equal(found(place)[0]["event"], "found after a reload", "saying when")


def fetched_repository():
    """An origin that is away at the start, and comes back."""
    with Place() as place:
        place.app("web", "apps/web")
        place.app("api", "apps/api")
        place.commit({"apps/web/a.yaml": "kind: 1\n", "apps/api/a.yaml": "kind: 1\n"})
        away_path = place.bare + ".away"
        place.configure(repositories=[{"url": URL, "fetchUrl": "file://" + place.bare, "defaultBranch": "main"}],
                        fetchRetryFirst="100ms", fetchRetryMax="500ms")
        with Receiver(place) as receiver:
            ok(looked(receiver), "the origin is asked where its branches are", receiver.log())
            equal(away(place, receiver, lambda: place.commit({"apps/web/a.yaml": "kind: 2\n"})), ["web"],
                  "a push while it was down is found, fetched and rung")
            receiver.stop()
            forget_rings(place)
            first = place.head()
            second = place.commit({"apps/web/a.yaml": "kind: 3\n"})
            os.rename(place.bare, away_path)
            receiver.start()
            ok(wait(lambda: receiver.metric("doorbell_repository_look_errors_total") > 0, 20),
               "an origin that is away at the start is counted", receiver.log())
            ok("repository not looked at" in receiver.log(), "and logged", receiver.log())
            equal(github(place, first, second), 202, "a webhook of it is taken")
            os.rename(away_path, place.bare)
            ok(wait(lambda: place.rung() == ["web"], 20), "when it is back, the push is rung", receiver.log())
            ok(looked(receiver), "and it is looked at without waiting for the next try", receiver.log())
            outage(place, receiver, away_path)


def outage(place, receiver, away_path):
    """While the origin was away one of two branches moved, and nobody told."""
    forget_rings(place)
    looks = receiver.metric("doorbell_repository_looks_total")
    before = place.head()
    after = place.commit({"apps/web/a.yaml": "kind: 4\n"}, push=False)
    os.rename(place.bare, away_path)
    equal(github(place, before, after), 202, "a webhook comes while the origin is away")
    ok(wait(lambda: receiver.metric("doorbell_repository_fetch_errors_total") > 0), "which cannot be fetched")
    os.rename(away_path, place.bare)
    place.git("push", "-q", "origin", "HEAD:main")
    ok(wait(lambda: place.rung() == ["web"], 20), "it is rung when the origin is back", receiver.log())
    ok(looked(receiver, looks + 1), "and the origin is looked at", receiver.log())


def main():
    local_repository()
    fetched_repository()
    done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A repository of applications that cannot be reached, and all the others.  TAP."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

APPS = "https://git.example.org/acme/apps.git"


def keep_applications(place):
    """A second repository with one application in it, served from a file."""
    bare = os.path.join(place.top, "apps.git")
    work = os.path.join(place.top, "apps-work")
    run("git", "-c", "init.defaultBranch=main", "init", "-q", "--bare", bare)
    run("git", "clone", "-q", bare, work)
    place.app("kept", "apps/web")
    os.rename(os.path.join(place.apps, "kept.json"), os.path.join(work, "kept.json"))
    for command in (("add", "-A"), ("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "a"),
                    ("push", "-q", "origin", "HEAD:main")):
        run("git", *command, cwd=work)
    return bare


def reload(place, receiver, **changes):
    loaded = receiver.log().count("configuration reloaded")
    place.configure(**changes)
    receiver.process.send_signal(signal.SIGHUP)
    return wait(lambda: receiver.log().count("configuration reloaded") > loaded)


def pushes_go_on(place, receiver, sentence):
    before = len(place.rings())
    old = place.head()
    new = place.commit({"apps/web/a.yaml": f"kind: {time.time_ns()}\n"})
    github(place, old, new)
    ok(wait(lambda: len(place.rings()) > before), sentence, receiver.log())


def main():
    with Place() as place:
        bare = keep_applications(place)
        settings = {"repositories": [{"url": URL, "path": place.bare, "defaultBranch": "main"},
                                     {"url": APPS, "fetchUrl": "file://" + bare, "defaultBranch": "main"}],
                    "applications": [{"directory": place.apps}, {"repository": APPS, "ref": "main"}]}
        place.app("own", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: first\n"})
        os.rename(bare, bare + ".away")
        place.configure(**settings)
        with Receiver(place, ready=False) as receiver:
            ok(wait(lambda: "all pushes wait until they are" in receiver.log(), 20),
               "at the start it is said that pushes wait for applications never read", receiver.log())
            equal(receiver.status("/readyz"), 503, "and that it is not ready")
            os.rename(bare + ".away", bare)
            ok(wait(lambda: receiver.status("/readyz") == 200, 30), "once they are read it is", receiver.log())
            pushes_go_on(place, receiver, "pushes are decided")
            os.rename(bare, bare + ".away")
            ok(reload(place, receiver, quietWindow="10ms", **settings), "a reload while they are out of reach")
            ok(wait(lambda: receiver.log().count("applications not read") > 1, 20), "finds that", receiver.log())
            pushes_go_on(place, receiver, "and stops no push: they were read before")
            ok(wait(lambda: place.rung() == ["kept", "own"]), "not even of what is kept there", place.rung())
        a_start_goes_on(place, bare)
        a_committer_stops_nobody(place, bare)
    the_wait_is_measured()
    what_lasts_is_not_waited_for()
    done()


def a_start_goes_on(place, bare):
    """The receiver is started while the place is out of reach: its last list counts."""
    with Receiver(place) as receiver:
        ok(wait(lambda: "its last list counts until they are" in receiver.log(), 20),
           "a start while they are out of reach says that the last list counts", receiver.log())
        os.remove(place.rings_file)
        pushes_go_on(place, receiver, "and stops no push")
        ok(wait(lambda: place.rung() == ["kept", "own"]), "not even of what is kept there", place.rung())
        ok("cannot be read now" in place.doorbell("apps").stderr, "doorbell apps says so, too")
        equal(receiver.metric("doorbell_manifests_broken"), 1, "and the metric")
    [kept] = os.listdir(os.path.join(place.state, "applications"))
    with open(os.path.join(place.state, "applications", kept), "r+") as file:
        file.truncate(os.fstat(file.fileno()).st_size // 2)
    with Receiver(place, ready=False) as receiver:
        ok(wait(lambda: "last list not read" in receiver.log() and "all pushes wait" in receiver.log(), 20),
           "half a list is none: it is said, and pushes wait", receiver.log())
        os.rename(bare + ".away", bare)
        ok(wait(lambda: receiver.status("/readyz") == 200, 30), "until they can be read", receiver.log())


def a_committer_stops_nobody(place, bare):
    """Whoever may write to the place commits what cannot be read."""
    work = os.path.join(place.top, "apps-work")
    kind, oid = "100644 blob", run("git", "-C", work, "hash-object", "-w", "--stdin", input="kind: A\n").stdout.strip()
    for _ in range(11):
        lines = "".join(f"{kind} {oid}\ta{i}\n" for i in range(10))
        kind, oid = "040000 tree", run("git", "-C", work, "mktree", input=lines).stdout.strip()
    commit = run("git", "-C", work, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit-tree", "-m", "bomb", "-p",
                 "HEAD", oid).stdout.strip()
    run("git", "-C", work, "push", "-q", "origin", commit + ":refs/heads/main")
    for how in ("a start", "another start"):
        with Receiver(place) as receiver:
            ok(wait(lambda: "its last list counts until they are" in receiver.log(), 20),
               f"{how} with ten billion files where applications are kept goes on with the last list", receiver.log())
            os.remove(place.rings_file)
            pushes_go_on(place, receiver, "and decides pushes")
            ok(wait(lambda: {"kept", "own"} <= set(place.rung())), "also for what was kept there", place.rung())


def the_wait_is_measured():
    """A push whose repository is out of reach for a while: the metric has all of that time."""
    with Place() as place:
        place.app("own", "apps/web")
        old = place.commit({"apps/web/a.yaml": "kind: first\n"})
        place.configure(repositories=[{"url": URL, "fetchUrl": "file://" + place.bare, "defaultBranch": "main"}])
        with Receiver(place) as receiver:
            new = place.commit({"apps/web/a.yaml": "kind: second\n"})
            os.rename(place.bare, place.bare + ".away")
            begin = time.time()
            equal(github(place, old, new), 202, "a push is taken while its repository is out of reach")
            ok(wait(lambda: "WAITING" in json.dumps(place.show(1)), 20), "and waits", receiver.log())
            time.sleep(1.5)
            os.rename(place.bare + ".away", place.bare)
            waited = time.time() - begin
            ok(wait(lambda: place.rung() == ["own"], 60), "once it is there the application is rung", receiver.log())
            took = receiver.metric("doorbell_push_to_trigger_seconds_sum")
            ok(waited <= took <= time.time() - begin, "push_to_trigger begins when the push was taken", f"{took}, {waited}")


def what_lasts_is_not_waited_for():
    """A repository of a kind that is not read will be none tomorrow either."""
    with Place() as place:
        place.app("own", "apps/web")
        old = place.commit({"apps/web/a.yaml": "kind: first\n"})
        new = place.commit({"apps/web/a.yaml": "kind: second\n"})
        run("git", "-C", place.bare, "config", "core.repositoryFormatVersion", "1")
        run("git", "-C", place.bare, "config", "extensions.partialClone", "origin")
        place.configure(fetchGiveUp="1h")
        with Receiver(place) as receiver:
            equal(github(place, old, new), 202, "a push of a partial clone is taken")
            ok(wait(lambda: [t["state"] for t in place.show(1)["pushes"][0]["triggers"]] == ["SENT"], 20), "and rings all that follow, without waiting", receiver.log())
            ok("extensions.partialclone" in place.show(1)["pushes"][0]["reason"], "with the reason", place.show(1))


main()

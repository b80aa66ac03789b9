#!/usr/bin/env python3
"""Applications that lie, or are made from what lies, in a repository that is not configured.  TAP."""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

WRONG = "https://git.example.org/acme/gitopps.git"


def push(place, text):
    """One change of what web reads, told as GitHub would."""
    before = place.head()
    github(place, before, place.commit({"apps/web/a.yaml": text}))


def test_place(place):
    """A place that is in no repository we know: pushes wait, and are decided rightly once it is."""
    place.configure(applications=[{"directory": place.apps}, {"repository": WRONG, "ref": "main"}])
    result = place.doorbell("check", "--config", place.config, check=False)
    ok(result.returncode == 78 and "it is not among the repositories: did you mean" in result.stdout and
       URL in result.stdout, "check refuses it, with what was meant", result.stdout)
    with Receiver(place, ready=False) as receiver:
        ok(wait(lambda: receiver.status("/readyz") == 503 and "all pushes wait" in receiver.log()),
           "a receiver is not ready, and says why", receiver.log())
        push(place, "kind: 2\n")
        time.sleep(1)
        deliveries = place.deliveries()
        ok(len(deliveries) == 1 and deliveries[0]["status"] == "working", "a push waits", deliveries)
        equal(receiver.status("/readyz"), 503, "... and it stays so")
        place.configure()
        receiver.process.send_signal(signal.SIGHUP)
        ok(wait(lambda: place.deliveries()[0]["status"] == "done"), "once it is mended the push is decided", receiver.log())
        equal(place.deliveries()[0]["affected"], 1, "... as it should be")
        equal(receiver.status("/readyz"), 200, "and the receiver is ready")
        place.configure(applications=[{"directory": place.apps}, {"repository": WRONG, "ref": "main"}])
        receiver.process.send_signal(signal.SIGHUP)
        ok(wait(lambda: receiver.status("/readyz") == 503), "a reload that breaks it is told, too", receiver.log())
        place.configure()
        receiver.process.send_signal(signal.SIGHUP)
        ok(wait(lambda: receiver.status("/readyz") == 200), "... and one that mends it", receiver.log())


def test_source(place):
    """An application of a repository that is not configured is named."""
    place.app("lost", "apps/lost", repoURL=WRONG)
    place.configure()
    result = place.doorbell("check", "--config", place.config)
    ok("lost" in result.stdout and "did you mean" in result.stdout, "check warns of it", result.stdout)
    with Receiver(place) as receiver:
        line = [l for l in receiver.log().splitlines() if "repositories that are not configured" in l]
        ok(len(line) == 1 and "lost" in line[0] and "gitopps" in line[0], "one line of the log names it", receiver.log())
        equal(receiver.metric("doorbell_applications_unrung "), 1, "it is counted")
        table = place.doorbell("apps").stdout
        ok("REPOSITORY" in table and "(not configured) " in table, "apps shows it", table)
        sources = {a["application"].split("/")[-1]: a["sources"][0] for a in
                   json.loads(place.doorbell("apps", "--format", "json").stdout)["applications"]}
        equal((sources["web"]["rings"], sources["lost"]["rings"]), (True, False), "... and in JSON")


def test_untaken(place):
    """An application that no target takes is named at the start, to who pushes, and as a failure."""
    place.app("left", "apps/left")
    place.configure(targets=[{"name": "ring", "applications": ["*/web"], "exec": {"command": place.ring_command()}}])
    with Receiver(place) as receiver:
        ok(wait(lambda: "applications that no target takes" in receiver.log() and "first=argocd/l" in receiver.log()),
           "one line of the log names it", receiver.log())
        ok(receiver.metric("doorbell_applications_untaken ") >= 1, "it is counted")
        run(DOORBELL, "hook", "install", place.bare, "--socket", place.socket, "--secret-file",
            os.path.join(place.top, "secret"), "--repository", URL, "--source", "hook")
        place.commit({"apps/left/a.yaml": "kind: 1\n"}, push=False)
        told = place.git("push", "origin", "HEAD:main").stderr
        ok("left (no target takes 1 of them)" in told, "who pushes is told", told)
        ok(wait(lambda: place.deliveries("--failed")), "the delivery counts as failed", place.deliveries())
        text = place.doorbell("show", str(place.deliveries()[0]["id"])).stdout
        ok("REFUSED" in text and "no target takes it" in text, "with that reason", text)


def main():
    with Place() as place:
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n"}, "first")
        test_place(place)
        test_source(place)
        test_untaken(place)
    done()


main()

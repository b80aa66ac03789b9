#!/usr/bin/env python3
"""Triggers that are looked at until they converge: the target argocd with convergeTimeout.  TAP.

A fake Argo CD over TLS that syncs slowly, loses events, breaks its streams
off, or never syncs; a receiver that is killed meanwhile.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from argocd import ArgoCD  # noqa: E402
from doorbell import *  # noqa: E402,F403

TOKEN = "argocd-token"
# name: (what Argo CD knows of it, syncs by itself)
APPS = {
    "auto": ({"sync_seconds": 1.5}, True),
    "hand": ({"sync_seconds": 1.5}, False),
    "plain": ({}, False),
    "broken": ({"sync_seconds": 600}, True),
    "unseen": ({"sync_seconds": 1.5}, True),
    "killed": ({"sync_seconds": 4}, True),
    "again": ({"sync_seconds": 600}, True),
    "blind": ({"sync_seconds": 1}, True),
}


def manifest(name, automated):
    policy = {"syncPolicy": {"automated": {}}} if automated else {}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"project": "team", "source": {"repoURL": URL, "targetRevision": "main", "path": f"apps/{name}"},
                     **policy}}


def target(place, argo, name, applications, **settings):
    return {"name": name, "applications": applications, "concurrency": 2,
            "argocd": {"url": argo.url, "tokenFile": os.path.join(place.top, "token"), "timeout": "5s",
                       "caFile": os.path.join(place.top, "ca.pem"), **settings}}


def configure(place, argo, time="8s"):
    place.configure(retryFirst="100ms", targets=[
        target(place, argo, "watched", ["argocd/[!hpu]*"], convergeTimeout=time),
        target(place, argo, "synced", ["argocd/hand"], action="sync", convergeTimeout=time),
        target(place, argo, "refreshed", ["argocd/plain"], convergeTimeout=time),
        target(place, argo, "unwatched", ["argocd/unseen"])])


def set_up(place, argo):
    before = place.commit({f"apps/{name}/a.yaml": "kind: 1\n" for name in APPS})
    with open(os.path.join(place.apps, "all.json"), "w") as file:
        json.dump({"apiVersion": "v1", "kind": "List", "items": [manifest(n, a) for n, (_, a) in APPS.items()]}, file)
    for name, (settings, automated) in APPS.items():
        argo.add(name, project="team", repo=URL, target="main", path=f"apps/{name}", automated=automated,
                 revision=before, **settings)
    argo.token(TOKEN, ["get", "sync"], projects=["team"])
    secret_file(os.path.join(place.top, "token"), TOKEN + "\n")
    configure(place, argo)


def push(place, argo, *names):
    """Change these applications. The number of the delivery."""
    known = len(place.deliveries())
    before = place.head()
    text = f"kind: {known + 2}\n"
    after = place.commit({f"apps/{name}/a.yaml": text for name in names})
    argo.push(URL, "main", after)
    equal(github(place, before, after), 202, "a push is accepted")
    wait(lambda: len(place.deliveries()) > known)
    return place.deliveries()[0]["id"]


def trigger(place, name, number):
    for p in place.show(number)["pushes"]:
        for t in p["triggers"]:
            if t["application"] == "argocd/" + name:
                return t
    return {"state": "absent", "attempts": []}


def reached(place, name, number, state, text, seconds=20):
    got = wait(lambda: trigger(place, name, number)["state"] == state, seconds, 0.05)
    ok(got, text, trigger(place, name, number))
    return trigger(place, name, number)


def story(t):
    return [a["state"] for a in t["attempts"]]


def test_converge(place, argo):
    number = push(place, argo, "auto", "hand", "plain", "unseen")
    t = reached(place, "auto", number, "SENT", "what Argo CD has compared and not synced yet is SENT")
    ok(t["finished"] is None and t["next"] is not None, "and open, until its time ends", t)
    text = place.doorbell("show", str(number)).stdout
    ok("    observed until 2" in text, "which a person is told, too", text)
    t = reached(place, "auto", number, "CONVERGED", "it converges when Argo CD has synced it by itself")
    equal(story(t), ["SENT", "CONVERGED"], "and both are on record")
    ok("reports the pushed commit, Synced" in t["attempts"][-1]["reason"], "with what was seen", t)
    t = reached(place, "hand", number, "CONVERGED", "it converges when the sync that we started is over")
    equal(story(t), ["SENT", "CONVERGED"], "which took a while")
    t = reached(place, "plain", number, "CONVERGED", "where nobody syncs, the pushed commit is enough")
    equal(story(t), ["CONVERGED"], "and the refresh says so itself")
    t = reached(place, "unseen", number, "CONVERGED", "a target that does not look is content with the commit")
    equal(story(t), ["CONVERGED"], "at once")
    ok(argo.of("stream")[0]["headers"]["Accept"] == "text/event-stream", "Argo CD is asked for events")
    calls = argo.count("auto")
    equal(calls, 1, "and for nothing else: one refresh")


def test_trouble(place, argo):
    argo.deaf = True
    number = push(place, argo, "auto")
    reached(place, "auto", number, "CONVERGED", "an event that is lost is made good by the next stream")
    argo.deaf = False

    number = push(place, argo, "auto")
    reached(place, "auto", number, "SENT", "a trigger is looked at")
    argo.script("stream", 503)
    argo.end_streams()
    reached(place, "auto", number, "CONVERGED", "a stream that breaks off and is refused then is begun again")

    number = push(place, argo, "broken", "blind")
    argo.apps["argocd/broken"].error = "no such chart"
    reached(place, "blind", number, "CONVERGED", "one that is slow")
    t = reached(place, "broken", number, "STALLED", "what does not converge stalls when its time is over")
    ok("not converged within 8 s" in t["attempts"][-1]["reason"] and "no such chart" in t["attempts"][-1]["reason"],
       "with what was seen last", t)
    failed = json.loads(place.doorbell("deliveries", "--failed", "--format", "json").stdout)
    ok(number in [d["id"] for d in failed["deliveries"]], "and its delivery is one that failed", failed)
    argo.apps["argocd/broken"].error = None


def test_newer(place, argo, receiver):
    first = push(place, argo, "again")
    reached(place, "again", first, "SENT", "a trigger is looked at")
    equal(receiver.metric('doorbell_queue_oldest_timestamp_seconds{stage="trigger"}'), 0, "which does not wait in line")
    second = push(place, argo, "again")
    reached(place, "again", first, "SUPERSEDED", "until a newer push takes its place")
    reached(place, "again", second, "SENT", "which is looked at instead")
    with argo.lock:
        argo.apps["argocd/again"].operation_until = 1.0
    reached(place, "again", second, "CONVERGED", "and converges")


def test_metrics(receiver):
    def metric(name, **labels):
        return receiver.metric("doorbell_%s{%s" % (name, ",".join('%s="%s"' % l for l in labels.items())))

    sent = metric("triggers_total", target="watched", result="sent")
    ok(sent >= 6, "what was taken is counted", sent)
    equal(metric("triggers_total", target="watched", result="stalled"), 1, "so is what has stalled")
    equal(metric("triggers_total", target="watched", result="superseded"), 1, "and what a newer push replaced")
    equal(metric("push_to_trigger_seconds_count", target="watched"), sent,
          "a push is measured until its trigger was taken, once for each")
    ok(metric("stage_duration_seconds_count", stage="trigger") >= sent, "and in that stage")
    calls = metric("trigger_duration_seconds_count", target="watched")
    ok(calls >= sent and metric("trigger_duration_seconds_sum", target="watched") > 0, "each call is measured", calls)


def test_kill(place, argo, receiver):
    number = push(place, argo, "killed")
    reached(place, "killed", number, "SENT", "a trigger is looked at when the receiver is killed")
    receiver.kill()
    with Receiver(place):
        refreshes = argo.count("killed")
        t = reached(place, "killed", number, "CONVERGED", "the next one goes on looking")
        equal(story(t), ["SENT", "CONVERGED"], "where the last one left off")
        equal(argo.count("killed"), refreshes, "without ringing again")

        number = push(place, argo, "killed")
        reached(place, "killed", number, "SENT", "another one")
        place.configure(targets=[target(place, argo, "watched", ["argocd/*"])])
        t = reached(place, "killed", number, "SENT", "stays as it was")
        ok(wait(lambda: trigger(place, "killed", number)["finished"], 10, 0.1),
           "when the target is told to look no more: that is its end then", trigger(place, "killed", number))


def main():
    with Place() as place, ArgoCD(tls=certificate(place.top)[0]) as argo:
        set_up(place, argo)
        with Receiver(place) as receiver:
            test_converge(place, argo)
            test_trouble(place, argo)
            test_newer(place, argo, receiver)
            test_metrics(receiver)
            test_kill(place, argo, receiver)
    done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The target argocd, through the whole receiver, against a fake Argo CD over TLS.  TAP.

Every way in which Argo CD answers, or does not; limits and fairness of a
target; many pushes in a short time; the token, which nobody may see.
"""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from argocd import ArgoCD  # noqa: E402
from doorbell import *  # noqa: E402,F403

TOKEN = "argocd-token-that-nobody-may-see"
SMALL = "argocd-token-of-a-small-project"
OTHER_URL = "https://git.example.org/acme/other.git"
MANY = 5000


def manifest(name, path, project="team", namespace="argocd", url=URL, automated=False):
    policy = {"syncPolicy": {"automated": {}}} if automated else {}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"project": project, "source": {"repoURL": url, "targetRevision": "main", "path": path}, **policy}}


def write_apps(place, manifests, name="all.json"):
    with open(os.path.join(place.apps, name), "w") as file:
        json.dump({"apiVersion": "v1", "kind": "List", "items": manifests}, file)


def argocd_target(place, argo, name="argo", applications=("*",), limits=None, **settings):
    return {"name": name, "applications": list(applications), **(limits or {}),
            "argocd": {"url": argo.url, "tokenFile": os.path.join(place.top, "token"),
                       "caFile": os.path.join(place.top, "ca.pem"), **settings}}


def push(place, argo, files, **more):
    """Commit, tell the fake what it will find, send. (before, after)."""
    before = place.head()
    after = place.commit(files)
    argo.push(URL, "main", after)
    equal(github(place, before, after, **more), 202, "a push is accepted")
    return before, after


def triggers(place, number=None):
    """The triggers of a delivery (the newest) by application and target."""
    record = place.show(number or place.deliveries()[0]["id"])
    return {(t["application"], t["target"]): t for p in record["pushes"] for t in p["triggers"]}


def one(place, name, number=None):
    for (application, _), trigger in triggers(place, number).items():
        if application.split("/")[-1] == name:
            return trigger
    return {"state": "absent", "attempts": []}


def reached(place, name, state, seconds=20, number=None):
    return wait(lambda: one(place, name, number)["state"] == state, seconds, 0.1)


def reasons(trigger):
    return " | ".join(a["reason"] or "" for a in trigger["attempts"])


class Watcher(threading.Thread):
    """Looks at all command lines for what must not be there."""

    def __init__(self, *secrets):
        super().__init__(daemon=True)
        self.secrets = [s.encode() for s in secrets]
        self.found = []
        self.looks = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.01):
            self.looks += 1
            for pid in os.listdir("/proc"):
                if not pid.isdigit() or int(pid) == os.getpid():
                    continue
                for part in ("cmdline", "environ"):
                    try:
                        with open(f"/proc/{pid}/{part}", "rb") as file:
                            text = file.read()
                    except OSError:
                        continue
                    self.found += [(part, text[:200]) for s in self.secrets if s in text]


def files_with(top, secret):
    """Files below a directory that hold the secret."""
    found = []
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            try:
                with open(path, "rb") as file:
                    if secret.encode() in file.read():
                        found.append(os.path.relpath(path, top))
            except OSError:
                pass
    return sorted(found)


# name: (settings of the application, what its calls are answered with)
FAULTS = {
    "plain": ({}, []),
    "elsewhere": ({"namespace": "team-a"}, []),
    "ill": ({}, [503, 503]),
    "reset": ({}, ["reset"]),
    "closed": ({}, ["close"]),
    "hang": ({}, [("hang", 6)]),
    "limited": ({}, [(429, {"Retry-After": "2"})]),
    "denied": ({"project": "forbidden"}, []),
    "missing": ({}, []),
    "moved": ({}, [(302, {"Location": "/stolen"})]),
    "lost": ({}, []),
    "s-plain": ({}, []),
    "s-busy": ({}, [(400, {}, {"code": 9, "message": "another operation is already in progress"})]),
    "s-window": ({}, []),
    "s-deleting": ({}, []),
    "s-auto": ({"automated": True}, []),
    "s-silent": ({}, [("hang", 6)]),
    "stranger": ({}, []),
}


def set_up_faults(place, argo):
    before = place.commit({f"apps/{name}/a.yaml": "kind: 1\n" for name in FAULTS})
    write_apps(place, [manifest(name, f"apps/{name}", **settings) for name, (settings, _) in FAULTS.items()])
    for name, (settings, script) in FAULTS.items():
        if name != "missing":
            argo.add(name, **{"project": "team", "repo": URL, "target": "main", "revision": before, **settings})
        argo.script(name, *script)
    argo.apps["argocd/s-window"].window = True
    argo.apps["argocd/s-deleting"].deleting = True
    argo.apps["argocd/lost"].lost = 1
    # The fake resolves a revision only where a refresh is; a sync that runs compares, too.
    argo.token(TOKEN, ["get", "sync"], projects=["team"])
    certificate(place.top, "foreign", "foreign-ca")
    limit = "2s"
    place.configure(retryFirst="100ms", retryMax="1s", targets=[
        argocd_target(place, argo, "argo", ["*/[!s]*", "argocd/stranger"], {"concurrency": 16}, timeout=limit),
        argocd_target(place, argo, "sync", ["argocd/s-*"], {"concurrency": 8}, action="sync", prune=True, timeout=limit),
        argocd_target(place, argo, "strange", ["argocd/stranger"], caFile=os.path.join(place.top, "foreign-ca.pem"))])


def test_answers(place, argo):
    _, after = push(place, argo, {f"apps/{name}/a.yaml": "kind: 2\n" for name in FAULTS})
    number = wait(lambda: place.deliveries())[0]["id"]

    def expect(name, state, name_of_test, seconds=25):
        got = reached(place, name, state, seconds, number)
        trigger = one(place, name, number)
        ok(got, name_of_test, trigger)
        return trigger, argo.of(name)

    trigger, calls = expect("plain", "CONVERGED", "an application that reports the pushed commit has converged")
    equal([(c["method"], c["path"], c["query"]) for c in calls],
          [("GET", "/api/v1/applications/plain", {"refresh": "normal", "project": "team", "appNamespace": "argocd"})],
          "it is one normal refresh, with project and namespace")
    ok("it reports the pushed commit" in reasons(trigger), "and the record says so", reasons(trigger))
    equal(argo.apps["argocd/plain"].revisions, [after], "Argo CD has compared with that commit")
    _, calls = expect("elsewhere", "CONVERGED", "an application in another namespace is found there")
    equal(calls[0]["query"].get("appNamespace"), "team-a", "by appNamespace")

    trigger, calls = expect("ill", "CONVERGED", "503 is tried again until it is well")
    equal([c["status"] for c in calls], [503, 503, 200], "three calls")
    ok("503: Argo CD is not well" in reasons(trigger), "and each is on record", reasons(trigger))
    expect("reset", "CONVERGED", "a connection that is reset is tried again")
    expect("closed", "CONVERGED", "a connection that is closed without an answer is tried again")
    trigger, calls = expect("hang", "CONVERGED", "a refresh that is not answered in time is asked for again")
    equal(len(calls), 2, "once")
    ok("no answer within 2 s" in reasons(trigger), "the record says how long we waited", reasons(trigger))

    trigger, calls = expect("limited", "CONVERGED", "429 is tried again")
    ok(len(calls) == 2 and calls[1]["time"] - calls[0]["time"] >= 2, "not before Retry-After",
       [c["time"] for c in calls])
    trigger, calls = expect("denied", "REFUSED", "403 by RBAC is final")
    ok("argocd-rbac-cm" in reasons(trigger) and len(calls) == 1, "and names the cure", reasons(trigger))
    trigger, _ = expect("moved", "REFUSED", "a redirect is refused")
    ok("redirected: configure the final" in reasons(trigger), "with the cure", reasons(trigger))
    equal([c["path"] for c in argo.calls if "stolen" in c["path"]], [], "and nobody follows it with the token")
    trigger, calls = expect("lost", "CONVERGED", "a refresh that Argo CD lost is made again")
    ok("still reports the commit before the push" in reasons(trigger), "with that reason", reasons(trigger))

    trigger, calls = expect("s-plain", "SENT", "a sync is started where one is configured")
    equal([(c["method"], c["path"]) for c in calls], [("POST", "/api/v1/applications/s-plain/sync")],
          "it is one POST")
    ok(calls and calls[0]["body"].get("prune") is True and calls[0]["body"].get("project") == "team" and
       calls[0]["body"].get("appNamespace") == "argocd" and "revision" not in calls[0]["body"],
       "with project, namespace and prune, and never a revision", calls)
    trigger, calls = expect("s-auto", "CONVERGED", "an application that syncs by itself is only refreshed")
    equal([c["action"] for c in calls], ["refresh"], "and never told to sync")
    trigger, calls = expect("s-busy", "SENT", "while a sync of it runs we come back later")
    ok("a sync of it is running" in reasons(trigger) and [c["status"] for c in calls] == [400, 200],
       "and then it is synced", (reasons(trigger), calls))
    trigger, _ = expect("s-window", "WAITING", "outside its sync windows an application waits")
    ok("outside its sync windows" in reasons(trigger), "and says so", reasons(trigger))
    trigger, _ = expect("s-deleting", "REFUSED", "an application that is being deleted is let go")
    trigger, calls = expect("s-silent", "SENT", "a sync without an answer is asked for again")
    ok("no answer to the sync within 2 s" in reasons(trigger), "with that reason", reasons(trigger))

    expect("stranger", "CONVERGED", "the right authority's target converges")
    trigger = triggers(place, number)[("argocd/stranger", "strange")]
    ok(trigger["state"] in ("WAITING", "STALLED") and "not sent" in reasons(trigger) and "certificate" in reasons(trigger).lower(),
       "a certificate of another authority is not believed, and that is said", reasons(trigger))
    trigger = one(place, "missing", number)
    ok("404: no such application" in reasons(trigger) and trigger["next"],
       "an application that Argo CD does not have is asked for again, it may be made yet", trigger)


def test_token(place, argo, receiver):
    """401, and the token is another one on disk meanwhile."""
    argo.tokens.clear()
    argo.token(SMALL, ["get"], projects=["team"])
    push(place, argo, {"apps/plain/a.yaml": "kind: 3\n"})
    number = place.deliveries()[0]["id"]
    ok(reached(place, "plain", "WAITING", number=number), "an invalid token is waited out", one(place, "plain", number))
    trigger = one(place, "plain", number)
    ok("401" in reasons(trigger) and os.path.join(place.top, "token") in reasons(trigger),
       "and the record says which file to look at", reasons(trigger))
    secret_file(os.path.join(place.top, "token"), SMALL + "\n")
    _, after = push(place, argo, {"apps/plain/a.yaml": "kind: 4\n"})
    ok(reached(place, "plain", "CONVERGED"), "the token that is on disk now is used without a reload",
       triggers(place))
    equal(argo.of("plain")[-1]["token"], SMALL, "it is the new one")
    ok(one(place, "plain", number)["state"] in ("SUPERSEDED", "SENT", "CONVERGED"),
       "the older trigger did not wait for long: it was rung, or superseded by the newer push", one(place, "plain", number))
    equal(receiver.metric('doorbell_target_down{target="argo"}'), 0, "the target is not down any more")
    equal(argo.apps["argocd/plain"].revisions, [after], "and the newest commit is there")


def test_limits(place, argo, receiver):
    """Rate, burst and concurrency of a target."""
    names = [f"n{i}" for i in range(24)]
    argo.refresh_seconds = 0.05
    argo.on_call = lambda call: call.__setitem__("end", time.monotonic())
    write_apps(place, [manifest(n, "many") for n in names], "limits.json")
    place.commit({"many/a.yaml": "kind: 1\n"})
    for name in names:
        argo.add(name, project="team", repo=URL, target="main")
    place.configure(targets=[argocd_target(place, argo, "slow", ["argocd/n*"],
                                           {"ratePerSecond": 10, "burst": 4, "concurrency": 2})])
    reload(receiver)
    ok(wait(lambda: len(json.loads(place.doorbell("apps", "--format", "json").stdout)["applications"]) == 24 + len(FAULTS)),
       "new applications are known")
    argo.calls.clear()
    push(place, argo, {"many/a.yaml": "kind: 2\n"})
    ok(wait(lambda: sum("end" in c for c in argo.calls) == 24, 20), "all are refreshed", len(argo.calls))
    times = sorted(c["time"] for c in argo.calls)
    worst = max((j - i + 1) - (4 + 10 * (times[j] - times[i])) for i in range(24) for j in range(i, 24))
    note(f"24 calls in {times[-1] - times[0]:.2f} s")
    # The moment of a call is seen where it arrives: half a call's worth of jitter.
    ok(worst <= 1.5, "never more than burst and rate allow", (worst, [round(t - times[0], 2) for t in times]))
    spans = [(c["time"], c["end"]) for c in argo.calls]
    overlap = max(sum(b <= a < e for b, e in spans) for a, _ in spans)
    ok(overlap <= 2, "never more at a time than its concurrency", overlap)
    argo.on_call = None
    argo.refresh_seconds = 0.01


def reload(receiver):
    before = receiver.log().count("configuration reloaded")
    receiver.process.send_signal(signal.SIGHUP)
    ok(wait(lambda: receiver.log().count("configuration reloaded") > before), "reloaded", receiver.log())


def test_storm(place, argo, receiver):
    """Fifty pushes in five seconds."""
    place.configure(quietWindow="200ms", targets=[argocd_target(place, argo, "argo", ["argocd/n*"])])
    reload(receiver)
    base = place.head()
    commits = [place.commit({"many/a.yaml": f"kind: {10 + i}\n"}, push=False) for i in range(50)]
    for commit in commits:
        place.git("push", "-q", place.bare, f"{commit}:refs/storm/{commit}")
    argo.calls.clear()
    begun = time.monotonic()
    statuses = []
    for i, commit in enumerate(commits):
        place.git("--git-dir", place.bare, "update-ref", "refs/heads/main", commit)
        argo.push(URL, "main", commit)
        statuses.append(github(place, commits[i - 1] if i else base, commit))
        time.sleep(max(0, begun + (i + 1) * 0.1 - time.monotonic()))
    ok(set(statuses) == {202}, "all are accepted", f"{statuses}\n{receiver.process.poll()}\n" + receiver.log()[-6000:])
    ok(wait(lambda: argo.apps["argocd/n0"].revisions == [commits[-1]] and
            all(d["status"] != "working" for d in place.deliveries("--limit", "60")), 20, 0.1),
       "all applications report the last commit in the end", argo.apps["argocd/n0"].revisions)
    equal({argo.apps[f"argocd/n{i}"].revisions[0] for i in range(24)}, {commits[-1]}, "each of them")
    counts = [argo.count(f"n{i}") for i in range(24)]
    note(f"50 pushes in {time.monotonic() - begun:.1f} s: {min(counts)} to {max(counts)} refreshes for each application")
    ok(max(counts) <= 12, "with few refreshes for each", counts)
    last = [t["state"] for t in triggers(place).values()]
    equal(set(last), {"CONVERGED"}, "the last push's triggers have converged")


def test_fairness(place, argo):
    """A push that touches one application goes past one that touches 5,000."""
    other = os.path.join(place.top, "other.git")
    run("git", "clone", "-q", "--bare", place.work, other)
    run("git", "--git-dir", other, "update-ref", "refs/heads/main", place.head())
    for old in os.listdir(place.apps):
        os.remove(os.path.join(place.apps, old))
    write_apps(place, [manifest(f"big{i}", "many") for i in range(MANY)] +
               [manifest("small", "many", url=OTHER_URL), manifest("branch", "many")])
    for i in range(MANY):
        argo.add(f"big{i}", project="team", repo=URL, target="main")
    argo.add("small", project="team", repo=OTHER_URL, target="main")
    argo.calls.clear()
    place.configure(drainTimeout="1s", targets=[argocd_target(place, argo)], repositories=[
        {"url": URL, "path": place.bare, "defaultBranch": "main"},
        {"url": OTHER_URL, "path": other, "defaultBranch": "main"}])
    with Receiver(place) as receiver:
        before = place.head()
        push(place, argo, {"many/a.yaml": "kind: 100\n"})
        ok(wait(lambda: argo.count() >= 100, 30), "a push that touches 5,000 applications is under way", receiver.log()[-2000:])
        run("git", "--git-dir", other, "fetch", "-q", place.bare, "+main:main")
        after = place.head()
        argo.push(OTHER_URL, "main", after)
        begun, at = time.monotonic(), argo.count()
        equal(github(place, before, after, url=OTHER_URL), 202, "another touches one")
        ok(wait(lambda: argo.count("small"), 30), "and that one is refreshed", argo.count())
        call = argo.of("small")[0]
        planned = [c for c in argo.calls if begun <= c["time"] < call["time"]]
        note(f"{at} calls before; {len(planned)} in the {(call['time'] - begun) * 1000:.0f} ms until it was called")
        behind = len([c for c in argo.calls if c["time"] > call["time"]])
        ok(argo.count() < MANY and call["time"] - begun < 3 * PATIENCE,
           "long before the 5,000 are done", (argo.count(), behind))
        decided = place.show(2)["pushes"][0]["decision"]["after_ms"]
        received = place.show(2)["received"]
        note(f"received {received}, decided after {decided} ms")


def main():
    with Place() as place, ArgoCD(tls=certificate(place.top)[0]) as argo:
        secret_file(os.path.join(place.top, "token"), TOKEN + "\n")
        watcher = Watcher(TOKEN, SMALL)
        watcher.start()
        set_up_faults(place, argo)
        with Receiver(place) as receiver:
            test_answers(place, argo)
            test_token(place, argo, receiver)
            test_limits(place, argo, receiver)
            test_storm(place, argo, receiver)
        test_fairness(place, argo)
        watcher.over.set()
        watcher.join()
        ok(watcher.looks > 20 and not watcher.found, "the token is in no command line and no environment", watcher.found)
        equal(files_with(place.top, TOKEN), [], "the old token is in no log, record or other file")
        equal(files_with(place.top, SMALL), ["token"], "the new one only in its own")
    done()


if __name__ == "__main__":
    main()

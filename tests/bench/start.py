#!/usr/bin/env python3
"""The start, and looks at manifests while nothing or one file changes.

First: seconds until the receiver listens and until it is ready, and how often
it makes its list of applications, by the number of applications and of refs
whose applications refer to other repositories; and the processor seconds that
the receiver and its readers took for it.

Then: how long /healthz takes at most while one of many files changes, beside
how long it takes at most while nothing happens, in the same run; and processor
seconds for one look.

    STARTS=1000:10,50000:100,100000:1000 FILES=10000
"""
import json
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

STARTS = [tuple(int(n) for n in s.split(":")) for s in
          os.environ.get("STARTS", "1000:10,50000:100,100000:1000").split(",")]
FILES = int(os.environ.get("FILES", "10000"))
FILE_OF = 1000
BASE = "https://git.example.org/acme/base.git"


def manifest(number, path):
    return json.dumps({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                       "metadata": {"name": f"app{number}", "namespace": "argocd"},
                       "spec": {"project": "default", "source": {
                           "repoURL": URL, "targetRevision": "main", "path": path}}})


def write_refs(place, refs, applications):
    """What the walks of so many refs would have left: ten applications of each refer to another repository."""
    with sqlite3.connect(os.path.join(place.state, "journal.db")) as journal:
        for i in range(refs):
            refers = [{"repository": "git.example.org/acme/base", "ref": "", "path": f"base/{i}", "walker": "kustomize",
                       "applications": [f"argocd/app{(i * 10 + k) % applications}" for k in range(10)]}]
            journal.execute("INSERT INTO ref_state (repository, ref, commit_id, moved_ms, refers) VALUES (?, ?, ?, 0, ?)",
                            (NAME, f"refs/heads/b{i}", bytes(20), json.dumps(refers)))
    journal.close()


def processor(pid):
    """Seconds of user and system time: of the process, and of its children that have ended."""
    with open(f"/proc/{pid}/stat") as file:
        fields = [int(word) for word in file.read().rpartition(")")[2].split()[11:15]]
    return tuple(sum(pair) / os.sysconf("SC_CLK_TCK") for pair in (fields[:2], fields[2:]))


def start(applications, refs):
    with Place() as place:
        base = os.path.join(place.top, "base.git")
        run("git", "init", "-q", "--bare", base)
        settings = place.configure()
        place.configure(repositories=settings["repositories"] + [{"url": BASE, "path": base, "defaultBranch": "main"}])
        with Receiver(place):
            pass
        write_refs(place, refs, applications)
        for first in range(0, applications, FILE_OF):
            with open(os.path.join(place.apps, f"{first}.yaml"), "w") as file:
                for app in range(first, min(first + FILE_OF, applications)):
                    file.write("---\n" + manifest(app, f"apps/{app // 1000}/{app}") + "\n")
        begin = time.monotonic()
        begun = os.path.getsize(os.path.join(place.top, "doorbell.log"))
        with Receiver(place, ready=False) as receiver:
            wait(lambda: receiver.status("/healthz") == 200, 300, 0.005)
            listens = time.monotonic() - begin
            wait(lambda: receiver.status("/readyz") == 200, 300, 0.005)
            ready = time.monotonic() - begin
            log = receiver.log()[begun:]
            time.sleep(0.5)  # the reader that parsed is done
            cpu = processor(receiver.process.pid)
            known = int(receiver.metric("doorbell_applications "))
            if known != applications:
                sys.exit(f"{known} applications of {applications} are known:\n{log[-3000:]}")
        print(f"{applications:>12} {refs:>6} {listens:>10.2f} {ready:>8.2f} {cpu[0]:>11.2f} {cpu[1]:>9.2f} "
              f"{log.count('msg=applications '):>6}", flush=True)


def slowest(receiver, seconds, until=lambda: False):
    """The longest answer of /healthz in so many seconds, or until a condition holds, in ms."""
    worst, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end and not until():
        begin = time.monotonic()
        receiver.status("/healthz")
        worst = max(worst, time.monotonic() - begin)
    return worst * 1000


def looks():
    with Place() as place:
        for i in range(FILES):
            with open(os.path.join(place.apps, f"{i}.json"), "w") as file:
                file.write(manifest(i, f"apps/{i}"))
        place.configure()
        time.sleep(2.5)
        with Receiver(place) as receiver:
            wait(lambda: slowest(receiver, 0.3) < 50, 20)
            idle = slowest(receiver, 3)
            before = time.process_time(), receiver.metric("process_cpu_seconds_total")
            changed = []
            for i in range(5):
                with open(os.path.join(place.apps, "1.json"), "w") as file:
                    file.write(manifest(1, f"apps/changed{i}"))
                changed.append(slowest(receiver, 1.5))
            cpu = (receiver.metric("process_cpu_seconds_total") - before[1]) / 5
        print(f"\n{FILES} files, /healthz at most: {idle:.1f} ms idle, {max(changed):.1f} ms while one changes "
              f"(five times; median {sorted(changed)[2]:.1f}); {cpu * 1000:.0f} ms of processor a change, asking included")


def main():
    print(f"load {os.getloadavg()[0]:.1f}\n{'applications':>12} {'refs':>6} {'listens s':>10} {'ready s':>8} "
          f"{'receiver s':>11} {'readers s':>9} {'lists':>6}")
    for applications, refs in STARTS:
        start(applications, refs)
    looks()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Memory and time by the number of applications: the receiver, its reader, a push.

All applications follow one branch of one repository; each reads a kustomization
of its own, with four manifests.  Resident megabytes after a first push (all are read) and ten more
(one is read again); and processor seconds until the end of the first push,
which is what "first push" takes where nothing else runs.

    APPLICATIONS=1000,10000,100000
"""
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

FLEETS = [int(n) for n in os.environ.get("APPLICATIONS", "1000,10000,100000").split(",")]
STEPS = 11
FILE_OF = 1000
MANIFESTS = ["deployment.yaml", "service.yaml", "config.yaml", "hpa.yaml"]


def prepare(place, count):
    """The repository, a line of commits in it (as what each has before), and the manifests."""
    lines = ["feature done\nreset refs/heads/main\n"]
    for i in range(STEPS + 1):
        lines.append(f"commit refs/heads/main\nmark :{i + 1}\ncommitter t <t@example.org> {1700000000 + i} +0000\n"
                     "data 1\nx\n")
        for app in range(count) if i == 0 else [i * 7 % count]:
            files = {"deployment.yaml": f"kind: Deployment\nmetadata: {{name: app{app}-{i}}}\n"}
            if i == 0:
                files.update({name: f"kind: ConfigMap\nmetadata: {{name: {name}}}\n" for name in MANIFESTS[1:]})
                files["kustomization.yaml"] = f"resources: [{', '.join(MANIFESTS)}]\n"
            for name, text in files.items():
                lines.append(f"M 100644 inline apps/{app // 1000}/{app}/{name}\ndata {len(text)}\n{text}\n")
    lines.append("done\n")
    marks = os.path.join(place.top, "marks")
    run("git", "--git-dir", place.bare, "fast-import", "--quiet", f"--export-marks={marks}", input="".join(lines))
    with open(marks) as file:
        commits = dict((int(m[1:]), c) for m, c in (line.split() for line in file))
    for first in range(0, count, FILE_OF):
        with open(os.path.join(place.apps, f"{first}.yaml"), "w") as file:
            for app in range(first, min(first + FILE_OF, count)):
                manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                            "metadata": {"name": f"app{app}", "namespace": "argocd"},
                            "spec": {"project": "default", "source": {
                                "repoURL": URL, "targetRevision": "main", "path": f"apps/{app // 1000}/{app}"}}}
                file.write("---\n" + json.dumps(manifest) + "\n")
    place.configure(readers=1, targets=[{"name": "true", "exec": {"command": ["/bin/true"]}}])
    return [commits[i + 1] for i in range(STEPS + 1)]


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return [int(line.split()[1]) for line in file if line.startswith("VmRSS")][0] / 1024


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def processor(pid):
    """Seconds of user and system time."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def push(place, receiver, before, after, number):
    """Move the branch and tell of it; its record once it is decided."""
    run("git", "--git-dir", place.bare, "update-ref", "refs/heads/main", after)
    if github(place, before, after) != 202:
        raise RuntimeError("not accepted:\n" + receiver.log()[-4000:])
    wait(lambda: place.show(number)["pushes"][0]["state"] == "PLANNED", 120)
    return place.show(number)["pushes"][0]


def measure(count):
    with Place(readerTimeLimit="120s") as place:
        commits = prepare(place, count)
        run("git", "--git-dir", place.bare, "update-ref", "refs/heads/main", commits[0])
        begin = time.monotonic()
        with Receiver(place) as receiver:
            ready = time.monotonic() - begin
            times, pid = [], receiver.process.pid
            for i in range(STEPS):
                record = push(place, receiver, commits[i], commits[i + 1], i + 1)
                times.append(record["decision"]["after_ms"])
                if i == 0:
                    work = processor(pid), sum(processor(child) for child in children(pid))
                if record["decision"]["affected"] != 1:
                    print(f"  {record['decision']['affected']} affected: {record['reason']}")
            time.sleep(3)  # a reader tidies up when nobody asks
            reader = sum(resident(child) for child in children(pid))
            print(f"{count:>12} {ready:>9.2f} {times[0]:>14} {statistics.median(times[1:]):>12.0f} "
                  f"{resident(pid):>12.0f} {reader:>10.0f} {work[0]:>11.1f} {work[1]:>9.1f}", flush=True)


def main():
    print(f"load {os.getloadavg()[0]:.1f}\n{'applications':>12} {'ready s':>9} {'first push ms':>14} {'others ms':>12} "
          f"{'receiver MB':>12} {'reader MB':>10} {'receiver s':>11} {'reader s':>9}")
    for count in FLEETS:
        measure(count)


if __name__ == "__main__":
    main()

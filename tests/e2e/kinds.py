#!/usr/bin/env python3
"""ApplicationSets and Flux's objects: found by explain, rung by a receiver (TAP)."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import (  # pylint: disable=wrong-import-position
    DOORBELL, URL, Place, Receiver, done, equal, github, ok, run, secret_file, wait)

SET = f"""apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: fleet, namespace: argocd}}
spec:
  generators:
  - git: {{repoURL: '{URL}', revision: HEAD, directories: [{{path: envs/*}}]}}
  template:
    metadata: {{name: 'x-{{{{path.basename}}}}'}}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: any, namespace: argocd}}
spec:
  generators:
  - matrix:
      generators:
      - list: {{elements: []}}
      - git: {{repoURL: '{{{{.repo}}}}', revision: '{{{{.branch}}}}', files: [{{path: '{{{{.dir}}}}/any.yaml'}}]}}
"""
FLUX = f"""apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: infra, namespace: flux-system}}
spec: {{path: ./infra, sourceRef: {{kind: GitRepository, name: fleet}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: asleep, namespace: flux-system}}
spec: {{path: ./infra, suspend: true, sourceRef: {{kind: GitRepository, name: fleet}}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: web, namespace: web}}
spec:
  chart:
    spec:
      chart: ./charts/web
      sourceRef: {{kind: GitRepository, name: fleet, namespace: flux-system}}
"""
REPOSITORY = f"""apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: fleet, namespace: flux-system}}
spec: {{url: '{URL}', ref: {{branch: main}}, ignore: '*.test.yaml'}}
"""
FILES = {"envs/a/x.yaml": "kind: 1\n", "infra/a.yaml": "kind: 1\n", "web/a.yaml": "kind: 1\n",
         "charts/web/Chart.yaml": "name: web\nversion: 1.0.0\n"}
STEPS = [  # what is pushed, and who is affected
    ({"envs/b/x.yaml": "kind: 1\n"}, ["applicationset:argocd/fleet"]),
    ({"envs/b/x.yaml": "kind: 2\n"}, []),
    ({"infra/a.yaml": "kind: 2\n"}, ["kustomization:flux-system/infra"]),
    ({"infra/b.test.yaml": "kind: 2\n"}, []),
    ({"other/any.yaml": "kind: 2\n"}, ["applicationset:argocd/any"]),
    ({"charts/web/Chart.yaml": "name: web\nversion: 1.0.1\n", "web/a.yaml": "kind: 2\n"},
     ["argocd/web", "helmrelease:web/web"]),
]


def fill(place):
    place.app("web", "web")
    for name, text in (("set", SET), ("flux", FLUX), ("source", REPOSITORY)):
        with open(os.path.join(place.apps, name + ".yaml"), "w", encoding="utf-8") as file:
            file.write(text)
    return [place.commit(FILES, "start")] + [place.commit(files) for files, _ in STEPS]


def explain(place, *words):
    return run(DOORBELL, "explain", "--repo", place.work, "--url", URL, "--apps", place.apps,
               *words, check=False)


def test_explain(place, commits):
    for i, (files, want) in enumerate(STEPS):
        got = explain(place, "--format", "json", f"{commits[i]}..{commits[i + 1]}")
        names = sorted(item["application"] for item in json.loads(got.stdout)["affected"]
                       if item["application"] != "kustomization:flux-system/asleep")
        equal(names, want, f"explain: a push of {' and '.join(files)}")
    got = explain(place, "--inputs", "applicationset:argocd/fleet", commits[-1])
    ok(got.returncode == 0 and "appset-directories" in got.stdout,
       "explain --inputs lists what a generator looks at", got.stdout + got.stderr)
    got = explain(place, "--inputs", "infra", commits[-1])
    ok(got.returncode == 0 and "infra  [YAML]" in got.stdout,
       "and what a Kustomization lists", got.stdout + got.stderr)
    got = explain(place, "--mode", "argocd", "--format", "json", f"{commits[1]}..{commits[2]}")
    ok("applicationset:argocd/fleet" in got.stdout,
       "Argo CD itself takes any push for an ApplicationSet")
    os.remove(os.path.join(place.apps, "source.yaml"))
    got = explain(place, f"{commits[2]}..{commits[3]}")
    ok("GitRepository 'fleet' is not among the manifests" in got.stderr,
       "a GitRepository that is missing is told", got.stderr)
    with open(os.path.join(place.apps, "source.yaml"), "w", encoding="utf-8") as file:
        file.write(REPOSITORY)


def test_unnamed_clusters(place):
    """Of two clusters in the repository, one has its GitRepository there."""
    own = ("apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system}\n"
           f"spec: {{url: '{URL}', ref: {{branch: dev}}}}\n---\n")
    text = ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s}\n"
            "spec: {path: ./infra, sourceRef: {kind: GitRepository, name: flux-system}}\n")
    before = place.commit({"clusters/dev/a.yaml": own + text % "dev", "clusters/prod/a.yaml": text % "prod"})
    after = place.commit({"infra/a.yaml": "kind: 3\n"})
    got = run(DOORBELL, "explain", "--repo", place.work, "--url", URL, "--apps-from-repo", "--format", "json",
              f"{before}..{after}", check=False)
    item = json.loads(got.stdout)["affected"]
    equal([i["application"] for i in item], ["kustomization:prod"], "the other cluster's may be what is pushed")
    ok(item and "in doubt" in str(item[0]["reasons"][0]["via"]), "the reason says so", got.stdout)
    ok("clusters/dev/a.yaml:1" in got.stderr and "clusters/prod/a.yaml:1" in got.stderr,
       "a warning names both files", got.stderr)


def test_receiver(place, commits):
    kinds = os.path.join(place.top, "kinds")
    body = f'echo "$DOORBELL_KIND $DOORBELL_NAMESPACE $DOORBELL_APPLICATION" >> {kinds}\n'
    token = secret_file(os.path.join(place.top, "token"), "t\n")
    place.configure(targets=[
        {"name": "ring", "exec": {"command": place.ring_command()}},
        {"name": "argo", "argocd": {"url": "https://127.0.0.1:1", "tokenFile": token}}])
    place.ring_command(body)  # configure() wrote one of its own
    with Receiver(place):
        equal(github(place, commits[0], commits[-1]), 202, "a push is taken")
        want = ["Application argocd web", "ApplicationSet argocd any", "ApplicationSet argocd fleet",
                "HelmRelease web web",
                "Kustomization flux-system infra"]

        def lines():
            with open(kinds, encoding="utf-8") as file:
                return sorted(set(file.read().splitlines()))
        wait(lambda: os.path.exists(kinds) and lines() == want, 20)
        equal(lines() if os.path.exists(kinds) else None, want,
              "an exec target is told the kind, the suspended one is left alone")
        triggers = json.dumps([place.show(d["id"]) for d in place.deliveries()])
        ok("applicationset:argocd/fleet" in triggers, "the record has the name with its kind")
        argo = [t for d in place.deliveries() for t in find(place.show(d["id"]), "target")
                if t["target"] == "argo"]
        equal(sorted({t["application"] for t in argo}), ["argocd/web"],
              "an argocd target is not asked for other kinds")
        table = place.doorbell("apps").stdout
        ok("helmrelease:web/web" in table and "gitrepository" not in table,
           "apps lists them, without their GitRepository", table)


def kustomization(path):
    return ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
            "metadata: {name: apps, namespace: flux-system}\n"
            f"spec: {{path: {path}, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n")


CLUSTERS = [  # what is pushed, and which cluster's Kustomization is rung
    ({"apps/prod/a.yaml": "a: 2\n"}, ["prod"]),
    ({"apps/staging/a.yaml": "a: 2\n"}, ["staging"]),
    ({"apps/base/b.yaml": "b: 2\n"}, ["prod", "staging"]),
    ({"clusters/staging/apps.yaml": kustomization("./apps/next"), "apps/next/a.yaml": "a: 1\n"},
     ["staging"]),
    ({"apps/next/b.yaml": "b: 1\n"}, ["staging"]),
    ({"apps/staging/a.yaml": "a: 3\n"}, []),
    ({"clusters/prod/apps.yaml": kustomization("apps/next")}, []),
    ({"apps/next/b.yaml": "b: 2\n"}, ["prod", "staging"]),
]


def test_clusters():
    """Two clusters' objects of one name, in the repository that they deploy."""
    with Place() as place:
        rings = os.path.join(place.top, "clusters")
        body = f'echo "$TARGET $DOORBELL_CLUSTER $DOORBELL_NAMESPACE/$DOORBELL_APPLICATION $DOORBELL_AFTER" >> {rings}\n'
        start = place.commit({
            "apps/prod/kustomization.yaml": "resources: [a.yaml, ../base]\n",
            "apps/staging/kustomization.yaml": "resources: [a.yaml, ../base]\n",
            "apps/prod/a.yaml": "a: 1\n", "apps/staging/a.yaml": "a: 1\n",
            "apps/base/kustomization.yaml": "resources: [b.yaml]\n", "apps/base/b.yaml": "b: 1\n",
            "clusters/prod/apps.yaml": kustomization("./apps/prod"),
            "clusters/staging/apps.yaml": kustomization("./apps/staging")}, "start")
        place.configure(
            applications=[{"repository": URL, "path": f"clusters/{c}", "cluster": c}
                          for c in ("prod", "staging")],
            targets=[{"name": c, "applications": [f"*@{c}"],
                      "exec": {"command": place.ring_command(), "environment": {"TARGET": c}}}
                     for c in ("prod", "staging")])
        place.ring_command(body)

        def lines(commit):
            if not os.path.exists(rings):
                return []
            with open(rings, encoding="utf-8") as file:
                return sorted(line.rsplit(" ", 1)[0] for line in file if commit in line)
        with Receiver(place):
            before = start
            for files, want in CLUSTERS:
                after = place.commit(files)
                github(place, before, after)
                want = [f"{c} {c} flux-system/apps" for c in want]
                wait(lambda: place.deliveries() and all(  # pylint: disable=cell-var-from-loop
                    p["state"] in ("PLANNED", "IGNORED") for d in place.deliveries()
                    for p in find(place.show(d["id"]), "state") if "ref" in p) and
                    lines(after) == want, 20)
                equal(lines(after), want, f"a push of {' and '.join(files)} rings its clusters")
                before = after
            names = place.doorbell("apps").stdout
            ok("kustomization:flux-system/apps@prod" in names and
               "kustomization:flux-system/apps@staging" in names, "apps lists both", names)
        place.configure(applications=[{"repository": URL, "path": "clusters"}],
                        targets=[{"name": "both", "exec": {
                            "command": place.ring_command(), "environment": {"TARGET": "both"}}}])
        place.ring_command(body)
        with Receiver(place):
            after = place.commit({"apps/next/c.yaml": "c: 1\n"})
            github(place, before, after)
            wait(lambda: lines(after), 20)
            equal(lines(after), ["both  flux-system/apps"],
                  "without clusters they are one, rung for the inputs of both")


def find(tree, key):
    """All objects in a tree that have a key."""
    if isinstance(tree, dict):
        found = [tree] if key in tree else []
        return found + [hit for value in tree.values() for hit in find(value, key)]
    if isinstance(tree, list):
        return [hit for value in tree for hit in find(value, key)]
    return []


def main():
    with Place() as place:
        commits = fill(place)
        test_explain(place, commits)
        test_receiver(place, commits)
        test_unnamed_clusters(place)
    test_clusters()
    done()


main()

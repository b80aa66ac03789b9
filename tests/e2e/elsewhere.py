#!/usr/bin/env python3
"""Applications made from other repositories and other refs: pushes there ring them.  TAP."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

BASE = "https://git.example.org/acme/base.git"
ALIAS = "https://mirror.example.org/acme/base.git"
RAW = "https://git.example.org/acme/base/raw/branch/main/raw/quota.yaml"
ROOT = "resources:\n- %s\n"
CHART = "apiVersion: v2\nname: %s\nversion: 0.1.0\n"
LIBRARY = CHART % "library" + f"""dependencies:
- {{name: common, version: 0.1.0, repository: 'git+{BASE}@libs?ref=main'}}
"""
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: '%d'}\n"


class Base(Place):
    """A second repository, which applications refer to."""

    def __init__(self):
        super().__init__()
        self.files = 0

    def __enter__(self):
        self.commit({"web/kustomization.yaml": "resources: [../common, web.yaml]\n",
                     "web/web.yaml": OBJECT % ("web", 0), "common/all.yaml": OBJECT % ("all", 0),
                     "libs/common/Chart.yaml": CHART % "common",
                     "common/kustomization.yaml": ROOT % "all.yaml", "raw/quota.yaml": OBJECT % ("quota", 0)})
        self.git("push", "-q", "origin", "HEAD:stable")
        return self

    def change(self, path, branch="main"):
        """Push another version of an object: (before, after)."""
        self.files += 1
        self.git("fetch", "-q", "origin")
        self.git("checkout", "-q", "--detach", f"origin/{branch}")
        before = self.head()
        return before, self.commit({path: OBJECT % ("x", self.files)}, branch=branch)


def settle(place):
    wait(lambda: all(d["status"] != "working" for d in place.deliveries()), 15)


def pushed(place, base, path, branch="main", url=BASE):
    """Push a change of the other repository: the applications that are rung for it."""
    before, after = base.change(path, branch)
    known = len(place.deliveries())
    assert github(place, before, after, url=url, ref=f"refs/heads/{branch}") == 202
    wait(lambda: len(place.deliveries()) > known, 15)
    settle(place)
    return sorted(r[1].split("/")[-1] for r in place.rings() if r[3] == after)


def own_push(place, files, branch="main"):
    """Push to the applications' own repository: those that are rung for it."""
    before = place.head()
    after = place.commit(files, branch=branch)
    known = len(place.deliveries())
    assert github(place, before, after, ref=f"refs/heads/{branch}") == 202
    wait(lambda: len(place.deliveries()) > known, 15)
    settle(place)
    return sorted(r[1].split("/")[-1] for r in place.rings() if r[3] == after)


def test_other_repository(place, base):
    equal(pushed(place, base, "web/web.yaml"), ["alias", "default", "web"],
          "a push to what kustomizations refer to in another repository rings them")
    shown = place.show(place.deliveries()[0]["id"])
    triggers = {t["application"].split("/")[-1]: t for p in shown["pushes"] for t in p["triggers"]}
    ok(all(t.get("hard") for t in triggers.values()), "their own commit has not moved: the refresh is a hard one", triggers)
    via = [r.get("via") for t in triggers.values() for r in t["reasons"]]
    ok(all(v == [] or v[-1] == "web/kustomization.yaml" for v in via), "and the chain in that repository is told", via)
    equal(pushed(place, base, "common/all.yaml"), ["alias", "default", "web"],
          "so does a push to what that is made from")
    equal(pushed(place, base, "raw/quota.yaml"), ["parameter", "raw", "registry", "token", "values"],
          "so does one to a file that is read by its address")
    equal(pushed(place, base, "libs/common/templates/c.yaml"), ["library"],
          "so does one to a chart that helm-git gets from there")
    equal(pushed(place, base, "web/web.yaml", url=ALIAS), ["alias", "default", "web"],
          "the repository may push by another name")
    equal(pushed(place, base, "other/x.yaml"), [], "a push to anything else there rings nothing")
    equal(pushed(place, base, "web/web.yaml", branch="stable"), ["stable"],
          "a push to another branch rings those that refer to that branch")


def test_explain(place):
    told = run(DOORBELL, "explain", "--repo", place.bare, "--url", URL, "--apps", place.apps, "--inputs", "web",
               "main").stdout
    ok(f"elsewhere {BASE[8:-4]}//web?ref=main ← {BASE}//web?ref=main ← apps/web/kustomization.yaml" in told,
       "explain lists what is elsewhere among the inputs", told)
    told = run(DOORBELL, "explain", "--repo", place.bare, "--url", URL, "--apps", place.apps, "--inputs", "token",
               "main").stdout
    ok("raw/quota.yaml?ref=main" in told and "hidden" not in told, "without the secrets of an address", told)


def test_own_branch(place):
    """The same repository at another branch."""
    place.git("checkout", "-q", "-b", "library")
    equal(own_push(place, {"shared/a.yaml": OBJECT % ("a", 1)}, branch="library"), ["branch"],
          "a reference to another branch of the application's own repository counts")
    place.git("checkout", "-q", "main")


def test_registry(place):
    """A chart from a registry, whose values are a page of this repository."""
    before = place.head()
    equal(own_push(place, {"env/v.yaml": "a: 1\n"}), ["mine"], "value files for a chart from a registry count")
    told = json.loads(run(DOORBELL, "explain", "--repo", place.bare, "--url", URL, "--apps", place.apps, "--format",
                          "json", f"{before}..{place.head()}").stdout)
    equal([a["application"] for a in told["affected"]], ["argocd/mine"], "explain says so as well")


def test_restart(place, base, receiver):
    receiver.kill()
    receiver.start()
    equal(pushed(place, base, "web/web.yaml"), ["alias", "default", "web"],
          "what is referred to is known after a kill -9")


def test_change(place, base):
    equal(own_push(place, {"apps/web/kustomization.yaml": ROOT % "own.yaml",
                           "apps/web/own.yaml": OBJECT % ("own", 1)}), ["web"],
          "an application lets go of the other repository")
    equal(pushed(place, base, "web/web.yaml"), ["alias", "default"], "and is no longer rung for it")
    equal(own_push(place, {"apps/none/kustomization.yaml": ROOT % f"{BASE}//web?ref=main"}), ["none"],
          "another begins to refer to it")
    equal(pushed(place, base, "web/web.yaml"), ["alias", "default", "none"], "and is rung from then on")


with Place() as place, Base() as base:
    references = {
        "web": f"{BASE}//web?ref=main", "default": f"{BASE}//web", "alias": f"{ALIAS}//web?ref=main",
        "stable": f"{BASE}//web?ref=stable", "raw": RAW, "pinned": f"{BASE}//web?ref={base.head()}",
        "unknown": "https://git.example.org/acme/stranger//web?ref=main", "none": "own.yaml",
        "branch": f"{URL}//shared?ref=library"}
    for name in references:
        place.app(name, f"apps/{name}")
    place.app("values", "apps/chart", helm={"valueFiles": [RAW]})
    place.app("parameter", "apps/chart", helm={"fileParameters": [{"name": "a", "path": RAW}]})
    place.app("library", "apps/library")
    place.app("token", "apps/chart", helm={"valueFiles": [RAW.replace("//", "//user:hidden@") + "?token=hidden"]})
    for name, address in (("registry", RAW), ("mine", f"{URL[:-4]}/raw/branch/main/env/v.yaml")):
        place.app(name, "", repoURL="https://charts.example.org", chart="web", targetRevision="1.0.0",
                  helm={"valueFiles": [address]})
    place.commit({"apps/chart/Chart.yaml": CHART % "web", "apps/library/Chart.yaml": LIBRARY,
                  **{f"apps/{name}/kustomization.yaml": ROOT % text for name, text in references.items()}})
    place.configure(repositories=[
        {"url": URL, "path": place.bare, "defaultBranch": "main"},
        {"url": BASE, "path": base.bare, "defaultBranch": "main", "aliases": [ALIAS]}])
    with Receiver(place) as receiver:
        equal(own_push(place, {"apps/none/own.yaml": OBJECT % ("own", 0)}), ["none"],
              "the first push finds out what is referred to elsewhere")
        test_other_repository(place, base)
        test_explain(place)
        test_own_branch(place)
        test_registry(place)
        test_restart(place, base, receiver)
        test_change(place, base)
done()

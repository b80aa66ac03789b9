#!/usr/bin/env python3
"""Applications kept in a repository whose committers are not our friends, and everybody else's pushes.  TAP."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

APPS = "https://git.example.org/acme/apps.git"
TEAM = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "team", "namespace": "argocd"},
        "spec": {"project": "default",
                 "source": {"repoURL": URL, "targetRevision": "main", "path": "apps/team"}}}


class Kept:
    """A second repository, in which applications are kept below "argocd"."""

    def __init__(self, place):
        self.bare = os.path.join(place.top, "apps.git")
        self.work = os.path.join(place.top, "apps-work")
        run("git", "-c", "init.defaultBranch=main", "init", "-q", "--bare", self.bare)
        run("git", "-c", "init.defaultBranch=main", "init", "-q", self.work)
        self.commit({"argocd/team.json": json.dumps(TEAM)})

    def git(self, *arguments, **options):
        return run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments, cwd=self.work, **options)

    def commit(self, files, remove=()):
        for path in remove:
            self.git("rm", "-rq", path)
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(self.work, path)) or self.work, exist_ok=True)
            with open(os.path.join(self.work, path), "w") as file:
                file.write(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        self.git("push", "-qf", self.bare, "HEAD:main")
        return self.head()

    def head(self):
        return self.git("rev-parse", "HEAD").stdout.strip()

    def links(self):
        """What stands where the directory was."""
        path = os.path.join(self.work, "argocd")
        return ["argocd"] if os.path.islink(path) or os.path.isfile(path) else []

    def configure(self, place, path="argocd", how="path", **settings):
        """The place's own applications and those kept here; the repository by "path" or "fetchUrl"."""
        where = self.bare if how == "path" else "file://" + self.bare
        kept = {"repository": APPS, "ref": "main", "path": path}
        place.configure(
            repositories=[{"url": URL, "path": place.bare, "defaultBranch": "main"},
                          {"url": APPS, how: where, "defaultBranch": "main"}],
            applications=[{"directory": place.apps}, kept], **settings)


def changed(place, what="prod"):
    """Commit a change below apps/WHAT and tell of it."""
    old = place.head()
    return github(place, old, place.commit({f"apps/{what}/a.yaml": f"kind: {time.time()}\n"}))


def is_rung(place, what, seconds=5):
    """A change below apps/WHAT rings the application of that name, how soon (None: not)."""
    before = len(place.rings())
    begin = time.monotonic()
    equal(changed(place, what), 202, f"a push to {what} is taken")
    if not wait(lambda: what in [r[1].split("/")[-1] for r in place.rings()[before:]], seconds):
        return None
    return time.monotonic() - begin


def begin(place):
    place.app("prod", "apps/prod")
    place.commit({"apps/prod/a.yaml": "kind: first\n", "apps/team/a.yaml": "kind: first\n"})
    return Kept(place)


def tell(place, old, new):
    return github(place, old, new, url=APPS)


def a_directory_is_removed(how, sentence):
    """What is removed is gone, and neither is it a fault nor does anybody wait."""
    with Place() as place:
        kept = begin(place)
        kept.configure(place)
        with Receiver(place) as receiver:
            ok(is_rung(place, "team"), "what is kept in the other repository is rung", receiver.log())
            old = kept.head()
            equal(tell(place, old, how(kept)), 202, f"{sentence}: the push is taken")
            ok(wait(lambda: "no applications are kept there" in receiver.log()), "that is said", receiver.log())
            ok(is_rung(place, "prod"), "and a push to another repository is decided", receiver.log())
            equal(receiver.metric("doorbell_applications "), 1, "the application is not known any more")
        with Receiver(place, ready=False) as receiver:
            ok(wait(lambda: receiver.status("/readyz") == 200), "after a restart it is ready", receiver.log())
            ok(is_rung(place, "prod"), "and decides pushes", receiver.log())
            equal(tell(place, kept.head(), kept.commit({"argocd/team.json": json.dumps(TEAM)}, remove=kept.links())), 202,
                  "the directory comes back")
            ok(wait(lambda: receiver.metric("doorbell_applications ") == 2), "and so does what is in it", receiver.log())


def everything_is_meant_by_a_dot():
    for path in (".", "./argocd/", "argocd//."):
        with Place() as place:
            kept = begin(place)
            kept.configure(place, path=path)
            with Receiver(place, ready=False) as receiver:
                ok(wait(lambda: receiver.status("/readyz") == 200), f"ready with the path {path}", receiver.log())
                equal(receiver.metric("doorbell_applications "), 2, "with what is kept there")


def removed(kept):
    return kept.commit({"README": "x"}, remove=["argocd"])


def made_a_file(kept):
    return kept.commit({"argocd": "x"}, remove=["argocd"])


def made_a_link(kept):
    kept.git("rm", "-rq", "argocd")
    os.symlink("/etc", os.path.join(kept.work, "argocd"))
    return kept.commit({})


def main():
    for how, sentence in ((removed, "the directory is removed"), (made_a_file, "it becomes a file"),
                          (made_a_link, "it becomes a link to somewhere else")):
        a_directory_is_removed(how, sentence)
    everything_is_meant_by_a_dot()
    done()


main()

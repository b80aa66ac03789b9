#!/usr/bin/env python3
"""Several fetched repositories: their clones are made, removed and made anew while readers run.  TAP."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

ANEW = "a new one is started"


class Origin:
    """A repository to fetch from, with two applications, NAME-x and NAME-y, in x and y."""

    def __init__(self, place, name):
        self.place = place
        self.name = name
        self.url = f"https://git.example.org/acme/{name}.git"
        self.bare = os.path.join(place.top, f"{name}.git")
        self.work = os.path.join(place.top, f"work-{name}")
        self.number = 0
        run("git", "-c", "init.defaultBranch=main", "init", "-q", "--bare", self.bare)
        run("git", "-C", self.bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        run("git", "-c", "init.defaultBranch=main", "init", "-q", self.work)
        self.git("remote", "add", "origin", self.bare)
        for path in ("x", "y"):
            os.mkdir(os.path.join(self.work, path))
            self.commit(path)
            place.app(f"{name}-{path}", path, repoURL=self.url)

    def git(self, *arguments):
        return run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments, cwd=self.work)

    def commit(self, path):
        """Change a file in path and push it: the commits before and after."""
        before = self.git("rev-parse", "-q", "--verify", "HEAD").stdout.strip() if self.number else ZERO
        self.number += 1
        with open(os.path.join(self.work, path, "a.yaml"), "w") as file:
            file.write(f"kind: {self.name}{self.number}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"{self.number}")
        self.git("push", "-q", "origin", "HEAD:main")
        return before, self.git("rev-parse", "HEAD").stdout.strip()

    def settings(self):
        return {"url": self.url, "fetchUrl": "file://" + self.bare, "defaultBranch": "main"}


def rings_exactly(origin, receiver, path, name):
    """A push that changes path rings its application, and no other."""
    place = origin.place
    before, after = origin.commit(path)
    number = len(place.deliveries())
    github(place, before, after, url=origin.url)
    wait(lambda: len(place.deliveries()) > number and place.deliveries()[0]["status"] != "working", 20)
    rung = sorted(r[1].split("/")[-1] for r in place.rings() if r[3] == after)
    return ok(rung == [f"{origin.name}-{path}"], name,
              f"{rung}\n{receiver.log()[-3000:]}")


def configure(place, origins, **settings):
    place.configure(repositories=[o.settings() for o in origins], **settings)


def reload(place, receiver, origins, **settings):
    before = receiver.log().count("configuration reloaded")
    configure(place, origins, **settings)
    receiver.process.send_signal(signal.SIGHUP)
    return wait(lambda: receiver.log().count("configuration reloaded") > before, 20)


def readers(receiver):
    """The command lines of the readers that run."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as stat, open(os.path.join(os.path.dirname(path), "cmdline")) as cmdline:
                parent, words = int(stat.read().rsplit(")", 1)[1].split()[1]), cmdline.read().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == receiver.process.pid and "reader" in words[:2]:
            found.append(words)
    return found


def test_start(count, **settings):
    """Nothing is there yet: all clones are made after the readers were started."""
    with Place() as place:
        origins = [Origin(place, f"r{i}") for i in range(count)]
        configure(place, origins, **settings)
        with Receiver(place) as receiver:
            for origin in origins:
                rings_exactly(origin, receiver, "x", f"{count} repositories: the first push to {origin.name} rings exactly")
            for origin in origins:
                rings_exactly(origin, receiver, "y", f"and so does the second push to {origin.name}")
            ok(ANEW not in receiver.log(), "no reader had to be started anew", receiver.log()[-3000:])
            equal(receiver.metric("doorbell_affected_fallback_total"), 0, "nothing is rung for want of knowledge")


def test_reload():
    """A repository comes and goes."""
    with Place() as place:
        first, second = Origin(place, "first"), Origin(place, "second")
        configure(place, [first], readers=1)
        with Receiver(place) as receiver:
            rings_exactly(first, receiver, "x", "before the reload the repository that is there rings exactly")
            ok(reload(place, receiver, [first, second], readers=1), "a reload adds a repository", receiver.log())
            rings_exactly(second, receiver, "x", "a push to it rings what it changed")
            rings_exactly(first, receiver, "y", "and a push to the other one does")
            clones = glob.glob(os.path.join(place.state, "repositories", "*.git"))
            equal(len(clones), 2, "there are two clones")
            ok(any(all(c in words for c in clones) for words in readers(receiver)), "the reader may read both", readers(receiver))
            ok(reload(place, receiver, [first], readers=1), "a reload takes it away", receiver.log())
            ok(wait(lambda: not readers(receiver)), "the reader that may read it ends", readers(receiver))
            rings_exactly(first, receiver, "x", "a push to the other one still rings exactly")
            held = [sum(c in words for c in clones) for words in readers(receiver)]
            equal(held, [1], "by a reader that may read that one only")
            ok(reload(place, receiver, [first, second], readers=1), "a reload brings it back", receiver.log())
            rings_exactly(second, receiver, "y", "and it rings exactly")
            equal(receiver.metric("doorbell_reader_restarts_total"), 0, "no reader was lost")


def test_removed():
    """A clone is a cache: somebody removes it, or what it is made of is damaged."""
    with Place() as place:
        first, second = Origin(place, "first"), Origin(place, "second")
        configure(place, [first, second], readers=1)
        with Receiver(place) as receiver:
            for origin in (first, second):
                rings_exactly(origin, receiver, "x", f"a push to {origin.name} rings exactly")
            for clone in glob.glob(os.path.join(place.state, "repositories", "*.git")):
                shutil.rmtree(clone)
            for origin in (first, second):
                rings_exactly(origin, receiver, "y", f"the clones are removed: a push to {origin.name} rings exactly all the same")
            ok(ANEW in receiver.log(), "the log says that a reader was started anew", receiver.log())
            shutil.rmtree(os.path.join(place.state, "repositories"))
            rings_exactly(first, receiver, "x", "so it does when the directory of all clones is removed")
            for head in glob.glob(os.path.join(place.state, "repositories", "*.git", "HEAD")):
                with open(head, "w") as file:
                    file.write("damaged\n")
            rings_exactly(first, receiver, "y", "and when a clone is damaged, removed by us and made anew")


def test_moved():
    """An operator's own repository is moved, and made anew at its old place."""
    with Place() as place:
        origin = Origin(place, "own")
        place.configure(repositories=[{"url": origin.url, "path": origin.bare, "defaultBranch": "main"}], readers=1)
        with Receiver(place) as receiver:
            rings_exactly(origin, receiver, "x", "a push to the operator's repository rings exactly")
            os.rename(origin.bare, origin.bare + ".old")
            run("git", "clone", "-q", "--bare", origin.bare + ".old", origin.bare)
            rings_exactly(origin, receiver, "y", "it is made anew at its place: it still does")
            os.rename(origin.bare, origin.bare + ".new")
            os.symlink(origin.bare + ".new", origin.bare)
            rings_exactly(origin, receiver, "x", "it is moved behind a link: it still does")


def main():
    note("test_start, one reader")
    test_start(2, readers=1)
    note("test_start, as many readers as there are without a setting")
    test_start(6)
    for test in (test_reload, test_removed, test_moved):
        note(test.__name__)
        test()
    done()


if __name__ == "__main__":
    main()

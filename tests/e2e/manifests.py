#!/usr/bin/env python3
"""Many files of applications: what was not touched is not read again, and the loop goes on.  TAP."""
import os
import sqlite3
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

FILES = int(os.environ.get("FILES", "10000"))
READ = "doorbell_manifest_files_read_total"
PARSED = "doorbell_manifest_files_parsed_total"


def manifest(name, path, kind="Application"):
    return json.dumps({"apiVersion": "argoproj.io/v1alpha1", "kind": kind,
                       "metadata": {"name": name, "namespace": "argocd"},
                       "spec": {"project": "default", "source": {"repoURL": URL, "targetRevision": "main",
                                                                 "path": path}}})


def published(receiver):
    """How often the list of applications was made."""
    return receiver.log().count("msg=applications ")


def counters(receiver):
    return int(receiver.metric(READ)), int(receiver.metric(PARSED))


class Pulse:
    """Asks /healthz again and again; slowest is the longest that one answer took, in seconds."""

    def __init__(self, receiver):
        self.receiver, self.slowest, self.asked, self.over = receiver, 0, 0, False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over:
            begun = time.monotonic()
            if self.receiver.status("/healthz") == 200:
                self.asked += 1
                self.slowest = max(self.slowest, time.monotonic() - begun)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


def write(place, number, text):
    path = os.path.join(place.apps, f"d{number % 7}", f"{number}.json")
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)
    return path


def test_many(place, receiver):
    read, parsed = counters(receiver)
    ok(read >= FILES and parsed == FILES, f"the start parses each of {FILES} files once ({read} read)", receiver.log())
    equal(int(receiver.metric("doorbell_applications ")), FILES, "and knows all applications")
    ok(published(receiver) <= 4, f"the list is made {published(receiver)} times", receiver.log())
    ok(wait(lambda: receiver.metric(READ) > 0 and settled(receiver), 30), "then it is quiet")
    read, parsed = counters(receiver)
    times = published(receiver)
    with Pulse(receiver) as pulse:
        write(place, 42, manifest("changed", "apps/42"))
        ok(wait(lambda: receiver.metric(PARSED) == parsed + 1, 20), "a file that changed is parsed", receiver.log()[-3000:])
        ok(wait(lambda: published(receiver) == times + 1, 20), "and the list made anew, once", receiver.log()[-3000:])
        settled(receiver)
    note(f"/healthz: {pulse.asked} answers, the slowest after {pulse.slowest * 1000:.0f} ms")
    ok(pulse.asked > 0, "the loop answers meanwhile")
    now, parsed_now = counters(receiver)
    equal(parsed_now, parsed + 1, "no other file is parsed")
    ok(now - read <= 4, f"and no other file is read ({now - read} reads)")


def settled(receiver):
    """Nothing was read for half a second."""
    before = counters(receiver)
    time.sleep(0.5)
    return counters(receiver) == before


def test_touched(place, receiver):
    """What has a new time and the old content is read, not parsed."""
    wait(lambda: settled(receiver), 30)
    read, parsed = counters(receiver)
    times = published(receiver)
    write(place, 7, manifest("app-7", "apps/7"))
    ok(wait(lambda: receiver.metric(READ) > read, 20), "a file written anew with what it held is read")
    settled(receiver)
    equal((int(receiver.metric(PARSED)), published(receiver)), (parsed, times), "but not parsed, and no list is made")


def test_broken(place, receiver):
    """A broken file keeps what it held, while the others of its directory go on."""
    path = write(place, 14, "{ \"kind\": [[[ ")
    ok(wait(lambda: f"{path}:" in receiver.log(), 20), "a broken file is a problem with its place", receiver.log()[-2000:])
    write(place, 21, manifest("beside", "apps/21"))
    ok(wait(lambda: '"argocd/beside"' in place.doorbell("apps", "--format", "json").stdout, 20),
       "a file beside it is taken as it is now")
    names = [a["application"] for a in json.loads(place.doorbell("apps", "--format", "json").stdout)["applications"]]
    ok("argocd/app-14" in names and "argocd/app-21" not in names, "and the broken one keeps its application")
    equal(len(names), FILES, "no application is lost")
    os.remove(path)
    ok(wait(lambda: int(receiver.metric("doorbell_applications ")) == FILES - 1, 20), "removed, it takes its application along")


def test_new_directory(place, receiver):
    """A directory that comes is read, and so is what is written into it at once."""
    for i in range(20):
        directory = os.path.join(place.apps, f"new{i}")
        os.mkdir(directory)
        time.sleep(0.02 * (i % 4))
        with open(os.path.join(directory, "a.json"), "w") as file:
            file.write(manifest(f"new-{i}", "apps/new"))
    want = FILES - 1 + 20
    ok(wait(lambda: int(receiver.metric("doorbell_applications ")) == want, 20),
       "files in directories that have just been made are found without waiting for the minute",
       receiver.metric("doorbell_applications "))


def parsers(receiver):
    """The readers that have no repository: process id and the names of their arguments."""
    found = {}
    with open(f"/proc/{receiver.process.pid}/task/{receiver.process.pid}/children") as file:
        for pid in file.read().split():
            try:
                with open(f"/proc/{pid}/cmdline") as command:
                    words = command.read().split("\0")
            except OSError:
                continue
            if words[1:2] == ["reader"] and "--read" not in words and "--read-alternates" not in words:
                found[int(pid)] = [word for word in words if word.startswith("--")]
    return found


def test_killed_parser(place, receiver):
    """The reader that parses dies at work: what it had is tried again."""
    ok(wait(lambda: not parsers(receiver), 10), "at rest no reader is kept to parse", parsers(receiver))
    slow = "---\n" + "# a long text\n" * 200000 + manifest("after-the-death", "apps/28").replace("{", "{ ")
    for i in range(28, 28 + 7 * 20, 7):
        write(place, i, slow.replace("after-the-death", f"after-the-death-{i}"))
    found = wait(lambda: parsers(receiver), 10, 0.001)
    equal([sorted(words) for words in found.values()], [["--memory", "--seconds"]], "one reader parses, and no directory is open to it")
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    ok(wait(lambda: place.doorbell("apps", "--format", "json").stdout.count('"argocd/after-the-death-') == 20, 40),
       "what it had when it was killed is parsed by another one", receiver.log()[-2000:])
    ok("the reader ended" in receiver.log(), "its death is in the log")


def test_start_with_references(place):
    """The applications of many refs refer to other repositories: the start makes no list for each of them."""
    refs = 300
    with sqlite3.connect(os.path.join(place.state, "journal.db")) as journal:
        for i in range(refs):
            refers = [{"repository": NAME, "ref": "base", "path": f"base/{i}", "walker": "kustomize",
                       "applications": [f"argocd/app-{1000 + i}"]}]
            journal.execute("INSERT INTO ref_state (repository, ref, commit_id, moved_ms, refers) VALUES (?, ?, ?, 0, ?)",
                            (NAME, f"refs/heads/b{i}", bytes(20), json.dumps(refers)))
    journal.close()
    begun = len(open(os.path.join(place.top, "doorbell.log")).read())
    with Receiver(place) as receiver:
        lists = receiver.log()[begun:].count("msg=applications ")
        ok(0 < lists <= 6, f"a start with {refs} refs that refer to other places makes {lists} lists", receiver.log()[begun:])
        ok(f"refs={refs}" in receiver.log()[begun:], "of refs that were all taken up")


def test_large_applications():
    """Applications whose summaries take more than an answer may, and more problems than one holds."""
    with Place() as place:
        want, bad = [], "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: bad}\n---\n"
        for i in range(300):
            text = "\u0001" * 1000 if i == 150 else "x" * 400
            sources = [{"repoURL": URL, "targetRevision": "main", "path": f"apps/{i}/{k}", "helm": {}}
                       for k in range(60)]
            for source in sources:
                source["targetRevision"] = text
            with open(os.path.join(place.apps, f"{i}.json"), "w") as file:
                json.dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                           "metadata": {"name": f"large-{i}", "namespace": "argocd"},
                           "spec": {"project": "default", "sources": sources}}, file)
            want.append(f"argocd/large-{i}")
        with open(os.path.join(place.apps, "bad.yaml"), "w") as file:
            file.write(bad * 3000)
        place.configure()
        with Receiver(place):
            result = place.doorbell("apps", "--format", "json", check=False)
            answer = json.loads(result.stdout)
            ok(result.returncode == 0, "applications that take more than one answer are told", result.stdout[-500:])
            ok(sorted(a["application"] for a in answer["applications"]) == sorted(want), "all of them, each once",
               set(want) - {a["application"] for a in answer["applications"]})
            equal({len(a["sources"]) for a in answer["applications"]}, {60}, "with all their sources")
            equal((len(answer["problems"]), answer["problems"][-1]), (2001, "and 1000 more"),
                  "and so many problems, and how many beside")


def main():
    with Place() as place:
        for d in range(7):
            os.mkdir(os.path.join(place.apps, f"d{d}"))
        for i in range(FILES):
            write(place, i, manifest(f"app-{i}", f"apps/{i}"))
        place.configure()
        time.sleep(2.5)  # files that were just written are read once more at the next look
        with Receiver(place) as receiver:
            for test in (test_many, test_touched, test_broken, test_new_directory, test_killed_parser):
                note(test.__name__)
                test(place, receiver)
        note("test_start_with_references")
        test_start_with_references(place)
    note("test_large_applications")
    test_large_applications()
    done()


if __name__ == "__main__":
    main()

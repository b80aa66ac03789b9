#!/usr/bin/env python3
"""What "doorbell check" passes, "doorbell serve" takes as it is; what it refuses, serve refuses.  TAP."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

HUGE = "99999999999999999"
OTHER = "https://git.example.org/acme/other.git"
PARTS = ("fetchRetryFirst", "fetchRetryMax", "quietWindow", "quietWindowMax", "retryFirst", "retryMax")


def check(place):
    """(accepted, output) of doorbell check."""
    result = run(DOORBELL, "check", "--config", place.config, check=False)
    return result.returncode == 0, result.stdout + result.stderr


def serve(place):
    """(accepted, log) of doorbell serve, which is ended once it is ready."""
    begun = os.path.getsize(os.path.join(place.top, "doorbell.log")) if os.path.exists(place.top + "/doorbell.log") else 0
    receiver = Receiver(place, ready=False)
    wait(lambda: receiver.process.poll() is not None or receiver.status("/readyz") == 200, 20)
    ran = receiver.process.poll() is None
    if ran:
        receiver.stop()
    return ran, receiver.log()[begun:]


def same(place, name, want, what=None, **changes):
    """check and serve must agree, and say what is expected."""
    place.configure(**changes)
    checked, output = check(place)
    served, log = serve(place)
    ok(checked == want and served == want, f"{name}: both {'take' if want else 'refuse'} it",
       f"check {checked}, serve {served}\n{output}\n{log}")
    if what is not None:
        ok(what in output, f"{name}: check says so", output)
        ok(want or re.sub(r'"', "", what) in re.sub(r'\\?"', "", log), f"{name}: serve says it, too", log)
    return output


def ranges():
    """Each setting that has a range, with its ends: (key, low, high), as check tells them."""
    found = []
    for line in run(DOORBELL, "check", "--help").stdout.splitlines():
        match = re.match(r"  --([a-z-]+) ", line)
        if not match or match[1] in ("config", "format"):
            continue
        for value in (HUGE, HUGE + "d", HUGE + "TiB", "99999999999d", "999999TiB"):
            output = run(DOORBELL, "check", f"--{match[1]}", value, check=False).stdout
            ends = re.search(r"'(\w+)' is '\S+': give (\w+) to (\w+)$", output, re.M)
            if ends:
                found.append((ends[1], ends[2], ends[3]))
                break
    return found


def test_ranges(place):
    """Every setting at the ends of its range: all at once, then one step outside, each alone."""
    rows = ranges()
    note(", ".join(f"{key} {low}..{high}" for key, low, high in rows))
    ok(len(rows) >= 20, f"{len(rows)} settings have ranges")
    lowest = {key: low for key, low, _ in rows}
    # 1 GiB and more of free disk, and 64 readers of a terabyte each, are not to be had everywhere.
    same(place, "the least of everything", True, **{**lowest, "maxConnections": 64, "newConnectionsPerAddress": 0,
                                                    "maxConnectionsPerAddress": 0})
    highest = {key: high for key, _, high in rows if key != "minFreeBytes"}
    same(place, "the most of everything", True, **highest)
    for key, low, high in rows:
        for end, step in ((low, -1), (high, 1)):
            number, unit = re.match(r"(\d+)(\w*)", end).groups()
            if int(number) + step < 0:
                continue
            place.configure(**{key: f"{int(number) + step}{unit}"})
            checked, output = check(place)
            result = run(DOORBELL, "serve", "--config", place.config, check=False, timeout=20) if not checked else None
            ok(not checked and result.returncode == 78 and f"'{key}' is" in output and f"'{key}' is" in result.stderr,
               f"{key} of {int(number) + step}{unit}: both refuse it", output)


def test_readers(place):
    same(place, "as many readers as there may be", True, readers=64)
    same(place, "more readers", False, "'readers' is '200': give 1 to 64", readers=200)


def test_listeners(place):
    ports = [f"127.0.0.1:{free_port()}" for _ in range(3)]
    many = [f"unix:{place.top}/{i}.sock" for i in range(61)] + ports
    same(place, "as many addresses as there may be", True, listen=many)
    same(place, "17 addresses", True, listen=many[:17])
    same(place, "one more than there may be", False, "'listen' has 65 items: give at most 64",
         listen=many + [f"unix:{place.top}/x.sock"])
    same(place, "an address for senders and for status", False, "where something else listens, too",
         listen=ports[:1], statusListen=ports[0])
    same(place, "the hook's socket among the addresses", False, "where something else listens, too",
         listen=[f"unix:{place.socket}"])
    same(place, "the control socket as the hook's", False, "where something else listens, too",
         socket=f"{place.state}/control.sock")
    long = place.top + "/" + "d" * (95 - len(place.top) - 2)
    os.mkdir(long)
    same(place, "a state directory whose control socket just fits", True, stateDirectory=long)
    same(place, "one that is a byte too long", False, "'stateDirectory' is", stateDirectory=long + "x")


def test_repositories(place):
    base = os.path.join(place.top, "other.git")
    run("git", "init", "-q", "--bare", base)
    own = {"url": URL, "path": place.bare, "defaultBranch": "main"}
    same(place, "an alias of two repositories", False, "means the repository",
         repositories=[own, {"url": OTHER, "path": base, "aliases": ["https://mirror.example.org/a"]},
                       {"url": OTHER + "2", "path": base, "aliases": ["https://mirror.example.org/a"]}])
    same(place, "an alias that is another's address", False, "means the repository",
         repositories=[own, {"url": OTHER, "path": base, "aliases": [URL]}])


def test_places(place):
    """A place of applications that is listed twice, however it is written."""
    apps, link = place.apps, os.path.join(place.top, "link")
    os.symlink(apps, link)
    file = os.path.join(place.top, "one.yaml")
    with open(file, "w") as out:
        out.write("# nothing\n")
    os.symlink(file, os.path.join(place.top, "two.yaml"))
    inside = {"repository": URL, "ref": "main", "path": "argocd"}
    repositories = [{"url": URL, "path": place.bare, "defaultBranch": "main", "aliases": [OTHER]}]
    for name, first, second in (
            ("a directory", {"directory": apps}, {"directory": apps}),
            ("a directory with a slash", {"directory": apps}, {"directory": apps + "/"}),
            ("a directory by way of itself", {"directory": apps}, {"directory": f"{place.top}/./applications"}),
            ("a directory by way of its parent", {"directory": apps}, {"directory": f"{apps}/../applications"}),
            ("a directory by a link", {"directory": apps}, {"directory": link}),
            ("a relative directory", {"directory": apps}, {"directory": "applications"}),
            ("a directory that is not there", {"directory": f"{place.top}/none"}, {"directory": f"{place.top}//./none/"}),
            ("a directory of one cluster", {"directory": apps, "cluster": "a"}, {"directory": apps, "cluster": "a"}),
            ("a file", {"file": file}, {"file": file}),
            ("a file by a link", {"file": file}, {"file": f"{place.top}/two.yaml"}),
            ("a place in a repository", inside, inside),
            ("a place by an alias", inside, {**inside, "repository": OTHER}),
            ("a place by another spelling", inside, {**inside, "repository": "git@git.example.org:acme/gitops"}),
            ("a place by the ref's full name", inside, {**inside, "ref": "refs/heads/main"}),
            ("a place at the default branch", inside, {"repository": URL, "path": "argocd"}),
            ("a place with a slash", inside, {**inside, "path": "./argocd/"})):
        same(place, name + " twice", False, "'applications' has '", repositories=repositories,
             applications=[first, {"directory": place.work}, second])
    for name, first, second in (
            ("a directory of two clusters", {"directory": apps, "cluster": "a"}, {"directory": apps, "cluster": "b"}),
            ("a directory and one in it", {"directory": place.top + "/state"}, {"directory": apps}),
            ("two refs of a repository", inside, {**inside, "ref": "other"}),
            ("two directories of a repository", inside, {**inside, "path": "flux"})):
        place.configure(repositories=repositories, applications=[first, second])
        ok(check(place)[0], f"{name} are two places", check(place)[1])


def test_lists(place):
    """As many sources, places of applications and targets as there may be, and one more of each."""
    secret = os.path.join(place.top, "secret")
    command = place.ring_command()
    lists = {
        "sources": [{"name": f"s{i}", "provider": "github", "secretFiles": [secret]} for i in range(1001)],
        "applications": [{"directory": place.apps}] + [{"file": f"{place.top}/none{i}.yaml"} for i in range(10000)],
        "targets": [{"name": f"t{i}", "exec": {"command": command}} for i in range(1001)]}
    same(place, "the most sources, applications and targets", True, **{key: rows[:-1] for key, rows in lists.items()})
    for key, rows in lists.items():
        same(place, f"one more of {key}", False, f"'{key}' is no list of at most {len(rows) - 1} mappings", **{key: rows})


def main():
    with Place() as place:
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n", "argocd/none.yaml": "kind: 1\n"})
        place.git("push", "-q", "origin", "HEAD:other")
        for test in (test_ranges, test_readers, test_listeners, test_repositories, test_places, test_lists):
            note(test.__name__)
            test(place)
    done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Repositories that were written to hurt, through receiver and readers.  TAP.

A tree of 100,000 directories in each other, ten lines that are ten billion files,
and a pattern of value files that stands for 2^64 patterns: each push is decided soon, in little memory, by a
reader that lives on; where the reader looks no further, all applications that
follow the ref are rung, and record and metric say why.
"""
import hashlib
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

DEPTH = 100000
MEMORY = (128 << 20) * (8 if PATIENCE > 1 else 1)
BLOB, TREE = 3, 2
LIMIT = "more changed than we are willing to look at"
# Each pair of braces doubles the patterns; each "**/" may stand for any directories.
PATTERN = "../../wide/" + "{**/,a/}" * 64 + "x.yaml"


def git_object(kind, data):
    """(id, what stands in a pack)"""
    name = {BLOB: b"blob", TREE: b"tree"}[kind]
    head, rest = [kind << 4 | len(data) & 15], len(data) >> 4
    while rest:
        head[-1] |= 128
        head.append(rest & 127)
        rest >>= 7
    return (hashlib.sha1(b"%s %d\0" % (name, len(data)) + data).digest(),
            bytes(head) + zlib.compress(data, 1))


def deep_tree(place, text):
    """Store DEPTH directories "a" in each other, text in the last: the id of the first."""
    oid, packed = git_object(BLOB, text)
    objects, mode, name = [packed], b"100644", b"a.yaml"
    for _ in range(DEPTH):
        oid, packed = git_object(TREE, mode + b" " + name + b"\0" + oid)
        objects.append(packed)
        mode, name = b"40000", b"a"
    pack = b"PACK" + struct.pack(">II", 2, len(objects)) + b"".join(objects)
    subprocess.run(("git", "-C", place.bare, "index-pack", "--stdin"), check=True,
                   input=pack + hashlib.sha1(pack).digest(), stdout=subprocess.DEVNULL)
    return oid.hex()


def wide_tree(place):
    """Ten directories, each ten times the same one, ten deep: the id of the first."""
    oid, mode = run("git", "-C", place.bare, "hash-object", "-w", "--stdin", input="kind: 1\n").stdout.strip(), "100644 blob"
    for level in range(11):
        lines = "".join(f"{mode} {oid}\t{'d' if level else 'f'}{i}{'' if level else '.yaml'}\n" for i in range(10))
        oid, mode = run("git", "-C", place.bare, "mktree", input=lines).stdout.strip(), "040000 tree"
    return oid


def commit(place, base, **directories):
    """A commit on main like base, but for some directories at the top, given as trees."""
    entries = {line.split("\t")[1]: line
               for line in run("git", "-C", place.bare, "ls-tree", base).stdout.splitlines()}
    entries.update({name: f"040000 tree {oid}\t{name}" for name, oid in directories.items()})
    tree = run("git", "-C", place.bare, "mktree", input="\n".join(entries.values()) + "\n").stdout.strip()
    made = run("git", "-C", place.bare, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit-tree",
               "-p", base, "-m", "x", tree).stdout.strip()
    run("git", "-C", place.bare, "update-ref", "refs/heads/main", made)
    return made


def readers(receiver):
    return sorted(run("pgrep", "-P", str(receiver.process.pid), "-f", "reader", check=False).stdout.split())


def most_memory(pid):
    with open(f"/proc/{pid}/status") as file:
        return [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")][0]


def push(place, before, after):
    """Send it; the record of the push as soon as it is done, and the seconds that took."""
    begun = time.monotonic()
    equal(github(place, before, after), 202, "the push is accepted")
    wait(lambda: place.deliveries()[0]["status"] == "done", 20)
    delivery = place.show(place.deliveries()[0]["id"])
    return delivery["pushes"][0], time.monotonic() - begun


def applications(record):
    return sorted(t["application"].split("/")[-1] for t in record["triggers"])


def reasons(record, name):
    return json.dumps([t for t in record["triggers"] if t["application"].endswith(name)])


def main():
    with Place() as place:
        place.app("web", "apps/web")
        place.app("deep", "deep", directory={"recurse": True})
        place.app("wide", "apps/chart", helm={"valueFiles": [PATTERN]})
        first = place.commit({"apps/web/a.yaml": "kind: 1\n", "apps/chart/Chart.yaml": "name: c\nversion: 1.0.0\n",
                              "wide/" + "a/" * 60 + "x.yaml": "a: 1\n", "wide/" + "b/" * 200 + "y.yaml": "a: 1\n"})
        place.configure()
        with Receiver(place) as receiver:
            metric = 'doorbell_affected_fallback_total{reason="limit"}'
            changed = place.commit({"apps/web/a.yaml": "kind: 2\n"})
            record, _ = push(place, first, changed)
            born = readers(receiver)
            equal(applications(record), ["web"], "a push beside a pattern of 2^64 rings for its own application")

            matching = place.commit({"wide/" + "a/" * 70 + "x.yaml": "a: 2\n"})
            record, seconds = push(place, changed, matching)
            equal(applications(record), ["wide"], "the pattern is matched")
            ok(seconds < 5 * PATIENCE, "and soon", seconds)

            deep = commit(place, matching, deep=deep_tree(place, b"kind: 1\n"))
            record, seconds = push(place, matching, deep)
            equal(applications(record), ["deep", "web", "wide"], f"{DEPTH} directories that come ring for all")
            ok(record["reason"].endswith(LIMIT), "the record says why", record["reason"])
            equal(receiver.metric(metric), 1, "and the metric")
            ok(seconds < 5 * PATIENCE, "it is decided soon", seconds)

            deeper = commit(place, deep, deep=deep_tree(place, b"kind: 2\n"))
            record, _ = push(place, deep, deeper)
            equal(applications(record), ["deep", "web", "wide"], "a change at their end rings for all")
            equal(receiver.metric(metric), 2, "and is counted")

            tree = run("git", "-C", place.bare, "rev-parse", first + ":apps").stdout.strip()
            beside = commit(place, deeper, apps=tree)
            record, _ = push(place, deeper, beside)
            equal(applications(record), ["deep", "web"],
                  "beside them an application rings for itself, and what is not looked through for anything")
            ok("too deep" in reasons(record, "deep"), "which is said", record)
            bomb = wide_tree(place)
            wide = commit(place, beside, deep=bomb)
            record, seconds = push(place, beside, wide)
            equal(applications(record), ["deep", "web", "wide"], "ten billion files that come ring for all")
            ok(record["reason"].endswith(LIMIT), "the record says why", record["reason"])
            ok(seconds < 5 * PATIENCE, "it is decided soon", seconds)
            tree = run("git", "-C", place.bare, "rev-parse", changed + ":apps").stdout.strip()
            after = commit(place, wide, apps=tree)
            record, seconds = push(place, wide, after)
            ok("web" in applications(record) and not (record["reason"] or "").endswith(LIMIT),
               "the next push beside them is looked at as any other", record)
            equal(readers(receiver), born, "the readers are those of the beginning")
            most = max(most_memory(pid) for pid in born + [receiver.process.pid])
            ok(most < MEMORY, f"{most >> 20} MB were enough, for each process", most)
    done()


if __name__ == "__main__":
    main()

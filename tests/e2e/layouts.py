#!/usr/bin/env python3
"""The engine on layouts of every kind, held against the renderers (TAP).

The layouts (support/layouts_*.py) lie in one repository.  Asked of them:

  known        after each push exactly the layout's application is affected, or
               none, by `doorbell explain`; the path and chain are right; and
               the layout's judge makes other manifests, or the same.
  replay       an application made from nothing but its inputs is made the same.
  mutate       each path that is an input by its absence rings when it appears.
  incremental  a state that went through hundreds of pushes says what a new one
               says.

support/layouts.rows lists what must be covered, and by which layouts; it is
checked, and written anew by `tests/e2e/layouts.py --write`.
"""

import concurrent.futures
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import layout as made  # noqa: E402
import layouts_kustomize  # noqa: E402
import layouts_others  # noqa: E402
import oracle  # noqa: E402
from doorbell import DOORBELL, done, equal, note, ok  # noqa: E402

ROWS = os.path.join(oracle.HERE, "layouts.rows")
FEWEST = 90
PUSHES = int(os.environ.get("LAYOUT_PUSHES", "200"))

# A generator of its own: it reads a file of its root and one that its configuration names.
PROGRAM = """#!/bin/sh
read -r near <near.txt
read -r first <../secrets/first.txt
printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: made}\\n'
printf 'data: {near: "%s", first: "%s"}\\n' "$near" "$first"
"""


class World:
    """The repository of all layouts, and what is needed to ask about it."""

    def __init__(self, directory, layouts):
        self.directory = directory
        self.layouts = layouts
        self.path = os.path.join(directory, "layouts.git")
        oracle.git(directory, "init", "-q", "--bare", "-b", "main", self.path)
        oracle.git(self.path, "fast-import", "--quiet", data=made.write_stream(layouts))
        lines = oracle.git(self.path, "for-each-ref", "--format=%(objectname) %(refname:short)")
        self.commits = {ref: commit for commit, ref in
                        (line.split() for line in lines.decode().splitlines())}
        self.manifests = "---\n".join(layout.manifests for layout in layouts)
        self.apps = os.path.join(directory, "apps.yaml")
        with open(self.apps, "w", encoding="utf-8") as out:
            out.write(self.manifests)
        self.homes = {"plugins": make_plugins(directory)}
        self.local = threading.local()
        self.first = {}

    def pushes(self):
        """(number, layout, push, before, after)"""
        number = 0
        for layout in self.layouts:
            for push in layout.pushes:
                yield number, layout, push, self.commits[layout.branch], self.commits[f"push-{number}"]
                number += 1

    def explain(self, layout, before, after):
        got = subprocess.run(
            (DOORBELL, "explain", "--repo", self.path, "--url", made.URL, "--apps", self.apps, "--ref",
             layout.branch, "--default-branch", "main", "--format", "json", f"{before}..{after}"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        return json.loads(got.stdout)

    def render(self, layout, commit):
        """The layout's manifests at a commit; each thread has a work tree."""
        if commit == self.commits[layout.branch]:
            if layout.name not in self.first:
                self.first[layout.name] = self.render_anew(layout, commit)
            return self.first[layout.name]
        return self.render_anew(layout, commit)

    def render_anew(self, layout, commit):
        if not hasattr(self.local, "tree"):
            repository = oracle.Repository(self.path)
            self.local.tree = oracle.Checkout(repository, tempfile.mkdtemp(dir=self.directory))
        self.local.tree.move(commit)
        return layout.judge.manifests(self.local.tree.directory, layout, self.homes)


def make_plugins(directory):
    """Install PROGRAM where Kustomize looks for it; returns the plugins' home."""
    home = os.path.join(directory, "plugins")
    program = os.path.join(home, "example.com/v1/program/Program")
    os.makedirs(os.path.dirname(program))
    with open(program, "w", encoding="utf-8") as out:
        out.write(PROGRAM)
    os.chmod(program, 0o755)
    return home


# --- the coverage list ---


def read_rows():
    """[(row, what it is, layouts)]; lines that begin with "#" are for people."""
    with open(ROWS, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    return [(line + ["", ""])[:3] for line in lines if line[0] and not line[0].startswith("#")]


def cover(layouts):
    """{row: [layout (judge)]}"""
    found = {}
    for layout in layouts:
        for row in layout.rows + ["push: " + push.row for push in layout.pushes]:
            words = found.setdefault(row, [])
            word = f"{layout.name} ({layout.judge.name})"
            if word not in words:
                words.append(word)
    return found


def write_rows(layouts):
    found = cover(layouts)
    with open(ROWS, encoding="utf-8") as file:
        lines = file.read().splitlines()
    with open(ROWS, "w", encoding="utf-8") as out:
        for line in lines:
            parts = line.split("\t")
            if parts[0] in found:
                line = "\t".join([parts[0], parts[1], ", ".join(found[parts[0]])])
            out.write(line + "\n")


def check_rows(layouts):
    found = cover(layouts)
    rows = read_rows()
    for row, what, want in rows:
        note(f"{row:24} {what}: {', '.join(found.get(row, ['NOTHING']))}")
    wrong = [row for row, _, want in rows if want != ", ".join(found.get(row, []))]
    equal([row for row, _, _ in rows if row not in found], [], "every row of the list has a layout")
    equal(sorted(set(found) - {row for row, _, _ in rows}), [], "every layout's rows are on the list")
    equal(wrong, [], "the list says by which layouts (tests/e2e/layouts.py --write)")
    ok(len({layout.name for layout in layouts}) == len(layouts) >= FEWEST,
       f"there are at least {FEWEST} layouts, each with a name of its own", len(layouts))


# --- known answers, and the judges ---


def judge_push(world, item):
    """What is wrong with the answer to one push: a list of sentences."""
    _, layout, push, before, after = item
    answer = world.explain(layout, before, after)
    if "error" in answer:
        return [str(answer)]
    names = [hit["application"] for hit in answer["affected"]]
    want = [layout.full_name] if push.rings else []
    wrong = [] if names == want else [f"affected: {names}, not {want}"]
    reasons = answer["affected"][0]["reasons"] if answer["affected"] else []
    told = [(r["path"], r["via"]) for r in reasons]
    if push.path and push.rings and not any(
            path == push.path and (push.via is None or via == push.via) for path, via in told):
        wrong.append(f"told {told}, not {push.path} via {push.via}")
    if isinstance(layout.judge, made.Known):
        return wrong
    one, two = world.render(layout, before), world.render(layout, after)
    if (one != two) != push.rings and not push.same:
        wrong.append(f"{layout.judge.name} makes {'the same' if one == two else 'others'}: {one}")
    return wrong


def check_known(world):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        items = list(world.pushes())
        wrong = list(pool.map(lambda item: judge_push(world, item), items))
    for (number, layout, push, _, _), problems in zip(items, wrong):
        paths = ", ".join(sorted(push.change))
        ok(not problems, f"{layout.name}: {push.row} of {paths}: {'rings' if push.rings else 'quiet'}",
           f"push-{number}\n" + "\n".join(problems))


# --- replay ---


def replay(world, engine, layout):
    """Is a layout made from its inputs alone the same? None: nobody can judge."""
    commit = world.commits[layout.branch]
    inputs = engine.ask(op="application", ref="refs/heads/" + layout.branch, commit=commit,
                        manifests=world.manifests, name=layout.full_name)
    if isinstance(layout.judge, made.Known):
        return None if inputs["probes"] else False
    repository = oracle.Repository(world.path)
    tree = repository.tree(commit)
    alone = tempfile.mkdtemp(dir=world.directory)
    for path in inputs["files"]:
        if path in tree:
            repository.write(alone, path, tree[path])
    for path in inputs["files"]:
        if path not in tree:
            os.makedirs(os.path.join(alone, path), exist_ok=True)
    part = layout.judge.manifests(alone, layout, world.homes)
    repository.close()
    shutil.rmtree(alone)
    return part == world.render(layout, commit)


def check_replay(world):
    engine = oracle.Engine(world.path)
    answers = {layout.name: replay(world, engine, layout) for layout in world.layouts}
    engine.close()
    equal([name for name, answer in answers.items() if answer is False], [],
          "every layout is made the same from nothing but its inputs")
    judged = sum(answer is not None for answer in answers.values())
    ok(judged >= 70, f"by a judge: {judged} of them", answers)


# --- mutate ---


def check_mutate(world):
    """The Nth commit creates the Nth absent path of each layout."""
    engine = oracle.Engine(world.path)
    absent = {}
    for layout in world.layouts:
        probes = engine.ask(op="application", ref="refs/heads/" + layout.branch,
                            commit=world.commits[layout.branch], manifests=world.manifests,
                            name=layout.full_name)["probes"]
        absent[layout.name] = sorted({p["path"] for p in probes if p["kind"] == "absent"
                                      and p["path"].startswith(layout.name + "/")})
    rounds = []
    for layout in world.layouts:
        for number, path in enumerate(absent[layout.name]):
            key = (layout.branch, number)
            rounds.append(key) if key not in rounds else None
    scratch = oracle.Scratch(oracle.Repository(world.path), world.directory)
    asked = []
    for branch, number in rounds:
        paths = {layout.full_name: absent[layout.name][number] for layout in world.layouts
                 if layout.branch == branch and number < len(absent[layout.name])}
        ref = scratch.commit(world.commits[branch],
                             {path: oracle.appearing(path) for path in paths.values()})
        asked.append((branch, paths, ref))
    scratch.flush()
    engine.close()
    engine = oracle.Engine(scratch.path)
    missed, created = [], 0
    for branch, paths, ref in asked:
        answer = engine.ask(op="affected", ref="refs/heads/" + branch, before=world.commits[branch],
                            after=scratch.resolve(ref), manifests=world.manifests, default="main")
        created += len(paths)
        missed += [f"{name}: {path}" for name, path in paths.items() if name not in answer["roots"]]
    engine.close()
    equal(missed, [], f"each of {created} absent inputs rings when it appears")
    ok(created > 400, "and these are many", created)


# --- incremental ---


def change_of(chooser, tree, blob):
    """A made-up push to a tree: {path: (mode, data) or None}; one edit at least."""
    paths = sorted(tree)
    change = {}
    for _ in range(chooser.choice((1, 1, 2, 3, 8))):
        path = chooser.choice(paths)
        mode, data = tree[path][0], blob(tree[path][1])
        kind = chooser.choice(("edit", "comment", "mode", "gone", "move", "directory", "link", "add",
                               "swap", "yml"))
        if mode == "160000" or any(p.startswith(path + "/") or path.startswith(p + "/") for p in change):
            continue
        if kind in ("gone", "move", "directory"):
            change[path] = None
        if kind in ("edit", "comment"):
            change[path] = (mode, data.replace(b"one", b"two") if kind == "edit" else data + b"\n# x\n")
        elif kind == "mode" and mode != "120000":
            change[path] = ("100755" if mode == "100644" else "100644", data)
        elif kind == "move":
            change[path + ".moved.yaml"] = (mode, data)
        elif kind == "directory":
            change[path + "/kustomization.yaml"] = ("100644", b"resources: []\n")
        elif kind == "link":
            change[path] = ("120000", os.path.basename(chooser.choice(paths)).encode())
        elif kind == "add":
            name = chooser.choice(("new.yaml", "values.yaml", ".argocd-source.yaml", "fooChart.yaml"))
            change[os.path.join(os.path.dirname(path), name)] = ("100644", b"new: 1\n")
        elif kind == "swap":
            other = chooser.choice(paths)
            change[path] = (tree[other][0], blob(tree[other][1])) if tree[other][0] != "160000" else None
        elif kind == "yml":
            change[os.path.join(os.path.dirname(path), "kustomization.yml")] = (
                "100644", b"resources: [a.yaml]\n")
    return change


def write_change(number, parent, change):
    out = [b"commit refs/heads/made-%d\ncommitter o <o@example.com> 0 +0000\ndata 0\nfrom %s\n"
           % (number, parent.encode())]
    out += [b"D %s\n" % oracle.quote(path) for path, value in change.items() if value is None]
    for path, value in change.items():
        if value is not None:
            out.append(b"M %s inline %s\ndata %d\n%s\n" % (value[0].encode(), oracle.quote(path),
                                                           len(value[1]), value[1]))
    return b"".join(out)


def check_incremental(world):
    seed = int(os.environ.get("ORACLE_SEED", random.randrange(1000000)))
    note(f"ORACLE_SEED={seed}")
    chooser = random.Random(seed)
    repository = oracle.Repository(world.path)
    engine = oracle.Engine(world.path)
    first = before = world.commits["main"]
    wrong, rung = [], 0
    for number in range(PUSHES):
        start = first if number % 60 == 59 else before  # a forced push, back to the first commit
        change = change_of(chooser, repository.tree(start), repository.blob)
        oracle.git(world.path, "fast-import", "--quiet", "--force",
                   data=write_change(number, start, change))
        after = repository.resolve(f"refs/heads/made-{number}")
        request = {"op": "affected", "ref": "refs/heads/main", "before": before, "after": after,
                   "manifests": world.manifests, "default": "main"}
        one, two = engine.ask(**request), engine.ask(**request, fresh=True)
        rung += len(one["roots"])
        if one["roots"] != two["roots"] or one["fallback"] or two["fallback"]:
            names = oracle.git(world.path, "diff", "--name-status", before, after).decode().split("\n")
            wrong.append(f"{number}: {', '.join(names)} kept: {one['reasons']} new: {two['reasons']} "
                         f"{one['fallback']} {two['fallback']}")
        before = after
    engine.close()
    repository.close()
    equal(wrong, [], f"a state that went through {PUSHES} pushes says what a new one says")
    ok(rung > PUSHES, f"and these pushes rang: {rung} times", rung)


def main():
    layouts = list(layouts_kustomize.layouts()) + list(layouts_others.layouts())
    if not made.have_jsonnet():
        for layout in layouts:
            if isinstance(layout.judge, made.Jsonnet):
                layout.judge = made.Known("jsonnet is not installed")
    if "--write" in sys.argv:
        return write_rows(layouts)
    try:
        oracle.prepare()
    except subprocess.CalledProcessError:
        print("1..0 # SKIP the renderers to compare with cannot be installed")
        return 0
    check_rows(layouts)
    with tempfile.TemporaryDirectory(prefix="layouts.") as directory:
        world = World(directory, layouts)
        for question in (check_known, check_replay, check_mutate, check_incremental):
            if len(sys.argv) < 2 or question.__name__[6:] in sys.argv:
                question(world)
    return done()


if __name__ == "__main__":
    sys.exit(main())

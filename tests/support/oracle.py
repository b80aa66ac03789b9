#!/usr/bin/env python3
"""Compare the engine with the renderers themselves, on any Git repository.

    tests/support/oracle.py REPOSITORY [--commit C] [--pushes N] ...

Three questions, from cheap to dear:

  replay       is a root built from nothing but the files of its inputs equal
               to the root built from everything, and does every path that is
               an input by its absence touch the root when it appears?
  incremental  does a state that went through many pushes say the same as one
               that begins at the last commit?
  differ       of the roots whose output differs after a push, how many were
               said to be affected (recall), and of those said to be affected,
               how many differ (precision)?

Nothing is written to the repository: what is made for a question goes into a
scratch repository that borrows its objects.  The renderers get no git and no
way to the network.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
BUILD = os.environ.get("BUILD", "build")
WALK = os.path.join(TOP, BUILD, "tests/e2e/oracle_walk")
RENDERERS = os.path.join(TOP, "build/renderers")  # one for all builds
TIMEOUT = 60
VAGUE = b"# not all of it\n"  # before an output that lacks what would be fetched


def git(directory, *arguments, data=None):
    """Run git in a Git directory and return what it prints, as bytes."""
    return subprocess.run(("git", "-C", directory) + arguments, input=data, check=True,
                          stdout=subprocess.PIPE).stdout


class Repository:
    """A Git repository that is only read."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.blobs = subprocess.Popen(("git", "-C", self.path, "cat-file", "--batch"),
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.blobs.stdin.close()
        self.blobs.wait()

    def tree(self, commit):
        """{path: (mode, id)} of all files, links and submodules."""
        entries = {}
        for line in git(self.path, "ls-tree", "-r", "-z", commit).split(b"\0"):
            if line:
                meta, path = line.split(b"\t", 1)
                mode, _, blob = meta.decode().split()
                entries[os.fsdecode(path)] = (mode, blob)
        return entries

    def blob(self, oid):
        self.blobs.stdin.write(oid.encode() + b"\n")
        self.blobs.stdin.flush()
        header = self.blobs.stdout.readline().split()
        if header[-1] == b"missing":
            return b""
        data = self.blobs.stdout.read(int(header[2]))
        self.blobs.stdout.read(1)
        return data

    def resolve(self, revision):
        return git(self.path, "rev-parse", revision + "^{commit}").decode().strip()

    def pushes(self, commit, count):
        """The last pushes to a branch that ends at commit, oldest first: [(before, after)]."""
        lines = git(self.path, "rev-list", "--first-parent", "-n", str(count + 1),
                    commit).decode().split()
        lines.reverse()
        return list(zip(lines, lines[1:]))

    def write(self, directory, path, entry):
        """Put one entry of a tree below directory."""
        target = os.path.join(directory, path)
        mode, oid = entry
        make_room(directory, path)
        if mode == "160000":
            os.makedirs(target, exist_ok=True)
            return
        data = self.blob(oid)
        if mode == "120000":
            os.symlink(os.fsdecode(data), target)
            return
        with open(target, "wb") as out:
            out.write(data)
        if mode == "100755":
            os.chmod(target, 0o755)


def make_room(directory, path):
    """Make the parents of a path; a file or link in the way goes."""
    here = directory
    for part in path.split("/")[:-1]:
        here = os.path.join(here, part)
        if os.path.islink(here) or os.path.isfile(here):
            os.unlink(here)
        if not os.path.isdir(here):
            os.mkdir(here)
    remove(os.path.join(directory, path))


def remove(target):
    if os.path.islink(target) or os.path.isfile(target):
        os.unlink(target)
    elif os.path.isdir(target):
        shutil.rmtree(target)


class Kustomize:
    """Roots are directories with a kustomization file."""
    walker = "kustomize"

    @staticmethod
    def roots(tree):
        return sorted({os.path.dirname(path) for path in tree if os.path.basename(path) in NAMES})

    @staticmethod
    def unit(root):
        """The directory and options of a root's unit."""
        return root, None

    @staticmethod
    def build(directory, root, plugins=None):
        return build(directory, root, plugins)


class Helm:
    """Roots are charts with no, or one of some, value files: "chart|", "chart|values"."""
    walker = "helm"

    @staticmethod
    def roots(tree):
        roots = []
        for path in tree:
            chart, name = os.path.split(path)
            if name != "Chart.yaml" or {"charts", "templates"} & set(chart.split("/")[1:-1]):
                continue
            roots.append(chart + "|")
            roots += [chart + "|" + v for v in tree if Helm.is_values(chart, v)][:3]
        return sorted(roots)

    @staticmethod
    def is_values(chart, path):
        here, name = os.path.split(path)
        return here in (chart, chart + "/ci", chart + "/env") and name != "values.yaml" and \
            re.search(r"values.*\.ya?ml$", name) is not None

    @staticmethod
    def unit(root):
        chart, _, values = root.partition("|")
        return chart, {"values": [values]} if values else None

    @staticmethod
    def build(directory, root, plugins=None):
        """The chart's manifests; None if it fails, or gives others each time."""
        chart, _, values = root.partition("|")
        first = Helm.template(directory, chart, values)
        if first is not None and Helm.tells_time(os.path.join(directory, chart)):
            time.sleep(1.1)
        return first if first == Helm.template(directory, chart, values) else None

    @staticmethod
    def tells_time(chart):
        """Does a template name the clock, whose seconds would be the difference?"""
        for here, _, names in os.walk(chart):
            paths = [os.path.join(here, name) for name in names if "templates" in here]
            for path in filter(os.path.isfile, paths):
                with open(path, "rb") as file:
                    if re.search(rb"\{\{[^}]*\bnow\b", file.read()):
                        return True
        return False

    @staticmethod
    def template(directory, chart, values):
        done = Helm.run(directory, "template", "release", "./" + chart, "--include-crds",
                        *(["--values", values] if values else []))
        if done.returncode == 0:
            return Helm.objects(done.stdout)
        if b"missing in charts/" not in done.stderr:
            return None
        return Helm.with_dependencies(directory, chart, values)

    @staticmethod
    def with_dependencies(directory, chart, values):
        """In a copy beside the chart: those from here are built, the others left out."""
        copy = tempfile.mkdtemp(prefix=".copy.", dir=os.path.dirname(os.path.join(directory, chart)))
        try:
            shutil.copytree(os.path.join(directory, chart), copy, symlinks=True, dirs_exist_ok=True)
            there = "./" + os.path.relpath(copy, directory)
            left = None
            if Helm.run(directory, "dependency", "build", there).returncode != 0:
                left = Helm.leave_out(copy)
            done = Helm.run(directory, "template", "release", there, "--include-crds",
                            *(["--values", values] if values else []))
            if done.returncode != 0:
                return None
            return Helm.objects(done.stdout) if left is None else \
                VAGUE + Helm.objects(done.stdout) + left
        finally:
            shutil.rmtree(copy)

    @staticmethod
    def leave_out(copy):
        """What would be fetched from elsewhere is a part of the output: its names."""
        path = os.path.join(copy, "Chart.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read() + "\n"
        pattern = r"(?m)^dependencies:.*\n(?:[ \t#-].*\n|\n)*"
        named = re.findall(pattern, text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(pattern, "", text))
        for name in ("requirements.yaml", "requirements.lock", "Chart.lock"):
            if os.path.isfile(os.path.join(copy, name)):
                with open(os.path.join(copy, name), encoding="utf-8") as file:
                    named.append(file.read())
            remove(os.path.join(copy, name))
        return re.sub(r"(?m)^\s*(#.*|generated:.*)?\n", "", "".join(named)).encode()

    @staticmethod
    def objects(manifests):
        """What Argo CD sees: the objects, not their text; the text if it is no YAML."""
        done = subprocess.run((WALK, "--objects"), input=manifests, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
        return done.stdout if done.returncode == 0 else manifests

    @staticmethod
    def run(directory, *arguments):
        nowhere = "http://127.0.0.1:9"
        environment = {"PATH": "/nonexistent", "HOME": "/nonexistent", "TMPDIR": "/tmp",
                       "HELM_CACHE_HOME": directory + "/.helm", "HTTP_PROXY": nowhere,
                       "HELM_CONFIG_HOME": directory + "/.helm", "HTTPS_PROXY": nowhere,
                       "HELM_DATA_HOME": directory + "/.helm", "ALL_PROXY": nowhere}
        return subprocess.run((os.path.join(RENDERERS, "helm"),) + arguments, cwd=directory,
                              env=environment, timeout=TIMEOUT, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)


class Checkout:
    """A directory that holds one commit and is moved to others."""

    def __init__(self, repository, directory):
        self.repository = repository
        self.directory = directory
        self.tree = {}

    def move(self, commit):
        tree = self.repository.tree(commit)
        for path in [p for p in self.tree if p not in tree]:
            remove(os.path.join(self.directory, path))
        for path, entry in tree.items():
            if self.tree.get(path) != entry:
                self.repository.write(self.directory, path, entry)
        self.tree = tree


def build(directory, root, plugins=None):
    """Build one root: its manifests, or None if the build fails. plugins: where programs are."""
    command = [os.path.join(RENDERERS, "kubectl"), "kustomize", "--load-restrictor",
               "LoadRestrictionsNone", "--enable-helm", "--helm-command",
               os.path.join(RENDERERS, "helm-for-kustomize"), "./" + root]
    nowhere = "http://127.0.0.1:9"
    scratch = directory.rstrip("/") + ".tmp"  # Kustomize leaves things there
    os.makedirs(scratch, exist_ok=True)
    environment = {"PATH": "/nonexistent", "HOME": directory, "TMPDIR": scratch,
                   "HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "ALL_PROXY": nowhere}
    if plugins:
        command[2:2] = ["--enable-alpha-plugins"]
        environment["KUSTOMIZE_PLUGIN_HOME"] = plugins
    try:
        done = subprocess.run(command, cwd=directory, env=environment, timeout=TIMEOUT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except subprocess.TimeoutExpired:
        return None
    return canonical(done.stdout) if done.returncode == 0 else None


def canonical(manifests):
    """Without what helm makes up anew each time: release names and times."""
    return re.sub(rb"release-name-[0-9]+|chart-[0-9]{10}", b"release", manifests)


class Engine:
    """The program tests/e2e/oracle_walk on one repository."""

    def __init__(self, path, renderer=Kustomize):
        self.renderer = renderer
        self.process = subprocess.Popen((WALK, path), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the engine died of %r" % request)
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError("%s: %r" % (answer["error"], request))
        return answer

    def inputs(self, commit, root):
        directory, unit_options = self.renderer.unit(root)
        return self.ask(op="inputs", commit=commit, walker=self.renderer.walker, dir=directory,
                        options=unit_options)

    def affected(self, ref, before, after, roots, fresh=False):
        return self.ask(op="affected", ref=ref, before=before, after=after, roots=roots,
                        fresh=fresh)


class Scratch:
    """A bare repository that borrows the objects of another: for commits that we make up."""

    def __init__(self, source, directory):
        self.path = os.path.join(directory, "scratch.git")
        git(directory, "init", "-q", "--bare", self.path)
        objects = git(source.path, "rev-parse", "--git-path", "objects").decode().strip()
        with open(os.path.join(self.path, "objects/info/alternates"), "w") as out:
            out.write(os.path.join(source.path, objects) + "\n")
        self.stream = []
        self.refs = []

    def commit(self, parent, changes):
        """Note a commit on parent with {path: bytes or None}; it is there after flush()."""
        ref = "refs/heads/made-%d" % len(self.refs)
        self.refs.append(ref)
        self.stream.append(b"commit %s\ncommitter o <o@example.com> 0 +0000\ndata 0\n"
                           b"from %s\n" % (ref.encode(), parent.encode()))
        for path, data in changes.items():
            quoted = quote(path)
            if data is None:
                self.stream.append(b"D %s\n" % quoted)
            else:
                self.stream.append(b"M 100644 inline %s\ndata %d\n%s\n"
                                   % (quoted, len(data), data))
        return ref

    def flush(self):
        git(self.path, "fast-import", "--quiet", "--force", data=b"".join(self.stream))
        self.stream = []

    def resolve(self, ref):
        return git(self.path, "rev-parse", ref).decode().strip()


def appearing(path):
    """What makes a path that was absent count: rules that Helm refuses, and anything else."""
    return b"**\n" if path.endswith(".helmignore") else b"new: 1\n"


def quote(path):
    data = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + data + b'"'


class Oracle:
    """All questions about one repository."""

    def __init__(self, path, directory, jobs=2, seed=1, plugins=None, renderer=Kustomize):
        self.renderer = renderer
        self.repository = Repository(path)
        self.directory = directory
        self.jobs = jobs
        self.plugins = plugins  # only for repositories made by a test
        self.random = random.Random(seed)
        self.failures = []
        self.built = {}

    def close(self):
        self.repository.close()

    def fail(self, *words):
        self.failures.append(" ".join(str(word) for word in words))

    def replay(self, commit, roots=None):
        """Build each root from its inputs alone; counts of equal, different and failing."""
        full = self.make("full")
        Checkout(self.repository, full).move(commit)
        tree = self.repository.tree(commit)
        engine = Engine(self.repository.path, self.renderer)
        counts = {"equal": 0, "different": 0, "fails": 0, "opaque": 0, "probes": 0}
        work = []
        for root in roots if roots is not None else self.renderer.roots(tree):
            inputs = engine.inputs(commit, root)
            counts["opaque"] += bool(inputs["opaque"])
            counts["probes"] += len(inputs["probes"])
            work.append((root, inputs))
        engine.close()
        alone = [self.lay_out(tree, root, inputs) for root, inputs in work]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            whole = list(pool.map(lambda item: self.renderer.build(full, item[0],
                                                                      self.plugins), work))
            part = list(pool.map(lambda pair: self.renderer.build(pair[1], pair[0][0],
                                                                 self.plugins), zip(work, alone)))
        for (root, _), a, b, where in zip(work, whole, part, alone):
            if a == b:
                counts["fails" if a is None else "equal"] += 1
                shutil.rmtree(where)
            else:
                counts["different"] += 1
                self.fail("replay", root, "at", commit, "differs; see", where)
        shutil.rmtree(full)
        return counts

    def make(self, name):
        directory = tempfile.mkdtemp(prefix=name + ".", dir=self.directory)
        return directory

    def lay_out(self, tree, root, inputs):
        """A directory with nothing but a root's inputs."""
        directory = self.make("alone")
        for path in inputs["files"]:
            if path in tree:
                self.repository.write(directory, path, tree[path])
        for path in inputs["files"]:
            if path not in tree:
                os.makedirs(os.path.join(directory, path), exist_ok=True)
        os.makedirs(os.path.join(directory, self.renderer.unit(root)[0]), exist_ok=True)
        return directory

    def mutate(self, commit, roots=None, limit=None):
        """Create each absent input, one at a time: the root must be touched. Count of both."""
        scratch = Scratch(self.repository, self.directory)
        engine = Engine(self.repository.path, self.renderer)
        tree = self.repository.tree(commit)
        wanted = []
        for root in roots if roots is not None else self.renderer.roots(tree):
            probes = engine.inputs(commit, root)["probes"]
            absent = [p["path"] for p in probes if p["kind"] == "absent" and p["path"]]
            if limit is not None and len(absent) > limit:
                absent = self.random.sample(absent, limit)
            for path in absent:
                wanted.append((root, path, scratch.commit(commit, {path: appearing(path)})))
        engine.close()
        scratch.flush()
        engine = Engine(scratch.path, self.renderer)
        touched = 0
        for root, path, ref in wanted:
            answer = engine.affected(ref, commit, scratch.resolve(ref), [root])
            if answer["fallback"] or root not in answer["roots"]:
                self.fail("mutate", root, "does not notice", path, answer["fallback"])
            else:
                touched += 1
        engine.close()
        return {"created": len(wanted), "touched": touched}

    def changes(self, tree, probed):
        """A made-up push: a few files edited, removed, added or moved."""
        paths = sorted(tree)
        changes = {}
        for _ in range(self.random.choice((1, 1, 2, 3, 8))):
            pool = probed if probed and self.random.random() < 0.7 else paths
            path = self.random.choice(pool)
            kind = self.random.choice(("edit", "edit", "comment", "remove", "add", "move"))
            if path not in tree or tree[path][0] not in ("100644", "100755"):
                changes[path] = b"made: up\n"
                continue
            data = self.repository.blob(tree[path][1])
            if kind == "edit":
                changes[path] = data + b"\nedited%d: 1\n" % self.random.randrange(1000)
            elif kind == "comment":
                changes[path] = data + b"\n# nothing\n"
            elif kind == "remove":
                changes[path] = None
            elif kind == "add":
                changes[os.path.dirname(path) + "/kustomization.yml"] = b"resources: [a.yaml]\n"
            else:
                changes[path] = None
                changes[path + ".moved.yaml"] = data
        return {path.lstrip("/"): data for path, data in changes.items()}

    def incremental(self, commit, count, roots=None):
        """Push after push through one state; each push also through a new one."""
        scratch = Scratch(self.repository, self.directory)
        tree = self.repository.tree(commit)
        roots = roots if roots is not None else self.renderer.roots(tree)
        engine = Engine(self.repository.path, self.renderer)
        probed = sorted({p["path"] for root in roots[:200]
                         for p in engine.inputs(commit, root)["probes"] if p["path"]})
        engine.close()
        commits = [commit]
        at = self.repository
        for _ in range(count):
            ref = scratch.commit(commits[-1], self.changes(at.tree(commits[-1]), probed))
            scratch.flush()
            commits.append(scratch.resolve(ref))
            if at is self.repository:
                at = Repository(scratch.path)
        if at is not self.repository:
            at.close()
        engine = Engine(scratch.path, self.renderer)
        equal = 0
        for before, after in zip(commits, commits[1:]):
            one = engine.affected("refs/heads/main", before, after, roots)
            two = engine.affected("refs/heads/main", before, after, roots, fresh=True)
            if one["roots"] == two["roots"] and one["fallback"] == two["fallback"]:
                equal += 1
            else:
                self.fail("incremental", before, after, "differs in",
                          sorted(set(one["roots"]) ^ set(two["roots"])), one["fallback"])
        engine.close()
        return {"pushes": count, "equal": equal}

    def differ(self, commit, count, sample=10, only=None):
        """Replay the last pushes: recall and precision against the rendered output."""
        before = Checkout(self.repository, self.make("before"))
        after = Checkout(self.repository, self.make("after"))
        engine = Engine(self.repository.path, self.renderer)
        sums = {"pushes": 0, "pairs": 0, "tracked": 0, "hits": 0, "true": 0, "found": 0,
                "precise": 0, "judged": 0}
        pool = concurrent.futures.ThreadPoolExecutor(self.jobs)
        for a, b in only or self.repository.pushes(commit, count):
            old, new = self.repository.tree(a), self.repository.tree(b)
            changed = {p for p in set(old) | set(new) if old.get(p) != new.get(p)}
            roots = self.renderer.roots(old)
            sums["pushes"] += 1
            sums["tracked"] += len(roots)
            if not changed or not roots:
                continue
            answer = engine.affected("refs/heads/main", a, b, roots)
            if answer["fallback"]:
                self.fail("differ", a, b, "falls back:", answer["fallback"])
            hits = set(answer["roots"])
            chosen = self.choose(roots, hits, changed, sample)
            before.move(a)
            after.move(b)
            self.built = {key: out for key, out in self.built.items() if key[0] in (a, b)}
            pairs = list(pool.map(lambda root: (self.output(before, a, root),
                                                self.output(after, b, root)), chosen))
            self.judge(sums, (a, b), zip(chosen, pairs), hits)
            sums["hits"] += len(hits)
        pool.shutdown()
        engine.close()
        shutil.rmtree(before.directory)
        shutil.rmtree(after.directory)
        return sums

    def output(self, checkout, commit, root):
        """As build(), once for each commit and root; a digest stands for the output."""
        key = (commit, root)
        if key not in self.built:
            manifests = self.renderer.build(checkout.directory, root, self.plugins)
            self.built[key] = manifests and \
                manifests[:len(VAGUE)] + hashlib.sha256(manifests).digest()
        return self.built[key]

    def choose(self, roots, hits, changed, sample):
        """What to render: what was said, what lies near a change, and some of the rest."""
        near = set()
        for path in changed:
            parts = path.split("/")
            for depth in range(len(parts)):
                near.add("/".join(parts[:depth]))
        chosen = hits | {root for root in roots if self.renderer.unit(root)[0] in near}
        rest = [root for root in roots if root not in chosen]
        return sorted(chosen) + self.random.sample(rest, min(sample, len(rest)))

    def judge(self, sums, push, rendered, hits):
        for root, (old, new) in rendered:
            sums["pairs"] += 1
            true = old != new
            sums["true"] += true
            sums["found"] += true and root in hits
            if true and root not in hits:
                self.fail("differ", *push, "misses", root or ".")
            vague = old == new and old is not None and old.startswith(VAGUE)
            if root in hits and (old is not None or new is not None) and not vague:
                sums["judged"] += 1
                sums["precise"] += true
                if not true and os.environ.get("ORACLE_VERBOSE"):
                    print("needless:", *push, root or ".", flush=True)


def percent(part, whole):
    return "%.1f %%" % (100.0 * part / whole) if whole else "-"


def prepare():
    """Build the engine's side and fetch the renderers."""
    if not os.environ.get("BUILD"):
        subprocess.run(("make", "-s", WALK[len(TOP) + 1:]), cwd=TOP, check=True,
                       stdout=sys.stderr)
    subprocess.run(("tests/support/renderers.sh", RENDERERS), cwd=TOP, check=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("repository", help="a work tree or a bare repository")
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--pushes", type=int, default=50, help="real pushes to replay")
    parser.add_argument("--made", type=int, default=30, help="pushes to make up")
    parser.add_argument("--absent", type=int, default=5, help="absent inputs to create a root")
    parser.add_argument("--sample", type=int, default=5, help="other roots to render a push")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--helm", action="store_true", help="charts, not kustomizations")
    parser.add_argument("--skip", action="append", default=[],
                        choices=("replay", "mutate", "incremental", "differ"))
    parser.add_argument("--keep", action="store_true", help="leave the scratch directory")
    return parser.parse_args()


def main():
    args = options()
    prepare()
    directory = tempfile.mkdtemp(prefix="oracle.")
    oracle = Oracle(args.repository, directory, args.jobs,
                    renderer=Helm if args.helm else Kustomize)
    commit = oracle.repository.resolve(args.commit)
    if "replay" not in args.skip:
        print("replay     ", oracle.replay(commit), flush=True)
    if "mutate" not in args.skip:
        print("mutate     ", oracle.mutate(commit, limit=args.absent), flush=True)
    if "incremental" not in args.skip:
        print("incremental", oracle.incremental(commit, args.made), flush=True)
    if "differ" not in args.skip:
        sums = oracle.differ(commit, args.pushes, args.sample)
        print("differ     ", sums)
        print("            recall %d/%d = %s, precision %d/%d = %s, affected %d/%d = %s"
              % (sums["found"], sums["true"], percent(sums["found"], sums["true"]),
                 sums["precise"], sums["judged"], percent(sums["precise"], sums["judged"]),
                 sums["hits"], sums["tracked"], percent(sums["hits"], sums["tracked"])))
    for failure in oracle.failures:
        print("FAILED", failure)
    oracle.close()
    if not args.keep:
        shutil.rmtree(directory)
    return 1 if oracle.failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""Layouts: small sources of every kind, and pushes whose right answer is known.

A layout is a directory of files with one application, and some pushes.  All of
them lie beside each other in one repository, so that each push says two things:
the layout's application is rung, or is not, and no other one is.  A layout that
concerns the whole repository has a branch of its own.

What is known is not taken on trust: a layout's judge makes its manifests before
and after each push, with the renderer itself where there is one.
"""

import collections
import glob
import os
import re
import shutil
import subprocess

import oracle

URL = "https://git.example.com/oracle/repository"

# Values of a change: the file with "one" replaced; with a comment; executable.
EDIT, COMMENT, EXECUTABLE = object(), object(), object()

# row: of the coverage list; path, via: of the first reason, None: any;
# same: it rings though the manifests stay the same, and this is why.
Push = collections.namedtuple("Push", "row change rings path via same")


def rings(row, change, path=None, via=None, same=None):
    """A push that must ring."""
    return Push(row, change, True, path, via, same)


def quiet(row, change):
    """A push that must not."""
    return Push(row, change, False, None, None, None)


class Layout:
    """In texts and paths TOP is the layout's directory, SELF its application's name."""

    def __init__(self, name, rows, files, pushes, source="path: TOP/app", judge=None,
                 manifests=None, alone=False, note=None, namespace="argocd"):
        self.name = name
        self.rows = rows.split()
        self.branch = name if alone else "main"
        self.judge = judge or Kubectl()
        self.files = {path: self.put(text) for path, text in self.place(files)}
        self.pushes = [push._replace(change=dict(self.place(push.change)),
                                     path=push.path and self.put(push.path),
                                     via=push.via and [self.put(v) for v in push.via])
                       for push in pushes]
        self.manifests = self.put(manifests) if manifests else self.application(
            source, note, namespace)
        self.full_name = f"{namespace}/{name}"
        for kind, place in re.findall(r"kind: (\w+)\nmetadata: {name: SELF, namespace: (\S+)}",
                                      manifests or ""):
            if kind not in ("Application", "GitRepository"):
                self.full_name = f"{kind.lower()}:{place}/{name}"

    def place(self, files):
        """Paths are below the layout's directory, those that begin with "/" below the root."""
        return [(self.put(path[1:] if path.startswith("/") else f"{self.name}/{path}"), text)
                for path, text in files.items()]

    def put(self, text):
        return text.replace("TOP", self.name).replace("SELF", self.name).replace(
            "HERE", f"repoURL: '{URL}', targetRevision: {self.branch}")

    def application(self, source, note, namespace):
        notes = ""
        if note:
            notes = f", annotations: {{argocd.argoproj.io/manifest-generate-paths: '{note}'}}"
        spec = source if source.startswith("sources:") else f"source: {{HERE, {source}}}"
        return self.put("apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
                        f"metadata: {{name: SELF, namespace: {namespace}{notes}}}\n"
                        f"spec: {{{spec}}}\n")

    def data(self, path, value):
        """What a change makes of a path: its mode and bytes."""
        text = self.files.get(path, "") if value in (EDIT, COMMENT, EXECUTABLE) else value
        if value is EDIT:
            assert "one" in text, (self.name, path)
            text = text.replace("one", "two")
        if value is COMMENT:
            text += "\n# a comment\n"
        text = self.put(text)
        if text.startswith("->"):
            return "120000", text[2:].encode()
        if text.startswith("@"):
            return "160000", text[1:].encode()
        if text.startswith("+x") or value is EXECUTABLE:
            return "100755", text[2 if text.startswith("+x") else 0:].encode()
        return "100644", text.encode("utf-8", "surrogateescape")


def write_stream(layouts):
    """All layouts, and the branch push-N for the Nth push, for git fast-import."""
    out = []
    for branch in sorted({layout.branch for layout in layouts}):
        out.append(commit(branch))
        for layout in layouts:
            if layout.branch == branch:
                out += [entry(layout, path, text) for path, text in layout.files.items()]
    number = 0
    for layout in layouts:
        for push in layout.pushes:
            out.append(commit(f"push-{number}", layout.branch))
            out += [b"D %s\n" % oracle.quote(p) for p, v in push.change.items() if v is None]
            out += [entry(layout, p, v) for p, v in push.change.items() if v is not None]
            number += 1
    return b"".join(out)


def commit(branch, parent=None):
    """A commit on parent, or the first one of a branch, with a README.md."""
    text = f"commit refs/heads/{branch}\ncommitter o <o@example.com> 0 +0000\ndata 0\n"
    if parent:
        return (text + f"from refs/heads/{parent}\n").encode()
    return (text + "M 100644 inline README.md\ndata 0\n\n").encode()


def entry(layout, path, value):
    mode, data = layout.data(path, value)
    if mode == "160000":
        return b"M 160000 %s %s\n" % (data, oracle.quote(path))
    return b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), oracle.quote(path), len(data), data)


# --- judges: the manifests of a layout in a work tree, None if there are none ---


class Kubectl:
    """kubectl kustomize."""
    name = "kubectl"

    def __init__(self, path="app", plugins=False):
        self.path, self.plugins = path, plugins

    def manifests(self, directory, layout, homes):
        where = os.path.normpath(os.path.join(layout.name, self.path))
        if not os.path.isdir(os.path.join(directory, where)):
            return None
        return oracle.build(directory, where, homes["plugins"] if self.plugins else None)


class Helm:
    """helm template; values are found in the work tree, as Argo CD does."""
    name = "helm"

    def __init__(self, path="app", values=(), missing=False, arguments=()):
        self.path, self.values, self.missing = path, values, missing
        self.arguments = arguments

    def manifests(self, directory, layout, homes):
        words = [layout.put(word) for word in self.arguments]
        for pattern in self.values:
            pattern = layout.put(pattern)
            there = sorted(find(directory, pattern)) if "*" in pattern else [pattern]
            for path in there:
                if os.path.exists(os.path.join(directory, path)) or not self.missing:
                    words += ["--values", path]
        where = f"./{layout.name}/{self.path}"
        if not os.path.isdir(os.path.join(directory, where)):
            return None
        done = oracle.Helm.run(directory, "template", "release", where, "--include-crds", *words)
        if b"missing in charts/" in done.stderr:
            done = self.build_dependencies(directory, where, words)
        return oracle.canonical(done.stdout) if done.returncode == 0 else None

    @staticmethod
    def build_dependencies(directory, where, words):
        oracle.Helm.run(directory, "dependency", "build", where)
        done = oracle.Helm.run(directory, "template", "release", where, "--include-crds", *words)
        for made in ("charts", "Chart.lock"):
            oracle.remove(os.path.join(directory, where, made))
        return done


def find(directory, pattern):
    """Files that match a pattern without "**", from directory, through links."""
    return [os.path.relpath(path, directory)
            for path in glob.glob(os.path.join(glob.escape(directory), pattern))]


class Files:
    """The files of a directory that Argo CD or Flux takes for manifests, and their texts."""
    name = "files"

    def __init__(self, path="app", recurse=True, take=None, names=r"\.(ya?ml|json|jsonnet)$",
                 links=True):
        self.path, self.recurse, self.take, self.names = path, recurse, take, names
        self.links = links

    def manifests(self, directory, layout, homes):
        top = os.path.join(directory, layout.name, self.path)
        found = []
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                relative = os.path.relpath(path, top)
                if os.path.islink(path) and (not self.links or not os.path.isfile(path)):
                    continue
                if re.search(self.names, name) and (not self.take or self.take(relative)):
                    found.append(meaning(path))
            if not self.recurse:
                break
        return b"---\n".join(text for text in found if text)


def meaning(path):
    """A text without comments: enough for what layouts hold."""
    with open(path, "rb") as file:
        text = file.read()
    if b"+argocd:skip-file-rendering" in text:
        return b""
    return b"\n".join(line for line in text.split(b"\n") if line and not line.startswith(b"#"))


class Jsonnet:
    """jsonnet on each file, with the library paths that Argo CD gives it."""
    name = "jsonnet"

    def __init__(self, libs=(), code=()):
        self.libs, self.code = libs, code

    def manifests(self, directory, layout, homes):
        top = os.path.join(directory, layout.name, "app")
        words = ["--jpath", "."]
        for lib in self.libs:
            words += ["--jpath", os.path.join(directory, layout.put(lib))]
        for code in self.code:
            words += ["--tla-code", code]
        out = b""
        for name in sorted(os.listdir(top)) if os.path.isdir(top) else []:
            if name.endswith(".jsonnet"):
                done = subprocess.run(["jsonnet", *words, name], cwd=top, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, timeout=60, check=False)
                out += done.stdout if done.returncode == 0 else b"failed\n"
        return out


class Known:
    """No renderer at hand: what the sources of the one that is meant say, is asserted."""
    name = "known"

    def __init__(self, why):
        self.why = why

    def manifests(self, directory, layout, homes):
        return NotImplemented


class Generated(Kubectl):
    """Flux: a Kustomization for a directory without one, as kustomize-controller writes it."""
    name = "flux"

    def manifests(self, directory, layout, homes):
        top = os.path.join(directory, layout.name, self.path)
        if not os.path.isdir(top):
            return None
        if any(os.path.exists(os.path.join(top, name)) for name in oracle.NAMES):
            return super().manifests(directory, layout, homes)
        resources = sorted(self.resources(top, ""))
        with open(os.path.join(top, "kustomization.yaml"), "w", encoding="utf-8") as out:
            out.write("resources: %s\n" % resources)
        try:
            return super().manifests(directory, layout, homes)
        finally:
            os.unlink(os.path.join(top, "kustomization.yaml"))

    def resources(self, top, below):
        for name in os.listdir(os.path.join(top, below)):
            path = os.path.join(below, name)
            full = os.path.join(top, path)
            if os.path.islink(full):
                continue
            if os.path.isdir(full):
                if any(os.path.exists(os.path.join(full, k)) for k in oracle.NAMES):
                    yield path
                else:
                    yield from self.resources(top, path)
            elif name.endswith((".yaml", ".yml")):
                yield path


def have_jsonnet():
    return shutil.which("jsonnet") is not None

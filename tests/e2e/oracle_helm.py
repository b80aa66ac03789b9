#!/usr/bin/env python3
"""The engine against helm, on a repository of charts made here.

Every way in which a chart reads a file is in FILES, in a form that renders.
Each file is then edited, some get a comment, some are removed, one push each.
"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import oracle  # noqa: E402

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata:\n  edit: one\n"

# "one" in a text is what an edit changes; "->x" is a link.
FILES = {
    "README.md": "one\n",
    # Values, helpers, a schema, a resource definition; files that nobody reads.
    "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: one\n",
    "web/values.yaml": "a: one\nnested: {b: one}\n",
    "web/values-prod.yaml": "a: one prod\n",
    "web/values-dev.yaml": "a: one dev\n",
    "web/values.schema.json": '{"type": "object", "title": "one"}\n',
    "web/README.md": "one\n",
    "web/.helmignore": "# one\n*.bak\nskipped/\n",
    "web/templates/_helpers.tpl": '{{- define "web.name" -}}one-{{ .Chart.Name }}{{- end }}\n',
    "web/templates/config.yaml": CONFIG % '{{ include "web.name" . }}' +
                                 "  a: {{ .Values.a }}\n  v: {{ .Chart.AppVersion }}\n"
                                 "{{- with .Values.nested }}\n{{ toYaml . | indent 2 }}\n{{- end }}\n",
    "web/templates/old.yaml.bak": "one: {{ fail }}\n",
    "web/templates/skipped/x.yaml": "one: {{ fail }}\n",
    "web/templates/NOTES.txt": "one\n",
    "web/crds/thing.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
                           "metadata: {name: one.example.com}\n",
    # Files.
    "files/Chart.yaml": "apiVersion: v2\nname: files\nversion: 1.0.0\n",
    "files/templates/config.yaml": CONFIG % "files" +
                                   '  conf: {{ .Files.Get "conf/app.conf" | quote }}\n',
    "files/conf/app.conf": "one = one\n",
    "files/other.txt": "one\n",
    # Values that are templates.
    "tpl/Chart.yaml": "apiVersion: v2\nname: tpl\nversion: 1.0.0\n",
    "tpl/values.yaml": "a: '{{ .Files.Get \"x.txt\" }}'\n",
    "tpl/templates/config.yaml": CONFIG % "tpl" + "  a: {{ tpl .Values.a . }}\n",
    "tpl/x.txt": "one",
    # All there is.
    "dump/Chart.yaml": "apiVersion: v2\nname: dump\nversion: 1.0.0\n",
    "dump/templates/config.yaml": CONFIG % "dump" + "  all: {{ toJson . | sha256sum }}\n",
    "dump/any.txt": "one",
    # Unpacked subcharts, one of them in the other, one behind a link.
    "parent/Chart.yaml": "apiVersion: v2\nname: parent\nversion: 1.0.0\n",
    "parent/values.yaml": "child: {a: one}\n",
    "parent/charts/child/Chart.yaml": "apiVersion: v2\nname: child\nversion: 1.0.0\n",
    "parent/charts/child/values.yaml": "a: one\nb: one\n",
    "parent/charts/child/README.md": "one\n",
    "parent/charts/child/templates/config.yaml": CONFIG % "child" +
                                                 "  a: {{ .Values.a }}\n  b: {{ .Values.b }}\n",
    "parent/charts/child/charts/grand/Chart.yaml":
        "apiVersion: v2\nname: grand\nversion: 1.0.0\n",
    "parent/charts/child/charts/grand/templates/config.yaml": CONFIG % "grand",
    "parent/charts/_hidden/templates/config.yaml": CONFIG % "hidden",
    "parent/charts/linked": "->../../linked",
    "linked/Chart.yaml": "apiVersion: v2\nname: linked\nversion: 1.0.0\n",
    "linked/templates/config.yaml": "->../../common/config.yaml",
    "common/config.yaml": CONFIG % "linked",
    # Charts elsewhere in the repository.
    "umbrella/Chart.yaml": "apiVersion: v2\nname: umbrella\nversion: 1.0.0\ndependencies:\n"
                           "- {name: web, version: 1.0.0, repository: \"file://../web\"}\n"
                           "- {name: library, version: 1.0.0, repository: \"file://../library\"}\n",
    "umbrella/values.yaml": "web: {a: one}\n",
    "umbrella/templates/config.yaml": CONFIG % "umbrella" + '  l: {{ include "library.x" . }}\n',
    "library/Chart.yaml": "apiVersion: v2\nname: library\ntype: library\nversion: 1.0.0\n",
    "library/templates/_x.tpl": '{{- define "library.x" -}}one{{- end }}\n',
    # An older chart.
    "older/Chart.yaml": "apiVersion: v1\nname: older\nversion: 1.0.0\n",
    "older/requirements.yaml": "dependencies:\n"
                               "- {name: web, version: 1.0.0, repository: \"file://../web\"}\n",
    "older/templates/config.yaml": CONFIG % "older",
}

count = 0
failed = 0


def check(good, name, detail=None):
    global count, failed
    count += 1
    failed += not good
    print("%s %d - %s" % ("ok" if good else "not ok", count, name), flush=True)
    if not good and detail is not None:
        for line in str(detail).splitlines():
            print("# " + line)


def commit_files(tree):
    """FILES as one commit on main; returns the Git directory."""
    for path, text in FILES.items():
        target = os.path.join(tree, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if text.startswith("->"):
            os.symlink(text[2:], target)
            continue
        with open(target, "w", encoding="utf-8") as out:
            out.write(text)
    run = ("git", "-c", "user.name=o", "-c", "user.email=o@example.com", "-C", tree)
    subprocess.run(run + ("init", "-q", "-b", "main"), check=True)
    subprocess.run(run + ("add", "-A"), check=True)
    subprocess.run(run + ("commit", "-q", "-m", "first"), check=True)
    return os.path.join(tree, ".git")


def make_pushes(it, commit):
    """Edits, comments, removals: [(before, after)] on scratch branches."""
    scratch = oracle.Scratch(it.repository, it.directory)
    refs = []
    for path, text in FILES.items():
        if not text.startswith("->") and "one" in text:
            refs.append(scratch.commit(commit, {path: text.replace("one", "two").encode()}))
    for path in ("web/values.yaml", "web/Chart.yaml", "files/conf/app.conf", "tpl/x.txt",
                 "web/.helmignore"):
        data = (FILES[path] + "\n# more\n").encode()
        refs.append(scratch.commit(commit, {path: data}))
    for path in ("web/values.yaml", "web/values-prod.yaml", "web/.helmignore", "web/README.md",
                 "dump/any.txt", "common/config.yaml", "library/templates/_x.tpl",
                 "parent/charts/child/Chart.yaml", "older/requirements.yaml"):
        refs.append(scratch.commit(commit, {path: None}))
    scratch.flush()
    return scratch, [(commit, scratch.resolve(ref)) for ref in refs]


def main():
    try:
        oracle.prepare()
    except subprocess.CalledProcessError:
        print("1..0 # SKIP the renderers to compare with cannot be installed")
        return 0
    with tempfile.TemporaryDirectory(prefix="oracle.") as directory:
        it = oracle.Oracle(commit_files(os.path.join(directory, "made")), directory,
                           renderer=oracle.Helm)
        commit = it.repository.resolve("main")
        counts = it.replay(commit)
        # A library alone is not rendered.
        check(counts["different"] == 0 and counts["equal"] == 10 and counts["fails"] == 1,
              "every chart renders the same from nothing but its inputs", (counts, it.failures))
        check(counts["opaque"] == 0, "no chart is opaque", counts)
        counts = it.mutate(commit)
        check(counts["created"] == counts["touched"] >= 30,
              "every input that is not there touches its chart when it appears",
              (counts, it.failures))
        counts = it.incremental(commit, 12)
        check(counts["pushes"] == counts["equal"],
              "a state that went through 12 pushes says what a new one says",
              (counts, it.failures))
        it.close()
        scratch, pushes = make_pushes(it, commit)
        it.repository = oracle.Repository(scratch.path)
        sums = it.differ(commit, 0, sample=0, only=pushes)
        check(sums["found"] == sums["true"] >= 45 and not it.failures,
              "every chart whose output differs after a push is affected", (sums, it.failures))
        # The rest changes what is read and not what comes out: a comment in a template, a schema.
        check(sums["precise"] >= 0.6 * sums["judged"], "of those affected, most differ", sums)
        print("# %s" % sums)
        it.close()
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

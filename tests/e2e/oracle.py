#!/usr/bin/env python3
"""The engine against kubectl kustomize and helm, on repositories made here.

Every way in which a kustomization refers to a file is in FILES, in a form
that builds. Each file is then edited, commented and removed, one push each.
A second repository is made at random (support/layouts.py); its seed is
printed, and ORACLE_SEED chooses another.
"""

import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import layouts  # noqa: E402
import oracle  # noqa: E402

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {edit: one}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "registry.example.com/web:1"}]
"""

PATCH = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {%s: one}
"""


def config_map(name):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {edit: one}\n" % name


# "one" in a text is what an edit changes; "->x" is a link.
FILES = {
    "README.md": "one\n",
    "base/kustomization.yaml": "resources: [deployment.yaml, extra/config.yaml]\n"
                               "commonAnnotations: {base: one}\n",
    "base/deployment.yaml": DEPLOYMENT,
    "base/extra/config.yaml": config_map("extra"),
    "base/unused.yaml": config_map("unused"),
    "overlays/dev/kustomization.yaml": """
resources: [../../base]
patches:
- path: patch.yaml
- path: json.yaml
  target: {kind: Deployment}
configMapGenerator:
- name: settings
  files: [settings.conf, key=other.conf]
  envs: [first.env]
- name: older
  env: second.env
secretGenerator:
- name: secret
  files: [../common/secret.txt]
""",
    "overlays/dev/patch.yaml": PATCH % "patch",
    "overlays/dev/json.yaml": "- {op: add, path: /metadata/annotations/json, value: one}\n",
    "overlays/dev/settings.conf": "# one\n",
    "overlays/dev/other.conf": "one",
    "overlays/dev/first.env": "FIRST=one\n",
    "overlays/dev/second.env": "# comment\nSECOND=one\n",
    "overlays/common/secret.txt": "one",
    "overlays/prod/kustomization.yml": """
Resources: [../../base/]
components: [../../components/zone]
patchesStrategicMerge: [merge.yaml]
patchesJson6902:
- path: json.yaml
  target: {group: apps, version: v1, kind: Deployment, name: web}
replacements: [{path: replacement.yaml}]
configurations: [configuration.yaml]
crds: [crd.json]
openapi: {path: schema.json}
""",
    "overlays/prod/merge.yaml": PATCH % "merge",
    "overlays/prod/json.yaml": '[{"op": "add", "path": "/metadata/annotations/json", '
                               '"value": "one"}]\n',
    "overlays/prod/replacement.yaml": """
source: {kind: ConfigMap, name: extra, fieldPath: data.edit}
targets:
- select: {kind: Deployment}
  fieldPaths: [metadata.annotations.one]
  options: {create: true}
""",
    "overlays/prod/configuration.yaml": "namePrefix: [{path: metadata/one, kind: None}]\n",
    "overlays/prod/crd.json": "{}\n",
    "overlays/prod/schema.json": '{"definitions": {"one": {}}}\n',
    "components/zone/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\n"
                                          "kind: Component\npatches: [{path: zone.yaml}]\n",
    "components/zone/zone.yaml": PATCH % "zone",
    "plugins/kustomization.yaml": """
resources: [../base]
generators:
- ../configurations/generator.yaml
- |-
  apiVersion: builtin
  kind: SecretGenerator
  metadata: {name: inline}
  files: [inline.txt]
transformers:
- ../configurations/transformers
- |-
  apiVersion: builtin
  kind: PatchStrategicMergeTransformer
  metadata: {name: inline}
  paths: [merge.yaml]
""",
    "plugins/files.txt": "one",
    "plugins/inline.txt": "one",
    "plugins/patch.yaml": PATCH % "plugin",
    "plugins/merge.yaml": PATCH % "inline",
    "configurations/generator.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\n"
                                     "metadata: {name: one}\nfiles: [files.txt]\n",
    "configurations/transformers/kustomization.yaml": "resources: [patch.yaml, replace.yaml]\n",
    "configurations/transformers/patch.yaml": "apiVersion: builtin\nkind: PatchTransformer\n"
                                              "metadata: {name: one}\npath: patch.yaml\n"
                                              "target: {kind: Deployment}\n",
    "configurations/transformers/replace.yaml": "apiVersion: builtin\n"
                                                "kind: ReplacementTransformer\n"
                                                "metadata: {name: two}\n"
                                                "replacements: [{path: replacement.yaml}]\n",
    "plugins/replacement.yaml": """
- source: {kind: ConfigMap, name: extra, fieldPath: data.edit}
  targets:
  - select: {kind: Deployment}
    fieldPaths: [metadata.annotations.one]
    options: {create: true}
""",
    "older/kustomization.yaml": """
resources: [../schema]
helmChartInflationGenerator:
- chartName: web
  chartHome: ../charts
  releaseName: older
  values: values.yaml
""",
    "older/values.yaml": "first: one\n",
    "schema/kustomization.yaml": "openapi: {path: schema.json}\nresources: [config.yaml]\n",
    "schema/schema.json": '{"definitions": {"one": {}}}\n',
    "schema/config.yaml": config_map("schema"),
    "inflating/kustomization.yaml": """
resources: [../base]
generators: [chart.yaml]
transformers: [../configurations/json.yaml]
validators: [../configurations/validator.yaml]
""",
    "inflating/chart.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\n"
                            "metadata: {name: chart}\nchartHome: ../charts\nname: web\n"
                            "releaseName: inflating\nvaluesFile: values.yaml\n"
                            "additionalValuesFiles: [more.yaml]\n",
    "inflating/values.yaml": "first: one\n",
    "inflating/more.yaml": "second: one\n",
    "inflating/json.yaml": "- {op: add, path: /metadata/annotations/json, value: one}\n",
    "configurations/json.yaml": "apiVersion: builtin\nkind: PatchJson6902Transformer\n"
                                "metadata: {name: json}\npath: json.yaml\n"
                                "target: {kind: Deployment, name: web}\n",
    "configurations/validator.yaml": "apiVersion: builtin\nkind: LabelTransformer\n"
                                     "metadata: {name: one}\n",
    "links/Kustomization": "resources: [linked, file.yaml]\n",
    "links/linked": "->../deep/er/base",
    "links/file.yaml": "->../deep/file.yaml",
    "deep/er/base/kustomization.yaml": "resources: [../config.yaml]\n",
    "deep/er/config.yaml": config_map("deep"),
    "deep/file.yaml": config_map("file"),
    "programs/kustomization.yaml": "generators: [program.yaml]\n",
    "programs/program.yaml": "apiVersion: example.com/v1\nkind: Program\n"
                             "metadata: {name: program}\nfiles: [../secrets/first.txt]\n",
    "programs/near.txt": "one\n",
    "secrets/first.txt": "one\n",
    "secrets/unused.txt": "one\n",
    "charts-user/kustomization.yaml": """
helmGlobals: {chartHome: ../charts}
helmCharts:
- name: web
  releaseName: web
  valuesFile: values-web.yaml
  additionalValuesFiles: [more.yaml]
- name: plain
  releaseName: plain
- name: files
  releaseName: files
""",
    "charts-user/values-web.yaml": "first: one\n",
    "charts-user/more.yaml": "second: one\n",
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndescription: one\n",
    "charts/web/values.yaml": "first: zero\nsecond: zero\nthird: one\n",
    "charts/web/templates/config.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: web, annotations: {edit: one}}
data: {first: "{{ .Values.first }}", second: "{{ .Values.second }}"}
""",
    "charts/web/README.md": "one\n",
    "charts/web/notes/one.txt": "one\n",
    "charts/web/.helmignore": "notes/\n",
    "charts/files/Chart.yaml": "apiVersion: v2\nname: files\nversion: 1.0.0\n",
    "charts/files/templates/config.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: files}
data: {file: {{ .Files.Get "data/file.txt" | quote }}, link: {{ .Files.Get "link.txt" | quote }}}
""",
    "charts/files/values.yaml": "sub: {value: one}\n",
    "charts/files/data/file.txt": "one\n",
    "charts/files/link.txt": "->../../common/linked.txt",
    "common/linked.txt": "one\n",
    "charts/files/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
    "charts/files/charts/sub/values.yaml": "value: one\n",
    "charts/files/charts/sub/templates/config.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: sub}
data: {value: "{{ .Values.value }}"}
""",
    "charts/plain/Chart.yaml": "apiVersion: v2\nname: plain\nversion: 1.0.0\n",
    "charts/plain/values.yaml": "value: one\n",
    "charts/plain/templates/config.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: plain}
data: {value: "{{ .Values.value }}"}
""",
}

# A generator of its own: it reads a file of its root and one that its configuration names.
PROGRAM = """#!/bin/sh
read -r near <near.txt
read -r first <../secrets/first.txt
printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: made}\\n'
printf 'data: {near: "%s", first: "%s"}\\n' "$near" "$first"
"""

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


def write_files(tree):
    for path, text in FILES.items():
        target = os.path.join(tree, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if text.startswith("->"):
            os.symlink(text[2:], target)
            continue
        with open(target, "w") as out:
            out.write(text)


def commit_all(tree):
    """Make a tree one commit on main; returns the Git directory."""
    run = ("git", "-c", "user.name=o", "-c", "user.email=o@example.com", "-C", tree)
    subprocess.run(run + ("init", "-q", "-b", "main"), check=True)
    subprocess.run(run + ("add", "-A"), check=True)
    subprocess.run(run + ("commit", "-q", "-m", "first"), check=True)
    return os.path.join(tree, ".git")


def make_plugins(directory):
    """Install PROGRAM where Kustomize looks for it; returns the plugins' home."""
    home = os.path.join(directory, "plugins")
    program = os.path.join(home, "example.com/v1/program/Program")
    os.makedirs(os.path.dirname(program))
    with open(program, "w") as out:
        out.write(PROGRAM)
    os.chmod(program, 0o755)
    return home


def make_pushes(it, commit):
    """Each file edited, then commented; some removed: [(before, after)] on a scratch branch."""
    scratch = oracle.Scratch(it.repository, it.directory)
    texts = {path: text for path, text in FILES.items() if not text.startswith("->")}
    refs = []
    for path, text in texts.items():
        if "one" in text:
            texts[path] = text.replace("one", "two")
            refs.append((path, scratch.commit(commit, {path: texts[path].encode()})))
    for path in ("base/deployment.yaml", "overlays/dev/settings.conf", "base/kustomization.yaml",
                 "charts/web/values.yaml", "overlays/prod/crd.json"):
        refs.append((path, scratch.commit(commit, {path: (FILES[path] + "\n# more\n").encode()})))
    for path in ("overlays/dev/first.env", "links/linked", "charts/plain/values.yaml",
                 "configurations/transformers/replace.yaml", "base/unused.yaml"):
        refs.append((path, scratch.commit(commit, {path: None})))
    scratch.flush()
    return scratch, [(commit, scratch.resolve(ref)) for _, ref in refs]


def check_made(directory):
    """All questions about FILES."""
    tree = os.path.join(directory, "made")
    write_files(tree)
    it = oracle.Oracle(commit_all(tree), directory, plugins=make_plugins(directory))
    commit = it.repository.resolve("main")
    counts = it.replay(commit)
    # A component alone has nothing to patch.
    check(counts["different"] == 0 and counts["fails"] == 1 and counts["equal"] == 12,
          "every root builds the same from nothing but its inputs", (counts, it.failures))
    check(counts["opaque"] == 0, "no root is opaque", counts)
    counts = it.mutate(commit)
    check(counts["created"] == counts["touched"] > 20,
          "every input that is not there touches its root when it appears",
          (counts, it.failures))
    counts = it.incremental(commit, 30)
    check(counts["pushes"] == counts["equal"],
          "a state that went through 30 pushes says what a new one says",
          (counts, it.failures))
    it.close()
    scratch, pushes = make_pushes(it, commit)
    it.repository = oracle.Repository(scratch.path)
    sums = it.differ(commit, 0, sample=2, only=pushes)
    check(sums["found"] == sums["true"] >= 45 and not it.failures,
          "every root whose output differs after a push is affected", (sums, it.failures))
    # The rest changes what is read and not what comes out: a schema nobody uses, a chart's
    # description, a replacement of what has that value.
    check(sums["precise"] >= 0.8 * sums["judged"], "of those affected, most differ", sums)
    print("# %s" % sums)
    it.close()


def check_random(directory):
    """The cheaper questions about a random repository, and some edits of it."""
    seed = int(os.environ.get("ORACLE_SEED", random.randrange(1000000)))
    print("# ORACLE_SEED=%d" % seed)
    tree = os.path.join(directory, "random")
    chooser = random.Random(seed)
    layout = layouts.Layout(chooser, tree)
    for _ in range(int(os.environ.get("ORACLE_ROOTS", "4"))):
        layout.root(2)
    it = oracle.Oracle(commit_all(tree), directory, seed=seed)
    commit = it.repository.resolve("main")
    counts = it.replay(commit)
    check(counts["different"] == 0 and counts["equal"] > counts["fails"],
          "random roots build the same from nothing but their inputs", (counts, it.failures))
    counts = it.mutate(commit, limit=6)
    check(counts["created"] == counts["touched"], "what is absent touches random roots",
          (counts, it.failures))
    scratch = oracle.Scratch(it.repository, directory)
    files = [(path, it.repository.blob(blob)) for path, (mode, blob)
             in sorted(it.repository.tree(commit).items()) if mode == "100644"]
    edits = [{path: data.replace(b"one", b"two")} for path, data in files if b"one" in data]
    edits += [{path: None} for path, _ in files] + [{path: data + b"# x\n"} for path, data in files]
    refs = [scratch.commit(commit, edit) for edit in chooser.sample(edits, min(20, len(edits)))]
    scratch.flush()
    it.close()
    it.repository = oracle.Repository(scratch.path)
    sums = it.differ(commit, 0, sample=2, only=[(commit, scratch.resolve(ref)) for ref in refs])
    check(sums["found"] == sums["true"] and not it.failures,
          "random roots whose output differs after a push are affected", (sums, it.failures))
    print("# %s" % sums)
    it.close()


def main():
    try:
        oracle.prepare()
    except subprocess.CalledProcessError:
        print("1..0 # SKIP the renderers to compare with cannot be installed")
        return 0
    for question in (check_made, check_random):
        with tempfile.TemporaryDirectory(prefix="oracle.") as directory:
            question(directory)
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Layouts: charts, plain directories, jsonnet, plugins, ApplicationSets and Flux's objects."""

from layout import (COMMENT, EDIT, EXECUTABLE, Files, Generated, Helm, Jsonnet, Known, Layout, quiet,
                    rings)
from layouts_kustomize import config, encoded

CHART = {"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
         "app/values.yaml": "v: one\n",
         "app/templates/c.yaml": config("c", '"{{ .Values.v }}"')}


def chart(name, rows, files, pushes, helm="", judge=None, **more):
    source = "path: TOP/app" + (f", helm: {{{helm}}}" if helm else "")
    return Layout(name, rows, {**CHART, **files}, pushes, source=source, judge=judge or Helm(), **more)


def charts():
    yield chart("h-chart", "h.chart", {"app/crds/x.yaml": config("crd"), "app/README.md": "one\n"}, [
        rings("edit", {"app/values.yaml": EDIT}, "TOP/app/values.yaml"),
        rings("edit", {"app/crds/x.yaml": EDIT}, "TOP/app/crds/x.yaml"),
        rings("added", {"app/templates/d.yaml": config("d")}, "TOP/app/templates/d.yaml"),
        rings("gone", {"app/templates/c.yaml": None}),
        rings("rename", {"app/templates/c.yaml": None, "app/templates/z.yaml": config("other")}),
        rings("gone", {"app/Chart.yaml": None}),
        quiet("comment", {"app/values.yaml": COMMENT}),
        quiet("mode", {"app/values.yaml": EXECUTABLE}),
        quiet("unread", {"app/README.md": EDIT}),
        quiet("unread", {"app/values-prod.yaml": "v: prod\n"})])
    yield chart("h-values", "h.values h.values.absolute", {
        "app/prod.yaml": "v: one\n", "values/all.yaml": "w: one\n", "values/other.yaml": "w: one\n",
        "app/templates/w.yaml": config("w", '"{{ .Values.w }}"')}, [
            rings("edit", {"app/prod.yaml": EDIT}, "TOP/app/prod.yaml"),
            rings("edit", {"values/all.yaml": EDIT}, "TOP/values/all.yaml"),
            rings("gone", {"values/all.yaml": None}),
            quiet("unread", {"values/other.yaml": EDIT})],
        "valueFiles: [prod.yaml, /TOP/values/all.yaml]",
        Helm(values=("TOP/app/prod.yaml", "TOP/values/all.yaml")))
    yield chart("h-values-above", "h.values.above", {
        "values/all.yaml": "v: one\n"}, [rings("edit", {"values/all.yaml": EDIT})],
        "valueFiles: [../values/all.yaml]", Helm(values=("TOP/values/all.yaml",)))
    yield chart("h-values-missing", "h.values.missing", {}, [
        rings("absent appears", {"app/prod.yaml": "v: prod\n"}, "TOP/app/prod.yaml")],
        "valueFiles: [prod.yaml], ignoreMissingValueFiles: true",
        Helm(values=("TOP/app/prod.yaml",), missing=True))
    yield chart("h-values-glob", "h.values.glob", {
        "values/b.yaml": "v: one too\n", "values/c.txt": "v: one\n"}, [
            rings("edit", {"values/b.yaml": EDIT}),
            rings("absent appears", {"values/z.yaml": "v: z\n"}, "TOP/values/z.yaml"),
            rings("gone", {"values/b.yaml": None}),
            quiet("unread", {"values/c.txt": EDIT})],
        "valueFiles: ['/TOP/values/*.yaml']", Helm(values=("TOP/values/*.yaml",)))
    yield chart("h-values-glob-below", "h.values.glob", {
        "values/a/v.yaml": "v: one too\n", "far/v.yaml": "v: one far\n", "far/w.yaml": "v: far\n"}, [
            rings("edit", {"values/a/v.yaml": EDIT}),
            rings("link appears", {"values/z": "->../far"}, "TOP/values/z"),
            rings("absent appears", {"values/z/v.yaml": "v: z\n"}),
            quiet("link appears", {"values/a/z": "->../../far"}),
            quiet("unread", {"far/v.yaml": EDIT})],
        "valueFiles: ['/TOP/values/*/v.yaml']", Helm(values=("TOP/values/*/v.yaml",)))
    yield chart("h-values-glob-linked", "h.values.glob", {
        "values/z": "->../far", "far/v.yaml": "v: one too\n", "near/v.yaml": "v: one near\n"}, [
            rings("edit", {"far/v.yaml": EDIT}, "TOP/far/v.yaml"), rings("gone", {"values/z": None}),
            rings("link moves", {"values/z": "->../near"}, "TOP/values/z"),
            quiet("unread", {"near/v.yaml": EDIT})],
        "valueFiles: ['/TOP/values/*/v.yaml']", Helm(values=("TOP/values/*/v.yaml",)))
    yield Layout("h-ref", "h.values.ref", {
        **CHART, "values/prod.yaml": "v: one\n", "values/test.yaml": "v: one\n"}, [
            rings("edit", {"values/prod.yaml": EDIT}, "TOP/values/prod.yaml"),
            rings("gone", {"values/prod.yaml": None}),
            quiet("unread", {"values/test.yaml": EDIT})],
        source="sources: [{HERE, path: TOP/app, helm: {valueFiles: [$v/TOP/values/prod.yaml]}}, "
               "{HERE, ref: v}]", judge=Helm(values=("TOP/values/prod.yaml",)))
    yield chart("h-file-parameters", "h.parameters", {
        "files/x.txt": "one", "app/templates/x.yaml": config("x", "{{ .Values.x | quote }}")}, [
            rings("edit", {"files/x.txt": EDIT}, "TOP/files/x.txt")],
        "fileParameters: [{name: x, path: ../files/x.txt}]",
        Helm(arguments=("--set-file", "x=TOP/files/x.txt")))
    yield chart("h-ignore", "h.ignore", {
        "app/.helmignore": "templates/no-*\nnotes/\n", "app/templates/no-x.yaml": config("x"),
        "app/notes/x.txt": "one"}, [
            rings("edit", {"app/.helmignore": "notes/\n"}, "TOP/app/.helmignore"),
            quiet("unread", {"app/templates/no-x.yaml": EDIT}),
            quiet("unread", {"app/templates/no-y.yaml": config("y")}),
            quiet("unread", {"app/notes/x.txt": EDIT})])
    yield chart("h-ignore-appears", "h.ignore", {}, [
        rings("absent appears", {"app/.helmignore": "templates/*\n"}, "TOP/app/.helmignore")])
    yield chart("h-files", "h.files", {
        "app/data/x.txt": "one", "app/link.txt": "->../far/x.txt", "far/x.txt": "one",
        "far/y.txt": "one", "app/templates/f.yaml": config(
            "f", '{{ printf "%s%s" (.Files.Get "data/x.txt") (.Files.Get "link.txt") | quote }}')}, [
                rings("edit", {"app/data/x.txt": EDIT}, "TOP/app/data/x.txt"),
                rings("edit", {"far/x.txt": EDIT}, "TOP/far/x.txt"),
                rings("link moves", {"app/link.txt": "->../far/z.txt", "far/z.txt": "z"}),
                quiet("unread", {"far/y.txt": EDIT})])
    sub = {"app/charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n",
           "app/charts/s/values.yaml": "v: one\n", "app/charts/s/README.md": "one",
           "app/charts/s/templates/s.yaml": config("s", '"{{ .Values.v }}"')}
    yield chart("h-subchart", "h.subchart", sub, [
        rings("edit", {"app/charts/s/values.yaml": EDIT}), rings("gone", {p: None for p in sub}),
        quiet("unread", {"app/charts/s/README.md": EDIT})])
    yield chart("h-dependency", "h.dependency", {
        "app/Chart.yaml": CHART["app/Chart.yaml"]
        + "dependencies: [{name: s, version: 1.0.0, repository: 'file://../lib'}]\n",
        **{path.replace("app/charts/s", "lib"): text for path, text in sub.items()}}, [
            rings("edit", {"lib/values.yaml": EDIT}, "TOP/lib/values.yaml"),
            rings("edit", {"lib/templates/s.yaml": config("t")})])
    for name in ("utf-16-le", "utf-16-be"):
        yield chart(f"h-{name}", "h.encoding", {
            "app/Chart.yaml": encoded(
                CHART["app/Chart.yaml"]
                + "dependencies: [{name: s, version: 1.0.0, repository: 'file://../lib'}]\n", name),
            # Helm 4 takes no other values in UTF-16 than those: it looks for line ends first.
            "app/values.yaml": encoded("v: '{{ .Files.Get \"x.txt\" }}'\n", "utf-16-be"),
            "app/x.txt": "one",
            "app/templates/c.yaml": config("c", '"{{ tpl .Values.v . }}"'),
            **{path.replace("app/charts/s", "lib"): text for path, text in sub.items()}}, [
                rings("edit", {"lib/values.yaml": EDIT}, "TOP/lib/values.yaml"),
                rings("edit", {"app/x.txt": EDIT}, "TOP/app/x.txt")])
    yield chart("h-type", "h.type", {}, [
        rings("type", {"app/.argocd-source.yaml": "directory: {recurse: true}\n"})],
        judge=Known("Argo CD chooses"))
    yield Layout("h-type-appears", "h.type", {"app/templates/c.yaml": config("c"),
                                              "app/x.yaml": config("x")}, [
        rings("type", {"app/fooChart.yaml": "apiVersion: v2\n"}),
        rings("type", {"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: '1'\n"})],
        judge=Known("Argo CD chooses"))


def directories():
    plain = {"app/a.yaml": config("a"), "app/b.json": '{"kind": "one"}', "app/c.txt": "one",
             "app/sub/d.yml": config("d"), "app/.hidden/e.yaml": config("e")}
    yield Layout("d-flat", "d.flat", plain, [
        rings("edit", {"app/a.yaml": EDIT}, "TOP/app/a.yaml"), rings("edit", {"app/b.json": EDIT}),
        rings("added", {"app/z.yaml": config("z")}, "TOP/app/z.yaml"),
        rings("gone", {"app/a.yaml": None}, "TOP/app/a.yaml"),
        rings("rename", {"app/a.yaml": None, "app/a.txt": config("a")}),
        quiet("moved reference", {"app/a.yaml": None, "app/aa.yaml": config("a")}),
        rings("file to directory", {"app/a.yaml": None, "app/a.yaml/x.yaml": config("a")}),
        quiet("mode", {"app/a.yaml": EXECUTABLE}), quiet("comment", {"app/a.yaml": COMMENT}),
        quiet("unread", {"app/c.txt": EDIT}), quiet("unread", {"app/sub/d.yml": EDIT})],
        judge=Files(recurse=False))
    yield Layout("d-recurse", "d.recurse d.hidden", plain, [
        rings("edit", {"app/sub/d.yml": EDIT}, "TOP/app/sub/d.yml"),
        rings("hidden", {"app/.hidden/e.yaml": EDIT}, "TOP/app/.hidden/e.yaml"),
        rings("added", {"app/new/er/x.yaml": config("x")}),
        quiet("unread", {"app/c.txt": EDIT})],
        source="path: TOP/app, directory: {recurse: true}", judge=Files())
    yield Layout("d-include", "d.include", plain, [
        rings("edit", {"app/sub/d.yml": EDIT}), quiet("unread", {"app/a.yaml": EDIT}),
        rings("added", {"app/x.yml": config("x")}), quiet("unread", {"app/x.yaml": config("x")})],
        source="path: TOP/app, directory: {recurse: true, include: '*.yml'}",
        judge=Files(take=lambda path: path.endswith(".yml")))
    yield Layout("d-exclude", "d.exclude", plain, [
        rings("edit", {"app/a.yaml": EDIT}), quiet("unread", {"app/sub/d.yml": EDIT}),
        quiet("unread", {"app/sub/x.yaml": config("x")})],
        source="path: TOP/app, directory: {recurse: true, exclude: 'sub/*'}",
        judge=Files(take=lambda path: not path.startswith("sub/")))
    yield Layout("d-link", "d.link", {
        "app/a.yaml": "->../far/a.yaml", "far/a.yaml": config("a"), "far/b.yaml": config("b"),
        "app/dir": "->../far"}, [
            rings("edit", {"far/a.yaml": EDIT}), quiet("unread", {"far/b.yaml": EDIT}),
            rings("link moves", {"app/a.yaml": "->../far/b.yaml"})],
        source="path: TOP/app, directory: {recurse: true}", judge=Files())
    yield Layout("d-skip", "d.skip", {
        "app/a.yaml": "# +argocd:skip-file-rendering\n" + config("a"), "app/b.yaml": config("b")}, [
            rings("edit", {"app/a.yaml": config("a")})], source="path: TOP/app", judge=Files())
    yield Layout("d-absent", "d.absent", {"x": "one"}, [
        rings("absent appears", {"app/a.yaml": config("a")}), quiet("unread", {"x": EDIT})],
        judge=Files())
    yield Layout("d-override", "argo.override", {"app/a.yaml": config("a"),
                                                 "app/sub/b.yaml": config("b")}, [
        rings("override", {"app/.argocd-source-SELF.yaml": "directory: {recurse: true}\n"})],
        judge=Known("Argo CD merges it"))
    yield Layout("d-hydrator", "argo.hydrator", {"app/a.yaml": config("a"), "other/a.yaml": config("a")}, [
        rings("edit", {"app/a.yaml": EDIT}), quiet("unread", {"other/a.yaml": EDIT})],
        manifests="apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
                  "metadata: {name: SELF, namespace: argocd}\nspec: {sourceHydrator: {drySource: "
                  "{HERE, path: TOP/app}, syncSource: {targetBranch: env, path: TOP/out}}}\n",
        judge=Files())


def programs():
    yield Layout("j-imports", "j.import j.importstr", {
        "app/a.jsonnet": "{a: (import 'b.libsonnet') + {s: importstr '../x/s.txt'}}\n",
        "app/b.libsonnet": "{v: 'one'}\n", "x/s.txt": "one", "x/t.txt": "one",
        "app/c.libsonnet": "{v: 'one'}\n"}, [
            rings("edit", {"app/a.jsonnet": "{}\n"}, "TOP/app/a.jsonnet"),
            rings("edit", {"app/b.libsonnet": EDIT}, "TOP/app/b.libsonnet"),
            rings("edit", {"x/s.txt": EDIT}, "TOP/x/s.txt"), rings("gone", {"app/b.libsonnet": None}),
            quiet("unread", {"app/c.libsonnet": EDIT}), quiet("unread", {"x/t.txt": EDIT})],
        judge=Jsonnet())
    yield Layout("j-libs", "j.libs", {
        "app/a.jsonnet": "import 'l.libsonnet'\n", "one/l.libsonnet": "{v: 'one'}\n",
        "two/x": ""}, [
            rings("edit", {"one/l.libsonnet": EDIT}),
            rings("absent appears", {"two/l.libsonnet": "{v: 'nearer'}\n"}, "TOP/two/l.libsonnet"),
            rings("absent appears", {"app/l.libsonnet": "{v: 'nearest'}\n"}, "TOP/app/l.libsonnet")],
        source="path: TOP/app, directory: {jsonnet: {libs: [TOP/one, TOP/two]}}",
        judge=Jsonnet(("TOP/one", "TOP/two")))
    yield Layout("j-code", "j.code", {
        "app/a.jsonnet": "function(x) x\n", "app/t.libsonnet": "{v: 'one'}\n", "app/u.libsonnet": "one"}, [
            rings("edit", {"app/t.libsonnet": EDIT}), quiet("unread", {"app/u.libsonnet": EDIT})],
        source="path: TOP/app, directory: {jsonnet: {tlas: [{name: x, code: true, value: "
               "\"import 't.libsonnet'\"}]}}", judge=Jsonnet(code=("x=import 't.libsonnet'",)))
    yield Layout("p-plugin", "p.plugin", {"app/a": "one", "far/b": "one"}, [
        rings("edit", {"far/b": EDIT}), rings("mode", {"app/a": EXECUTABLE})],
        source="path: TOP/app, plugin: {name: x}", alone=True, judge=Known("a plugin may read all"))
    yield Layout("p-annotated", "p.annotation", {"app/a": "one", "lib/b": "one", "far/b": "one"}, [
        rings("edit", {"app/a": EDIT}), rings("edit", {"lib/b": EDIT}), rings("mode", {"app/a": EXECUTABLE}),
        quiet("unread", {"far/b": EDIT})], source="path: TOP/app, plugin: {name: x}", note=".;/TOP/lib",
        judge=Known("the annotation says so"))
    yield Layout("p-attributes", "git.attributes", {"app/a.yaml": config("a")}, [
        rings("gitattributes", {"/.gitattributes": "* text\n"})], alone=True,
        judge=Known("it changes what is checked out"))


def sets():
    text = ("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: SELF, "
            "namespace: argocd}\nspec:\n  generators:\n  - %s\n  template: {metadata: {name: x}}\n")

    def appset(name, rows, generator, files, pushes):
        return Layout(name, rows, files, pushes, manifests=text % generator,
                      judge=Known("which Applications there are"))
    git = "{repoURL: '{URL}', revision: main, %s}".replace(
        "{URL}", "https://git.example.com/oracle/repository")
    yield appset("s-directories", "s.directories s.exclude s.hidden",
                 "git: " + git % "directories: [{path: TOP/envs/*}, {path: TOP/envs/no, exclude: true}]",
                 {"envs/a/x.yaml": "one"}, [
                     rings("added", {"envs/b/x.yaml": "x"}), rings("gone", {"envs/a/x.yaml": None}),
                     quiet("edit inside", {"envs/a/x.yaml": EDIT}),
                     quiet("edit inside", {"envs/a/y.yaml": "y"}),
                     quiet("excluded", {"envs/no/x.yaml": "x"}),
                     rings("hidden", {"envs/.b/x.yaml": "x"}, same="a switch of Argo CD shows it"),
                     quiet("edit inside", {"envs/file.yaml": "x"})])
    yield appset("s-files", "s.files s.meaning",
                 "git: " + git % "files: [{path: TOP/envs/*/c.yaml}]", {
                     "envs/a/c.yaml": "v: one\n", "envs/a/d.yaml": "v: one\n"}, [
                         rings("edit", {"envs/a/c.yaml": EDIT}), rings("added", {"envs/b/c.yaml": "v: b"}),
                         rings("gone", {"envs/a/c.yaml": None}),
                         quiet("comment", {"envs/a/c.yaml": COMMENT}),
                         quiet("unread", {"envs/a/d.yaml": EDIT})])
    yield appset("s-matrix", "s.matrix", "matrix: {generators: [{list: {elements: [{a: b}]}}, {git: "
                 + git % "directories: [{path: TOP/envs/*}]" + "}]}", {"envs/a/x": "one"}, [
                     rings("added", {"envs/b/x": "x"}), quiet("edit inside", {"envs/a/x": EDIT})])


FLUX = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: SELF, namespace: flux-system}
spec: {url: 'https://git.example.com/oracle/repository', ref: {branch: BRANCH}%s}
---
"""
KUSTOMIZATION = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: SELF, namespace: flux-system}
spec: {path: ./TOP/app, sourceRef: {kind: GitRepository, name: SELF}%s}
"""
RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: SELF, namespace: flux-system}
spec:
  chart:
    spec: {chart: ./TOP/app, sourceRef: {kind: GitRepository, name: SELF}%s}
"""


def flux(name, rows, files, pushes, text, source="", judge=None, alone=False):
    repository = (FLUX % source).replace("BRANCH", name if alone else "main")
    return Layout(name, rows, files, pushes, manifests=repository + text, judge=judge, alone=alone)


def fluxes():
    yield flux("f-kustomization", "f.kustomization", {
        "app/kustomization.yaml": "resources: [../base]\n",
        "base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": config("a"),
        "app/beside.yaml": config("b")}, [
            rings("edit", {"base/a.yaml": EDIT}, "TOP/base/a.yaml",
                  ["../base", "TOP/app/kustomization.yaml"]),
            quiet("comment", {"base/a.yaml": COMMENT}), quiet("unread", {"app/beside.yaml": EDIT}),
            rings("gone", {"app/kustomization.yaml": None})], KUSTOMIZATION % "", judge=Generated())
    yield flux("f-generated", "f.generated", {
        "app/a.yaml": config("a"), "app/sub/b.yml": config("b"), "app/c.txt": "one",
        "app/root/kustomization.yaml": "resources: [d.yaml]\n", "app/root/d.yaml": config("d"),
        "app/root/unused.yaml": config("unused")}, [
            rings("edit", {"app/a.yaml": EDIT}), rings("edit", {"app/sub/b.yml": EDIT}),
            rings("edit", {"app/root/d.yaml": EDIT}), rings("added", {"app/sub/e.yaml": config("e")}),
            rings("gone", {"app/sub/b.yml": None}),
            rings("absent appears", {"app/kustomization.yaml": "resources: [a.yaml]\n"}),
            quiet("unread", {"app/c.txt": EDIT}), quiet("unread", {"app/root/unused.yaml": EDIT}),
            quiet("mode", {"app/a.yaml": EXECUTABLE})], KUSTOMIZATION % "", judge=Generated())
    yield flux("f-components", "f.components", {
        "app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": config("a"),
        "zone/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                                   "patches: [{path: p.yaml}]\n", "zone/p.yaml": config("a")}, [
            rings("edit", {"zone/p.yaml": EDIT})], KUSTOMIZATION % ", components: [../zone]",
        judge=Known("kustomize-controller adds it"))
    yield flux("f-ignore", "f.ignore", {"app/a.yaml": config("a"), "app/b.test.yaml": config("b")}, [
        rings("edit", {"app/a.yaml": EDIT}), quiet("unread", {"app/b.test.yaml": EDIT})],
        KUSTOMIZATION % "", ", ignore: '*.test.yaml'",
        Known("source-controller leaves it out"))
    yield flux("f-sourceignore", "f.sourceignore", {
        "/.sourceignore": "*.test.yaml\n", "app/a.yaml": config("a"), "app/b.test.yaml": config("b")}, [
            rings("edit", {"app/a.yaml": EDIT}), quiet("unread", {"app/b.test.yaml": EDIT}),
            rings("ignored", {"/.sourceignore": "*.spec.yaml\n"}),
            rings("absent appears", {"app/.sourceignore": "a.yaml\n"})], KUSTOMIZATION % "",
        judge=Known("source-controller leaves it out"), alone=True)
    yield flux("f-chart-version", "f.chart", CHART, [
        rings("edit", {"app/Chart.yaml": CHART["app/Chart.yaml"].replace("1.0.0", "1.0.1")}),
        quiet("same version", {"app/values.yaml": EDIT})], RELEASE % "",
        judge=Known("source-controller packs a new version only"))
    yield flux("f-chart-revision", "f.chart.revision", {**CHART, "far/x": "one"}, [
        rings("edit", {"app/values.yaml": EDIT}), rings("added", {"app/templates/d.yaml": config("d")}),
        rings("any push", {"far/x": EDIT})], RELEASE % ", reconcileStrategy: Revision", alone=True,
        judge=Known("each revision is packed anew"))
    yield flux("f-chart-values", "f.chart.values", {**CHART, "values/prod.yaml": "v: one\n"}, [
        rings("edit", {"values/prod.yaml": EDIT})],
        RELEASE % ", reconcileStrategy: Revision, valuesFiles: [./TOP/values/prod.yaml]", alone=True,
        judge=Known("source-controller merges them"))


def layouts():
    for group in (charts, directories, programs, sets, fluxes):
        yield from group()

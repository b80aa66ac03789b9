"""Layouts: every way in which a kustomization refers to a file."""

from layout import COMMENT, EDIT, EXECUTABLE, Known, Kubectl, Layout, quiet, rings

K = "app/kustomization.yaml"
OWN = ["TOP/app/kustomization.yaml"]
PLUGINS = Kubectl(plugins=True)


def config(name, value="one"):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{edit: {value}}}\n"


def patch(name, value="one"):
    return config(name).replace("edit: one", f"patch: {value}")


def builtin(kind, text):
    return f"apiVersion: builtin\nkind: {kind}\nmetadata: {{name: made}}\n{text}"


def encoded(text, name):
    """A text in another encoding, with its byte order mark, as a text."""
    return ("\ufeff" + text).encode(name).decode("utf-8", "surrogateescape")


def inline(field, text):
    return f"{field}:\n- |-\n" + "".join(f"  {line}\n" for line in text.splitlines())


def chart(home, name, values="v: one\n"):
    """A chart's files below home."""
    return {f"{home}/{name}/Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: '1.0'\n",
            f"{home}/{name}/values.yaml": values,
            f"{home}/{name}/templates/c.yaml": config(name, '"{{ .Values.v }}"')}


OPERATION = '[{"op": "add", "path": "/data/json", "value": "one"}]'
REPLACEMENT = """source: {kind: ConfigMap, name: a, fieldPath: data.edit}
targets:
- select: {kind: ConfigMap, name: a}
  fieldPaths: [data.one]
  options: {create: true}
"""
# A list of things, merged by the key that the schema says.
THING = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nlist: [{one: x, two: y}]\n"
THINGS = "bases: []\n" + inline("patchesStrategicMerge", THING.replace("two: y", "two: z"))
SCHEMA = """{"definitions": {"com.example.v1.Thing": {
"properties": {"list": {"type": "array", "x-kubernetes-patch-strategy": "merge",
"x-kubernetes-patch-merge-key": "one", "items": {"type": "object"}}},
"x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}]}}}
"""
A = {"app/a.yaml": config("a")}
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
BASE = {K: "resources: [../base]\n", "base/kustomization.yaml": "resources: [a.yaml]\n",
        "base/a.yaml": config("a"), "base/unused.yaml": config("b")}


def field(name, rows, text, file, content, after=EDIT, more=(), resources="a.yaml"):
    """A layout of one field that names one file below app/, or elsewhere if "/" is in it."""
    path = file if "/" in file else "app/" + file
    files = {**A, K: f"resources: [{resources}]\n{text}\n", path: content, **dict(more)}
    files["app/beside.txt"] = "one\n"
    return Layout(name, rows, files, [
        rings("edit", {path: after}, f"TOP/{path}", OWN),
        rings("gone", {path: None}, f"TOP/{path}"),
        quiet("unread", {"app/beside.txt": EDIT})])


def fields():
    yield field("k-crds", "k4", "crds: [crd.json]", "crd.json", '{"one": {}}', "[]")
    yield field("k-configurations", "k5", "configurations: [c.yaml]\nnamePrefix: x-", "c.yaml",
                "namePrefix: [{path: metadata/name, kind: ConfigMap}]\n",
                "namePrefix: [{path: data/edit}]\n")
    yield field("k-openapi", "k6", "openapi: {path: s.json}\n" + THINGS, "s.json", SCHEMA,
                more={"app/thing.yaml": THING}, resources="thing.yaml")
    yield field("k-patches", "k7", "patches: [{path: p.yaml}]", "p.yaml", patch("a"))
    yield field("k-json6902", "k8", "patchesJson6902: [{path: p.json, target: {version: v1, kind: "
                "ConfigMap, name: a}}]", "p.json", OPERATION)
    yield field("k-merge", "k9", "patchesStrategicMerge: [p.yaml]", "p.yaml", patch("a"))
    yield field("k-replacements", "k10", "replacements: [{path: r.yaml}]", "r.yaml", REPLACEMENT)
    yield field(
        "k-replacements-list", "k10", "replacements: [{path: ../x/r.yaml}]", "x/r.yaml",
        "- " + REPLACEMENT.replace("\n", "\n  ").rstrip() + "\n")
    for kind in ("configMap", "secret"):
        yield field(f"k-{kind.lower()}-files", "k11", kind + "Generator: [{name: g, files: [f.conf]}]",
                    "f.conf", "# one\n")
        yield field(f"k-{kind.lower()}-key", "k11.key",
                    kind + "Generator: [{name: g, files: [k=f.conf]}]", "f.conf", "one")
        yield field(f"k-{kind.lower()}-envs", "k12", kind + "Generator: [{name: g, envs: [e.env]}]",
                    "e.env", "A=one\n")
        yield field(f"k-{kind.lower()}-env", "k12.env", kind + "Generator: [{name: g, env: e.env}]",
                    "e.env", "A=one\n")
    yield field("k-values-file", "k14", "helmCharts: [{name: c, releaseName: r, valuesFile: v.yaml}]",
                "v.yaml", "v: one\n", more=chart("app/charts", "c", "v: none\n"))
    yield field("k-values-more", "k14.more", "helmCharts: [{name: c, releaseName: r, "
                "additionalValuesFiles: [v.yaml]}]", "v.yaml", "v: one\n",
                more=chart("app/charts", "c", "v: none\n"))
    yield field("k-inflation", "k16", "helmChartInflationGenerator: [{chartName: c, releaseName: r, "
                "chartHome: ../charts, values: v.yaml}]", "v.yaml", "v: one\n",
                more=chart("charts", "c", "v: none\n"))


def plugins():
    """Builtin plugins, in each of the ways in which they can be given; paths are of the root."""
    rows = (
        ("ConfigMapGenerator", "generators", "files: [x.txt]", "x.txt", "one"),
        ("ConfigMapGenerator", "generators", "envs: [x.env]", "x.env", "A=one\n"),
        ("ConfigMapGenerator", "generators", "env: x.env", "x.env", "A=one\n"),
        ("SecretGenerator", "generators", "files: [k=x.txt]", "x.txt", "one"),
        ("SecretGenerator", "generators", "envs: [x.env]", "x.env", "A=one\n"),
        ("SecretGenerator", "generators", "env: x.env", "x.env", "A=one\n"),
        ("PatchTransformer", "transformers", "path: p.yaml", "p.yaml", patch("a")),
        ("PatchJson6902Transformer", "transformers",
         "path: p.json\ntarget: {version: v1, kind: ConfigMap, name: a}", "p.json", OPERATION),
        ("PatchStrategicMergeTransformer", "transformers", "paths: [p.yaml]", "p.yaml", patch("a")),
        ("ReplacementTransformer", "transformers", "replacements: [{path: r.yaml}]", "r.yaml",
         REPLACEMENT),
        ("HelmChartInflationGenerator", "generators",
         "name: c\nreleaseName: r\nvaluesFile: v.yaml\nchartHome: charts", "v.yaml", "v: one\n"),
        ("HelmChartInflationGenerator", "generators",
         "name: c\nreleaseName: r\nadditionalValuesFiles: [v.yaml]", "v.yaml", "v: one\n"),
    )
    for number, (kind, list_name, text, file, content) in enumerate(rows):
        way = ("file", "inline", "directory")[number % 3]
        files = {**A, "app/" + file: content, "p/" + file: content}
        text = builtin(kind, text + "\n")
        files.update(chart("app/charts", "c", "v: none\n") if kind.startswith("Helm") else {})
        given = {"file": f"{list_name}: [../p/plugin.yaml]", "directory": f"{list_name}: [../p]",
                 "inline": inline(list_name, text)}[way]
        files[K] = f"resources: [a.yaml]\n{given}\n"
        files.update({} if way == "inline" else {"p/plugin.yaml": text})
        files.update({"p/kustomization.yaml": "resources: [plugin.yaml]\n"}
                     if way == "directory" else {})
        word = text.split(":")[-2].split()[-1] if kind.startswith("Helm") else text.splitlines()[3]
        word = word.split(":")[0].lower()
        old = "only older versions read it" if word == "env" else None
        yield Layout(f"k-13a-{number}-{kind.lower()}-{word}", f"k13.{way} k13a.{kind}", files, [
            rings("edit", {"app/" + file: EDIT}, f"TOP/app/{file}", same=old),
            rings("gone", {"app/" + file: None}, same=old),
            quiet("unread", {"p/" + file: EDIT})])
    validator = builtin("PatchJson6902Transformer", "path: p.json\n"
                        "target: {version: v1, kind: ConfigMap, name: other}\n")
    yield Layout("k-13-validators", "k13.validators", {
        **A, K: "resources: [a.yaml]\nvalidators: [v.yaml]\n", "app/p.json": OPERATION,
        "app/v.yaml": validator}, [
            rings("edit", {"app/v.yaml": validator.replace("other", "a")}, "TOP/app/v.yaml"),
            rings("gone", {"app/p.json": None}),
            rings("edit", {"app/p.json": EDIT}, "TOP/app/p.json", same="it patches nothing")])
    yield Layout("k-13b-exec", "k13b", {
        K: "generators: [program.yaml]\n", "app/near.txt": "one\n",
        "app/program.yaml": "apiVersion: example.com/v1\nkind: Program\nmetadata: {name: p}\n"
                            "argsFromFile: args.txt\nfiles: [../secrets/first.txt]\n",
        "app/args.txt": "one\n", "secrets/first.txt": "one\n", "secrets/second.txt": "one\n"},
        [rings("edit", {"app/near.txt": EDIT}, "TOP/app/near.txt"),
         rings("edit", {"secrets/first.txt": EDIT}, "TOP/secrets/first.txt"),
         rings("edit", {"app/args.txt": EDIT}, same="the program may read it"),
         rings("mode", {"app/args.txt": EXECUTABLE}, same="the program may run it"),
         quiet("unread", {"secrets/second.txt": EDIT})], judge=PLUGINS)
    yield Layout("k-13b-function", "k13b", {
        **A, K: "resources: [a.yaml]\ntransformers: [f.yaml]\n",
        "app/f.yaml": "apiVersion: example.com/v1\nkind: Function\nmetadata:\n  name: f\n  annotations:\n"
                      "    config.kubernetes.io/function: |\n      container:\n        image: example/f\n"
                      "        mounts:\n        - {type: bind, src: ./mounted, dst: /m}\n",
        "app/mounted/x.txt": "one\n", "other.txt": "one\n"},
        [rings("edit", {"app/mounted/x.txt": EDIT}), quiet("unread", {"other.txt": EDIT})],
        judge=Known("needs containers"))


def roots():
    yield Layout("k-resources", "k1.file k1.directory k1.above k1.absent", {
        K: "resources: [a.yaml, ../base, ../x/up.yaml, later.yaml]\n", **A,
        "base/kustomization.yaml": "resources: [b.yaml]\n", "base/b.yaml": config("b"),
        "x/up.yaml": config("up"), "app/beside.yaml": config("beside")}, [
            rings("edit", {"app/a.yaml": EDIT}, "TOP/app/a.yaml", OWN, same="it does not build"),
            rings("absent appears", {"app/later.yaml": config("later")}, "TOP/app/later.yaml", OWN),
            quiet("unread", {"app/beside.yaml": EDIT})])
    yield Layout("k-resources-builds", "k1.file k1.directory k1.above", {
        K: "resources: [a.yaml, ../base, ../x/up.yaml]\n", **A,
        "base/kustomization.yaml": "resources: [b.yaml]\n", "base/b.yaml": config("b"),
        "x/up.yaml": config("up"), "app/beside.yaml": config("beside")}, [
            rings("edit", {"app/a.yaml": EDIT}, "TOP/app/a.yaml", OWN),
            rings("edit", {"base/b.yaml": EDIT}, "TOP/base/b.yaml", ["../base"] + OWN),
            rings("edit", {"x/up.yaml": EDIT}, "TOP/x/up.yaml", OWN),
            rings("gone", {"base/b.yaml": None}),
            rings("rename", {"app/a.yaml": None, "app/z.yaml": config("a")}),
            quiet("comment", {"app/a.yaml": COMMENT}), quiet("comment", {K: COMMENT}),
            quiet("mode", {"app/a.yaml": EXECUTABLE}),
            rings("file to directory", {"app/a.yaml": None,
                                        "app/a.yaml/kustomization.yaml": "resources: [c.yaml]\n",
                                        "app/a.yaml/c.yaml": config("c")}),
            rings("file to link", {"app/a.yaml": "->../x/up.yaml"}),
            rings("directory to link", {"base/kustomization.yaml": None, "base/b.yaml": None,
                                        "base": "->app"}),
            rings("directory to file", {"base/kustomization.yaml": None, "base/b.yaml": None,
                                        "base": config("now-a-file")}),
            rings("yml beside yaml", {"app/kustomization.yml": "resources: [a.yaml]\n"}),
            rings("yml beside yaml", {"base/Kustomization": "resources: [b.yaml]\n"}),
            rings("gone", {K: None}),
            quiet("unread", {"app/beside.yaml": EDIT}),
            quiet("unread", {"base/sub/kustomization.yaml": "resources: [x.yaml]\n"})])
    yield Layout("k-resources-same", "k1.reference", {
        K: "resources: [a.yaml]\n", **A, "app/b.yaml": config("b"), "app/c.yaml": config("a")}, [
            rings("new reference", {K: "resources: [a.yaml, b.yaml]\n"}),
            quiet("moved reference", {K: "resources: [c.yaml]\n"}),
            quiet("moved reference", {"app/a.yaml": None, "app/z.yaml": config("a"),
                                      K: "resources: [z.yaml]\n"})])
    yield Layout("k-bases", "k2", {**BASE, K: "bases: [../base/]\n"}, [
        rings("edit", {"base/a.yaml": EDIT}, "TOP/base/a.yaml", ["../base/"] + OWN),
        quiet("unread", {"base/unused.yaml": EDIT})])
    yield Layout("k-components", "k3", {
        **A, K: "resources: [a.yaml]\ncomponents: [../zone]\n",
        "zone/kustomization.yaml": COMPONENT + "patches: [{path: p.yaml}]\n",
        "zone/p.yaml": patch("a"), "zone/q.yaml": patch("a")}, [
            rings("edit", {"zone/p.yaml": EDIT}, "TOP/zone/p.yaml", ["../zone"] + OWN),
            rings("edit", {"zone/kustomization.yaml": COMPONENT}),
            quiet("unread", {"zone/q.yaml": EDIT})])
    yield Layout("k-openapi-below", "k6.below", {
        K: "resources: [../base]\n", "base/s.json": SCHEMA, "base/a.yaml": config("a"),
        "base/kustomization.yaml": "resources: [thing.yaml]\nopenapi: {path: s.json}\n" + THINGS,
        "base/thing.yaml": THING}, [
            rings("edit", {"base/s.json": EDIT}, "TOP/base/s.json"),
            rings("gone", {"base/s.json": None})])
    yield Layout("k-patches-plain", "k7.plain", {
        **A, K: "resources: [a.yaml]\npatches: [p.yaml]\n", "app/p.yaml": patch("a")}, [
            rings("edit", {"app/p.yaml": EDIT}, "TOP/app/p.yaml", OWN)],
        judge=Known("only Kustomize 1 reads it"))
    yield Layout("k-merge-inline", "k9.inline", {
        **A, K: "resources: [a.yaml]\n" + inline("patchesStrategicMerge", patch("a")),
        "app/a": "one"}, [rings("edit", {K: EDIT}), quiet("unread", {"app/a": EDIT})])
    yield Layout("k-chart-home", "k15 k14.default", {
        K: "helmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: c, releaseName: r}]\n",
        **chart("charts", "c"), "charts/other/values.yaml": "one\n"}, [
            rings("edit", {"charts/c/values.yaml": EDIT}, "TOP/charts/c/values.yaml"),
            rings("edit", {"charts/c/templates/c.yaml": config("d")}),
            rings("gone", {"charts/c/values.yaml": None}),
            quiet("unread", {"charts/other/values.yaml": EDIT})])
    yield Layout("k-chart-version", "k15.version", {
        K: "helmCharts: [{name: c, releaseName: r, version: '1.0', repo: 'http://127.0.0.1:9/'}]\n",
        **chart("app/charts/c-1.0", "c")}, [
            rings("edit", {"app/charts/c-1.0/c/values.yaml": EDIT},
                  "TOP/app/charts/c-1.0/c/values.yaml"),
            rings("gone", {f"app/charts/c-1.0/c/{p}": None
                           for p in ("Chart.yaml", "values.yaml", "templates/c.yaml")})])
    yield Layout("k-chart-appears", "k15", {
        K: "helmCharts: [{name: c, releaseName: r}]\n"}, [
            rings("absent appears", chart("app/charts", "c"))])
    yield Layout("k-config-home", "k17", {
        **chart("app/charts", "c"), "app/home/registry.yaml": "one\n", "other/registry.yaml": "one\n",
        K: "helmGlobals: {configHome: home}\nhelmCharts: [{name: c, releaseName: r}]\n"}, [
            rings("edit", {"app/home/registry.yaml": EDIT}, same="helm may read it"),
            quiet("unread", {"other/registry.yaml": EDIT})])


def forms():
    for number, name in enumerate(("kustomization.yml", "Kustomization")):
        yield Layout(f"k-name-{number}", "k0.names", {
            "app/" + name: "resources: [a.yaml]\n", **A}, [
                rings("edit", {"app/a.yaml": EDIT}, "TOP/app/a.yaml", [f"TOP/app/{name}"]),
                rings("yml beside yaml", {K: "resources: [a.yaml]\n"})])
    yield Layout("k-keys", "k0.keys", {
        K: "Resources: [a.yaml]\nCONFIGMAPGENERATOR: [{Name: g, FILES: [f]}]\n", "app/f": "one", **A},
        [rings("edit", {"app/a.yaml": EDIT}), rings("edit", {"app/f": EDIT})])
    yield Layout("k-bytes", "k11", {
        K: "resources: [a.yaml]\nconfigMapGenerator: [{name: g, files: [f.yaml], envs: [e.yaml]}]\n",
        "app/f.yaml": "a: one\n", "app/e.yaml": "a=one\n", **A}, [
            rings("comment that counts", {"app/f.yaml": COMMENT}, "TOP/app/f.yaml"),
            quiet("comment", {"app/a.yaml": COMMENT})])
    yield Layout("k-anchors", "k0.anchors", {
        K: "resources: [a.yaml]\nconfigMapGenerator:\n- &g {name: g, files: [f]}\n"
           "- {<<: *g, name: h}\n", "app/f": "one", **A},
        [rings("edit", {"app/f": EDIT})])
    for name in ("utf-16-le", "utf-16-be"):
        yield Layout(f"k-{name}", "k0.encoding", {
            K: encoded("resources: [../base]\ngenerators: [g.yaml]\n", name),
            "app/g.yaml": encoded(builtin("ConfigMapGenerator", "files: [f]\n"), name),
            "app/f": "one", "base/kustomization.yaml": "resources: [a.yaml]\n",
            "base/a.yaml": config("a"), "base/b.yaml": "one"}, [
                rings("edit", {"base/a.yaml": EDIT}, "TOP/base/a.yaml"),
                rings("edit", {"app/f": EDIT}, "TOP/app/f"),
                quiet("comment", {"base/a.yaml": COMMENT}), quiet("unread", {"base/b.yaml": EDIT})])
    yield Layout("k-tags", "k0.tags", {
        K: "!!binary cmVzb3VyY2Vz:\n- !!binary YS55YW1s\nconfigMapGenerator:\n"
           "- &g {name: g, files: [f]}\n- {!!merge <<: *g, name: h}\n", "app/f": "one", **A},
        [rings("edit", {"app/a.yaml": EDIT}, "TOP/app/a.yaml"), rings("edit", {"app/f": EDIT})])
    yield Layout("k-documents", "k0.documents", {
        K: "resources: [a.yaml]\n---\nresources: [b.yaml]\n", "app/b.yaml": config("b"), **A},
        [rings("edit", {"app/a.yaml": EDIT}), quiet("unread", {"app/b.yaml": EDIT})])
    yield Layout("k-links", "k0.links", {
        K: "resources: [linked, file.yaml]\n", "app/linked": "->../deep/er/base",
        "app/file.yaml": "->../deep/file.yaml", "deep/file.yaml": config("f"),
        "deep/er/base/kustomization.yaml": "resources: [../c.yaml]\n", "deep/er/c.yaml": config("c"),
        "deep/other.yaml": config("other")}, [
            rings("edit", {"deep/er/c.yaml": EDIT}, "TOP/deep/er/c.yaml"),
            rings("edit", {"deep/file.yaml": EDIT}, "TOP/deep/file.yaml"),
            rings("link moves", {"app/file.yaml": "->../deep/other.yaml"}, "TOP/app/file.yaml"),
            rings("link to file", {"app/file.yaml": config("now-a-file")}),
            quiet("unread", {"deep/other.yaml": EDIT})])
    yield Layout("k-above", "k0.path", {
        K: "resources: [../../TOP/./x/../a.yaml]\n", "a.yaml": config("a"), "x/b.yaml": "one"}, [
            rings("edit", {"a.yaml": EDIT}, "TOP/a.yaml")])
    yield Layout("k-attributes", "git.attributes", {K: "resources: [a.yaml]\n", **A}, [
        rings("gitattributes", {"app/.gitattributes": "*.yaml text\n"}, same="what it does is not modelled")], alone=True)
    yield Layout("k-submodule", "git.submodule", {
        K: "resources: [module/base]\n", "app/module": "@" + "1" * 40, "other": "@" + "1" * 40}, [
            rings("submodule", {"app/module": "@" + "2" * 40}),
            quiet("unread", {"other": "@" + "2" * 40})], judge=Known("its content is not here"), alone=True)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 9\n"
    yield Layout("k-lfs", "git.lfs", {
        K: "resources: [a.yaml]\nconfigMapGenerator: [{name: g, files: [big]}]\n", **A,
        "app/big": pointer % ("1" * 64)}, [rings("edit", {"app/big": pointer % ("2" * 64)})])


def argocd():
    """What an Application adds to a kustomization."""
    yield Layout("k-argo-components", "k3.application", {
        **A, K: "resources: [a.yaml]\n", "zone/kustomization.yaml": COMPONENT
        + "patches: [{path: p.yaml}]\n", "zone/p.yaml": patch("a")}, [
            rings("edit", {"zone/p.yaml": EDIT}), rings("gone", {"zone/p.yaml": None})],
        source="path: TOP/app, kustomize: {components: [../zone]}",
        judge=Known("Argo CD edits the kustomization first"))
    yield Layout("k-argo-missing", "k3.missing", {**A, K: "resources: [a.yaml]\n"}, [
        rings("absent appears", {"zone/kustomization.yaml": COMPONENT})],
        source="path: TOP/app, kustomize: {components: [../zone], ignoreMissingComponents: true}",
        judge=Known("Argo CD edits the kustomization first"))
    yield Layout("k-argo-override", "argo.override", {**A, K: "resources: [a.yaml]\n"}, [
        rings("override", {"app/.argocd-source.yaml": "kustomize: {namePrefix: x-}\n"}),
        rings("override", {"app/.argocd-source-SELF.yaml": "kustomize: {namePrefix: x-}\n"}),
        rings("override", {"app/.argocd-source-argocd_SELF.yaml": "kustomize: {namePrefix: x-}\n"}),
        quiet("unread", {"app/.argocd-source-other.yaml": "kustomize: {namePrefix: x-}\n"})],
        judge=Known("Argo CD merges it"))
    yield Layout("k-argo-override-namespace", "argo.override.namespace", {
        **A, K: "resources: [a.yaml]\n"}, [
            rings("override", {"app/.argocd-source-team_SELF.yaml": "kustomize: {namePrefix: x-}\n"})],
        namespace="team", judge=Known("Argo CD merges it"))
    yield Layout("k-argo-revision", "argo.revision", {**A, K: "resources: [a.yaml]\n", "x": "one"}, [
        rings("edit", {"x": EDIT}, same="images hold the revision")],
        source="path: TOP/app, kustomize: {images: ['a=b:$ARGOCD_APP_REVISION']}", alone=True)
    yield Layout("k-argo-type", "argo.type", {"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: '1'\n",
                                              **A}, [
        rings("type", {K: "resources: [a.yaml]\n"}),
        rings("type", {"app/Kustomization": "resources: [a.yaml]\n"})], judge=Known("Argo CD chooses"))


def layouts():
    for group in (fields, plugins, roots, forms, argocd):
        yield from group()

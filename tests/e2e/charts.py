#!/usr/bin/env python3
"""Charts rewritten at random, most of the time to what renders the same.

Fields of Chart.yaml, values under others that replace them, comments, notes,
rules of .helmignore are changed; and things are done that look alike and
change the output, or make Helm fail.  After each push all charts are rendered
with helm: one whose output differs must be said to be affected.  How many of
the others are not rung for shows what the comparison of meanings is worth.
CHARTS_SEED chooses another sequence, CHARTS_PUSHES its length.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import oracle  # noqa: E402

CONFIG = """apiVersion: v1
kind: ConfigMap
metadata:
  name: %s
data:
  a: {{ .Values.a | toJson | quote }}
  b: {{ .Values.b | toJson | quote }}
  g: {{ .Values.global | toJson | quote }}
"""
LIBRARY = """{{- define "lib.name" -}}{{ .Chart.Name }}{{- end }}
{{- define "lib.all" -}}{{ .root.Values | toJson }}{{- end }}
{{- define "lib.first" -}}{{ $root := first . }}{{ $root.Release.Name }}{{- end }}
"""
CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n" \
      "metadata: {name: %s.example.com}\n"
LINES = ["chart: {{ .Chart.Name }}-{{ .Chart.Version }}", "app: {{ .Chart.AppVersion | quote }}",
         "about: {{ .Chart.Description | quote }}", "meta: {{ .Chart | toJson | quote }}",
         "home: {{ with .Chart }}{{ .Home | quote }}{{ end }}", "key: {{ index .Chart \"Icon\" }}",
         "tpl: {{ tpl (.Values.t | default \"\") . | quote }}",
         "file: {{ .Files.Get \"README.md\" | quote }}",
         "notes: {{ include (print $.Template.BasePath \"/NOTES.txt\") . | quote }}",
         "all: {{ include \"lib.all\" (dict \"root\" .) | quote }}",
         "first: {{ include \"lib.first\" (list . 1) }}",
         "sum: {{ include (print $.Template.BasePath \"/config.yaml\") . | sha256sum }}",
         "subs: {{ range $k, $v := .Subcharts }}{{ $v.Chart.Version }}{{ end }}",
         "kept: {{ .Chart.Annotations | toJson | quote }}", "who: {{ .Chart.Maintainers | quote }}"]
NOTES = ["Thank you for {{ .Release.Name }}.", "Call {{ .Values.a | quote }} {{ .Chart.Name }}",
         "{{ if .Values.b }}b{{ end }}", "plain", "{{- /* none */ -}}", "{{ required \"b\" .Values.b }}",
         "{{ fail \"no\" }}", "{{ .Values.a", "{{ define \"lib.name\" }}n{{ end }}"]
VALUES = ["one", 2, "2", None, {"x": 1}, {"x": None, "y": [1]}, ["l"], {}, True, "true", 1.5,
          "{{ .Chart.Description }}", "{{ toYaml .Chart.Keywords }}", "{{ .Release.Name }}"]


class Chart:
    def __init__(self, name, requires=()):
        self.meta = {"apiVersion": "v2", "name": name, "version": "1.0.0"}
        if requires:
            self.meta["dependencies"] = list(requires)
        self.values = {"a": "one", "b": {"x": 1, "y": 2}, "global": {"x": 1}}
        self.files = {"config.yaml": CONFIG % name, "lines.yaml": "", "_lib.tpl": LIBRARY}
        self.lines = []
        self.notes = NOTES[0]
        self.other = {"README.md": "one\n", "crds/one.yaml": CRD % name}
        self.ignore = None
        self.lock = None
        self.comments = {}


class Model:
    """Charts by their directories, value files beside them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0
        sub = {"name": "sub", "version": ">=0.1.0", "repository": "file://../web"}
        self.charts = {
            "web": Chart("web"),
            "pair": Chart("pair", [dict(sub, condition="sub.enabled"),
                                   {"name": "twin", "version": "*", "alias": "other"}]),
            "pair/charts/sub": Chart("sub"),
            "pair/charts/twin": Chart("twin"),
            "far": Chart("far", [{"name": "web", "version": "*", "repository": "file://../web"}]),
        }
        self.env = {"web/values-env.yaml": {"a": "env"},
                    "pair/values-env.yaml": {"sub": {"a": "env"}, "global": {"x": 2}, "b": 1},
                    "far/values-env.yaml": {"web": {"b": {"x": 3}}}}

    def name(self):
        self.count += 1
        return "n%d" % self.count

    def tree(self):
        tree = {path: dump(values) for path, values in self.env.items()}
        for directory, chart in self.charts.items():
            lines = "".join("  %s\n" % line for line in chart.lines)
            head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: lines}\ndata:\n"
            files = dict(chart.files, **{"lines.yaml": head + lines if lines else "{{/* none */}}"})
            for name, text in files.items():
                tree["%s/templates/%s" % (directory, name)] = chart.comments.get(name, "") + text
            if chart.notes is not None:
                tree[directory + "/templates/NOTES.txt"] = chart.notes + "\n"
            for name, text in chart.other.items():
                tree[directory + "/" + name] = text
            for name, text in ((".helmignore", chart.ignore), ("Chart.lock", chart.lock)):
                if text is not None:
                    tree[directory + "/" + name] = text
            tree[directory + "/Chart.yaml"] = dump(chart.meta)
            tree[directory + "/values.yaml"] = dump(chart.values)
        return tree

    def rewrite(self):
        while True:
            directory = self.random.choice(sorted(self.charts))
            way = self.random.choice(WAYS)
            if way(self, directory, self.charts[directory]):
                return "%s of %s" % (way.__name__, directory)


class Once(oracle.Helm):
    """Nothing in these charts is made up anew each time, so once is enough."""

    @staticmethod
    def build(directory, root, plugins=None):
        chart, _, values = root.partition("|")
        return oracle.Helm.template(directory, chart, values)


class Text(str):
    """Written as it is."""


def dump(value):
    return "".join("%s: %s\n" % (key, item if isinstance(item, Text) else json.dumps(item))
                   for key, item in value.items())


def good_field(model, directory, chart):
    word = model.name()
    field, value = model.random.choice([
        ("description", word), ("home", word), ("icon", word), ("keywords", [word]),
        ("sources", [word]), ("annotations", {"a": word}), ("appVersion", word),
        ("appVersion", Text("1.%d" % model.count)), ("maintainers", [{"name": word}]),
        ("deprecated", True), ("type", "application"), ("apiVersion", "v1"),
        ("apiVersion", "v2"), ("version", "1.0.%d" % model.count),
        ("version", Text("1.2.%d" % model.count)), ("version", "1.%d.0-rc1" % model.count)])
    chart.meta[field] = value
    return True


def field_forgotten(model, directory, chart):
    field = model.random.choice(["description", "home", "type", "keywords", "annotations",
                                 "maintainers", "kubeVersion", "appVersion", "Description"])
    return chart.meta.pop(field, None) is not None


def bad_field(model, directory, chart):
    if model.random.random() < 0.6:
        return False
    field, value = model.random.choice([
        ("description", ["a"]), ("maintainers", [None]), ("version", "one"), ("type", "library"),
        ("type", "other"), ("keywords", "a"), ("annotations", {"a": ["b"]}), ("version", ""),
        ("appVersion", {"a": 1}), ("kubeVersion", ">=99.0.0"), ("kubeVersion", ">=1.0.0"),
        ("deprecated", "yes"), ("sources", [1]), ("apiVersion", ""), ("annotations", {"a": 1}),
        ("Description", "another")])
    chart.meta[field] = value
    return True


def mended(model, directory, chart):
    for broken in model.charts.values():
        good = {"version": "1.0.0", "apiVersion": "v2", "name": broken.meta["name"]}
        if "dependencies" in broken.meta:
            good["dependencies"] = broken.meta["dependencies"]
        broken.meta = good
        broken.ignore = None
        broken.lock = None
        broken.notes = NOTES[0]
    return True


def other_order(model, directory, chart):
    for table in (chart.meta, chart.values):
        items = list(table.items())
        model.random.shuffle(items)
        table.clear()
        table.update(items)
    return True


def key_of(model, values):
    """A table of values and a key of it, at random."""
    while True:
        key = model.random.choice(["a", "b", "t", "global", "sub", "other", "web", "x", "y"])
        if not isinstance(values.get(key), dict) or model.random.random() < 0.3:
            return values, key
        values = values[key]


def default_value(model, directory, chart):
    table, key = key_of(model, chart.values)
    table[key] = model.random.choice(VALUES)
    return True


def env_value(model, directory, chart):
    values = model.env.get(directory + "/values-env.yaml")
    if values is None:
        return False
    table, key = key_of(model, values)
    table[key] = model.random.choice(VALUES)
    return True


def value_forgotten(model, directory, chart):
    values = model.random.choice([chart.values] + list(model.env.values()))
    table, key = key_of(model, values)
    return table.pop(key, None) is not None


def quotes(model, directory, chart):
    chart.values["a"] = model.random.choice([Text("yes"), "yes", Text("v1"), "v1", Text("'v1'")])
    return True


def merge_key(model, directory, chart):
    chart.values.pop("b", None)
    chart.values["b"] = model.random.choice([
        Text("{x: 1, <<: {x: 2, y: 3}}"), Text("{<<: {x: 2, y: 3}, x: 1}"),
        Text("{x: 1, y: 3}"), Text("!!str 12"), Text("12"), Text("{1: a, \"1\": b}")])
    return True


def comment(model, directory, chart):
    name = model.random.choice(sorted(chart.files))
    chart.comments[name] = model.random.choice([
        "", "{{/* %s */}}" % model.name(), "{{- /* %s */ -}}\n" % model.name(), "\n",
        "{{- /*\n %s }} */}}\n" % model.name(), "# %s\n" % model.name(), "{{ /* bad */ }}\n",
        "{{/* a */ }}", "x: {{/* b */ -}}\n\n"][:6 if model.random.random() < 0.9 else 9])
    return True


def line(model, directory, chart):
    if len(chart.lines) > 1 or model.random.random() < 0.4:
        return bool(chart.lines) and bool(chart.lines.pop(0))
    chart.lines.append(model.random.choice([text for text in LINES if text not in chart.lines]))
    return True


def notes(model, directory, chart):
    new = model.random.choice(NOTES[:5] if model.random.random() < 0.8 else NOTES)
    if model.random.random() < 0.5 and chart.notes is not None:
        new = chart.notes + " " + model.name()
    chart.notes = None if model.random.random() < 0.1 else new
    return True


def readme(model, directory, chart):
    chart.other[model.random.choice(["README.md", "docs/a.txt", "ci/values.yaml"])] = model.name()
    return True


def definition(model, directory, chart):
    chart.other["crds/one.yaml"] = model.random.choice(["", "# %s\n" % model.name()]) + CRD % \
        model.random.choice(["one", chart.meta["name"]])
    return True


def rules(model, directory, chart):
    chart.ignore = model.random.choice([
        None, "*.bak\n", "# %s\n" % model.name(), "docs/\n", "lines.yaml\n", "templates/lines*\n",
        "!*.yaml\n", "values.yaml\n", "/crds\n", "charts/twin\n", "NOTES.txt/\n", "a**\n"])
    return True


def lock(model, directory, chart):
    digest = '"sha256:%s"' % model.name()
    text = "dependencies: []\ndigest: %s\ngenerated: %s\n"
    chart.lock = model.random.choice([
        None, text % (digest, '"2024-01-0%dT10:00:00Z"' % model.random.randrange(1, 9)),
        text % (digest, '"2024-01-02T10:00:00.5+01:00"'), text % (digest, '"2024-13-02T10:00:00Z"'),
        text % ("[]", '"2024-01-02T10:00:00Z"'), text % (digest, "yesterday"), "# none\n"])
    return True


def schema(model, directory, chart):
    chart.other.pop("values.schema.json", None)
    kind = model.random.choice(["string", "object", None, None])
    if kind is not None:
        chart.other["values.schema.json"] = json.dumps(
            {"type": "object", "properties": {"a": {"type": kind}}})
    return True


def imports(model, directory, chart):
    for requires in chart.meta.get("dependencies", []):
        if requires.pop("import-values", None) is None:
            requires["import-values"] = [{"child": "b", "parent": "global"}]
        return True
    return False


def requires(model, directory, chart):
    for item in chart.meta.get("dependencies", [])[:1]:
        key, value = model.random.choice([
            ("repository", "file://../%s" % model.random.choice(["web", "none"])),
            ("condition", "sub.enabled"), ("condition", "global.x"), ("version", "*"),
            ("version", ">=9.0.0"), ("alias", model.random.choice(["one", "two"])), ("alias", "")])
        item[key] = value
        if key == "alias" and value == "":
            del item["alias"]
        return True
    return False


WAYS = [good_field, good_field, good_field, good_field, field_forgotten, bad_field, mended, mended,
        mended, mended, mended,
        other_order, default_value, default_value, default_value, env_value, env_value,
        value_forgotten, value_forgotten, quotes, merge_key, comment, comment, line, line, notes,
        notes, readme, definition, rules, lock, lock, schema, imports, requires]


def commit(path, tree, message):
    """Make the work tree hold exactly tree, and commit it."""
    for name in subprocess.check_output(("git", "-C", path, "ls-files"), text=True).split():
        os.unlink(os.path.join(path, name))
    for name, text in tree.items():
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        with open(os.path.join(path, name), "w", encoding="utf-8") as out:
            out.write(text)
    subprocess.check_call(("git", "-C", path, "add", "-A"))
    subprocess.check_call(("git", "-C", path, "-c", "user.name=t", "-c", "user.email=t@example.com",
                           "commit", "-q", "--allow-empty", "-m", message))


def main():
    seed = int(os.environ.get("CHARTS_SEED", "1"))
    pushes = int(os.environ.get("CHARTS_PUSHES", "15"))
    try:
        oracle.prepare()
    except subprocess.CalledProcessError:
        print("1..0 # SKIP the renderers to compare with cannot be installed")
        return 0
    with tempfile.TemporaryDirectory(prefix="charts.") as scratch:
        path = os.path.join(scratch, "repository")
        subprocess.check_call(("git", "init", "-q", "-b", "main", path))
        model = Model(seed)
        commit(path, model.tree(), "first")
        for _ in range(pushes):
            ways = [model.rewrite() for _ in range(model.random.choice((1, 1, 1, 2)))]
            commit(path, model.tree(), ", ".join(ways))
        judge = oracle.Oracle(path, scratch, renderer=Once)
        sums = judge.differ("main", pushes, sample=100)
        judge.close()
        if os.environ.get("ORACLE_VERBOSE"):
            subprocess.call(("git", "-C", path, "log", "--reverse", "--format=# %H %s"))
        for failure in judge.failures:
            print("#", failure)
            words = failure.split()
            if words[0] == "differ" and len(words) > 2:
                print("#   ", oracle.git(path, "log", "-1", "--format=%s", words[2]).decode())
                print(oracle.git(path, "diff", words[1], words[2]).decode().replace("\n", "\n# "))
        print("# seed %d: %r" % (seed, sums))
        print("1..2")
        print("%s 1 - every chart whose output differs is said to be affected"
              % ("not ok" if judge.failures else "ok"))
        precise = sums["precise"] * 2 > sums["judged"]
        print("%s 2 - half of those that are said to be do differ"
              % ("ok" if precise else "not ok"))
    return 0 if precise and not judge.failures else 1


if __name__ == "__main__":
    sys.exit(main())

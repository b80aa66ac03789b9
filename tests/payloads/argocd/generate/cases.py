#!/usr/bin/env python3
"""Pushes to directories of manifests, and whether Argo CD renders them to something else.

    cases.py COUNT SEED ARGOCD_TEST > ../directories.json

ARGOCD_TEST is a test binary of Argo CD's package reposerver/repository with
oracle_test.go of this directory in it, which calls Argo CD's own functions:

    git clone https://github.com/argoproj/argo-cd && cd argo-cd
    cp .../oracle_test.go reposerver/repository/
    go test -c -o ARGOCD_TEST ./reposerver/repository/
"""

import json
import os
import random
import subprocess
import sys
import tempfile

A = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
B = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n"
YAML = [
    A, B, A + "# comment\n", "# comment\n" + A, A + "---\n" + B, A + "---  # x\n" + B,
    A + "--- {kind: C}\n", A + "---\n{kind: C}\n", A + "...\n", A + "...\n" + B, "%YAML 1.1\n---\n" + A,
    A.replace("\n", "\r\n"), A.replace("\n", "\r"), "\ufeff" + A, "a: 1\n", "a: 2\n", "a: [\n",
    "kind: [\n", A + "---\na: 1\n", "a: 1\n---\n" + A, "", "# nothing\n", "---\n", "null\n", "null\n---\n" + B,
    "# +argocd:skip-file-rendering\n" + A, "\"k\\x69nd\": Pod\n", "!!binary a2luZA==: Pod\n",
    "!!binary \"a2luZA==\": Pod\napiVersion: v1\n", "{kind: A, a: 1}", "{\"kind\": \"A\", \"a\": 1}",
    "{\"kind\": \"A\", \"a\": 1,}", "{\"a\": 1}", "kind: List\nitems: []\n", "items: [{kind: A}]\n",
    "apiVersion: v1\nkind: List\nitems:\n- kind: A\n- kind: B\n", "- kind: A\n", "kind: A\nkind: B\n",
    "Kind: A\n", "kind: \"A\"\n", "kind: A\n", "kind: &a A\nb: *a\n", "kind: A\nb: yes\n", "kind: A\nb: 'yes'\n",
    "apiVersion: a\nkind: b\nmetadata: [\n",
]
JSON = ["{\"kind\": \"A\"}", "{ \"kind\": \"A\" }", "{\"kind\": \"B\"}", "{\"a\": 1}", "{\"a\": 2}", "{}", "",
        "{\"kind\": \"A\"}\n{\"kind\": \"B\"}", "[{\"kind\": \"A\"}]", "kind: A\n", "kind: A # x\n", "{\"kind\": \"A\",}",
        "{\"schemaVersion\": 2}", "{\"schemaVersion\": \"x\"}", "\ufeff{\"kind\": \"A\"}", "\ufeff{\"kind\": \"A\",}",
        "{\"k\\u0069nd\": \"A\"}"]
JSONNET = ["{kind: 'A'}", "{kind: 'A'} // x", "[{kind: 'A'}]", "import 'lib.libsonnet'", "import 'k.libsonnet'",
           "{kind: 'A', a: importstr 'x.txt'}", "import '../lib/k.libsonnet'", "{kind: std.extVar('v')}",
           "function(v={}) v + {kind: 'A'}", "{", "import 'a.yaml'", "local x = import 'none'; {kind: 'A'}",
           "{kind: 'A', text: |||\n  import 'k.libsonnet'\n|||}", "import 'sub/deep.libsonnet'", "import '/lib/k.libsonnet'"]
LIB = ["{kind: 'L'}", "{kind: 'L'} // x", "{kind: 'M'}", "import 'k.libsonnet'", "(import '../lib/k.libsonnet') + {a: 1}", "{"]
SOURCE = ["directory:\n  recurse: true\n", "directory:\n  recurse: null\n", "directory: null\n", "Directory:\n  recurse: true\n",
          "directory:\n  Recurse: true\n", "directory:\n  recurse: yes\n", "directory:\n  exclude: '*.json'\n", "a: 1\n", "",
          "directory:\n  jsonnet:\n    libs: [lib2]\n", "directory:\n  jsonnet:\n    libs: null\n", "path: other\n", "[",
          "directory:\n  include: ''\n", "directory: {disableExtensionFilter: true}\n"]
FILES = {
    "app/a.yaml": YAML, "app/b.yml": YAML, "app/z.yaml": YAML, "app/c.json": JSON, "app/d.jsonnet": JSONNET,
    "app/sub/e.yaml": YAML, "app/sub/f.jsonnet": JSONNET, "app/.hid/g.yaml": YAML, "app/x.txt": YAML,
    "app/lib.libsonnet": LIB, "lib/k.libsonnet": LIB, "lib2/k.libsonnet": LIB, "app/k.libsonnet": LIB,
    "app/sub/deep.libsonnet": LIB, "other/h.yaml": YAML, "other/i.jsonnet": JSONNET, "app/noext": YAML,
    "app/.argocd-source.yaml": SOURCE, "app/.argocd-source-SELF.yaml": SOURCE,
    "app/l.yaml": ["->../other/h.yaml", "->../other/i.jsonnet", "->sub", "->missing", "->../app/c.json", "->l.yaml", A],
    "app/m.jsonnet": ["->../other/i.jsonnet", "->../other/h.yaml", "->../lib/k.libsonnet", "->sub", "->../lib/none"],
    "app/lnk": ["->../other", "->../lib"], "lib": ["->lib2"], "elsewhere/o": ["->/etc/hosts", "->../../x", "->../lib", "text"],
    "app/n.jsonnet/x": ["1"], "app/o.yaml/p.yaml": YAML, "README.md": ["1", "2"],
}
PATTERNS = ["*.yaml", "*", "sub/*", "{*.yml,*.yaml}", "{a.yaml,sub/*}", "a*l", "*.y*ml", "[ab].yaml", "?.yaml", "{*ml,ml}",
            "{a,b}.yaml", "**/*.yaml", "sub/**/e.yaml", "[a", "{a.yaml", "*.txt", "*.jsonnet", ".hid/*", "x.txt", "{*.json,c.json}"]
CODE = ["{}", "import 'k.libsonnet'", "import 'lib.libsonnet'", "import '$x'", "importstr 'x.txt'"]


def directory(r):
    """A source's directory."""
    options = {"recurse": r.random() < 0.5}
    if r.random() < 0.2:
        options["include"] = r.choice(PATTERNS)
    if r.random() < 0.3:
        options["exclude"] = r.choice(PATTERNS)
    if r.random() < 0.15:
        options["disableExtensionFilter"] = True
    jsonnet = {}
    if r.random() < 0.5:
        jsonnet["libs"] = r.choice([["lib"], ["/lib"], ["lib", "lib2"], ["lib2", "lib"], ["none"], ["../x"]])
    if r.random() < 0.2:
        jsonnet[r.choice(["tlas", "extVars"])] = [{"name": "v", "value": r.choice(CODE), "code": r.random() < 0.8}]
    if jsonnet:
        options["jsonnet"] = jsonnet
    return options


def fits(files, path):
    """Is there no file in the place of a directory?"""
    return not any(other != path and (path.startswith(other + "/") or other.startswith(path + "/")) for other in files)


def case(r, number):
    before = {}
    while len(before) < r.randint(1, 5):
        path = r.choice(list(FILES))
        if fits(before, path):
            before[path] = r.choice(FILES[path])
    after = dict(before)
    for _ in range(r.choice([1, 1, 1, 2])):
        path = r.choice(list(before) + list(before) + list(FILES))
        if path in after and r.random() < 0.25 and len(after) > 1:
            del after[path]
        elif fits(after, path):
            after[path] = r.choice(FILES[path])
    return {"name": str(number), "before": before, "after": after, "directory": directory(r)}


def ask(binary, cases, side):
    """What Argo CD makes of one side of all cases."""
    with tempfile.TemporaryDirectory() as place:
        names = {"ORACLE_IN": os.path.join(place, "in"), "ORACLE_OUT": os.path.join(place, "out")}
        asked = [{"Name": c["name"], "Files": c[side], "Path": "app", "App": "SELF",
                  "Source": {"repoURL": "x", "path": "app", "directory": c["directory"]}} for c in cases]
        with open(names["ORACLE_IN"], "w", encoding="utf-8", errors="surrogatepass") as out:
            json.dump(asked, out)
        subprocess.run((binary, "-test.run", "TestOracle$"), env={**os.environ, **names}, cwd=place, check=True,
                       stdout=subprocess.DEVNULL)
        with open(names["ORACLE_OUT"], encoding="utf-8") as done:
            return json.load(done)


def main():
    r = random.Random(int(sys.argv[2]))
    cases = []
    while len(cases) < int(sys.argv[1]):
        made = case(r, len(cases))
        if made["before"] != made["after"]:
            cases.append(made)
    before, after = (ask(sys.argv[3], cases, side) for side in ("before", "after"))
    for made, one, other in zip(cases, before, after):
        made["differs"] = (one.get("error"), one.get("manifests")) != (other.get("error"), other.get("manifests"))
        made["change"] = {path: made["after"].get(path) for path in {**made["before"], **made["after"]}
                          if made["before"].get(path) != made["after"].get(path)}
        del made["after"], made["name"]
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")


main()

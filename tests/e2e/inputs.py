#!/usr/bin/env python3
"""doorbell explain --inputs and --lint, through a real reader (TAP)."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import DOORBELL, done, equal, ok, run  # pylint: disable=wrong-import-position

URL = "https://git.example/org/fleet.git"
NOTE = "argocd.argoproj.io/manifest-generate-paths"


def write(top, files):
    for path, text in files.items():
        full = os.path.join(top, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def git(repo, *words):
    who = ("-c", "user.name=t", "-c", "user.email=t@t")
    return run("git", "-C", repo, *who, *words).stdout.strip()


def application(name, path, paths=None, namespace="argocd"):
    notes = f", annotations: {{{NOTE}: '{paths}'}}" if paths is not None else ""
    return (f"---\napiVersion: argoproj.io/v1alpha1\nkind: Application\n"
            f"metadata: {{name: {name}, namespace: {namespace}{notes}}}\n"
            f"spec: {{source: {{repoURL: '{URL}', path: {path}, targetRevision: main}}}}\n")


def explain(repo, apps, *words):
    return run(DOORBELL, "explain", "--repo", repo, "--url", URL, "--apps", apps, *words,
               check=False)


def test_inputs(repo, apps):
    got = explain(repo, apps, "--inputs", "argocd/web", "--format", "json", "main")
    answer = json.loads(got.stdout)
    equal(got.returncode, 0, "--inputs ends well")
    equal(list(answer), ["repository", "revision", "ref", "application", "sources", "total",
                         "inputs", "elapsed_ms"], "its JSON has one shape")
    base = [i for i in answer["inputs"] if i["path"] == "base/deployment.yaml"]
    equal([(i["probe"], i["via"]) for i in base],
          [("file", ["../../base", "apps/web/kustomization.yaml"])],
          "an input has the chain by which it is read")
    equal(answer["revision"], git(repo, "rev-parse", "main"), "the revision is told")
    got = explain(repo, apps, "--inputs", "web", "HEAD~1..main")
    ok(got.returncode == 0 and "base/deployment.yaml" in got.stdout,
       "a name without its namespace and a range will do", got.stdout + got.stderr)
    got = explain(repo, apps, "--inputs", "web")
    ok(got.returncode == 0 and "inputs of argocd/web" in got.stdout, "HEAD is the default")
    got = explain(repo, apps, "--inputs", "twin")
    ok(got.returncode == 2 and "more than one" in got.stderr and
       "argocd/twin other/twin" in got.stderr, "a name of two is refused, with both", got.stderr)
    got = explain(repo, apps, "--inputs", "none", "--format", "json")
    equal((got.returncode, json.loads(got.stdout)["error"]["code"]), (2, "application"),
          "a name of none, too, as JSON")
    got = explain(repo, apps, "--inputs", "web", "--ref", "dev")
    ok(got.returncode == 2 and "no source that follows refs/heads/dev" in got.stderr,
       "an application that follows another ref has no inputs there", got.stderr)
    got = explain(repo, apps, "--inputs", "web", "HEAD~9")
    equal(got.returncode, 2, "a revision that is not there is an error")


def test_people(repo, top):
    """What is listed can be read."""
    path = os.path.join(top, "people.yaml")
    tools = "directory: {recurse: true, include: '{a,b}/**', exclude: '*.json'}, path"
    write(top, {"people.yaml": application("nowhere", "does/not/exist") +
                application("files", ".").replace("path", tools) +
                application("tool", "base").replace("path", "plugin: {name: p}, path")})
    for app, what in (("nowhere", "does/not/exist  (the path of the source: it is not there)"),
                      ("files", "[YAML, JSON, Jsonnet; include {a,b}/**; exclude *.json]"),
                      ("tool", "(all of it: a plugin is sent the whole repository)")):
        got = explain(repo, path, "--inputs", app)
        ok(what in got.stdout, f"{app}: {what}", got.stdout + got.stderr)
        lines = [line for line in got.stdout.split("\n") if line]
        equal(len(lines), len(set(lines)), f"{app}: nothing is said twice")
    write(repo, {"notes.md": "1\n"})
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "notes")
    got = explain(repo, path, "main~1..main")
    ok(" the whole repository: a plugin is sent the whole repository" in got.stdout,
       "the doubt stands in the chain", got.stdout)


def test_lint(repo, apps, top):
    got = explain(repo, apps, "--lint", "--format", "json")
    answer = json.loads(got.stdout)
    equal(got.returncode, 1, "--lint says 1 when an annotation misses an input")
    equal([(m["application"], m["path"]) for m in answer["missed"]],
          [("argocd/web", "base/deployment.yaml"), ("argocd/web", "base/kustomization.yaml")],
          "it names the application and the paths")
    equal(answer["missed"][0]["via"], ["../../base", "apps/web/kustomization.yaml"],
          "and the chain")
    got = explain(repo, apps, "--lint")
    ok("argocd/web  (.)" in got.stdout and "base/deployment.yaml" in got.stdout,
       "people read the annotation and the path", got.stdout)
    write(top, {"good.yaml": application("good", "apps/web", ".;../../base")})
    got = explain(repo, os.path.join(top, "good.yaml"), "--lint", "main")
    ok(got.returncode == 0 and "no annotation misses" in got.stdout, "a good annotation passes",
       got.stdout)
    for words in (("--lint", "--inputs", "web"), ("--lint", "--mode", "argocd"),
                  ("--lint", "a", "b")):
        equal(explain(repo, apps, *words).returncode, 64, f"{' '.join(words)} is refused")


def test_long(repo, apps):
    far = f"https://git.example/org/fleet//base?ref=main&x={'a' * 20000}"
    write(repo, {"apps/web/kustomization.yaml": f"resources: ['{far}']\n"})
    git(repo, "commit", "-q", "-a", "-m", "a long reference")
    write(repo, {"base/deployment.yaml": "kind: Deployment\nreplicas: 2\n"})
    git(repo, "commit", "-q", "-a", "-m", "the base")
    got = explain(repo, apps, "--format", "json", "main~1..main")
    names = [item["application"] for item in json.loads(got.stdout).get("affected", [])]
    ok("argocd/web" in names and "elapsed_ms" in got.stdout,
       "a reference of 20,000 bytes harms nobody", got.stdout[:300] + got.stderr)
    got = explain(repo, apps, "--inputs", "web")
    equal(got.returncode, 0, "neither where inputs are listed")


def main():
    with tempfile.TemporaryDirectory() as top:
        repo, apps = os.path.join(top, "fleet"), os.path.join(top, "apps")
        os.mkdir(repo)
        git(repo, "init", "-q", "-b", "main")
        git(repo, "commit", "-q", "--allow-empty", "-m", "start")
        write(repo, {"base/kustomization.yaml": "resources: [deployment.yaml]\n",
                     "base/deployment.yaml": "kind: Deployment\n",
                     "apps/web/kustomization.yaml": "resources: [../../base]\n"})
        git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", "files")
        write(apps, {"a.yaml": application("web", "apps/web", ".") +
                     application("twin", "base") + application("twin", "base", None, "other")})
        test_inputs(repo, apps)
        test_lint(repo, apps, top)
        test_people(repo, top)
        test_long(repo, apps)
    done()


main()

#!/usr/bin/env python3
"""doorbell explain on real repositories: what it finds, says and returns (TAP)."""
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
DOORBELL = os.path.join(BUILD, "doorbell")
URL = "https://git.example/org/fleet.git"
REPOSITORY = "git.example/org/fleet"
KEYS = ["repository", "before", "after", "changed_paths", "applications", "affected", "same",
        "elapsed_ms"]

checks = failures = 0


def ok(good, name, *notes):
    global checks, failures
    checks += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {checks} - {name}")
    if not good:
        for note in notes:
            print("#   " + str(note).replace("\n", "\n#   "))
    sys.stdout.flush()


def git(directory, *words):
    env = {"PATH": os.environ["PATH"], "HOME": directory, "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        env[f"GIT_{who}_NAME"] = "t"
        env[f"GIT_{who}_EMAIL"] = "t@t"
    done = subprocess.run(["git", "-C", directory, *words], env=env, check=True,
                          stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def write(directory, path, text):
    full = os.path.join(directory, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)


def commit(directory, message):
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "--allow-empty", "-m", message)
    return git(directory, "rev-parse", "HEAD")


def explain(*words, cwd=None, env=None):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(env or {})}
    return subprocess.run([DOORBELL, "explain", *words], cwd=cwd, env=environment, text=True,
                          encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)


def application(name, path, revision="main", url=URL, namespace="argocd"):
    return (f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n"
            f"  namespace: {namespace}\nspec:\n  source:\n    repoURL: {url}\n"
            f"    path: {path}\n    targetRevision: {revision}\n")


def fleet(top):
    """A repository with plain directories and a Kustomize overlay over a base."""
    repo = os.path.join(top, "fleet")
    os.mkdir(repo)
    git(repo, "init", "-q", "-b", "main")
    for i in range(40):
        write(repo, f"plain/{i}/config.yaml", f"kind: ConfigMap\ndata: {{i: '{i}'}}\n")
    write(repo, "apps/base/kustomization.yaml", "resources: [deployment.yaml]\n")
    write(repo, "apps/base/deployment.yaml", "kind: Deployment\nreplicas: 1\n")
    write(repo, "apps/overlays/prod/kustomization.yaml", "resources: [../../base]\n")
    write(repo, "apps/overlays/dev/kustomization.yaml", "resources: [local.yaml]\n")
    write(repo, "apps/overlays/dev/local.yaml", "kind: Deployment\n")
    write(repo, "README.md", "fleet\n")
    commits = [commit(repo, "start")]
    write(repo, "apps/base/deployment.yaml", "kind: Deployment\nreplicas: 2\n")
    commits.append(commit(repo, "scale"))
    write(repo, "README.md", "fleet of ships\n")
    write(repo, "docs/one.md", "1\n")
    write(repo, "docs/two.md", "2\n")
    commits.append(commit(repo, "docs"))
    os.remove(os.path.join(repo, "plain/7/config.yaml"))
    write(repo, "plain/8/new.yaml", "kind: Secret\n")
    commits.append(commit(repo, "remove and add"))
    commits.append(commit(repo, "nothing"))
    return repo, commits


def manifests(top):
    apps = os.path.join(top, "apps")
    for i in range(38):
        write(apps, f"plain-{i}.yaml", application(f"plain-{i}", f"plain/{i}"))
    write(apps, "web.yaml", application("web", "apps/overlays/prod") + "---\n" +
          application("web-dev", "apps/overlays/dev", "HEAD"))
    return apps


def as_json(done):
    """The one JSON object on standard output, or None."""
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None


def shape(answer):
    """What is wrong with an answer's shape, or None."""
    if not isinstance(answer, dict) or list(answer) != KEYS:
        return "keys"
    for item in answer["affected"] + answer["same"]:
        if list(item) != ["application", "source", "reasons"]:
            return "item"
        for reason in item["reasons"]:
            if list(reason) != ["path", "change", "probe", "via"]:
                return "reason"
            if reason["change"] not in ("added", "modified", "removed"):
                return "change"
            if reason["probe"] not in ("subtree", "file", "absent", "list", "glob", "always"):
                return "probe"
    if not isinstance(answer["elapsed_ms"], float):
        return "elapsed"
    return None


def names(answer):
    return [item["application"] for item in answer["affected"]]


def finds_what_changed(repo, commits, apps):
    rows = [
        ("a base that an overlay uses", 0, 1, ["argocd/web"], 1),
        ("files that nobody reads", 1, 2, [], 3),
        ("a removed and an added file", 2, 3, ["argocd/plain-7", "argocd/plain-8"], 2),
        ("an empty commit", 3, 4, [], 0),
        ("the same commit", 1, 1, [], 0),
        ("the other way round", 1, 0, ["argocd/web"], 1),
        ("all at once", 0, 4, ["argocd/plain-7", "argocd/plain-8", "argocd/web"], 6),
    ]
    for what, before, after, want, changed in rows:
        step = f"{commits[before]}..{commits[after]}"
        done = explain("--repo", repo, "--url", URL, "--apps", apps, "--format", "json", step)
        answer = as_json(done)
        ok(done.returncode == 0 and shape(answer) is None, f"{what}: JSON as promised",
           done.stdout, done.stderr, shape(answer))
        if answer is None:
            continue
        ok(sorted(names(answer)) == want and answer["changed_paths"] == changed and
           answer["applications"] == 40 and answer["repository"] == REPOSITORY and
           answer["before"] == commits[before] and answer["after"] == commits[after],
           f"{what}: {want}, {changed} changed", done.stdout)


def speaks_to_people(repo, commits, apps):
    step = f"{commits[0]}..{commits[1]}"
    done = explain("--repo", repo, "--url", URL, "--apps", apps, step)
    ok(done.stdout.startswith("1 of 40 applications\n") and "\nargocd/web\n" in done.stdout,
       "text begins with the count and names the application", done.stdout, done.stderr)
    ok("apps/base/deployment.yaml <- ../../base <- apps/overlays/prod/kustomization.yaml" in
       done.stdout and "(modified)" in done.stdout and
       done.stdout.isascii(), "the chain has an ASCII arrow where the locale is not UTF-8",
       done.stdout)
    done = explain("--repo", repo, "--url", URL, "--apps", apps, step, env={"LC_ALL": "C.UTF-8"})
    ok("apps/base/deployment.yaml \u2190 ../../base \u2190 " in done.stdout,
       "and a real one where it is", done.stdout)
    done = explain("--repo", repo, "--url", URL, "--apps", apps, f"{commits[1]}..{commits[2]}")
    ok(done.returncode == 0 and
       "3 changed paths, none is an input of an application that follows main" in done.stdout,
       "when nothing is affected it says why", done.stdout)
    done = explain("--repo", repo, "--url", URL, "--apps", apps, "--ref", "other", step)
    ok(done.returncode == 0 and "no application follows other" in done.stdout,
       "also when no application follows the ref", done.stdout)
    done = explain("--repo", repo, "--url", URL, "--apps", apps, "--ref", "other",
                   "--default-branch", "other", step)
    ok(done.returncode == 0 and done.stdout.startswith("0 of 40") and "changed path, none" in
       done.stdout, "HEAD is the default branch that was named", done.stdout)


def finds_the_repository(top, repo, commits, apps):
    step = f"{commits[0]}..{commits[1]}"
    git(repo, "remote", "add", "origin", "git@git.example:org/fleet.git")
    cases = [("a work tree", repo), ("a directory in it", os.path.join(repo, "apps", "base"))]
    bare = os.path.join(top, "bare.git")
    git(top, "clone", "-q", "--bare", repo, bare)
    git(bare, "config", "remote.origin.url", "ssh://git@git.example:22/org/fleet")
    cases.append(("a bare repository", bare))
    linked = os.path.join(top, "linked")
    git(repo, "worktree", "add", "-q", "-b", "side", linked)
    cases.append(("a linked work tree", linked))
    for what, where in cases:
        done = explain("--repo", where, "--apps", apps, "--ref", "main", "--format=json", step)
        ok(as_json(done) is not None and names(as_json(done)) == ["argocd/web"],
           f"{what} is opened, and its origin is its address", done.stdout, done.stderr)
    done = explain("--repo", "fleet", "--apps", "apps", "--format=json", "HEAD~4..HEAD~3", cwd=top)
    ok(names(as_json(done)) == ["argocd/web"], "paths may be relative, revisions too",
       done.stdout, done.stderr)
    borrowed = os.path.join(top, "borrowed")
    git(top, "clone", "-q", "--shared", repo, borrowed)
    done = explain("--repo", borrowed, "--url", URL, "--apps", apps, "--format=json", step)
    ok(as_json(done) is not None and names(as_json(done)) == ["argocd/web"],
       "a repository that borrows its objects is read", done.stdout, done.stderr)
    shallow = os.path.join(top, "shallow")
    git(top, "clone", "-q", "--depth", "1", f"file://{repo}", shallow)
    done = explain("--repo", shallow, "--url", URL, "--apps", apps, "HEAD~1..HEAD")
    ok(done.returncode == 2 and "hint: the clone is shallow" in done.stderr,
       "what a shallow clone lacks is told as such", done.stderr)
    git(repo, "remote", "set-url", "origin", "https://user:s3cret@git.example/org/fleet")
    done = explain("--repo", repo, "--apps", apps, "--format=json", step)
    ok("s3cret" not in done.stdout + done.stderr and names(as_json(done)) == ["argocd/web"],
       "a password in the origin is not shown", done.stdout)
    git(repo, "remote", "remove", "origin")
    done = explain("--repo", repo, "--apps", apps, "--format=json", step)
    answer = as_json(done)
    ok(done.returncode == 0 and answer["repository"] == "file://" + os.path.realpath(repo) and
       answer["affected"] == [] and REPOSITORY in done.stderr,
       "an address that no application has is told, with the nearest", done.stdout, done.stderr)


def reads_foreign_repositories(repo, commits, apps):
    if os.getuid() != 0:
        ok(True, "a repository of another user is read # SKIP needs root")
        return
    subprocess.run(["chown", "-R", "12345:12345", repo], check=True)
    done = explain("--repo", repo, "--url", URL, "--apps", apps, "--format=json",
                   f"{commits[0]}..{commits[1]}")
    ok(done.returncode == 0 and names(as_json(done)) == ["argocd/web"],
       "a repository of another user is read", done.stdout, done.stderr)
    subprocess.run(["chown", "-R", "0:0", repo], check=True)


def warns_in_moderation(top):
    repo = os.path.join(top, "warnings")
    os.mkdir(repo)
    git(repo, "init", "-q", "-b", "main")
    write(repo, "sets.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: "
          "{name: s}\nspec: {generators: [{list: {elements: []}}], template: {}}\n")
    write(repo, "bad.yaml", "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\n" * 30)
    commit(repo, "one")
    words = ("--repo", repo, "--url", URL, "--apps-from-repo", "main..main")
    done = explain(*words)
    ok(done.returncode == 0 and done.stderr.count("warning: ") == 12 and "and 20 more" in done.stderr,
       "people are told ten problems of thirty", done.stderr)
    ok("1 ApplicationSet makes are not in the repository" in done.stderr,
       "and that what an ApplicationSet makes is elsewhere", done.stderr)
    done = explain(*words, "--format", "json")
    ok(done.stderr.count("metadata.name is missing") == 30, "programs are told all", done.stderr)


def reads_applications_from_the_repository(top, commits_of):
    repo = os.path.join(top, "inside")
    os.mkdir(repo)
    git(repo, "init", "-q", "-b", "trunk")
    write(repo, "argo/a.yaml", application("a", "a", "HEAD") + "---\nkind: ConfigMap\n")
    write(repo, "argo/broken.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\n")
    write(repo, "a/x.yaml", "kind: 1\n")
    write(repo, "b/x.yaml", "kind: 1\n")
    before = commit(repo, "one")
    write(repo, "argo/b.json", json.dumps({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "b"},
        "spec": {"source": {"repoURL": URL, "path": "b", "targetRevision": "trunk"}}}))
    write(repo, "b/x.yaml", "kind: 2\n")
    after = commit(repo, "two")
    done = explain("--repo", repo, "--url", URL, "--apps-from-repo", "--format=json",
                   f"{before}..{after}")
    answer = as_json(done)
    ok(done.returncode == 0 and names(answer) == ["b"] and answer["applications"] == 2,
       "applications are read from the repository at AFTER", done.stdout, done.stderr)
    ok("argo/broken.yaml:1:1: metadata.name is missing" in done.stderr,
       "what is malformed there is told", done.stderr)
    done = explain("--repo", repo, "--url", URL, "--apps-from-repo", "--format=json",
                   f"{before}..{before}")
    ok(as_json(done)["applications"] == 1, "not those of another commit", done.stdout)
    git(repo, "checkout", "-q", "--detach")
    done = explain("--repo", repo, "--url", URL, "--apps-from-repo", f"{before}..{after}")
    ok(done.returncode == 2 and "--ref" in done.stderr, "a detached HEAD needs --ref",
       done.stderr)
    del commits_of


def knows_patches(top):
    """A patch of a kustomization is no application, in files and in a repository."""
    repo = os.path.join(top, "patches")
    os.mkdir(repo)
    git(repo, "init", "-q", "-b", "main")
    write(repo, "argo/base/web.yaml", application("web", "a", "HEAD"))
    write(repo, "argo/prod/p.yaml", application("any", "b", "HEAD"))
    write(repo, "argo/prod/Kustomization", "resources: [../base]\npatches: [{path: p.yaml}]\n")
    write(repo, "a/x.yaml", "kind: 1\n")
    write(repo, "b/x.yaml", "kind: 1\n")
    commit(repo, "one")
    for words in (("--apps", os.path.join(repo, "argo")), ("--apps-from-repo",)):
        done = explain("--repo", repo, "--url", URL, *words, "--format=json", "main..main")
        ok(done.returncode == 0 and as_json(done)["applications"] == 1 and
           done.stderr.count("warning: ") == 1 and
           "argo/prod/p.yaml:1:1: a patch of a kustomization" in done.stderr,
           f"a patch is no application: {words[0]}", done.stdout, done.stderr)


def fails_clearly(top, repo, commits, apps):
    good = f"{commits[0]}..{commits[1]}"
    base = ["--repo", repo, "--url", URL]
    empty = os.path.join(top, "empty")
    os.mkdir(empty)
    not_yaml = os.path.join(top, "not.yaml")
    write(top, "not.yaml", "a: [\n")
    rows = [
        ("no arguments", [], 64, "usage"),
        ("no range", base + ["--apps", apps], 64, "usage"),
        ("no applications", base + [good], 64, "usage"),
        ("both kinds of applications", base + ["--apps", apps, "--apps-from-repo", good], 64,
         "usage"),
        ("an unknown option", base + ["--apps", apps, "--nonsense", good], 64, "usage"),
        ("an option without its value", base + [good, "--apps"], 64, "usage"),
        ("an unknown mode", base + ["--apps", apps, "--mode", "best", good], 64, "usage"),
        ("two ranges", base + ["--apps", apps, good, good], 64, "usage"),
        ("one commit", base + ["--apps", apps, commits[0]], 64, "usage"),
        ("three dots", base + ["--apps", apps, "main...side"], 64, "range"),
        ("no repository there", ["--repo", "/nonexistent", "--apps", apps, good], 2,
         "repository"),
        ("a directory that is none", ["--repo", empty, "--apps", apps, good], 2, "repository"),
        ("an address that is none", ["--repo", repo, "--url", "https://", "--apps", apps, good],
         64, "url"),
        ("BEFORE missing", base + ["--apps", apps, f"{'1' * 40}..{commits[1]}"], 2, "revision"),
        ("AFTER missing", base + ["--apps", apps, f"{commits[0]}..nowhere"], 2, "revision"),
        ("a revision that is a file", base + ["--apps", apps, "HEAD:README.md..HEAD"], 2,
         "revision"),
        ("all zero", base + ["--apps", apps, f"{'0' * 40}..{commits[1]}"], 2, "revision"),
        ("a manifest that is not there", base + ["--apps", "/nonexistent.yaml", good], 2,
         "applications"),
    ]
    for what, words, status, code in rows:
        done = explain(*words, "--format", "json")
        answer = as_json(done)
        fine = (answer is not None and list(answer) == ["error"] and
                list(answer["error"]) == ["code", "message", "hint"])
        ok(done.returncode == status and fine and answer["error"]["code"] == code,
           f"{what}: exit {status}, code {code}", done.returncode, done.stdout, done.stderr)
        done = explain(*words)
        ok(done.returncode == status and done.stdout == "" and done.stderr != "",
           f"{what}: text goes to standard error", done.stdout, done.stderr)
    done = explain(*base, "--apps", not_yaml, apps, "--format=json", good)
    ok(done.returncode == 0 and names(as_json(done)) == ["argocd/web"] and "not.yaml" in done.stderr,
       "a manifest that is not YAML is told, the others count", done.stdout, done.stderr)
    done = explain("--help")
    ok(done.returncode == 0 and done.stdout.startswith("usage: doorbell explain"), "--help")


def modes(top):
    repo = os.path.join(top, "modes")
    os.mkdir(repo)
    git(repo, "init", "-q", "-b", "main")
    write(repo, "a/kustomization.yaml", "resources: [x.yaml]\n")
    write(repo, "a/x.yaml", "kind: 1\n")
    write(repo, "elsewhere/y.yaml", "kind: 1\n")
    before = commit(repo, "one")
    write(repo, "elsewhere/y.yaml", "kind: 2\n")
    after = commit(repo, "two")
    path = os.path.join(top, "annotated.yaml")
    text = application("a", "a").replace("metadata:\n", "metadata:\n  annotations:\n    "
                                         "argocd.argoproj.io/manifest-generate-paths: /elsewhere\n")
    write(top, "annotated.yaml", text)
    for mode, want in (("exact", []), ("union", ["argocd/a"]), ("argocd", ["argocd/a"])):
        done = explain("--repo", repo, "--url", URL, "--apps", path, "--mode", mode,
                       "--format=json", f"{before}..{after}")
        ok(done.returncode == 0 and names(as_json(done)) == want, f"mode {mode}: {want}",
           done.stdout, done.stderr)


def tells_why_any_push_counts(top):
    repo, apps = os.path.join(top, "modes"), os.path.join(top, "any.yaml")
    revision = "plugin: {name: p, env: [{name: R, value: $ARGOCD_APP_REVISION}]}\n    path"
    write(top, "any.yaml", application("a", "a") + "---\n" +
          application("b", "a").replace("path", revision))
    words = ("--repo", repo, "--url", URL, "--apps", apps)
    done = explain(*words, "--mode", "argocd", "main~1..main")
    ok("any change <- the whole repository: no manifest-generate-paths" in done.stdout,
       "an application without the annotation is rung by any push, for that reason", done.stdout)
    done = explain(*words, "--inputs", "b")
    ok("any change  (ARGOCD_APP_REVISION is used)" in done.stdout, "so is one that renders the id "
       "of its commit", done.stdout)


def tells_what_is_the_same(top):
    """Somebody will ask why an application was not rung."""
    repo = os.path.join(top, "same")
    os.mkdir(repo)
    git(repo, "init", "-q", "-b", "main")
    map_text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 'ONE'}\n"
    write(repo, "base/kustomization.yaml", "resources: [map.yaml]\n")
    write(repo, "base/map.yaml", map_text)
    write(repo, "over/kustomization.yaml", "resources: [../base]\n")
    write(repo, "chart/Chart.yaml", "apiVersion: v1\nname: c\nversion: 1.0.0\n")
    write(repo, "chart/templates/map.yaml", map_text)
    write(repo, "plain/map.yaml", map_text)
    commit(repo, "one")
    write(repo, "base/map.yaml", "# a word\n" + map_text)
    write(repo, "chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")
    write(repo, "plain/map.yaml", map_text.replace("ONE", "TWO"))
    write(repo, "plain/README.md", "plain\n")
    commit(repo, "two")
    write(repo, "plain/map.yaml", "# TWO\n" + map_text.replace("ONE", "TWO"))
    commit(repo, "three")
    apps = os.path.join(top, "same.yaml")
    write(top, "same.yaml", "---\n".join(application(name, name) for name in
                                         ("base", "chart", "over", "plain")))
    words = ("--repo", repo, "--url", URL, "--apps", apps)
    done = explain(*words, "--format=json", "main~2..main~1")
    answer = as_json(done)
    ok(shape(answer) is None and names(answer) == ["argocd/plain"],
       "what is rendered to the same is not affected", done.stdout, done.stderr)
    told = {item["application"]: [(reason["path"], reason["via"]) for reason in item["reasons"]]
            for item in answer["same"]}
    ok(told == {"argocd/base": [("base/map.yaml", ["base/kustomization.yaml"])],
                "argocd/chart": [("chart/Chart.yaml", [])],
                "argocd/over": [("base/map.yaml", ["../base", "over/kustomization.yaml"])]},
       "but told, with the path and the chain", done.stdout)
    done = explain(*words, "main~2..main~1")
    ok(done.stdout.index("\nargocd/plain\n") <
       done.stdout.index("\n3 not rung: what changed of its inputs is rendered to the same\n") <
       done.stdout.index("\nargocd/over\n    base/map.yaml <- ../base <- "),
       "people read it behind what is affected", done.stdout)
    done = explain(*words, "main~1..main")
    ok("1 changed path, none changes what is rendered" in done.stdout and
       "\n1 not rung: " in done.stdout, "also when nothing is affected", done.stdout)


def strange_names(top):
    repo = os.path.join(top, "strange")
    os.mkdir(repo)
    git(repo, "init", "-q", "-b", "main")
    write(repo, "a/x.yaml", "kind: 1\n")
    before = commit(repo, "one")
    write(repo, "a/\x1b[31mred\n\u202e\x9bline.yaml", "kind: 1\n")
    with open(os.path.join(os.fsencode(repo), b"a", b"\xff.yaml"), "w", encoding="utf-8") as file:
        file.write("kind: 1\n")
    after = commit(repo, "two")
    apps = os.path.join(top, "one.yaml")
    write(top, "one.yaml", application("a", "a"))
    done = explain("--repo", repo, "--url", URL, "--apps", apps, f"{before}..{after}")
    ok(done.returncode == 0 and not set("\x1b\u202e\x9b") & set(done.stdout)
       and "[31mred" in done.stdout,
       "a path cannot steer the terminal", repr(done.stdout))
    done = explain("--repo", repo, "--url", URL, "--apps", apps, f"{before}..{after}",
                   "--format=json")
    ok(as_json(done) is not None and "\ufffd" in done.stdout,
       "a path that is not UTF-8 is still JSON", done.stdout)


def deep_chain(top):
    """A base of a base of a base ... in bounded memory; the bottom counts."""
    repo, deep = os.path.join(top, "deep"), 10000
    os.mkdir(repo)
    git(repo, "init", "-q", "-b", "main")
    stream = [commit_head := "commit refs/heads/main\ncommitter t <t@t> 0 +0000\ndata 0\n"]
    for i in range(deep):
        text = f"resources: [{'a.yaml' if i == deep - 1 else f'../d{i + 1}'}]\n"
        stream.append(f"M 100644 inline d{i}/kustomization.yaml\ndata {len(text)}\n{text}\n")
    for text in ("a: 1\n", "a: 2\n"):
        stream.append((commit_head if text == "a: 2\n" else "") +
                      f"M 100644 inline d{deep - 1}/a.yaml\ndata {len(text)}\n{text}\n")
    subprocess.run(["git", "-C", repo, "fast-import", "--quiet"], input="".join(stream), text=True,
                   check=True)
    # 60 links are told in full; of more the middle is left out, never an end.
    starts = {"deep": 0, "sixty": deep - 61, "sixty-one": deep - 62}
    write(top, "deep.yaml", "---\n".join(application(n, f"d{i}") for n, i in starts.items()))
    done = explain("--repo", repo, "--url", URL, "--apps", os.path.join(top, "deep.yaml"),
                   "--format", "json", "main~1..main")
    answer = as_json(done) or {}
    ok(done.returncode == 0 and names(answer) == [f"argocd/{n}" for n in starts] and
       answer["affected"][0]["reasons"][0]["path"] == f"d{deep - 1}/a.yaml",
       f"the bottom of {deep} bases is an input of the top", done.stdout[:300], done.stderr)
    for name, item in zip(starts, answer.get("affected", [])):
        want = [f"../d{i}" for i in range(deep - 1, starts[name], -1)]
        want = want[:30] + ["..."] + want[-30:] if len(want) > 60 else want
        via = item["reasons"][0]["via"]
        ok(via == want + [f"d{starts[name]}/kustomization.yaml"],
           f"{name}: the chain has both its ends", via)
    done = explain("--repo", repo, "--url", URL, "--apps", os.path.join(top, "deep.yaml"),
                   "--format", "json", "--inputs", "deep")
    told = [i["via"] for i in (as_json(done) or {}).get("inputs", [])
            if i["path"] == f"d{deep - 1}/a.yaml"]
    ok(len(told) == 1 and told[0][0] == f"../d{deep - 1}" and "..." in told[0] and
       told[0][-1] == "d0/kustomization.yaml", "so it has where inputs are told", told, done.stderr)


def main():
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="doorbell-explain-") as top:
        repo, commits = fleet(top)
        apps = manifests(top)
        finds_what_changed(repo, commits, apps)
        speaks_to_people(repo, commits, apps)
        finds_the_repository(top, repo, commits, apps)
        reads_foreign_repositories(repo, commits, apps)
        reads_applications_from_the_repository(top, commits)
        warns_in_moderation(top)
        knows_patches(top)
        fails_clearly(top, repo, commits, apps)
        modes(top)
        tells_why_any_push_counts(top)
        tells_what_is_the_same(top)
        strange_names(top)
        deep_chain(top)
    print(f"# {time.monotonic() - started:.1f} s")
    print(f"1..{checks}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

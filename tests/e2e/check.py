#!/usr/bin/env python3
"""doorbell check: what it says and returns (TAP)."""
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
DOORBELL = os.path.join(BUILD, "doorbell")

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


def run(*words, **environment):
    bare = {name: os.environ.get(name, "") for name in ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS")}
    done = subprocess.run([DOORBELL, *words], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, env={**bare, **environment})
    return done.returncode, done.stdout, done.stderr


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def refuses_what_cannot_work():
    """Each of these is refused, at its line; of another machine's configuration it is a warning."""
    for name, content in (("short", "topsecret\n"), ("lines", "one line of a secret\nanother\n"),
                          ("mark", "\ufeffa secret that is long\n")):
        write(name, content)
    os.makedirs("plain")
    for name, option in (("wide.git", "--object-format=sha256"), ("partial.git", "--quiet"), ("borrows.git", "--quiet")):
        subprocess.run(["git", "init", "--quiet", "--bare", option, name], check=True)
    for key, value in (("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "origin")):
        subprocess.run(["git", "-C", "partial.git", "config", key, value], check=True)
    write("borrows.git/objects/info/alternates", "/nowhere/objects\n")
    never = "its pushes can never be read"
    whole = {"sources": "sources: [{name: hub, provider: github, secretFiles: [secret]}]",
             "repositories": "repositories: []", "applications": "applications: [{directory: apps}]",
             "targets": "targets: [{name: cd, exec: {command: /bin/true}}]"}
    hub = "sources: [{name: hub, provider: github, %s}]"
    for key, line, what, environment in (
            ("sources", hub % "secretFiles: [short]", "less than 16 characters", {}),
            ("sources", hub % "secretFiles: [lines]", "several lines", {}),
            ("sources", hub % "secretFiles: [mark]", "byte order mark", {}),
            ("sources", hub % "secrets: [topsecret]", "less than 16 characters", {}),
            ("repositories", "repositories: [{url: 'https://localhost/b', path: plain}]", "no Git repository", {}),
            *(("repositories", f"repositories: [{{url: 'https://localhost/b', path: {name}}}]", never, {})
              for name in ("wide.git", "partial.git", "borrows.git")),
            ("repositories", "repositories: [{url: 'https://nowhere.invalid/b'}]", "host 'nowhere.invalid'", {}),
            ("repositories", "repositories: [{url: 'https://a/b', fetchUrl: 'http://u@nowhere.invalid:1/b'}]",
             "host 'nowhere.invalid'", {}),
            ("repositories", "repositories: [{url: 'https://localhost/b'}]", "program 'git'", {"PATH": "/nowhere"}),
            ("targets", "targets: [{name: cd, exec: {command: /bin/nowhere}}]", "cannot be run", {}),
            ("targets", "targets: [{name: cd, argocd: {url: 'https://nowhere.invalid', tokenFile: token}}]",
             "host 'nowhere.invalid'", {})):
        path = write("odd.yaml", "\n".join({**whole, key: line}.values()) + "\n")
        code, out, err = run("check", "--config", path, **environment)
        ok(code == 78 and what in out.splitlines()[0] and "topsecret" not in out, f"{line} is refused: {what}", code, out)
        ok(out.startswith(f"odd.yaml:{list(whole).index(key) + 1}:"), "... at its line", out)
        code, out, err = run("check", "--config-only", "--config", path, **environment)
        ok(code == 0 and out.endswith("OK\n") and ("host" in what or what == never or f"warning: odd.yaml:{list(whole).index(key) + 1}" in out),
           "... and a warning for --config-only", code, out)
    path = write("odd.yaml", "\n".join({**whole, "repositories": "repositories: [{url: '../b', path: .}]"}.values()))
    ok(run("check", "--config", path)[0] == 78, "an address that is none is refused")


def tells_what_is_read():
    """How many applications each place has, and those that no push can ring."""
    os.makedirs("two")
    app = ("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: %s}\n"
           "spec: {source: {repoURL: 'https://localhost/%s', path: a}}\n")
    write("two/a.yaml", app % ("web", "gitops") + "---\n" + app % ("api", "gitopps"))
    path = write("told.yaml",
                 "sources: [{name: hub, provider: github, secretFiles: [secret]}]\n"
                 "repositories: [{url: 'https://localhost/gitops'}]\n"
                 "applications: [{directory: two}]\ntargets: [{name: cd, exec: {command: /bin/true}}]\n")
    code, out, err = run("check", "--config", path)
    ok(code == 0 and f"\n2 applications of {os.path.realpath('.')}/two\n" in out, "each place tells its applications", out)
    ok("1 repository: https://localhost/gitops (fetched)\n" in out, "and repositories are told", out)
    lines = [line for line in out.splitlines() if line.startswith("warning: ")]
    ok(len(lines) == 1 and "'api' is made from 'localhost/gitopps', which is not among the repositories" in lines[0] and
       "did you mean 'https://localhost/gitops'?" in lines[0], "a source that is not configured is named", out)
    document = json.loads(run("check", "--config", path, "--format", "json")[1])
    ok(f"2 applications of {os.path.realpath('.')}/two" in document["summary"], "also in JSON", document)


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        write("secret", "It's a Secret to Everybody\n")
        write("token", "t\n")
        os.mkdir("apps")
        good = write("good.yaml",
                     "sources: [{name: hub, provider: github, secretFiles: [secret]}]\n"
                     "applications: [{directory: apps}]\n"
                     "targets:\n- {name: cd, argocd: {url: 'https://localhost', tokenFile: token}}\n")
        bad = write("bad.yaml", "quietWndow: 1s\nsources: [{name: a, provider: githb}]\n")

        code, out, err = run("check", "--config", good)
        said = ("2 addresses to listen at: 127.0.0.1:9780, 127.0.0.1:9781 (status)\n"
                "1 source: hub (github)\n0 repositories\n"
                f"0 applications of {os.path.realpath('.')}/apps\n1 target: cd (argocd)\nOK\n")
        ok((code, out, err) == (0, said, ""), "a good configuration is OK, and what it says is told", code, out, err)
        code, out, err = run("check", DOORBELL_CONFIG=good)
        ok((code, out) == (0, said), "the file may be named by a variable", code, out)
        lost = write("lost.yaml",
                     "sources: [{name: hub, provider: github, secretFiles: [secret]}]\n"
                     "repositories: [{url: 'https://a.example/b', path: /nowhere/b.git}]\n"
                     "applications: [{directory: nowhere}]\n"
                     "targets:\n- {name: cd, argocd: {url: 'https://localhost', tokenFile: token}}\n")
        code, out, err = run("check", "--config", lost)
        ok(code == 78 and out.startswith("lost.yaml:2:51: 'path' is '/nowhere/b.git': No such file or directory: "),
           "a repository that is not there is refused", code, out, err)
        code, out, err = run("check", "--config-only", "--config", lost)
        ok((code, out.split("2 addr")[0]) == (0, "warning: lost.yaml:2:51: 'path' is '/nowhere/b.git': No such file or directory: "
                              "its pushes cannot be read until that is mended\n"
                              f"warning: lost.yaml:3:28: 'directory' is '{os.path.realpath('.')}/nowhere': No such file "
                              "or directory: no application is read until that is mended\n"),
           "what is named and not there is a warning for --config-only", code, out, err)
        refuses_what_cannot_work()
        tells_what_is_read()
        if not os.path.exists("/etc/doorbell/doorbell.yaml"):
            code, out, err = run("check")
            ok(code == 78 and out.startswith("/etc/doorbell/doorbell.yaml: there is none: write it"),
               "without a configuration the one that is missing is named", code, out, err)
        code, out, err = run("check", "--config", bad)
        lines = [line for line in out.splitlines() if not line.startswith("warning: ")]
        ok(code == 78, "a bad one is 78", code)
        ok(lines == ["bad.yaml:1:1: unknown key 'quietWndow': did you mean 'quietWindow'?",
                     "bad.yaml:2:31: source 'a': unknown provider 'githb': did you mean 'github'?",
                     "bad.yaml:2:11: source 'a': no secret: add secretFiles"],
           "every problem is said, with its place and cure", out)
        code, out, err = run("check", "--config", bad, "--format", "json")
        document = json.loads(out)
        ok(code == 78 and not document["ok"] and len(document["problems"]) == 3 and
           document["error"]["code"] == "config", "as one JSON document too", out)
        ok(document["problems"][0]["where"] == "bad.yaml:1:1", "with the place apart", out)
        code, out, err = run("check", "--config", good, "--format=json")
        ok(code == 0 and json.loads(out)["ok"], "a good one as JSON is ok", out)
        code, out, err = run("check", "--config", good, "--quiet-window", "1h")
        ok(code == 78 and out.startswith("--quiet-window: 'quietWindow' is '1h'"),
           "flags are checked", out)
        code, out, err = run("check", "--config", good, DOORBELL_LOG_LEVL="debug")
        ok(code == 78 and "did you mean DOORBELL_LOG_LEVEL?" in out, "variables are", out)
        code, out, err = run("check", "--format", "json", "--quiet-windw", "1s")
        ok(code == 64 and "--quiet-windw" in json.loads(out)["error"]["message"], "a wrong flag as JSON", out, err)
        code, out, err = run("check", "--quiet-windw", "1s")
        ok(code == 64 and "did you mean '--quiet-window'?" in err and out == "",
           "an unknown flag is a usage error", code, err)
        code, out, err = run("check", "--config")
        ok(code == 64 and "wants a value" in err, "as is a missing value", code, err)
        code, out, err = run("check", good)
        ok(code == 64, "as is a stray word", code, err)
        code, out, err = run("chek")
        ok(code == 64 and "did you mean 'check'?" in err, "a verb may be misspelt", err)
        code, out, err = run("check", "--help")
        ok(code == 0 and "--quiet-window" in out and "(200ms; 0 to 1m)" in out, "help lists settings", out)
        code, out, err = run("check", "--config", "nowhere.yaml")
        ok(code == 78 and out.startswith("nowhere.yaml: cannot be read"), "a missing file", out)
        os.chmod("secret", 0o644)
        code, out, err = run("check", "--config", good)
        ok(code == 78 and "chmod o= " in out and "Secret" not in out,
           "a secret that all may read is refused, and not shown", out)
    print(f"1..{checks}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

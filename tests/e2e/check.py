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
    bare = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
    done = subprocess.run([DOORBELL, *words], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, env={**bare, **environment})
    return done.returncode, done.stdout, done.stderr


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        write("secret", "It's a Secret\n")
        write("token", "t\n")
        os.mkdir("apps")
        good = write("good.yaml",
                     "sources: [{name: hub, provider: github, secretFiles: [secret]}]\n"
                     "applications: [{directory: apps}]\n"
                     "targets:\n- {name: cd, argocd: {url: 'https://cd', tokenFile: token}}\n")
        bad = write("bad.yaml", "quietWndow: 1s\nsources: [{name: a, provider: githb}]\n")

        code, out, err = run("check", "--config", good)
        ok((code, out, err) == (0, "OK\n", ""), "a good configuration is OK", code, out, err)
        code, out, err = run("check", DOORBELL_CONFIG=good)
        ok((code, out) == (0, "OK\n"), "the file may be named by a variable", code, out)
        lost = write("lost.yaml",
                     "sources: [{name: hub, provider: github, secretFiles: [secret]}]\n"
                     "repositories: [{url: 'https://a.example/b', path: /nowhere/b.git}]\n"
                     "applications: [{directory: nowhere}]\n"
                     "targets:\n- {name: cd, argocd: {url: 'https://cd', tokenFile: token}}\n")
        code, out, err = run("check", "--config", lost)
        ok((code, out) == (0, "warning: lost.yaml:2:51: 'path' is '/nowhere/b.git': No such file or directory: "
                              "its pushes cannot be read until that is mended\n"
                              f"warning: lost.yaml:3:28: 'directory' is '{os.path.realpath('.')}/nowhere': No such file "
                              "or directory: no application is read until that is mended\nOK\n"),
           "what is named and not there is a warning", code, out, err)
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
        ok(code == 0 and "--quiet-window" in out and "(200ms)" in out, "help lists settings", out)
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

#!/usr/bin/env python3
"""doorbell in front of your eyes: make demo.

Makes a bare repository with applications as people really write them, starts
the receiver, installs the hook, pushes, sends a signed GitHub delivery, kills
the receiver with -9 in between, and shows what was rung, why and when.
Everything lives in one temporary directory and on loopback, and is gone
afterwards unless KEEP=1.
"""
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
DOORBELL = os.path.join(BUILD, "doorbell")
KEEP = os.environ.get("KEEP", "") not in ("", "0")
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
URL = "https://git.example.org/acme/gitops.git"

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers: [{{name: {name}, image: "registry.example.org/{name}:{tag}"}}]
"""

FILES = {
    # plain manifests
    "apps/guestbook/deployment.yaml": DEPLOYMENT.format(name="guestbook", replicas=1, tag="1.0"),
    "apps/guestbook/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: guestbook}\nspec: {ports: [{port: 80}]}\n",
    # kustomize: a base outside the path of the application
    "payments/base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "payments/base/deployment.yaml": DEPLOYMENT.format(name="payments", replicas=1, tag="2.3"),
    "payments/overlays/staging/kustomization.yaml": "resources: [../../base]\nnamePrefix: staging-\n",
    "payments/overlays/prod/kustomization.yaml":
        "resources: [../../base]\nnamePrefix: prod-\npatches: [{path: replicas.yaml}]\n",
    "payments/overlays/prod/replicas.yaml":
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: payments}\nspec: {replicas: 5}\n",
    # a helm chart, used by two applications with values of their own
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "charts/web/values.yaml": "replicas: 1\n",
    "charts/web/templates/deployment.yaml":
        DEPLOYMENT.format(name="web", replicas="1", tag="7").replace("replicas: 1", "replicas: {{ .Values.replicas }}"),
    "environments/web-staging.yaml": "replicas: 2\n",
    "environments/web-prod.yaml": "replicas: 6\n",
    "docs/README.md": "How we work.\n",
}


def application(name, path, **source):
    body = {"repoURL": URL, "targetRevision": "main", "path": path, **source}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"project": "default", "source": body,
                     "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
                     "syncPolicy": {"automated": {"prune": True}}}}


def multi_source(name, values):
    app = application(name, "")
    del app["spec"]["source"]
    app["spec"]["sources"] = [
        {"repoURL": URL, "targetRevision": "main", "path": "charts/web",
         "helm": {"valueFiles": [f"$values/environments/{values}"]}},
        {"repoURL": URL, "targetRevision": "main", "ref": "values"}]
    return app


APPLICATIONS = [
    application("guestbook", "apps/guestbook"),
    application("payments-staging", "payments/overlays/staging"),
    application("payments-prod", "payments/overlays/prod"),
    multi_source("web-staging", "web-staging.yaml"),
    multi_source("web-prod", "web-prod.yaml"),
    {**application("billing", "billing"), "spec": {
        **application("billing", "billing")["spec"],
        "source": {"repoURL": "https://git.example.org/other/billing.git", "targetRevision": "main", "path": "."}}},
]

# The target: what a trigger runs. It only writes down that it was run, and when.
RING = """#!/bin/sh
printf '%s %s %s\\n' "$(date +%s%3N)" "$DOORBELL_APPLICATION" "$DOORBELL_AFTER" >> "$RINGS"
"""


def say(text, style="1"):
    print(f"\033[{style}m{text}\033[0m" if COLOUR else text, flush=True)


def run(*command, cwd=None, check=True, **options):
    result = subprocess.run(command, cwd=cwd, text=True, capture_output=True, **options)
    if check and result.returncode != 0:
        sys.exit(f"demo: {' '.join(command)}: {result.stdout}{result.stderr}")
    return result


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Demo:
    def __init__(self, top):
        self.top = top
        self.bare = os.path.join(top, "gitops.git")
        self.work = os.path.join(top, "work")
        self.config = os.path.join(top, "doorbell.yaml")
        self.rings = os.path.join(top, "rings")
        self.port = free_port()
        self.status_port = free_port()
        self.process = None
        self.seen = 0

    # --- setting up ---------------------------------------------------

    def write(self, path, text):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def git(self, *arguments):
        return run("git", "-c", "init.defaultBranch=main", *arguments, cwd=self.work)

    def secret(self, name):
        path = os.path.join(self.top, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(hashlib.sha256(os.urandom(32)).hexdigest() + "\n")
        return path

    def prepare(self):
        run("git", "-c", "init.defaultBranch=main", "init", "-q", "--bare", self.bare)
        os.makedirs(self.work)
        self.git("init", "-q")
        # In the work tree itself, for whoever goes on there with KEEP=1.
        self.git("config", "user.name", "Ann")
        self.git("config", "user.email", "ann@example.org")
        self.git("remote", "add", "origin", self.bare)
        for path, text in FILES.items():
            self.write(path, text)
        for app in APPLICATIONS:
            self.write(f"argocd/{app['metadata']['name']}.yaml", json.dumps(app, indent=2) + "\n")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "Everything")
        self.git("push", "-q", "origin", "HEAD:main")
        ring = os.path.join(self.top, "ring.sh")
        with open(os.open(ring, os.O_CREAT | os.O_WRONLY, 0o755), "w") as file:
            file.write(RING)
        settings = {
            "listen": [f"127.0.0.1:{self.port}"],
            "statusListen": f"127.0.0.1:{self.status_port}",
            "socket": os.path.join(self.top, "hook.sock"),
            "stateDirectory": os.path.join(self.top, "state"),
            "sources": [
                {"name": "hook", "provider": "native", "secretFiles": [self.secret("hook.secret")]},
                {"name": "github", "provider": "github", "secretFiles": [self.secret("github.secret")],
                 "repositories": ["git.example.org/acme/*"]}],
            "repositories": [{"url": URL, "path": self.bare, "defaultBranch": "main"}],
            "applications": [{"repository": URL, "ref": "main", "path": "argocd"}],
            "targets": [{"name": "ring", "exec": {"command": [ring], "environment": {"RINGS": self.rings}}}],
        }
        with open(self.config, "w") as file:
            json.dump(settings, file, indent=2)  # JSON is YAML
        os.makedirs(settings["stateDirectory"], mode=0o700)

    # --- the receiver -------------------------------------------------

    def start(self):
        log = open(os.path.join(self.top, "doorbell.log"), "a")
        self.process = subprocess.Popen([DOORBELL, "serve", "--config", self.config],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.time() + 20
        while time.time() < deadline:
            if self.process.poll() is not None:
                break
            if run("curl", "-sf", f"http://127.0.0.1:{self.status_port}/readyz", check=False).returncode == 0:
                return
            time.sleep(0.02)
        with open(os.path.join(self.top, "doorbell.log")) as text:
            sys.exit(f"demo: the receiver did not start:\n{text.read()}")

    def kill(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()

    # --- acts -----------------------------------------------------------

    def new_rings(self):
        try:
            with open(self.rings) as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            lines = []
        fresh, self.seen = lines[self.seen:], len(lines)
        return [line.split() for line in fresh]

    def show_rings(self, since, expected, wait=10.0):
        deadline = time.time() + wait
        rings = []
        while time.time() < deadline:
            rings += self.new_rings()
            if len({r[1] for r in rings}) >= len(expected):
                break
            time.sleep(0.02)
        if not expected:
            time.sleep(0.8)
            rings += self.new_rings()
        for when, app, _ in rings:
            print(f"    rung: {app:<24} {int(when) - since:>5} ms after the push began")
        names = {r[1].split("/")[-1] for r in rings}
        if names != set(expected):
            say(f"    expected {sorted(expected)}, got {sorted(names)}", "31")
            return False
        say(f"    {len(names)} of {len(APPLICATIONS)} applications, as it should be", "32")
        return True

    def push(self, title, changes, expected, message):
        say(f"\n== {title}")
        for path, text in changes.items():
            print(f"    changed: {path}")
            self.write(path, text)
        self.git("add", ".")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        since = int(time.time() * 1000)
        result = self.git("push", "origin", "HEAD:main")
        for line in result.stderr.splitlines():
            if line.startswith("remote:") and line.strip() != "remote:":
                print(f"    {line.rstrip()}")
        return self.show_rings(since, expected)

    def explain(self):
        say("\n== Why? The same engine on the command line")
        result = run(DOORBELL, "explain", "--repo", self.bare, "--url", URL, "--apps-from-repo", "main~1..main")
        print("    $ doorbell explain --repo gitops.git --apps-from-repo main~1..main")
        print("".join(f"    {line}\n" for line in result.stdout.splitlines()), end="")

    def crash(self):
        say("\n== kill -9 right after a push was taken, before anything was rung")
        self.write("environments/web-prod.yaml", "replicas: 9\n")
        print("    changed: environments/web-prod.yaml")
        self.git("commit", "-qam", "Scale web")
        since = int(time.time() * 1000)
        result = self.git("push", "origin", "HEAD:main")
        self.kill(signal.SIGKILL)
        for line in result.stderr.splitlines():
            if line.startswith("remote:") and line.strip() != "remote:":
                print(f"    {line.rstrip()}")
        say(f"    killed {int(time.time() * 1000) - since} ms after the push began; rung until then: {len(self.new_rings())}")
        say("\n== A push while it is down: the hook keeps the delivery")
        self.write("apps/guestbook/service.yaml", FILES["apps/guestbook/service.yaml"].replace("80", "8080"))
        print("    changed: apps/guestbook/service.yaml")
        self.git("commit", "-qam", "Another port")
        result = self.git("push", "origin", "HEAD:main")
        for line in result.stderr.splitlines():
            if line.startswith("remote:") and line.strip() != "remote:":
                print(f"    {line.rstrip()}")
        say("\n== Started again: what was acknowledged, and what was kept, arrives")
        self.start()
        run(DOORBELL, "hook", "deliver", self.bare)
        return self.show_rings(since, {"web-prod", "guestbook"})

    def github(self):
        say("\n== A signed GitHub delivery (and one with a wrong secret)")
        self.write("payments/overlays/prod/replicas.yaml", FILES["payments/overlays/prod/replicas.yaml"].replace("5", "7"))
        print("    changed: payments/overlays/prod/replicas.yaml")
        self.git("commit", "-qam", "More payments")
        before = self.git("rev-parse", "HEAD~1").stdout.strip()
        after = self.git("rev-parse", "HEAD").stdout.strip()
        os.rename(os.path.join(self.bare, "hooks", "post-receive"), os.path.join(self.bare, "hooks", "post-receive.off"))
        self.git("push", "-q", "origin", "HEAD:main")
        since = int(time.time() * 1000)
        good = True
        for name, secret in (("wrong", self.secret("wrong.secret")), ("right", os.path.join(self.top, "github.secret"))):
            result = run(DOORBELL, "send", "--as", "github", "--to", f"http://127.0.0.1:{self.port}/hooks/github",
                         "--repository", URL, "--ref", "main", "--before", before, "--after", after,
                         "--secret-file", secret, check=False)
            print(f"    {name} secret: {(result.stdout + result.stderr).strip().splitlines()[0]}")
            good = good and (result.returncode == 0) == (name == "right")
        good = self.show_rings(since, {"payments-prod"}) and good
        os.rename(os.path.join(self.bare, "hooks", "post-receive.off"), os.path.join(self.bare, "hooks", "post-receive"))
        return good

    def record(self):
        say("\n== What is on record")
        for command in (["deliveries"], ["show", "1"]):
            print(f"    $ doorbell {' '.join(command)}")
            result = run(DOORBELL, *command, "--config", self.config)
            print("".join(f"    {line}\n" for line in result.stdout.splitlines()))

    def say_how_to_go_on(self):
        say(f"\nStill running (KEEP=1) as process {self.process.pid}. Go on:")
        for line in (f"cd {self.work}",
                     "sed -i s/replicas:.*/replicas:\\ 4/ environments/web-prod.yaml",
                     "git commit -qam 'Scale web' && git push origin HEAD:main",
                     f"{DOORBELL} deliveries --config {self.config}",
                     f"{DOORBELL} apps --config {self.config}",
                     f"curl -s http://127.0.0.1:{self.status_port}/metrics | grep trigger",
                     f"kill {self.process.pid} && rm -r {self.top}    # the end of it"):
            print(f"    {line}")

    def play(self):
        self.prepare()
        self.start()
        run(DOORBELL, "hook", "install", self.bare, "--socket", os.path.join(self.top, "hook.sock"),
            "--secret-file", os.path.join(self.top, "hook.secret"), "--repository", URL, "--source", "hook")
        say(f"doorbell listens on 127.0.0.1:{self.port}; its hook is in {self.bare}; "
            f"{len(APPLICATIONS)} applications are kept in the repository itself.")
        guestbook = FILES["apps/guestbook/deployment.yaml"]
        base = FILES["payments/base/deployment.yaml"]
        good = [
            self.push("Plain manifests", {"apps/guestbook/deployment.yaml": guestbook.replace(":1.0", ":1.1")},
                      {"guestbook"}, "Update guestbook"),
            self.push("A kustomize base, which lies outside the applications' own paths",
                      {"payments/base/deployment.yaml": base.replace(":2.3", ":2.4")},
                      {"payments-staging", "payments-prod"}, "Update payments"),
        ]
        self.explain()
        good += [
            self.push("A values file in another source ($values/...) of one application",
                      {"environments/web-staging.yaml": "replicas: 3\n"}, {"web-staging"}, "Scale staging"),
            self.push("Something no application reads", {"docs/README.md": "How we work now.\n"}, set(), "Docs"),
            self.crash(),
            self.github(),
        ]
        self.record()
        return all(good)


def main():
    top = tempfile.mkdtemp(prefix="doorbell-demo-")
    demo = Demo(top)
    try:
        good = demo.play()
        if KEEP:
            demo.say_how_to_go_on()
        else:
            demo.kill()
    except BaseException:
        demo.kill(signal.SIGKILL)
        raise
    finally:
        if not KEEP:
            shutil.rmtree(top, ignore_errors=True)
    say("\nThat was doorbell." if good else "\nSomething was not as it should be.", "1" if good else "31")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

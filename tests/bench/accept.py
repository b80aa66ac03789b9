#!/usr/bin/env python3
"""How many deliveries are accepted in a second, and how soon, beside Debian's webhook.

Both servers get the same GitHub push of 8 KB from the same client (load.c), on
a new connection each, and verify its HMAC-SHA256.  webhook then executes
/bin/true; doorbell stores the delivery on the disk before it answers.  They take
turns, ROUNDS times; the median of each is printed.  "CPU us" is what a request
costs the server and its children, which says more than the rate where the
machine does other things too.

    doorbell, unfollowed  pushes to a branch that no application follows
    doorbell, followed    real pushes: each changes one of the applications, which are rung (/bin/true)
    webhook               as installed: it answers at once, before the command has run
    webhook, waiting      include-command-output-in-response: the answer says that it has run

Then a fixed rate, however fast the answers are: a request's time counts from
when it was due.

    SECONDS=2 ROUNDS=3 RATE=1000 APPLICATIONS=10,1000,10000
"""
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

LOAD = os.path.join(BUILD, "tests", "bench", "load")
SECONDS = float(os.environ.get("SECONDS", "2"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
RATE = int(os.environ.get("RATE", "1000"))
FLEETS = [int(n) for n in os.environ.get("APPLICATIONS", "10,1000,10000").split(",")]
CLIENTS = (1, 8, 32)
STEPS = 2000
SECRET = "It's a Secret to Everybody"


def push_body(ref):
    """A push as GitHub sends it, 8 KB, with places for the commits."""
    api, web = "https://api.github.com/repos/acme/gitops", "https://github.com/acme/gitops"
    user = {"login": "ann", "id": 583231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "gravatar_id": "", "type": "User",
            "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4", "site_admin": False,
            **{f"{n}_url": f"https://api.github.com/users/ann/{n}{{/other}}" for n in (
                "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
                "received_events")}}
    owner = {**user, "login": "acme", "type": "Organization", "name": "acme", "email": "ops@acme.example.org"}
    person = {"name": "Ann Example", "email": "ann@example.org", "username": "ann"}
    commit = {"id": "@AFTER@", "tree_id": "5bb7dab6fbc7c0a4a1c0c2d3a5e26e8c7ad2a6a1", "distinct": True,
              "message": "Update image of payments to 2.4.1\n\nReviewed-by: Bob <bob@example.org>",
              "timestamp": "2026-11-22T16:00:00+01:00", "url": web + "/commit/@AFTER@",
              "author": person, "committer": person, "added": [], "removed": [],
              "modified": [f"payments/overlays/{n}/kustomization.yaml" for n in ("dev", "staging", "prod")]}
    resources = ("forks keys collaborators teams hooks issue_events events assignees branches tags blobs git_tags "
                 "git_refs trees statuses languages stargazers contributors subscribers subscription commits "
                 "git_commits comments issue_comment contents compare merges archive downloads issues pulls "
                 "milestones notifications labels releases deployments").split()
    repository = {"id": 35129377, "node_id": "MDEwOlJlcG9zaXRvcnkzNTEyOTM3Nw==", "name": "gitops",
                  "full_name": "acme/gitops", "private": True, "owner": owner, "html_url": web, "fork": False, "number": "@NUMBER@",
                  "description": "What runs where", "url": web, "created_at": 1430869212, "pushed_at": 1732287600,
                  "git_url": "git://github.com/acme/gitops.git", "ssh_url": "git@github.com:acme/gitops.git",
                  "clone_url": URL, "default_branch": "main", "master_branch": "main", "visibility": "private",
                  **{f"{r}_url": f"{api}/{r}{{/sha}}" for r in resources}}
    return json.dumps({"ref": ref, "before": "@BEFORE@", "after": "@AFTER@", "repository": repository,
                       "pusher": {"name": "ann", "email": "ann@example.org"}, "organization": owner, "sender": user,
                       "created": False, "deleted": False, "forced": False, "base_ref": None,
                       "compare": web + "/compare/@BEFORE@...@AFTER@", "commits": [commit], "head_commit": commit})


class Fleet(Place):
    """A repository with many applications, and steps that change one of them each."""

    def __init__(self, count):
        super().__init__()
        self.secret = SECRET
        lines = ["feature done\nreset refs/heads/main\n"]
        for i in range(STEPS + 1):
            lines.append(f"commit refs/heads/main\nmark :{i + 1}\ncommitter t <t@example.org> {1700000000 + i} +0000\n"
                         "data 1\nx\n")
            for app in range(count) if i == 0 else [i % count]:
                lines.append(f"M 100644 inline apps/{app}/a.yaml\ndata {len(str(i)) + 4}\na: {i}\n\n")
        lines.append("done\n")
        marks = os.path.join(self.top, "marks")
        run("git", "--git-dir", self.bare, "fast-import", "--quiet", f"--export-marks={marks}", input="".join(lines))
        with open(marks) as file:
            commits = dict((int(m[1:]), c) for m, c in (line.split() for line in file))
        with open(os.path.join(self.top, "steps"), "w") as file:
            file.writelines(f"{commits[i]} {commits[i + 1]}\n" for i in range(1, STEPS + 1))
        for ref in ("main", "topic"):
            with open(os.path.join(self.top, ref), "w") as file:
                file.write(push_body("refs/heads/" + ref))
        with open(os.path.join(self.apps, "all.yaml"), "w") as file:
            for app in range(count):
                manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                            "metadata": {"name": f"app{app}", "namespace": "argocd"},
                            "spec": {"project": "default", "source": {
                                "repoURL": URL, "targetRevision": "main", "path": f"apps/{app}"}}}
                file.write("---\n" + json.dumps(manifest) + "\n")
        self.configure(listen=[f"127.0.0.1:{self.port}"], journalMaxBytes="8GiB", socket=None,
                       sources=[{"name": "github", "provider": "github", "ratePerSecond": 0,
                                 "secretFiles": [os.path.join(self.top, "secret")]}],
                       targets=[{"name": "true", "exec": {"command": ["/bin/true"]}}])

    def load(self, port, path, ref, **options):
        command = [LOAD, "--port", str(port), "--path", path, "--secret", SECRET, "--body",
                   os.path.join(self.top, ref), "--seconds", str(SECONDS)]
        if ref == "main":
            command += ["--steps", os.path.join(self.top, "steps")]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        result = run(*command, check=False)
        if result.returncode != 0 or result.stderr:
            sys.exit(f"load: {result.stderr}{result.stdout}")
        return json.loads(result.stdout)

    @staticmethod
    def server_cpu(serve):
        """serve() starts a server, loads it and stops it; the processor time of the server is added."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = serve()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        result["cpu"] = (spent - result["own_cpu"]) / result["sent"]
        return result

    def doorbell_load(self, ref, **options):
        """A receiver of its own, with an empty journal."""
        try:
            with Receiver(self):
                result = self.load(self.port, "/hooks/github", ref, **options)
            return result
        finally:
            shutil.rmtree(self.state)
            os.makedirs(self.state, mode=0o700)

    def webhook_load(self, waiting, **options):
        hooks = [{"id": "github", "execute-command": "/bin/true", "include-command-output-in-response": waiting,
                  "trigger-rule": {"match": {"type": "payload-hmac-sha256", "secret": SECRET,
                                             "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}}}]
        path, port = os.path.join(self.top, "hooks.json"), free_port()
        with open(path, "w") as file:
            json.dump(hooks, file)
        process = subprocess.Popen(["webhook", "-hooks", path, "-ip", "127.0.0.1", "-port", str(port)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(lambda: listens(port))
            return self.load(port, "/hooks/github", "topic", **options)
        finally:
            process.kill()
            process.wait()


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def kinds(fleet):
    def measure(load, *what):
        return lambda **options: fleet.server_cpu(lambda: load(*what, **options))

    return {"doorbell, unfollowed": measure(fleet.doorbell_load, "topic"),
            "doorbell, followed": measure(fleet.doorbell_load, "main"),
            "webhook": measure(fleet.webhook_load, False),
            "webhook, waiting": measure(fleet.webhook_load, True)}


def median(results, key):
    return statistics.median(r[key] for r in results)


def fastest():
    """As fast as they can, with some clients that each wait for their answer."""
    print(f"{'clients':>7}  {'':<21} {'accepted/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>7} "
          f"{'failed':>6}   rate beside webhook, beside waiting")
    with Fleet(FLEETS[0]) as fleet:
        for clients in CLIENTS:
            results = {name: [] for name in kinds(fleet)}
            for _ in range(ROUNDS):
                for name, measure in kinds(fleet).items():
                    results[name].append(measure(clients=clients))
            rates = {name: median(r, "rate") for name, r in results.items()}
            for name, r in results.items():
                ratio = (f"   {rates[name] / rates['webhook']:.1f}x, {rates[name] / rates['webhook, waiting']:.1f}x"
                         if name.startswith("doorbell") else "")
                print(f"{clients:>7}  {name:<21} {rates[name]:>10.0f} {median(r, 'p50') / 1000:>8.2f} "
                      f"{median(r, 'p99') / 1000:>8.2f} {median(r, 'cpu') * 1e6:>7.0f} {sum(x['failed'] for x in r):>6}{ratio}",
                      flush=True)


def fixed():
    """At a fixed rate, by the number of applications."""
    print(f"\nat {RATE} a second, time since each was due\n"
          f"{'apps':>7}  {'':<21} {'accepted/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'p99.9':>8} {'max':>8} {'failed':>7}")
    for count in FLEETS:
        with Fleet(count) as fleet:
            for name, measure in kinds(fleet).items():
                if name.startswith("webhook") and count != FLEETS[0]:
                    continue
                r = [measure(rate=RATE) for _ in range(ROUNDS)]
                print(f"{count if name.startswith('doorbell') else '':>7}  {name:<21} {median(r, 'rate'):>10.0f} "
                      f"{median(r, 'p50') / 1000:>8.2f} {median(r, 'p99') / 1000:>8.2f} "
                      f"{median(r, 'p999') / 1000:>8.2f} {median(r, 'max') / 1000:>8.2f} {sum(x['failed'] for x in r):>7}",
                      flush=True)


def main():
    print(f"{len(push_body('refs/heads/main'))} bytes; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
          f"journal on {run('stat', '-f', '-c', '%T', tempfile.gettempdir()).stdout.strip()}; median of {ROUNDS} x {SECONDS:g} s")
    fastest()
    fixed()


if __name__ == "__main__":
    main()

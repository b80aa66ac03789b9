"""The receiver and its surroundings for end-to-end tests: real binaries, real git.

    from doorbell import *
    with Place() as place:                  # a scratch directory with a repository
        place.app("web", "apps/web")        # an Argo CD Application
        place.commit({"apps/web/a.yaml": "kind: 1\n"}, "first")
        place.configure()                   # writes the configuration
        with Receiver(place) as receiver:   # doorbell serve
            ...
    done()
"""
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
METRICS_SEEN = os.path.join(BUILD, "metrics-seen")
DOORBELL = os.path.join(BUILD, "doorbell")
# Sanitizers make everything slower; a test that waits may wait longer.
PATIENCE = 4.0 if "sanit" in BUILD or "address" in BUILD or "thread" in BUILD else 1.0
URL = "https://git.example.org/acme/gitops.git"
NAME = "git.example.org/acme/gitops"
ZERO = "0" * 40

checks = 0
failures = 0


def ok(good, name, note=None):
    """Report one check; name is a sentence. Returns good."""
    global checks, failures
    checks += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {checks} - {name}", flush=True)
    if not good and note is not None:
        for line in str(note).splitlines()[-60:]:
            print(f"#   {line}", flush=True)
    return bool(good)


def equal(got, want, name):
    return ok(got == want, name, f"got:  {got!r}\nwant: {want!r}")


def note(text):
    for line in str(text).splitlines():
        print(f"# {line}", flush=True)


def done():
    """Print the plan and end the program."""
    print(f"1..{checks}")
    sys.exit(1 if failures else 0)


def wait(condition, seconds=10.0, step=0.02):
    """Wait until condition() is true; its last value."""
    end = time.monotonic() + seconds * PATIENCE
    value = condition()
    while not value and time.monotonic() < end:
        time.sleep(step)
        value = condition()
    return value


def free_port():
    """A port of 127.0.0.1 on which nobody listens. Below those that the kernel
    gives to clients (/proc/sys/net/ipv4/ip_local_port_range): a test beside this
    one may open thousands of connections before the port is taken."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def run(*command, check=True, **options):
    result = subprocess.run(command, text=True, capture_output=True, **options)
    if check and result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {result.returncode}: {result.stdout}{result.stderr}")
    return result


def secret_file(path, text):
    """Write a file that only its owner reads, all at once. Its path."""
    with open(os.open(path + ".new", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.rename(path + ".new", path)
    return path


def providers():
    """The names of all providers, as the program lists them."""
    line = re.search(r"^  --as NAME *(.*)", run(DOORBELL, "send", "--help").stdout, re.M)
    return re.split(r", | and ", line[1])


def certificate(directory, name="server", authority="ca"):
    """A certificate for 127.0.0.1 in NAME.pem (with its key; also NAME.crt and
    NAME.key), signed by AUTHORITY.pem, which is made if there is none.  Returns
    the paths of NAME.pem and AUTHORITY.pem."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    if not os.path.exists(os.path.join(directory, authority + ".pem")):
        run("openssl", "req", "-x509", *key, "-days", "2", "-subj", f"/CN={authority}", "-addext",
            "keyUsage=critical,keyCertSign", "-keyout", authority + ".key", "-out", authority + ".pem", cwd=directory)
    with open(os.path.join(directory, name + ".ext"), "w") as file:
        file.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    run("openssl", "req", *key, "-subj", f"/CN={name}", "-keyout", name + ".key", "-out", name + ".csr", cwd=directory)
    run("openssl", "x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem", "-CAkey", authority + ".key",
        "-CAcreateserial", "-days", "2", "-extfile", name + ".ext", "-out", name + ".crt", cwd=directory)
    with open(os.path.join(directory, name + ".pem"), "w") as out:
        for part in (".crt", ".key"):
            with open(os.path.join(directory, name + part)) as file:
                out.write(file.read())
    return os.path.join(directory, name + ".pem"), os.path.join(directory, authority + ".pem")


class Place:
    """A scratch directory: bare repository, work tree, applications, configuration."""

    def __init__(self, **settings):
        self.top = tempfile.mkdtemp(prefix="doorbell-e2e-")
        self.bare = os.path.join(self.top, "gitops.git")
        self.work = os.path.join(self.top, "work")
        self.state = os.path.join(self.top, "state")
        self.apps = os.path.join(self.top, "applications")
        self.rings_file = os.path.join(self.top, "rings")
        self.config = os.path.join(self.top, "doorbell.yaml")
        self.socket = os.path.join(self.top, "hook.sock")
        self.port = free_port()
        self.status_port = free_port()
        self.secret = "a secret of the test"
        self.settings = settings
        for path in (self.work, self.state, self.apps):
            os.makedirs(path, mode=0o700)
        run("git", "-c", "init.defaultBranch=main", "init", "-q", "--bare", self.bare)
        self.git("-c", "init.defaultBranch=main", "init", "-q")
        self.git("remote", "add", "origin", self.bare)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def git(self, *arguments, **options):
        return run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "gc.auto=0",
                   *arguments, cwd=self.work, **options)

    def head(self, revision="HEAD"):
        return self.git("rev-parse", revision).stdout.strip()

    def write(self, path, text):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def commit(self, files, message="change", push=True, branch="main"):
        """Commit files (path: text, None: removed), push without a hook's help. The new commit."""
        for path, text in files.items():
            if text is None:
                self.git("rm", "-q", path)
            else:
                self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        if push:
            self.git("push", "-q", "origin", f"HEAD:{branch}")
        return self.head()

    def app(self, name, path, **source):
        """Write an Application manifest among the operator's files."""
        manifest = {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"project": "default", "syncPolicy": {"automated": {}},
                     "source": {"repoURL": URL, "targetRevision": "main", "path": path, **source}}}
        with open(os.path.join(self.apps, name + ".json"), "w") as file:
            json.dump(manifest, file)

    def ring_command(self, body=""):
        """An exec target that writes one line for each trigger."""
        path = os.path.join(self.top, "ring.sh")
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + body +
                       '\nprintf "%s %s %s %s\\n" "$(date +%s%3N)" "$DOORBELL_APPLICATION" '
                       '"$DOORBELL_BEFORE" "$DOORBELL_AFTER" >> ' + self.rings_file + "\n")
        os.chmod(path, 0o755)
        return [path]

    def configure(self, **changes):
        """Write the configuration: defaults, then what the Place was made with, then changes."""
        secret = os.path.join(self.top, "secret")
        with open(os.open(secret, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(self.secret + "\n")
        settings = {
            "listen": [f"127.0.0.1:{self.port}"],
            "statusListen": f"127.0.0.1:{self.status_port}",
            "socket": self.socket,
            "stateDirectory": self.state,
            "logFormat": "text",
            "quietWindow": "20ms",
            "maxConnectionsPerAddress": 0,
            "newConnectionsPerAddress": 0,
            "minFreeBytes": "64MiB",
            "readerTimeLimit": f"{10 * PATIENCE:.0f}s",
            "sources": [{"name": "github", "provider": "github", "secretFiles": [secret]},
                        {"name": "hook", "provider": "native", "secretFiles": [secret]}],
            "repositories": [{"url": URL, "path": self.bare, "defaultBranch": "main"}],
            "applications": [{"directory": self.apps}],
            "targets": [{"name": "ring", "exec": {"command": self.ring_command()}}],
        }
        settings.update(self.settings)
        settings.update(changes)
        with open(self.config + ".new", "w") as file:
            json.dump({k: v for k, v in settings.items() if v is not None}, file, indent=1)
        os.rename(self.config + ".new", self.config)
        return settings

    def rings(self):
        """What the exec target wrote: (wall ms, application, before, after)."""
        try:
            with open(self.rings_file) as file:
                lines = [line.split() for line in file.read().splitlines()]
        except FileNotFoundError:
            return []
        return [(int(l[0]), l[1], l[2] if len(l) > 3 else "", l[-1]) for l in lines if len(l) >= 3]

    def rung(self):
        return sorted({r[1].split("/")[-1] for r in self.rings()})

    def install_hook(self):
        run(DOORBELL, "hook", "install", self.bare, "--socket", self.socket, "--secret-file",
            os.path.join(self.top, "secret"), "--repository", URL, "--source", "hook")

    def doorbell(self, *arguments, check=True):
        return run(DOORBELL, *arguments, check=check, env={**os.environ, "DOORBELL_STATE_DIRECTORY": self.state})

    def deliveries(self, *arguments):
        result = self.doorbell("deliveries", "--format", "json", *arguments)
        return json.loads(result.stdout)["deliveries"]

    def show(self, number):
        return json.loads(self.doorbell("show", str(number), "--format", "json").stdout)["delivery"]


def keep_metrics(text):
    """What a run of the tests has seen of the metrics is kept for metrics_seen.py."""
    os.makedirs(METRICS_SEEN, exist_ok=True)
    with open(os.path.join(METRICS_SEEN, str(os.getpid())), "a") as file:
        file.write("\n".join(l for l in text.splitlines() if l and not l.startswith("#")) + "\n")


class Receiver:
    """doorbell serve on a place's configuration."""

    def __init__(self, place, ready=True, limits=None, **environment):
        self.place = place
        self.log_path = os.path.join(place.top, "doorbell.log")
        self.process = None
        self.limits = limits
        self.environment = environment
        self.start(ready)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            status = self.stop()
            if status != 0:
                ok(False, f"the receiver ended well ({status})", self.log())

    def start(self, ready=True):
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen([DOORBELL, "serve", "--config", self.place.config], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, preexec_fn=self.limits,
                                            env={**os.environ, **self.environment})
        if ready and not wait(lambda: self.process.poll() is not None or self.status("/readyz") == 200, 20):
            raise RuntimeError("the receiver is not ready:\n" + self.log())
        if ready and self.process.poll() is not None:
            raise RuntimeError("the receiver ended:\n" + self.log())

    def stop(self, seconds=30):
        self.get("/metrics")
        self.process.terminate()
        return self.process.wait(seconds * PATIENCE)

    def kill(self):
        self.get("/metrics")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def log(self):
        with open(self.log_path) as file:
            return file.read()

    def get(self, path):
        """(status, text) of the status listener; (0, why) if it cannot be had."""
        connection = http.client.HTTPConnection("127.0.0.1", self.place.status_port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            if path == "/metrics":
                keep_metrics(text)
            return answer.status, text
        except OSError as error:
            return 0, str(error)
        finally:
            connection.close()

    def status(self, path):
        return self.get(path)[0]

    def metric(self, name):
        """The sum of a metric's series whose line begins with name."""
        lines = [l for l in self.get("/metrics")[1].splitlines() if l.startswith(name)]
        return sum(float(l.rsplit(" ", 1)[1]) for l in lines)

    def memory(self):
        """Resident bytes of the receiver."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return [int(l.split()[1]) * 1024 for l in file if l.startswith("VmRSS")][0]


def github_body(before, after, ref="refs/heads/main", url=URL, **more):
    return json.dumps({"ref": ref, "before": before, "after": after, "created": before == ZERO,
                       "deleted": after == ZERO, "forced": False, "commits": [],
                       "repository": {"full_name": "acme/gitops", "clone_url": url, "html_url": url[:-4],
                                      "pushed_at": time.time_ns(), "default_branch": "main"},
                       "pusher": {"name": "ann"}, **more}).encode()


def github_headers(secret, body, event="push", delivery=None):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
            "X-Hub-Signature-256": "sha256=" + digest, "Content-Type": "application/json"}


def post(place, path, body, headers, timeout=10):
    """POST to the public listener: (status, text); (0, why) without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=timeout * PATIENCE)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error)
    finally:
        connection.close()


def github(place, before, after, delivery=None, secret=None, path="/hooks/github", **more):
    """Send one signed GitHub push: its status."""
    body = github_body(before, after, **more)
    return post(place, path, body, github_headers(secret or place.secret, body, delivery=delivery))[0]

#!/usr/bin/env python3
"""The receiver as a process: start, settings, listeners, TLS, drain, full journal; and its verbs.  TAP."""
import os
import resource
import signal
import ssl
import stat
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

VERBS = ("serve", "check", "explain", "deliveries", "show", "apps", "replay", "send", "hook")


def serve(place, *flags, seconds=20, **environment):
    """Run doorbell serve until it ends by itself: (status, what it said)."""
    process = subprocess.Popen([DOORBELL, "serve", "--config", place.config, *flags], text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env={**os.environ, **environment})
    try:
        text = process.communicate(timeout=seconds * PATIENCE)[0]
        return process.returncode, text
    except subprocess.TimeoutExpired:
        process.kill()
        return None, process.communicate()[0]


def small_place(**settings):
    place = Place(**settings)
    place.app("web", "apps/web")
    place.commit({"apps/web/a.yaml": "kind: 1\n"})
    place.configure()
    return place


def fails(place, status, texts, name, *flags, **environment):
    got, said = serve(place, *flags, **environment)
    ok(got == status and all(t in said for t in texts), name, f"status {got}\n{said}")
    note([l for l in said.splitlines() if texts and texts[0] in l][:1] or said[-300:])


def test_start(place):
    secret = os.path.join(place.top, "secret")
    place.configure(sources=[{"name": "nightly", "provider": "github"}])
    fails(place, 78, ["nightly", place.config + ":"], "a source without a secret is no configuration, and is named")
    place.configure()
    with open(secret, "w"):
        pass
    fails(place, 78, ["secret", "empty"], "nor is an empty secret")
    place.configure()
    os.chmod(secret, 0o644)
    fails(place, 78, [secret, "chmod"], "nor one that everybody may read")
    os.chmod(secret, 0o600)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fails(place, 69, [f"127.0.0.1:{port}", "another process listens there"], "an address that is taken is said, with status 69",
              "--listen", f"127.0.0.1:{port}")
    fails(place, 69, ["Not a directory"], "a state directory that cannot be made is said, with status 69",
          "--state-directory", secret + "/state")
    with Receiver(place):
        fails(place, 69, ["journal", "another"], "a second receiver on the same state directory says so", "--listen",
              f"127.0.0.1:{free_port()}", "--status-listen", f"127.0.0.1:{free_port()}", "--socket", place.top + "/2.sock")
    fails(place, 78, ["DOORBELL_QUIET_WINDW", "DOORBELL_QUIET_WINDOW"], "a misspelt variable is no configuration",
          DOORBELL_QUIET_WINDW="1s")
    got, said = serve(place, "--quiet-windw", "1s")
    ok(got in (64, 78) and "--quiet-window" in said, "a misspelt flag is told the right one", (got, said))
    place.config += ".missing"
    fails(place, 78, [place.config, "No such file"], "a configuration that is not there is said")
    place.config = place.config[:-len(".missing")]
    place.configure(targets=[{"name": "argo", "argocd": {"url": "http://argocd.example.org", "tokenFile": secret}}])
    fails(place, 78, ["insecure", "argo"], "a target that would show its token is refused")
    result = place.doorbell("check", "--config", place.config, check=False)
    ok(result.returncode == 78 and "insecure" in result.stdout, "and check knows that, too",
       (result.returncode, result.stdout + result.stderr))
    place.configure()
    equal(place.doorbell("check", "--config", place.config).stdout.splitlines()[-1], "OK", "the rest is well")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
        return True
    except OSError:
        return False


def test_precedence(place):
    """Flags win over the environment, that over the file: seen by what the receiver does."""
    ports = {name: {where: free_port() for where in ("file", "environment", "flag")} for name in ("listen", "status")}
    states = {where: os.path.join(place.top, "state-" + where) for where in ("file", "environment", "flag")}
    file_settings = {"listen": [f"127.0.0.1:{ports['listen']['file']}"], "statusListen": f"127.0.0.1:{ports['status']['file']}",
                     "stateDirectory": states["file"], "maxBodyBytes": "1KiB", "logFormat": "text", "socketMode": "0600"}
    environment = {"DOORBELL_LISTEN": f"127.0.0.1:{ports['listen']['environment']}",
                   "DOORBELL_STATUS_LISTEN": f"127.0.0.1:{ports['status']['environment']}",
                   "DOORBELL_STATE_DIRECTORY": states["environment"], "DOORBELL_MAX_BODY_BYTES": "4KiB",
                   "DOORBELL_LOG_FORMAT": "json", "DOORBELL_SOCKET_MODE": "0640",
                   "DOORBELL_PORT": "tcp://10.0.0.1:9780", "DOORBELL_SERVICE_HOST": "10.0.0.1"}
    flags = ["--listen", f"127.0.0.1:{ports['listen']['flag']}", "--status-listen", f"127.0.0.1:{ports['status']['flag']}",
             "--state-directory", states["flag"], "--max-body-bytes", "16KiB", "--log-format", "text",
             "--socket-mode", "0666"]
    place.configure(**file_settings)
    for where, env, arguments, body, mode, form in (("file", {}, [], 1, 0o600, "level="),
                                                    ("environment", environment, [], 4, 0o640, '{"'),
                                                    ("flag", environment, flags, 16, 0o666, "level=")):
        log_path = os.path.join(place.top, "log-" + where)
        with open(log_path, "w") as log:
            process = subprocess.Popen([DOORBELL, "serve", "--config", place.config, *arguments], stderr=log,
                                       env={**os.environ, **env})
        try:
            ok(wait(lambda: answers(ports["status"][where]) and answers(ports["listen"][where])),
               f"{where}: listens where that says")
            place.port = ports["listen"][where]
            ok(os.path.exists(states[where] + "/journal.db"), f"{where}: keeps its state where that says")
            data = github_body("1" * 40, "2" * 40, padding="x" * (body * 1024 - 600))
            large = github_body("1" * 40, "2" * 40, padding="x" * (body * 1024))
            equal([post(place, "/hooks/github", d, github_headers(place.secret, d))[0] for d in (data, large)], [202, 413],
                  f"{where}: takes bodies as large as that says")
            equal(stat.S_IMODE(os.stat(place.socket).st_mode), mode, f"{where}: the socket may be used by whom that says")
            with open(log_path) as log:
                ok(form in log.readline(), f"{where}: logs as that says")
        finally:
            process.terminate()
            equal(process.wait(30 * PATIENCE), 0, f"{where}: SIGTERM ends it with 0")
        ok(not os.path.exists(place.socket), f"{where}: the socket is gone with it")
    place.port = ports["listen"]["file"]


def peer_serial(port, authority):
    context = ssl.create_default_context(cafile=authority)
    with socket.create_connection(("127.0.0.1", port), 5) as raw:
        with context.wrap_socket(raw, server_hostname="127.0.0.1") as s:
            return s.getpeercert()["serialNumber"], s.version()


def post_tls(place, authority, body, headers):
    context = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPSConnection("127.0.0.1", place.port, context=context, timeout=10)
    try:
        connection.request("POST", "/hooks/github", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_tls(place):
    _, authority = certificate(place.top, "one")
    names = {"certFile": place.top + "/one.crt", "keyFile": place.top + "/one.key"}
    place.configure(tls=names)
    with Receiver(place) as receiver:
        first, version = peer_serial(place.port, authority)
        equal(version, "TLSv1.3", "the listener speaks TLS 1.3")
        before = place.head()
        after = place.commit({"apps/web/a.yaml": "kind: tls\n"})
        body = github_body(before, after)
        equal(post_tls(place, authority, body, github_headers(place.secret, body)), 202, "a push over TLS is accepted")
        equal(post(place, "/hooks/github", body, github_headers(place.secret, body))[0] in (0, 400), True,
              "one in the clear is not")
        with socket.create_connection(("127.0.0.1", place.port)) as held:
            context = ssl.create_default_context(cafile=authority)
            with context.wrap_socket(held, server_hostname="127.0.0.1") as old:
                old.sendall(b"POST /hooks/github HTTP/1.1\r\n")
                body = github_body(before, after)
                certificate(place.top, "one")
                receiver.process.send_signal(signal.SIGHUP)
                ok(wait(lambda: peer_serial(place.port, authority)[0] != first), "a new certificate is taken on SIGHUP",
                   receiver.log())
                head = "".join(f"{k}: {v}\r\n" for k, v in github_headers(place.secret, body).items())
                old.sendall(f"Host: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body)
                equal(old.recv(20)[:12], b"HTTP/1.1 202", "a connection that was open goes on with the old one")
        second = peer_serial(place.port, authority)[0]
        begun = len(receiver.log())
        with open(names["certFile"], "w") as file:
            file.write("garbage\n")
        receiver.process.send_signal(signal.SIGHUP)
        ok(wait(lambda: "one.crt" in receiver.log()[begun:]), "a broken certificate is named", receiver.log()[begun:])
        note([l for l in receiver.log()[begun:].splitlines() if "one.crt" in l][0])
        equal(peer_serial(place.port, authority)[0], second, "and the old one stays")
        equal(receiver.metric("doorbell_config_last_reload_successful"), 0, "the metric shows it")
        certificate(place.top, "other")
        place.configure(tls={"certFile": place.top + "/other.crt", "keyFile": place.top + "/other.key"})
        ok(wait(lambda: peer_serial(place.port, authority)[0] != second), "other files are taken without a restart",
           receiver.log()[begun:])
        ok(wait(lambda: receiver.metric("doorbell_config_last_reload_successful") == 1), "the metric, too")
    place.configure(tls={"certFile": place.top + "/other.crt", "keyFile": place.top + "/one.key"})
    fails(place, 78, ["does not belong"], "a key of another certificate is refused at the start")
    place.configure()


def test_drain(place):
    marks = os.path.join(place.top, "marks")
    go = os.path.join(place.top, "go")
    script = os.path.join(place.top, "slow.sh")
    with open(script, "w") as file:
        file.write(f'#!/bin/sh\necho begun >> {marks}\nuntil [ -e {go} ]; do sleep 0.05; done\necho ended >> {marks}\n')
    os.chmod(script, 0o755)

    def begun():
        try:
            with open(marks) as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    target = {"name": "slow", "exec": {"command": [script]}}
    place.configure(targets=[target], drainTimeout="20s")
    receiver = Receiver(place)
    before, after = place.head(), place.commit({"apps/web/a.yaml": "kind: drain\n"})
    github(place, before, after)
    ok(wait(lambda: begun() == ["begun"]), "a command is under way")
    body = github_body(before, after)
    head = "".join(f"{k}: {v}\r\n" for k, v in github_headers(place.secret, body).items())
    with socket.create_connection(("127.0.0.1", place.port)) as flying:
        flying.sendall(f"POST /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body[:50])
        ok(wait(lambda: receiver.metric("doorbell_") >= 0), "a request is under way")
        receiver.process.terminate()
        ok(wait(lambda: receiver.status("/readyz") == 503), "SIGTERM: it is not ready any more")
        ok("stopping" in receiver.get("/readyz")[1], "and says why", receiver.get("/readyz"))
        third = place.commit({"apps/web/a.yaml": "kind: drained\n"})
        equal(github(place, after, third), 202, "a sender who does not look at that is taken in, while the command is waited for")
        with open(go, "w"):
            pass
        ok(wait(lambda: not answers(place.port)), "once it has ended nobody can connect any more")
        flying.sendall(body[50:])
        flying.settimeout(10 * PATIENCE)
        equal(flying.recv(20)[:12], b"HTTP/1.1 202", "the request that was under way is answered")
    equal(receiver.process.wait(20 * PATIENCE), 0, "then the process ends with 0")
    equal(begun(), ["begun", "ended"], "the command came to its end")
    states = [t["state"] for d in place.deliveries() for p in place.show(d["id"])["pushes"] for t in p["triggers"]]
    ok("SENT" in states or "CONVERGED" in states, "and that is on record", states)
    with Receiver(place):
        ok(wait(lambda: begun().count("ended") == 2), "what was taken in then is rung after the next start", begun())
    os.remove(go)
    os.remove(marks)

    place.configure(targets=[target], drainTimeout="300ms")
    receiver = Receiver(place)
    before, after = third, place.commit({"apps/web/a.yaml": "kind: drain again\n"})
    github(place, before, after)
    ok(wait(lambda: "begun" in begun()), "another command is under way", receiver.log())
    equal(receiver.stop(), 0, "after drainTimeout the process ends all the same")
    left = place.show(place.deliveries()[0]["id"])["pushes"][0]["triggers"]
    count = len(begun())
    with open(go, "w"):
        pass
    with Receiver(place) as receiver:
        ok(wait(lambda: begun()[count:] and begun()[-1] == "ended"), "what was not finished is taken up at the next start",
           (begun(), left, receiver.log()))
    place.configure()


def test_full_journal(place):
    """The journal's ceiling, full of pushes that wait: 503 with Retry-After, never 2xx, and well again with room."""
    state = os.path.join(place.top, "small-state")
    away = [{"url": URL, "fetchUrl": "file://" + os.path.join(place.top, "away.git"), "defaultBranch": "main"}]
    place.configure(journalMaxBytes="1MiB", stateDirectory=state, repositories=away)
    padding = "x" * 60000
    accepted = set()
    with Receiver(place) as receiver:
        answer = None
        for _ in range(400):
            delivery = str(uuid.uuid4())
            body = github_body(place.head("HEAD~1"), place.head(), padding=padding)
            connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10 * PATIENCE)
            connection.request("POST", "/hooks/github", body, github_headers(place.secret, body, delivery=delivery))
            answer = connection.getresponse()
            answer.read()
            connection.close()
            if answer.status != 202:
                break
            accepted.add(delivery)
        equal(answer.status, 503, "a journal at its ceiling refuses with 503")
        ok(int(answer.getheader("Retry-After") or 0) > 0, "and Retry-After", answer.getheaders())
        more = [github(place, place.head("HEAD~1"), place.head(), padding=padding) for _ in range(10)]
        equal(set(more), {503}, "again and again, never 2xx")
        log = receiver.log()
        ok("raise journalMaxBytes" in log, "the log says why, and the cure", log[-1000:])
        note([l for l in log.splitlines() if "not stored" in l][:1])
        equal(receiver.status("/healthz"), 200, "the receiver is alive")
    size = sum(os.path.getsize(os.path.join(state, f)) for f in os.listdir(state) if f.startswith("journal.db"))
    note(f"{len(accepted)} deliveries of 60 KB before the ceiling; {size >> 10} KiB on disk")
    place.configure(journalMaxBytes="64MiB", stateDirectory=state, repositories=away)
    with Receiver(place):
        equal(github(place, place.head("HEAD~1"), place.head(), padding=padding), 202, "with more room it takes deliveries again")
        env = {**os.environ, "DOORBELL_STATE_DIRECTORY": state}
        stored = json.loads(run(DOORBELL, "deliveries", "--format", "json", "--limit", "1000", env=env).stdout)["deliveries"]
        equal(len(stored), len(accepted) + 1, "and everything that was accepted is there, nothing that was refused")
    place.configure()


def one_document(result):
    """Is standard output one JSON document?"""
    try:
        return isinstance(json.loads(result.stdout), dict)
    except ValueError:
        return False


def test_json(place):
    """--format json is one document, in success and in error."""
    with Receiver(place) as receiver:
        before, after = place.head(), place.commit({"apps/web/a.yaml": "kind: json\n"})
        github(place, before, after)
        wait(lambda: place.deliveries() and place.deliveries()[0]["status"] == "done")
        secret = os.path.join(place.top, "secret")
        url = f"http://127.0.0.1:{place.port}/hooks/github"
        send = ["send", "--as", "github", "--to", url, "--repository", URL, "--ref", "main", "--before", before, "--after",
                after, "--secret-file", secret]
        number = str(place.deliveries()[0]["id"])
        wrong = secret_file(os.path.join(place.top, "wrong"), "wrong\n")
        cases = [
            (0, ["check", "--config", place.config]),
            (78, ["check", "--config", place.config + ".missing"]),
            (0, ["deliveries"]),
            (64, ["deliveries", "--limit", "many"]),
            (64, ["deliveries", "--no-such-option"]),
            (0, ["show", number]),
            (2, ["show", "9999"]),
            (64, ["show"]),
            (2, ["show", "one"]),
            (64, ["show", "one", "two"]),
            (0, ["apps"]),
            (0, ["replay", number]),
            (2, ["replay", "9999"]),
            (0, send),
            (77, [w if w != secret else wrong for w in send]),
            (64, ["send", "--as", "nobody"]),
            (0, send + ["--dry-run"]),
            (0, ["explain", "--repo", place.work, "--url", URL, "--apps", place.apps, f"{before}..{after}"]),
            (2, ["explain", "--repo", place.work, "--url", URL, "--apps", place.apps, "no-such..HEAD"]),
            (2, ["explain", "--repo", place.top + "/nowhere", "--url", URL, "--apps", place.apps, f"{before}..{after}"]),
            (64, ["explain"]),
            (0, ["hook", "install", place.bare, "--socket", place.socket, "--secret-file", secret]),
            (78, ["hook", "status", place.bare]),
            (0, ["hook", "install", place.bare, "--socket", place.socket, "--secret-file", secret, "--source", "hook"]),
            (0, ["hook", "status", place.bare]),
            (0, ["hook", "uninstall", place.bare]),
            (66, ["hook", "install", place.top + "/nowhere", "--socket", place.socket, "--secret-file", secret]),
            (64, ["hook", "install"]),
        ]
        for status, arguments in cases:
            result = place.doorbell(*arguments, "--format", "json", check=False)
            shown = " ".join(a.replace(place.top, "TOP") for a in arguments[:3])
            ok(one_document(result), f"{shown}: one JSON document ({status})",
               f"{result.returncode}\n{result.stdout[:600]}\n{result.stderr[:600]}")
            ok(result.returncode == status, f"{shown}: status {status}", f"{result.returncode}\n{result.stdout}{result.stderr}")
            if status != 0 and one_document(result):
                error = json.loads(result.stdout).get("error") or {}
                ok(error.get("code") and error.get("message"), f"{shown}: the error has code and message", result.stdout)
                note(error.get("message"))
    for arguments in (["apps"], ["replay", number]):
        result = place.doorbell(*arguments, "--format", "json", check=False)
        ok(result.returncode == 69 and one_document(result), f"{arguments[0]} without a receiver: one JSON document, 69",
           f"{result.returncode}\n{result.stdout}{result.stderr}")
    for arguments in (["deliveries"], ["show", "1"], ["replay", "1"], ["apps"]):
        result = run(DOORBELL, *arguments, "--state-directory", place.top + "/none", "--format", "json", check=False)
        ok(result.returncode != 0 and one_document(result), f"{arguments[0]} of a state directory that is not there: one JSON document",
           f"{result.returncode}\n{result.stdout}{result.stderr}")
        note(json.loads(result.stdout)["error"]["message"] if one_document(result) else "")
    ok(place.secret not in receiver.log(), "no secret is in the log")


HELP = {"serve": ["--config", "--listen", "--quiet-window"], "check": ["--config", "--format"],
        "explain": ["--repo", "--apps", "--mode", "--format"], "deliveries": ["--source", "--failed", "--limit", "--format"],
        "show": ["--payload", "--format"], "apps": ["--state-directory", "--format"],
        "replay": ["--state-directory", "--format"], "send": ["--as", "--to", "--secret-file", "--dry-run", "--format"],
        "hook": ["install", "uninstall", "status", "deliver", "--socket", "--dry-run", "--format"]}


def test_no_core():
    """A core file would hold the secrets of all sources."""
    def unlimited():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.chdir(place.top)
    with small_place() as place:
        receiver = Receiver(place, limits=unlimited)
        receiver.process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(receiver.process.pid, 0)
        receiver.process.returncode = -os.WTERMSIG(status)
        ok(os.WIFSIGNALED(status) and not os.WCOREDUMP(status), "a receiver that is aborted leaves no core file")


def test_help():
    everything = run(DOORBELL, "--help").stdout
    for verb in VERBS:
        result = run(DOORBELL, verb, "--help", check=False)
        missing = [o for o in HELP[verb] if o not in result.stdout]
        ok(result.returncode == 0 and not missing and not result.stderr, f"{verb} --help has its options",
           (result.returncode, missing, result.stderr))
        ok(verb in everything, f"--help names {verb}")
        ok(all(len(l) <= 132 for l in result.stdout.splitlines()), f"{verb} --help fits a terminal")
        result = run(DOORBELL, verb, "--no-such-option", check=False)
        ok(result.returncode == 64 and "--no-such-option" in result.stdout + result.stderr,
           f"{verb} names an option it does not know", (result.returncode, result.stdout, result.stderr))
    result = run(DOORBELL, "shwo", check=False)
    ok(result.returncode == 64 and "'show'" in result.stderr, "a misspelt verb is told the right one")


def main():
    with small_place() as place:
        for test in (test_start, test_precedence):
            note(test.__name__)
            test(place)
    with small_place() as place:
        for test in (test_tls, test_drain, test_full_journal, test_json):
            note(test.__name__)
            test(place)
    test_help()
    test_no_core()
    done()


if __name__ == "__main__":
    main()

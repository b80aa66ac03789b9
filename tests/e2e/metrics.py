#!/usr/bin/env python3
"""What seldom happens at the door, each with its metric; and times that are what they say.  TAP.

Together with what other tests bring about it makes each metric occur in a run:
see tests/support/metrics_seen.py.
"""
import os
import resource
import socket
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

AWAY = "https://git.example.org/acme/away.git"
REFUSED = "doorbell_connections_refused_total"


def raw(port, *pieces, wait_for=30.0):
    """Send pieces (a number is a pause) and read to the end; what came back."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_for) as s:
        answer = b""
        try:
            for piece in pieces:
                if isinstance(piece, bytes):
                    s.sendall(piece)
                else:
                    time.sleep(piece)
            while chunk := s.recv(65536):
                answer += chunk
        except OSError:
            pass
        return answer.decode(errors="replace")


def status_of(answer):
    return int(answer.split()[1]) if answer.startswith("HTTP/") else 0


def refused(receiver, reason):
    return receiver.metric(f'{REFUSED}{{reason="{reason}"}}')


def head(line, *fields):
    return "\r\n".join((line, "Host: h") + fields + ("", "")).encode()


def test_codes(place, receiver):
    """Each status that a malformed request can get."""
    cases = (
        (411, head("POST /hooks/github HTTP/1.1", "X-GitHub-Event: push", "Content-Type: application/json",
                   "X-Hub-Signature-256: sha256=" + 64 * "0")),
        (414, head("GET /" + 3000 * "a" + " HTTP/1.1")),
        (417, head("POST /hooks/github HTTP/1.1", "Expect: a miracle")),
        (431, head("GET / HTTP/1.1", "X: " + 9000 * "a")),
        (501, head("POST /hooks/github HTTP/1.1", "Transfer-Encoding: gzip")),
        (505, head("GET / HTTP/2.0")),
    )
    for want, request in cases:
        equal(status_of(raw(place.port, request)), want, f"a request that deserves {want}")
        ok(receiver.metric(f'doorbell_http_requests_total{{handler="other",code="{want}"}}') +
           receiver.metric(f'doorbell_http_requests_total{{handler="webhook",code="{want}"}}') > 0, "is counted so")


def test_providers(place, receiver):
    """Each provider there is: a delivery is taken with the secret, and rejected with another one."""
    file = os.path.join(place.top, "a-secret")
    for name in providers():
        before = place.head()
        after = place.commit({"apps/web/a.yaml": f"kind: {name}\n"})
        send = ("send", "--as", name, "--to", f"http://127.0.0.1:{place.port}/hooks/as-{name}", "--repository", URL,
                "--ref", "main", "--before", before, "--after", after, "--secret-file", file)
        for secret in (place.secret, "not the secret at all"):
            secret_file(file, secret + "\n")
            series = (f'doorbell_deliveries_received_total{{provider="{name}",result="accepted"}}'
                      if secret == place.secret else
                      f'doorbell_deliveries_rejected_total{{provider="{name}",reason="signature"}}')
            count = receiver.metric(series)
            result = place.doorbell(*send, check=False)
            ok((result.returncode == 0) == (secret == place.secret), f"a delivery as {name}", result.stderr)
            equal(receiver.metric(series) - count, 1, f"... is counted: {series}")
        secret_file(file, place.secret + "\n")
        script = place.doorbell(*send, "--ref", "other", "--print-curl").stdout
        answer = run("sh", "-c", script.replace(" -i", " -o /dev/null -w %{http_code}")).stdout
        ok(answer == "202" and place.secret not in script, f"the curl command as {name} works, without the secret in it",
           answer + script)


def test_second_source(place, receiver):
    """The secret of the second source at the path for all: no rejection for the first."""
    before = receiver.metric("doorbell_deliveries_rejected_total")
    base = place.head()
    after = place.commit({"apps/web/a.yaml": "kind: second\n"})
    equal(github(place, base, after, secret="the secret of the second", path="/api/webhook"), 202,
          "a delivery of the second source")
    equal(receiver.metric("doorbell_deliveries_rejected_total"), before, "is no rejection of the first")


def test_slow_body(place, receiver):
    """How long a delivery took to be accepted counts from its first byte."""
    base = place.head()
    body = github_body(base, place.commit({"apps/web/a.yaml": "kind: slow\n"}))
    fields = [f"{k}: {v}" for k, v in github_headers(place.secret, body).items()]
    request = head("POST /hooks/github HTTP/1.1", f"Content-Length: {len(body)}", *fields)
    name = 'doorbell_delivery_accept_duration_seconds_sum{provider="github"}'
    before = receiver.metric(name)
    equal(status_of(raw(place.port, request, body[:10], 1.2, body[10:])), 202, "a delivery that comes slowly")
    ok(receiver.metric(name) - before >= 1.0, "took as long as it took", receiver.metric(name))


def test_damaged(place, receiver):
    """The commit processed last is gone: whoever follows the ref is rung, with that reason."""
    before = place.head()
    equal(github(place, before, place.commit({"apps/web/a.yaml": "kind: last\n"})), 202, "a push that is processed")
    ok(wait(lambda: place.deliveries()[0]["status"] != "working"), "and decided")
    place.git("checkout", "-q", "--orphan", "anew")
    last = place.head("main")
    place.git("commit", "-q", "-m", "anew")
    place.git("push", "-q", "--force", "origin", "anew:main")
    run("git", "--git-dir", place.bare, "reflog", "expire", "--expire=now", "--all")
    run("git", "--git-dir", place.bare, "gc", "-q", "--prune=now")
    equal(github(place, last, place.head()), 202, "a push after which it is gone")
    ok(wait(lambda: receiver.metric('doorbell_affected_fallback_total{reason="object"}') == 1), "has that reason",
       place.deliveries()[:2])


def test_no_room(place, receiver):
    """Bodies that take all memory there is for them, and no descriptor for one more caller."""
    large = head("POST /hooks/github HTTP/1.1", f"Content-Length: {25 << 20}", "Content-Type: application/json",
                 "X-GitHub-Event: push", "X-Hub-Signature-256: sha256=" + 64 * "0") + bytes(24 << 20)
    threads = [threading.Thread(target=raw, args=(place.port, large, 1.0)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ok(refused(receiver, "bodies") >= 1, "no memory for one more body is counted")
    descriptors = len(os.listdir(f"/proc/{receiver.process.pid}/fd"))
    full = resource.prlimit(receiver.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(receiver.process.pid, resource.RLIMIT_NOFILE, (descriptors, full[1]))
    callers = [socket.create_connection(("127.0.0.1", place.port)) for _ in range(3)]
    time.sleep(0.3)
    resource.prlimit(receiver.process.pid, resource.RLIMIT_NOFILE, full)
    for caller in callers:
        caller.close()
    ok(wait(lambda: refused(receiver, "descriptors") >= 1), "so is no descriptor")


def test_deadlines(place, receiver):
    """Everything that ends by its time, all at once."""
    slow = head("POST /hooks/github HTTP/1.1", "Content-Length: 100000", "Content-Type: application/json",
                "X-GitHub-Event: push", "X-Hub-Signature-256: sha256=" + 64 * "0") + b"{"
    unread = socket.socket(socket.AF_UNIX)
    unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    unread.connect(os.path.join(place.state, "control.sock"))
    unread.sendall(head("GET /applications HTTP/1.1"))
    answers = {}
    calls = {"head_deadline": (b"POST /hooks/gi",), "body_deadline": (slow,)}
    threads = [threading.Thread(target=lambda n=name, p=pieces: answers.update({n: raw(place.port, *p)}))
               for name, pieces in calls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal({n: status_of(a) for n, a in answers.items()},
          {"head_deadline": 408, "body_deadline": 408}, "who is late is told")
    for name in calls:
        ok(refused(receiver, name) >= 1, f"{name} is counted")
    ok(wait(lambda: refused(receiver, "reply_deadline") == 1, 15), "so is an answer that nobody reads")
    unread.close()


def test_proxy_and_handshake():
    """A proxy that does not say for whom it calls, and a handshake that does not go on."""
    with Place() as place:
        certificate(place.top)
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n"})
        place.configure(tls={"certFile": os.path.join(place.top, "server.crt"), "keyFile": os.path.join(place.top, "server.key")},
                        trustedProxies=["127.0.0.1"], proxyHeader="proxy-protocol", maxConnectionsPerAddress=1)
        with Receiver(place) as receiver:
            proxy = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"
            threads = [threading.Thread(target=raw, args=(place.port, piece)) for piece in (b"PROXY TC", proxy + b"\x16\x03\x01")]
            for thread in threads:
                thread.start()
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with socket.create_connection(("127.0.0.1", place.port), timeout=20) as s:
                s.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")
                with context.wrap_socket(s) as tls:
                    tls.sendall(head("GET / HTTP/1.1"))
                    equal(status_of(tls.recv(100).decode()), 429, "a second connection of one address")
            for thread in threads:
                thread.join()
            for reason in ("proxy_deadline", "handshake_deadline", "address_connections"):
                ok(wait(lambda r=reason: refused(receiver, r) >= 1, 15), f"{reason} is counted")


def main():
    other = threading.Thread(target=test_proxy_and_handshake)
    other.start()
    with Place() as place:
        place.app("web", "apps/web")
        for i in range(400):
            place.app(f"large-{i}", f"apps/{i}", targetRevision="x" * 1000)
        place.app("away", "apps/away", repoURL=AWAY)
        place.commit({"apps/web/a.yaml": "kind: 1\n"})
        settings = place.configure()
        second = secret_file(os.path.join(place.top, "second-secret"), "the secret of the second\n")
        sources = settings["sources"] + [
            {"name": "second", "provider": "github", "secretFiles": [second]}] + [
            {"name": f"as-{name}", "provider": name, "secretFiles": settings["sources"][0]["secretFiles"]}
            for name in providers()]
        away = {"url": AWAY, "fetchUrl": f"file://{place.top}/nowhere.git"}
        place.configure(sources=sources, repositories=settings["repositories"] + [away])
        with Receiver(place) as receiver:
            for test in (test_codes, test_providers, test_second_source, test_slow_body, test_damaged, test_no_room,
                         test_deadlines):
                note(test.__name__)
                test(place, receiver)
    other.join()
    done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Who may say what: sources bound to repositories, secrets, each sender's proof, sizes and forms.  TAP."""
import base64
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

SECRETS = {"hub-1": "first secret of the hub", "hub-2": "second secret of the hub", "lab": "a token of the lab",
           "tea": "a secret of the tea house", "forge": "a secret of the forge", "own": "a secret of our own"}
SIGNING = b"0123456789abcdef0123456789abcdef"
WHSEC = "whsec_" + base64.b64encode(SIGNING).decode()


def setup(place):
    files = {name: secret_file(os.path.join(place.top, name), text + "\n") for name, text in SECRETS.items()}
    files["whsec"] = secret_file(os.path.join(place.top, "whsec"), WHSEC + "\n")
    acme = ["git.example.org/acme/*"]
    place.configure(maxBodyBytes="64KiB", sources=[
        {"name": "hub", "provider": "github", "secretFiles": [files["hub-1"], files["hub-2"]], "repositories": acme},
        {"name": "lab", "provider": "gitlab", "secretFiles": [files["lab"]], "repositories": acme},
        {"name": "lab-signed", "provider": "gitlab", "signingTokenFiles": [files["whsec"]], "repositories": acme},
        {"name": "tea", "provider": "gitea", "secretFiles": [files["tea"]]},
        {"name": "forge", "provider": "forgejo", "secretFiles": [files["forge"]]},
        {"name": "own", "provider": "native", "secretFiles": [files["own"]]}])
    return files


def count(place):
    return place.deliveries()[0]["id"] if place.deliveries() else 0


def expect(place, status, name, path, body, headers, stored=None):
    """Post; the status, and whether a delivery is stored: by default exactly if it is 202."""
    before = count(place)
    got, text = post(place, path, body, headers)
    equal(got, status, name)
    equal(count(place) - before, int(status == 202 if stored is None else stored), f"{name}: " +
          ("stored" if (status == 202 if stored is None else stored) else "nothing is stored"))
    ok(not any(s in text for s in (*SECRETS.values(), WHSEC)), f"{name}: the answer shows no secret", text)


def hub(secret, body, **more):
    return {**github_headers(secret, body), **more}


def test_binding(place, before, after):
    first = SECRETS["hub-1"]

    def about(url, status, name, stored=None):
        body = github_body(before, after, url=url)
        expect(place, status, name, "/hooks/hub", body, hub(first, body), stored)

    about(URL, 202, "a repository that the source may speak of")
    ok(wait(lambda: place.rung() == ["web"]), "is rung", place.rings())
    about("https://git.example.org/evil/gitops.git", 403, "a repository that it may not speak of")
    about("https://git.example.org.evil.org/acme/gitops.git", 403, "a host that only begins alike")
    about("https://evil.org/git.example.org/acme/gitops.git", 403, "a path that only ends alike")
    about("https://git.example.org/acme/../evil/x.git", 403, "a path that leaves what it is bound to")
    about("git@git.example.org:acme/gitops.git", 202, "another spelling of the same repository")
    about("https://git.example.org/acme/unknown.git", 202, "a repository within its bounds that is not configured")
    ok("not configured" in place.show(count(place))["pushes"][0]["reason"], "is recorded as ignored, with the reason")
    body = github_body(before, after, repository={"clone_url": "https://git.example.org/evil/x.git", "html_url": URL[:-4],
                                                  "ssh_url": "git@git.example.org:evil/x.git"})
    got = post(place, "/hooks/hub", body, hub(first, body))[0]
    ok(got in (202, 403), f"a payload with two minds about its repository is taken for what it may speak of ({got})")
    stored = place.show(count(place))["pushes"][0]["repository"]
    ok("evil" not in stored, "never for the other", stored)


def test_secrets(place, before, after):
    for name in ("hub-1", "hub-2"):
        body = github_body(before, after)
        expect(place, 202, f"{name} is valid", "/hooks/hub", body, hub(SECRETS[name], body))
    right = hub(SECRETS["hub-1"], body)["X-Hub-Signature-256"]
    for signature, name in ((None, "no signature"), ("", "an empty one"), (right[:-1], "a short one"),
                            (right + "0", "a long one"), ("sha256=" + "0" * 64, "a wrong one"), (right[7:], "one without its name"),
                            ("sha1=" + hmac.new(SECRETS["hub-1"].encode(), body, hashlib.sha1).hexdigest(), "one of SHA-1")):
        headers = hub(SECRETS["hub-1"], body)
        del headers["X-Hub-Signature-256"]
        if signature is not None:
            headers["X-Hub-Signature-256"] = signature
        expect(place, 401, name, "/hooks/hub", body, headers)
    sha1 = {k: v for k, v in hub(SECRETS["hub-1"], body).items() if "Signature" not in k}
    sha1["X-Hub-Signature"] = "sha1=" + hmac.new(SECRETS["hub-1"].encode(), body, hashlib.sha1).hexdigest()
    expect(place, 401, "the old header with SHA-1 alone", "/hooks/hub", body, sha1)
    expect(place, 401, "another source's secret", "/hooks/hub", body, hub(SECRETS["tea"], body))
    expect(place, 401, "a body that was changed by one byte", "/hooks/hub", body + b" ", hub(SECRETS["hub-1"], body))
    expect(place, 401, "an empty secret's signature", "/hooks/hub", body, hub("", body))
    expect(place, 401, "a push for another provider's source", "/hooks/tea", body, hub(SECRETS["hub-1"], body))


def gitlab_body(before, after):
    return json.dumps({"object_kind": "push", "event_name": "push", "ref": "refs/heads/main", "before": before, "after": after,
                       "checkout_sha": after, "user_username": "ann",
                       "project": {"path_with_namespace": "acme/gitops", "git_http_url": URL, "default_branch": "main",
                                   "web_url": URL[:-4]}, "commits": [], "total_commits_count": 1}).encode()


def lab_signed(body, key=SIGNING, when=None, identity="msg_1", scheme="v1,"):
    when = str(int(time.time()) if when is None else when)
    digest = hmac.new(key, f"{identity}.{when}.".encode() + body, hashlib.sha256).digest()
    return {"X-Gitlab-Event": "Push Hook", "Content-Type": "application/json", "webhook-id": identity,
            "webhook-timestamp": when, "webhook-signature": scheme + base64.b64encode(digest).decode()}


def test_gitlab(place, before, after):
    body = gitlab_body(before, after)
    lab = {"X-Gitlab-Event": "Push Hook", "Content-Type": "application/json"}
    expect(place, 202, "GitLab's token", "/hooks/lab", body, {**lab, "X-Gitlab-Token": SECRETS["lab"]})
    expect(place, 401, "a wrong token", "/hooks/lab", body, {**lab, "X-Gitlab-Token": SECRETS["lab"] + "x"})
    expect(place, 401, "no token", "/hooks/lab", body, lab)
    expect(place, 202, "GitLab's signature", "/hooks/lab-signed", body, lab_signed(body))
    expect(place, 202, "one among several of a rotation", "/hooks/lab-signed", body,
           {**lab_signed(body, identity="msg_2"), "webhook-signature": "v1,AAAA v2,BBBB " +
            lab_signed(body, identity="msg_2")["webhook-signature"]})
    expect(place, 401, "a signature of another key", "/hooks/lab-signed", body, lab_signed(body, key=b"x" * 32))
    expect(place, 401, "a signature an hour old", "/hooks/lab-signed", body, lab_signed(body, when=int(time.time()) - 3600))
    expect(place, 401, "a signature of the day after", "/hooks/lab-signed", body, lab_signed(body, when=int(time.time()) + 86400))
    changed = lab_signed(body)
    changed["webhook-id"] = "msg_9"
    expect(place, 401, "a signature under another id", "/hooks/lab-signed", body, changed)
    expect(place, 401, "the token where signatures are configured", "/hooks/lab-signed", body,
           {**lab, "X-Gitlab-Token": SECRETS["lab"]})
    both = {**lab_signed(body, key=b"x" * 32), "X-Gitlab-Token": WHSEC}
    expect(place, 401, "a wrong signature with a token beside it", "/hooks/lab-signed", body, both)
    expect(place, 200, "the same delivery again", "/hooks/lab-signed", body, lab_signed(body), stored=False)


def test_gitea(place, before, after):
    body = github_body(before, after)
    for source, header in (("tea", "Gitea"), ("forge", "Forgejo")):
        def headers(secret, data=body):
            return {f"X-{header}-Event": "push", f"X-{header}-Delivery": str(uuid.uuid4()),
                    f"X-{header}-Signature": hmac.new(secret.encode(), data, hashlib.sha256).hexdigest(),
                    "Content-Type": "application/json"}
        expect(place, 202, f"{header}'s signature", f"/hooks/{source}", body, headers(SECRETS[source]))
        expect(place, 401, f"a wrong one of {header}", f"/hooks/{source}", body, headers("wrong"))
        unsigned = headers(SECRETS[source])
        unsigned[f"X-{header}-Signature"] = ""
        expect(place, 401, f"an empty one of {header}", f"/hooks/{source}", body, unsigned)


def test_native(place, files, before, after):
    def send(secret, number, *more):
        result = place.doorbell("send", "--as", "native", "--to", f"http://127.0.0.1:{place.port}/hooks/own", "--repository", URL,
                                "--ref", "main", "--before", before, "--after", after, "--secret-file", secret, "--id",
                                str(number), *more, check=False)
        return result.returncode

    start = count(place)
    equal(send(files["own"], 1), 0, "our own sender is accepted")
    equal(count(place), start + 1, "and stored")
    equal(send(files["own"], 1), 0, "the same id again is well")
    equal(count(place), start + 1, "and not stored again")
    ok(send(files["tea"], 2) not in (0, 64), "a wrong secret is not")
    equal(count(place), start + 1, "nothing is stored")


def test_form(place, before, after):
    payload = github_body(before, after)
    body = urllib.parse.urlencode({"payload": payload.decode()}).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    expect(place, 202, "GitHub's form", "/hooks/hub", body, hub(SECRETS["hub-1"], body, **form))
    expect(place, 401, "a form signed as if it were JSON", "/hooks/hub", body, hub(SECRETS["hub-1"], payload, **form))
    signature = hmac.new(SECRETS["tea"].encode(), payload, hashlib.sha256).hexdigest()
    expect(place, 202, "Gitea's form, signed before it became one", "/hooks/tea", body,
           {"X-Gitea-Event": "push", "X-Gitea-Delivery": str(uuid.uuid4()), "X-Gitea-Signature": signature, **form})
    expect(place, 400, "a form without payload", "/hooks/hub", b"a=b", hub(SECRETS["hub-1"], b"a=b", **form))
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    status = post(place, "/hooks/hub", body, hub(SECRETS["hub-1"], body, **multipart))[0]
    ok(status in (400, 415), f"another kind of form is refused ({status})")


def raw(place, data):
    """Send bytes, read what comes: the status line."""
    with socket.create_connection(("127.0.0.1", place.port), 10 * PATIENCE) as s:
        try:
            s.sendall(data)
        except OSError:
            pass
        answer = b""
        try:
            while b"\r\n" not in answer:
                piece = s.recv(4096)
                if not piece:
                    break
                answer += piece
        except OSError:
            pass
        return answer.split(b"\r\n")[0].decode()


def test_size(place, before, after):
    secret = SECRETS["hub-1"]
    fits = github_body(before, after, padding="")
    fits = github_body(before, after, padding="x" * (65536 - len(fits)))
    equal(len(fits), 65536, "a body exactly as large as maxBodyBytes")
    expect(place, 202, "it", "/hooks/hub", fits, hub(secret, fits))
    over = github_body(before, after, padding="x" * 65536)
    expect(place, 413, "a larger one", "/hooks/hub", over, hub(secret, over))
    head = "".join(f"{k}: {v}\r\n" for k, v in hub(secret, over).items())
    begun = time.monotonic()
    got = raw(place, f"POST /hooks/hub HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 40}\r\n{head}\r\n".encode())
    ok(" 413 " in got and time.monotonic() - begun < 5 * PATIENCE, "a terabyte is refused at its announcement", got)
    chunks = b"".join(b"1000\r\n" + over[i:i + 4096].ljust(4096) + b"\r\n" for i in range(0, 80000, 4096))
    got = raw(place, f"POST /hooks/hub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{head}\r\n".encode() + chunks + b"0\r\n\r\n")
    ok(" 413 " in got, "chunks that grow too large are refused", got)


def test_hostile(place, before, after):
    """Authentic, but not what a sender sends: 400, never 5xx, never stored."""
    secret = SECRETS["hub-1"]
    good = json.loads(github_body(before, after))
    bodies = {
        "no JSON": b"{", "an array": b"[]", "nothing": b"", "a number": b"1", "bytes that are no text": b'{"ref": "\xff\xfe"}',
        "ten thousand brackets": b"[" * 10000 + b"]" * 10000,
        "a ref that climbs": json.dumps({**good, "ref": "refs/heads/../../x"}).encode(),
        "a ref with a newline": json.dumps({**good, "ref": "refs/heads/a\nb"}).encode(),
        "a ref with a NUL": json.dumps({**good, "ref": "refs/heads/a\0b"}).encode(),
        "a ref like an option": json.dumps({**good, "ref": "--upload-pack=x"}).encode(),
        "an id that is none": json.dumps({**good, "after": "z" * 40}).encode(),
        "an id like an option": json.dumps({**good, "after": "--exec"}).encode(),
        "from nothing to nothing": json.dumps({**good, "before": ZERO, "after": ZERO}).encode(),
        "no repository": json.dumps({**good, "repository": {}}).encode(),
        "a repository that is a text": json.dumps({**good, "repository": URL}).encode(),
    }
    for name, body in bodies.items():
        start = count(place)
        status, text = post(place, "/hooks/hub", body, hub(secret, body))
        ok(status in (400, 403), f"{name}: refused ({status})", text)
        equal(count(place), start, f"{name}: nothing is stored")
    body = github_body(before, after)
    for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS"):
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
        connection.request(method, "/hooks/hub", body if method == "PUT" else None, hub(secret, body))
        equal(connection.getresponse().status, 405, f"{method} is 405")
        connection.close()
    for path in ("/", "/hooks", "/hooks/", "/hooks/hub/", "/hooks/hub/..", "//hooks/hub", "/hooks/%68ub", "/metrics", "/healthz",
                 "/deliveries"):
        equal(post(place, path, body, hub(secret, body))[0], 404, f"{path} is 404")


def refused_by_their_heads(place, receiver, before, after):
    """Each request that is refused before its body is read leaves a line that says why; many leave a few."""
    body = github_body(before, after)
    right = hub(SECRETS["hub-1"], body)
    bare = {k: v for k, v in right.items() if "Signature" not in k}
    sha1 = {"X-Hub-Signature": "sha1=" + hmac.new(SECRETS["hub-1"].encode(), body, hashlib.sha1).hexdigest()}
    for path, headers, status, reason in (
            ("/hooks/nobody", right, 404, "no source has this path"),
            ("/hooks/hub", {**right, "Content-Type": "text/plain"}, 415, "content type"),
            ("/hooks/hub", bare, 401, "set the secret of the webhook"),
            ("/hooks/hub", {**bare, **sha1}, 401, "SHA-1 only"),
            ("/hooks/hub", {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": "x"}, 401, "headers of gitlab"),
            ("/api/webhook", {"X-Gogs-Event": "push", "X-Gogs-Delivery": "1"}, 401, "no source of gogs"),
            ("/api/webhook", {}, 401, "no header says")):
        equal(post(place, path, body, headers)[0], status, f"{path}: {status}")
        line = [l for l in receiver.log().splitlines() if "request refused" in l][-1]
        ok(reason in line and f"status={status} " in line and f"path={path} " in line, f"... {reason}", line)
    request = http.client.HTTPConnection("127.0.0.1", place.port)
    request.request("GET", "/hooks/hub", headers=right)
    equal(request.getresponse().status, 405, "GET: 405")
    ok("deliveries are sent with POST" in receiver.log(), "... deliveries are sent with POST", receiver.log())
    for _ in range(50):
        post(place, "/hooks/nobody", b"", {})
    lines = [l for l in receiver.log().splitlines() if "status=404 " in l]
    ok(len(lines) < 12, "of fifty strangers a few are told", len(lines))


def main():
    with Place() as place:
        place.app("web", "apps/web")
        before = place.commit({"apps/web/a.yaml": "kind: 1\n"})
        after = place.commit({"apps/web/a.yaml": "kind: 2\n"})
        files = setup(place)
        with Receiver(place) as receiver:
            for test, *more in ((test_binding,), (test_secrets,), (test_gitlab,), (test_gitea,), (test_native, files),
                                (test_form,), (test_size,), (test_hostile,)):
                note(test.__name__)
                test(place, *more, before, after)
            log = receiver.log()
            ok(not any(s in log for s in (*SECRETS.values(), WHSEC)), "no secret is in the log")
            ok(wait(lambda: all(d["status"] != "working" for d in place.deliveries("--limit", "100")), 20),
               "everything that was accepted comes to its end")
            equal(receiver.metric("doorbell_reader_restarts_total"), 0, "no reader died of it")
        with Receiver(place) as receiver:
            note("refused_by_their_heads")
            refused_by_their_heads(place, receiver, before, after)
            ok(not any(s in receiver.log() for s in (*SECRETS.values(), WHSEC)), "no secret is in the log")
    done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The status listener as a browser and a scraper see it; what is answered at the two ends of a ceiling.  TAP."""
import http.client
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def connect(place):
    return http.client.HTTPConnection("127.0.0.1", place.status_port, timeout=10)


def ask(connection, path, method="GET", **headers):
    """Status, headers and body; the connection is what http.client makes of it."""
    connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def test_several_requests(place):
    """A scraper keeps its connection; a webhook may not."""
    connection = connect(place)
    connection.connect()
    socket = connection.sock
    for _ in range(5):
        equal(ask(connection, "/metrics")[0], 200, "a scrape on the connection of the one before")
        ok(connection.sock is socket, "which is still open")
    connection.close()
    public = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
    equal(ask(public, "/nothing")[1]["Connection"], "close", "the public listener ends each connection")


def test_page(place):
    connection = connect(place)
    status, headers, body = ask(connection, "/")
    text = body.decode()
    equal(status, 200, "the first page is there")
    equal(headers["Content-Security-Policy"].split(";")[0], "default-src 'none'", "it may load nothing but")
    ok("style-src 'self'" in headers["Content-Security-Policy"], "our style sheet")
    ok("<script" not in text and "style=" not in text, "nothing in it needs more than that")
    ok("ok journal" in text and "Health</a>: ok" in text and "Readiness</a>: ready" in text, "it says how we are", text)
    style = re.search(r'href="(/assets/doorbell-[0-9a-f]{16}\.css)"', text)
    ok(style is not None, "its style sheet has a digest in its path", text)
    status, headers, body = ask(connection, style[1])
    with open(os.path.join(ROOT, "receiver", "ui", "doorbell.css"), "rb") as file:
        equal((status, body), (200, file.read()), "the style sheet is that of the source")
    ok("immutable" in headers["Cache-Control"], "a browser may keep it")
    status, again, body = ask(connection, style[1], If_None_Match=headers["ETag"])
    equal((status, body, again["ETag"]), (304, b"", headers["ETag"]), "who has it is not sent it again")
    equal(ask(connection, style[1], If_None_Match='"0"')[0], 200, "who has another one is")
    equal(ask(connection, "/assets/doorbell-0000000000000000.css")[0], 404, "another version is not there")
    status, _, body = ask(connection, "/", "HEAD")
    equal((status, body), (200, b""), "HEAD has no body")
    equal(ask(connection, "/", "POST")[0], 405, "nothing can be sent there")
    equal(ask(connection, "/healthz?%zz")[0], 400, "a query that cannot be read is refused")


def test_large_body_at_the_path_for_all(place):
    """Where any secret may fit, a body of strangers may not be large."""
    body = b"{" + b" " * (1 << 20) + b"}"
    for path, want in (("/api/webhook", 413), ("/hooks/github", 400)):
        equal(post(place, path, body, github_headers(place.secret, body))[0], want,
              f"a signed body of 1 MB and two bytes at {path}")


def test_durations(place, receiver):
    """Each route has its requests and their durations."""
    for route in ("page", "healthz", "readyz", "metrics", "webhook"):
        ok(receiver.metric(f'doorbell_http_request_duration_seconds_count{{handler="{route}"}}') > 0,
           f"requests of {route} are timed")
    equal(receiver.metric('doorbell_http_requests_total{handler="webhook",code="413"}'), 1, "and counted by status")


def main():
    with Place() as place:
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n"})
        place.configure()
        with Receiver(place) as receiver:
            for test in (test_several_requests, test_page, test_large_body_at_the_path_for_all):
                note(test.__name__)
                test(place)
            note("test_durations")
            test_durations(place, receiver)
    done()


if __name__ == "__main__":
    main()

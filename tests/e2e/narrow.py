#!/usr/bin/env python3
"""The narrow way, whole: from a push to the applications it touched.  TAP."""
import os
import pty
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403


def settled(place):
    """All deliveries and triggers have come to their end."""
    return wait(lambda: all(d["status"] != "working" for d in place.deliveries()), 15)


def newest(place):
    return place.show(place.deliveries()[0]["id"])


def test_github(place, receiver):
    before = place.head()
    after = place.commit({"apps/web/a.yaml": "kind: 2\n"})
    body = github_body(before, after)
    headers = github_headers(place.secret, body, delivery="one")
    equal(post(place, "/hooks/github", body, headers)[0], 202, "a signed GitHub push is accepted")
    ok(wait(lambda: place.rung() == ["web"]), "exactly the application it touched is rung", place.rings())
    equal(place.rings()[0][2:], (before, after), "the target is told from where to where")
    equal(post(place, "/hooks/github", body, headers)[0], 200, "the same delivery again is answered 200")
    equal(len(place.deliveries()), 1, "and is not stored again")
    equal(github(place, before, after, secret="wrong"), 401, "a wrong secret is 401")
    equal(github(place, before, after, path="/hooks/nobody"), 404, "an unknown source is 404")
    equal(github(place, before, after, path="/api/webhook", delivery="two"), 202,
          "Argo CD's own path is understood, the sender told by its headers")
    settled(place)
    equal(len(place.rings()), 1, "a late repeat of a push that was processed rings nobody")
    record = newest(place)
    equal(record["pushes"][0]["reason"], "this commit was processed already", "and the record says why")
    body = b'{"zen": "Keep it simple."}'
    equal(post(place, "/hooks/github", body, github_headers(place.secret, body, "ping"))[0], 200, "a ping is answered 200")
    body = b'{"ref": 7}'
    equal(post(place, "/hooks/github", body, github_headers(place.secret, body))[0], 400,
          "what is authentic but no push is 400")


def test_refs(place, receiver):
    base = place.head()
    rung = len(place.rings())
    after = place.commit({"docs/x.md": "x\n"})
    github(place, base, after)
    settled(place)
    record = newest(place)
    equal(len(place.rings()), rung, "an unrelated push triggers nothing")
    ok("no changed path is an input" in record["pushes"][0]["reason"], "and says why", record)

    empty = place.commit({}, "empty")
    github(place, after, empty)
    settled(place)
    equal(newest(place)["pushes"][0]["reason"], "the push changes no file", "an empty commit triggers nothing")

    place.git("branch", "feature")
    place.git("push", "-q", "origin", "feature")
    github(place, ZERO, empty, ref="refs/heads/feature")
    settled(place)
    equal(newest(place)["pushes"][0]["reason"], "no application follows this ref",
          "a new branch that nobody follows is ignored")

    tagged = place.commit({"apps/tagged/t.yaml": "kind: 2\n"})
    place.git("tag", "-a", "-m", "v", "v1.2.0")
    place.git("push", "-q", "origin", "v1.2.0")
    github(place, empty, tagged)
    github(place, ZERO, place.head("v1.2.0"), ref="refs/tags/v1.2.0")
    ok(wait(lambda: "tagged" in place.rung()), "a new annotated tag rings the application whose range has it",
       receiver.log())

    settled(place)
    # A forced push that drops the last change: only what differs between the trees counts.
    place.git("reset", "-q", "--hard", base)
    forced = place.commit({"apps/api/b.yaml": "kind: 3\n"}, push=False)
    place.git("push", "-q", "--force", "origin", "HEAD:main")
    rung = len(place.rings())
    github(place, tagged, forced)
    settled(place)
    names = sorted(r[1].split("/")[-1] for r in place.rings()[rung:])
    equal(names, ["api"], "a forced push rings what differs between the trees")

    github(place, forced, "1" * 40)
    ok(wait(lambda: newest(place)["pushes"][0]["state"] == "WAITING"), "a commit that is not there yet is waited for",
       newest(place))
    # The ref moves on meanwhile: the push that waits is decided with the news.
    after = place.commit({"apps/web/a.yaml": "kind: 9\n"})
    github(place, forced, after)
    rung = len(place.rings())
    ok(wait(lambda: settled(place) and place.rings()[-1][3] == after), "and decided with the next push", place.rings())

    place.git("push", "-q", "origin", ":v1.2.0")
    github(place, tagged, ZERO, ref="refs/tags/v1.2.0")
    settled(place)
    ok("deleted" in newest(place)["pushes"][0]["reason"], "a deleted tag rings those that followed it, and says so",
       newest(place))


def test_hook(place, receiver):
    place.install_hook()
    place.write("apps/web/a.yaml", "kind: 10\n")
    place.write("apps/api/b.yaml", "kind: 10\n")
    place.git("commit", "-qam", "both")
    pushed = place.git("push", "origin", "HEAD:main").stderr
    ok("doorbell: 2 of 3 applications: api, web" in pushed, "the person who pushes is told which", pushed)
    settled(place)
    equal(newest(place)["source"], "hook", "the hook's delivery is on record")
    place.git("branch", "-f", "two")
    place.git("tag", "light")
    pushed = place.git("push", "origin", "two", "light", "HEAD:main").stderr
    settled(place)
    equal(len(newest(place)["pushes"]), 2, "many refs of one push are one delivery")
    for path in ("hooks/post-receive",):
        os.remove(os.path.join(place.bare, path))


def test_replay(place, receiver):
    first = [d for d in place.deliveries() if d["affected"]][-1]
    rung = len(place.rings())
    result = place.doorbell("replay", str(first["id"]))
    ok(wait(lambda: len(place.rings()) > rung), "a replay rings again what the delivery rang", result.stdout)
    settled(place)
    ok("repeat" in newest(place)["pushes"][0]["reason"], "and says that it is a repeat", newest(place))
    apps = json.loads(place.doorbell("apps", "--format", "json").stdout)
    equal(sorted(a["application"] for a in apps["applications"]), ["argocd/api", "argocd/tagged", "argocd/web"],
          "apps lists what the receiver knows")
    equal(place.doorbell("replay", "99999", check=False).returncode, 2, "a replay of nothing fails")


def test_names(place, receiver):
    """A delivery is found by the sender's id and by a commit, and its lines of the log by any of the three."""
    before = place.head()
    after = place.commit({"apps/web/a.yaml": "kind: named\n"})
    github(place, before, after, delivery="an-id-of-the-sender")
    settled(place)
    number = str(place.deliveries()[0]["id"])
    for name in ("an-id-of-the-sender", after, after[:7], number, "delivery/" + number):
        ok(f"delivery {number} " in place.doorbell("show", name).stdout, f"show {name}")
    for name in ("an-id-of-the-sender", after[:9]):
        equal([d["id"] for d in place.deliveries(name)], [int(number)], f"deliveries {name}")
    github(place, before, after)
    settled(place)
    result = place.doorbell("show", after, check=False)
    ok(result.returncode == 2 and number in result.stderr, "a commit of two deliveries is not guessed", result.stderr)
    equal(place.doorbell("show", after[:6], check=False).returncode, 2, "six digits are no commit")
    lines = [l for l in receiver.log().splitlines() if f"delivery={number} " in l]
    ok(all("sender_id=an-id-of-the-sender" in l for l in lines), "each line has the sender's id, too", lines)
    equal(sorted({l.split("msg=")[1].split()[0] for l in lines}), ["affected", "delivery", "push", "trigger"],
          "from the delivery to the trigger, with each application for who wants to know all")
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(DOORBELL, [DOORBELL, "deliveries"], {**os.environ, "DOORBELL_STATE_DIRECTORY": place.state, "COLUMNS": "80"})
    shown = b""
    try:
        while chunk := os.read(fd, 65536):
            shown += chunk
    except OSError:
        pass
    os.waitpid(pid, 0)
    ok("…" in shown.decode() and "/acme/gitops" in shown.decode(), "at 80 columns the host is cut, not the name", shown.decode())


def test_same(place, receiver):
    """What reads a changed path and is rendered to the same is on record, alone and beside others."""
    place.commit({"apps/kust/kustomization.yaml": "resources: [c.yaml]\n", "apps/kust/c.yaml": "kind: A\n"})
    place.app("kust", "apps/kust")
    receiver.process.send_signal(signal.SIGHUP)
    ok(wait(lambda: "kust" in place.doorbell("apps").stdout), "an application is added")
    for files, rung, paths in (({"apps/kust/kustomization.yaml": "# a\nresources: [c.yaml]\n"}, [], 1),
                               ({"apps/kust/kustomization.yaml": "# b\nresources: [c.yaml]\n",
                                 "apps/web/a.yaml": "kind: beside\n"}, ["argocd/web"], 2)):
        before = place.head()
        after = place.commit(files)
        github(place, before, after)
        settled(place)
        record = newest(place)["pushes"][0]
        equal([t["application"] for t in record["triggers"]], rung, f"{paths} paths: rung")
        equal(record["decision"]["paths"], sorted("M " + f for f in files), "... the changed paths")
        equal([(s["application"], s["reasons"][0]["path"]) for s in record["decision"]["same"]],
              [("argocd/kust", "apps/kust/kustomization.yaml")], "... and what is rendered to the same")
    text = place.doorbell("show", str(place.deliveries()[1]["id"])).stdout
    ok("is rendered to the same" in text and "rendered to the same: argocd/kust\n" in text and
       "    M apps/kust/kustomization.yaml\n" in text, "show tells all of it", text)
    many = {f"docs/{i:04}.md": "a\n" for i in range(1100)}
    before = place.head()
    github(place, before, place.commit(many))
    settled(place)
    text = place.doorbell("show", str(place.deliveries()[0]["id"])).stdout
    ok(text.count("    A docs/") == 1000 and "    and 100 more\n" in text, "of many the first thousand", text[:300])


def test_status(place, receiver):
    equal(receiver.status("/healthz"), 200, "healthz")
    equal(receiver.status("/readyz"), 200, "readyz")
    ok(receiver.metric('doorbell_deliveries_received_total{provider="github",result="accepted"}') > 3,
       "deliveries are counted", receiver.get("/metrics")[1])
    ok(receiver.metric("doorbell_triggers_total") > 3, "triggers are counted")
    log = receiver.log()
    ok(place.secret not in log, "no secret is in the log")


def main():
    with Place() as place:
        place.app("web", "apps/web")
        place.app("api", "apps/api")
        place.app("tagged", "apps/tagged", targetRevision="1.*")
        place.commit({"apps/web/a.yaml": "kind: 1\n", "apps/api/b.yaml": "kind: 1\n", "apps/tagged/t.yaml": "kind: 1\n"})
        place.configure(fetchRetryFirst="1s", fetchRetryMax="2s", logLevel="debug")
        with Receiver(place) as receiver:
            for test in (test_github, test_refs, test_hook, test_replay, test_names, test_same, test_status):
                note(test.__name__)
                test(place, receiver)
        ok("level=error" not in receiver.log(), "no error was logged", receiver.log())
        equal(place.doorbell("replay", "1", check=False).returncode, 69, "without a receiver, replay says so")
    done()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The configuration and the applications change while the receiver runs.  TAP."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

OK_METRIC = "doorbell_config_last_reload_successful"
RELOADS = 200
SECOND_URL = "https://git.example.org/acme/second.git"


def reloads(receiver):
    return receiver.log().count('msg="configuration reloaded"')


def hang_up(receiver):
    """SIGHUP, and wait until it has been done."""
    before = reloads(receiver)
    receiver.process.send_signal(signal.SIGHUP)
    return wait(lambda: reloads(receiver) > before)


def known(place):
    text = place.doorbell("apps", "--format", "json").stdout
    return sorted(a["application"].split("/")[-1] for a in json.loads(text)["applications"])


def ring(place, receiver, files, name):
    """Push files; true if exactly the application named is rung for it."""
    before = place.head()
    after = place.commit(files)
    if github(place, before, after) != 202:
        return False
    wait(lambda: place.deliveries()[0]["status"] != "working")
    return [r[1].split("/")[-1] for r in place.rings() if r[3] == after] == [name]


def test_new_things(place, receiver):
    """A source, a repository, an application and a target that were not there."""
    other = os.path.join(place.top, "second.git")
    run("git", "clone", "-q", "--bare", place.work, other)
    run("git", "--git-dir", other, "update-ref", "refs/heads/main", place.head())
    before = place.head()
    after = place.commit({"apps/second/a.yaml": "kind: 1\n"})
    run("git", "--git-dir", other, "fetch", "-q", place.bare, "+main:main")
    equal(github(place, before, after, path="/hooks/second"), 404, "a source that is not configured is 404")
    more = os.path.join(place.top, "more")
    os.mkdir(more)
    with open(os.path.join(more, "second.json"), "w") as file:
        json.dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                   "metadata": {"name": "second", "namespace": "argocd"},
                   "spec": {"project": "default", "source": {"repoURL": SECOND_URL, "targetRevision": "main",
                                                             "path": "apps/second"}}}, file)
    secret = secret_file(os.path.join(place.top, "second-secret"), "another secret\n")
    settings = place.configure()
    place.configure(
        sources=settings["sources"] + [{"name": "second", "provider": "github", "secretFiles": [secret]}],
        repositories=settings["repositories"] + [{"url": SECOND_URL, "path": other, "defaultBranch": "main"}],
        applications=settings["applications"] + [{"directory": more}],
        targets=[{"name": "new", "exec": {"command": place.ring_command()}}])
    ok(hang_up(receiver), "SIGHUP loads the configuration again", receiver.log())
    equal(github(place, before, after, path="/hooks/second", url=SECOND_URL, secret="another secret"), 202,
          "a new source takes deliveries")
    ok(wait(lambda: place.rung() == ["second"]), "a new application of a new repository is rung", receiver.log())
    taken = place.deliveries("--source", "second")[0]
    equal(place.show(taken["id"])["pushes"][0]["triggers"][0]["target"], "new", "at the new target")
    place.configure()
    ok(hang_up(receiver), "SIGHUP takes them away again")
    equal(github(place, before, after, path="/hooks/second", secret="another secret"), 404, "the source is gone")
    equal(known(place), ["web"], "and the application")


def bad_file(place, text):
    with open(place.config + ".new", "w") as file:
        file.write(text)
    os.rename(place.config + ".new", place.config)


def test_bad_file(place, receiver):
    with open(place.config) as file:
        good = file.read()
    for text, where, what in (
            ("listen: [\n  unclosed\n", f"{place.config}:", "no YAML"),
            (good.replace('"quietWindow"', '"quietWindw"'), "did you mean 'quietWindow'", "a misspelt key"),
            (good.replace('"20ms"', '"soon"'), "quietWindow", "a value that is none"),
            (good.replace("/secret\"", "/no-such-file\""), "no-such-file", "a secret that is not there"),
            (good.replace('"provider": "github"', '"provider": "githup"'), "githup", "an unknown provider"),
            ("", f"{place.config}", "nothing")):
        begun = len(receiver.log())
        bad_file(place, text)
        ok(wait(lambda: "configuration not reloaded" in receiver.log()[begun:]), f"{what}: is noticed without a signal",
           receiver.log()[begun:])
        log = receiver.log()[begun:]
        problem = [l for l in log.splitlines() if "problem=" in l]
        note(problem[0][problem[0].index("problem="):] if problem else "no problem line")
        ok(problem and where in problem[0], f"{what}: the log says what", log)
        ok(any(f"{place.config}:{n}" in l for l in problem for n in range(1, 99)) or not text,
           f"{what}: and where, by line", log)
        equal(receiver.metric(OK_METRIC), 0, f"{what}: the metric is 0")
        ok(ring(place, receiver, {"apps/web/a.yaml": f"kind: {what}\n"}, "web"), f"{what}: the old one goes on working")
    begun = len(receiver.log())
    bad_file(place, good)
    ok(wait(lambda: receiver.metric(OK_METRIC) == 1), "a good file makes the metric 1 again", receiver.log()[begun:])


def test_config_map(top):
    """A directory as Kubernetes mounts it: files are links through ..data, which is swapped."""
    with Place() as place:
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n"})
        mount = os.path.join(place.top, "mount")
        os.mkdir(mount)

        def publish(version, secret, **settings):
            directory = os.path.join(mount, f"..{version}")
            os.mkdir(directory)
            place.config = os.path.join(directory, "doorbell.yaml")
            place.configure(sources=[{"name": "github", "provider": "github",
                                      "secretFiles": [os.path.join(mount, "secret")]}], **settings)
            secret_file(os.path.join(directory, "secret"), secret)
            os.symlink(f"..{version}", os.path.join(mount, "..data_tmp"))
            os.rename(os.path.join(mount, "..data_tmp"), os.path.join(mount, "..data"))

        publish("2026_1", "the first secret")
        for name in ("doorbell.yaml", "secret"):
            os.symlink(f"..data/{name}", os.path.join(mount, name))
        place.config = os.path.join(mount, "doorbell.yaml")
        with Receiver(place) as receiver:
            before = place.head()
            after = place.commit({"apps/web/a.yaml": "kind: 2\n"})
            equal(github(place, before, after, secret="the first secret"), 202, "a mounted directory is read")
            publish("2026_2", "the second secret", quietWindow="30ms")
            shutil.rmtree(os.path.join(mount, "..2026_1"))
            place.config = os.path.join(mount, "doorbell.yaml")
            ok(wait(lambda: reloads(receiver) == 1), "the swap of ..data is noticed", receiver.log())
            equal(github(place, before, after, secret="the second secret"), 202, "the new secret is valid")
            equal(github(place, before, after, secret="the first secret"), 401, "the old one is not")
            os.mkdir(os.path.join(mount, "..2026_3"))
            with open(os.path.join(mount, "..2026_2", "doorbell.yaml")) as file:
                config = file.read()
            with open(os.path.join(mount, "..2026_3", "doorbell.yaml"), "w") as file:
                file.write(config)
            secret_file(os.path.join(mount, "..2026_3", "secret"), "the third secret")
            os.symlink("..2026_3", os.path.join(mount, "..data_tmp"))
            os.rename(os.path.join(mount, "..data_tmp"), os.path.join(mount, "..data"))
            ok(wait(lambda: github(place, before, after, secret="the third secret") == 202, 10, 0.1),
               "a swap that changes nothing but the secret counts, too", receiver.log())
            ok("the third secret" not in receiver.log(), "no secret is in the log")


def test_rotation(place, receiver):
    before = place.head()
    after = place.commit({"apps/web/a.yaml": "kind: rotation\n"})
    old = os.path.join(place.top, "secret")
    new = secret_file(os.path.join(place.top, "secret.2"), "the next secret\n")

    def with_secrets(*files):
        place.configure(sources=[{"name": "github", "provider": "github", "secretFiles": list(files)}])
        return hang_up(receiver)

    ok(with_secrets(old, new), "a second secret is added")
    equal([github(place, before, after, secret=s) for s in (place.secret, "the next secret")], [202, 202],
          "both are valid at once")
    ok(with_secrets(new), "the first is taken away")
    equal([github(place, before, after, secret=s) for s in (place.secret, "the next secret")], [401, 202],
          "then it is refused")
    place.configure()
    hang_up(receiver)


def slow_sender(place, body, over, result):
    """A request whose body comes in pieces as long as the reloads last."""
    head = "".join(f"{k}: {v}\r\n" for k, v in github_headers(place.secret, body).items())
    with socket.create_connection(("127.0.0.1", place.port)) as s:
        s.sendall(f"POST /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode())
        for byte in body[:-1]:
            s.sendall(bytes([byte]))
            if not over.is_set():
                time.sleep(0.005)
        s.sendall(body[-1:])
        s.settimeout(10 * PATIENCE)
        result.append(s.recv(200).split(b"\r\n")[0].decode())


def test_under_load(place, receiver):
    """200 reloads while requests come as fast as one sender can."""
    before, after = place.head(), place.head()
    place.configure(logLevel="info")
    body = github_body(before, after)
    over = threading.Event()
    statuses, slow = [], []

    def load():
        while not over.is_set():
            statuses.append(github(place, before, after))

    senders = [threading.Thread(target=load) for _ in range(4)]
    senders.append(threading.Thread(target=slow_sender, args=(place, body, over, slow)))
    stored = place.deliveries()[0]["id"]
    for sender in senders:
        sender.start()
    begun = time.monotonic()
    done_reloads = sum(bool(hang_up(receiver)) for _ in range(RELOADS))
    took = time.monotonic() - begun
    over.set()
    for sender in senders:
        sender.join()
    note(f"{done_reloads} reloads and {len(statuses)} deliveries in {took:.1f} s")
    equal(done_reloads, RELOADS, "200 reloads under load are done")
    equal({s: statuses.count(s) for s in set(statuses)}, {202: len(statuses)}, "no request is dropped or refused")
    equal(slow, ["HTTP/1.1 202 Accepted"], "a request that was under way all the time is accepted")
    # Numbers have no gaps.
    equal(place.deliveries()[0]["id"] - stored, len(statuses) + 1, "each of them is stored once")


def test_manifests(place, receiver):
    place.commit({"apps/new/a.yaml": "kind: 1\n", "apps/moved/a.yaml": "kind: 1\n"})
    place.app("new", "apps/new")
    ok(wait(lambda: known(place) == ["new", "web"]), "a new manifest on disk is picked up", receiver.log()[-2000:])
    github(place, place.head("HEAD~1"), place.head())
    ok(ring(place, receiver, {"apps/new/a.yaml": "kind: 2\n"}, "new"), "and its application rung", place.rings())
    place.app("new", "apps/moved")
    path = os.path.join(place.apps, "new.json")
    ok(wait(lambda: ring(place, receiver, {"apps/moved/a.yaml": f"kind: {time.monotonic()}\n"}, "new"), 5),
       "a changed manifest is picked up", place.rings())
    begun = len(receiver.log())
    with open(path) as file:
        good = file.read()
    with open(path, "w") as file:
        file.write(good.replace('"spec": {', '"spec": [[['))
    ok(wait(lambda: path + ":" in receiver.log()[begun:]), "a broken manifest is named with its line",
       receiver.log()[begun:])
    note([l for l in receiver.log()[begun:].splitlines() if path in l][0])
    ok(f'problem="{path}:1:' in receiver.log()[begun:], "with line and column")
    equal(known(place), ["new", "web"], "and what was read before is kept")
    result = place.doorbell("apps")
    ok(path + ":" in result.stderr, "apps names it, too", result.stderr)
    ok(hang_up(receiver), "a reload meanwhile")
    equal(known(place), ["new", "web"], "keeps it as well")
    ok(ring(place, receiver, {"apps/moved/a.yaml": "kind: broken\n"}, "new"), "its application is still rung",
       json.dumps(place.show(place.deliveries()[0]["id"])["pushes"], indent=1) + receiver.log()[-3000:])
    with open(path, "w") as file:
        file.write(good)
    ok(wait(lambda: not place.doorbell("apps").stderr), "a mended manifest has no problem any more")
    os.remove(path)
    ok(wait(lambda: known(place) == ["web"]), "a removed manifest takes its application along", known(place))


def main():
    with Place() as place:
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n"})
        place.config = os.path.join(place.top, "etc", "doorbell.yaml")
        os.mkdir(os.path.dirname(place.config))
        place.configure()
        with Receiver(place) as receiver:
            for test in (test_new_things, test_bad_file, test_rotation, test_manifests, test_under_load):
                note(test.__name__)
                test(place, receiver)
        ok(place.secret not in receiver.log() and "the next secret" not in receiver.log(), "no secret is in the log")
        note("test_config_map")
        test_config_map(place.top)
    done()


if __name__ == "__main__":
    main()

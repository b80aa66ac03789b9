#!/usr/bin/env python3
"""One repository, several addresses and spellings: each sender says some of them, applications others.  TAP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

SSH = "ssh://git@git.example.org:2222/acme/gitops.git"
BELOW = "https://git.example.org/forge/acme/gitops"
HUBS = ("github", "gitea", "forgejo", "gogs")


def digest(place, body):
    return hmac.new(place.secret.encode(), body, hashlib.sha256).hexdigest()


def hub(place, provider, urls, before, after):
    body = json.dumps({"ref": "refs/heads/main", "before": before, "after": after, "repository": {
        "ssh_url": urls[0], "clone_url": urls[1], "html_url": urls[1], "default_branch": "main"}}).encode()
    name = {"github": "GitHub"}.get(provider, provider.capitalize())
    signature = {"X-Hub-Signature-256": "sha256=" + digest(place, body)} if provider == "github" else \
                {f"X-{name}-Signature": digest(place, body)}
    return post(place, f"/hooks/{provider}", body, {f"X-{name}-Event": "push", f"X-{name}-Delivery": str(uuid.uuid4()),
                                                    "Content-Type": "application/json", **signature})[0]


def gitlab(place, urls, before, after):
    body = json.dumps({"object_kind": "push", "ref": "refs/heads/main", "before": before, "after": after, "project": {
        "git_ssh_url": urls[0], "git_http_url": urls[1], "web_url": urls[1], "default_branch": "main"}}).encode()
    return post(place, "/hooks/gitlab", body, {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": place.secret,
                                               "Content-Type": "application/json"})[0]


def send(place, provider, urls, before, after):
    return gitlab(place, urls, before, after) if provider == "gitlab" else hub(place, provider, urls, before, after)


def configure(place, addresses, providers):
    secret = os.path.join(place.top, "secret")
    place.configure(
        sources=[{"name": p, "provider": p, "secretFiles": [secret]} for p in providers],
        repositories=[{"url": a, "path": place.bare, "defaultBranch": "main"} for a in addresses])


def two_addresses():
    """Both are configured, and each has an application: a payload that says both is of both."""
    providers = (*HUBS, "gitlab")
    with Place() as place:
        place.app("by-ssh", "apps/web", repoURL=SSH)
        place.app("by-https", "apps/web", repoURL=BELOW + ".git")
        before = place.commit({"apps/web/a.yaml": "kind: 0\n"})
        configure(place, (SSH, BELOW), providers)
        with Receiver(place) as receiver:
            for number, provider in enumerate(providers, 1):
                if os.path.exists(place.rings_file):
                    os.remove(place.rings_file)
                after = place.commit({"apps/web/a.yaml": f"kind: {number}\n"})
                equal(send(place, provider, (SSH, BELOW), before, after), 202, f"a push of {provider} names both addresses")
                ok(wait(lambda: place.rung() == ["by-https", "by-ssh"]), "and rings the applications of both", receiver.log())
                before = after
            pushes = place.show(place.deliveries()[0]["id"])["pushes"]
            equal(sorted(p["repository"] for p in pushes), ["git.example.org/acme/gitops", "git.example.org/forge/acme/gitops"],
                  "the record has a push for each")


def learned():
    """Only one of them is configured: what a genuine payload says of the other is believed."""
    for provider in (*HUBS, "gitlab"):
        with Place() as place:
            place.app("by-ssh", "apps/web", repoURL=SSH)
            place.app("by-https", "apps/web", repoURL=BELOW + ".git")
            before = place.commit({"apps/web/a.yaml": "kind: 0\n"})
            after = place.commit({"apps/web/a.yaml": "kind: 1\n"})
            configure(place, (SSH,), (provider,))
            with Receiver(place) as receiver:
                equal(send(place, provider, (SSH, BELOW), before, after), 202, f"{provider} names an address that is not configured")
                ok(wait(lambda: place.rung() == ["by-https", "by-ssh"]), "its applications are rung by the same push", receiver.log())
    with Place() as place:
        place.app("other", "apps/web", repoURL=BELOW)
        before = place.commit({"apps/web/a.yaml": "kind: 0\n"})
        configure(place, (SSH,), ("github",))
        settings = json.load(open(place.config))
        settings["sources"][0]["repositories"] = ["git.example.org/acme/*"]
        place.configure(**settings)
        with Receiver(place) as receiver:
            equal(send(place, "github", (SSH, BELOW), before, before), 202, "a source that may not speak of the other address")
            ok("another address" not in receiver.log(), "teaches nothing", receiver.log())


def case():
    """Forges have no two repositories whose names differ in case only; a plain Git server may."""
    other = "https://git.example.org/Acme/GitOps.git"
    with Place() as place:
        place.app("web", "apps/web")
        place.app("capital", "apps/web", repoURL=other)
        before = place.commit({"apps/web/a.yaml": "kind: 0\n"})
        configure(place, (URL,), (*HUBS, "gitlab", "native"))
        with Receiver(place) as receiver:
            for number, provider in enumerate((*HUBS, "gitlab"), 1):
                if os.path.exists(place.rings_file):
                    os.remove(place.rings_file)
                after = place.commit({"apps/web/a.yaml": f"kind: {number}\n"})
                equal(send(place, provider, (other, other), before, after), 202, f"{provider} spells the repository otherwise")
                ok(wait(lambda: place.rung() == ["capital", "web"]), "its applications are rung, however they spell it",
                   receiver.log())
                before = after
            sent = place.doorbell("send", "--as", "native", "--to", f"http://127.0.0.1:{place.port}/hooks/native",
                                  "--secret-file", os.path.join(place.top, "secret"), "--repository", other, "--ref", "main",
                                  "--before", before, "--after", before, check=False)
            ok(wait(lambda: place.deliveries()[0]["source"] == "native"), "a native sender, too", (sent.stdout, sent.stderr))
            push = place.show(place.deliveries()[0]["id"])["pushes"][0]
            equal(push["state"], "IGNORED", "means another repository by it")
            ok("the nearest is " + URL in push["reason"], "and is told which is near", push["reason"])
    with Place() as place:
        place.app("web", "apps/web", repoURL=other)
        place.commit({"apps/web/a.yaml": "kind: 0\n"})
        configure(place, (URL,), ("native",))
        with Receiver(place):
            result = place.doorbell("send", "--as", "native", "--to", f"http://127.0.0.1:{place.port}/hooks/native",
                                    "--secret-file", os.path.join(place.top, "secret"), "--repository", URL, "--ref", "main",
                                    "--before", ZERO, "--after", place.head())
            ok(wait(lambda: [d["status"] for d in place.deliveries()] == ["ignored"]),
               "without any forge an application at another case is of another repository", result.stdout)


def main():
    two_addresses()
    learned()
    case()
    done()


if __name__ == "__main__":
    main()

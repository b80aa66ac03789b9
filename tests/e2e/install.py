#!/usr/bin/env python3
"""make install into a directory of its own, and what is installed at work.  TAP.

Each option that a verb's --help names is in the manual and is completed; the
example configuration is valid as it is and with all that is commented out.
"""
import os
import re
import shutil
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

VERBS = ("serve", "check", "explain", "deliveries", "show", "apps", "replay", "send", "hook")
EXPECTED = """bin/doorbell libexec/doorbell/post-receive lib/systemd/system/doorbell.service
    lib/systemd/system/doorbell.socket
    share/man/man1/doorbell.1 share/man/man1/doorbell-hook.1 share/man/man5/doorbell.yaml.5
    share/man/man7/doorbell-inputs.7
    share/bash-completion/completions/doorbell share/zsh/site-functions/_doorbell
    share/fish/vendor_completions.d/doorbell.fish share/doorbell/examples/doorbell.yaml""".split()
SECRETS = ("github.secret", "github.token", "argocd.token", "hook.secret", "id_ed25519")
OTHERS = ("known_hosts", "applications.yaml")


def files_below(top):
    return sorted(os.path.relpath(os.path.join(folder, name), top)
                  for folder, _, names in os.walk(top) for name in names)


def make(*arguments):
    sanitizers = os.path.basename(BUILD).replace("+", ",") if os.path.basename(BUILD) != "build" else ""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "BUILD")}
    return run("make", "-s", "-C", ROOT, f"SANITIZE={sanitizers}", *arguments, check=False, env=environment)


def options_of(program, *verb):
    """The options in a verb's --help."""
    text = run(program, *verb, "--help", check=False)
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text.stdout + text.stderr)) - {"--help"}


def read(*path):
    with open(os.path.join(*path)) as file:
        return file.read()


def installs(top):
    result = make("install", f"DESTDIR={top}", "PREFIX=/opt/doorbell")
    ok(result.returncode == 0, "make install works", result.stdout + result.stderr)
    prefix = os.path.join(top, "opt/doorbell")
    equal(files_below(prefix), sorted(EXPECTED), "what is installed is known")
    wrong = [name for name in files_below(prefix)
             if bool(os.stat(os.path.join(prefix, name)).st_mode & stat.S_IXUSR) !=
             (name.startswith(("bin/", "libexec/")))]
    equal(wrong, [], "programs, and nothing else, can be executed")
    unit = read(prefix, "lib/systemd/system/doorbell.service")
    ok("@PREFIX@" not in unit and "ExecStart=/opt/doorbell/bin/doorbell serve" in unit, "the unit starts what is installed")
    return prefix


def documents(prefix):
    program = os.path.join(prefix, "bin/doorbell")
    manual = read(prefix, "share/man/man1/doorbell.1") + read(prefix, "share/man/man1/doorbell-hook.1")
    manual = manual.replace("\\-", "-")
    settings = options_of(program, "check")
    completion = os.path.join(prefix, "share/bash-completion/completions/doorbell")
    for verb in VERBS:
        options = options_of(program, verb)
        ok(f".Ss doorbell {verb}\n" in manual, f"{verb}: is in the manual")
        own = options - settings if verb in ("serve", "check") else options
        missing = [o for o in own if not re.search(rf"Fl -{o[2:]}\b", manual)]
        equal(missing, [], f"{verb}: so are its {len(own)} options")
        script = f'. "{completion}"; COMP_WORDS=(doorbell {verb} --); COMP_CWORD=2; ' \
                 f'_doorbell "{program}" -- {verb}; printf "%s\\n" "${{COMPREPLY[@]}}"'
        completed = set(run("bash", "-c", script).stdout.split())
        equal(sorted(options - completed), [], f"{verb}: and they are completed")


def completes_ids(prefix):
    completion = os.path.join(prefix, "share/bash-completion/completions/doorbell")
    program = os.path.join(prefix, "bin/doorbell")
    with Place() as place:
        place.app("web", "apps/web")
        first = place.commit({"apps/web/a.yaml": "kind: 1\n"}, "first")
        place.configure()
        with Receiver(place):
            equal(github(place, ZERO, first), 202, "a delivery is taken")
        script = f'. "{completion}"; COMP_WORDS=(doorbell show --state-directory {{0}} ""); COMP_CWORD=4; ' \
                 f'_doorbell "{program}" "" {{0}}; printf "%s\\n" "${{{{COMPREPLY[@]}}}}"'
        result = run("bash", "-c", script.format(place.state))
        equal((result.stdout.split(), result.stderr), (["1"], ""), "its id is completed")
        result = run("bash", "-c", script.format(place.top))
        equal((result.stdout.split(), result.stderr), ([], ""), "without a journal nothing is said")


def example(prefix, top):
    folder = os.path.join(top, "etc")
    os.makedirs(folder)
    text = read(prefix, "share/doorbell/examples/doorbell.yaml")
    everything = re.sub(r"^#(?=[a-zA-Z]|  )", "", text, flags=re.M)
    for name in SECRETS + OTHERS + ("gitlab.whsec",):
        with open(os.open(os.path.join(folder, name), os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n" if name == "gitlab.whsec" else "# a text that is a secret\n")
    os.makedirs(os.path.join(folder, "applications"))
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=example.org", "-keyout", "tls.key", "-out", "tls.crt", cwd=folder)
    shutil.copy(os.path.join(folder, "tls.crt"), os.path.join(folder, "ca.pem"))
    for name, content in (("as it is", text), ("with all that is commented out", everything)):
        path = os.path.join(folder, "doorbell.yaml")
        with open(path, "w") as file:
            file.write(content)
        result = run(os.path.join(prefix, "bin/doorbell"), "check", "--config-only", "--config", path, check=False)
        said = [line for line in result.stdout.splitlines() if "No such file or directory" not in line]
        ok(result.returncode == 0 and said[-1] == "OK" and not any("warning" in line for line in said),
           f"the example is valid {name}", result.stdout)
    ok(everything.count("\n#") < text.count("\n#") - 50, "... which is nearly all of it")


def hook_works(prefix):
    """hook install finds post-receive where it was installed."""
    program = os.path.join(prefix, "bin/doorbell")
    with Place() as place:
        place.app("web", "apps/web")
        place.commit({"apps/web/a.yaml": "kind: 1\n"}, "first")
        place.configure()
        result = run(program, "hook", "install", place.bare, "--socket", place.socket, "--secret-file",
                     os.path.join(place.top, "secret"), "--repository", URL, "--source", "hook", check=False)
        equal(result.returncode, 0, "the installed program installs the hook")
        hook = os.path.join(place.bare, "hooks", "post-receive")
        ok(f"program='{os.path.realpath(os.path.join(prefix, 'libexec/doorbell/post-receive'))}'" in read(hook),
           "... which is the installed one")
        with Receiver(place):
            place.write("apps/web/a.yaml", "kind: 2\n")
            place.git("commit", "-qam", "second")
            pushed = place.git("push", "origin", "HEAD:main")
            ok("remote: doorbell: 1 of 1 applications: web" in pushed.stderr, "a push through it is answered", pushed.stderr)
            ok(wait(lambda: place.rung() == ["web"]), "... and rings")


def uninstalls(top, prefix):
    result = make("uninstall", f"DESTDIR={top}", "PREFIX=/opt/doorbell")
    ok(result.returncode == 0, "make uninstall works", result.stdout + result.stderr)
    equal(files_below(prefix), [], "... and leaves nothing")


def main():
    top = tempfile.mkdtemp(prefix="doorbell-install-")
    try:
        prefix = installs(top)
        documents(prefix)
        completes_ids(prefix)
        example(prefix, top)
        hook_works(prefix)
        uninstalls(top, prefix)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    done()


if __name__ == "__main__":
    main()

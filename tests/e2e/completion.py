#!/usr/bin/env python3
"""What bash, fish and zsh propose after "doorbell".  TAP.

Each shell runs itself and is asked as a person asks it; zsh only answers a
terminal, so it gets one.
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

HERE = os.path.join(ROOT, "contrib", "completions")
VERBS = {"serve", "check", "explain", "deliveries", "show", "apps", "replay", "send", "hook"}
# What was typed, and what must be proposed at least.
CASES = [
    ("doorbell ", VERBS),
    ("doorbell s", {"serve", "show", "send"}),
    ("doorbell hook ", {"install", "uninstall", "status", "deliver"}),
    ("doorbell send --as ", set(providers())),
    ("doorbell send --", {"--as", "--secret-file", "--dry-run"}),
    ("doorbell deliveries --status ", {"ignored", "working", "failed", "done"}),
    ("doorbell show --format ", {"json", "text"}),
]
ENVIRONMENT = {**os.environ, "PATH": BUILD + os.pathsep + os.environ["PATH"], "TERM": "xterm"}


def bash(line):
    words = line.split(" ")
    text = (f"source {HERE}/doorbell.bash; COMP_WORDS=({' '.join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; "
            f"_doorbell doorbell {words[-1]!r} {words[-2]!r}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return subprocess.run(["bash", "-c", text], env=ENVIRONMENT, capture_output=True, text=True)


def fish(line):
    return subprocess.run(["fish", "-c", f"source {HERE}/doorbell.fish; complete -C '{line}'"], env=ENVIRONMENT,
                          capture_output=True, text=True)


class Zsh:
    """zsh on a terminal of its own, with nothing but our completion."""

    def __init__(self, top):
        shutil.copy(os.path.join(HERE, "doorbell.zsh"), os.path.join(top, "_doorbell"))
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-f"], ENVIRONMENT)
        self.type(f"PS1='> '; fpath=({top} $fpath); autoload -Uz compinit _doorbell; compinit -u -D; "
                  "compdef _doorbell doorbell; echo REA''DY\n")
        self.read_until({"READY"})

    def type(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, wanted, seconds=20):
        """The words that come until all of those are there."""
        seen, deadline, words = "", time.time() + seconds * PATIENCE, set()
        while not wanted <= words and time.time() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                seen += os.read(self.fd, 65536).decode(errors="replace")
                words = set(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", seen).split())
        return words

    def propose(self, line, wanted):
        self.type(line + "\t\t")
        words = self.read_until(wanted)
        self.type("\x15\x0becho NEX''T\n")
        self.read_until({"NEXT"})
        return words

    def end(self):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def main():
    for shell, ask in (("bash", bash), ("fish", fish)):
        for line, wanted in CASES:
            result = ask(line)
            proposed = {words.split("\t")[0] for words in result.stdout.split("\n")}
            ok(wanted <= proposed and not result.stderr, f"{shell}: {line!r}", f"{wanted - proposed} {result.stderr}")
    with tempfile.TemporaryDirectory(prefix="doorbell-e2e-") as top:
        zsh = Zsh(top)
        for line, wanted in CASES:
            words = zsh.propose(line, wanted)
            ok(wanted <= words, f"zsh: {line!r}", f"{wanted - words}")
        zsh.end()


if __name__ == "__main__":
    main()
    done()

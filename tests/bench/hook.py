#!/usr/bin/env python3
"""What the hook costs: git push without a hook, with one in /bin/sh, with ours.

The pushes take turns, COUNT of each, over the file protocol, to a receiver
that really decides.  Then the hook's program alone, beside /bin/true started in
the same way.

    COUNT=60
"""
import os
import random
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

COUNT = int(os.environ.get("COUNT", "60"))
APPS = 40
POST_RECEIVE = os.path.join(BUILD, "post-receive")


def prepare(place):
    """A line of commits in the work tree's repository; each changes one application."""
    for app in range(APPS):
        place.app(f"app{app:02}", f"apps/app{app:02}")
    place.configure()
    lines = ["feature done\nreset refs/heads/line\n"]
    count = COUNT * 8 + 10
    for i in range(count):
        lines.append(f"commit refs/heads/line\nmark :{i + 1}\ncommitter t <t@example.org> {1700000000 + i} +0000\n"
                     f"data 1\nx\nM 100644 inline apps/app{i % APPS:02}/a.yaml\ndata {len(str(i)) + 4}\na: {i}\n\n")
    lines.append("done\n")
    marks = os.path.join(place.top, "marks")
    place.git("fast-import", "--quiet", f"--export-marks={marks}", input="".join(lines))
    with open(marks) as file:
        commits = dict((int(m[1:]), c) for m, c in (line.split() for line in file))
    place.git("push", "-q", "origin", f"{commits[count]}:refs/heads/all", f"{commits[1]}:refs/heads/main")
    return [commits[i] for i in range(2, count)]


def show(name, times, base=None):
    lowest, middle = min(times) * 1000, statistics.median(times) * 1000
    more = ""
    if base:
        more = f"{lowest - min(base) * 1000:>+9.2f} {middle - statistics.median(base) * 1000:>+9.2f}"
    print(f"  {name:<44} {lowest:>8.2f} {middle:>8.2f} {more}", flush=True)


def pushes(place, commits):
    """Seconds of each push, by kind."""
    hook = os.path.join(place.bare, "hooks", "post-receive")
    shell = os.path.join(place.top, "shell-hook")
    with open(os.open(shell, os.O_CREAT | os.O_WRONLY, 0o755), "w") as file:
        file.write("#!/bin/sh\nwhile read -r before after ref; do :; done\n")
    place.install_hook()
    ours = os.path.join(place.top, "our-hook")
    os.rename(hook, ours)
    kinds = [("without a hook", None, "main"), ("hook in /bin/sh that does nothing", shell, "main"),
             ("ours, a branch nobody follows", ours, "topic"), ("ours, one application affected and named", ours, "main")]
    times = {name: [] for name, _, _ in kinds}
    for _ in range(COUNT):
        random.shuffle(kinds)
        for name, target, branch in kinds:
            if os.path.lexists(hook):
                os.unlink(hook)
            if target:
                os.symlink(target, hook)
            commit = commits.pop(0)
            begin = time.monotonic()
            place.git("push", "-q", "-f", place.bare, f"{commit}:refs/heads/{branch}")
            times[name].append(time.monotonic() - begin)
    if os.path.lexists(hook):
        os.unlink(hook)
    return times


def alone(place, program, line, environment):
    """Seconds of one run of a program that reads line."""
    path = os.path.join(place.top, "line")
    with open(path, "w") as file:
        file.write(line)
    null = os.open(os.devnull, os.O_WRONLY)
    stdin = os.open(path, os.O_RDONLY)
    actions = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    begin = time.monotonic()
    os.waitpid(os.posix_spawn(program, [program], environment, file_actions=actions), 0)
    spent = time.monotonic() - begin
    os.close(stdin)
    os.close(null)
    return spent


def program(place, commits):
    """Seconds of each run of the program alone, by kind."""
    environment = {"GIT_DIR": place.bare, "PATH": "/usr/bin:/bin"}
    kinds = [("/bin/true", "/bin/true", "main"), ("post-receive, a branch nobody follows", POST_RECEIVE, "topic"),
             ("post-receive, one application affected", POST_RECEIVE, "main")]
    times = {name: [] for name, _, _ in kinds}
    for _ in range(COUNT):
        for name, path, branch in kinds:
            before, after = commits.pop(0), commits[0]
            if branch == "main":
                run("git", "--git-dir", place.bare, "update-ref", "refs/heads/main", after)
            times[name].append(alone(place, path, f"{before} {after} refs/heads/{branch}\n", environment))
    return times


def main():
    with Place(quietWindow="20ms") as place:
        commits = prepare(place)
        with Receiver(place) as receiver:
            times = pushes(place, commits)
            base = times["without a hook"]
            print(f"{COUNT} of each in turns; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n"
                  f"  {'git push':<44} {'min ms':>8} {'median':>8} {'min +':>9} {'median +':>9}")
            for name, measured in sorted(times.items(), key=lambda t: min(t[1])):
                show(name, measured, base if measured is not base else None)
            print(f"  {'the program alone':<44}")
            times = program(place, commits)
            for name, measured in times.items():
                show(name, measured, times["/bin/true"] if name != "/bin/true" else None)
            down = [0.0] * COUNT
            receiver.stop()
            for i in range(COUNT):
                down[i] = alone(place, POST_RECEIVE, f"{commits[0]} {commits[1]} refs/heads/topic\n",
                                {"GIT_DIR": place.bare, "PATH": "/usr/bin:/bin"})
            show("post-receive, the receiver is down: spooled", down, times["/bin/true"])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The systemd unit's walls, put around a receiver without systemd.  TAP.

The unit's SystemCallFilter is expanded with systemd-analyze and set up as a
filter of this kernel, as an ordinary user without capabilities, together with
the limits that need no systemd: readers must still get their own sandbox, git
must run, and commands of targets must be started.
"""
import ctypes
import os
import pwd
import re
import shutil
import stat
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

UNIT = os.path.join(ROOT, "contrib/systemd/doorbell.service")
NUMBERS = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
AUDIT_ARCH_X86_64 = 0xC000003E
RET_ALLOW, RET_KILL, RET_EPERM = 0x7FFF0000, 0x80000000, 0x00050001
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 38, 22


def groups():
    """The sets of system calls that systemd knows: name: members."""
    found, current = {}, None
    for line in run("systemd-analyze", "--no-pager", "syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            current = found.setdefault(line.strip(), set())
        elif re.match(r" +[@a-z_]", line) and current is not None:
            current.add(line.strip())
    return found


def expand(name, sets):
    if not name.startswith("@"):
        return {name}
    return set().union(*(expand(member, sets) for member in sets[name]))


def allowed_calls(lines):
    """systemd.exec(5): the first list allows; "~" takes away; @default is always allowed."""
    sets = groups()
    calls = expand("@default", sets)
    for line in lines:
        names = set().union(*(expand(n, sets) for n in line.lstrip("~").split()))
        calls = calls - names if line.startswith("~") else calls | names
    return calls


def program(calls):
    """A filter of classic BPF: a call that is not among these gives EPERM."""
    with open(NUMBERS) as file:
        numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", file.read()))
    wanted = sorted(int(numbers[c]) for c in calls if c in numbers)
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, AUDIT_ARCH_X86_64), (0x06, 0, 0, RET_KILL), (0x20, 0, 0, 0)]
    for number in wanted:  # each with its own return: jumps reach 255 at most
        code += [(0x15, 0, 1, number), (0x06, 0, 0, RET_ALLOW)]
    code.append((0x06, 0, 0, RET_EPERM))
    return len(code), ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))


class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]


def walls(calls):
    """A function for the child: an ordinary user behind the unit's filter."""
    count, code = program(calls)
    libc = ctypes.CDLL(None, use_errno=True)
    nobody = pwd.getpwnam("nobody")

    def enter():
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
        os.umask(0o077)
        filter_ = Program(count, ctypes.cast(code, ctypes.c_void_p).value)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
                libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(filter_), 0, 0) != 0:
            os._exit(99)

    return enter, nobody


def give(top, user):
    """All below top belongs to the user."""
    if os.getuid() != 0:
        return
    os.chown(top, user.pw_uid, user.pw_gid)
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            os.chown(os.path.join(folder, name), user.pw_uid, user.pw_gid)


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def main():
    if os.uname().machine != "x86_64" or not os.path.exists(NUMBERS) or not shutil.which("systemd-analyze"):
        skip("needs x86_64 and systemd-analyze")
    if PATIENCE > 1:
        skip("sanitizers call what the unit denies")
    with open(UNIT) as file:
        text = file.read()
    calls = allowed_calls(re.findall(r"^SystemCallFilter=(.*)$", text, re.M))
    ok("landlock_restrict_self" in calls and "mount" not in calls and len(calls) > 200, "the unit's filter is read")
    enter, user = walls(calls)
    with Place() as place:
        place.app("web", "apps/web")
        first = place.commit({"apps/web/a.yaml": "kind: 1\n"}, "first")
        second = place.commit({"apps/web/a.yaml": "kind: 2\n"}, "second")
        place.configure(repositories=[{"url": URL, "fetchUrl": "file://" + place.bare, "defaultBranch": "main"}])
        give(place.top, user)
        os.chmod(place.top, stat.S_IRWXU | stat.S_IXGRP | stat.S_IXOTH)
        with Receiver(place, limits=enter) as receiver:
            equal(github(place, first, second), 202, "a delivery is taken behind the unit's walls")
            ok(wait(lambda: place.rung() == ["web"]), "git fetches, the reader reads, the target's command is run",
               receiver.log())
            # What we gave away is not ours any more: git asks.
            os.environ["GIT_CONFIG_GLOBAL"] = os.path.join(place.top, "gitconfig")
            with open(os.environ["GIT_CONFIG_GLOBAL"], "w") as file:
                file.write("[safe]\n\tdirectory = *\n")
            third = place.commit({"apps/web/a.yaml": "kind: 3\n"}, "third")
            equal(github(place, second, third), 202, "so is a second one")
            ok(wait(lambda: len(place.rings()) == 2), "... and rung", receiver.log())
            push = place.show(2)["pushes"][0]
            equal((push["state"], push["decision"]["changed_paths"]), ("PLANNED", 1), "what changed was really looked at")
            log = receiver.log()
            ok("sandbox" not in log and "without Landlock" not in log and "system call filter" not in log,
               "the reader has all of its own walls", log)
            equal(receiver.metric('doorbell_readers_without_wall{wall="landlock"}'), 0, "... and so says the metric")
    without_landlock({c for c in calls if not c.startswith("landlock_")})


def without_landlock(calls):
    """On a kernel that has none the receiver works, and does not keep quiet about it."""
    enter, user = walls(calls)
    with Place() as place:
        place.app("web", "apps/web")
        first = place.commit({"apps/web/a.yaml": "kind: 1\n"}, "first")
        second = place.commit({"apps/web/a.yaml": "kind: 2\n"}, "second")
        place.configure()
        give(place.top, user)
        os.chmod(place.top, stat.S_IRWXU | stat.S_IXGRP | stat.S_IXOTH)
        with Receiver(place, limits=enter) as receiver:
            equal(github(place, first, second), 202, "a delivery is taken without Landlock")
            ok(wait(lambda: place.rung() == ["web"]), "... and rung", receiver.log())
            ok("level=warn" in receiver.log() and "without Landlock" in receiver.log(), "the log warns of it", receiver.log())
            ok(receiver.metric('doorbell_readers_without_wall{wall="landlock"}') >= 1, "the metric counts the readers")


if __name__ == "__main__":
    main()
    done()

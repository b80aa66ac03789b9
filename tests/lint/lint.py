#!/usr/bin/env python3
"""What a machine can hold of the house rules, as TAP.

    tests/lint/lint.py [--verbose] [CHECK...]

Checks: includes (whom a file may see, directly or through others: the
.may_include of each folder), graph (the folders and whom they may see make no
circle; --verbose prints its floors), rooms (one header of each says what the
room is for, and what it never does), paths (what the documents name is there),
headers (each compiles alone), docs (each prototype in a header has its
contract), length (functions, files, complexity), names (one name, one thing),
unused (what a header offers is used by others), words (those that
receiver/DESIGN.md rules out), text (white space, width), scripts (shellcheck,
Python compiles).
Exceptions: none.
"""
import concurrent.futures
import fnmatch
import glob
import os
import re
import subprocess
import sys
import tempfile

VERBOSE = False

FUNCTION_LINES = 60
COMPLEXITY = 15
SOURCE_LINES = 800
HEADER_LINES = 200
WIDTH = 100
TEST_FUNCTION_LINES = 100  # in tests/: most of it is a table
TEST_WIDTH = 150           # likewise
FOLDERS = ("lib", "receiver", "hooks", "tests")

# Headers of C and POSIX (and Linux), free for all.
FREE = re.compile(
    r"^(sys|linux|netinet|arpa|net)/|^(assert|ctype|dirent|endian|errno|fcntl|fnmatch|ftw|getopt|grp|"
    r"inttypes|langinfo|libgen|limits|locale|math|netdb|poll|pthread|pwd|sched|semaphore|signal|"
    r"spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|sysexits|"
    r"syslog|termios|time|unistd|utime|wchar|wctype|malloc|glob|byteswap|features|dlfcn|elf|execinfo|ucontext)\.h$")


def sources(*extensions):
    """All files of the project's code with one of the extensions."""
    found = []
    for top in FOLDERS:
        for folder, folders, names in os.walk(top):
            folders[:] = [f for f in folders if f not in ("corpus", "node_modules", "__pycache__")]
            found += [os.path.join(folder, n) for n in names if n.endswith(extensions)]
    return sorted(found)


def lines_of(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read().split("\n")


def may_include(folder):
    """The rules of a folder: (what, pattern of files)."""
    path = os.path.join(folder, ".may_include")
    if not os.path.exists(path):
        return None
    rules = []
    for line in lines_of(path):
        words = line.split()
        if words and not line.startswith("#"):
            rules.append((words[0], words[1] if len(words) > 1 else "*"))
    return rules


def allowed(rules, name, system, file):
    for what, pattern in rules:
        if not fnmatch.fnmatch(file, pattern):
            continue
        if system and what.startswith("<") and name.startswith(what.strip("<>")):
            return True
        if not system and not what.startswith("<") and os.path.dirname(name) + "/" == what:
            return True
    return False


PACKAGES = ["libevent_core", "libgit2", "libcurl", "jansson", "yaml-0.1", "libssl", "libcrypto", "sqlite3",
            "smartcols"]


def compiler(*options):
    """The compiler with what the Makefile gives it to find and read headers."""
    flags = subprocess.run(["pkg-config", "--cflags"] + PACKAGES, capture_output=True, text=True,
                           check=True).stdout.split()
    return os.environ.get("CC", "cc").split() + [
        "-std=c11", "-D_GNU_SOURCE", "-DDOORBELL_VERSION=\"lint\"", "-Ilib", "-I."] + flags + list(options)


def seen_headers():
    """{source: headers of ours that it sees, through others too}, as the compiler finds them."""
    paths = sources(".c")
    command = compiler("-include", "base/banned.h", "-MM")
    pieces = [paths[i:i + 40] for i in range(0, len(paths), 40)]

    def run(piece):
        return subprocess.run(command + piece, capture_output=True, text=True, check=True).stdout

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        rules = "".join(pool.map(run, pieces)).replace("\\\n", " ")
    seen = {}
    for rule in rules.splitlines():
        source, *headers = [os.path.normpath(p) for p in rule.split(":", 1)[1].split()]
        seen[source] = [h for h in headers if h.startswith(tuple(f + "/" for f in FOLDERS))]
    return seen


def include_name(path):
    """As files include it: "base/buf.h", "receiver/ops/log.h"."""
    return path[4:] if path.startswith("lib/") else path


def direct_includes(path):
    """(line, name) of the headers of ours that a file includes itself."""
    for number, line in enumerate(lines_of(path), 1):
        match = re.match(r'#include "([^"]+)"', line)
        if match:
            yield number, match[1]


def way_to(source, target):
    """How source comes to see target: the files on a shortest way, both included."""
    ways = [[source]]
    done = {source}
    for way in ways:
        for _, name in direct_includes(way[-1]):
            path = "lib/" + name if os.path.exists("lib/" + name) else name
            if path == target:
                return way + [path]
            if path not in done and os.path.exists(path):
                done.add(path)
                ways.append(way + [path])
    return [source, target]


def check_seen(path, headers):
    """What a source sees is of folders that its own folder lists; one problem a folder."""
    folder, file = os.path.split(path)
    rules = may_include(folder)
    problems = {}
    for header in headers if rules is not None else ():
        if not allowed(rules, include_name(header), False, file):
            way = way_to(path, header)
            through = "" if len(way) < 3 else " (through " + ", ".join(way[1:-1]) + ")"
            problems.setdefault(os.path.dirname(header), f"{path}: may not see {include_name(header)}{through}: "
                                                         f"see {folder}/.may_include")
    return list(problems.values())


def check_includes():
    problems = []
    for path, headers in sorted(seen_headers().items()):
        problems += check_seen(path, headers)
    for path in sources(".c", ".h"):
        folder, file = os.path.split(path)
        rules = may_include(folder)
        if rules is None:
            problems.append(f"{folder}: no .may_include")
            continue
        first = None
        for number, line in enumerate(lines_of(path), 1):
            match = re.match(r'#include ([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            system, name = match[1] == "<", match[2]
            first = first or name
            if system and FREE.match(name):
                continue
            if not allowed(rules, name, system, file):
                problems.append(f"{path}:{number}: may not include {name} (see {folder}/.may_include)")
        own = path[:-2] + ".h"
        own_name = own[4:] if own.startswith("lib/") else own
        if path.endswith(".c") and os.path.exists(own) and first != own_name:
            problems.append(f"{path}: does not include its own header {own_name} first")
    return problems


def rooms():
    """{folder: folders of ours that its files may see}, and what is wrong with the lists themselves."""
    graph = {}
    problems = []
    for folder in sorted({os.path.dirname(p) for p in sources(".c", ".h")}):
        graph[folder] = set()
        for what, pattern in may_include(folder) or ():
            if what.startswith("<"):
                continue
            name = what.rstrip("/")
            other = "lib/" + name if os.path.isdir("lib/" + name) else name
            if not os.path.isdir(other):
                problems.append(f"{folder}/.may_include: {what} is no folder")
            elif pattern == "*":
                graph[folder].add(other)
            elif not other.startswith(folder + "/"):
                problems.append(f"{folder}/.may_include: {what} for {pattern} only: "
                                "that is for a table of what stands in folders below")
        graph[folder].discard(folder)
    return graph, problems


def check_graph():
    """
    The floors of the house: a folder stands above all that it may see.  A line
    for one file only is no part of it: such a file is a table (of renderers)
    that nobody can include and that points into folders below its own.
    """
    graph, problems = rooms()
    floor = {}
    while True:
        level = [f for f in graph if f not in floor and all(o in floor for o in graph[f] if o in graph)]
        if not level:
            break
        height = 1 + max(floor.values(), default=-1)
        floor.update({f: height for f in level})
    left = {f: sorted(o for o in graph[f] if o not in floor and o in graph) for f in graph if f not in floor}
    if left:
        way = [min(left)]
        while way[-1] not in way[:-1]:
            way.append(left[way[-1]][0])
        problems.append("a circle: " + " -> ".join(way[way.index(way[-1]):]))
    for height in range(1 + max(floor.values(), default=-1)) if VERBOSE else ():
        print(f"# floor {height}: " + ", ".join(f for f in sorted(floor) if floor[f] == height))
    return problems


def opening(path):
    """The comment that a file begins with, in one line."""
    match = re.match(r"/\*(.*?)\*/", "\n".join(lines_of(path)), re.S)
    return " ".join(re.sub(r"^ \*", "", match[1], flags=re.M).split()) if match else ""


def check_rooms():
    """A room of production code: one header of it begins with what it is for, who calls it, what it never does."""
    problems = []
    for folder in sorted({os.path.dirname(p) for p in production(".c", ".h")} - {"receiver"}):
        doors = [h for h in sources(".h") if os.path.dirname(h) == folder and "The room for " in opening(h)]
        if len(doors) != 1:
            problems.append(f"{folder}: the opening comment of one header says \"The room for ...\", here of "
                            + (", ".join(doors) or "none"))
        problems += [f"{h}: does not say what the room never does" for h in doors if "never" not in opening(h)]
    return problems


DOCUMENTS = ("README.md", "receiver/DESIGN.md", "contrib/CONTRIBUTING.md")
TOPS = r"(?<![\w/.{-])(?:lib|receiver|hooks|tests|contrib)/[\w./*-]*"


def check_paths():
    """
    What a document names in backticks, by a link, or in a table's left part is
    there: a path, or the bare name of a source.  "*" is any text, and what has
    NAME in it is for the reader to choose.
    """
    bare = {os.path.basename(p) for p in sources(".c", ".h", ".py")}
    problems = []
    for document in DOCUMENTS:
        here = os.path.dirname(document)
        for number, line in enumerate(lines_of(document), 1):
            spans = re.findall(r"`([^`]+)`", line) + (re.split(r"  +", line)[1:2] if line.startswith("    ") else [])
            words = [w.rstrip(".,;:") for span in spans for w in span.split() if "NAME" not in w]
            paths = [p for w in words for p in re.findall(TOPS, w)]
            paths += [os.path.normpath(os.path.join(here, p)) for p in re.findall(r"\]\(([^)#:]+)\)", line)]
            problems += [f"{document}:{number}: there is no {p}" for p in paths if not glob.glob(p)]
            problems += [f"{document}:{number}: no file is called {w}" for w in words
                         if re.fullmatch(r"[\w*]+\.(c|h|py)", w) and not fnmatch.filter(bare, w)]
    return problems


def check_headers():
    problems = []
    command = compiler("-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c")
    headers = sources(".h")
    with tempfile.NamedTemporaryFile("w", suffix=".c") as unit:
        for path in headers:
            unit.seek(0)
            unit.truncate()
            unit.write(f'#include "{path}"\n#include "{path}"\n')
            unit.flush()
            run = subprocess.run(command + [unit.name], capture_output=True, text=True)
            if run.returncode != 0:
                problems.append(f"{path}: does not compile alone: {run.stderr.splitlines()[0]}")
    return problems


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


PROTOTYPE = re.compile(r"^(?!#|typedef|static|struct [a-z_0-9]+ ?[{;]|enum|union|extern \"C\"|[A-Z_]+\()[a-zA-Z_][^;{}=#]*\(", re.M)


def check_docs():
    """A prototype must follow a comment, or another prototype that does (a group)."""
    problems = []
    for path in sources(".h"):
        raw = lines_of(path)
        plain = without_comments("\n".join(raw)).split("\n")
        if not raw[0].startswith("/*"):
            problems.append(f"{path}:1: does not open with what it is for")
        depth = 0
        documented = False
        previous_blank = True
        statement = ""
        for number, (line, code) in enumerate(zip(raw, plain), 1):
            text = code.strip()
            if text.startswith("#") or not line.strip():
                if not line.strip() and not statement:
                    documented = False
                previous_blank = not line.strip()
                continue
            if not text and not statement:
                documented = True
                continue
            if depth == 0 and not statement and PROTOTYPE.match(code) and not documented:
                problems.append(f"{path}:{number}: a prototype without a contract: {text}")
            statement += text
            depth += code.count("{") - code.count("}")
            if depth == 0 and re.search(r"[;}]\s*$", text):
                statement = ""
    return problems


BRANCH = re.compile(r"\b(if|for|while|case)\b|&&|\|\||\?")


def functions(path):
    """(name, first line, number of lines, complexity) of each function: "{" and "}" in column 1."""
    code = without_comments("\n".join(lines_of(path))).split("\n")
    start = None
    for i, line in enumerate(code):
        if line == "{":
            start = i
        elif line == "}" and start is not None:
            head = start
            while head > 0 and code[head - 1].strip() and not code[head - 1].startswith(("}", "#")):
                head -= 1
            name = re.search(r"(\w+)\s*\(", " ".join(code[head:start]))
            body = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', '""', "\n".join(code[start:i]))
            yield (name[1] if name else "?", head + 1, i - head + 1, 1 + len(BRANCH.findall(body)))
            start = None


def check_length():
    problems = []
    for path in sources(".c", ".h"):
        count = len(lines_of(path)) - 1
        limit = HEADER_LINES if path.endswith(".h") else SOURCE_LINES
        if count > limit:
            problems.append(f"{path}: {count} lines, at most {limit}")
        for name, line, length, complexity in functions(path) if path.endswith(".c") else ():
            most = TEST_FUNCTION_LINES if path.startswith("tests/") else FUNCTION_LINES
            if length > most:
                problems.append(f"{path}:{line}: {name}() has {length} lines, at most {most}")
            if complexity > COMPLEXITY:
                problems.append(f"{path}:{line}: {name}() has complexity {complexity}, at most {COMPLEXITY}")
    return problems


DEFINED_TYPE = re.compile(r"\b(?:struct|enum|union)\s+(\w+)\s*\{")
DEFINED_ENUM = re.compile(r"\benum\b[^{;()]*\{([^}]*)\}")


def production(*extensions):
    return [p for p in sources(*extensions) if not p.startswith("tests/")]


def plain_code(path):
    """The text of a file without comments and strings."""
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', without_comments("\n".join(lines_of(path))))


def check_names():
    """
    A type or an enumerator of one name is one thing, wherever it stands; and
    the first word of enumerators (JOB_, STEP_) belongs to one folder.
    """
    types, enumerators, words = {}, {}, {}
    for path in production(".c", ".h"):
        code = plain_code(path)
        for name in DEFINED_TYPE.findall(code):
            types.setdefault(name, []).append(path)
        for body in DEFINED_ENUM.findall(code):
            for name in re.findall(r"(?:^|,)\s*(\w+)", body):
                enumerators.setdefault(name, []).append(path)
                words.setdefault(name.split("_")[0], set()).add(os.path.dirname(path))
    problems = []
    for kind, table in (("type", types), ("enumerator", enumerators)):
        problems += [f"{', '.join(sorted(set(paths)))}: {kind} {name} is more than one thing"
                     for name, paths in sorted(table.items()) if len(paths) > 1]
    problems += [f"{', '.join(sorted(folders))}: enumerators that begin with {word}"
                 for word, folders in sorted(words.items()) if len(folders) > 1]
    return problems


PROTOTYPE_NAME = re.compile(r"^(?!#|typedef|static)[a-zA-Z_][^;{}=#()]*?\b([a-z]\w*)\s*\(", re.M)


def declared(path):
    """The functions whose prototypes stand in a header, its macros left out."""
    code = re.sub(r"\\\n", " ", plain_code(path))
    code = re.sub(r"\{[^{}]*\}", "{}", re.sub(r"\{[^{}]*\}", "{}", code))
    return set(PROTOTYPE_NAME.findall(re.sub(r"^\s*#.*$", "", code, flags=re.M)))


def macros(path):
    """{macro: the names in what it stands for} of a header."""
    code = re.sub(r"\\\n", " ", plain_code(path))
    return {m[1]: set(re.findall(r"\w+", m[2])) for m in re.finditer(r"^#define (\w+)(.*)$", code, re.M)}


def check_unused():
    """
    A function of a header is used by a production file other than its own: the
    .c and .h of the same name.  A private header (*_impl.h) shows the inside
    of a module to its files and its tests: what it declares is used by the
    module itself, at least.  Use by a test alone is none, and what a macro of
    a header calls is used where the macro is.
    """
    paths = production(".c", ".h")
    words = {p: set(re.findall(r"\w+", re.sub(r"^\s*#\s*define.*$", "", re.sub(r"\\\n", " ", plain_code(p)),
                                               flags=re.M))) for p in paths}
    behind = {}
    for path in paths:
        for macro, names in macros(path).items():
            behind.setdefault(macro, set()).update(names)
    for path in paths:
        todo = [w for w in words[path] if w in behind]
        while todo:
            new = behind[todo.pop()] - words[path]
            words[path] |= new
            todo += [w for w in new if w in behind]
    problems = []
    for header in production(".h"):
        private = header.endswith("_impl.h")
        for name in sorted(declared(header)):
            users = [p for p in paths if name in words[p] and p != header]
            definer = re.compile(r"^[a-zA-Z_][^;{}=#]*\b" + name + r"\([^;{}]*\)\s*\{", re.M)
            own = {p for p in users if p.endswith(".c") and definer.search(plain_code(p))}
            inside = sum(len(re.findall(r"\b" + name + r"\b", plain_code(p))) > 1 for p in own)
            if not (set(users) - own or (private and inside)):
                problems.append(f"{header}: {name}() is used by no other file")
    return problems


def ruled_out():
    """[(word, in comments too)] of the last column of the table of words in receiver/DESIGN.md."""
    text = "\n".join(lines_of("receiver/DESIGN.md"))
    section = re.search(r"^## Words\n(.*?)^## ", text, re.M | re.S)
    cells = re.findall(r"^\| [^|\n]* \| [^|\n]* \|([^|\n]*)\|$", section[1], re.M) if section else []
    words = [(w, False) for cell in cells for w in re.findall(r"`([^`]+)`", cell)]
    return words + [(w, True) for cell in cells for w in re.findall(r'"([^"]+)"', cell)]


def check_words():
    words = ruled_out()
    problems = [] if words else ["receiver/DESIGN.md: no table of words"]
    patterns = [(w, everywhere, re.compile(r"(?<![A-Za-z0-9])" + re.escape(w) + r"s?(?![A-Za-z0-9])", re.I))
                for w, everywhere in words]
    for path in production(".c", ".h"):
        raw = re.sub(r'"(\\.|[^"\\\n])*"', '""', "\n".join(lines_of(path)))
        lines = list(zip(raw.split("\n"), without_comments(raw).split("\n")))
        for word, everywhere, pattern in patterns:
            problems += [f"{path}:{number}: \"{word}\": see Words in receiver/DESIGN.md"
                         for number, (line, code) in enumerate(lines, 1)
                         if pattern.search(line if everywhere else code)]
    return problems


def check_text():
    problems = []
    for path in sources(".c", ".h"):
        width = TEST_WIDTH if path.startswith("tests/") else WIDTH
        for number, line in enumerate(lines_of(path), 1):
            if len(line.expandtabs(8)) > width:
                problems.append(f"{path}:{number}: wider than {width} columns")
            if line != line.rstrip():
                problems.append(f"{path}:{number}: white space at the end")
            if re.match(r" {4,}\S", line) and not re.match(r" +\*", line):
                problems.append(f"{path}:{number}: indented with spaces")
    return problems


def check_scripts():
    problems = []
    for path in sources(".py"):
        try:
            compile("\n".join(lines_of(path)), path, "exec")
        except SyntaxError as error:
            problems.append(f"{path}:{error.lineno}: {error.msg}")
    shell = [p for p in subprocess.run(["git", "ls-files", "*.sh", ".ci/run"], capture_output=True,
                                       text=True).stdout.split() if os.path.exists(p)]
    run = subprocess.run(["shellcheck", "-S", "warning", "-f", "gcc"] + shell, capture_output=True, text=True)
    return problems + run.stdout.splitlines()


CHECKS = {"includes": check_includes, "graph": check_graph, "rooms": check_rooms, "paths": check_paths,
          "headers": check_headers, "docs": check_docs, "length": check_length, "names": check_names,
          "unused": check_unused, "words": check_words, "text": check_text, "scripts": check_scripts}


def main():
    global VERBOSE
    VERBOSE = "--verbose" in sys.argv
    chosen = [a for a in sys.argv[1:] if a != "--verbose"] or list(CHECKS)
    failed = False
    for number, name in enumerate(chosen, 1):
        problems = CHECKS[name]()
        failed = failed or bool(problems)
        print(f"{'not ' if problems else ''}ok {number} - {name}")
        for problem in problems[:200]:
            print(f"# {problem}")
    print(f"1..{len(chosen)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

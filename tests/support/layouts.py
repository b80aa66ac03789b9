"""Random repositories of Kustomize roots that build: for the oracle.

A root lies in a directory of its own and refers to files and other roots
wherever they are: through links, over "..", past "./" and "x/..", with keys in
any case, under any of the three names.  Every file has "one" in it, so that an
edit can change it.
"""

import os

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {%s: %s}\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
BUILTIN = "apiVersion: builtin\nkind: %s\nmetadata: {name: %s}\n"
REPLACEMENT = """source: {kind: ConfigMap, name: %s, fieldPath: data.edit}
targets:
- select: {kind: ConfigMap, name: %s}
  fieldPaths: [data.%s]
  options: {create: true}
"""


class Layout:
    """Writes roots below a directory, as a random.Random says."""

    def __init__(self, random, directory):
        self.random = random
        self.directory = directory
        self.names = 0

    def name(self):
        self.names += 1
        return "n%d" % self.names

    def chance(self, share):
        return self.random.random() < share

    def place(self, path):
        place = os.path.join(self.directory, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        return place

    def write(self, path, text):
        with open(self.place(path), "w") as out:
            out.write(text)

    def link(self, path, target):
        """A link at path to target, both from the top."""
        os.symlink(os.path.relpath("/" + target, os.path.dirname("/" + path)), self.place(path))

    def new_directory(self):
        parts = [self.random.choice("abcdef") for _ in range(self.random.randint(0, 3))]
        return "/".join(parts + ["d" + self.name()])

    def new_file(self, text, ending):
        path = "%s/f%s%s" % (self.new_directory(), self.name(), ending)
        self.write(path, text)
        return path

    def refer(self, root, target):
        """How a root may write the path of a file or directory."""
        if self.chance(0.25):
            alias = "links/" + self.name()
            self.link(alias, os.path.dirname(target))
            target = alias + "/" + os.path.basename(target)
        if self.chance(0.15):
            alias = "%s/l%s%s" % (self.new_directory(), self.name(), os.path.splitext(target)[1])
            self.link(alias, target)
            target = alias
        parts = os.path.relpath("/" + target, "/" + root).split("/")
        if self.chance(0.3):
            parts.insert(self.random.randint(0, len(parts) - 1), ".")
        if self.chance(0.2):
            at = self.random.randint(0, len(parts) - 1)
            parts[at:at] = ["nowhere", ".."]
        if self.chance(0.1):
            parts[0] += "/"
        return "/".join(parts)

    def refer_to_file(self, root, text, ending=".yaml"):
        return self.refer(root, self.new_file(text, ending))

    def key(self, name):
        return self.random.choice((name, name, name, name.upper(), name.capitalize()))

    def patch(self, own):
        return CONFIG % (own, self.name(), "one")

    def patches(self, root, own):
        lines = []
        if self.chance(0.3):
            lines.append("%s: %r" % (self.key("patchesStrategicMerge"),
                                     [self.refer_to_file(root, self.patch(own))]))
        if self.chance(0.3):
            lines.append('%s: [{%s: "%s"}]' % (self.key("patches"), self.key("path"),
                                               self.refer_to_file(root, self.patch(own))))
        if self.chance(0.2):
            text = '[{"op": "add", "path": "/data/%s", "value": "one"}]' % self.name()
            lines.append('%s: [{path: "%s", target: {version: v1, kind: ConfigMap, name: %s}}]'
                         % (self.key("patchesJson6902"),
                            self.refer_to_file(root, text, ".json"), own))
        if self.chance(0.2):
            text = REPLACEMENT % (own, own, self.name())
            lines.append('%s: [{path: "%s"}]' % (self.key("replacements"),
                                                 self.refer_to_file(root, text)))
        return lines

    def generator(self, root):
        parts = ['name: %s, files: ["%s", "k=%s"]'
                 % (self.name(), self.refer_to_file(root, "one", ".txt"),
                    self.refer_to_file(root, "one", ".txt"))]
        for field in ('envs: ["%s"]', 'env: "%s"'):
            if self.chance(0.4):
                text = "A%s=one\n" % self.name()
                parts.append(field % self.refer_to_file(root, text, ".env"))
        kind = self.random.choice(("configMapGenerator", "secretGenerator"))
        return "%s: [{%s}]" % (self.key(kind), ", ".join(parts))

    def transformer(self, root, own):
        text = BUILTIN % ("PatchTransformer", "x") + 'path: "%s"\n' % self.refer_to_file(
            root, self.patch(own))
        way = self.random.choice(("file", "inline", "directory"))
        if way == "inline":
            lines = "".join("  %s\n" % line for line in text.splitlines())
            return "transformers:\n- |-\n" + lines
        if way == "file":
            return 'transformers: ["%s"]' % self.refer_to_file(root, text)
        directory = self.new_directory()
        self.write(directory + "/t.yaml", text)
        self.write(directory + "/kustomization.yaml", "resources: [t.yaml]\n")
        return 'transformers: ["%s"]' % self.refer(root, directory)

    def chart(self, root):
        home = self.new_directory()
        name = "c" + self.name()
        pinned = self.chance(0.3)
        directory = "%s/%s%s" % (home, name + "-1.0/" if pinned else "", name)
        self.write(directory + "/Chart.yaml",
                   'apiVersion: v2\nname: %s\nversion: "1.0"\n' % name)
        self.write(directory + "/values.yaml", "v: one\n")
        self.write(directory + "/templates/x.yaml",
                   CONFIG % (self.name(), "edit", '"{{ .Values.v }}"'))
        text = "name: %s, releaseName: x" % name
        if pinned:
            text += ', version: "1.0", repo: "http://127.0.0.1:9/"'
        if self.chance(0.5):
            text += ', valuesFile: "%s"' % self.refer_to_file(root, "v: one too\n")
        return 'helmGlobals: {chartHome: "%s"}\nhelmCharts: [{%s}]' % (self.refer(root, home),
                                                                     text)

    def others(self, root, own):
        lines = []
        if self.chance(0.3):
            lines.append(self.generator(root))
        if self.chance(0.25):
            lines.append(self.transformer(root, own))
        if self.chance(0.15):
            text = BUILTIN % ("ConfigMapGenerator", self.name()) + 'files: ["%s"]\n' % (
                self.refer_to_file(root, "one", ".txt"))
            lines.append('generators: ["%s"]' % self.refer_to_file(root, text))
        if self.chance(0.2):
            text = "nameReference: [] # one\n"
            lines.append("%s: %r" % (self.key("configurations"),
                                     [self.refer_to_file(root, text)]))
        if self.chance(0.12):
            lines.append(self.chart(root))
        return lines

    def root(self, depth, component=False):
        """Write a root and all that it refers to, down to depth; returns its directory."""
        root = self.new_directory()
        own = self.name()
        self.write(root + "/own.yaml", CONFIG % (own, "edit", "one"))
        resources = ["own.yaml"]
        for _ in range(self.random.randint(0, 2)):
            resources.append(self.refer_to_file(root, CONFIG % (self.name(), "edit", "one")))
        kids = [self.refer(root, self.root(depth - 1))
                for _ in range(self.random.randint(0, 2) if depth > 0 else 0)]
        lines = []
        if kids and self.chance(0.3):
            lines.append("%s: %r" % (self.key("bases"), kids))
        else:
            resources += kids
        lines.append("%s: %r" % (self.key("resources"), resources))
        if depth > 0 and self.chance(0.3):
            lines.append("%s: %r" % (self.key("components"),
                                     [self.refer(root, self.root(0, True))]))
        lines += self.patches(root, own) + self.others(root, own)
        self.random.shuffle(lines)
        if self.chance(0.1):
            lines.append("---\nresources: [only-the-first-document-counts.yaml]")
        text = (COMPONENT if component else "") + "\n".join(lines) + "\n"
        self.write_root(root, text)
        return root

    def write_root(self, root, text):
        name = self.random.choice(NAMES)
        if not self.chance(0.15):
            self.write(root + "/" + name, text)
            return
        shared = self.new_directory() + "/shared.yaml"
        self.write(shared, text)
        self.link(root + "/" + name, shared)

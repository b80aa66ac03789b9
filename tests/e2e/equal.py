#!/usr/bin/env python3
"""Kustomizations rewritten at random, most of the time to what means the same.

Files and roots are moved with their references, lists are split over older
and newer fields, patches go from lines into files and back; and things are
done that look alike and change the output.  After each push all roots are
rendered: one whose output differs must be said to be affected.  How many of
the others are not rung for shows what the comparison of meanings is worth.
EQUAL_SEED chooses another sequence, EQUAL_PUSHES its length.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import oracle  # noqa: E402

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  annotations: {a: b}\n" \
         "data: {key: %s}\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: %s
  labels: {app: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "registry.example.com/web:1"}]
"""
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\n" \
        "  annotations: {%s: done}\n"
JSON_PATCH = "- op: add\n  path: /metadata/annotations/%s\n  value: done\n"
THING = """apiVersion: example.com/v1
kind: Thing
metadata:
  name: %s
  annotations: {a: b}
  labels: {app: web}
spec: {text: one two, count: 1, on: true}
"""
POINTERS = ["/spec/added", "/spec/text", "/metadata/labels/added", "/metadata/annotations/added",
            "/metadata/name"]
VERSIONS = {"Kustomization": "kustomize.config.k8s.io/v1beta1",
            "Component": "kustomize.config.k8s.io/v1alpha1"}


class Model:
    """Roots and files of a repository, and ways to rewrite them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0
        self.files = {}
        self.roots = {}   # directory: {field: value}
        self.names = {}   # directory: name of its kustomization
        for base in ("base", "lib/shared"):
            files = [self.file(base, DEPLOYMENT % self.name())]
            files += [self.file(base, CONFIG % (self.name(), "one")) for _ in range(2)]
            things = ("thing" if base == "base" else self.name(), self.name())
            files += [self.file(base, THING % name) for name in things]
            self.root(base, {"resources": files})
        self.root("parts/zone", {"kind": "Component", "apiVersion": VERSIONS["Component"],
                                 "commonAnnotations": {"zone": "one"}})
        self.root("middle", {"resources": ["../base", "../lib/shared"], "namePrefix": "m-"})
        for overlay in ("overlays/dev", "overlays/prod", "base2/overlays/test"):
            up = os.path.relpath(self.random.choice(["base", "lib/shared", "middle"]), overlay)
            values = self.file(overlay, "a=1\n", ".env")
            patch = self.file(overlay, JSON_PATCH % self.name())
            self.root(overlay, {
                "resources": [up, self.file(overlay, CONFIG % (self.name(), "two"))],
                "components": [os.path.relpath("parts/zone", overlay)],
                "configMapGenerator": [{"name": self.name(), "files": [values]},
                                       {"name": self.name(), "envs": [values]}],
                "patches": [{"path": patch, "target": {"kind": "ConfigMap"}}],
                "images": [{"name": "registry.example.com/web", "newTag": "1.10"}],
                "commonLabels": {"b": "x", "a": "y"}, "namespace": self.name()})

    def name(self):
        self.count += 1
        return "n%d" % self.count

    def file(self, directory, text, end=".yaml"):
        name = self.name() + end
        self.files[directory + "/" + name] = text
        return name

    def root(self, directory, fields):
        self.roots[directory] = fields
        self.names[directory] = "kustomization.yaml"

    def tree(self):
        tree = dict(self.files)
        for directory, fields in self.roots.items():
            text = "".join("%s: %s\n" % (key, dump(value)) for key, value in fields.items())
            tree[directory + "/" + self.names[directory]] = text
        return tree

    def rewrite(self):
        """One change at random; what it was called."""
        while True:
            directory = self.random.choice(sorted(self.roots))
            way = self.random.choice(WAYS)
            if way(self, directory, self.roots[directory]):
                return way.__name__

    def some_file(self, directory, fields, field):
        names = [name for name in fields.get(field, [])
                 if isinstance(name, str) and os.path.normpath(directory + "/" + name)
                 in self.files]
        return self.random.choice(names) if names else None


class Plain(str):
    """A text that is written without quotes."""


def dump(value):
    if isinstance(value, Plain):
        return str(value)
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%s: %s" % (json.dumps(k), dump(v)) for k, v in value.items())
    if isinstance(value, list):
        return "[%s]" % ", ".join(dump(item) for item in value)
    return json.dumps(value)


def older_bases(model, directory, fields):
    if len(fields.get("resources", [])) < 2 or "bases" in fields:
        return False
    at = model.random.randrange(len(fields["resources"]))
    paths = [os.path.normpath(directory + "/" + name) for name in fields["resources"][at:]]
    if not all(path in model.roots for path in paths):
        return False
    fields["bases"] = fields["resources"][at:]
    fields["resources"] = fields["resources"][:at]
    return True


def newer_resources(model, directory, fields):
    bases = fields.pop("bases", None)
    if bases:
        fields["resources"] = fields.get("resources", []) + bases
    return bases is not None


def other_order_of_keys(model, directory, fields):
    items = list(fields.items())
    model.random.shuffle(items)
    fields.clear()
    fields.update(items)
    return True


def other_order_of_labels(model, directory, fields):
    labels = fields.get("commonLabels")
    if labels:
        fields["commonLabels"] = dict(reversed(list(labels.items())))
    return bool(labels)


def other_order_of_a_list(model, directory, fields):
    lists = [key for key, value in fields.items() if isinstance(value, list) and len(value) > 1]
    if lists:
        model.random.shuffle(fields[model.random.choice(lists)])
    return bool(lists)


def file_moved(model, directory, fields):
    name = model.some_file(directory, fields, "resources")
    if name is None:
        return False
    at = fields["resources"].index(name)
    text = model.files.pop(os.path.normpath(directory + "/" + name))
    fields["resources"][at] = model.random.choice(["", "./", "sub/"]) + model.name() + ".yaml"
    comment = model.random.choice(["", "# moved\n"])
    model.files[os.path.normpath(directory + "/" + fields["resources"][at])] = comment + text
    return True


def file_lost(model, directory, fields):
    if model.random.random() < 0.8 or "resources" not in fields:
        return False
    fields["resources"].append(model.name() + ".yaml")
    return True


def lost_file_forgotten(model, directory, fields):
    kept = [name for name in fields.get("resources", [])
            if os.path.normpath(directory + "/" + name) in model.files
            or os.path.normpath(directory + "/" + name) in model.roots]
    lost = kept != fields.get("resources", [])
    if lost:
        fields["resources"] = kept
    return lost


def root_moved(model, directory, fields):
    new = model.random.choice(["", "lib/", "x/y/", "overlays/"]) + model.name()
    if model.random.random() < 0.2:
        new = os.path.dirname(directory) or new
    if new in model.roots or any(root.startswith(directory + "/") for root in model.roots):
        return False
    for path in [p for p in model.files if p.startswith(directory + "/")]:
        model.files[new + path[len(directory):]] = model.files.pop(path)
    model.roots[new] = model.roots.pop(directory)
    model.names[new] = model.names.pop(directory)
    for where, other in model.roots.items():
        was = directory if where == new else where
        for field in ("resources", "bases", "components"):
            for i, name in enumerate(other.get(field, [])):
                target = os.path.normpath(was + "/" + name)
                if target == directory or (where == new and target in model.roots):
                    target = new if target == directory else target
                    other[field][i] = os.path.relpath(target, where)
    return True


def file_split(model, directory, fields):
    for i, name in enumerate(fields.get("resources", [])):
        path = os.path.normpath(directory + "/" + name)
        documents = model.files.get(path, "").split("---\n")
        if len(documents) > 1:
            del model.files[path]
            fields["resources"][i:i + 1] = [model.file(directory, text) for text in documents]
            return True
    return False


def files_joined(model, directory, fields):
    names = [name for name in fields.get("resources", [])
             if os.path.normpath(directory + "/" + name) in model.files]
    if len(names) < 2:
        return False
    names = model.random.sample(names, 2)
    if names[0] == names[1]:
        return False
    paths = [os.path.normpath(directory + "/" + name) for name in names]
    name = model.file(directory, "---\n".join(model.files[path] for path in paths))
    where = fields["resources"].index(names[0])
    fields["resources"] = [n for n in fields["resources"] if n not in names]
    fields["resources"].insert(min(where, len(fields["resources"])), name)
    return True


def object_written_otherwise(model, directory, fields):
    name = model.some_file(directory, fields, "resources")
    if name is None:
        return False
    path = os.path.normpath(directory + "/" + name)
    was, becomes = model.random.choice([
        ("text: one two, count: 1", "count: 1, 'text': \"one two\""),
        ("text: one two", "text: 'one two'"), ("count: 1", "count: '1'"), ("count: 1", "count: 01"),
        ("on: true", "on: True"), ("on: true", "on: 'true'"), ("on: true", "\"on\": true"),
        ("{a: b}", "{a: 'b'}"), ("{a: b}", "{'a': b}"), ("{a: b}", "{a: b, c: null}"),
        ("c: null", "c: ~"), ("{app: web}", "&labels {app: web}"),
        ("---\n", "--- # next\n"), ("---\n", "---\n---\n"), ("---\n", "...\n---\n"),
        ("metadata:", "metadata: # not\n"), ("kind: Thing\n", "kind: \"Thing\"\n"),
        ("apiVersion: example.com/v1\nkind: Thing\n", "kind: Thing\napiVersion: example.com/v1\n")])
    if model.random.random() < 0.4:
        was, becomes = becomes, was
    found = was in model.files[path]
    model.files[path] = model.files[path].replace(was, becomes, 1)
    return found


def thing_patched(model, directory, fields):
    """By a patch that may or may not be worked off at another time."""
    if model.random.random() < 0.5 or len(fields.get("patches", [])) > 3:
        return False
    target = {"kind": model.random.choice(["Thing", "Thing", "ConfigMap", "Th.*"]), "name": "thing"}
    if model.random.random() < 0.3:
        target[model.random.choice(["namespace", "labelSelector"])] = "app=web"
    text = "- op: add\n  path: %s\n  value: %s\n" % (model.random.choice(POINTERS), model.name())
    patch = {"target": target, "patch": text}
    if model.random.random() < 0.5:
        patch = {"target": target, "path": model.file(directory, text)}
    fields.setdefault("patches", []).append(patch)
    return True


def patch_forgotten(model, directory, fields):
    field = model.random.choice(["patches", "patchesJson6902"])
    if not fields.get(field):
        return False
    fields[field].pop(model.random.randrange(len(fields[field])))
    if not fields[field]:
        del fields[field]
    return True


def last_patch_older(model, directory, fields):
    if not fields.get("patches") or "target" not in fields["patches"][-1]:
        return False
    fields.setdefault("patchesJson6902", []).insert(0, fields["patches"].pop())
    return True


def sorted_otherwise(model, directory, fields):
    if "sortOptions" in fields:
        del fields["sortOptions"]
        return True
    if model.random.random() < 0.8 or fields.get("kind") == "Component":
        return False
    fields["sortOptions"] = {"order": model.random.choice(["fifo", "legacy"])}
    return True


def replaced(model, directory, fields):
    if "replacements" in fields:
        del fields["replacements"]
        return True
    if model.random.random() < 0.8:
        return False
    fields["replacements"] = [{"source": {"kind": "Thing", "name": "thing", "fieldPath":
                                          model.random.choice(["spec.text", "metadata.name"])},
                               "targets": [{"select": {"kind": "Thing"}, "fieldPaths":
                                            [model.random.choice(["spec.text", "spec.count"])]}]}]
    return True


def namespace_forgotten(model, directory, fields):
    """And labels, so that there is nothing between patches of one kind and of the other."""
    if model.random.random() < 0.5:
        return False
    return any([fields.pop(field, None) for field in ("namespace", "commonLabels", "labels")])


def patch_into_line(model, directory, fields):
    for patch in fields.get("patches", []):
        path = os.path.normpath(directory + "/" + patch.get("path", "?"))
        if path in model.files:
            del patch["path"]
            patch["patch"] = model.files.pop(path)
            return True
    return False


def patch_into_file(model, directory, fields):
    for patch in fields.get("patches", []):
        if "patch" in patch:
            text = model.random.choice(["", "# file\n"]) + patch.pop("patch")
            patch["path"] = model.file(directory, text)
            return True
    return False


def older_patches(model, directory, fields):
    if "patches" not in fields or "patchesJson6902" in fields:
        return False
    fields["patchesJson6902"] = fields.pop("patches")
    return True


def newer_patches(model, directory, fields):
    if "patchesJson6902" not in fields or "patches" in fields:
        return False
    fields["patches"] = fields.pop("patchesJson6902")
    return True


def merge_patch(model, directory, fields):
    """A patch for a deployment that may not be there."""
    field = model.random.choice(["patches", "patchesStrategicMerge"])
    name = model.file(directory, PATCH % ("n1", model.name()))
    fields.setdefault(field, []).append(name if field != "patches" else {"path": name})
    return True


def merge_patch_forgotten(model, directory, fields):
    return bool(fields.pop("patchesStrategicMerge", None))


def value_file_moved(model, directory, fields):
    for generator in fields.get("configMapGenerator", []):
        for i, name in enumerate(generator.get("files", [])):
            key, _, path = name.rpartition("=")
            there = os.path.normpath(directory + "/" + path)
            if there not in model.files:
                continue
            kind = model.random.randrange(4)
            new = "sub%d/%s" % (model.count, os.path.basename(path))
            if kind == 0:
                new = model.name() + ".env"
            model.count += 1
            model.files[directory + "/" + new] = model.files[there]
            if kind == 2:
                key = key or os.path.basename(path)
            if kind == 3:
                key = model.name()
            generator["files"][i] = (key + "=" if key else "") + new
            return True
    return False


def spelled_otherwise(model, directory, fields):
    names = fields.get("resources", [])
    for i, name in enumerate(names):
        if not name.startswith("./") and model.random.random() < 0.5:
            names[i] = "./" + name
            return True
    return False


def listed_twice(model, directory, fields):
    if model.random.random() < 0.8 or not fields.get("resources"):
        return False
    fields["resources"].append(fields["resources"][0])
    return True


def listed_once(model, directory, fields):
    names = fields.get("resources", [])
    fields["resources"] = list(dict.fromkeys(names))
    return len(fields["resources"]) < len(names)


def named_otherwise(model, directory, fields):
    model.names[directory] = model.random.choice(oracle.NAMES)
    return True


def kind_said(model, directory, fields):
    kind = fields.get("kind", "Kustomization")
    fields["kind"] = kind
    fields["apiVersion"] = VERSIONS[kind]
    return True


def kind_not_said(model, directory, fields):
    if fields.get("kind") == "Component":
        return False
    return fields.pop("kind", None) is not None and fields.pop("apiVersion", None) is not None


def tag_without_quotes(model, directory, fields):
    for image in fields.get("images", []):
        image["newTag"] = model.random.choice([Plain("1.10"), "1.10", Plain("v1"), "v1"])
        return True
    return False


def label_without_quotes(model, directory, fields):
    if fields.get("commonLabels"):
        fields["commonLabels"]["a"] = model.random.choice([Plain("yes"), "yes", "y", Plain("y")])
    return bool(fields.get("commonLabels"))


def other_labels(model, directory, fields):
    if "commonLabels" in fields:
        fields["labels"] = [{"pairs": fields.pop("commonLabels"), "includeSelectors": True}]
        return True
    if "labels" in fields:
        fields["commonLabels"] = fields.pop("labels")[0]["pairs"]
        return True
    return False


def places_said(model, directory, fields):
    if "buildMetadata" in fields:
        del fields["buildMetadata"]
        return True
    if model.random.random() < 0.6:
        return False
    fields["buildMetadata"] = ["originAnnotations"]
    return True


def empty_fields(model, directory, fields):
    fields[model.random.choice(["crds", "configurations", "vars", "transformers"])] = []
    return True


def prefix(model, directory, fields):
    if model.random.random() < 0.7:
        return False
    fields[model.random.choice(["namePrefix", "nameSuffix"])] = model.random.choice(["a-", ""])
    return True


def content(model, directory, fields):
    name = model.some_file(directory, fields, "resources")
    if name is None or model.random.random() < 0.5:
        return False
    model.files[os.path.normpath(directory + "/" + name)] += "  # edited\n"
    path = os.path.normpath(directory + "/" + name)
    model.files[path] = model.files[path].replace("{key: ", "{key: x")
    return True


WAYS = [older_bases, newer_resources, newer_resources, other_order_of_keys, other_order_of_labels,
        other_order_of_a_list, file_moved, file_moved, file_lost, lost_file_forgotten,
        lost_file_forgotten, root_moved, root_moved, patch_into_line, patch_into_file,
        older_patches, newer_patches, merge_patch, merge_patch_forgotten, merge_patch_forgotten,
        value_file_moved, spelled_otherwise, listed_twice, listed_once, listed_once,
        named_otherwise, kind_said, kind_not_said, tag_without_quotes, label_without_quotes,
        other_labels, places_said, empty_fields, prefix, content, file_split, file_split,
        files_joined, object_written_otherwise, object_written_otherwise,
        object_written_otherwise, thing_patched, thing_patched, patch_forgotten, patch_forgotten,
        last_patch_older, last_patch_older, sorted_otherwise, replaced, namespace_forgotten]


def commit(path, tree, message):
    """Make the work tree hold exactly tree, and commit it."""
    for name in subprocess.check_output(("git", "-C", path, "ls-files"), text=True).split():
        os.unlink(os.path.join(path, name))
    for name, text in tree.items():
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        with open(os.path.join(path, name), "w") as out:
            out.write(text)
    subprocess.check_call(("git", "-C", path, "add", "-A"))
    subprocess.check_call(("git", "-C", path, "-c", "user.name=t", "-c", "user.email=t@example.com",
                           "commit", "-q", "--allow-empty", "-m", message))


def main():
    seed = int(os.environ.get("EQUAL_SEED", "1"))
    pushes = int(os.environ.get("EQUAL_PUSHES", "40"))
    oracle.prepare()
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "repository")
        subprocess.check_call(("git", "init", "-q", "-b", "main", path))
        model = Model(seed)
        commit(path, model.tree(), "first")
        for _ in range(pushes):
            ways = [model.rewrite() for _ in range(model.random.choice((1, 1, 2)))]
            commit(path, model.tree(), ", ".join(ways))
        judge = oracle.Oracle(path, scratch)
        sums = judge.differ("main", pushes, sample=100)
        judge.close()
        if os.environ.get("ORACLE_VERBOSE"):
            subprocess.call(("git", "-C", path, "log", "--reverse", "--format=# %H %s"))
        for failure in judge.failures:
            print("#", failure)
            words = failure.split()
            if words[0] == "differ" and len(words) > 2:
                print("#   ", oracle.git(path, "log", "-1", "--format=%s", words[2]).decode())
        print("# seed %d: %r" % (seed, sums))
        print("1..2")
        print("%s 1 - every root whose output differs is said to be affected"
              % ("not ok" if judge.failures else "ok"))
        precise = sums["precise"] * 5 > sums["judged"] * 2
        print("%s 2 - two of five that are said to be do differ (one of four without "
              "fingerprints)" % ("ok" if precise else "not ok"))
    return 0 if precise and not judge.failures else 1


if __name__ == "__main__":
    sys.exit(main())

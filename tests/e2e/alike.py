#!/usr/bin/env python3
"""Pairs of kustomizations that look alike, and the renderer's word on each.

Many roots are made at random, each with an overlay, a base and a component;
one push writes all of them in other words, most of which mean the same under
some conditions only: resources in another order or in other files, values in
other quotes, patches of the former kind that become patches.  Each root is
rendered before and after: one whose output differs must be said to be
affected.  ALIKE_SEED chooses other roots, ALIKE_ROOTS how many there are.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]

import equal  # noqa: E402
import oracle  # noqa: E402

KINDS = {"Thing": "example.com/v1", "Other": "example.com/v1", "Service": "v1",
         "ConfigMap": "v1", "ServiceAccount": "v1", "Deployment": "apps/v1",
         "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1"}
RENAMING = """apiVersion: builtin
kind: PrefixTransformer
metadata: {name: renaming}
prefix: q-
fieldSpecs: [{path: metadata/name}]
"""
POINTERS = ["/spec/x", "/spec/x", "/spec", "/data/x", "/metadata/labels/x", "/metadata/labels",
            "/metadata/annotations/x", "/metadata/name", "/metadata/namespace", "/kind", "/x"]
SCALARS = ["one", "1", "true", "True", "'1'", "\"one\"", "'one'", "yes", "'yes'", "one two",
           "null", "~", "0x1", "1.0", "\"*\"", "'a: b'", "!!str 1", "\"\""]


class Pair:
    """One root, before and after."""

    def __init__(self, random_numbers, where):
        self.random = random_numbers
        self.where = where

    def chance(self, of):
        return self.random.random() < of

    def some(self, values):
        return self.random.choice(values)

    def thing(self, name):
        kind = self.some(list(KINDS))
        thing = {"apiVersion": KINDS[kind], "kind": kind, "metadata": {"name": name},
                 "spec": {"x": equal.Plain(self.some(SCALARS)), "y": [1, 2]}}
        for field, value in (("namespace", self.some(["n", "m"])), ("labels", {"l": "m"}),
                             ("annotations", {"a": "b"})):
            if self.chance(0.4):
                thing["metadata"][field] = value
        if kind == "ValidatingWebhookConfiguration":
            del thing["spec"]
            service = {"name": self.some(["one", "two", "three"])}
            thing["webhooks"] = [{"name": "w", "clientConfig": {"service": service}}]
        return thing

    def patch(self, former):
        target = {"kind": self.some(list(KINDS) + ["Thing", "Thing", "Th.*"]),
                  "name": self.some(["one", "two", "p-one", ".*"])}
        for field, value in (("version", "v1"), ("namespace", "n"), ("labelSelector", "l=m")):
            if self.chance(0.15):
                target[field] = value
        if not former and self.chance(0.2):
            del target["name"]
        text = "".join("- op: %s\n  path: %s\n  value: %s\n" % (
            self.some(["add", "add", "replace"]), self.some(POINTERS), self.some(["v", "{a: b}"]))
            for _ in range(self.some([1, 1, 2])))
        return {"target": target, "patch": text}

    def between(self, fields):
        for field, value in (("namespace", self.some(["n", "o"])), ("namePrefix", "p-"),
                             ("nameSuffix", "-s"), ("commonLabels", {"l": "n"}),
                             ("labels", [{"pairs": {"k": "v"}, "includeSelectors": True}]),
                             ("commonAnnotations", {"x": "y"}),
                             ("sortOptions", {"order": self.some(["fifo", "legacy"])}),
                             ("transformers", [RENAMING]),
                             ("images", [{"name": "one", "newTag": "2"}]),
                             ("replacements", [{
                                 "source": {"kind": "Thing", "fieldPath": "spec.x"},
                                 "targets": [{"select": {"kind": self.some(["Other", "Thing"])},
                                              "fieldPaths": [self.some(["spec.x", "metadata.name",
                                                                        "spec.y.0"])]}]}])):
            if self.chance(0.12):
                fields[field] = value

    def make(self):
        """The roots below self.where: {directory: (fields, [[object]])}."""
        roots = {}
        roots["base"] = ({}, [[self.thing("one")], [self.thing("two"), self.thing("three")]])
        roots["app"] = ({"resources": ["../base"]}, [[self.thing("four")]])
        if self.chance(0.3):
            roots["part"] = ({"kind": "Component", "apiVersion": equal.VERSIONS["Component"]}, [])
            roots["app"][0]["components"] = ["../part"]
        for fields, _ in roots.values():
            self.between(fields)
            for field, of in (("patches", 0.3), ("patchesJson6902", 0.5)):
                if self.chance(of):
                    fields[field] = [self.patch(field != "patches")
                                     for _ in range(self.some([1, 1, 2]))]
        return roots

    def write(self, roots, files):
        """Put them into files. Resources of a root are named by number."""
        for name, (fields, groups) in roots.items():
            directory = "%s/%s/" % (self.where, name)
            fields = dict(fields)
            listed = list(fields.get("resources", []))
            for i, group in enumerate(groups):
                listed.insert(self.some([0, len(listed)]) if fields.get("mixed") else len(listed),
                              "%d.yaml" % i)
                files["%s%d.yaml" % (directory, i)] = "---\n".join(
                    "".join("%s: %s\n" % (k, equal.dump(v)) for k, v in thing.items())
                    for thing in group)
            fields.pop("mixed", None)
            if listed:
                fields["resources"] = listed
            files[directory + "kustomization.yaml"] = "".join(
                "%s: %s\n" % (k, equal.dump(v)) for k, v in fields.items())

    def rewrite(self, roots):
        """In other words."""
        for fields, groups in roots.values():
            if self.chance(0.4):
                things = [thing for group in groups for thing in group]
                self.random.shuffle(things)
                groups[:] = [things] if self.chance(0.3) else [[thing] for thing in things]
                fields["mixed"] = True
            for thing in [thing for group in groups for thing in group]:
                if self.chance(0.1) and "spec" in thing:
                    thing["spec"]["x"] = equal.Plain(self.some(SCALARS))
                if self.chance(0.2):
                    items = list(thing.items())
                    self.random.shuffle(items)
                    thing.clear()
                    thing.update(items)
            former = fields.get("patchesJson6902")
            if former and self.chance(0.8):
                latter = fields.get("patches", [])
                fields["patches"] = former + latter if self.chance(0.1) else latter + former
                del fields["patchesJson6902"]


def main():
    numbers = random.Random(int(os.environ.get("ALIKE_SEED", "1")))
    oracle.prepare()
    pairs = [Pair(numbers, "r%d" % i) for i in range(int(os.environ.get("ALIKE_ROOTS", "40")))]
    before, after = {}, {}
    for pair in pairs:
        roots = pair.make()
        pair.write(roots, before)
        pair.rewrite(roots)
        pair.write(roots, after)
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "repository")
        subprocess.check_call(("git", "init", "-q", "-b", "main", path))
        equal.commit(path, before, "before")
        equal.commit(path, after, "after")
        judge = oracle.Oracle(path, scratch)
        sums = judge.differ("main", 1, sample=len(pairs) * 3)
        judge.close()
        for failure in judge.failures:
            print("#", failure)
            print("#", oracle.git(path, "diff", "main~1", "main", "--",
                                  failure.split()[-1].split("/")[0]).decode().replace("\n", "\n# "))
    print("# %s" % json.dumps(sums))
    print("1..1")
    print("%s 1 - every root whose output differs is said to be affected"
          % ("not ok" if judge.failures else "ok"))
    return 1 if judge.failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Each metric, and each value that its labels can have, occurs in a run of all tests.  TAP.

Receivers of the tests leave what they were scraped of in build/metrics-seen; the
table of the program says what there is.  A counter or a histogram that nobody
feeds, and a label that nobody sets, is a promise to those who watch it.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from doorbell import *  # noqa: E402,F403

SAMPLE = re.compile(r'([a-z_:]+)(?:\{(.*)\})? ([0-9.e+-]+|NaN)$')
LABEL = re.compile(r'([a-z_0-9]+)="((?:\\\\.|[^"\\\\])*)"')


def seen():
    """{name: {(label, value), ...}} of all samples; of counters and histograms those above 0."""
    found = {}
    for entry in os.scandir(METRICS_SEEN):
        with open(entry.path) as file:
            for line in file:
                match = SAMPLE.match(line.strip())
                if match is None:
                    continue
                name, labels, value = match.groups()
                name = re.sub("_(count|sum|bucket)$", "", name) if "_seconds_" in name or "_affected_" in name else name
                counts = float(value) > 0 or "_bytes" in name
                found.setdefault(name, {"gauge": set(), "count": set()})
                for pair in LABEL.findall(labels or "") or [("", "")]:
                    found[name]["gauge"].add(pair)
                    if counts:
                        found[name]["count"].add(pair)
    return found


def main():
    rows = json.loads(subprocess.run([os.path.join(BUILD, "tests", "e2e", "metric_list")], capture_output=True,
                                     check=True, text=True).stdout)
    found = seen()
    for row in rows:
        samples = found.get(row["name"], {"gauge": set(), "count": set()})["gauge" if row["gauge"] else "count"]
        ok(bool(samples), f"{row['name']} occurs")
        for label, values in row["labels"]:
            missing = [v for v in values if (label, v) not in samples]
            ok(not missing, f"{row['name']}: each value of {label} occurs", f"missing: {' '.join(missing)}")
    build = found.get("doorbell_build_info", {"gauge": set()})["gauge"]
    for label in ("version", "libgit2", "openssl", "sqlite"):
        ok(any(l == label and v for l, v in build), f"doorbell_build_info says {label}", build)
    done()


if __name__ == "__main__":
    main()

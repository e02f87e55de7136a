"""Print each skipped test with its reason; fail on one that should have run.

Usage: skips.py JUNIT_XML
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from xml.etree import ElementTree

# Reasons that are fine anywhere: what is asked for separately, what no package
# brings, and what needs PySyft, whose lanes run it. Everything else must have run
# in CI.
EXPECTED = (
    "long form",
    "the kernel permits",
    "another compiler than the modules were made with",
    "needs the extra privshare[syft]",
)


def main(path: str) -> int:
    """Count the skips by reason and judge them."""
    reasons: Counter[str] = Counter()
    tree = ElementTree.parse(path)  # noqa: S314 - written by our own test run
    for case in tree.iter("testcase"):
        for skip in case.iter("skipped"):
            reasons[_reason(skip)] += 1
    if not reasons:
        print("nothing was skipped")
        return 0
    bad = 0
    for reason, count in reasons.most_common():
        expected = any(word in reason for word in EXPECTED)
        bad += 0 if expected else count
        print(f"{count:5d}  {'expected' if expected else 'NOT EXPECTED'}: {reason}")
    if bad and os.environ.get("CI") == "true":
        print(f"{bad} skipped tests should have run here")
        return 1
    return 0


def _reason(skip: ElementTree.Element) -> str:
    """Why; a module that was not collected has its reason at the end of the text."""
    said = skip.get("message") or "no reason given"
    if said != "collection skipped":
        return said
    return (skip.text or said).rpartition("Skipped: ")[2].rstrip("')\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))

"""How many of the zoo's wrong implementations are told the right cause.

    python tests/diagnosed.py [--only TEXT] [--shard K/N] [--examples N] [--all] [--unnamed]

takes each that has a one-line cause to the first law that rejects it, and compares the diagnosis
with the cause. Prints what was missed, with `--all` what was right too, and the share for each
class of defect. Exits with 1 where fewer than nine in ten are right. `--unnamed` takes those that
have no one-line cause instead, and prints what is said of them.
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]

from zoo.catalogue import load, wrong  # noqa: E402

from seqlaws.properties import diagnosis, laws  # noqa: E402
from seqlaws.properties.session import law_names  # noqa: E402
from seqlaws.properties.subject import Subject  # noqa: E402

FIRST = ("values", "gradients", "values_at_every_size", "gradients_at_every_size")  # most telling
SECONDS = []


def timed(*given):
    """`diagnose`, and how long it took."""
    started = time.perf_counter()
    found = diagnosis.diagnose(*given)
    SECONDS.append(time.perf_counter() - started)
    return found


def first_failure(entry, effort):
    """The verdict of the first law that rejects the implementation; None if none does."""
    law_names()
    ordered = sorted(
        laws.LAWS.values(), key=lambda law: FIRST.index(law.name) if law.name in FIRST else 9
    )
    for law in ordered:
        if law.level != "MUST" or entry.operation not in law.operations:
            continue
        spec = str(ROOT / "tests" / "zoo" / entry.target)
        for dtype in entry.dtypes:
            subject = Subject(entry.name, load(entry), entry.operation, dtype, "cpu", spec)
            verdict = laws.examine(law, subject, effort)
            if verdict.status == "failed":
                return verdict
    return None


def is_right(expected, text):
    """Whether the cause is named, as one of two at most; what follows a colon says where."""
    for start in (" gives with ", " consistent with ", " those of "):
        _, found, names = text.partition(start)
        if found:
            text = names.partition(" with ")[2] if start == " those of " else names
    return any(
        name == expected or name.startswith(f"{expected}:") for name in text.split(", or ")[:2]
    )


def main():
    """Run, print, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--unnamed", action="store_true")
    options = parser.parse_args()
    laws.diagnose = timed
    shard, shards = map(int, options.shard.split("/"))
    entries = [e for e in wrong() if (not e.diagnosis) == options.unnamed]
    entries = [e for e in entries if options.only in e.target][shard::shards]
    effort = laws.Effort(examples=options.examples, shrinking=0.5)
    right, count = Counter(), Counter()
    for entry in entries:
        started = time.perf_counter()
        verdict = first_failure(entry, effort)
        seconds = time.perf_counter() - started
        text = verdict.diagnosis if verdict else "not caught"
        good = is_right(entry.diagnosis, text)
        count[entry.defect] += 1
        right[entry.defect] += good
        if options.all or not good:
            law = verdict.law if verdict else ""
            print(
                f"{'right' if good else 'MISSED'}  {entry.target}  [{entry.diagnosis}]  {law} "
                f"{seconds:.1f} s: {text}",
                flush=True,
            )
    for defect in sorted(count):
        print(f"{right[defect]:4} of {count[defect]:4}  {defect}")
    total, good = sum(count.values()), sum(right.values())
    print(f"{good} of {total} right ({100 * good / max(total, 1):.1f}%)")
    if SECONDS:
        print(f"a diagnosis: median {statistics.median(SECONDS):.2f} s, most {max(SECONDS):.2f} s")
    return 0 if good >= 0.9 * total else 1


if __name__ == "__main__":
    raise SystemExit(main())

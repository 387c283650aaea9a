"""The script of every law, run on an implementation that breaks it and on the right one.

    python tests/scripts_of_all_laws.py [--only TEXT] [--jobs N] [--sample]

prints a line for each law of each operation that a wrong one of the zoo breaks, and whether its
script does as it should. Exits with 1 where one does not. --sample: those of `power_sample.py`
alone; else each other law is put to the wrong ones of its operation until one breaks it.
"""

import argparse
import functools
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]

from alone import each_alone  # noqa: E402
from power import register_laws, wrong_ones  # noqa: E402
from power_sample import WRONG  # noqa: E402
from scripts import Effort, shown  # noqa: E402

from seqlaws.properties.laws import LAWS  # noqa: E402

QUICK = Effort(examples=20, shrinking=0.2)


def pairs(*, sample):
    """(law, the wrong ones to put it to, one after another)."""
    known = {law: [target] for target, law in WRONG.items()}
    if not sample:
        for law in LAWS.values():
            for operation in law.operations:
                others = [e.target for e in wrong_ones() if e.operation == operation]
                known.setdefault(f"{operation}.{law.name}", others)
    return sorted(known.items())


def tried(pair, effort):
    """The law, and what became of its script: "" where no wrong one breaks it."""
    law, targets = pair
    for target in targets:
        with tempfile.TemporaryDirectory() as folder:
            found = shown(target, law, folder, effort)
        if found is not None:
            return law, target, found.amiss or "as due", found.kind
    return law, "", "nobody breaks it", ""


def main():
    """Run, print, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", action="store_true")
    options = parser.parse_args()
    register_laws()
    chosen = [pair for pair in pairs(sample=options.sample) if options.only in pair[0]]
    effort = Effort(examples=100, shrinking=0.5) if options.sample else QUICK
    counts = Counter()
    put = functools.partial(tried, effort=effort)
    for law, target, said, kind in each_alone(put, chosen, options.jobs):
        counts[said] += 1
        print(f"{said}  {law}  {target}  {kind}", flush=True)
    for said, count in counts.most_common():
        print(f"{count:5}  {said}", flush=True)
    return 1 if counts.keys() - {"as due", "nobody breaks it", "no script, and why"} else 0


if __name__ == "__main__":
    raise SystemExit(main())

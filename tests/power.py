"""The power of the suite: every wrong implementation of the zoo caught, no right one rejected.

    python tests/power.py [--examples N] [--seed N] [--only TEXT] [--shard K/N] [--kind wrong|right]

prints a line for each implementation: the law that caught it first, after how many seconds; or,
for a right one, its worst observed / allowed. Exits with 1 where one was missed or rejected.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]

from zoo.catalogue import right as right_ones  # noqa: E402
from zoo.catalogue import wrong as wrong_ones  # noqa: E402

from seqlaws.properties.laws import LAWS, Effort  # noqa: E402
from seqlaws.properties.session import Session, law_names  # noqa: E402

FIRST = ("values", "values_at_every_size", "gradients")  # the most telling


def laws_of(target):
    """The laws that are MUST, the most telling first."""
    law_names()
    return sorted(
        (law for law in LAWS.values() if law.level == "MUST"), key=lambda law: law.name not in FIRST
    )


def candidates(target, law, effort):
    """A subject of the zoo, for each operation, dtype and device of the law that it offers."""
    law_names()
    if target not in SESSIONS:
        SESSIONS[target] = Session([str(ROOT / "tests" / "zoo" / target)], [], [], [])
    session = SESSIONS[target]
    assert not session.problems, session.problems
    session.decide_effort = lambda: effort
    session.__dict__.pop("effort", None)
    return [c for c in session.candidates(law) if callable(getattr(c.namespace, c.operation, None))]


SESSIONS = {}


def tried(target, effort):
    """The verdicts up to the first failure."""
    verdicts = []
    for law in laws_of(target):
        for candidate in candidates(target, law, effort):
            verdicts.append(candidate.verdict(law))
            if verdicts[-1].status == "failed":
                return verdicts
    return verdicts


def main():
    """Run, print, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--kind", choices=("wrong", "right"), default="wrong")
    options = parser.parse_args()
    shard, shards = map(int, options.shard.split("/"))
    listed = wrong_ones() if options.kind == "wrong" else right_ones()
    chosen = [e for e in listed if options.only in e.target][shard::shards]
    effort = Effort(seed=options.seed, examples=options.examples, shrinking=0.0)
    astray, seconds = 0, []
    for entry in chosen:
        started = time.perf_counter()
        verdicts = tried(entry.target, effort)
        seconds.append(time.perf_counter() - started)
        failed = [v for v in verdicts if v.status == "failed"]
        well = bool(failed) == (options.kind == "wrong")
        astray += not well
        worst = max((v.worst for v in verdicts if v.status == "passed"), default=0.0)
        what = f"{failed[0].law}: {failed[0].reason}" if failed else f"passed, worst {worst:.2f}"
        line = f"{'ok' if well else 'ASTRAY'}  {entry.target}  {seconds[-1]:.1f} s  {what}"
        print(line[:240], flush=True)
    median = statistics.median(seconds) if seconds else 0.0
    print(f"{len(chosen)} {options.kind} ones, {astray} astray, median {median:.2f} s")
    return 1 if astray else 0


if __name__ == "__main__":
    raise SystemExit(main())

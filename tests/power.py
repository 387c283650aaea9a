"""The power of the suite: every wrong implementation of the zoo caught, no right one rejected.

    python tests/power.py [--only TEXT] [--kind wrong|right] [--examples N] [--seed N] [--jobs N]
    python tests/power.py --page         all of them, and docs/power.md written

prints a line for each implementation: the law that caught it first, after how many examples and
seconds, and what the diagnosis said; or, for a right one, its worst observed / allowed. Exits with
1 where one was missed or rejected. Each implementation has a process of its own.
"""

import argparse
import multiprocessing
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]

from zoo.catalogue import right as right_ones  # noqa: E402
from zoo.catalogue import wrong as wrong_ones  # noqa: E402

from seqlaws.properties.laws import LAWS, Effort  # noqa: E402
from seqlaws.properties.session import PROFILES, Session, law_names  # noqa: E402

FIRST = ("values", "values_at_every_size", "gradients")  # the most telling
CAUGHT = ("failed", "not kept")
SEEDS = 20  # for the right ones, each its own


@dataclass
class Outcome:
    """What became of one implementation."""

    target: str
    operation: str
    kind: str
    defect: str
    cause: str
    due: str  # the diagnosis that its author gives
    caught: str = ""  # the law that caught it first
    level: str = ""
    reason: str = ""
    said: str = ""  # the diagnosis that the failure gives
    examples: int = 0
    seconds: float = 0.0
    numbers: int = 0  # of the witness, other than 0 and 1
    laws: list[str] = field(default_factory=list)  # all that catch it in a quick run
    worst: float = 0.0
    seed: int = 0

    @property
    def well(self):
        return bool(self.caught) == (self.kind == "wrong")

    def line(self):
        what = f"passed {self.examples} examples, worst {self.worst:.2f}, seed {self.seed}"
        if self.caught:
            what = f"{self.caught}: {self.reason}"
        mark = "ok" if self.well else "ASTRAY"
        return f"{mark}  {self.target}  {self.seconds:.1f} s  {what}"[:240]


def laws_of(target):
    """All laws, what must be before what should be, the most telling first."""
    law_names()
    return sorted(LAWS.values(), key=lambda law: (law.level != "MUST", law.name not in FIRST))


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


def verdicts(target, effort, laws=None):
    """The verdicts of each law, as they come."""
    for law in laws or laws_of(target):
        for candidate in candidates(target, law, effort):
            yield candidate.verdict(law)


def tried(work):
    """One implementation, to the first law that catches it; with `matrix` in a quick run by all."""
    entry, effort, matrix = work
    outcome = Outcome(
        entry.target, entry.operation, entry.kind, entry.defect, entry.cause, entry.diagnosis or ""
    )
    outcome.seed = effort.seed
    started = time.perf_counter()
    for verdict in verdicts(entry.target, effort):
        outcome.examples += verdict.examples
        outcome.worst = max(outcome.worst, verdict.worst if verdict.status == "passed" else 0.0)
        must = verdict.status == "failed"
        if must or (entry.kind == "wrong" and verdict.status == "not kept"):
            outcome.caught, outcome.reason = verdict.law, verdict.reason
            outcome.said, outcome.level = verdict.diagnosis, verdict.level
            outcome.numbers = numbers_of(verdict.witness)
            break
    outcome.seconds = time.perf_counter() - started
    if matrix and entry.kind == "wrong":
        quick = Effort(seed=effort.seed, examples=PROFILES["quick"], shrinking=0.0)
        found = [v.law for v in verdicts(entry.target, quick) if v.status in CAUGHT]
        outcome.laws = sorted({law.partition(".")[2] for law in found})
    return outcome


def numbers_of(witness):
    """How many numbers of a witness are neither 0 nor 1."""
    flat = [witness.get("arrays", {})]
    count = 0
    while flat:
        value = flat.pop()
        if isinstance(value, dict):
            flat += value.values()
        elif isinstance(value, list):
            flat += value
        else:
            count += value not in (0, 1)
    return count


def outcomes(entries, effort, *, jobs=1, matrix=False, seeds=1):
    """What became of each, in order; each in a process of its own, as it may leave anything."""
    law_names()
    work = [
        (e, Effort(effort.seed + i % seeds, effort.examples, effort.shrinking), matrix)
        for i, e in enumerate(entries)
    ]
    context = multiprocessing.get_context("fork")
    with context.Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap(named, [(*w[1:], w[0].target, w[0].kind) for w in work])


def named(work):
    """`tried`, for what can be sent to another process: the entry by its name."""
    effort, matrix, target, kind = work
    listed = wrong_ones() if kind == "wrong" else right_ones()
    return tried((next(e for e in listed if e.target == target), effort, matrix))


def main():
    """Run, print, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--kind", choices=("wrong", "right"), default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    listed = {"wrong": wrong_ones, "right": right_ones}
    effort = Effort(options.seed, options.examples, shrinking=1.0)
    all_of_them = []
    for kind in [options.kind] if options.kind else listed:
        chosen = [e for e in listed[kind]() if options.only in e.target]
        seeds = SEEDS if kind == "right" else 1
        found = []
        for outcome in outcomes(
            chosen, effort, jobs=options.jobs, matrix=options.page, seeds=seeds
        ):
            found.append(outcome)
            print(outcome.line(), flush=True)
        astray = sum(not o.well for o in found)
        median = statistics.median([o.seconds for o in found] or [0.0])
        print(f"{len(found)} {kind} ones, {astray} astray, median {median:.2f} s", flush=True)
        all_of_them += found
    if options.page:
        from power_page import page

        (ROOT / "docs" / "power.md").write_text(page([asdict(o) for o in all_of_them]))
    return 1 if any(not o.well for o in all_of_them) else 0


if __name__ == "__main__":
    raise SystemExit(main())

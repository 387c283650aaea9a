"""The power of the suite: every wrong implementation of the zoo caught, no right one rejected.

    python tests/power.py [--only TEXT] [--kind wrong|right] [--examples N] [--seed N] [--jobs N]
    python tests/power.py --into FILE    goes on where FILE ends
    python tests/power.py --page FILE --generated FILE    docs/power.md from it, and from what
                                         tests/generated/run.py left in its file

prints a line for each implementation: the law that caught it first, after how many examples and
seconds, and whether the diagnosis is right, where the cause is one line; or, for a right one, its
worst observed / allowed. Exits with 1 where one was missed or rejected. Each implementation has a
process of its own.
"""

import argparse
import json
import statistics
import sys
import time
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]

from alone import each_alone  # noqa: E402
from power_page import is_right, page  # noqa: E402
from zoo.catalogue import right as right_ones  # noqa: E402
from zoo.catalogue import wrong as wrong_ones  # noqa: E402

from seqlaws.properties.laws import LAWS  # noqa: E402
from seqlaws.properties.runner.examine import Effort  # noqa: E402
from seqlaws.properties.runner.order import rank  # noqa: E402
from seqlaws.properties.runner.pairing import register_laws  # noqa: E402
from seqlaws.properties.session import Session  # noqa: E402

BITS = ("batch_invariance", "chunking_invariance", "decoding_invariance")  # few right ones have it
LISTED = {"wrong": wrong_ones, "right": right_ones}
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
    worst: float = 0.0
    seed: int = 0

    @property
    def well(self):
        return bool(self.caught) == (self.kind == "wrong")

    @property
    def told(self):
        """Whether the diagnosis is right, in a word."""
        if not (self.due and self.caught):
            return ""
        return (
            "told" if is_right(self.due, self.said) else f"NOT TOLD [{self.due}], but: {self.said}"
        )

    def line(self):
        what = f"passed {self.examples} examples, worst {self.worst:.2f}, seed {self.seed}"
        if self.caught:
            what = f"{self.caught}: {self.reason}"
        mark = "ok" if self.well else "ASTRAY"
        return f"{mark}  {self.target}  {self.seconds:.1f} s  {what[:200]}  {self.told}"


def laws_of():
    """All laws but those of bits, in the order of `check`."""
    register_laws()
    return sorted((law for law in LAWS.values() if law.name not in BITS), key=rank)


def candidates(target, law, effort):
    """A subject of the zoo, for each operation, dtype and device of the law that it offers."""
    register_laws()
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
    for law in laws or laws_of():
        for candidate in candidates(target, law, effort):
            yield candidate.verdict(law)


def tried(work):
    """One implementation, to the first law that catches it."""
    kind, target, effort = work
    entry = next(e for e in LISTED[kind]() if e.target == target)
    outcome = Outcome(
        entry.target, entry.operation, entry.kind, entry.defect, entry.cause, entry.diagnosis or ""
    )
    outcome.seed = effort.seed
    started = time.perf_counter()
    for verdict in verdicts(entry.target, effort):
        outcome.examples += verdict.examples
        outcome.worst = max(outcome.worst, verdict.worst if verdict.status == "passed" else 0.0)
        for law, says in verdict.noted.items():
            outcome.caught, outcome.reason = f"{verdict.operation}.{law}", says
            outcome.level = "MUST"
        if verdict.noted:
            break
        must = verdict.status == "failed"
        if must or (entry.kind == "wrong" and verdict.status == "SHOULD failed"):
            outcome.caught, outcome.reason = verdict.law, verdict.reason
            outcome.said, outcome.level = verdict.diagnosis, verdict.level
            outcome.numbers = numbers_of(verdict.witness)
            break
    outcome.seconds = time.perf_counter() - started
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


def outcomes(entries, effort, *, jobs=1, seeds=1):
    """What became of each, in order; each in a process of its own, as it may leave anything."""
    register_laws()
    work = [
        (
            e.kind,
            e.target,
            replace(effort, seed=effort.seed + zlib.crc32(e.target.encode()) % seeds),
        )
        for e in entries
    ]
    yield from each_alone(tried, work, jobs)


def main():
    """Run, print, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--kind", choices=("wrong", "right"), default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--generated", type=Path)
    options = parser.parse_args()
    if options.page:
        generated = known(options.generated) if options.generated else []
        (ROOT / "docs" / "power.md").write_text(
            page(known(options.page), len(wrong_ones()), len(right_ones()), generated)
        )
        return 0
    kinds = [options.kind] if options.kind else ["wrong", "right"]
    return 1 if sum(astray(kind, options) for kind in kinds) else 0


def known(path):
    """The outcomes that a file has, one on each line."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def astray(kind, options):
    """Run all of a kind, print, and count what is not as it should be."""
    done = {o["target"] for o in known(options.into)} if options.into else set()
    chosen = [e for e in LISTED[kind]() if options.only in e.target and e.target not in done]
    seeds = SEEDS if kind == "right" else 1
    effort = Effort(options.seed, options.examples, shrinking=1.0)
    found = []
    for outcome in outcomes(chosen, effort, jobs=options.jobs, seeds=seeds):
        found.append(outcome)
        print(outcome.line(), flush=True)
        if options.into:
            with options.into.open("a") as file:
                file.write(json.dumps(asdict(outcome)) + "\n")
    count = sum(not o.well for o in found)
    median = statistics.median([o.seconds for o in found] or [0.0])
    print(f"{len(found)} {kind} ones, {count} astray, median {median:.2f} s", flush=True)
    said = [o.told for o in found if o.told]
    if said:
        print(f"diagnosis right on {said.count('told')} of {len(said)}", flush=True)
    return count


if __name__ == "__main__":
    raise SystemExit(main())

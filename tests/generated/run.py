"""Put generated right implementations to the laws: none may be rejected.

    python tests/generated/run.py --count 1000 --jobs 2 [--operation X] [--seed0 N] [--into FILE]
    python tests/generated/run.py --show SEED     the source that a seed gives

Each implementation is put to a random part of the MUST laws, of all alike, and has a suite seed of
its own. With --into it goes on where the file ends. Prints a line for each law that rejects one,
and exits with 1 if there is any.
"""

import argparse
import collections
import json
import os
import random
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy is imported
    os.environ.setdefault(variable, "1")

from alone import each_alone  # noqa: E402

from generated.source import OPERATIONS, implementation  # noqa: E402
from seqlaws.properties.discovery import loader  # noqa: E402
from seqlaws.properties.runner.examine import Effort  # noqa: E402
from seqlaws.properties.runner.order import in_order  # noqa: E402
from seqlaws.properties.runner.pairing import register_laws  # noqa: E402
from seqlaws.properties.runner.selection import candidates_of  # noqa: E402


def said_of(made):
    """What an implementation is, and an outcome that says nothing yet."""
    return {
        "seed": made.seed,
        "operation": made.operation,
        "backend": made.backend,
        "dtype": made.dtype,
        "forms": made.forms,
        "problem": "",
        "rejected": [],
        "laws": [],
        "examples": 0,
        "entries": 0,
        "seconds": 0.0,
    }


def some_laws(candidate, part, seed):
    """A random part of the MUST laws of a candidate, in the suite's order."""
    laws = [law for law in in_order(candidate) if law.level == "MUST"]
    chosen = random.Random(seed).sample(laws, max(1, round(part * len(laws))))
    return [law for law in laws if law in chosen]


def outcome(made, *, part, examples):
    """What becomes of one implementation: which MUST laws reject it, how much was checked."""
    started = time.perf_counter()
    effort = Effort(made.seed, examples, shrinking=0.0, explains=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"generated_{made.seed}.py"
        path.write_text(made.source, encoding="utf-8")
        spec = str(path)
        (candidate,) = candidates_of(spec, path.stem, loader.find(spec), [made.operation])
        candidate = replace(candidate, effort=effort)
        verdicts = [candidate.verdict(law) for law in some_laws(candidate, part, made.seed)]
    rejected = [[v.law, v.reason, v.message] for v in verdicts if v.status == "failed"]
    return said_of(made) | {
        "rejected": rejected,
        "laws": [v.law for v in verdicts if v.status == "passed"],
        "examples": sum(v.examples for v in verdicts),
        "entries": sum(v.entries for v in verdicts),
        "seconds": round(time.perf_counter() - started, 2),
    }


def made_of(seed, options):
    """The implementation of a seed, as the command line asks for it."""
    how = {"refusals": options.refusals, "traits": options.traits}
    return implementation(seed, options.operation, **how)


def judged(work):
    """One implementation, in a process of its own; a failure of the suite itself is said, too."""
    seed, options = work
    made = made_of(seed, options)
    try:
        return outcome(made, part=options.part, examples=options.examples)
    except Exception:
        what = traceback.format_exc().strip().splitlines()
        return said_of(made) | {"problem": f"the suite itself failed: {what[-1]}"}


def outcomes(seeds, options):
    """What becomes of each seed, in order."""
    register_laws()  # once for all processes
    yield from each_alone(judged, [(seed, options) for seed in seeds], options.jobs)


def known(path):
    """The outcomes that a file has, one on each line."""
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def line(one):
    """One outcome in a line or, where it is rejected, in several."""
    name = f"{one['seed']:6} {one['operation']} {one['backend']} {one['dtype']}"
    if one["problem"]:
        return f"{name}: {one['problem']}"
    if not one["rejected"]:
        return f"{name}: {len(one['laws'])} laws, {one['examples']} examples, {one['seconds']} s"
    said = [f"    {law}: {reason}" for law, reason, _ in one["rejected"]]
    return "\n".join([f"{name}: REJECTED   {one['forms']}", *said])


def summary(found):
    """How many were rejected, by which laws."""
    rejected = [one for one in found if one["rejected"] or one["problem"]]
    laws = collections.Counter(law for one in rejected for law, _, _ in one["rejected"])
    total = sum(one["examples"] for one in found)
    passed = len({law for one in found for law in one["laws"]})
    entries = sum(one["entries"] for one in found)
    lines = [f"{count:6}  {law}" for law, count in laws.most_common()]
    last = f"{len(found)} right ones, {len(rejected)} rejected; {passed} laws, {total} examples"
    return "\n".join([*lines, f"{last}, {entries} entries compared"])


def main():
    """Run, print, and say by the exit status whether none was rejected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed0", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--operation", choices=OPERATIONS, default="")
    parser.add_argument("--part", type=float, default=0.2, help="of the laws, for each of them")
    parser.add_argument("--examples", type=int, default=3, help="of each law")
    parser.add_argument("--refusals", action="store_true", help="some refuse beyond the core")
    parser.add_argument("--traits", action="store_true", help="some declare less exact arithmetic")
    parser.add_argument("--into", type=Path)
    parser.add_argument("--show", type=int)
    options = parser.parse_args()
    if options.show is not None:
        made = made_of(options.show, options)
        print(made.source)
        return 0
    found = known(options.into)
    done = {one["seed"] for one in found}
    seeds = range(options.seed0, options.seed0 + options.count)
    for one in outcomes([seed for seed in seeds if seed not in done], options):
        found.append(one)
        print(line(one), flush=True)
        if options.into:
            with options.into.open("a", encoding="utf-8") as file:
                file.write(json.dumps(one) + "\n")
    print(summary(found))
    return 1 if any(one["rejected"] or one["problem"] for one in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())

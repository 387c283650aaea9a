"""Put generated right implementations to the laws: none may be rejected.

    python tests/generated/run.py --count 1000 --jobs 2 [--operation X] [--seed0 N] [--into FILE]
    python tests/generated/run.py --show SEED     the source that a seed gives

Each implementation has a suite seed of its own. With --into it goes on where the file ends. Prints
a line for each law that rejects one, and exits with 1 if there is any.
"""

import argparse
import collections
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy is imported
    os.environ.setdefault(variable, "1")

from alone import each_alone  # noqa: E402

from generated.source import OPERATIONS, implementation  # noqa: E402
from seqlaws.properties import check  # noqa: E402


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
        "laws": 0,
        "examples": 0,
        "entries": 0,
        "unfinished": [],
        "seconds": 0.0,
    }


def outcome(made, *, seconds):
    """What becomes of one implementation: which MUST laws reject it, how much was checked."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"generated_{made.seed}.py"
        path.write_text(made.source, encoding="utf-8")
        result = check(str(path), [made.operation], seconds=seconds, seed=made.seed, isolate=False)
    coverage = result.coverage
    return said_of(made) | {
        "problem": result.problem,
        "rejected": [[v.law, v.reason, v.message] for v in result.failures],
        "laws": coverage["finished"],
        "examples": coverage["examples"],
        "entries": coverage["entries"],
        "unfinished": [v.law for v in result.unfinished_musts],
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
        return outcome(made, seconds=options.seconds)
    except Exception:
        what = traceback.format_exc().strip().splitlines()
        return said_of(made) | {"problem": f"the suite itself failed: {what[-1]}"}


def outcomes(seeds, options):
    """What becomes of each seed, in order."""
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
        return f"{name}: {one['laws']} laws, {one['examples']} examples, {one['seconds']} s"
    said = [f"    {law}: {reason}" for law, reason, _ in one["rejected"]]
    return "\n".join([f"{name}: REJECTED   {one['forms']}", *said])


def summary(found):
    """How many were rejected, by which laws."""
    rejected = [one for one in found if one["rejected"] or one["problem"]]
    laws = collections.Counter(law for one in rejected for law, _, _ in one["rejected"])
    total = sum(one["examples"] for one in found)
    cut = sum(bool(one["unfinished"]) for one in found)
    entries = sum(one["entries"] for one in found)
    lines = [f"{count:6}  {law}" for law, count in laws.most_common()]
    last = f"{len(found)} right ones, {len(rejected)} rejected; {total} examples, {entries} entries"
    return "\n".join([*lines, f"{last} compared; {cut} had laws cut off by the time"])


def main():
    """Run, print, and say by the exit status whether none was rejected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed0", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--operation", choices=OPERATIONS, default="")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each implementation")
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

"""Search for wrong implementations that no law catches: mutants of bundled implementations.

    python tests/mutation.py --count 150 [--impl numpy_vectorized] [--seed N] [--into FILE]
    python tests/mutation.py --show FILE    the kill rate by operation and by operator

Each mutant runs in a process of its own, as `check` runs an implementation, until a MUST fails.
What survives is compared with the original on many other cases: without any difference beyond
rounding it counts as equivalent. The other survivors are printed; the exit status is 1 if there is
any.
"""

import argparse
import ast
import collections
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy is imported
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from mutants import mutants  # noqa: E402

from seqlaws.properties import check  # noqa: E402
from seqlaws.properties.discovery import loader  # noqa: E402
from seqlaws.properties.inputs.numbers import by_seed  # noqa: E402
from seqlaws.properties.inputs.strategies import build  # noqa: E402
from seqlaws.properties.inputs.sweeps import every_size  # noqa: E402
from seqlaws.properties.operations import OPERATIONS  # noqa: E402
from seqlaws.properties.runner.pairing import register_laws  # noqa: E402
from seqlaws.properties.subjects.subject import Subject  # noqa: E402

SECONDS = 60.0  # for the laws, until one fails
CASES = 400  # on which a survivor is compared with the original, beside those of every size
ROUNDING = 1e-4


def all_of(package):
    """Every mutant of a package: (file, the operation that is closest to it, mutant)."""
    of, found = nearest_operations(package), []
    for path in sources(package):
        if path.name != "_checks.py":
            made = mutants(path.read_text())
            found += [(path.name, of[path.stem, m.function], m) for m in made
                      if (path.stem, m.function) in of]  # fmt: skip
    return found


def sources(package):
    """The modules of a package that its operations are made of."""
    every = sorted((ROOT / "impls" / package).glob("_*.py"))
    return [path for path in every if path.name != "__init__.py"]


def nearest_operations(package):
    """Of each function the operation that reads it, and few others; one with gradients, if any."""
    reads = {}
    for path in sources(package):
        tree = ast.parse(path.read_text())
        defined = {n.name: (path.stem, n.name) for n in tree.body
                   if isinstance(n, ast.FunctionDef | ast.ClassDef)}  # fmt: skip
        known = {
            a.name: (n.module.rpartition(".")[2], a.name)
            for n in tree.body
            if isinstance(n, ast.ImportFrom) and n.module
            for a in n.names
        } | defined
        for n in tree.body:
            if getattr(n, "name", "") in defined:
                names = {m.id for m in ast.walk(n) if isinstance(m, ast.Name)}
                reads[path.stem, n.name] = {known[m] for m in names if m in known}
    nearest = {}
    for operation in OPERATIONS:
        reached = {f for f in reads if f[1] in (operation, f"{operation}_vjp")}
        while more := {g for f in reached for g in reads.get(f, ()) if g in reads} - reached:
            reached |= more
        for one in reached:
            no_gradient = not OPERATIONS[operation].differentiable
            nearest.setdefault(one, []).append((no_gradient, len(reached), operation))
    return {one: min(several)[-1] for one, several in nearest.items()}


@contextlib.contextmanager
def package_with(package, file, source):
    """The package, with another source of one file, in a folder of its own; its path."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"mutant_{os.getpid()}"
        place = Path(folder) / name
        shutil.copytree(ROOT / "impls" / package, place)
        (place / file).write_text(source)
        for path in place.glob("*.py"):
            path.write_text(path.read_text().replace(f"seqlaws.impls.{package}", name))
        sys.path.insert(0, folder)
        try:
            yield name
        finally:
            sys.path.remove(folder)


def described(work):
    """What a mutant is, and an outcome that says nothing yet."""
    _, file, operation, one = work
    said = {name: getattr(one, name) for name in ("kind", "line", "was", "now")}
    return {"file": file, "operation": operation, **said, "law": "", "status": ""}


def tried(work):
    """What becomes of a mutant: killed by a law, equivalent as far as was seen, or surviving."""
    package, file, operation, one = work
    said = described(work)
    with package_with(package, file, one.source) as name:
        try:
            result = check(
                name, [operation], dtypes_of(operation), SECONDS, stop_at_first=True, isolate=False
            )
        except Exception as error:  # it cannot be imported
            return said | {"status": "killed", "law": f"{type(error).__name__}"}
        failed = [v.law for v in result.failures] or ([result.problem] if result.problem else [])
        if failed:
            return said | {"status": "killed", "law": failed[0]}
        off = difference(package, name, operation)
    unfinished = "" if result.coverage["finished"] == len(result.verdicts) else "; not all laws ran"
    return said | {"status": "survived" if off else "equivalent", "law": off + unfinished}


def dtypes_of(operation):
    """The dtype in which an operation is tried."""
    return [*(OPERATIONS[operation].dtypes or ("float32",))]


def difference(package, name, operation):
    """On which of many cases a mutant differs from the original by more than rounding, or ""."""
    register_laws()
    (dtype,) = dtypes_of(operation)
    there, here = (
        Subject(spec, loader.find(spec), operation, dtype, "cpu") for spec in (package, name)
    )
    sizes = every_size(OPERATIONS[operation])
    sizes += [large for one in sizes if (large := large_of(one))]
    for k in range(CASES + len(sizes)):
        fixed = sizes[k - CASES] if k >= CASES else {}
        case = there.adapted(build(by_seed(77, k), OPERATIONS[operation], dtype, **fixed))
        for call in ("run", "pull"):
            if call == "pull" and not there.gives_gradients:
                continue
            one, other = (answer(s, call, case) for s in (there, here))
            if other is None and case.operation.beyond_core(case):
                continue  # what it may refuse
            if (one is None) != (other is None):
                return f"{call}: raises, {case!r}"
            for n in one or ():
                if not near(one[n], other[n]):
                    return f"{call}: {n} of {case!r}, {fixed}"
    return ""


def large_of(pinned):
    """The sizes of a case alone, so that its options are drawn; {} if none of them is large."""
    sizes = {name: n for name, n in pinned.items() if type(n) is int}
    return sizes if max(sizes.values(), default=0) > 100 else {}


def answer(subject, call, case):
    """The outputs or the gradients; None where there are none."""
    try:
        return getattr(subject, call)(case)
    except Exception:
        return None


def near(one, other):
    """True unless two arrays differ by more than rounding."""
    if one.shape != other.shape or not one.size:
        return one.shape == other.shape
    with np.errstate(all="ignore"):
        off = np.abs(one - other) > ROUNDING * np.maximum(np.abs(one), np.mean(np.abs(one)))
    return not (off | (np.isnan(one) != np.isnan(other))).any()


def in_a_process(work):
    """One mutant in a process that may be ended."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        try:
            return pool.apply_async(tried, (work,)).get(3 * SECONDS)
        except multiprocessing.TimeoutError:
            return described(work) | {"law": "does not end", "status": "killed"}


def table(outcomes):
    """Print the kill rate of those that are not equivalent, by operation and by operator."""
    for key in ("operation", "kind"):
        rows = collections.defaultdict(collections.Counter)
        for o in outcomes:
            rows[o[key]][o["status"]] += 1
        for name, c in sorted(rows.items()):
            real = c["killed"] + c["survived"]
            equal = f"{c['equivalent']} equal"
            print(f"{key:9}  {name:22}  {c['killed']:4} of {real:4} killed, {equal}")
    killed, survived = (sum(o["status"] == s for o in outcomes) for s in ("killed", "survived"))
    print(f"{killed} of {killed + survived} killed ({killed / max(killed + survived, 1):.1%}), "
          f"{len(outcomes) - killed - survived} without a difference")  # fmt: skip


def main():
    """Try a sample, print survivors and rates; 1 if any survives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--impl", default="numpy_vectorized")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--show", type=Path)
    options = parser.parse_args()
    if options.show:
        table([json.loads(line) for line in options.show.read_text().splitlines()])
        return 0
    every = all_of(options.impl)
    chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))
    outcomes = []
    for file, operation, one in chosen:
        outcome = in_a_process((options.impl, file, operation, one))
        outcomes.append(outcome)
        if outcome["status"] != "killed":
            print(json.dumps(outcome), flush=True)
        if options.into:
            with options.into.open("a") as stream:
                stream.write(json.dumps(outcome) + "\n")
    table(outcomes)
    return int(any(o["status"] == "survived" for o in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())

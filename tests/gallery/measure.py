"""How many of the gallery's wrong ones are caught and named, and whether a right one is rejected.

    python tests/gallery/measure.py wrong|right [--jobs N] [--only TEXT] [--seconds N]
                                    [--seeds N] [--first-seed N] [--first] [--into FILE]

The specifications are those of `examples/`; there is no law and no misreading for any of them.
`wrong` prints what is told of each defect, beside the sentence that says what it is: whether a
cause names it is for a reader to say. `right` runs every form with several seeds.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from gallery.wrong import FORMS, WRONG  # noqa: E402
from seqlaws import check  # noqa: E402

OPERATIONS = list(dict.fromkeys(one.operation for one in WRONG))


def checked(operation, implementation, seconds, seed=0, *, first=False):
    """The result of one operation's laws, as data."""
    spec = ROOT / "examples" / f"{operation}.py"
    result = check(
        implementation,
        [operation],
        ["float32"],
        seconds,
        seed=seed,
        spec=spec,
        stop_at_first=first,
    )
    causes = [
        {"sentence": c.sentence, "names": list(c.names), "level": c.level} for c in result.causes
    ]
    return {
        "operation": operation,
        "status": result.status,
        "problem": result.problem,
        "failed": [v.law for v in result.failures],
        "reasons": [f"{v.law}: {v.reason}" for v in result.verdicts if v.status == "not run"],
        "causes": causes,
        "seconds": result.seconds,
    }


def of_wrong(one, seconds, first):
    with tempfile.TemporaryDirectory() as folder:
        found = checked(one.operation, one.written(folder), seconds, first=first)
    return {"defect": one.defect, "form": one.form, **found}


def of_right(work, seconds):
    operation, form, seed = work
    return {"form": form, "seed": seed, **checked(operation, FORMS / f"{form}.py", seconds, seed)}


def forms_of(operation):
    """The right forms of an operation: those of its family."""
    family = next(one.form for one in WRONG if one.operation == operation).partition("_")[0]
    return sorted(path.stem for path in FORMS.glob(f"{family}_*.py"))


def lines(found):
    defect = found.get("defect", f"right, seed {found.get('seed')}")
    yield f"{found['operation']} ({found['form']}): {found['status']} in {found['seconds']:.0f} s"
    yield f"    {'is' if 'defect' in found else '  '}    {defect}"
    yield from (f"    told  {cause['sentence']}" for cause in found["causes"])
    yield f"    laws  {', '.join(found['failed']) or 'none'} {found['problem']}"
    yield from (f"    {reason}" for reason in found["reasons"][:2])


def main():
    parser = argparse.ArgumentParser(description="Measure the gallery.")
    parser.add_argument("what", choices=("wrong", "right"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="operations, forms and defects that contain it")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--first", action="store_true", help="explain the first failure alone")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--into", type=Path, help="a file to which a line of JSON each is added")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    if options.what == "wrong":
        every = [one for one in WRONG if options.only in f"{one.operation} {one.form} {one.defect}"]
        run, work = partial(of_wrong, first=options.first), every
    else:
        every = [(o, f, s) for s in seeds for o in OPERATIONS for f in forms_of(o)]
        run, work = of_right, [w for w in every if options.only in f"{w[0]} {w[1]}"]
    failed = 0
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, spawn) as pool:
        for found in pool.map(partial(run, seconds=options.seconds), work):
            print(*lines(found), sep="\n", flush=True)
            failed += found["status"] == "failed"
            if options.into:
                with options.into.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(found) + "\n")
    print(f"{failed} of {len(work)} failed")


if __name__ == "__main__":
    main()

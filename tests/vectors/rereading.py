"""Test vectors read again in Python, and how many of the zoo's wrong ones they catch.

    python tests/vectors/rereading.py [OPERATION ...] [--examples N] [--folder DIR]

It reads the files alone, as a reader in another language does. Only NumPy implementations are
called, in this process; those whose defect shows in more than the numbers of a call cannot be
caught so. Prints those that are missed, and right ones that are rejected.
"""

import argparse
import json
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TRAITS = {"masked_nan": "never"}  # of the zoo, where it declares nothing else
# defects that show in more than the numbers of one call with arrays that lie plainly
BEYOND = {
    *("memory layout", "layout", "writes an input", "shares memory", "changes the world"),
    *("remembers calls", "refusal", "refusals", "not thread safe", "not deterministic", "manners"),
    *("dtype", "cheating", "cheat", "stale", "stale weights", "depends on neighbours"),
}
KINDS_OF = ("wrong", "beyond", "right")
KINDS = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "BOOL": "?"}


def read(path):
    """The index and the tensors of an index file."""
    index = json.loads(Path(path).read_text(encoding="utf-8"))
    data = (Path(path).parent / index["data"]).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, about in json.loads(data[8 : 8 + length]).items():
        start, end = (8 + length + at for at in about["data_offsets"])
        flat = np.frombuffer(data[start:end], KINDS[about["dtype"]])
        tensors[name] = flat.reshape(about["shape"])
    return index, tensors


def argument(told, tensors):
    """An argument of a call."""
    if isinstance(told, list):
        return tuple(argument(one, tensors) for one in told)
    if not isinstance(told, dict):
        return told
    if "number" in told:
        return float(told["number"])
    if "tensor" in told:
        array = tensors[told["tensor"]]
        return array.astype(np.int64) if array.dtype.kind == "i" else array.copy()
    return {name: argument(one, tensors) for name, one in told["entries"].items()}


def entries(result, names):
    """A result, or the entries of a dict in the order of the names, such as "params.weight"."""
    if not isinstance(result, dict):
        return [result]
    return [result[name.partition(".")[2]] for name in names if "." in name]


def ratio(observed, value, allowed, free):
    """The worst |observed - value| / allowed."""
    if observed.shape != value.shape:
        return np.inf
    with np.errstate(all="ignore"):
        found = np.where(observed == value, 0, np.abs(observed.astype(float) - value) / allowed)
    found = np.where(np.isinf(allowed), 0, np.where(np.isnan(found), np.inf, found))
    shown = np.isnan(observed) | free
    found = np.where(np.isnan(value), np.where(shown, 0, np.inf), found)
    return float(found.max(initial=0))


def worst(index, tensors, subject):
    """Law and level to the worst ratio of its calls; those that are refused are left out."""
    found = {}
    for call in index["cases"]:
        function = getattr(subject, call["function"], None)
        if function is None:
            continue
        given = [argument(one, tensors) for one in call["arguments"]]
        options = {name: argument(one, tensors) for name, one in call["options"].items()}
        key = call["law"], call["level"]
        try:
            with np.errstate(all="ignore"):
                results = function(*given, **options)
            results = results if isinstance(results, (tuple, list)) else [results]
            results = [one for result in results for one in entries(result, call["expected"])]
            numbers = zip(results, call["expected"].values(), strict=True)
            each = [
                ratio(
                    np.asarray(result),
                    tensors[due["value"]],
                    tensors[due["allowed"]],
                    call["function"].endswith("_vjp"),
                )
                for result, due in numbers
            ]
        except Exception as error:
            option = call["options"] and isinstance(error, (NotImplementedError, TypeError))
            each = [0.0 if option or not call["core"] else np.inf]
        found[key] = max([found.get(key, 0.0), *each])
    return found


def broken(found):
    """The MUST laws that do not hold."""
    return [law for (law, level), ratio in found.items() if level == "MUST" and ratio > 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operations", nargs="*")
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--folder")
    given = parser.parse_args()
    sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]
    from zoo import catalogue

    from seqlaws.properties.vectors.writing import known_operations, write

    folder = Path(given.folder or tempfile.mkdtemp())
    counts, total = Counter(), Counter()
    for operation in given.operations or known_operations():
        path = folder / f"{operation}.json"
        if not path.exists():
            write(operation, folder, examples=given.examples, traits=TRAITS)
        index, tensors = read(path)
        for kind, entries in (("wrong", catalogue.wrong), ("right", catalogue.right)):
            for entry in entries(("numpy",)):
                if entry.operation == operation and is_about(entry, catalogue.load(entry)):
                    found = broken(worst(index, tensors, catalogue.load(entry)))
                    what = kind if kind == "right" or entry.defect not in BEYOND else "beyond"
                    total[operation, what] += 1
                    counts[operation, what] += bool(found)
                    if bool(found) != (kind == "wrong") and what != "beyond":
                        said = f"rejected by {found}" if found else "missed"
                        print(f"  {entry.target}: {said}: {entry.cause[:90]}", flush=True)
        told = {kind: f"{counts[operation, kind]}/{total[operation, kind]}" for kind in KINDS_OF}
        print(operation, len(index["cases"]), "cases:", told, flush=True)
    for kind in KINDS_OF:
        caught = sum(n for (_, k), n in counts.items() if k == kind)
        print(kind, caught, "of", sum(n for (_, k), n in total.items() if k == kind))


def is_about(entry, subject):
    """Whether the vectors are of the arithmetic and the traits that a subject declares."""
    other = {"matmul", "accumulate", "normalise", "elementary", "causal_alignment"}
    traits = {"fully_masked": "zeros", **TRAITS, **subject.TRAITS}
    same = all(
        traits[name] == value for name, value in (("fully_masked", "zeros"), *TRAITS.items())
    )
    return same and "float32" in entry.dtypes and not other & set(subject.TRAITS)


if __name__ == "__main__":
    main()

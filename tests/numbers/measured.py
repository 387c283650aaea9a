"""Ten thousand cases of each operation and dtype: how near a right one comes to its bound.

    python tests/numbers/measured.py --cases 10000 --into measured.jsonl
    python tests/numbers/measured.py --cases 120 --large --into measured.jsonl

appends a line for every part of them, goes on where an earlier run stopped, and never counts a
case twice; --operation names one, again and again, where not all are wanted, and --declared the
forms that an implementation declares, such as normalise=affine, on the operations that have them.
`python docs/certificate.py --measured measured.jsonl` makes the published tables of the lines.
A case is what `observed.questions` draws: arguments, options and an implementation of its own.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import conftest  # noqa: F401  makes the clone importable as seqlaws

from observed import ARITHMETICS, CHECKS, DECLARED, Observed, questions, tried

from seqlaws.properties.operations import RECURRENT
from seqlaws.reference.numbers import Arithmetic

LETTERS = {
    "softmax": "", "attention": "L S D Dv", "lstm_gates": "I H",
    "rnn": "I H", "lstm": "I H", "gru": "I H", "layer_norm": "E", "markov_log_prob": "B T S",
    "positional_encoding": "length dim", "rotary_embedding": "L half",
    "multi_head_attention": "L S D", "encoder_layer": "T D F", "decoder_layer": "T S D F",
    "generate": "S D F",
}  # fmt: skip
LONG = {  # what makes a long sum, beside sizes that keep the rest short
    "softmax": ("n", {}), "attention": ("S", {"B": 1}), "layer_norm": ("E", {}),
    "markov_log_prob": ("T", {}), "multi_head_attention": ("S", {"B": 1, "source": "three"}),
    "encoder_layer": ("F", {"B": 1, "T": 4}), "decoder_layer": ("S", {"B": 1, "T": 4}),
}  # fmt: skip
SHORT = ("positional_encoding", "rotary_embedding", "generate")  # no sum, or none that is seen
STEPS = (1, 1, 1, 1, 1, 1, 2, 3)  # a step rounds like any other
STEP_BACK = 8  # one in so many is also taken back step by step


def cheap_sizes(operation, number):
    """Half of the cases small throughout, all but one in sixteen short; the others as drawn."""
    random = np.random.RandomState([number, 6])
    fixed = {}
    if random.randint(2):
        fixed = {letter: random.randint(1, 5) for letter in LETTERS[operation].split()}
    if operation in RECURRENT and random.randint(16):
        fixed["T"] = STEPS[random.randint(len(STEPS))]
    return fixed


def large_sizes(operation, number):
    """A long sum, and one step."""
    n = (24, 48, 120)[number % 3]
    if operation in LONG:
        letter, fixed = LONG[operation]
        return {letter: n, **fixed}
    return {"I": n // 2, "H": n // 2, "B": 2} | ({"T": 1} if operation in RECURRENT else {})


def terms(case):
    """How many numbers the longest sum of the forward operation adds up."""
    sizes = case.sizes()
    if case.operation.name == "softmax":
        return case.arrays["x"].shape[case.option("axis")]
    if case.operation.name in SHORT:
        return 2 if case.operation.name == "rotary_embedding" else 1
    if letters := {"attention": "S", "markov_log_prob": "T"}.get(case.operation.name):
        return sizes[letters]
    if "I" in sizes:
        return sizes["I"] + sizes["H"]
    return max(sizes[letter] for letter in "EFST" if letter in sizes)  # of several stages


def measure(operation, dtype, first, cases, *, large=False, declared=""):
    """One line: what each check saw of the cases numbered from `first`."""
    sizes = large_sizes if large else cheap_sizes
    checks = {check: Observed() for check in CHECKS}
    sharp = {check: [] for check in CHECKS}
    kept = Arithmetic(dtype, "dtype" if declared == "accumulate=dtype" else "").accumulate
    plain = f"; {kept}, ieee"  # the dtype's default arithmetic, or the declared one
    started = time.process_time()
    for number in range(first, first + cases):
        for check, names, found, expected, case, regime in questions(
            operation, dtype, number, harder=not large, step_back=STEP_BACK, declared=declared,
            **sizes(operation, number),
        ):  # fmt: skip
            seen = checks[check]
            before = len(seen.sharpness)
            free = "vjp" in check or dtype == "float64"  # where the reference itself may overflow
            seen.see(names, found, expected, regime, number, nan_is_free=free)
            if len(seen.sharpness) > before and regime.endswith(plain):
                sharp[check].append([terms(case), seen.sharpness[-1], seen.typical[-1]])
    said = {"operation": operation, "dtype": dtype, "declared": declared, "first": first,
            "cases": cases, "large": large,
            "seconds": round(time.process_time() - started, 1), "checks": {}}  # fmt: skip
    for check, seen in checks.items():
        if seen.cases:
            summary = seen.summary()
            counted = ("cases", "entries", "unclaimed", "worst", "violations")
            sharpness = [[n, round(a, 4), round(b, 4)] for n, a, b in sharp[check]]
            said["checks"][check] = {k: summary[k] for k in counted} | {"sharpness": sharpness}
    return said


def done(path):
    """The parts that are already in the file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {
        tuple(said[k] for k in ("operation", "dtype", "declared", "first", "large"))
        for said in map(json.loads, lines)
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--part", type=int, default=1000, help="cases a line")
    parser.add_argument("--large", action="store_true", help="long sums, as the suite draws them")
    parser.add_argument("--operation", choices=[*LETTERS], action="append")
    parser.add_argument("--declared", choices=[*DECLARED], default="")
    parser.add_argument("--into", type=Path, required=True)
    given = parser.parse_args()
    known = done(given.into)
    for first in range(0, given.cases, given.part):
        for dtype in ARITHMETICS:
            for operation in given.operation or DECLARED.get(given.declared, LETTERS):
                if dtype not in tried(operation, given.declared):
                    continue
                if given.large and operation in SHORT:
                    continue
                if (operation, dtype, given.declared, first, given.large) in known:
                    continue
                cases = min(given.part, given.cases - first)
                said = measure(
                    operation, dtype, first, cases, large=given.large, declared=given.declared
                )
                line = json.dumps(said)
                with given.into.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")


if __name__ == "__main__":
    main()

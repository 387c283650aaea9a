"""Simulated implementations against their bounds, over many cases.

    python tests/numbers/observed.py --operation lstm --dtype float32 --cases 10000

prints the worst observed / allowed of each check, how sharp the bounds are, and every violation.
`--declared elementary=absolute` measures what an implementation that declares it may do.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import conftest  # noqa: F401  makes the clone importable as seqlaws

import simulated_angles  # noqa: F401  registers its rules
import simulated_moments  # noqa: F401  registers its rules
import simulated_softmax  # noqa: F401  registers its rules
from hard_cases import hard_case
from machine import Machine
from simulated import Simulated, given

from seqlaws import reference
from seqlaws.properties.inputs.strategies import poisoned
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.operations import OPERATIONS, RECURRENT
from seqlaws.reference.numbers import Arithmetic, expected_and_allowed, flattened
from seqlaws.reference.numbers.stepwise import expected_step_by_step, expected_vjp_step_by_step
from seqlaws.reference.numbers.tokens import expected_token_by_token

CHECKS = ("forward", "vjp", "forward step by step", "vjp step by step")
ARITHMETICS = {
    "float64": (Arithmetic("float64"),),
    "float32": (*(Arithmetic("float32"),) * 4, Arithmetic("float32", "float64"),
                Arithmetic("float32", matmul="tf32"), Arithmetic("float32", matmul="bf16")),
    "bfloat16": (*(Arithmetic("bfloat16"),) * 3, Arithmetic("bfloat16", "bfloat16")),
    "float16": (*(Arithmetic("float16"),) * 3, Arithmetic("float16", "float16"),
                Arithmetic("float16", matmul="bf16")),
}  # fmt: skip
DECLARED = {  # the forms of their own, and who has what they are of
    "elementary=absolute": ("rnn", "lstm_gates", "lstm", "gru", "attention"),
    "normalise=affine": ("layer_norm", "encoder_layer", "decoder_layer"),
    "accumulate=dtype": (
        "softmax", "attention", "layer_norm", "rnn", "lstm", "gru", "multi_head_attention",
    ),
}  # fmt: skip


def tried(operation, declared=""):
    """The dtypes of an operation in which what is declared is not the default."""
    dtypes = OPERATIONS[operation].dtypes or ARITHMETICS
    sixteen = declared == "accumulate=dtype"
    return [d for d in dtypes if not sixteen or Arithmetic(d).accumulate != d]


def arithmetic_of(random, dtype, declared=""):
    """One of the arithmetics of a dtype, with what else is declared."""
    if declared.startswith("accumulate"):
        return Arithmetic(dtype, "dtype")
    found = ARITHMETICS[dtype][random.randint(len(ARITHMETICS[dtype]))]
    return dataclasses.replace(found, **dict([declared.split("=")])) if declared else found


def simulate(name, arguments, options, arithmetic, seed):
    """What one simulated implementation returns, rounded to the dtype; tokens as they are."""
    machine = Machine(seed, arithmetic)

    def lifted(x):
        if isinstance(x, dict):
            return {n: lifted(value) for n, value in x.items()}
        floating = isinstance(x, np.ndarray) and x.dtype.kind == "f"
        return given(machine, x) if floating else x

    with np.errstate(all="ignore"):
        options = {n: lifted(o) for n, o in options.items()}
        outputs = getattr(reference, name)(*(lifted(x) for x in arguments), **options)
        if OPERATIONS[name.removesuffix("_vjp")].whole:
            return tuple(np.asarray(x, float) for x in flattened(outputs))
        return tuple(
            np.asarray(machine.store(x.value if isinstance(x, Simulated) else np.asarray(x, float)))
            for x in flattened(outputs)
        )


def questions(operation, dtype, *seed, harder=True, step_back=2, declared="", **fixed):
    """One case, as (check, names, observed, expected, the case, what was done to it).

    step_back: one in so many cases is also taken back step by step. declared: a key of DECLARED.
    fixed: sizes and options.
    """
    random = np.random.RandomState([n % 2**32 for n in (*seed, 5)])
    case, regime = hard_case(operation, dtype, *seed, harder=harder, **fixed)
    arithmetic = arithmetic_of(random, dtype, declared)
    known = OPERATIONS[operation]
    arrays, options = known.arranged(case.arrays, case.options)
    if not case.arrays:
        options["first"] = np.zeros(())
    if "fully_masked" in OPERATIONS[operation].traits:
        options["fully_masked"] = ("zeros", "zeros", "mean", "nan")[random.randint(4)]
    regime = f"{regime}; {arithmetic.accumulate}, {arithmetic.matmul}"
    pulled = [*case.cotangents.values(), *arrays]
    seen = options.get("fully_masked") == "mean"  # by the rows that may attend to nothing
    spoilt = case if seen else poisoned(case)  # 1e6 where nobody looks
    held, _ = known.arranged(spoilt.arrays, spoilt.options)
    y = simulate(operation, held, options, arithmetic, [*seed, 1])
    if known.whole:
        due = expected_token_by_token(y[0], *arrays, arithmetic=arithmetic, **options)
    else:
        due = expected_and_allowed(operation, *arrays, arithmetic=arithmetic, **options)
    yield "forward", OPERATIONS[operation].outputs, y, due, case, regime
    if not known.differentiable:
        return
    vjp = f"{operation}_vjp"
    yield (
        "vjp",
        case.differentiated,
        simulate(vjp, [*case.cotangents.values(), *held], options, arithmetic, [*seed, 2]),
        (expected_and_allowed(vjp, *pulled, arithmetic=arithmetic, **options)),
        case,
        regime,
    )
    if operation not in RECURRENT:
        return
    whole = {n: case.option(n) for n in OPERATIONS[operation].options}
    if case.arrays["x"].shape[1] != 1:  # one step is the whole
        yield (
            "forward step by step",
            OPERATIONS[operation].outputs,
            y,
            expected_step_by_step(operation, y[0], *arrays, arithmetic=arithmetic, **whole),
            case,
            regime,
        )
    hidden = case.sizes()["H"]
    if random.randint(step_back) or not hidden:
        return
    rows = OPERATIONS[operation].blocks * hidden
    batch, steps = case.arrays["x"].shape[:2]
    x = random.standard_normal((batch, steps, rows))
    case = case.having(x=x, weight_ih=np.eye(rows))
    pulled = [*case.cotangents.values(), *case.arrays.values()]
    found = simulate(vjp, pulled, whole, arithmetic, [*seed, 3])
    yield (
        "vjp step by step",
        case.differentiated,
        found,
        expected_vjp_step_by_step(operation, found[0], *pulled, arithmetic=arithmetic, **whole),
        case,
        regime,
    )


class Observed:
    """What one check saw."""

    def __init__(self):
        self.cases, self.entries, self.unclaimed, self.worst = 0, 0, 0, 0.0
        self.sharpness, self.typical, self.violations = [], [], []

    def see(self, names, observed, expected, regime, seed, *, nan_is_free):
        """Compare the outputs of one case."""
        self.cases += 1
        found = []
        for name, o, (value, allowed) in zip(names, observed, expected, strict=True):
            if o.shape != value.shape or allowed.shape != value.shape or np.isnan(allowed).any():
                shapes = str((o.shape, value.shape, allowed.shape))
                said = {"seed": seed, "output": name, "regime": regime, "shapes": shapes}
                self.violations.append(said)
                continue
            if not o.size:
                continue
            ratio = ratios(o, value, allowed, nan_is_free)
            self.entries += ratio.size
            self.unclaimed += int((np.isinf(allowed) & ~np.isnan(value)).sum())
            found.append(ratio.reshape(-1))
            if ratio.max() > 1:
                at = np.unravel_index(int(ratio.argmax()), ratio.shape)
                self.violations.append(
                    {"seed": seed, "output": name, "ratio": float(ratio[at]), "regime": regime,
                     "at": [int(i) for i in at], "observed": float(o[at]),
                     "expected": float(value[at]), "allowed": float(allowed[at])}
                )  # fmt: skip
        ratio = np.concatenate(found) if found else np.zeros(0)
        if ratio.size:
            self.worst = max(self.worst, float(ratio.max()))
        seen = ratio[ratio > 0]
        if seen.size and regime.startswith("as drawn"):
            self.sharpness.append(1 / float(seen.max()))
            self.typical.append(1 / float(np.median(seen)))

    def summary(self):
        quantiles = {
            name: [float(q) for q in np.quantile(values, (0.5, 0.95))] if values else None
            for name, values in (("sharpness", self.sharpness), ("typical", self.typical))
        }
        return {"cases": self.cases, "entries": self.entries, "unclaimed": self.unclaimed,
                "worst": self.worst, **quantiles, "violations": self.violations}  # fmt: skip


def observe(operation, dtype, cases, first=0, *, harder=True, declared="", **fixed):
    """The checks of an operation over cases numbered from `first`; fixed: as in `questions`."""
    checks = {check: Observed() for check in CHECKS}
    for number in range(first, first + cases):
        for check, names, found, expected, _, regime in questions(
            operation, dtype, number, harder=harder, declared=declared, **fixed
        ):
            free = "vjp" in check or dtype == "float64"  # where the reference itself may overflow
            checks[check].see(names, found, expected, regime, number, nan_is_free=free)
    return {check: seen.summary() for check, seen in checks.items() if seen.cases}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operation", choices=[*OPERATIONS], required=True)
    parser.add_argument("--dtype", choices=[*ARITHMETICS], required=True)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--declared", choices=[*DECLARED], default="")
    parser.add_argument("--as-drawn", action="store_true", help="only the suite's own cases")
    given_ = parser.parse_args()
    start = time.time()
    found = observe(
        given_.operation, given_.dtype, given_.cases, given_.first,
        harder=not given_.as_drawn, declared=given_.declared,
    )  # fmt: skip
    said = {"operation": given_.operation, "dtype": given_.dtype, "declared": given_.declared,
            "first": given_.first, "seconds": round(time.time() - start), **found}  # fmt: skip
    print(json.dumps(said))


if __name__ == "__main__":
    main()

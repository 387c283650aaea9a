"""The smallest relative defect that is still caught, beside what fixed tolerances catch.

    python tests/numbers/sensitivity.py --into defects.json

A right simulated implementation gets one defect of a relative size, on ordinary inputs: in one
weight, one bias, the activations or the scale. The size is halved until a rule no longer sees it.
How many right implementations, drawn with every freedom, a rule rejects is counted beside it.
--operation names one, again and again, where not all are wanted.
"""

import argparse
import json
import sys
from functools import cache
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import conftest  # noqa: F401  makes the clone importable as seqlaws

import machine
import observed
from machine import Machine, hashed

from seqlaws import reference
from seqlaws.properties.inputs.numbers import representable
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.operations import OPERATIONS, RECURRENT
from seqlaws.reference.numbers import Arithmetic, expected_and_allowed
from seqlaws.reference.numbers.stepwise import expected_step_by_step

SIZES = {
    "B": 2, "T": 4, "I": 8, "H": 8, "N": 2, "M": 1, "L": 4, "S": 32, "D": 16, "Dv": 8, "E": 16,
    "F": 32, "length": 32, "dim": 16,
}  # fmt: skip
OWN = {"layer_norm": {"E": 32}, "markov_log_prob": {"T": 32, "S": 8}}
DEFECTS = {  # of an operation: what is spoilt, and which argument holds it
    "softmax": {"activation": "", "scale": "x"},
    "attention": {"weight": "k", "bias": "mask", "activation": "", "scale": "q"},
    **{
        operation: {"weight": "weight_hh", "bias": "bias_ih", "activation": ""}
        for operation in ("rnn", "lstm_gates", "lstm", "gru")
    },
    "layer_norm": {"weight": "weight", "bias": "bias", "activation": ""},
    "markov_log_prob": {"weight": "transition", "activation": ""},
    "positional_encoding": {"activation": ""},
    "rotary_embedding": {"activation": "", "scale": "x"},
    "multi_head_attention": {
        "weight": "in_proj_weight", "bias": "out_proj_bias", "activation": "", "scale": "query",
    },
    "encoder_layer": {
        "weight": "params.self_attn.out_proj.weight", "bias": "params.linear2.bias",
        "activation": "",
    },
    "decoder_layer": {
        "weight": "params.multihead_attn.out_proj.weight", "bias": "params.linear2.bias",
        "activation": "",
    },
}  # fmt: skip
RULES = ("derived bound", "assert_close", "1e-2 and 1e-2", "twice the low-precision error")
CLOSE = {  # torch.testing.assert_close's rtol and atol
    "float64": (1e-7, 1e-7), "float32": (1.3e-6, 1e-5), "bfloat16": (1.6e-2, 1e-5),
    "float16": (1e-3, 1e-5),
}  # fmt: skip
WORST, LEAST = 4, -104  # half octaves: 2^2 and 2^-52


def ordinary(operation, dtype, seed):
    """Normal numbers, weights that keep their scale; arguments by name, options."""
    random = np.random.RandomState([seed, 17])
    known, sizes = OPERATIONS[operation], SIZES | OWN.get(operation, {})
    numbers = {"num_heads": SIZES["N"], "length": SIZES["length"], "dim": SIZES["dim"]}
    options = {name: n for name, n in numbers.items() if name in known.arguments}
    arrays = {}
    for name, axes in known.arrays.items():
        any_axes = {"initial": "", "transition": "S"}.get(name, "8 32" if axes == "..." else "8")
        letters = axes.replace("...", any_axes).split()
        shape = [
            int(a) if a.isdigit() else int(a[0]) * sizes[a[1:]] if a[0].isdigit() else sizes[a]
            for a in letters
        ]
        if name in known.integers:
            below = sizes.get(known.integers[name])
            arrays[name] = random.randint(0, below, shape) if below else np.arange(shape[0])
            continue
        z = random.standard_normal(shape)
        if name in ("initial", "transition"):
            z = np.abs(z) / np.sum(np.abs(z), axis=-1, keepdims=True)
        matrix = "weight" in name and len(shape) > 1
        arrays[name] = representable(z / shape[-1] ** 0.5 if matrix else z, dtype)
    if operation == "attention":
        shape = [SIZES[a] for a in "BNLS"]
        options["mask"] = representable(random.standard_normal(shape), dtype)
    return arrays, options


def arguments(operation, arrays, options):
    """What is given by position, and by name."""
    given, named = OPERATIONS[operation].arranged(arrays, options)
    return given, named if arrays else {"first": np.zeros(()), **named}


class Defective(Machine):
    """A machine whose functions are off by a relative defect at half of their arguments."""

    defect = 0.0

    def function(self, f, x, wrong_by=4.0):
        value = super().function(f, x, wrong_by)
        hit = hashed(np.asarray(x), 12345) < 0.5
        return self.round(np.where(hit, value * (1 + self.defect), value)) if self.defect else value


def right_machine(made):
    """Nothing against it: functions rounded correctly, states kept, subnormal numbers too."""
    made.wrong, made.keep, made.flush, made.accumulate = "least", 1.0, 0.0, made.declared.accumulate
    return made


def run(operation, arrays, options, arithmetic, seed, defect=0.0):
    """What a simulated implementation returns, its functions off by `defect`."""

    def made(seed, arithmetic):
        found = right_machine(Defective(seed, arithmetic))
        found.defect = defect
        return found

    observed.Machine, kept = made, observed.Machine
    try:
        given, named = arguments(operation, arrays, options)
        return observed.simulate(operation, given, named, arithmetic, seed)
    finally:
        observed.Machine = kept


def spoilt(operation, what, arrays, options, size):
    """The arguments with one of them off by a relative size, and the defect of the functions."""
    name = DEFECTS[operation][what]
    if not name:
        return arrays, options, size
    group = options if name in options else arrays
    array = np.array(group[name])
    if what == "scale":
        array *= 1 + size
    else:
        flat = array.reshape(-1)
        flat[np.argmax(np.abs(flat))] *= 1 + size
    changed = {**group, name: array}
    return (arrays, changed, 0.0) if group is options else (changed, options, 0.0)


def seen_by(operation, dtype, arrays, options, outputs, low):
    """Which of the rules reject the outputs."""
    arithmetic = Arithmetic(dtype)
    given, options = arguments(operation, arrays, options)
    if operation in RECURRENT:
        expected = expected_step_by_step(
            operation, outputs[0], *given, arithmetic=arithmetic,
            **OPERATIONS[operation].options,
        )  # fmt: skip
    else:
        expected = expected_and_allowed(operation, *given, arithmetic=arithmetic, **options)
    bound = any(
        ratios(o, value, allowed, False).max() > 1
        for o, (value, allowed) in zip(outputs, expected, strict=True)
    )
    values = getattr(reference, operation)(*given, **options)
    values = values if isinstance(values, tuple) else (values,)
    rtol, atol = CLOSE[dtype]
    pairs = list(zip(outputs, values, strict=True))
    close = any(
        (np.abs(o - machine.rounded_to(v, dtype)) > atol + rtol * np.abs(v)).any() for o, v in pairs
    )
    loose = any((np.abs(o - v) > 1e-2 + 1e-2 * np.abs(v)).any() for o, v in pairs)
    twice = any(
        np.abs(o - v).max() > 2 * np.abs(p - v).max()
        for o, v, p in zip(outputs, values, low, strict=True)
    )
    return dict(zip(RULES, (bound, close, loose, twice), strict=True))


def thresholds(operation, dtype, what, seed):
    """For each rule the smallest size that it sees; 0 if it rejects the right one, else inf."""
    arrays, options = ordinary(operation, dtype, seed)
    plain, throughout = Arithmetic(dtype), Arithmetic(dtype, dtype)
    low = run(operation, arrays, options, throughout, [seed, 1])

    @cache
    def verdict(half_octaves):
        size = 2.0 ** (half_octaves / 2) if half_octaves is not None else 0.0
        a, o, functions = spoilt(operation, what, arrays, options, size)
        outputs = run(operation, a, o, plain, [seed, 2], functions)
        return seen_by(operation, dtype, arrays, options, outputs, low)

    found = {}
    for rule in RULES:
        if verdict(None)[rule]:
            found[rule] = 0.0
            continue
        below, above = LEAST, WORST + 1
        while above - below > 1:
            middle = (below + above) // 2
            below, above = (below, middle) if verdict(middle)[rule] else (middle, above)
        found[rule] = 2.0 ** (above / 2) if above <= WORST else np.inf
    return found


def smallest(operation, dtype, what, inputs):
    """The median over so many inputs, for each rule, of those on which it accepts the right one."""
    found = [thresholds(operation, dtype, what, seed) for seed in range(inputs)]
    row = {"operation": operation, "dtype": dtype, "defect": what, "inputs": inputs}
    for rule in RULES:
        kept = [f[rule] for f in found if f[rule]]
        row[rule] = str(np.median(kept)) if kept else None
    return row


def rejected(operation, dtype, inputs):
    """The share of right implementations, drawn with every freedom, that each rule rejects."""
    counts = dict.fromkeys(RULES, 0)
    for seed in range(inputs):
        arrays, options = ordinary(operation, dtype, seed)
        given, named = arguments(operation, arrays, options)
        low = run(operation, arrays, options, Arithmetic(dtype, dtype), [seed, 1])
        outputs = observed.simulate(operation, given, named, Arithmetic(dtype), [seed, 3])
        for rule, found in seen_by(operation, dtype, arrays, options, outputs, low).items():
            counts[rule] += bool(found)
    shares = {rule: count / inputs for rule, count in counts.items()}
    return {"operation": operation, "dtype": dtype, "inputs": inputs, **shares}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=12, help="how many for each number")
    parser.add_argument("--operation", choices=[*DEFECTS], action="append")
    parser.add_argument("--into", type=Path, required=True)
    given = parser.parse_args()
    pairs = [
        (operation, dtype)
        for operation in given.operation or DEFECTS
        for dtype in OPERATIONS[operation].dtypes or CLOSE
    ]
    found = {
        "rejected": [rejected(o, d, 8 * given.inputs) for o, d in pairs],
        "smallest": [smallest(o, d, what, given.inputs) for o, d in pairs for what in DEFECTS[o]],
    }
    given.into.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the certifying tests share: small cases, and operations run on balls."""

import os

import numpy as np
import pytest
from hypothesis import strategies as st

from seqlaws import reference
from seqlaws.properties.inputs.strategies import cases
from seqlaws.properties.operations import OPERATIONS
from seqlaws.reference.numbers import flattened

if not os.environ.get("CI"):  # where it is missing there, that is an error
    pytest.importorskip("flint", reason="python-flint is not installed: nothing is certified")
from seqlaws.reference.numbers import (
    ball_rules,  # noqa: F401  registers its rules
    balls,
)

SMALL = {
    "softmax": "n", "attention": "L S D Dv B M group", "lstm_gates": "B I H", "rnn": "B T I H",
    "lstm": "B T I H", "gru": "B T I H", "multi_head_attention": "L S D B N",
    "encoder_layer": "B T D F N",
    "positional_encoding": "length dim", "rotary_embedding": "L half B N",
    "layer_norm": "E", "markov_log_prob": "B T S order",
    "decoder_layer": "T S B N D F",
}  # fmt: skip


@st.composite
def small_cases(draw, operation):
    """Cases of float32 numbers with every size at most 3 (softmax, layer_norm: at most 9)."""
    top = 9 if operation in ("softmax", "layer_norm") else 3
    sizes = {letter: draw(st.integers(0, top)) for letter in SMALL[operation].split()}
    positive = sizes.keys() & {"M", "N", "group", "order"}
    positive |= sizes.keys() & {"S"} if "order" in sizes else set()
    sizes |= {letter: max(sizes[letter], 1) for letter in positive}
    if "F" in sizes:  # a layer
        sizes |= {"D": max(sizes["D"], 1), "F": max(sizes["F"], 1)}
    return draw(cases(OPERATIONS[operation], "float32", **sizes))


def lifted(x):
    """Floating arrays as balls of radius 0, in a dict, too; anything else as it is."""
    if isinstance(x, dict):
        return {name: lifted(value) for name, value in x.items()}
    return balls.exact(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def certified(name, arguments, options):
    """The exact values of an operation, enclosed."""
    with np.errstate(all="ignore"):
        outputs = getattr(reference, name)(
            *(lifted(x) for x in arguments), **{n: lifted(o) for n, o in options.items()}
        )
    return balls.enclosed(tuple(flattened(outputs)))


def call(case, arrays=None):
    """A case's arguments, by position and by name; arrays: other ones by the same names."""
    given, options = case.operation.arranged(arrays or case.arrays, case.options)
    return given, options if case.arrays else {"first": np.zeros(()), **options}

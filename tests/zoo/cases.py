"""Concrete arguments for an operation: drawn from a seed, then edited by hand.

A case is made of sizes, options and edits:

    case("attention", L=17, is_causal=True, mask=boolean("B 1 L S"), v=put(np.s_[:, :, 3], 1e6))

An upper-case keyword is a size. A function given for an array is called with the array drawn for
it, one given for an option with a random generator and the sizes. Values are around 1; weights are
scaled so that a recurrent state stays bounded. All arrays are float64, rounded to the case's dtype.
"""

from dataclasses import dataclass, field

import numpy as np

from zoo.roundings import round_to
from zoo.signatures import ARGUMENTS, OUTPUTS, POSITIONAL, WHOLE, shape_of

SIZES = {"B": 2, "T": 5, "I": 3, "H": 4, "N": 4, "M": 2, "L": 5, "S": 7, "D": 8, "V": 6,
         "E": 8, "F": 6, "P": 20}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Arguments for one call; `options` may hold functions, see the module."""

    operation: str
    sizes: dict
    edits: dict
    options: dict
    dtype: str = "float32"
    seed: int = 0
    arrays: dict = field(default_factory=dict, compare=False)

    def arguments(self):
        """-> ({name: float64 array}, {option: value}), fresh on every call."""
        rng = np.random.default_rng(self.seed)
        arrays = {}
        for name, spec in ARGUMENTS[self.operation].items():
            shape = self.sizes["shape"] if spec == "..." else shape_of(spec, self.sizes)
            if name in WHOLE.get(self.operation, ()):
                array = rng.integers(0, self.sizes[WHOLE[self.operation][name]], shape)
                arrays[name] = self.edits.get(name, lambda t: t)(array)
                continue
            array = rng.standard_normal(shape)
            if self.operation == "markov_log_prob":  # probabilities
                array = np.abs(array) + 0.1
                array /= array.sum(axis=None if name == "initial" else -1, keepdims=True)
            if name.startswith("weight") or (name.endswith("weight") and len(shape) > 1):
                array *= 0.8 / np.sqrt(max(shape[-1], 1))
            if name.startswith("params.") and len(shape) == 1:  # norms near 1, small biases
                array = 0.25 * array + name.endswith("weight")
            array = round_to(array, self.dtype)
            arrays[name] = round_to(self.edits.get(name, lambda t: t)(array), self.dtype)
        options = {
            name: value(rng, self.sizes) if callable(value) else value
            for name, value in self.options.items()
        }
        return arrays, options

    def cotangents(self, only=None):
        """A random cotangent for each output, in order; zero where `only` names another output."""
        rng = np.random.default_rng(self.seed + 1)
        out = []
        for name, spec in OUTPUTS[self.operation].items():
            shape = self.sizes["shape"] if spec == "..." else shape_of(spec, self.sizes)
            array = round_to(rng.standard_normal(shape), self.dtype)
            out.append(array * (only is None or name in only))
        return out


def case(operation, *, shape=(3, 7), dtype="float32", seed=0, **given):
    """A case; see the module."""
    of_table = {"S": 3, "K": 2} if operation == "markov_log_prob" else {}
    sizes = {**SIZES, **of_table, "E": shape[-1] if operation == "layer_norm" else SIZES["E"]}
    sizes |= {"shape": shape, **{k: v for k, v in given.items() if k.isupper()}}
    edits = {k: v for k, v in given.items() if k in ARGUMENTS[operation]}
    options = {k: v for k, v in given.items() if k not in sizes and k not in edits}
    numbers = {"num_heads": sizes["N"], "steps": 6, "length": 6, "dim": 8}
    due = {k: v for k, v in numbers.items() if k in POSITIONAL.get(operation, ())}
    options = {**due, **options}
    return Case(operation, sizes, edits, options, dtype, seed)


def put(where, value):
    """An edit: array[where] = value."""

    def edit(array):
        array = array.copy()
        array[where] = value
        return array

    return edit


def times(value):
    """An edit: the array multiplied by a number."""
    return lambda array: array * value


def fill(value):
    """An edit: every entry is `value`, a number or anything that broadcasts."""
    return lambda array: np.broadcast_to(np.asarray(value, float), array.shape).copy()


def boolean(spec="B N L S", share=0.6, where=None, value=False):
    """A boolean mask; key 0 stays allowed; then [where] = value."""

    def draw(rng, sizes):
        shape = tuple(1 if c == "1" else sizes[c] for c in spec.split())
        mask = rng.random(shape) < share
        mask[..., :1] = True
        if where is not None:
            mask[where] = value
        return mask

    return draw


def floating(spec="B N L S", share=0.7, where=None, value=-np.inf):
    """A float mask: values around 1, -inf on some places but never on key 0; [where] = value."""

    def draw(rng, sizes):
        shape = tuple(1 if c == "1" else sizes[c] for c in spec.split())
        mask = np.where(rng.random(shape) < share, rng.standard_normal(shape), -np.inf)
        mask[..., :1] = 0.5
        if where is not None:
            mask[where] = value
        return mask.astype(np.float32).astype(float)

    return draw


def lengths(*values):
    """Lengths, one for each row."""
    return lambda rng, sizes: np.array(values, np.int64)

"""An operation says its axes and kinds of options; cases, sweeps and the core follow from them."""

import numpy as np
import pytest

from seqlaws.properties.inputs.case import Case, output_shapes
from seqlaws.properties.inputs.core import ORDINARY
from seqlaws.properties.inputs.dense import discriminating_cases
from seqlaws.properties.inputs.derived import left_out
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.operation import Operation, extent
from seqlaws.properties.inputs.options import Choice, Flag, Integer, Lengths, Mask, Real, Window
from seqlaws.properties.inputs.sizes import PLAIN
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.operations import OPERATIONS

SIZES = dict.fromkeys("BTLSIHE", 4) | {"N": 2, "M": 2, "D": 4, "Dv": 4, "F": 3, "V": 5}


# A plain operation: one array in, one out, weights. Nothing but axes and options is said.
def scaled(x, weight, gain=1.0, offset=0, squared=False):
    """x W^T, scaled and shifted."""
    y = gain * (x @ weight.T) + offset
    return y * y if squared else y


PLAIN_ONE = Operation(
    spec=scaled,
    arrays={"x": "... E", "weight": "F E"},
    outputs={"y": "... F"},
    kinds={"gain": Real(0.5, 8.0), "offset": Integer(-1, 1), "squared": Flag()},
)


def called(case):
    given, named = case.operation.arranged(case.arrays, case.options)
    return case.operation.spec(*given, **named)


@pytest.mark.parametrize("operation", [*OPERATIONS.values(), PLAIN_ONE], ids=lambda o: o.name)
def test_every_option_has_a_kind(operation):
    assert list(operation.kinds) == [n for n in operation.options if n in operation.kinds]
    assert operation.kinds.keys() == operation.options.keys()


def test_a_plain_operation_is_drawn_from_its_axes():
    drawn = [build(by_seed(k), PLAIN_ONE, "float32") for k in range(300)]
    assert {c.arrays["x"].ndim for c in drawn} == {1, 2, 3, 4}
    for case in drawn:
        assert called(case).shape == output_shapes(case)["y"]
        assert case.arrays["x"].shape[-1] == case.arrays["weight"].shape[1]
    assert any(c.arrays["x"].size == 0 for c in drawn)
    assert {frozenset(c.options) for c in drawn} >= {frozenset(), frozenset(PLAIN_ONE.options)}
    for case in drawn:  # the default value is left out
        assert all(case.options[n] != PLAIN_ONE.options[n] for n in case.options)


@pytest.mark.parametrize(
    "sweep", ["every_size", "moderate_sizes", "unequal", "every_combination", "one_large"]
)
def test_a_plain_operation_is_swept_by_its_axes_and_options(sweep):
    fixed = getattr(PLAIN_ONE.sweeps, sweep)(PLAIN_ONE)
    made = [build(by_seed(k), PLAIN_ONE, "float32", **one) for k, one in enumerate(fixed)]
    for one, case in zip(fixed, made, strict=True):
        sizes = case.sizes()
        assert all(sizes[letter] == n for letter, n in one.items() if letter in sizes)
        assert called(case).shape == output_shapes(case)["y"]
    if sweep == "every_size":
        assert {c.sizes()["E"] for c in made} >= set(range(1, 68))
    if sweep == "every_combination":
        given = [frozenset(c.options) for c in made]
        pairs = [{"gain", "offset"}, {"gain", "squared"}, {"offset", "squared"}]
        assert {frozenset(pair) for pair in pairs} <= set(given)
    if sweep == "unequal":
        for case in made:
            assert len({*case.arrays["x"].shape, *case.arrays["weight"].shape}) >= 3
            assert 1 not in case.arrays["x"].shape


def test_a_plain_operation_has_cases_that_tell():
    cases = list(discriminating_cases(build(by_seed(1), PLAIN_ONE, "float32"), lambda _: True))
    assert len(cases) > 10
    assert all(np.count_nonzero(a) == a.size for c in cases for a in c.arrays.values())


def test_a_plain_operation_goes_past_a_tile():
    assert PLAIN_ONE.past_a_tile == {"E": 129}
    assert OPERATIONS["attention"].past_a_tile == {"S": 129}


def test_kinds_are_left_out_drawn_and_wrong():
    mask = np.ones((4, 4), bool)
    assert [*Choice(("tanh", "relu")).worth_a_case("tanh")] == ["relu"]
    assert [*Flag().worth_a_case(False)] == [True]
    assert [*Choice(("tanh", "relu")).wrong("tanh", SIZES)] == ["swish"]
    assert [m.dtype.kind for m in Mask().wrong(mask, SIZES)] == ["i"]
    wrong = [w.tolist() for w in Lengths().wrong(np.array([1, 4]), SIZES)]
    assert wrong == [[1.0, 4.0], [-1, 4], [1, 5]]
    assert (None, 1) in Window().worth_a_case(None)
    assert left_out(OPERATIONS["attention"]) == {
        "mask": None, "is_causal": False, "scale": None, "query_offset": 0, "window": None,
        "softcap": None,
    }  # fmt: skip


def ones(name, sizes=(), numbers=(), **options):
    """A case of ones, at sizes of the core and others."""
    operation, n = OPERATIONS[name], SIZES | dict(sizes)
    arrays = {
        array: np.ones([extent(a, n) for a in letters.replace("...", "B T").split()])
        for array, letters in operation.arrays.items()
    }
    if "positions" in arrays:
        arrays["positions"] = np.arange(n["L"])
    arguments = {"num_heads": 2, "steps": 3, "length": 5, "dim": 4} | dict(numbers)
    given = {n: arguments[n] for n in operation.arguments if n in arguments}
    return Case(operation, "float32", arrays, {**given, **options})


def rows(*shape, masked=False):
    """A boolean mask that leaves each query a key, or the first none."""
    mask = np.ones(shape, bool)
    mask[..., -1] = shape[-1] == 1
    if masked:
        mask[..., 0, :] = False
    return mask


CORE = [
    *(ones(name) for name in OPERATIONS),
    *(ones(name, dict.fromkeys("BTLSH", 1)) for name in OPERATIONS),
    ones("attention", mask=rows(4, 4)),
    ones("attention", mask=rows(4, 1, 4, 4)),
    ones("attention", is_causal=True),
    ones("attention", scale=0.3),
    ones("attention", window=(1, None)),
    ones("attention", softcap=2.0),
    ones("attention", query_offset=2),
    ones("attention", mask=None, is_causal=False),  # at their defaults
    ones("multi_head_attention", {"S": 7}, is_causal=True),
    ones("decoder_layer", {"S": 7}, memory_mask=rows(4, 7)),
    ones("encoder_layer", activation="gelu"),
    ones("rnn", lengths=np.array([4, 1, 2, 3])),
    ones("gru", reset_after=False),
    ones("softmax", axis=-2),
    ones("layer_norm", eps=1e-3),
    ones("rotary_embedding", interleaved=True),
]
NAN, LARGE, INFINITE = np.nan, 2 * ORDINARY, -np.inf
BEYOND = [
    (ones("attention", {"N": 4}), ["fewer key heads than query heads"]),
    (ones("attention", {"Dv": 3}), ["value features unlike key features"]),
    (ones("attention", {"S": 5}), ["queries and keys unlike in number"]),
    (ones("lstm", {"T": 0}), ["T = 0"]),
    (ones("gru", {"B": 0}), ["B = 0"]),
    (ones("generate", numbers={"steps": 0}), ["steps = 0"]),
    (ones("positional_encoding", numbers={"length": 0}), ["length = 0"]),
    (ones("softmax", {"T": 0}), ["an empty x"]),
    (ones("multi_head_attention", {"S": 0}), ["S = 0", "a fully masked row"]),
    (ones("attention", mask=np.zeros((4, 4))), ["a floating mask"]),
    (ones("attention", mask=rows(4)), ["a mask of shape (S)"]),
    (ones("attention", mask=rows(2, 4, 4)), ["a mask of shape (N, L, S)"]),
    (ones("attention", mask=rows(4, 2, 4, 4)), ["a mask of shape (B, N, L, S)"]),
    (ones("attention", mask=rows(4, 1)), ["a mask of shape (L, 1)"]),
    (ones("decoder_layer", {"S": 7}, memory_mask=rows(7)), ["a mask of shape (S)"]),
    (ones("encoder_layer", mask=rows(4, 4, masked=True)), ["a fully masked row"]),
    (ones("attention", window=(None, -5)), ["a fully masked row"]),
    (ones("attention", query_offset=-1), ["a negative query_offset"]),
    (ones("attention", query_offset=-1, is_causal=True), [
        "a negative query_offset", "query_offset and is_causal together", "a fully masked row"]),
    (ones("attention", scale=0.0), ["scale = 0"]),
    (ones("attention", scale=-0.7), ["a negative scale"]),
    (ones("attention", is_causal=True, window=(1, 1), softcap=2.0), [
        "is_causal, window and softcap together"]),
    (ones("rnn", lengths=np.array([0, 1, 2, 3])), ["a length of 0"]),
    (ones("rnn", lengths=np.array([4, 1, 2, 3]), reverse=True), ["lengths and reverse together"]),
    (ones("softmax").having(x=np.array([[1.0, INFINITE]])), ["an infinity in x"]),
    (ones("lstm_gates").having(h=np.full((4, 4), NAN)), ["NaN in h"]),
    (ones("softmax").having(x=np.array([[1.0, LARGE]])), ["numbers above 10000 in x"]),
    (ones("rotary_embedding").having(positions=np.arange(4) + 10**6), [
        "numbers above 10000 in positions"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CORE, ids=[f"{c.operation.name}-{k}" for k, c in enumerate(CORE)])
def test_the_core_is_not_beyond_itself(case):
    assert case.operation.beyond_core(case) == []


@pytest.mark.parametrize(
    ("case", "phrases"),
    BEYOND,
    ids=[f"{c.operation.name}-{k}" for k, (c, _) in enumerate(BEYOND)],
)
def test_what_is_beyond_the_core_is_said(case, phrases):
    assert case.operation.beyond_core(case) == phrases


USUAL = {
    **PLAIN, **dict.fromkeys("BTLSDIHF", 4), "Dv": 4, "n": 4, "V": 5, "group": 1,
    "length": 4, "dim": 4, "steps": 3, "source": "three", "dense": True, "masked": False,
    "scale": 1.0, "offset": 0.0, "constant": (0.0,), "rank": 2, "rows": 4,
    "leading": (4,),
}  # fmt: skip


@pytest.mark.parametrize("operation", [*OPERATIONS.values(), PLAIN_ONE], ids=lambda o: o.name)
def test_drawn_cases_of_usual_sizes_are_in_the_core(operation):
    given = {n: USUAL[n] for n in USUAL if n not in operation.options} | left_out(operation)
    for k in range(20):
        case = build(by_seed(k), operation, "float32", **given)
        if "positions" in case.arrays:  # which may be far
            case = case.having(positions=np.arange(4))
        assert operation.beyond_core(case) == []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_of_any_drawn_case_it_is_said_shortly(operation):
    said = [operation.beyond_core(build(by_seed(k), operation, "float32")) for k in range(100)]
    assert any(said)
    assert all(len(phrase) < 90 for phrases in said for phrase in phrases)

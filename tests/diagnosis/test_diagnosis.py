"""The catalogue of misreadings, and what a failure says of its cause.

All of the zoo: `python tests/power.py`.
"""

import sys
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from power import verdicts
from power_page import is_right
from zoo.catalogue import wrong

from seqlaws import reference
from seqlaws.properties.inputs.dense import dense, discriminating_cases, pulled
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build, zeroed
from seqlaws.properties.misreadings import CATALOGUE, about, misread, shown
from seqlaws.properties.misreadings.edits import applied, source
from seqlaws.properties.misreadings.vocabulary import at_zero, highest, narrow, quotient
from seqlaws.properties.operations import OPERATIONS, RECURRENT
from seqlaws.properties.runner.examine import Effort
from seqlaws.reference.numbers import Arithmetic, Rounding, flattened

ANYBODY = SimpleNamespace(offers=lambda _: True)
TOLD = (  # of each kind one or two
    "attention/wrong_scale.py:scale_one_over_d",
    "attention/wrong_scale.py:heads_tiled",
    "attention/wrong_scale.py:attention_without_maximum",
    "attention/wrong_masks.py:mask_polarity_inverted",
    "attention/wrong_masks.py:window_sides_swapped",
    "attention/wrong_leaks.py:softcap_after_mask",
    "attention/wrong_options.py:query_offset_ignored_by_window",
    "attention/wrong_numbers.py:scores_of_tf32_operands",
    "attention/wrong_gradients.py:dsoftmax_without_rowsum",
    "softmax/wrong.py:softmax_axis_ignored",
    "softmax/wrong.py:softmax_base_two",
    "softmax/wrong_gradients.py:softmax_gradient_without_the_sum",
    "recurrent/wrong_rnn.py:rnn_h0_of_first_row",
    "recurrent/wrong_rnn.py:rnn_weight_hh_transposed",
    "recurrent/wrong_rnn_gradients.py:rnn_dh_n_ignored",
    "recurrent/wrong_rnn_numbers.py:rnn_state_in_bfloat16",
    "recurrent/wrong_lstm.py:lstm_gates_iofg",
    "recurrent/wrong_gates.py:gates_bias_hh_missing",
    "recurrent/wrong_gru.py:gru_bias_outside_reset",
    "all_operations/wrong_memory.py:gru_vjp_accumulates",
)
UNTOLD = ("attention/wrong_numbers.py:value_features_beyond_a_tile",)
EFFORT = Effort(examples=100, shrinking=0.3)


def first_failure(target):
    return next(v for v in verdicts(target, EFFORT) if v.status == "failed")


@pytest.mark.slow
@pytest.mark.parametrize("target", TOLD)
def test_the_cause_is_named(target):
    one = next(e for e in wrong(("numpy",)) if e.target == target)
    verdict = first_failure(target)
    assert is_right(one.diagnosis, verdict.diagnosis), verdict.diagnosis
    assert "  diagnosis       " in verdict.message


@pytest.mark.slow
@pytest.mark.parametrize("target", UNTOLD)
def test_where_nothing_explains_it_the_failure_says_so(target):
    verdict = first_failure(target)
    count = len(about("attention"))
    said = f"none of the {count} misreadings of attention in the catalogue explains it"
    assert verdict.diagnosis == said


def test_a_right_one_has_no_diagnosis():
    from seqlaws.impls import numpy_vectorized
    from seqlaws.properties.laws import LAWS
    from seqlaws.properties.runner.examine import examine
    from seqlaws.properties.runner.pairing import register_laws
    from seqlaws.properties.subjects.subject import Subject

    register_laws()
    subject = Subject("numpy_vectorized", numpy_vectorized, "rnn", "float32", "cpu")
    verdict = examine(LAWS["values"], subject, EFFORT)
    assert (verdict.status, verdict.diagnosis) == ("passed", "")


def test_every_edit_applies_exactly_once():
    for one in CATALOGUE:
        for change in one.edits:
            assert applied(source(change.module, change.statement), change)
        for operation in one.operations:
            assert len(shown(one, operation)) > 1


def test_the_specification_stays_as_it_is():
    before = {name: vars(sys.modules[f"seqlaws.reference.{name}"]).copy() for name in ("softmax",)}
    for one in about("softmax"):
        misread(one, "softmax")
    assert vars(sys.modules["seqlaws.reference.softmax"]) == before["softmax"]


def hard_cases(operation):
    """Telling ones, drawn ones, and some at the places that only a few misreadings look at."""
    fixed = {"gradients": True}
    drawn = [build(by_seed(n, 7), OPERATIONS[operation], "float32", **fixed) for n in range(60)]
    yield dense(drawn[0])
    yield from discriminating_cases(drawn[0], ANYBODY.offers)
    yield from drawn
    if operation in RECURRENT:
        long = build(by_seed(3), OPERATIONS[operation], "float32", **fixed, T=66, padded=False)
        yield dense(long)
        case = dense(
            build(by_seed(3), OPERATIONS[operation], "float32", **fixed, T=20, B=4, H=4, I=4)
        )
        yield case.having(
            **{n: 0 * a for n, a in case.arrays.items()}, lengths=np.array([17, 9, 0, 3])
        )
        x = np.array(case.arrays["x"])
        x[:, 17:] = np.nan
        yield case.having(x=x, lengths=np.array([17, 9, 0, 3]))
        single = dense(build(by_seed(3), OPERATIONS[operation], "float32", **fixed, T=5, B=1))
        yield single.having(lengths=np.array([3]), reverse=True)
        large = {n: 60 * a for n, a in case.arrays.items()}
        yield case.having(**large)
        if operation == "rnn":
            yield case.having(**large, nonlinearity="sigmoid")
            zeros = {n: 0 * a for n, a in case.arrays.items()}
            yield pulled(case.having(**zeros, nonlinearity="relu"))
        yield case.pulled(**{n: 300 * c for n, c in case.cotangents.items()})
    yield from [*of_states(operation, fixed), *beyond_tiles(operation, fixed)]
    yield from of_one_operation(operation, drawn[0], fixed)


def of_one_operation(operation, drawn, fixed):
    """Scores of softmax that overflow; masks, values and sizes of attention."""
    if operation == "softmax":
        x = np.array([[np.nan, 0.0, -np.inf], [-2e4, -np.inf, -2e4], [-2e9, -np.inf, -np.inf]])
        case = pulled(replace(drawn, arrays={"x": x}, options={}))
        yield case
        yield case.having(x=np.array([[100.0, 0.0, -30.0]] * 3))
    if operation in ("attention", "multi_head_attention"):
        case = dense(build(by_seed(4), OPERATIONS[operation], "float32", **fixed, L=2, S=7))
        bare = case.without(*(o for o in case.options if case.operation.is_option(o)))
        low = -np.array([[0, 1, 1e2, 2e3, 2e4, 2e6, 2e9]])
        yield bare.having(mask=np.concatenate([low, low - 1e10]))
    if operation == "attention":
        case = dense(
            build(
                by_seed(4), OPERATIONS["attention"], "float32", **fixed, L=5, S=5, B=4, M=2, group=2
            )
        )
        bare = case.without(*case.options)
        yield bare.pulled(**{n: 300 * c for n, c in case.cotangents.items()})
        nan = np.array(case.arrays["v"])
        nan[:, :, 3] = np.nan
        mask = np.arange(5) != 3
        yield bare.having(v=nan, mask=mask)
        yield bare.having(window=(0, 1))
        yield bare.having(q=np.where(mask[:, None], case.arrays["q"], np.nan))
        single = dense(build(by_seed(4), OPERATIONS["attention"], "float32", **fixed, L=1, S=5))
        given = {"is_causal": True, "window": (1, 0), "softcap": 1.0, "scale": 0.3}
        single = single.without(*single.options).having(query_offset=2, **given)
        yield single
        yield single.having(mask=mask)
        yield bare.having(k=np.where(mask[:, None], case.arrays["k"], np.nan), mask=mask)
        yield bare.having(k=100 * case.arrays["k"], v=1e6 * case.arrays["v"], mask=mask)
        yield bare.having(mask=np.random.RandomState(0).random_sample((4, 5, 5)) < 0.5)
        wide = dense(
            build(by_seed(4), OPERATIONS["attention"], "float32", **fixed, L=24, S=24, D=70)
        )
        yield wide.without(*wide.options).having(window=(17, 0))
        yield wide.without(*wide.options)


def beyond_tiles(operation, fixed):
    """Sizes just beyond two tiles of a kernel, or beyond two blocks of features."""
    if operation == "layer_norm":
        for features in (256, 512, 1024, 2048, 259, 515, 1027, 2051):
            sizes = {"rank": 2, "rows": 3, "E": features}
            yield dense(build(by_seed(3), OPERATIONS[operation], "float32", **fixed, **sizes))
        for features, rows in ((3, 5000), (65, 3000)):
            sizes = {"rank": 2, "rows": rows, "E": features}
            yield dense(build(by_seed(3), OPERATIONS[operation], "float32", **fixed, **sizes))
    if operation == "softmax":
        for size in (1100, 1500):
            yield dense(build(by_seed(3), OPERATIONS[operation], "float32", **fixed, n=size))
    if operation in (*RECURRENT, "lstm_gates"):
        sizes = {"B": 2, "T": 2, "I": 150, "H": 150}
        case = build(by_seed(3), OPERATIONS[operation], "float32", **fixed, **sizes)
        yield dense(case.without("lengths"))
    if operation == "attention":
        for tile in (16, 32, 64, 128, 256):
            sizes = {"L": 2 * tile + 3, "S": 2 * tile + 3, "B": 1, "M": 1, "D": 2, "Dv": 1}
            case = dense(build(by_seed(4), OPERATIONS[operation], "float32", **fixed, **sizes))
            case = case.without(*case.options)
            yield case
            yield case.having(is_causal=True, query_offset=tile)
            yield case.having(is_causal=True, query_offset=5)
            yield case.having(window=(tile + 5, 0))


def of_states(operation, fixed):
    """A long chain; a text of ties; hidden units that are 0."""
    if operation in ("encoder_layer", "decoder_layer"):
        case = dense(
            build(by_seed(3), OPERATIONS[operation], "float32", activation="relu", **fixed)
        )
        yield zeroed(case, "params.linear1.weight", "params.linear1.bias")
    if operation == "markov_log_prob":
        yield build(
            by_seed(3), OPERATIONS[operation], "float32", impossible=(False,), T=300, S=4, **fixed
        )
    if operation == "generate":
        case = build(by_seed(3), OPERATIONS[operation], "float32", B=2, V=5, steps=3, **fixed)
        yield zeroed(case, "params.projection.weight", "params.projection.bias")
        near = {"params.projection.bias": 8 + np.arange(5) / 2**12}
        yield zeroed(case, "params.projection.weight").having(**near)


def calls(operation, case):
    """The functions of an operation with their arguments, options and what they give by right."""
    known, vjp = OPERATIONS[operation], f"{operation}_vjp"
    arrays, options = known.arranged(case.arrays, case.options)
    rows = ("zeros", "nan") if "fully_masked" in known.traits else ("",)
    for name, row in product((operation, vjp) if known.differentiable else (operation,), rows):
        given = [*case.cotangents.values(), *arrays] if name == vjp else arrays
        declared = {**options, "fully_masked": row} if row else options
        yield name, given, declared, flattened(getattr(reference, name)(*given, **declared))


def differs(one, made):
    """Whether a misreading's values or gradients are other ones in some of the calls."""
    for name, given, options, right in made:
        if one.gradients and not name.endswith("_vjp"):
            continue
        try:
            found = flattened(misread(one, name)(*given, **options))
        except (ValueError, TypeError, IndexError):
            continue  # it has no answer where shapes do not fit
        pairs = zip(right, found, strict=True)
        if any(not np.array_equal(a, b, equal_nan=True) for a, b in pairs):
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("operation", sorted({o for one in CATALOGUE for o in one.operations}))
def test_every_misreading_changes_something(operation):
    left = {one for one in CATALOGUE if operation in one.operations}
    for case in hard_cases(operation):
        with np.errstate(all="ignore"):
            made = [*calls(operation, case)]
            left = {one for one in left if not differs(one, made)}
        if not left:
            break
    assert not left, sorted(one.name for one in left)


@pytest.mark.parametrize("seed", range(20))
def test_words_bound_what_they_say(seed):
    """A number within the error of an argument has a result within the error of the result."""
    random = np.random.RandomState(seed)
    arithmetic = Arithmetic("float32")
    value = random.standard_normal((3, 5)) * 2.0 ** random.randint(-3, 4, (3, 5))
    error = np.abs(value) * random.choice([0, 1e-6, 1e-3, 0.2], (3, 5))
    x = Rounding(value, error, arithmetic)
    within = value + error * random.uniform(-1, 1, (3, 5))
    divisor = np.abs(random.standard_normal((3, 5))) + 0.1
    for found, there in (
        (narrow(x, "bfloat16"), narrow(within, "bfloat16")),
        (narrow(x, "float16"), narrow(within, "float16")),
        (narrow(x, 14), narrow(within, 14)),
        (highest(x), highest(within)),
        (quotient(Rounding(divisor, 0 * divisor, arithmetic), x), divisor / within),
        (at_zero(x), at_zero(within)),
    ):
        assert (np.abs(there - found.value) <= found.error * (1 + 1e-12)).all()


def test_narrow_rounds_as_numpy_does():
    random = np.random.RandomState(0)
    x = random.standard_normal(2000) * 2.0 ** random.randint(-30, 20, 2000)
    with np.errstate(over="ignore"):
        assert np.array_equal(narrow(x, "float16"), x.astype(np.float16).astype(float))
    assert np.array_equal(narrow(x, "float32"), x.astype(np.float32).astype(float))

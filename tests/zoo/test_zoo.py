"""The zoo itself: each wrong one is proved wrong, each right one is right, and so are the bases."""

import contextlib
import importlib.util
import subprocess
import sys
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from zoo import calling, catalogue, manners
from zoo.base import options_of
from zoo.cases import boolean, case, floating, lengths, put, times
from zoo.core import CORE_SIZES, within_core
from zoo.signatures import ARGUMENTS, NO_GRADIENT, OUTPUTS, RECURRENT, WHOLE
from zoo.signatures import floating as floats
from zoo.witness import (
    apart,
    backwards,
    every_second,
    expected,
    expected_gradients,
    layout,
    read_only,
    transposed,
)

pytestmark = pytest.mark.slow

WRONG, RIGHT = catalogue.wrong(), catalogue.right()

# How far a right implementation may be off on the cases drawn here (of values above 1, relatively):
# sums of up to 40 terms around 1 and up to 9 contracting steps, so some 64 roundings; with 16-bit
# storage a few roundings of results. Gradients pass twice as many stages: four times that.
DISTANCE = {
    "float64": 64 * 2.0**-53,
    "float32": 64 * 2.0**-24,
    "float16": 4 * 2.0**-11,
    "bfloat16": 4 * 2.0**-8,
}
# Declared: operands rounded to 8 or 11 bits, in products of some ten terms, or state to 8 bits.
DECLARED = {
    "matmul": {"bf16": 8 * 2.0**-8, "tf32": 8 * 2.0**-11},
    "accumulate": {"bfloat16": 8 * 2.0**-8},
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tensors are tiny here; torch's threads would only wait for each other."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def of(entries, **wanted):
    return [e for e in entries if all(getattr(e, k) == v for k, v in wanted.items())]


def ids(entry):
    return entry.target


@pytest.mark.parametrize("entry", WRONG, ids=ids)
def test_witness_proves_the_defect(entry):
    assert entry.witness(catalogue.load(entry)) is True


NARROWING = {"matmul", "accumulate", "elementary"}
NARROWING |= {"fully_masked", "masked_nan", "causal_alignment"}


@pytest.mark.parametrize("entry", WRONG, ids=ids)
def test_witness_spares_right_ones(entry):
    """The witness tells wrong from right: the plain base passes it, and another one, in turn."""
    fits = [
        e
        for e in of(RIGHT, operation=entry.operation, backend=entry.backend)
        if set(entry.dtypes) <= set(e.dtypes) and not NARROWING & set(catalogue.load(e).TRAITS)
    ]
    plain = next(e for e in fits if e.defect == "plain")
    assert entry.witness(catalogue.load(plain)) is False
    whole = [e for e in fits if e.defect not in ("plain", "offers less") and not e.bare]
    if whole and "elsewhere" not in entry.witness.__qualname__:
        other = whole[zlib.crc32(entry.target.encode()) % len(whole)]
        assert entry.witness(catalogue.load(other)) is False, other.target


def trait(subject, name, operation, default):
    value = subject.TRAITS.get(name, default)
    return value.get(operation, default) if isinstance(value, dict) else value


def operations(entry):
    offered = [name for name in OUTPUTS if hasattr(catalogue.load(entry), name)]
    return offered if entry.operation == "all" else [entry.operation]


def has_gradient(entry, operation):
    by_hand = hasattr(catalogue.load(entry), f"{operation}_vjp")
    return operation not in NO_GRADIENT and (entry.backend == "torch" or by_hand)


def drawn_layer(operation, one):
    """What a layer's case is made of."""
    heads, length = one(1, 2, 3), one(0, 1, 3, 9)
    common = {"B": one(0, 1, 3), "N": heads, "E": heads * one(4, 6), "F": one(1, 5)}
    if operation == "generate":
        return {**common, "S": one(1, 4), "V": one(2, 5, 9), "steps": one(0, 1, 6)}
    masks = boolean(one("B N L S", "L S", "1 1 L 1", "B 1 1 S")), floating(one("B N L S", "L S"))
    return {
        **common, "T": length, "L": length, "S": one(0, 1, 4, 9), "norm_first": one(True, False),
        "activation": one("relu", "gelu"), "memory_mask": one(None, *masks),
    }  # fmt: skip


DRAWN = {  # of one(*values)
    "positional_encoding": lambda one: {"length": one(0, 1, 2, 9, 33), "dim": one(1, 2, 3, 8, 17)},
    "rotary_embedding": lambda one: {
        "B": one(0, 1, 2), "N": one(1, 3), "L": one(0, 1, 3, 9), "D": one(2, 6, 34),
        "base": one(10000.0, 100.0), "interleaved": one(True, False),
        "P": 5, "positions": one(times(1), times(-1)),  # angles below 5 in float32, too
    },
    "layer_norm": lambda one: {
        "shape": one(
            *((3, 4), (5,), (2, 3, 4), (2, 17), (3, 1), (2, 40)), *((0, 3), (2, 1, 2, 3), (2, 0))
        ),
        "eps": one(1e-5, 0.1), "weight": times(one(3, -3)),
    },
    "markov_log_prob": lambda one: {
        "B": one(0, 1, 2, 3), "S": one(1, 2, 4), "K": one(1, 2, 3), "T": one(3, 4, 9),
    },
}  # fmt: skip


def draw_case(operation, rng, dtype, options):
    """A small case of the operation, over all of these options in combination."""

    def one(*values):
        return values[rng.integers(len(values))]

    seed = int(rng.integers(2**31))
    given = {}
    if operation == "softmax":
        edit = one(times(1), times(20), put(np.s_[..., :1], -np.inf), put(np.s_[:1], -np.inf))
        shape = one((3, 4), (5,), (2, 3, 4), (2, 17), (1, 1), (2, 40), (0, 3), (2, 33))
        given = {"shape": shape, "x": edit, "axis": one(-1, 0)}
    elif operation == "attention":
        heads = one(1, 2, 3)
        given = {
            "B": one(0, 1, 2, 3), "M": heads, "N": heads * one(1, 2, 3), "L": one(0, 1, 2, 5, 9),
            "S": one(0, 1, 3, 7, 16, 17, 33), "D": one(1, 4, 8), "V": one(1, 3),
            "mask": one(
                None,
                boolean(one("B N L S", "L S", "1 1 L 1", "B 1 1 S"), one(0.2, 0.6)),
                boolean("B 1 L S", 0.5, where=np.s_[..., :1]),
                floating(one("B N L S", "L S", "N 1 S")),
            ),
            "is_causal": one(True, False), "scale": one(None, None, 0.0, 0.3, -0.2),
            "query_offset": one(0, 0, 1, -2, 4), "softcap": one(None, None, 1.5),
            "window": one(None, None, (1, 0), (None, 2), (2, None), (0, 0)),
        }  # fmt: skip
    elif operation in ("decoder_layer", "generate"):
        given = drawn_layer(operation, one)
    elif operation in DRAWN:
        given = DRAWN[operation](one)
    else:
        given = {"B": one(0, 1, 2, 3), "I": one(1, 3, 9), "H": one(1, 2, 4, 9)}
    if operation in RECURRENT:
        given["T"] = one(0, 1, 2, 5, 9)
        given["lengths"] = one(None, lengths(*rng.integers(0, given["T"] + 1, given["B"])))
        given["reverse"] = one(True, False)
    if operation == "rnn":
        given["nonlinearity"] = one("tanh", "relu", "sigmoid")
    if operation == "gru":
        given["reset_after"] = one(True, False)
    known = {"mask", "is_causal", "scale", "query_offset", "window", "softcap", "axis", "lengths"}
    known |= {"reverse", "nonlinearity", "reset_after", "base", "interleaved", "eps"}
    known |= {"norm_first", "activation", "memory_mask"}
    given = {k: v for k, v in given.items() if k not in known or k in options}
    return case(operation, dtype=dtype, seed=seed, **given)


def distance(subject, operation, dtype):
    allowed = DISTANCE[dtype]
    for name, values in DECLARED.items():
        allowed = max(allowed, values.get(trait(subject, name, operation, None), 0))
    return allowed * (16 if operation == "decoder_layer" else 1)  # its norms divide by small roots


@pytest.mark.parametrize("entry", RIGHT, ids=ids)
def test_right_one_agrees_with_the_base(entry):
    """Values and gradients of some hundred cases over all options, in all its dtypes."""
    subject = catalogue.load(entry)
    answered = Counter()
    few = 32 if entry.backend == "torch" else 100
    cases = max(few // len(entry.dtypes) // len(operations(entry)), 8)
    for operation in operations(entry):
        options = options_of(subject, operation)
        has_vjp = has_gradient(entry, operation)
        for dtype in entry.dtypes:
            rng = np.random.default_rng(7)
            for _ in range(cases):
                drawn = draw_case(operation, rng, dtype, options)
                allowed = distance(subject, operation, dtype)
                try:
                    got = calling.answer(subject, drawn)
                except NotImplementedError:
                    continue
                except Exception:
                    if entry.bare and not within_core(drawn):
                        continue
                    raise
                want = expected(drawn, subject.TRAITS)
                assert not apart(got, want, dtype, allowed), drawn
                answered[operation, dtype] += 1
                undefined = any(np.isnan(w).any() for w in want.values())  # a row declared NaN
                if has_vjp and not undefined and (within_core(drawn) or not entry.bare):
                    got = calling.gradient_answer(subject, drawn)
                    want = expected_gradients(drawn, subject.TRAITS)
                    assert not apart(got, want, dtype, 4 * allowed), drawn
    assert len(answered) == len(operations(entry)) * len(entry.dtypes)
    assert min(answered.values()) >= 1


@contextlib.contextmanager
def refusing(entry):
    """A call beyond the core, which a bare one may refuse by any exception."""
    try:
        yield
    except Exception as refusal:
        if not entry.bare or isinstance(refusal, AssertionError):
            raise


def _more_axes(arrays, options):
    name = next(iter(arrays))
    arrays[name] = arrays[name][None]


def _booleans(arrays, options):
    name = next(iter(arrays))
    arrays[name] = arrays[name] > 0


@pytest.mark.parametrize("entry", RIGHT, ids=ids)
def test_right_one_keeps_its_manners(entry):
    subject = catalogue.load(entry)
    for operation in operations(entry):
        sizes = CORE_SIZES.get(operation, {}) if entry.bare else {}
        usual = partial(case, operation, dtype=entry.dtypes[0], B=3, **sizes)
        first = next(iter(ARGUMENTS[operation]), None)
        autograd = entry.backend == "torch"
        for vjp in (False, True) if has_gradient(entry, operation) else (False,):
            assert not manners.writes(usual(), vjp)(subject)
            assert not manners.leaves_files_open(usual(), vjp)(subject)
            assert not manners.shares_input(usual(), vjp)(subject)
            assert not manners.shares_earlier(usual(), vjp)(subject)
            assert not manners.unsteady(usual(), vjp=vjp)(subject)
            assert not manners.changes_world(usual(), vjp)(subject)
            if operation in RECURRENT and not (vjp and autograd):  # autograd hands cotangents on
                with refusing(entry):
                    assert not manners.shares_input(usual(T=0), vjp)(subject)
        assert not manners.disturbed_by_threads([usual(), usual(seed=1)], 5)(subject)
        if first is None:
            continue
        whole = WHOLE.get(operation, ())
        others = (0,) if first in whole else (0.5, np.nan)
        for change in (put(np.s_[1:], value) for value in others):
            assert not manners.depends_on_neighbours(usual(), usual(**{first: change}))(subject)
        assert not manners.stale_after_change(usual(), floats(operation)[0])(subject)
        if not entry.bare:
            assert not manners.accepts(usual(), _booleans)(subject)
        if operation not in ("softmax", "layer_norm") and not entry.bare:  # of any rank
            assert not manners.accepts(usual(), _more_axes)(subject)
        changes = [transposed, every_second] + ([] if autograd else [backwards, read_only])
        for change in changes:
            margin = distance(subject, operation, entry.dtypes[0])
            with refusing(entry):
                got = calling.answer(subject, usual(), layout("all", change))
                assert not apart(got, expected(usual(), subject.TRAITS), entry.dtypes[0], margin)


def test_bases_agree_with_torch_layers():
    """In float64 the bases give what torch's own layers give, where the two have the same form."""
    torch = pytest.importorskip("torch")
    for operation, layer in (("rnn", "RNN"), ("lstm", "LSTM"), ("gru", "GRU")):
        drawn = case(operation, dtype="float64")
        arrays, _ = drawn.arguments()
        net = getattr(torch.nn, layer)(3, 4, batch_first=True).double()
        with torch.no_grad():
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(net, f"{name}_l0").copy_(torch.from_numpy(arrays[name]))
            state = [
                torch.from_numpy(arrays[name])[None] for name in ("h0", "c0") if name in arrays
            ]
            y, _ = net(torch.from_numpy(arrays["x"]), tuple(state) if len(state) > 1 else state[0])
        assert np.allclose(y.numpy(), expected(drawn)["y"], rtol=0, atol=1e-13)
    drawn = case("attention", M=4, L=7, is_causal=True, dtype="float64")
    tensors = [torch.from_numpy(t) for t in drawn.arguments()[0].values()]
    out = torch.nn.functional.scaled_dot_product_attention(*tensors, is_causal=True)
    assert np.allclose(out.numpy(), expected(drawn)["out"], rtol=0, atol=1e-13)


def test_names_are_unique_and_files_load_by_path():
    assert len({e.name for e in WRONG + RIGHT}) == len(WRONG + RIGHT)
    for target in {e.target for e in WRONG + RIGHT}:
        assert hasattr(sys.modules[catalogue.module_of(target)], target.partition(":")[2])
    for file in sorted({e.target.split(":")[0] for e in WRONG + RIGHT}):
        path = Path(__file__).parent / file
        spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    assert len(WRONG) == len(catalogue.wrong())  # loading a file twice enters nothing twice


def test_numpy_files_do_not_import_torch():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from zoo import catalogue\n"
        "catalogue.wrong(backends=('numpy',)), catalogue.right(backends=('numpy',))\n"
        "assert 'torch' not in sys.modules"
    )
    tests = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, "-c", code, str(tests)], check=True)


def test_every_operation_and_backend_is_covered():
    assert len(WRONG) >= 220 and len(RIGHT) >= 30
    for operation in OUTPUTS:
        for backend in catalogue.BACKENDS:
            assert of(WRONG, operation=operation, backend=backend)
            assert of(RIGHT, operation=operation, backend=backend)

"""A scale that is put on q or k, which are rounded to 16 bits again: where it is declared."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties.inputs.numbers import representable
from seqlaws.properties.laws import LAWS
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.pairing import Candidate, register_laws
from seqlaws.reference.numbers import Arithmetic, expected_and_allowed

LOG2E = np.float32(math.log2(math.e))
FORMS = ("q", "k", "root", "q with log2(e)", "k with log2(e)")


def halved(x, dtype):
    """Rounded to a 16-bit dtype, in float32."""
    return representable(np.asarray(x, float), dtype).astype(np.float32)


def turned(x):
    return x.swapaxes(-1, -2)


class Kernel:
    """Attention and its gradients in float32, with an operand that is scaled and rounded."""

    def __init__(self, form, dtype, scale):
        factor = np.float32(scale) * (LOG2E if "log2" in form else np.float32(1))
        root = np.sqrt(factor)
        one = np.float32(1)
        self.on_q, self.on_k = {"q": (factor, one), "k": (one, factor)}.get(form[0], (root, root))
        self.dtype, self.base_two, self.scale = dtype, "log2" in form, np.float32(scale)

    def exp(self, x):
        return np.exp2(x) if self.base_two else np.exp(x)

    def scaled(self, q, k):
        on = (self.on_q, self.on_k)
        return [halved(x * c, self.dtype) if c != 1 else x for x, c in zip((q, k), on, strict=True)]

    def run(self, q, k, v):
        """The output, its scores and the rows' log-sum-exp, both in the base of `exp`."""
        q, k = self.scaled(q, k)
        s = q @ turned(k)
        top = s.max(axis=-1, keepdims=True)
        e = self.exp(s - top)
        total = e.sum(axis=-1, keepdims=True)
        log = np.log2 if self.base_two else np.log
        return halved((halved(e, self.dtype) @ v) / total, self.dtype), s, top + log(total)

    def pull(self, dout, q, k, v):
        out, s, lse = self.run(q, k, v)
        p = self.exp(s - lse)
        inner = np.sum(dout * out, axis=-1, keepdims=True)
        ds = halved(p * (dout @ turned(v) - inner), self.dtype)
        scaled_q, scaled_k = self.scaled(q, k)
        of_exp = 1 / LOG2E if self.base_two else np.float32(1)
        dq = ds @ scaled_k * (self.on_q * of_exp if self.on_k != 1 else self.scale)
        dk = turned(ds) @ scaled_q * (self.on_k * of_exp if self.on_q != 1 else self.scale)
        return [halved(x, self.dtype) for x in (dq, dk, turned(halved(p, self.dtype)) @ dout)]


def drawn(random, dtype):
    """q, k, v, dout and a scale: of many sizes, some not normal numbers."""
    d, rows, keys = (int(random.choice(n)) for n in ([1, 2, 16, 24, 64], [1, 3, 8], [1, 7, 64]))
    size = 2.0 ** random.randint(-6, 3)
    shapes = [(1, 1, n, d) for n in (rows, keys, keys, rows)]
    q, k, v, dout = (size * random.standard_normal(s) for s in shapes)
    if random.rand() < 0.2:
        q = q * 2.0**-18
    scale = float(random.choice([1 / math.sqrt(d), 0.125, 0.3, 1.7]))
    return [halved(x, dtype) for x in (q, k, v, dout)], scale


def worst(dtype, declared, cases):
    """The largest error over the bound, of every form and output."""
    random, found = np.random.RandomState(5), {}
    for _ in range(cases):
        (q, k, v, dout), scale = drawn(random, dtype)
        how = {"arithmetic": Arithmetic(dtype, scale=declared), "scale": scale}
        due = [
            *expected_and_allowed("attention", q, k, v, **how),
            *expected_and_allowed("attention_vjp", dout, q, k, v, **how),
        ]
        for form in FORMS:
            kernel = Kernel(form, dtype, scale)
            outputs = [kernel.run(q, k, v)[0], *kernel.pull(dout, q, k, v)]
            for name, output, (value, allowed) in zip("oqkv", outputs, due, strict=True):
                with np.errstate(invalid="ignore"):
                    ratio = np.where(output == value, 0.0, np.abs(output - value) / allowed)
                found[form, name] = max(found.get((form, name), 0.0), float(ratio.max()))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_no_form_exceeds_the_bound_where_it_is_declared(dtype):
    found = worst(dtype, "operands", 60)
    assert max(found.values()) <= 1, found


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_every_form_exceeds_the_bound_where_it_is_not(dtype):
    found = worst(dtype, "scores", 30)
    assert min(found[form, "o"] for form in FORMS) > 1, found


def test_float32_and_a_scale_of_nothing_cost_the_same():
    random = np.random.RandomState(1)
    q = random.standard_normal((1, 1, 4, 8))
    for dtype, operands in (("float32", q), ("float16", 0 * q)):
        both = [
            expected_and_allowed("attention", operands, q, q, arithmetic=Arithmetic(dtype, scale=s))
            for s in ("scores", "operands")
        ]
        np.testing.assert_array_equal(both[0][0].allowed, both[1][0].allowed)


def attention(q, k, v, scale=None):
    if not q.dtype == k.dtype == v.dtype == np.float16 or k.shape[1:3] != v.shape[1:3]:
        raise TypeError("arrays of float16 are expected")
    group = q.shape[1] // k.shape[1]
    k, v = (np.repeat(x, group, axis=1).astype(np.float32) for x in (k, v))
    factor = q.shape[-1] ** -0.5 if scale is None else scale
    scaled = (q.astype(np.float32) * np.float32(factor)).astype(np.float16)
    s = scaled.astype(np.float32) @ turned(k)
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True) @ v).astype(np.float16)


@pytest.mark.slow
def test_an_implementation_declares_it():
    register_laws()
    effort = Effort(examples=20, shrinking=0.0, explains=False)
    said = []
    for declared in ("scores", "operands"):
        traits = {"dtypes": ("float16",), "scale": {"attention": declared}}
        subject = SimpleNamespace(attention=attention, TRAITS=traits)
        put = "<mine>", "mine", subject, "attention", "float16", "cpu", effort
        said.append(Candidate(*put).verdict(LAWS["values"]).status)
    assert said == ["failed", "passed"]

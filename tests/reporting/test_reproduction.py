"""The script of a failure fails as the message says, and passes once the cause is mended.

For each library: a value and a gradient, arrays and a dict of parameters, and a dtype that NumPy
lacks or that the library has to be asked for.
"""

import importlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from seqlaws.properties import check
from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.call_source import program
from seqlaws.properties.reporting.demands import Asked, Place, asserting, reading
from seqlaws.properties.reporting.reproduction import making
from seqlaws.properties.subjects.record import Entry
from seqlaws.properties.subjects.subject import Subject

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
LAYER = 'x, params, num_heads, activation="relu", norm_first=False'
# right where FORWARD and BACKWARD are 1: the factors of values and of gradients
SOURCES = {
    "numpy": f"""
from seqlaws.impls import numpy_vectorized as right

TRAITS = {{"backend": "numpy", "dtypes": ("float32", "float16")}}

def softmax(x, axis=-1):
    return (right.softmax(x.astype(float), axis) * FORWARD).astype(x.dtype)

def softmax_vjp(dp, x, axis=-1):
    dx = right.softmax_vjp(dp.astype(float), x.astype(float), axis)
    return (dx * BACKWARD).astype(x.dtype)

def encoder_layer({LAYER}):
    out = right.encoder_layer(x, params, num_heads, activation, norm_first)
    return out * x.dtype.type(FORWARD)

def encoder_layer_vjp(dout, {LAYER}):
    dx, dparams = right.encoder_layer_vjp(dout, x, params, num_heads, activation, norm_first)
    factor = x.dtype.type(BACKWARD)
    return dx * factor, {{name: d * factor for name, d in dparams.items()}}
""",
    "torch": f"""
from seqlaws.impls import torch_ops as right

TRAITS = {{"backend": "torch", "dtypes": ("float32", "bfloat16")}}

def scaled(y):
    return y * BACKWARD + (y * (FORWARD - BACKWARD)).detach()

def softmax(x, axis=-1):
    return scaled(right.softmax(x, axis))

def encoder_layer({LAYER}):
    return scaled(right.encoder_layer(x, params, num_heads, activation, norm_first))
""",
    "jax": f"""
import jax
import jax.numpy as jnp

from seqlaws.impls import jax_nn as right

TRAITS = {{"backend": "jax", "dtypes": ("float32", "float64"), "fully_masked": "nan"}}

def scaled(y):
    return y * BACKWARD + jax.lax.stop_gradient(y * (FORWARD - BACKWARD))

def softmax(x, axis=-1):
    with jax.enable_x64(True):
        return scaled(right.softmax(x, axis))

def linear(x, params, name):
    return jnp.matmul(x, params[name + "weight"].T, precision="highest") + params[name + "bias"]

def norm(x, params, name):
    centred = x - x.mean(-1, keepdims=True)
    deviation = jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return centred / deviation * params[name + "weight"] + params[name + "bias"]

def encoder_layer({LAYER}):
    functions = {{"relu": jax.nn.relu, "gelu": lambda z: jax.nn.gelu(z, approximate=False)}}

    def attend(z):
        def heads(y):
            return y.reshape(*y.shape[:2], num_heads, -1).swapaxes(1, 2)
        joined = linear(z, params, "self_attn.in_proj_")
        q, k, v = map(heads, jnp.split(joined, 3, -1))
        scores = jnp.matmul(q, k.swapaxes(2, 3), precision="highest") / q.shape[-1] ** 0.5
        out = jnp.matmul(jax.nn.softmax(scores), v, precision="highest")
        return linear(out.swapaxes(1, 2).reshape(z.shape), params, "self_attn.out_proj.")

    def feed(z):
        hidden = functions[activation](linear(z, params, "linear1."))
        return linear(hidden, params, "linear2.")

    if norm_first:
        x = x + attend(norm(x, params, "norm1."))
        return scaled(x + feed(norm(x, params, "norm2.")))
    x = norm(x + attend(x), params, "norm1.")
    return scaled(norm(x + feed(x), params, "norm2."))
""",
}
CALLS = [
    ("numpy", "softmax", "float32"),
    ("numpy", "softmax", "float16"),
    ("numpy", "encoder_layer", "float32"),
    ("torch", "softmax", "float32"),
    ("torch", "softmax", "bfloat16"),
    ("torch", "encoder_layer", "float32"),
    ("jax", "softmax", "float32"),
    ("jax", "softmax", "float64"),
    ("jax", "encoder_layer", "float32"),
]


def test_every_library_has_its_scripts_run():
    assert SOURCES.keys() == BACKENDS.keys() == {library for library, _, _ in CALLS}


def run(program):
    """The script in a process that has the implementation and its library, and no suite."""
    bare = (
        "import sys\nsys.modules['seqlaws.reference'] = sys.modules['seqlaws.properties'] = None\n"
    )
    return subprocess.run(
        [sys.executable, "-c", bare + program],
        env={**os.environ, "PYTHONPATH": str(ROOT / ".typings"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("vjp", [False, True], ids=["value", "gradient"])
@pytest.mark.parametrize(("library", "operation", "dtype"), CALLS)
def test_the_script_fails_until_the_cause_is_mended(plug_in, library, operation, dtype, vjp):
    pytest.importorskip(library)
    factors = "FORWARD, BACKWARD = {}, {}\n"
    wrong = plug_in(factors.format(*((1, 2) if vjp else (2, 1))) + SOURCES[library])
    patience = {"seconds": 20}
    if library == "jax":
        patience = {"seconds": 240, "seconds_per_call": 60}  # it compiles each step for each shape
    result = check(wrong, [operation], [dtype], stop_at_first=True, **patience)
    (failure,) = result.failures
    assert failure.witness["call"] == operation + "_vjp" * vjp
    _, _, source = failure.message.partition("reproduce with\n\n")
    source = textwrap.dedent(source)

    shown = run(source)
    entry = f"{failure.witness['output']}[{', '.join(map(str, failure.witness['index']))}]"
    assert shown.returncode == 1, shown.stderr
    assert f"AssertionError: {entry} is " in shown.stderr
    assert f"expected {failure.witness['expected']!r}" in shown.stderr

    assert plug_in(factors.format(1, 1) + SOURCES[library]) == wrong
    mended = run(source)
    assert mended.returncode == 0, mended.stderr


@pytest.mark.parametrize("vjp", [False, True], ids=["value", "gradient"])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", ["numpy_vectorized", "torch_ops"])
def test_the_script_of_any_operation_asks_what_the_suite_asked(name, operation, vjp):
    """The script asserts, with tolerance 0, the first entry of what the suite was given."""
    pytest.importorskip("torch" if name == "torch_ops" else "numpy")
    namespace = importlib.import_module(f"seqlaws.impls.{name}")
    subject = Subject(name, namespace, operation, "float64", "cpu")
    if vjp and not subject.gives_gradients:
        pytest.skip("it has no gradient")
    for seed in range(4):
        case = build(by_seed(seed), OPERATIONS[operation], "float64")
        subject.record.begin()
        calls = subject.record.every
        outputs = subject.pull(case) if vjp else subject.run(case)
        output = next((n for n, value in outputs.items() if value.size), "")
        if output:
            index = (0,) * outputs[output].ndim
            observed = float(outputs[output][index])
            every = (outputs[output],) * 4  # nothing of them is in a script
            entry = Entry(output, index, observed, observed, 0.0, every)
            asked, (call,) = Asked(entry, Place(0, output, index), None, observed, 0.0), calls
            lines = [*making(subject, call, None, True), *reading(subject, asked, call, 0)]
            source = program(subject, lines + asserting(asked, "it is what it was"))
            assert "\nassert " in source
            exec(compile(source, "script", "exec"), {})

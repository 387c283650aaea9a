"""Backends: each library keeps the protocol, and no other module knows a library."""

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from seqlaws.properties.backends import side_effects
from seqlaws.properties.backends.instances import INSTANCES, backend
from seqlaws.properties.backends.layouts import AMID, LAYOUTS, PAD, lay_out
from seqlaws.properties.backends.protocol import BadOutputError, NotDifferentiableError, holding
from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.discovery.traits import KNOWN
from seqlaws.properties.isolation.second_program import program_of

ROOT = Path(__file__).resolve().parents[2] / "properties"
DTYPES = {"numpy": ("float64", "float32", "float16")}
VALUES = np.random.RandomState(0).randint(-8, 8, (3, 4, 2, 5)) / 4  # exact in any dtype


@pytest.fixture(params=BACKENDS)
def arrays(request):
    pytest.importorskip(BACKENDS[request.param].library)
    return backend(request.param)


def source_of(made):
    """The functions that a program without the suite has."""
    names = {"np": np}
    head = "import numpy as np\ndef array(values, dtype, device): return values\n"
    sources = made.source_of_array, made.source_of_values, made.source_of_gradients
    exec("\n".join([head, *made.imports, *sources]), names)
    return names


def dtypes_of(made):
    return DTYPES.get(made.library, KNOWN["dtypes"])


def test_the_trait_knows_each_backend():
    assert KNOWN["backend"] == tuple(BACKENDS)


def test_an_unknown_backend_is_refused_with_the_known():
    with pytest.raises(ImportError, match="'cupy' is not built yet; numpy, torch, jax are"):
        backend("cupy")
    assert "cupy" not in INSTANCES


def test_an_array_holds_the_numbers_in_its_dtype(arrays):
    assert not arrays.available("cpu")
    for dtype in dtypes_of(arrays):
        made = arrays.array(VALUES, dtype, "cpu")
        assert arrays.describe(made) == (VALUES.shape, dtype, "cpu")
        assert arrays.values(made).dtype == float
        np.testing.assert_array_equal(arrays.values(made), VALUES)
    for kept in (np.array([True, False]), np.array([3, -2])):
        np.testing.assert_array_equal(arrays.values(arrays.array(kept, "float32", "cpu")), kept)


def test_a_device_that_is_not_there_is_a_sentence(arrays):
    assert "'nowhere'" in arrays.available("nowhere")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_changes_no_entry(arrays, layout):
    if layout not in arrays.layouts:
        pytest.skip("the library does not have it")
    for rank in range(VALUES.ndim + 1):
        values = VALUES[(0,) * (VALUES.ndim - rank)]
        if layout.startswith("broadcast"):
            values = np.ones_like(values)
        made = arrays.array(values, "float32", "cpu", layout)
        assert arrays.describe(made)[0] == values.shape
        np.testing.assert_array_equal(arrays.values(made), values)


STRIDES = {  # in bytes, of (3, 4, 2, 5) numbers of 4 bytes
    "contiguous": (160, 40, 20, 4),
    "transposed": (160, 40, 4, 8),
    "time first": (40, 120, 20, 4),
    "heads inside": (160, 20, 80, 4),
    "column-major": (4, 12, 48, 96),
    "strided": (320, 80, 40, 8),
    "strided rows": (320, 40, 20, 4),
    "strided middle": (320, 80, 40, 4),
    "offset": (672, 112, 28, 4),
    "broadcast": (0, 40, 20, 4),
    "broadcast second": (40, 0, 20, 4),
    "broadcast last": (32, 8, 4, 0),
    "broadcast throughout": (0, 0, 0, 0),
    "reversed": (-160, -40, -20, -4),
    "reversed last": (160, 40, 20, -4),
    "reversed first": (-160, 40, 20, 4),
    "reversed middle": (160, -40, 20, 4),
    "read-only": (160, 40, 20, 4),
    "far apart": (4 * (2**32 + 80), 40, 20, 4),
    "amid NaN": (160, 40, 20, 4),
    "amid large numbers": (160, 40, 20, 4),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_lies_in_memory_as_it_says(layout):
    made = lay_out(VALUES.astype(np.float32), layout)
    strides = tuple(0 if n == 1 else s for n, s in zip(made.shape, made.strides, strict=True))
    assert strides == STRIDES[layout]
    assert made.flags.writeable == (layout != "read-only" and not layout.startswith("broadcast"))


@pytest.mark.parametrize("layout", AMID)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "bool"])
@pytest.mark.parametrize("shape", [(2, 3), (0, 3), ()])
def test_what_is_written_around_an_array_is_seen(arrays, layout, dtype, shape):
    if layout not in arrays.layouts:
        pytest.skip("the library does not have it")
    values = np.ones(shape, dtype)
    made = arrays.array(values, "float16" if dtype == "float16" else "float32", "cpu", layout)
    np.testing.assert_array_equal(arrays.values(made), values)
    for place in (-1, values.size):  # one before, and one beyond the end
        assert arrays.is_intact_around(made)
        if isinstance(made, np.ndarray):
            at, flat = PAD + place, made.base
        else:
            at, flat = 0, made.as_strided((1,), (1,), PAD + place)
        before = flat[at].item()
        flat[at] = not before
        assert not arrays.is_intact_around(made)
        flat[at] = before


def test_what_is_written_is_read(arrays):
    written = arrays.write(arrays.array(VALUES, "float32", "cpu"), -VALUES)
    np.testing.assert_array_equal(arrays.values(written), -VALUES)


def test_shared_memory_is_seen_where_there_is_any(arrays):
    one, other = (arrays.array(VALUES, "float32", "cpu") for _ in range(2))
    assert not arrays.overlap(one, other)
    if len(arrays.layouts) > 1:
        assert arrays.overlap(one, one[1:])


def test_what_is_no_array_of_the_library_is_refused(arrays):
    for odd in ([1.0, 2.0], None, "text", object()):
        with pytest.raises(BadOutputError, match=f"a {type(odd).__name__}, not a"):
            arrays.describe(odd)


def test_the_gradient_is_that_of_the_function(arrays):
    x, y = (arrays.array(VALUES + k, "float32", "cpu") for k in range(2))
    cotangent = arrays.array(VALUES, "float32", "cpu")
    if not arrays.differentiates:
        with pytest.raises(NotDifferentiableError):
            arrays.gradients(lambda a, b: a * b, [cotangent], [x, y], {})
        return
    dx, dy, unused = arrays.gradients(
        lambda a, b, c, factor: factor * a * b, [cotangent], [x, y, x], {"factor": 2.0}
    )
    np.testing.assert_array_equal(arrays.values(dx), 2 * VALUES * (VALUES + 1))
    np.testing.assert_array_equal(arrays.values(dy), 2 * VALUES * VALUES)
    np.testing.assert_array_equal(arrays.values(unused), 0)


def test_the_source_gives_what_the_backend_gives(arrays):
    source = source_of(arrays)
    read = source.get("values", np.asarray)
    for dtype in dtypes_of(arrays):
        x = source["array"](VALUES.astype(holding(dtype)), dtype, "cpu")
        assert arrays.describe(x) == (VALUES.shape, dtype, "cpu")
        np.testing.assert_array_equal(read(x), VALUES)
        if arrays.differentiates:
            (found,) = source["gradients"](lambda a: [a * a], [x], [x])
            assert arrays.describe(found) == (VALUES.shape, dtype, "cpu")
            np.testing.assert_array_equal(read(found), 2 * VALUES * VALUES)
    assert arrays.differentiates == bool(arrays.source_of_gradients)


def test_the_second_program_holds_nothing_of_the_suite():
    for made in BACKENDS.values():
        program = program_of(made)
        imports = [n for n in ast.walk(ast.parse(program)) if isinstance(n, ast.Import)]
        names = {alias.name.partition(".")[0] for one in imports for alias in one.names}
        assert names <= {"importlib", "numpy", "contextlib", made.library}
        assert "seqlaws" not in program


def set_of_numpy(value):
    np.seterr(over="raise" if value else "warn")


def set_of_torch(value):
    torch = sys.modules["torch"]
    torch.set_default_dtype(torch.float64 if value else torch.float32)


def set_of_jax(value):
    sys.modules["jax"].config.update("jax_debug_nans", value)


WATCHED = {
    "numpy": ("NumPy's error settings", set_of_numpy),
    "torch": ("torch's default dtype", set_of_torch),
    "jax": ("JAX's jax_debug_nans", set_of_jax),
}


def test_state_that_a_call_may_not_change_is_watched(arrays):
    name, change = WATCHED[arrays.library]
    before = side_effects.surroundings()
    try:
        change(True)
        assert side_effects.differences(before, side_effects.surroundings()) == [name]
    finally:
        change(False)
    assert not side_effects.differences(before, side_effects.surroundings())


def test_state_is_watched_of_a_library_that_nobody_declared(monkeypatch):
    pytest.importorskip("torch")
    import torch

    monkeypatch.delitem(INSTANCES, "torch", raising=False)
    before = side_effects.surroundings()
    side_effects.reseed(1)
    torch.rand(1)
    after = side_effects.surroundings()
    side_effects.reseed(1)
    again = side_effects.surroundings()
    assert "torch's random state" in side_effects.differences(before, after)
    assert "torch's random state" in side_effects.differences(after, again)


def test_a_seed_makes_the_state_the_same(arrays):
    side_effects.reseed(5)
    before = arrays.state()
    side_effects.reseed(6)
    side_effects.reseed(5)
    assert arrays.state() == before


TRANSLATORS = {  # of programs that are written in torch
    "flashinfer.py",
    "kernelbench.py",
    "kernelbench_problem.py",
    "torch_graph.py",
}


def test_no_other_module_knows_a_library():
    """No import of one, no name of one as a string: what is known of it stands in its backend."""
    libraries = {made.library for made in BACKENDS.values()} - {"numpy"}
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        if path.parent.name in ("backends", "torch_forms") or path.name in TRANSLATORS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = []
            if isinstance(node, ast.Import):
                said = [alias.name.partition(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                said = [(node.module or "").partition(".")[0]]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                said = [node.value]
            found += [f"{path.relative_to(ROOT)}:{node.lineno}" for s in said if s in libraries]
    assert not found

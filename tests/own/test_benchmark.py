"""Own operations as they are timed: arithmetic that is counted, sizes, and a floor."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2]))  # for benchmarks
from specs import RIGHT, RMS_NORM, source

from benchmarks.flops import entrywise, flops, least_bytes, products
from benchmarks.table import Row, arithmetic
from benchmarks.work import SIZES, Work, sizes_of, timed_sizes
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.adding import add_file, remove
from seqlaws.properties.reporting.page.documents import Timed
from seqlaws.reference.numbers.counting import Counting, counted

SPECS = {  # as the suite's own operations, whose arithmetic is counted by hand
    "softmax": """
        @operation(x="R n", returns="R n", benchmark=SIZES)
        def own_softmax(x):
            e = np.exp(x - np.max(x, axis=-1, keepdims=True))
            return e / np.sum(e, axis=-1, keepdims=True)
    """,
    "layer_norm": """
        @operation(x="R E", weight="E", bias="E", returns="R E", benchmark=SIZES)
        def own_layer_norm(x, weight, bias, eps=1e-5):
            d = x - np.mean(x, axis=-1, keepdims=True)
            return d / np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + eps) * weight + bias
    """,
    "attention": """
        @operation(q="B N L D", k="B N S D", v="B N S Dv", returns="B N L Dv", benchmark=SIZES)
        def own_attention(q, k, v):
            scores = np.einsum("bnld,bnsd->bnls", q, k) * (1 / np.sqrt(q.shape[-1]))
            e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
            return np.einsum("...ls,...sd->...ld", e / np.sum(e, axis=-1, keepdims=True), v)
    """,
}
MATMUL = """
    import numpy as np
    from seqlaws import operation

    @operation(a="M K", b="K N", keep="M: bool", returns={"y": "M N", "best": "M: whole"})
    def product(a, b, keep):
        y = np.where(keep[:, None], a @ b, 0.0)
        return y, np.argmax(y, axis=-1)
"""


@pytest.fixture
def added(write):
    names = []

    def add(text, file):
        names.extend(add_file(write(source(text), file), proving=True))
        return names[-1]

    yield add
    remove(names)


@pytest.mark.parametrize("size", ["small", "middle"])
@pytest.mark.parametrize("name", SPECS)
def test_what_is_counted_is_what_was_counted_by_hand(name, size, added):
    sizes = {letter: n for letter, n in timed_sizes(name).items() if letter != "M"}
    head = f"import numpy as np\nfrom seqlaws import operation\nSIZES = {sizes!r}\n"
    own = added(head + source(SPECS[name]), f"own_{name}.py")
    mine, known = (Work(o, "forward", size, "float32", "cpu") for o in (own, name))
    assert products(mine) == products(known)
    rows = entrywise(known) // known.sizes.get("n", known.sizes.get("E", known.sizes.get("S")))
    assert abs(entrywise(mine) - entrywise(known)) <= rows  # a few for each row, beside its entries
    assert least_bytes(mine) == least_bytes(known)


def test_the_gradient_of_a_product_is_two_products(added):
    name = added(MATMUL, "product.py")
    forward, backward = (Work(name, way, "small", "float32", "cpu") for way in WAYS)
    n = forward.sizes
    assert products(forward) == 2 * n["M"] * n["K"] * n["N"]
    assert products(backward) == 3 * products(forward)
    assert entrywise(forward) == n["M"] * n["N"]
    moved = 4 * (n["M"] * n["K"] + n["K"] * n["N"] + n["M"] * n["N"]) + n["M"] + 8 * n["M"]
    assert least_bytes(forward) == moved


WAYS = ("forward", "backward")
FUNCTIONS = {  # of x (3, 8) and y (8, 5): operations of products, and of entries
    "x @ y": (2 * 3 * 8 * 5, 0),
    "np.einsum('ij,jk->ik', x, y)": (2 * 3 * 8 * 5, 0),
    "np.einsum('ij->i', x)": (0, 3 * 8),
    "np.einsum('ij,ij->ij', x, x)": (0, 3 * 8),
    "np.einsum('...j,jk->...k', x, y)": (2 * 3 * 8 * 5, 0),
    "np.mean(x, axis=-1)": (0, 3 * 8 + 3),
    "np.var(x, axis=-1)": (0, 4 * 3 * 8 + 2 * 3),
    "np.sort(x, axis=-1)": (0, 3 * 8 * 3),
    "np.cumsum(x, axis=-1)": (0, 3 * 8),
    "np.where(x > 0, x, -x)": (0, 0),
    "np.concatenate([x, +x], axis=0).T[1:]": (0, 0),
    "algebra.sigmoid(x)": (0, 3 * 8),
    "np.exp(x) + 1.0": (0, 2 * 3 * 8),
}


@pytest.mark.parametrize("text", FUNCTIONS)
def test_a_function_is_as_many_operations_as_is_said(text):
    from seqlaws.reference import algebra

    x, y = Counting(np.ones((3, 8))), Counting(np.ones((8, 5)))
    with counted() as count:
        eval(text, {"np": np, "algebra": algebra, "x": x, "y": y})
    assert (count.products, count.entrywise) == FUNCTIONS[text]


def test_sizes_are_those_that_are_declared_and_else_of_moderate_products(added):
    text = source(RMS_NORM).replace('returns={"y"', 'benchmark={"E": (3, 5, 7)}, returns={"y"')
    assert timed_sizes(added(text, "rms_norm.py"))["E"] == (3, 5, 7)
    scan = Path(__file__).parents[2] / "examples" / "selective_scan.py"
    name = add_file(scan)[0]
    try:
        assert "length 256" in sizes_of(name)
        for size in SIZES:
            assert np.prod([*Work(name, "forward", size, "float32", "cpu").sizes.values()]) <= 2**22
        long = Work(name, "backward", "length 64", "float32", "cpu")
        assert long.sizes["T"] == 64
        assert flops(long) > flops(Work(name, "forward", "length 64", "float32", "cpu")) > 0
    finally:
        remove([name])
    assert name not in OPERATIONS


def test_the_floor_is_the_larger_of_two_times():
    row = Row("mine", "product", "forward", "small", "float32", "cpu", own=True)
    row.flops, row.bytes = 10**6, 10**6
    limits = [
        Timed("numpy", kind, "forward", "", "float32", "cpu", fastest=1.0, ceiling=kind, **rate)
        for kind, rate in (("product", {"flops": 10**6}), ("copy", {"bytes": 5 * 10**5}))
    ]
    said = arithmetic([row], limits)[1].split()
    assert said[:3] == ["product", "small", "forward"]
    assert said[-2:] == ["2.00", "s"] or said[-2:] == ["2", "s"]
    assert arithmetic([row], [])[1].split()[-1] == "-"


@pytest.mark.slow
def test_the_command_reports_time_arithmetic_and_floor(write, plug_in, run_suite):
    pytest.importorskip("pytest_benchmark")
    spec, mine = write(source(RMS_NORM), "rms_norm.py"), plug_in(source(RIGHT))
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    run = run_suite(
        benchmarks / "test_speed.py", benchmarks / "test_ceilings.py", f"--spec={spec}",
        f"--impl={mine}", "-q", "-k", "small or copy-16384 or product-512-numpy",
        "--benchmark-max-time=0.01", "--benchmark-min-rounds=2",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    _, _, table = run.stdout.partition("arithmetic and memory")
    (line,) = [row for row in table.splitlines() if row.startswith("rms_norm") and "forward" in row]
    assert line.split()[5:7] == ["2.07e+03", "4.35e+03"]
    assert line.split()[-1] in ("ns", "us", "ms")

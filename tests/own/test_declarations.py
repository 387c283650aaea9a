"""Declarations that cannot be read, and specifications that cannot be run: one sentence each."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from specs import source

from seqlaws import operation
from seqlaws.properties.inputs.case import output_shapes
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.own.adding import add_file, remove
from seqlaws.properties.own.declared import DeclarationError, parsed
from seqlaws.properties.own.decorator import MARK
from seqlaws.properties.own.proof import SpecError

HEAD = "import numpy as np\nimport math\nfrom seqlaws import operation\n"
ONE = '@operation(x="B E", returns="B E")\ndef own_f(x):\n'
VJP = "def own_f_vjp(dy, x):\n"
REFUSED = {  # the body of a specification, and what is said of it
    "median": ("    return x - np.median(x)\n", "line 6: numpy.median has no rounding rule; use"),
    "unknown": ("    return np.unwrap(x)\n", "line 6: numpy.unwrap has no rounding rule"),
    "if": ("    if x[0, 0] > 0:\n        return x\n    return 2 * x\n", "line 6: a specification"),
    "any": ("    return x if np.any(x > 0) else -x\n", "may not branch on a computed number"),
    "while": ("    while np.max(x) > 1:\n        x = x / 2\n    return x\n", "may not branch"),
    "write": ("    y = np.zeros(x.shape)\n    y[0] = x[0]\n    return y\n", "line 7: a rounding"),
    "into": ("    y = np.exp(x)\n    y[0] = 0\n    return y\n", "may not write into an array"),
    "float": ("    return x * math.exp(x[0, 0])\n", "may not turn a computed number into a Python"),
    "array": ("    return np.asarray(x) * 2\n", "an array would drop the bound"),
    "int": ("    return x * np.exp(x).astype(int)\n", "may not become int64"),
    "shape": ("    return np.sum(x, axis=-1)\n", "y has shape (3,); declared: (B E)"),
    "outputs": ("    return x, x\n", "returned 2 outputs; declared: y"),
    "vjp": (f"    return x * x\n\n{VJP}    return dy * x\n", "by a complex step it is"),
    "count": (f"    return x * x\n\n{VJP}    return x, x\n", "returns 2 gradients, not 1"),
    "raises": ("    raise KeyError('no')\n", "line 6: 'no'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_specification_that_cannot_be_used_is_refused_with_its_line(name, write):
    body, said = REFUSED[name]
    path = write(HEAD + ONE + body, f"refused_{name}.py")
    try:
        with pytest.raises(SpecError) as caught:
            add_file(path, proving=True)
    finally:
        remove(["own_f"])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it declares no operation"),
        ("1 / 0\n", "importing it raised ZeroDivisionError"),
        (HEAD + '@operation(x="B", returns="B")\ndef softmax(x):\n    return x\n', "another name"),
    ],
)
def test_a_file_without_a_usable_operation_is_refused(text, said, write):
    with pytest.raises(SpecError, match=said):
        add_file(write(text, f"odd_{len(text)}.py"))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SpecError, match="no such file"):
        add_file(tmp_path / "none.py")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("B E: positif", "positif"),
        ("B ... E", "is no axis"),
        ("B -1", "is no axis"),
        ("B: below", "is not known"),
        ("B: between 2 1", "is not known"),
        (3, "axes are a text"),
    ],
)
def test_a_declaration_that_cannot_be_read(text, said):
    with pytest.raises(DeclarationError, match=said):
        parsed("x", text)


@pytest.mark.parametrize(
    ("how", "function", "said"),
    [
        ({"y": "B", "returns": "B"}, lambda x: x, "no parameter y"),
        ({"returns": "B"}, lambda x: x, "no array"),
        ({"x": "B", "returns": "C"}, lambda x: x, "the size C of an output is no array's"),
        ({"x": "B", "returns": "B", "sizes": {"C": [2]}}, lambda x: x, "sizes of C"),
        ({"x": "B", "returns": "B", "options": {"k": (1, 2)}}, lambda x: x, "options of k"),
        ({"x": "B", "returns": "B"}, lambda x, mode="a": x, "the option mode has no kind"),
        ({"x": "B", "returns": "B"}, lambda x, n: x, "the option n has no kind"),
        ({"x": "B", "returns": {"x": "B"}}, lambda x: x, "the output x has the name"),
        ({"x": "B", "m": "B: bool", "returns": "B"}, lambda x, m=1: x, "has the default 1"),
        ({"x": "B", "returns": "B", "options": {"k": {1: 2}}}, lambda x, k=1: x, "known are"),
    ],
)  # fmt: skip
def test_a_decorator_that_cannot_be_read(how, function, said):
    with pytest.raises(DeclarationError, match=said):
        operation(**how)(function)


EVERYTHING = """
    from typing import Annotated, Literal
    import numpy as np
    from seqlaws import operation

    @operation(
        x="B groups*C S", targets="B: below S or pad", p="B S: probabilities", sigma="C: positive",
        gate="B: between 0 1", temperature="", lengths="B: lengths S", mask="B S: bool",
        returns={"y": "B groups*C S", "top": "B k: whole", "loss": ""},
        sizes={"S": range(4, 40, 2)}, options={"k": range(1, 4)}, batch="B", differentiable=False,
    )
    def own_everything(
        x, targets, p, sigma, gate, temperature, groups: int, lengths=None, mask=None,
        eps: float = 1e-6, scale: float | None = None, mode: Literal["a", "b"] = "a",
        pad: int = -100, k: int = 1, flip: bool = False, slope: Annotated[float, (0.1, 0.2)] = 0.1,
    ):
        y = x * (1 if scale is None else scale) + eps + slope * temperature
        y = -y if flip else y
        top = np.argsort(-p, axis=-1)[:, :k]
        return y, top, np.sum(gate) + np.sum(sigma)
"""


@pytest.fixture
def everything(write):
    names = add_file(write(source(EVERYTHING), "everything.py"), proving=True)
    from seqlaws.properties.operations import OPERATIONS

    yield OPERATIONS[names[0]]
    remove(names)


def test_cases_are_as_they_are_declared(everything):
    options = set()
    for seed in range(300):
        case = build(by_seed(seed), everything, "float32")
        n = case.sizes()
        given = {**everything.options, **case.options}
        assert n["S"] % 2 == 0
        assert case.arrays["x"].shape == (n["B"], given["groups"] * n["C"], n["S"])
        targets, p = case.arrays["targets"], case.arrays["p"]
        assert ((targets == given["pad"]) | ((targets >= 0) & (targets < n["S"]))).all()
        assert (p > 0).all()
        assert np.allclose(p.sum(axis=-1), 1, atol=1e-5)
        assert (case.arrays["sigma"] > 0).all()
        assert ((case.arrays["gate"] >= 0) & (case.arrays["gate"] <= 1)).all()
        assert case.arrays["temperature"].shape == ()
        if "lengths" in case.options:
            assert ((case.options["lengths"] >= 1) & (case.options["lengths"] <= n["S"])).all()
        if "mask" in case.options:
            assert case.options["mask"].dtype == bool
        assert 1 <= given["k"] <= 3
        assert given["mode"] in ("a", "b")
        shapes = output_shapes(case)
        assert shapes == {"y": case.arrays["x"].shape, "top": (n["B"], given["k"]), "loss": ()}
        options |= case.options.keys()
    assert options == everything.kinds.keys()


def test_whole_outputs_have_no_cotangent(everything):
    assert everything.pulled == ["y", "loss"]
    assert everything.batched == ["x", "targets", "p", "gate"]
    assert everything.batched_options == ["lengths", "mask"]


def test_the_decorated_function_stays_what_it_is():
    @operation(x="... E", returns="... E")
    def own_f(x):
        return 2 * x

    assert own_f(3) == 6
    assert getattr(own_f, MARK).name == "own_f"


@pytest.mark.parametrize(
    ("default", "low", "high"),
    [(1e-6, 0, 0.5), (0.1, 0.02, 0.5), (1.0, 0.2, 4.1), (0.0, 0, 0.5), (1e4, 2500, 40000)],
)
def test_a_number_is_drawn_about_its_default(default, low, high):
    def own_f(x, a: float = default):
        return a * x

    kind = getattr(operation(x="E", returns="E")(own_f), MARK).kinds["a"]
    assert low <= min(kind.values())
    assert max(kind.values()) <= high
    assert kind.worth_a_case(default)


def test_the_only_output_is_called_y_or_out():
    def one(x):
        return x

    def two(x, y):
        return x + y

    made = [getattr(operation(**dict.fromkeys(a, "E"), returns="E")(f), MARK)
            for f, a in ((one, "x"), (two, "xy"))]  # fmt: skip
    assert [list(m.outputs) for m in made] == [["y"], ["out"]]

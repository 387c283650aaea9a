"""The laws in an adopter's own test file: three lines, a test for each law."""

import os
import textwrap

import pytest

pytestmark = pytest.mark.slow

MINE = """
    import numpy as np

    TRAITS = {"dtypes": ("float32", "float64")}

    def softmax(x, axis=-1):
        if x.ndim == 0 or x.dtype.kind != "f" or not -x.ndim <= axis < x.ndim:
            raise ValueError("a floating array and one of its axes are expected")
        m = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
        e = np.exp(x - np.where(m == -np.inf, np.zeros((), x.dtype), m))
        total = e.sum(axis=axis, keepdims=True)
        return e / np.where(total == 0, np.ones((), x.dtype), total)
"""
WRONG = MINE.replace("return e /", "return 1 + e /")


@pytest.fixture
def project(tmp_path):
    """A folder with an implementation and three lines that test it."""

    def write(source, arguments="mine"):
        (tmp_path / "mine.py").write_text(textwrap.dedent(source), encoding="utf-8")
        lines = "from seqlaws.properties import laws_of", "import mine"
        test = "\n".join([*lines, f"test_laws = laws_of({arguments})\n"])
        (tmp_path / "test_mine.py").write_text(test, encoding="utf-8")
        return tmp_path / "test_mine.py"

    return write


@pytest.fixture
def run(run_suite, tmp_path, monkeypatch):
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    )

    def quick(*arguments, cwd=tmp_path):
        return run_suite(*arguments, "--hypothesis-profile", "quick", "-q", "-rA", cwd=cwd)

    return quick


def test_a_right_one_passes(project, run, tmp_path):
    done = run(project(MINE), "-k", "values or rows_sum", cwd=tmp_path.parent)
    assert done.returncode == 0, done.stdout
    for dtype in ("float32", "float64"):
        for law in ("values", "rows_sum_to_one"):
            assert (
                f"PASSED {tmp_path.name}/test_mine.py::test_laws[softmax-{dtype}-{law}]"
                in done.stdout
            )


@pytest.mark.parametrize("how", [("-n", "2"), ("--isolate",)], ids=["xdist", "isolated"])
def test_a_wrong_one_fails_law_by_law(project, run, how):
    if how[0] == "-n":
        pytest.importorskip("xdist")
    done = run(project(WRONG, "mine, dtypes=['float32']"), "-k", "values] or order", *how)
    assert done.returncode == 1
    assert "test_laws[softmax-float32-values]" in done.stdout
    assert "worst entry" in done.stdout
    assert "PASSED test_mine.py::test_laws[softmax-float32-order_is_kept]" in done.stdout
    assert "float64" not in done.stdout


def test_known_failures_are_expected_until_they_pass(project, run):
    known = {"softmax.values": "we add one", "rows_sum_to_one[float32]": "we add one"}
    path = project(WRONG, f"mine, known_failures={known}")
    done = run(path, "-k", "values] or rows_sum")
    assert done.stdout.count("XFAIL ") == 3, done.stdout
    assert "FAILED test_mine.py::test_laws[softmax-float64-rows_sum_to_one]" in done.stdout
    path = project(MINE, f"mine, known_failures={known}")
    done = run(path, "-k", "values] or rows_sum")
    assert "declared a known failure but passed" in done.stdout
    assert done.stdout.count("FAILED ") == 1  # the key that names one test


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("mine, known_failures={'softmax.valeus': 'x'}", "did you mean 'softmax.values'"),
        ("mine, ['sofmax']", "unknown operation 'sofmax'"),
        ("mine, dtypes=['float8']", "unknown dtype 'float8'"),
        ("object()", "it offers no operation"),
    ],
)
def test_what_is_not_known_stops_the_collection(project, run, arguments, says):
    done = run(project(MINE, arguments))
    assert done.returncode == 2
    assert says in done.stdout


@pytest.mark.parametrize("arguments", ["mine, ['softmax']", "'needs_jax'"])
def test_a_library_that_is_missing_loses_no_other_test(project, run, arguments):
    """The laws are not run, which one sentence says; the rest of the file is."""
    path = project(MINE.replace("TRAITS = {", 'TRAITS = {"backend": "jax", '), arguments)
    head = """
        import sys
        from seqlaws.properties.discovery import loader
        sys.modules["jax"] = None  # to import it is an error

        def missing(spec):
            raise loader.MissingDependencyError("jax is not installed")

        loader.find = missing
    """
    path.write_text(textwrap.dedent(head) + path.read_text() + "def test_mine(): pass\n")
    done = run(path, "-k", "values] or mine or test_laws")
    assert done.returncode == 0, done.stdout
    assert "PASSED test_mine.py::test_mine" in done.stdout
    assert "jax" in done.stdout.partition("not run: ")[2]

"""An operation of one's own from end to end: right ones pass, wrong ones fail and are named."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from specs import RIGHT, RMS_NORM, WRONG, source, wrong

import seqlaws
from seqlaws.properties.operations import OPERATIONS

pytestmark = pytest.mark.slow


@pytest.fixture
def spec(write):
    return write(source(RMS_NORM), "rms_norm.py")


def test_a_right_one_passes(spec, plug_in):
    result = seqlaws.check(plug_in(source(RIGHT)), spec=spec, examples=4)
    assert not result.failures, str(result)
    passed = {v.law_name for v in result.verdicts if v.status == "passed"}
    assert passed >= {
        "values",
        "values_at_every_size",
        "values_of_every_combination",
        "gradients",
        "memory_layouts",
        "batch_is_its_rows",
        "same_call_same_bits",
        "wrong_shapes_are_refused",
        "nan_shows",
    }
    assert "rms_norm" not in OPERATIONS


PREFIX = """
    import numpy as np
    from seqlaws import operation

    @operation(x="B T", returns={"y": "B T"}, batch="B")
    def prefix(x):
        steps = np.arange(x.shape[1])
        return x @ np.where(steps[:, None] <= steps, 1.0, 0.0)
"""


def test_a_nan_need_not_spread_as_it_does_in_the_source(write, plug_in):
    """Zero times NaN is NaN, in sums that do not depend on it."""
    right = """
        import numpy as np

        def prefix(x):
            return np.cumsum(x, axis=1)

        def prefix_vjp(dy, x):
            return (np.cumsum(dy[:, ::-1], axis=1)[:, ::-1].copy(),)
    """
    spec = write(source(PREFIX), "prefix.py")
    for text in (right, right.replace("np.cumsum(x, axis=1)", "np.nan_to_num(x).cumsum(axis=1)")):
        found = seqlaws.check(plug_in(source(text)), spec=spec, examples=3, sections=["edges"])
        (verdict,) = {v.status for v in found.verdicts if v.law_name == "nan_shows"}
        assert verdict == ("passed" if text is right else "failed"), str(found)


LOSS = """
    import numpy as np
    from seqlaws import operation

    @operation(x="B E", target="B E", returns="")
    def half_square(x, target):
        return 0.5 * np.mean((x - target) ** 2)
"""


def test_another_program_is_given_the_cotangent_of_a_number(write, plug_in):
    path = plug_in("""
import torch
TRAITS = {"backend": "torch", "dtypes": ("float64",)}

def half_square(x, target):
    return 0.5 * torch.nn.functional.mse_loss(x, target)
""")
    spec = write(source(LOSS), "half_square.py")
    found = seqlaws.check(path, spec=spec, examples=2, explain=False)
    assert not found.failures, str(found)
    passed = {v.law_name for v in found.verdicts if v.status == "passed"}
    assert "any_other_program_gets_the_same_gradient" in passed


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one_fails_and_is_named(name, spec, plug_in):
    path = plug_in(wrong(name))
    result = seqlaws.check(path, spec=spec, examples=5, sections=["numbers"])
    assert result.status == "failed"
    named = [n for cause in result.causes for n in cause.names]
    assert any(WRONG[name][2] in n for n in named), named


def test_the_command_line(spec, plug_in, run_suite, tmp_path):
    report = tmp_path / "verdict.json"
    run = run_suite(
        f"--spec={spec}", f"--impl={plug_in(source(RIGHT))}", "--hypothesis-profile", "quick", "-q",
        "--verdict-json", report, "--grade-precision",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    data = json.loads(report.read_text(encoding="utf-8"))
    assert data["run"]["operations"] == ["rms_norm"]
    assert {v["operation"] for v in data["verdicts"]} == {"rms_norm"}
    assert sum(v["status"] == "passed" for v in data["verdicts"]) > 30


LAW = """
    from seqlaws.properties.laws import Expected, agree, law

    @law("rms_norm", share=0.2)
    def test_the_sign_of_x_is_kept(impl, case):
        \"\"\"rms_norm(-x) = -rms_norm(x).\"\"\"
        turned = case.having(x=-case.arrays["x"])
        due = {n: Expected(-e.value, e.allowed) for n, e in impl.expected(case).items()}
        agree(impl, impl.run(turned), due, "rms_norm(-x) is not -rms_norm(x)")
"""


def test_a_law_beside_the_specification_is_run(write, plug_in, run_suite):
    path = write(source(RMS_NORM) + source(LAW), "with_law.py")
    positive = source(RIGHT).replace("return x * root(x, eps) * weight",
                                     "return np.abs(x) * root(x, eps) * weight")  # fmt: skip
    for text, status, said in ((source(RIGHT), 0, "1 passed"), (positive, 1, "1 failed law")):
        run = run_suite(f"--spec={path}", f"--impl={plug_in(text)}", "-q", "-k", "sign_of_x")
        assert run.returncode == status, run.stdout
        assert said in run.stdout


def test_laws_of_takes_a_specification(spec, plug_in, run_suite, write):
    plug_in(source(RIGHT), "kernels")
    text = f"""
    from seqlaws import laws_of
    test_laws = laws_of({str(spec.parent / "kernels.py")!r}, spec={str(spec)!r})
    """
    path = write(source(text), "test_adopted.py")
    run = run_suite(path, "-q", "-k", "values", "--hypothesis-profile", "quick", cwd=path.parent)
    assert run.returncode == 0, run.stdout
    assert "passed" in run.stdout


def test_a_module_or_a_function_is_a_specification(spec, plug_in):
    from seqlaws.properties.discovery.loader import load_file

    module, kernels = load_file(spec), plug_in(source(RIGHT))
    for given in (module, module.rms_norm, spec):
        result = seqlaws.check(kernels, spec=given, seconds=3, sections=["guards"])
        assert {v.operation for v in result.verdicts} == {"rms_norm"}

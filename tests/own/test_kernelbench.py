"""Problems in KernelBench's form: which translate, to what, and how candidates are judged."""

import re

import numpy as np
import pytest

from own.kernelbench_problems import HEAD, PROBLEMS, RIGHT, WRONG, problem
from seqlaws import check
from seqlaws.properties.own.formats import as_specification, translation
from seqlaws.properties.own.kernelbench_problem import problem_of, small_sizes
from seqlaws.properties.own.torch_graph import NoRuleError

torch = pytest.importorskip("torch")
REFUSED = {"transposed_conv_2d": "torch.conv_transpose2d"}


def written(folder, name, source):
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", [n for n in PROBLEMS if n not in REFUSED])
def test_a_translation_gives_what_the_model_gives(name, tmp_path):
    path = written(tmp_path, name, PROBLEMS[name])
    scope = {}
    exec(compile(translation(path), name, "exec"), scope)
    given = problem_of(path)
    model, inputs, _ = given.at(small_sizes(given), given.run)
    inputs = [x.double() if x.dtype.is_floating_point else x for x in inputs]
    expected = model.double()(*inputs).detach().numpy()
    arrays = [x.detach().numpy() for x in (*inputs, *model.parameters())]
    found = scope[f"problem_{name}"](*arrays)
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)  # both in float64


def test_what_inputs_may_be_does_not_depend_on_chance(tmp_path):
    """Six labels below 10 may all be below 6, the other size."""
    path = written(tmp_path, "labels", PROBLEMS["cross_entropy_loss"])
    found = set()
    for seed in range(40):
        torch.manual_seed(seed)
        found.add(translation(path))
        assert torch.initial_seed() == seed
    (source,) = found
    assert "below classes" in source


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_rule_is_named(name, tmp_path):
    path = written(tmp_path, name, PROBLEMS[name])
    with pytest.raises(NoRuleError, match=f"^{re.escape(REFUSED[name])} has no rule$"):
        translation(path)


def test_control_flow_on_values_is_refused(tmp_path):
    source = problem("N = 64", "x", "return x if x.sum() > 0 else -x", "torch.randn(N)")
    with pytest.raises(NoRuleError, match="control flow"):
        translation(written(tmp_path, "branches", source))


def test_another_file_is_its_own_specification(tmp_path):
    path = written(tmp_path, "other", HEAD)
    assert as_specification(path) == path


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_candidate_passes(name, tmp_path):
    spec = written(tmp_path, name, PROBLEMS[name])
    result = check(written(tmp_path, "right", RIGHT[name]), spec=spec, examples=4)
    assert not result.problem
    assert not [(v.law, v.reason, v.diagnosis) for v in result.failures]


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_candidate_fails(name, tmp_path):
    spec = written(tmp_path, name, PROBLEMS[name])
    result = check(
        written(tmp_path, "wrong", WRONG[name][1]), spec=spec, seconds=10, stop_at_first=True
    )
    assert not result.problem
    assert result.failures, WRONG[name][0]

"""Wrong kernels are caught, in an interpreter; `measure.py` has all of them judged."""

import pytest

from seqlaws.properties import check
from zoo.kernels.planted import DEFECTS, planted


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_where_it_should_be(name, tmp_path):
    assert planted(name, tmp_path).is_file()


def test_a_wrong_one_is_caught(tmp_path):
    pytest.importorskip("triton")
    spec = planted("triton_sum_not_rescaled", tmp_path)
    result = check(spec, ["softmax"], ["float32"], seconds=120, stop_at_first=True)
    assert [v.level for v in result.failures] == ["MUST"]
    assert result.failures[0].interpreted


def test_a_right_one_is_not_failed_and_says_that_it_was_interpreted():
    pytest.importorskip("triton")
    result = check("triton_kernels", ["rotary_embedding"], ["float32"], seconds=8)
    assert not result.problem
    assert not result.failures
    assert any(v.status == "passed" and v.examples for v in result.verdicts)
    assert all(v.interpreted for v in result.verdicts if v.examples)
    assert "interpreted: " in str(result)

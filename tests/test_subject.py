"""What every call of a subject is held to, where there is nothing to go by."""

import pytest

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.record import LawBrokenError
from seqlaws.properties.subjects.subject import Subject


def test_what_has_no_inputs_may_lie_on_any_device():
    """A table of positions is asked for by two sizes, which are on no device."""
    pytest.importorskip("torch")
    from seqlaws.impls import torch_ops

    subject = Subject("torch_ops", torch_ops, "positional_encoding", "float64", "cuda")
    case = Case(OPERATIONS["positional_encoding"], "float64", {}, {"length": 3, "dim": 4})
    assert subject.run(case)["encoding"].shape == (3, 4)


def test_what_has_inputs_stays_on_theirs():
    torch = pytest.importorskip("torch")
    from types import SimpleNamespace

    moved = SimpleNamespace(
        TRAITS={"backend": "torch"}, softmax=lambda x, axis=-1: torch.softmax(x, axis).to("meta")
    )
    subject = Subject("moved", moved, "softmax", "float32", "cpu")
    case = Case(OPERATIONS["softmax"], "float32", {"x": torch.zeros(2).double().numpy()})
    with pytest.raises(LawBrokenError, match="device meta, not cpu"):
        subject.run(case)

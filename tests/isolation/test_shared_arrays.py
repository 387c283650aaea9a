"""Values that two processes share: arrays of every kind come back, and a closed file is no harm."""

import os

import numpy as np
import pytest

from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.shared_arrays import LARGE, SharedArrays, new_file
from seqlaws.properties.isolation.specification_server import ask

LONG = np.arange(LARGE, dtype=float).reshape(4, -1)
VALUES = {
    "small": LONG[:2, :3],
    "large": LONG,
    "by columns": np.asfortranarray(LONG),
    "strided": LONG[:, ::2],
    "transposed": LONG.reshape(4, 4, -1).transpose(1, 0, 2),
    "broadcast": np.broadcast_to(LONG, (3, *LONG.shape)),
    "empty": np.zeros((0, LARGE)),
    "truths": LONG > 7,
    "whole": LONG.astype(np.int64),
    "among others": {"a": [LONG, "text", None], "b": (LONG + 1, 2.5)},
}


@pytest.fixture
def shared():
    one = SharedArrays(new_file())
    yield one
    one.close()


def other_end(shared):
    """What the other process has: the same file, mapped once more."""
    return SharedArrays(shared.descriptor)


@pytest.mark.parametrize("copied", [True, False])
@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back(shared, name, copied):
    found = other_end(shared).get(shared.put(VALUES[name]), copied=copied)
    np.testing.assert_equal(found, VALUES[name])


def test_a_copy_outlasts_the_next_value(shared):
    other = other_end(shared)
    copy = other.get(shared.put(LONG), copied=True)
    view = other.get(shared.put(LONG + 1), copied=False)
    np.testing.assert_equal(copy, LONG)
    np.testing.assert_equal(view, LONG + 1)
    copy += 1  # both can be written, as what came through a pipe
    view += 1
    shared.put(LONG + 2)
    np.testing.assert_equal(copy, LONG + 1)


def test_the_file_grows_while_views_of_it_last(shared):
    other = other_end(shared)
    view = other.get(shared.put(LONG), copied=False)
    longer = other.get(shared.put([LONG, *(LONG + k for k in range(20))]), copied=True)
    np.testing.assert_equal(longer[-1], LONG + 19)
    np.testing.assert_equal(view, LONG)  # what lies there now is the same


def test_another_file_with_the_number_of_a_closed_one_is_not_written(shared, tmp_path):
    file = tmp_path / "of_somebody_else"
    os.close(shared.descriptor)
    other = os.open(file, os.O_CREAT | os.O_RDWR)
    os.dup2(other, shared.descriptor)
    with pytest.raises(OSError, match="closed"):
        shared.put(LONG)
    assert file.stat().st_size == 0


def test_the_specification_answers_after_its_files_were_closed():
    x = np.zeros((2, 10**6))
    ask("plain", "softmax", x[:, :3])
    child = specification_server.RUNNING[0]
    os.close(child.questions.descriptor)
    (found,) = ask("plain", "softmax", np.pad(x, (0, 7)))
    assert found.shape == (9, 10**6 + 7)
    assert specification_server.RUNNING[0] is not child

"""Work in processes of their own: the order, what a part leaves, a process that dies."""

import os

import pytest
from alone import each_alone

LEFT = []


def noted(part):
    LEFT.append(part)
    return os.getpid(), list(LEFT)


def dies(part):
    if part == 1:
        os._exit(3)
    return part


def test_each_part_finds_a_fresh_process():
    found = list(each_alone(noted, ["a", "b", "c"], 2))
    assert [left for _, left in found] == [["a"], ["b"], ["c"]]
    assert len({pid for pid, _ in found} | {os.getpid()}) == 4
    assert LEFT == []


def test_a_process_that_dies_is_said():
    made = each_alone(dies, range(3), 1)
    assert next(made) == 0
    with pytest.raises(RuntimeError, match="the process of 1 died"):
        next(made)

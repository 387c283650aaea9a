"""The environment of a program that is to see no sign of a test."""

import os

import pytest

from seqlaws.properties.isolation.environment import is_telling, silent


@pytest.mark.parametrize(
    "name, value",
    [
        ("PYTEST_XDIST_WORKER", "gw0"),
        ("CI", "true"),
        ("JOB", "conformance of seqlaws"),
        ("MAKEFLAGS", "-- COMMAND=python -m pytest"),
        ("OLDPWD", "/"),
        ("LOG", "/nowhere/pytest.log"),
    ],
)
def test_a_variable_that_names_a_tester_is_left_out(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    assert is_telling(name, value)
    assert name not in silent()


def test_folders_that_exist_stay_whatever_they_are_called(tmp_path, monkeypatch):
    folder = tmp_path / "seqlaws"
    folder.mkdir()
    monkeypatch.setenv("LIBRARIES", f"{folder}{os.pathsep}{tmp_path}")
    monkeypatch.setenv("THREADS", "2")
    assert silent()["LIBRARIES"] == os.environ["LIBRARIES"]
    assert silent()["THREADS"] == "2"

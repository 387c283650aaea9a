"""The environment of a program that is to see no sign of a test."""

import os
import platform
import subprocess
import sys

import pytest

from seqlaws.properties.isolation.environment import KEPT_MEMORY, is_telling, silent


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


FAULTS = """
import resource, sys
import numpy as np
{before}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(2):
    first = faults()
    for _ in range(4):
        several = [np.ones(2**20) for _ in range(8)]
        del several  # of 64 MiB at once, glibc gives most back to the system
print(faults() - first)
"""
KEEP = """
from seqlaws.properties.isolation.environment import keep_freed_memory
keep_freed_memory()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
@pytest.mark.parametrize("before, variables", [(KEEP, {}), ("", KEPT_MEMORY)])
def test_freed_memory_is_kept(before, variables):
    program = [sys.executable, "-c", FAULTS.format(before=before)]
    environment = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0", **variables}
    found = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert int(found.stdout) < 2048  # the pages of one array, where 32 were made

"""A file as an implementation: its module is like any other, whatever the file is called."""

import importlib
import inspect
import json
import os
import pickle
import random
import subprocess
import sys
import textwrap

import pytest

from seqlaws.properties.discovery import loader

SOURCE = """
    from __future__ import annotations

    import dataclasses
    import random

    import numpy as np

    SEEN = random.Random(0).random()

    @dataclasses.dataclass
    class Scale:
        factor: float = {factor}

    def softmax(x, axis=-1):
        m = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
        e = np.exp(x - np.where(m == -np.inf, np.zeros((), x.dtype), m))
        total = e.sum(axis=axis, keepdims=True)
        return e / np.where(total == 0, np.ones((), x.dtype), total)

    class Layer:
        class Inner:
            softmax = staticmethod(softmax)
"""
STEMS = ("mine", "my-kernels.v2", "2nd", "größe", "class", "random", "numpy", "a b")


@pytest.fixture
def file(tmp_path):
    """A file with an implementation, and the module that it is loaded as."""

    def made(stem, folder="", factor=1.0):
        path = tmp_path / folder / f"{stem}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(SOURCE.format(factor=factor)), encoding="utf-8")
        return path, loader.find(str(path))

    modules, path, files = set(sys.modules), list(sys.path), dict(loader.FILES)
    yield made
    sys.path[:], loader.FILES = path, files
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.mark.parametrize("stem", STEMS)
def test_its_module_is_one_that_can_be_imported(file, stem):
    path, module = file(stem)
    name = module.__name__
    assert name.isidentifier()
    assert name.isascii()
    assert sys.modules[name] is module
    assert importlib.import_module(name) is module
    assert "class Scale" in inspect.getsource(module.Scale)
    assert pickle.loads(pickle.dumps(module.Scale(2.0))) == module.Scale(2.0)
    assert inspect.getsource(module) == path.read_text(encoding="utf-8")
    del sys.modules[name]  # and nothing else is called so
    assert importlib.util.find_spec(name) is None


@pytest.mark.parametrize("stem", STEMS)
def test_it_is_found_again_by_its_spec(file, stem):
    path, module = file(stem)
    assert loader.spec_of(module) == str(path)
    assert loader.spec_of(module.Layer.Inner) == f"{path}:Layer.Inner"
    assert loader.find(loader.spec_of(module)) is module
    assert isinstance(loader.find(loader.spec_of(module.Layer.Inner)), module.Layer.Inner)


def test_a_name_that_no_path_leads_to_gives_way_to_the_file(file, monkeypatch):
    path, _ = file("mine")
    spec = importlib.util.spec_from_file_location("nowhere.to_be.found", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    spec.loader.exec_module(module)
    assert loader.spec_of(module) == str(path)
    assert loader.spec_of(module.Layer.Inner) == f"{path}:Layer.Inner"
    assert loader.spec_of(random) == "random"


def test_two_files_of_one_name_are_two_modules(file):
    first, second = file("mine", "a", 1.0)[1], file("mine", "b", 2.0)[1]
    assert (first.Scale().factor, second.Scale().factor) == (1.0, 2.0)
    assert loader.spec_of(first) != loader.spec_of(second)


def test_a_file_takes_no_librarys_place(file):
    for stem in ("random", "numpy"):
        _, module = file(stem)
        assert importlib.import_module(stem) is not module
    assert importlib.import_module("random") is random
    assert random.Random(0).random() == module.SEEN


def test_a_file_that_raises_is_loaded_anew_once_it_is_mended(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import no_such_library")
    for _ in range(2):
        with pytest.raises(loader.NotFoundError, match="no_such_library"):
            loader.find(str(path))
    path.write_text("def softmax(x): return x  # mended")
    assert loader.find(str(path)).softmax(1) == 1


def test_a_file_is_loaded_as_it_stands(tmp_path, monkeypatch):
    """Bytecode of another source with the same size and time is not taken for it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "mine.py"
    for value in (1, 2):
        path.write_text(f"VALUE = {value}\n", encoding="utf-8")
        os.utime(path, (10**9, 10**9))
        module = loader.load_file(path)
        assert value == module.VALUE
        del sys.modules[module.__name__], loader.FILES[module.__name__]
    assert [file.name for file in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize("how", [(), ("--isolate",)])
def test_any_other_program_loads_it_whatever_it_is_called(run_suite, file, how):
    path, _ = file("random")
    chosen = ("--op=softmax", "-k", "any_other_program", "--hypothesis-profile=quick")
    run = run_suite(f"--impl={path}", *chosen, *how)
    assert run.returncode == 0, run.stdout
    assert "1 passed" in run.stdout


def test_a_script_reproduces_a_failure_whatever_the_file_is_called(run_suite, file):
    path, _ = file("random")
    path.write_text(path.read_text().replace("return e /", "return np.float32(2) * e /"))
    report = path.with_name("verdict.json")
    chosen = ("--op=softmax", "-k", "rows_sum or test_values and not (every or large)")
    run_suite(f"--impl={path}", *chosen, "--hypothesis-profile=quick", "--verdict-json", report)
    failed = [v for v in json.loads(report.read_text())["verdicts"] if v["status"] == "failed"]
    script = textwrap.dedent(failed[-1]["message"].partition("reproduce with")[2])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "AssertionError" in done.stderr, script

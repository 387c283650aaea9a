"""What the suite's own tests share: helpers on the path, pytest runs in their own process.

A helper is a module of this folder, or of `numbers/` (a package `numbers` would be Python's own),
and a test imports it by its name: `from reported import document`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
sys.path[:0] = [str(TESTS), str(TESTS / "numbers")]

from standin import build  # noqa: E402


def pytest_collection_modifyitems(items):
    """Mark as slow what starts another pytest."""
    for item in items:
        if "run_suite" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def standin(pytestconfig, tmp_path_factory):
    """The environment of a process in which torch has the device `standin`."""
    pytest.importorskip("torch")
    if build.compiler() is None:
        pytest.skip("there is no C++ compiler to build the device with")
    cache = getattr(pytestconfig, "cache", None)
    folder = build.built(cache.mkdir("standin") if cache else tmp_path_factory.mktemp("standin"))
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    quiet = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}  # xdist's workers
    return {**quiet, "PYTHONPATH": path}


@pytest.fixture
def run_suite(tmp_path):
    """Run pytest on the laws with these arguments; in the clone unless `cwd` says otherwise."""

    def run(*arguments, cwd=ROOT, timeout=300):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture
def plug_in(tmp_path):
    """Write an implementation to a file, and return its path."""

    def write(source, name="mine"):
        path = tmp_path / f"{name}.py"
        path.write_text(source, encoding="utf-8")
        return path

    return write


@pytest.fixture
def write(tmp_path):
    """Write a text to a file, and return its path."""

    def wrote(text, name="verdict.json"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return wrote

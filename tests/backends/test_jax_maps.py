"""JAX: compiled functions are forgotten before Linux has no memory map left for another."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties.backends import jax_backend
from seqlaws.properties.backends.jax_backend import COUNTED, JaxBackend, are_maps_scarce
from seqlaws.properties.discovery import loader
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.subjects.subject import Subject


@pytest.fixture
def limit(tmp_path, monkeypatch):
    """Set the number of memory maps that a process may have, and how many this one has."""

    def set_to(most, now):
        (tmp_path / "maps").write_text("a map\n" * now, encoding="ascii")
        (tmp_path / "limit").write_text(f"{most}\n", encoding="ascii")
        monkeypatch.setattr(jax_backend, "MAPS", tmp_path / "maps")
        monkeypatch.setattr(jax_backend, "LIMIT", tmp_path / "limit")

    return set_to


@pytest.mark.parametrize(("now", "scarce"), [(40, False), (60, True)])
def test_maps_are_scarce_beyond_half_of_the_limit(limit, now, scarce):
    limit(100, now)
    assert are_maps_scarce() is scarce


def test_where_nothing_is_known_of_maps_they_are_not_scarce(tmp_path, monkeypatch):
    monkeypatch.setattr(jax_backend, "MAPS", tmp_path / "none")
    assert not are_maps_scarce()


def test_compiled_functions_are_forgotten_once_maps_are_scarce(limit):
    cleared = []
    backend = object.__new__(JaxBackend)
    backend.read = 0
    backend.jax = SimpleNamespace(
        clear_caches=lambda: cleared.append(backend.read),
        numpy=SimpleNamespace(issubdtype=np.issubdtype),
    )
    for now in (10, 90):
        limit(100, now)
        for _ in range(COUNTED):
            backend.values(np.ones(1))
    assert cleared == [2 * COUNTED]


def test_calls_of_many_shapes_leave_few_maps(limit, monkeypatch):
    pytest.importorskip("jax")
    monkeypatch.setattr(jax_backend, "COUNTED", 40)
    limit(1, 1)  # always scarce
    subject, maps = Subject("jax_nn", loader.find("jax_nn"), "softmax", "float32", "cpu"), []
    for n in range(1, 40):
        case = Case(subject.operation, "float32", {"x": np.ones((n, 3))})
        subject.run(case)
        maps.append(Path("/proc/self/maps").read_bytes().count(b"\n"))
    assert max(maps) < maps[0] + 40 * 10

"""JAX: compiled functions are forgotten before Linux has no memory map left for another."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from seqlaws.properties.backends import jax_backend
from seqlaws.properties.backends.jax_backend import COUNTED, JaxBackend, are_maps_scarce


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
    backend.calls = 0
    backend.jax = SimpleNamespace(
        block_until_ready=lambda outputs: None, clear_caches=lambda: cleared.append(backend.calls)
    )
    for now in (10, 90):
        limit(100, now)
        for _ in range(COUNTED):
            backend.finish((), "cpu")
    assert cleared == [2 * COUNTED]


def test_a_thousand_shapes_leave_few_maps(limit):
    jax = pytest.importorskip("jax")
    limit(1, 1)  # always scarce
    backend, maps = JaxBackend(), []
    for n in range(1, 1 + 2 * COUNTED):
        backend.finish(jax.numpy.tanh(jax.numpy.ones((n, 3))), "cpu")
        maps.append(Path("/proc/self/maps").read_bytes().count(b"\n"))
    assert maps[-1] < maps[COUNTED - 2]

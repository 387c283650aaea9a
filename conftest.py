"""Makes a bare clone importable as `seqlaws`, and loads the pytest plugin."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent

if "seqlaws" not in sys.modules:
    clone = ModuleType("seqlaws")
    clone.__path__ = [str(ROOT)]
    sys.modules["seqlaws"] = clone

import seqlaws.reference  # noqa: E402

if Path(seqlaws.reference.__file__).resolve().parent.parent != ROOT:
    raise pytest.UsageError(
        f"an installed seqlaws ({seqlaws.reference.__file__}) would judge this clone ({ROOT}); "
        "install the clone (pip install -e .) or uninstall the other"
    )


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the plugin; nothing happens where the entry point of an installation already has."""
    pluginmanager.import_plugin("seqlaws.properties.plugin")

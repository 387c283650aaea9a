"""Makes a bare clone importable as `seqlaws`, and loads the pytest plugin."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent

if "seqlaws" not in sys.modules:
    front, folders = ROOT / "front" / "__init__.py", [str(ROOT), str(ROOT / "front")]
    spec = importlib.util.spec_from_file_location(
        "seqlaws", front, submodule_search_locations=folders
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["seqlaws"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["seqlaws"])

import seqlaws.reference  # noqa: E402

if Path(seqlaws.reference.__file__).resolve().parent.parent != ROOT:
    raise pytest.UsageError(
        f"an installed seqlaws ({seqlaws.reference.__file__}) would judge this clone ({ROOT}); "
        "install the clone (pip install -e .) or uninstall the other"
    )


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the plugin; nothing happens where the entry point of an installation already has."""
    pluginmanager.import_plugin("seqlaws.properties.plugin")

"""The wheel: what is in it, and that it runs where nothing else of the clone is."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from seqlaws.properties.vectors.writing import CHECKERS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]


def run(*command, **options):
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy of what git tracks, so that it holds nothing that is not committed."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("wheel")
    clone = folder / "clone"
    tracked = run("git", "-C", ROOT, "ls-files", "-z").split("\0")
    for name in filter(None, tracked):
        source, target = ROOT / name, clone / name
        if source.is_file() and not source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, clone)
    (built,) = folder.glob("*.whl")
    return built


def test_everything_is_below_one_name(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {n.split("/")[0] for n in names if ".dist-info" not in n} == {"seqlaws"}
    for package in ("reference", "impls", "properties"):
        folder = ROOT / package
        modules = {str(p.relative_to(ROOT)) for p in folder.rglob("*.py")}
        assert {f"seqlaws/{m}" for m in modules} <= set(names)
        assert f"seqlaws/{package}/py.typed" in names
    templates = (ROOT / "properties" / "reporting" / "page" / "templates").iterdir()
    assert {f"seqlaws/{p.relative_to(ROOT)}" for p in templates} <= set(names)
    assert {f"seqlaws/properties/vectors/{name}" for name in CHECKERS} <= set(names)


def test_the_wheel_is_well_made(wheel):
    pytest.importorskip("check_wheel_contents")
    run(sys.executable, "-m", "check_wheel_contents", "--toplevel", "seqlaws", wheel)


def test_the_installed_wheel_runs(wheel, tmp_path):
    """In a fresh environment and an empty folder, by module name and by --impl alone."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    chosen = ("-q", "--op", "softmax", "-k", "rows_sum or order_is_kept")
    for how in (("--pyargs", "seqlaws.properties"), ("--impl", "numpy_vectorized")):
        said = run(python, "-m", "pytest", *how, *chosen, cwd=tmp_path)
        assert "4 passed" in said
        assert "numpy_vectorized: no MUST law failed" in said
    pages = ("--report", "report.md", "--verdict-json", "verdict.json")
    run(python, "-m", "pytest", "--impl", "numpy_vectorized", *chosen, *pages, cwd=tmp_path)
    run(environment / "bin" / "seqlaws-report", "verdict.json", cwd=tmp_path)
    for page in ("report.md", "report.html"):
        assert "4 passed" in (tmp_path / page).read_text(encoding="utf-8")
    missing = subprocess.run(
        [python, "-m", "pytest", "--impl", "torch_ops"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert missing.returncode == 4
    assert "torch is not installed; pip install 'seqlaws[torch_ops]'" in missing.stderr
    everything = run(python, "-m", "pytest", "--impl", "all", *chosen, cwd=tmp_path)
    assert "not run: " in everything
    assert "torch is not installed" in everything

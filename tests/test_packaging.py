"""The wheel and the source distribution: what is in them, and that the wheel runs on its own."""

import importlib.util
import subprocess
import sys
import tarfile
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
def built(tmp_path_factory):
    """A folder with a source distribution, and the wheel that is built from it.

    They are built from a copy of what git tracks, so that they hold nothing that is not committed.
    """
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("built")
    clone = folder / "clone"
    for name in tracked():
        source, target = ROOT / name, clone / name
        if source.is_file() and not source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    run(sys.executable, "-m", "build", "--outdir", folder, clone)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (found,) = built.glob("*.whl")
    return found


def tracked():
    return list(filter(None, run("git", "-C", ROOT, "ls-files", "-z").split("\0")))


def test_the_source_distribution_has_all_that_is_committed(built):
    """But what serves a clone alone."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    left_out = {name for name in tracked() if name not in held}
    clone_alone = (".ci/", ".typings/", ".gitignore", ".pre-commit-config.yaml")
    assert {name for name in left_out if not name.startswith(clone_alone)} == set()


def test_the_description_can_be_shown(built):
    if importlib.util.find_spec("twine") is None:
        pytest.skip("twine is not installed")
    run(sys.executable, "-m", "twine", "check", "--strict", *built.glob("seqlaws-*"))


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

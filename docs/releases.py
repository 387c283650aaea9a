"""Releases that are known to be wrong must fail, and their corrected releases pass.

    python docs/releases.py [--keep FOLDER]

builds an environment for each release (venv and pip), runs the laws there, writes the table into
docs/findings.md, and ends with 1 unless every verdict is as it should be. It takes minutes and the
network; nothing but this command needs it.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "findings.md"
NEEDED = ["numpy", "hypothesis", "pytest>=9"]


@dataclass(frozen=True)
class Defect:
    """What is wrong in one release and right in another: a law and an operation tell.

    laws: names of laws, of which each is broken by the wrong release.
    """

    package: str
    wrong: str
    right: str
    says: str
    implementation: str
    operation: str
    laws: tuple[str, ...]


REFERENCE = "onnx_reference:repaired"
FLIPPED = ("values_of_every_combination", "reverse_is_flip")
DEFECTS = (
    *(
        Defect("onnx", "1.21.0", "1.23.2", "direction is ignored", REFERENCE, name, FLIPPED)
        for name in ("rnn", "lstm", "gru")
    ),
    Defect(
        "onnx",
        "1.21.0",
        "1.23.2",
        "softcap is applied after the mask; NaN for a boolean mask with is_causal",
        REFERENCE,
        "attention",
        ("values_of_every_combination", "causal_flag_is_its_mask"),
    ),
    Defect(
        "jax",
        "0.7.2",
        "0.10.2",
        "local_window_size is ignored",
        "jax_nn",
        "attention",
        ("values_of_every_combination",),
    ),
)


def environment(folder: Path, package: str, version: str) -> Path:
    """An environment with this release; its Python."""
    place = folder / f"{package}-{version}"
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", f"{package}=={version}", *NEEDED]
        subprocess.run(install, check=True)  # noqa: S603 (our own)
    return python


def verdicts(python: Path, defect: Defect, target: Path) -> dict[str, str]:
    """The laws' statuses in an environment, by name, in float32."""
    chosen = " or ".join(f"test_{law}[" for law in defect.laws)
    command = [python, "-m", "pytest", "-q", f"--impl={defect.implementation}"]
    command += ["--op", defect.operation, "--dtype", "float32", "-k", chosen]
    command += ["-p", "no:cacheprovider", f"--verdict-json={target}"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 (our own)
    told = json.loads(target.read_text(encoding="utf-8"))["verdicts"]
    return {v["law"].partition(".")[2]: v["status"] for v in told}


def rows(folder: Path) -> list[tuple[str, str, str, str]]:
    """Release, what is wrong, law, verdict."""
    found = []
    for defect in DEFECTS:
        for version in (defect.wrong, defect.right):
            python = environment(folder, defect.package, version)
            told = verdicts(python, defect, folder / "verdict.json")
            release = f"{defect.package} {version}"
            for law in defect.laws:
                due = "failed" if version == defect.wrong else "passed"
                status = told.get(law, "not run")
                mark = status if status == due else f"**{status}**, not {due}"
                found.append((release, defect.says, f"{defect.operation}.{law}", mark))
    return found


def as_table(found: list[tuple[str, str, str, str]]) -> str:
    """In Markdown."""
    head = ["| release | what was wrong | law | verdict |", "|---|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in found)])


def main() -> int:
    """Build, run, write; whether anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder in which to keep the environments")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = rows(folder.resolve())
    table = as_table(found)
    page = PAGE.read_text(encoding="utf-8")
    between = re.compile(r"(<!-- releases -->\n).*?(<!-- end -->)", re.DOTALL)
    PAGE.write_text(between.sub(rf"\g<1>{table}\n\g<2>", page), encoding="utf-8")
    sys.stdout.write(table + "\n")
    return any("**" in mark for *_, mark in found)


if __name__ == "__main__":
    sys.exit(main())

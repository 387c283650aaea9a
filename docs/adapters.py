"""Write the table of adapters in docs/adapters.md: supported options, dtypes and results.

    python docs/adapters.py --run [NAME ...]    run the laws and write the table
    python docs/adapters.py --from FILE ...     use the verdict.json files of quick runs
    python docs/adapters.py                     write the table from docs/adapters.json
    python docs/adapters.py --check             check that the table is up to date

A run uses the profile `quick`. The options and dtypes of an adapter are read from its functions, if
its library is installed.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / ".typings"))

from seqlaws.properties.discovery import loader  # noqa: E402
from seqlaws.properties.discovery.traits import traits_of  # noqa: E402
from seqlaws.properties.operations import OPERATIONS  # noqa: E402
from seqlaws.properties.subjects.subject import offered_options  # noqa: E402

PAGE, DATA = ROOT / "docs" / "adapters.md", ROOT / "docs" / "adapters.json"
ADAPTERS = {  # and the libraries whose versions are shown
    "torch_native": ("torch",),
    "torch_native:evaluation": ("torch",),
    "torch_native:weights": ("torch",),
    "torch_native:paths.math": ("torch",),
    "torch_native:paths.flash": ("torch",),
    "jax_nn": ("jax",),
    "flax_nnx": ("flax", "jax"),
    "flax_nnx:weights": ("flax", "jax"),
    "flax_nnx:two_passes": ("flax", "jax"),
    "keras_layers": ("keras", "torch"),
    "keras_layers:weights": ("keras", "torch"),
    "keras_layers:unrolled": ("keras", "torch"),
    "mlx_nn": ("mlx",),
    "equinox_nn": ("equinox", "jax"),
    "equinox_nn:theta": ("equinox", "jax"),
    "haiku_nn": ("dm-haiku", "jax"),
    "onnx_reference": ("onnx",),
    "onnx_reference:repaired": ("onnx",),
    "onnx_runtime": ("onnxruntime",),
    "transformers_attention": ("transformers",),
    "transformers_attention:sdpa": ("transformers",),
    "x_transformers_attend": ("x-transformers",),
    "x_transformers_attend:flash": ("x-transformers",),
    "openvino_runtime": ("openvino",),
}
Row = dict[str, Any]


def offers(name: str) -> dict[str, Row]:
    """Return dtypes and options for each operation of an adapter. Raises NotFoundError."""
    namespace = loader.find(name)
    rows = {}
    for operation, described in OPERATIONS.items():
        function = getattr(namespace, operation, None)
        if function is not None:
            dtypes = traits_of(namespace.TRAITS, operation).dtypes
            options = offered_options(function, described)
            rows[operation] = {"dtypes": list(dtypes), "options": list(options)}
    return rows


def release(name: str) -> str:
    """Return the libraries of an adapter with their versions."""
    from importlib.metadata import version

    return ", ".join(f"{lib} {version(lib).partition('+')[0]}" for lib in ADAPTERS[name])


def run(name: str, only: list[str]) -> list[Row]:
    """Run the laws; return a row for each operation."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "verdict.json"
        command = [sys.executable, "-m", "pytest", "-q", f"--impl={name}", *only]
        command += ["--hypothesis-profile=quick", f"--verdict-json={target}"]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 (our own)
        return rows_of(name, json.loads(target.read_text(encoding="utf-8"))["verdicts"])


def at_hand(files: list[Path]) -> dict[str, list[Row]]:
    """Return the verdicts of quick runs by adapter. Raises ValueError for another profile."""
    told: dict[str, list[Row]] = {}
    for file in files:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["run"]["profile"] != "quick":
            raise ValueError(f"{file} was not run with the profile quick")
        for verdict in document["verdicts"]:
            told.setdefault(verdict["implementation"], []).append(verdict)
    return told


def rows_of(name: str, told: list[Row]) -> list[Row]:
    """Return a row for each operation of an adapter, from its verdicts."""
    rows = []
    for operation, offered in offers(name).items():
        mine = [v for v in told if v["operation"] == operation]
        if not any(v["examples"] for v in mine):
            continue
        statuses = [v["status"] for v in mine]
        counts = {
            s: statuses.count(s) for s in ("passed", "known failure", "failed", "SHOULD failed")
        }
        checked = sorted({v["dtype"] for v in mine}, key=offered["dtypes"].index)
        rows.append(
            {"adapter": name, "release": release(name), "operation": operation}
            | offered
            | {"checked": checked, "examples": sum(v["examples"] for v in mine), **counts}
        )
    return rows


def as_table(rows: list[Row]) -> str:
    """Return the table in Markdown."""
    head = ["adapter", "release", "operation", "options offered", "dtypes checked", "examples"]
    head += ["laws passed", "known failures", "failed"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        options = ", ".join(f"`{o}`" for o in row["options"])
        dtypes = ", ".join(row["checked"])
        cells = [f"`{row['adapter']}`", row["release"], f"`{row['operation']}`", options, dtypes]
        cells += [str(row[n]) for n in ("examples", "passed", "known failure", "failed")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def written(rows: list[Row]) -> str:
    """Return docs/adapters.md with the table of these rows."""
    between = re.compile(r"(<!-- adapters -->\n).*?(<!-- end -->)", re.DOTALL)
    page = PAGE.read_text(encoding="utf-8")
    return between.sub(lambda m: f"{m[1]}{as_table(rows)}\n{m[2]}", page)


def stale(rows: list[Row]) -> list[str]:
    """Return a complaint for each installed adapter whose row is out of date."""
    complaints = []
    for name in ADAPTERS:
        try:
            offered = offers(name)
        except loader.MissingDependencyError:
            continue
        for operation, now in offered.items():
            said = [r for r in rows if (r["adapter"], r["operation"]) == (name, operation)]
            if said and said[0]["options"] != now["options"]:
                complaints.append(f"{name} {operation}: offers {now['options']}")
    return complaints


def main() -> int:
    """Run, write or check the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", nargs="*", metavar="NAME", choices=ADAPTERS)
    parser.add_argument("--dtype", action="append", default=[], help="run only these dtypes")
    parser.add_argument("--from", nargs="*", type=Path, default=[], dest="files", metavar="FILE")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    rows: list[Row] = json.loads(DATA.read_text(encoding="utf-8")) if DATA.is_file() else []
    if asked.check:
        complaints = stale(rows)
        if written(rows) != PAGE.read_text(encoding="utf-8"):
            complaints.append("docs/adapters.md does not match docs/adapters.json")
        sys.stderr.writelines(f"{line}\n" for line in complaints)
        return bool(complaints)
    only = [f"--dtype={dtype}" for dtype in asked.dtype]
    fresh = {name: rows_of(name, told) for name, told in at_hand(asked.files).items()}
    for name in [*fresh, *((asked.run or ADAPTERS) if asked.run is not None else ())]:
        mine = fresh.get(name) or run(name, only)
        rows = [r for r in rows if r["adapter"] != name] + mine
        rows.sort(key=lambda r: list(ADAPTERS).index(r["adapter"]))
        DATA.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(written(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

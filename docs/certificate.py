"""Measure the bounds, and write docs/certificate.md and docs/tightness.svg.

    python tests/numbers/measured.py --cases 10000 --into measured.jsonl
    python tests/numbers/measured.py --cases 120 --large --into measured.jsonl
    python tests/numbers/measured.py --declared normalise=affine --into measured.jsonl
    python tests/numbers/sensitivity.py --into defects.json
    python docs/certificate.py --measured measured.jsonl --defects defects.json

The first command takes some hours on one core, the others minutes. `--operation` measures only some
operations, and `--declared` a form that an implementation declares. The last command stores the
results in docs/certificate.json, replacing older results for the same operations and forms, and
writes the page and the plot. Without options it only writes these.
"""

import argparse
import json
import math
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
DATA, PAGE, PLOT = HERE / "certificate.json", HERE / "certificate.md", HERE / "tightness.svg"
TEMPLATE = HERE / "certificate.template.md"
EDGES = (1, 5, 9, 17, 33, 65, 10**6)  # of the number of terms
FEW = 20  # cases, below which no tightness is given
DTYPES = ("float64", "float32", "bfloat16", "float16")
CHECKS = ("forward", "vjp", "forward step by step", "vjp step by step")
RULES = ("derived bound", "assert_close", "1e-2 and 1e-2", "twice the low-precision error")


def measured(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return one row for each operation, dtype, check and declared form."""
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for part in map(json.loads, lines):
        for check, seen in part["checks"].items():
            key = part["operation"], part["dtype"], check, part["declared"]
            row = rows.setdefault(
                key,
                dict(zip(("operation", "dtype", "check", "declared"), key, strict=True))
                | {"cases": 0, "entries": 0, "unclaimed": 0, "violations": 0, "worst": 0.0}
                | {"sharpness": []},
            )
            for count in ("cases", "entries", "unclaimed"):
                row[count] += seen[count]
            row["violations"] += len(seen["violations"])
            row["worst"] = max(row["worst"], seen["worst"])
            row["sharpness"] += seen["sharpness"]
    for row in rows.values():
        row["tightness"] = by_size(row.pop("sharpness"))
    return list(rows.values())


def renewed(known: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all rows; new ones replace old ones of the same operation and form."""

    def key(row: dict[str, Any]) -> tuple[str, str]:
        return row["operation"], row.get("declared", "")

    again = {key(row) for row in found}
    return [row for row in known if key(row) not in again] + found


def of_form(rows: list[dict[str, Any]], declared: bool) -> list[dict[str, Any]]:
    """The rows of declared forms, or those of the forms by default."""
    return [row for row in rows if bool(row.get("declared")) == declared]


def by_size(sharpness: list[list[float]]) -> list[dict[str, Any]]:
    """The medians for each range of sizes: of the worst entries, and of the typical ones."""
    found = []
    for low, high in pairwise(EDGES):
        cases = [(a, b) for n, a, b in sharpness if low <= n < high]
        worst, typical = (float(f"{np.median(z):.3g}") for z in zip(*cases, strict=True)) \
            if len(cases) >= FEW else (None, None)  # fmt: skip
        shown = f"{low} to {high - 1}" if high < EDGES[-1] else f"{low} and more"
        found.append({"terms": shown, "cases": len(cases), "worst": worst, "typical": typical})
    return found


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, its first two columns text, the others numbers."""
    lines = [heads, ["---", "---", *["---:"] * (len(heads) - 2)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def few(value: float | None) -> str:
    """Two significant digits."""
    if value is None or math.isinf(value):
        return "-"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def size(value: float) -> str:
    """A relative size."""
    return "-" if math.isinf(value) else f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e+")


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By operation as measured, then by dtype, then by check."""
    operations = list(dict.fromkeys(row["operation"] for row in rows))
    return sorted(
        rows,
        key=lambda r: (
            operations.index(r["operation"]),
            DTYPES.index(r["dtype"]),
            CHECKS.index(r["check"]) if "check" in r else 0,
        ),
    )


def sound(rows: list[dict[str, Any]]) -> str:
    """Cases and the worst of them, a line for each operation, dtype and check."""
    lines = [
        [
            *(row[k] for k in ("operation", "dtype", "check")),
            *(f"{row[k]:,}" for k in ("cases", "entries")),
            f"{100 * row['unclaimed'] / row['entries']:.1f}%",
            f"{row['worst']:.3f}",
            str(row["violations"]),
        ]
        for row in ordered(rows)
    ]
    heads = ["operation", "dtype", "check", "cases", "entries", "no bound", "worst", "violations"]
    total = [sum(row[k] for row in rows) for k in ("cases", "entries", "violations")]
    said = f"{total[0]:,} comparisons of {total[1]:,} entries; {total[2]} violations."
    return f"{said}\n\n{table(heads, lines)}"


def sharp(rows: list[dict[str, Any]]) -> str:
    """The tightness at the worst entry of a case, and at a typical one, by size."""
    lines = []
    for row in ordered(rows):
        bins = row["tightness"]
        if not any(b["worst"] for b in bins):  # a token is right or wrong
            continue
        typical = [b["typical"] for b in bins if b["typical"]]
        lines.append(
            [row["operation"], row["dtype"], row["check"], *(few(b["worst"]) for b in bins)]
        )
        lines[-1].append(few(float(np.median(typical)) if typical else None))
    heads = ["operation", "dtype", "check", *(b["terms"] for b in rows[0]["tightness"])]
    return table([*heads, "a typical entry"], lines)


def forms(rows: list[dict[str, Any]]) -> str:
    """Return the table of declared forms, next to the values without a declaration."""
    by_default = {tuple(r[k] for k in ("operation", "dtype", "check")): middle(r)
                  for r in of_form(rows, declared=False)}  # fmt: skip
    lines = []
    for row in ordered(of_form(rows, declared=True)):
        plain = by_default[row["operation"], row["dtype"], row["check"]]
        lines.append(
            [row["declared"], *(row[k] for k in ("operation", "dtype", "check")),
             f"{row['cases']:,}", f"{100 * row['unclaimed'] / row['entries']:.1f}%",
             f"{row['worst']:.3f}", str(row["violations"]), *map(few, (*middle(row), *plain))]
        )  # fmt: skip
    heads = ["declared", "operation", "dtype", "check", "cases", "no bound", "worst", "violations"]
    heads += ["tightness", "a typical entry", "not declared", "a typical entry"]
    return table(heads, sorted(lines, key=lambda line: line[0]))


def middle(row: dict[str, Any]) -> tuple[float | None, float | None]:
    """The median of the tightness over all sizes: of the worst entries, and of the typical ones."""
    worst, typical = (
        [b[k] for b in row["tightness"] if b[k] is not None] for k in ("worst", "typical")
    )
    return (float(np.median(worst)), float(np.median(typical))) if worst else (None, None)


def seen(rows: list[dict[str, Any]]) -> str:
    """The smallest defect that each rule catches."""
    lines = []
    for row in ordered(rows):
        cells = [size(float(row[rule] or math.inf)) for rule in RULES]
        lines.append([row["operation"], row["dtype"], row["defect"], *cells])
    return table(["operation", "dtype", "defect in", *RULES], lines)


def rejected(rows: list[dict[str, Any]]) -> str:
    """How many right implementations each rule rejects."""
    lines = [
        [row["operation"], row["dtype"], *(f"{100 * row[rule]:.0f}%" for rule in RULES)]
        for row in ordered(rows)
    ]
    return table(["operation", "dtype", *RULES], lines)


def plot(rows: list[dict[str, Any]]) -> None:
    """The tightness over the number of terms: a panel for each operation, a line for each dtype."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "seqlaws", "svg.fonttype": "none", "font.size": 9}
    from matplotlib import pyplot as plt

    several = [row for row in rows if sum(bool(b["worst"]) for b in row["tightness"]) > 1]
    operations = list(dict.fromkeys(row["operation"] for row in several))
    height = math.ceil((len(operations) + 1) / 4)  # a panel for the legend
    figure, axes = plt.subplots(height, 4, figsize=(11, 2.7 * height), sharex=True, sharey=True)
    centres = [math.sqrt(low * (high - 1)) for low, high in pairwise((*EDGES[:-1], 260))]
    for axis, operation in zip(axes.flat, operations, strict=False):
        for colour, dtype in zip(("C0", "C1", "C2", "C3"), DTYPES, strict=True):
            for check, style in (("forward", "-"), ("vjp", "--")):
                for row in several:
                    if (row["operation"], row["dtype"], row["check"]) == (operation, dtype, check):
                        heights = [b["worst"] or math.nan for b in row["tightness"]]
                        label = dtype if check == "forward" else None
                        axis.plot(centres, heights, style, color=colour, marker=".", label=label)
        axis.set(title=operation, xscale="log", yscale="log")
        axis.grid(visible=True, alpha=0.3)
    for axis in axes.flat[len(operations) :]:
        axis.axis("off")
    lines, labels = axes.flat[0].get_legend_handles_labels()
    axes.flat[-1].legend(lines, labels, frameon=False, loc="center")
    figure.supxlabel("terms of the longest sum")
    figure.supylabel("allowed / observed (solid: values, dashed: gradients)")
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


def page(data: dict[str, Any]) -> str:
    """The template, filled in."""
    inputs, drawn = (data["defects"][k][0]["inputs"] for k in ("smallest", "rejected"))
    measured_by_default = of_form(data["measured"], declared=False)
    parts = {
        "when": f"Measured on {data['day']} with {data['versions']}. The "
        f"smallest defects use {inputs} inputs each, the rejected implementations {drawn} each.",
        "sound": sound(measured_by_default),
        "sharp": sharp(measured_by_default),
        "forms": forms(data["measured"]),
        "seen": seen(data["defects"]["smallest"]),
        "rejected": rejected(data["defects"]["rejected"]),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def main() -> int:
    """Store the measurements, and write the page and the plot."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--measured", type=Path)
    parser.add_argument("--defects", type=Path)
    parser.add_argument("--check", action="store_true", help="only check the page")
    given = parser.parse_args()
    data = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}
    if given.check:
        return int(PAGE.read_text(encoding="utf-8") != page(data))
    if given.measured:
        found = measured(given.measured.read_text(encoding="utf-8").splitlines())
        data["measured"] = renewed(data.get("measured", []), found)
        data["day"] = datetime.now(UTC).date().isoformat()
        data["versions"] = f"Python {platform.python_version()}, NumPy {version('numpy')}"
    if given.defects:
        known = data.get("defects", {})
        for part, found in json.loads(given.defects.read_text(encoding="utf-8")).items():
            known[part] = renewed(known.get(part, []), found)
        data["defects"] = known
    DATA.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(data), encoding="utf-8")
    plot(of_form(data["measured"], declared=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

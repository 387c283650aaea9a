"""Run the notebooks of examples/ and compare what they print with what is stored in them.

    python tests/notebooks.py [--write] [NOTEBOOK ...]

Cells are run one after another in one namespace, as Jupyter does; they only print. --write stores
what they print. Ends with 1 if a stored output is not what its cell prints.
"""

import argparse
import contextlib
import io
import json
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings")]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def run(path):
    """Run a notebook; yield each cell of code and what it prints."""
    main = types.ModuleType("__main__")
    before, sys.modules["__main__"] = sys.modules["__main__"], main
    try:
        for number, cell in enumerate(read(path)["cells"]):
            if cell["cell_type"] == "code":
                code = compile("".join(cell["source"]), f"{path.name}[{number}]", "exec")
                with contextlib.redirect_stdout(io.StringIO()) as said:
                    exec(code, vars(main))
                yield cell, said.getvalue()
    finally:
        sys.modules["__main__"] = before


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def stored(cell):
    """What a cell printed when its outputs were stored."""
    return "".join(line for output in cell["outputs"] for line in output["text"])


def write(path):
    """Store what the cells print."""
    notebook, said = read(path), [text for _, text in run(path)]
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, (cell, text) in enumerate(zip(cells, said, strict=True), 1):
        stream = {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}
        cell["execution_count"], cell["outputs"] = number, [stream] if text else []
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    wrong = 0
    for path in asked.notebooks or NOTEBOOKS:
        if asked.write:
            write(path)
            continue
        for cell, said in run(path):
            if said != stored(cell):
                wrong += 1
                print(f"{path.name}: stored:\n{stored(cell)}\nprinted:\n{said}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

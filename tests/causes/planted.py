"""Defects planted into the NumPy implementation in `plain`, one or several at a time.

`planted(operation, *names, into=folder)` writes a copy of the package with these defects, to be
checked by its path; `pairs(count, seed)` draws pairs that can stand together.
"""

import itertools
import random
import re
from pathlib import Path

from causes.defects import DEFECTS

IMPLS = Path(__file__).resolve().parents[2] / "impls"
PLAIN = Path(__file__).parent / "plain"  # NumPy, one equation after another, as people write it
SHARED = "_parameters.py", "numpy_vectorized/_generate.py", "numpy_vectorized/_markov.py"
SOURCES = {
    path.name: path.read_text(encoding="utf-8")
    for path in (*sorted(PLAIN.glob("*.py")), *(IMPLS / name for name in SHARED))
}


def planted(operation, *names, into):
    """Write the package with these defects of an operation to a folder; return what to check.

    Raises ValueError for defects whose texts overlap, or that are not where they should be.
    """
    sources = dict(SOURCES)
    for file, places in located(operation, names).items():
        for start, end, new in sorted(places, reverse=True):
            sources[file] = sources[file][:start] + new + sources[file][end:]
    into = Path(into)
    into.mkdir(parents=True, exist_ok=True)
    for file, source in sources.items():
        # its own modules only, wherever the folder is
        own = re.sub(r"\bseqlaws\.impls\.(numpy_vectorized\.)?(?=_)", ".", source)
        (into / file).write_text(own, encoding="utf-8")
    return into / "__init__.py"


def located(operation, names):
    """For each file the places (start, end, new text) of these defects."""
    found = {}
    for name in names:
        file, old, new = DEFECTS[operation][name]
        source = SOURCES[file]
        if source.count(old) != 1:
            raise ValueError(f"{operation}, {name}: {source.count(old)} such places in {file}")
        start = source.index(old)
        found.setdefault(file, []).append((start, start + len(old), new))
    for places in found.values():
        for (_, end, _), (start, _, _) in itertools.pairwise(sorted(places)):
            if start < end:
                raise ValueError(f"{operation}: the texts of {', '.join(names)} overlap")
    return found


def together(operation, *names):
    """Whether these defects can be planted together."""
    try:
        return bool(located(operation, names))
    except ValueError:
        return False


def singles():
    """Every (operation, name)."""
    for operation, defects in DEFECTS.items():
        for name in defects:
            yield operation, name


def pairs(count, seed=0):
    """Random (operation, name, name): each operation as often, no pair twice, the same by seed."""
    drawn = random.Random(seed)
    left = {operation: list(itertools.combinations(d, 2)) for operation, d in DEFECTS.items()}
    for each in left.values():
        drawn.shuffle(each)
    for operation in itertools.islice(itertools.cycle(DEFECTS), count):
        while not together(operation, *(pair := left[operation].pop())):
            pass
        yield operation, *pair

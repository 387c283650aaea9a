"""Digests of the cases that each law draws: the same before and after a change that moves code.

    python tests/digests.py            which laws draw other cases than digests.json says
    python tests/digests.py --write    writes digests.json anew, after a change that is meant

The cases are those of float32: three that are drawn, or a whole sweep.
"""

import hashlib
import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / ".typings"))

from seqlaws.impls import numpy_vectorized  # noqa: E402
from seqlaws.properties.laws import LAWS  # noqa: E402
from seqlaws.properties.operations import OPERATIONS  # noqa: E402
from seqlaws.properties.runner.examine import Effort, hunt  # noqa: E402
from seqlaws.properties.runner.pairing import register_laws  # noqa: E402
from seqlaws.properties.subjects.subject import Subject  # noqa: E402

FILE = Path(__file__).with_name("digests.json")


def bundled():
    """The laws of the suite, without those of specifications that other tests have added."""
    register_laws()
    return {k: v for k, v in LAWS.items() if v.check.__module__.startswith("seqlaws.properties.")}


def digest(law):
    """A digest of what a law draws, over all its operations."""
    whole = hashlib.sha256()
    for operation in law.operations:
        if OPERATIONS[operation].own:
            continue
        whole.update(f"{operation}:{of_operation(law, operation)};".encode())
    return whole.hexdigest()[:16]


def of_operation(law, operation):
    """The number of cases and their digest, for one operation in float32."""
    subject = Subject("numpy_vectorized", numpy_vectorized, operation, "float32", "cpu")
    found, count = hashlib.sha256(), 0

    def noted(impl, case):
        nonlocal count
        count += 1
        impl.record.examples += 1  # as if it had been called: no others are drawn
        add(found, case)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        effort = Effort(seed=0, examples=1 if law.sweep else 3)
        hunt(replace(law, check=noted, share=1.0), subject, effort)
    return f"{count}:{found.hexdigest()[:16]}"


def add(found, case):
    """Add all that a case consists of."""
    found.update(repr((case.operation.name, case.dtype, case.seed, case.poison)).encode())
    for part in (case.arrays, case.options, case.cotangents):
        for name, value in part.items():
            found.update(name.encode())
            if isinstance(value, np.ndarray):
                found.update(repr((value.shape, value.dtype.str)).encode())
                found.update(np.ascontiguousarray(value).tobytes())
            else:
                found.update(repr(value).encode())


def main():
    """Compare with digests.json, or write it."""
    found = {key: digest(law) for key, law in bundled().items()}
    if "--write" in sys.argv:
        FILE.write_text(json.dumps({"laws": found}, indent=1) + "\n", encoding="utf-8")
        return
    known = json.loads(FILE.read_text(encoding="utf-8"))["laws"]
    changed = [key for key in known.keys() | found.keys() if known.get(key) != found.get(key)]
    print("\n".join(sorted(changed)) or "every law draws the same cases")


if __name__ == "__main__":
    main()

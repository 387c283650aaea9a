"""Files of test vectors: an index in JSON, and the arrays beside it."""

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.document import versions
from seqlaws.properties.reporting.law_text import statements
from seqlaws.properties.subjects.expectations import arithmetic_of
from seqlaws.properties.vectors.recording import Recorded, Recorder, recorded
from seqlaws.properties.vectors.tensors import Tensors

SCHEMA = 1
BYTES = 18_000_000  # of the arrays of an operation, at most
CHECKERS = ("check.mjs", "check.hpp", "check.rs")


def write(
    operation: str,
    folder: Path,
    *,
    dtype: str = "float32",
    traits: Mapping[str, Any] | None = None,
    seed: int = 0,
    examples: int = 20,
) -> dict[str, Any]:
    """Write the vectors of an operation, and the checkers; return the index."""
    known = Recorder(operation, dtype, traits or {})
    calls = within(list(recorded(operation, dtype, traits or {}, seed, examples)))
    tensors = Tensors()
    cases = [described(call, k, tensors) for k, call in enumerate(calls)]
    laws = statements()
    about = known.operation
    index = {
        "schema": SCHEMA,
        "seqlaws": versions().get("seqlaws", ""),
        "seed": seed,
        "examples": examples,
        "operation": operation,
        "signature": about.signature,
        "outputs": list(about.outputs),
        "gradients": about.differentiated(about.arrays) if about.differentiable else [],
        "dtype": dtype,
        "arithmetic": asdict(arithmetic_of(known.traits, dtype)),
        "traits": {n: getattr(known.traits, n) for n in about.traits},
        "data": f"{operation}.safetensors",
        "laws": {c.law.name: laws[f"{operation}.{c.law.name}"] for c in calls},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{operation}.safetensors").write_bytes(tensors.bytes())
    head = json.dumps(index, indent=1).removesuffix("\n}")
    rows = ",\n".join(f"  {json.dumps(case, allow_nan=False)}" for case in cases)
    text = f'{head},\n "cases": [\n{rows}\n ]\n}}\n'
    (folder / f"{operation}.json").write_text(text, encoding="utf-8")
    for name in CHECKERS:
        shutil.copyfile(Path(__file__).parent / name, folder / name)
    return {**index, "cases": cases}


def within(calls: list[Recorded]) -> list[Recorded]:
    """Return the calls without the largest, so that all of them take at most `BYTES`."""
    bytes_each = 16  # of an entry of a result: its value and its allowed error
    left, kept = BYTES, set()
    for k in sorted(range(len(calls)), key=lambda k: calls[k].entries):
        left -= bytes_each * calls[k].entries
        if left >= 0:
            kept.add(k)
    return [call for k, call in enumerate(calls) if k in kept]


def described(call: Recorded, number: int, tensors: Tensors) -> dict[str, Any]:
    """Return a call for the index; its arrays are added to the tensors."""
    case, about = call.case, call.case.operation

    def told(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return {"tensor": tensors.add(stored(value, case.dtype))}
        if isinstance(value, dict):
            return {"entries": {name: told(entry) for name, entry in value.items()}}
        if isinstance(value, tuple):
            return [told(one) for one in value]
        if isinstance(value, (float, np.floating)) and not math.isfinite(value):
            return {"number": str(float(value))}
        return value.item() if isinstance(value, np.generic) else value

    given, options = about.arranged(case.arrays, case.options)
    cotangents = list(case.cotangents.values()) if call.vjp else []
    return {
        "case": number,
        "law": call.law.name,
        "level": call.level,
        "function": about.name + "_vjp" * call.vjp,
        "core": not about.beyond_core(case),
        "arguments": [told(value) for value in (*cotangents, *given)],
        "options": {name: told(value) for name, value in options.items()},
        "expected": {
            name: {"value": tensors.add(e.value.astype("<f8")), "allowed": tensors.add(e.allowed)}
            for name, e in call.expected.items()
        },
    }


def stored(array: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    """Return an argument in the dtype of the file: 16-bit numbers are exact in float32."""
    kinds = {"f": "<f8" if dtype == "float64" else "<f4", "b": "|b1", "i": "<i4", "u": "<i4"}
    return array.astype(kinds[array.dtype.kind])


def known_operations() -> list[str]:
    """Return the names of the operations that vectors can be made of."""
    return list(OPERATIONS)

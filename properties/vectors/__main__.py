"""`seqlaws-vectors`: write test vectors, and checkers in JavaScript and C++ that read them.

seqlaws-vectors attention softmax --out vectors
node vectors/check.mjs vectors/attention.json mine.mjs
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    """Write the files; return 2 with one sentence if an argument is wrong."""
    parser = argparse.ArgumentParser(
        prog="seqlaws-vectors",
        description="Write cases, expected values and allowed errors as files, for implementations "
        "that Python cannot import.",
        epilog="Exit status: 0, or 2 if an argument is wrong or a file cannot be written.",
    )
    parser.add_argument("operations", nargs="+", metavar="OPERATION", help="such as attention")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--dtype", default="float32", help="float64, float32, bfloat16 or float16")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draw other cases")
    parser.add_argument("--examples", type=int, default=20, metavar="N", help="for each law (20)")
    parser.add_argument(
        "--trait",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a trait of the implementation, such as accumulate=float16; repeatable",
    )
    given = parser.parse_args(arguments)
    if given.examples < 1:
        parser.error(f"--examples {given.examples}: at least 1 is needed")
    from seqlaws.properties.discovery.traits import DTYPES, UnknownTraitError
    from seqlaws.properties.runner.selection import known_words
    from seqlaws.properties.vectors.writing import known_operations, write

    try:
        known_words("operation", given.operations, tuple(known_operations()))
        known_words("dtype", [given.dtype], DTYPES)
        traits = dict(trait(text) for text in given.trait)
        for operation in given.operations:
            index = write(
                operation,
                Path(given.out),
                dtype=given.dtype,
                traits=traits,
                seed=given.seed,
                examples=given.examples,
            )
            count, laws = len(index["cases"]), len(index["laws"])
            sys.stdout.write(f"{operation}: {count} cases of {laws} laws\n")
    except (ValueError, UnknownTraitError) as error:
        sys.stderr.write(f"seqlaws-vectors: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"seqlaws-vectors: {given.out}: {error.strerror or error}\n")
        return 2
    return 0


def trait(text: str) -> tuple[str, Any]:
    """Return name and value of a trait; a value in JSON, or a text. Raises ValueError."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--trait {text}: write NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


if __name__ == "__main__":
    sys.exit(main())

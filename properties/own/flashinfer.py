"""Definitions in FlashInfer-Bench's form, as specifications.

A definition is JSON: axes, each "var" or "const" with a value; inputs and outputs with shapes of
axes; and a reference, the source of a function `run` in torch. A candidate is a file with `run`.
"""

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from seqlaws.properties.discovery.loader import ADAPTERS, Adapter
from seqlaws.properties.own.torch_graph import NoRuleError, identifier, text_of

FLOATING = {"float64", "float32", "bfloat16", "float16"}


def definition_of(path: Path) -> dict[str, Any]:
    """Return a definition. Raises NoRuleError for a file that is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        missing = [n for n in ("name", "axes", "inputs", "outputs", "reference") if n not in found]
    except (ValueError, TypeError) as error:
        raise NoRuleError(f"it is no JSON of a definition: {error}") from error
    if missing:
        raise NoRuleError(f"it is no definition: it has no {missing[0]!r}")
    return dict(found)


def specification_of(definition: dict[str, Any]) -> str:
    """Return the source of a specification for a definition. Raises NoRuleError."""
    name = identifier(definition["name"])
    text = text_of(reference_of(definition))
    inputs, outputs = definition["inputs"], definition["outputs"]
    if list(inputs) != text.inputs:
        raise NoRuleError(f"run takes {text.inputs}; the inputs are {list(inputs)}")
    arrays = {n: x for n, x in inputs.items() if x["shape"] is not None}
    for n, x in arrays.items():
        if x["dtype"] not in FLOATING:
            raise NoRuleError(f"{n} holds {x['dtype']}, and no definition says which are usual")
    declared = [f"{n}={' '.join(x['shape'])!r}" for n, x in arrays.items()]
    returned = {n: " ".join(x["shape"] or ()) for n, x in outputs.items()}
    named = {axis for x in arrays.values() for axis in x["shape"]}
    axes = definition["axes"].items()
    sizes = {n: (a["value"],) for n, a in axes if a["type"] == "const" and n in named}
    parameters = [n if n in arrays else f"{n}: {kind(x)}" for n, x in inputs.items()]
    dtype = next(x["dtype"] for x in arrays.values())
    return "\n".join(
        [
            f'"""Translated from the definition {definition["name"]}."""',
            "",
            "from seqlaws import operation",
            "from seqlaws.properties.own import flashinfer, torch_forms",
            "",
            "",
            "@operation(",
            *(f"    {one}," for one in declared),
            f"    returns={returned!r},",
            f"    sizes={sizes!r},",
            f"    dtypes=({dtype!r},),",
            ")",
            f"def {name}({', '.join(parameters)}):",
            f'    """{name} (a FlashInfer-Bench definition)"""',
            *(f"    {line}" for line in text.lines),
            f"    return {', '.join(text.outputs)}",
            "",
            "",
            f"flashinfer.offer({name}, {dtype!r})",
            "",
        ]
    )


def reference_of(definition: dict[str, Any]) -> Any:
    """Return the function `run` of a reference, without its assertions. Raises NoRuleError."""
    scope: dict[str, Any] = {}
    try:
        tree = WithoutAssertions().visit(ast.parse(definition["reference"]))
        exec(compile(ast.fix_missing_locations(tree), "<reference>", "exec"), scope)  # noqa: S102
    except Exception as error:  # whatever a stranger's source raises
        raise NoRuleError(f"its reference raised {type(error).__name__}: {error}") from error
    if not callable(scope.get("run")):
        raise NoRuleError("its reference has no function run")
    return scope["run"]


class WithoutAssertions(ast.NodeTransformer):
    """Removes assertions: they ask about shapes that a trace does not have."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return ast.copy_location(ast.Pass(), node)


def kind(given: dict[str, Any]) -> str:
    """Return the annotation of a scalar input."""
    return "float" if given["dtype"] in FLOATING else "int"


def offer(function: Any, dtype: str) -> None:
    """Make `run`, of any file that has it, an implementation of a definition's specification."""
    name = function.__name__

    def adapted(namespace: Any) -> SimpleNamespace:
        traits = {"backend": "torch", "dtypes": (dtype,), **getattr(namespace, "TRAITS", {})}
        return SimpleNamespace(TRAITS=traits, **{name: namespace.run})

    ADAPTERS["run"] = Adapter(name, adapted)

"""A function or module of torch as lines of NumPy: traced by torch.fx, each node a line.

Functions keep their names and arguments; `torch_forms` has them in NumPy. What is not there is
refused by name.
"""

import keyword
import math
import operator
from dataclasses import dataclass, field
from typing import Any

from seqlaws.properties.own import torch_forms

FORMS = "torch_forms"
INFIX = {
    operator.add: "{} + {}",
    operator.iadd: "{} + {}",
    operator.sub: "{} - {}",
    operator.mul: "{} * {}",
    operator.imul: "{} * {}",
    operator.truediv: "{} / {}",
    operator.floordiv: "{} // {}",
    operator.mod: "{} % {}",
    operator.pow: "{} ** {}",
    operator.matmul: "{} @ {}",
    operator.neg: "-{}",
    operator.getitem: "{}[{}]",
    operator.gt: "{} > {}",
    operator.ge: "{} >= {}",
    operator.lt: "{} < {}",
    operator.le: "{} <= {}",
    operator.eq: "{} == {}",
    operator.ne: "{} != {}",
}


class NoRuleError(ValueError):
    """A reference that cannot be translated; the message names what has no rule."""


@dataclass
class Text:
    """Text of a function in NumPy: inputs, parameters by their dotted names, lines, outputs."""

    inputs: list[str] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)  # dotted name to identifier
    lines: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


def text_of(traced: Any) -> Text:
    """Translate a function or a module of torch. Raises NoRuleError."""
    import torch
    from torch import fx

    class Whole(fx.Tracer):
        """Goes into torch's own modules, too: their forward is functions."""

        def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
            return False

        def call_module(self, m: torch.nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
            """Batch norm, whose forward depends on its state, is that of training."""
            if isinstance(m, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)):
                norm = torch.nn.functional.batch_norm
                return norm(args[0], None, None, m.weight, m.bias, training=True, eps=m.eps)
            try:
                return super().call_module(m, forward, args, kwargs)
            except fx.proxy.TraceError as error:
                name = f"{type(m).__module__.partition('.modules')[0]}.{type(m).__name__}"
                raise NoRuleError(f"{name} has no rule ({error})") from error

    try:
        graph = Whole().trace(traced)
    except NoRuleError:
        raise
    except Exception as error:  # whatever tracing a stranger's code raises
        reason = str(error).partition("\n")[0]
        raise NoRuleError(f"torch.fx cannot trace it ({type(error).__name__}: {reason})") from error
    known = dict(traced.named_parameters()) if isinstance(traced, torch.nn.Module) else {}
    text = Text()
    for node in graph.nodes:
        add(text, node, known)
    return text


def add(text: Text, node: Any, parameters: Any) -> None:
    """Add the line of a node of the graph."""
    if node.op == "placeholder":
        text.inputs.append(name_of(node))
    elif node.op == "get_attr":
        if node.target not in parameters:
            raise NoRuleError(f"the buffer {node.target} has no rule; only parameters are arrays")
        text.parameters[node.target] = name_of(node)
    elif node.op == "output":
        returned = node.args[0]
        returned = list(returned.values()) if isinstance(returned, dict) else returned
        several = returned if isinstance(returned, (tuple, list)) else [returned]
        text.outputs = [written(one) for one in several]
    else:
        text.lines.append(f"{name_of(node)} = {call(node)}")


def call(node: Any) -> str:
    """The right side of a node's line."""
    if node.op == "call_function" and node.target in INFIX:
        return INFIX[node.target].format(*map(operand, node.args))
    if node.op == "call_function" and node.target is getattr:
        return attribute(*node.args[:2])
    name = node.target if isinstance(node.target, str) else node.target.__name__
    name = name.removesuffix("_") if node.op == "call_method" else name
    if not hasattr(torch_forms, name):
        module = getattr(node.target, "__module__", None) or "torch.Tensor"
        raise NoRuleError(f"{module.removeprefix('_')}.{name} has no rule")
    given = [written(x) for x in node.args]
    given += [f"{key}={written(x)}" for key, x in node.kwargs.items()]
    return f"{FORMS}.{name}({', '.join(given)})"


def attribute(node: Any, name: str) -> str:
    """An attribute of an array."""
    if name in ("T", "mT"):
        return f"{FORMS}.transpose({written(node)}, -2, -1)"
    if name in ("shape", "ndim"):
        return f"{written(node)}.shape" if name == "shape" else f"len({written(node)}.shape)"
    if name in ("dtype", "device"):
        return "None"
    raise NoRuleError(f"torch.Tensor.{name} has no rule")


def operand(x: Any) -> str:
    """An operand of an infix operator; the value of a slice without brackets."""
    if isinstance(x, tuple):
        return f"({', '.join(map(written, x))},)"
    text = written(x)
    return f"({text})" if text.startswith("-") else text


def written(x: Any) -> str:
    """An argument as source text. Raises NoRuleError for what is no plain value."""
    match x:
        case list() | tuple():
            inside = "".join(f"{written(one)}, " for one in x)
            text = f"[{inside}]" if isinstance(x, list) else f"({inside})"
        case slice():
            text = f"slice({written(x.start)}, {written(x.stop)}, {written(x.step)})"
        case float() if not math.isfinite(x):
            text = f"float({str(x)!r})"
        case None | bool() | int() | float() | str():
            text = repr(x)
        case _ if x is Ellipsis:
            text = "..."
        case _ if type(x).__module__ == "torch":  # a dtype or a device: the arithmetic's business
            text = "None"
        case _ if hasattr(x, "op"):
            text = name_of(x)
        case _:
            raise NoRuleError(f"the constant {x!r} has no rule")
    return text


def name_of(node: Any) -> str:
    """An identifier for a node's value."""
    name = str(node.name)
    taken = keyword.iskeyword(name) or name in {FORMS, "len", "float", "slice", "operation"}
    return f"{name}_" if taken else name


def identifier(name: str) -> str:
    """Return a name as a name of Python."""
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name).lower()

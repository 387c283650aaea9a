"""`operation`: declares a NumPy function as an operation of one's own.

    @operation(x="... E", weight="E", returns={"y": "... E"})
    def rms_norm(x, weight, eps: float = 1e-6):
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * weight

The function stays what it is. What is declared is read here; that the function runs on the number
systems, and that its gradient is right, is checked when the suite is given the file.
"""

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.options import Option
from seqlaws.properties.own.arrays import other_values
from seqlaws.properties.own.cases import own_case
from seqlaws.properties.own.declared import DeclarationError, Declared, parsed
from seqlaws.properties.own.kinds import ArrayOption, kind_of
from seqlaws.properties.own.operation import Own
from seqlaws.properties.own.scan import Scan, check, scan_of, with_lengths

NO_SIZES = Benchmark()
MARK = "__seqlaws_operation__"
Consistent = Callable[[dict[str, Any], dict[str, Any]], None]
Function = typing.TypeVar("Function", bound=Callable[..., Any])


def operation(
    *,
    returns: str | Mapping[str, str],
    options: Mapping[str, Any] | None = None,
    sizes: Mapping[str, Iterable[int]] | None = None,
    batch: str = "",
    dtypes: Iterable[str] = (),
    differentiable: bool = True,
    constant: str = "",
    consistent: Consistent | None = None,
    benchmark: Mapping[str, tuple[int, int, int]] | None = None,
    scan: str = "",
    carry: str | Mapping[str, str] = "",
    reversible: bool = False,
    **arrays: str,
) -> Callable[[Function], Function]:
    """Return the decorator of a specification.

    arrays: for each array parameter its axes ("... E"), and after a colon what its numbers are
    ("B: below V"). returns: the same of each output, by name; a text for one output, called y, or
    out where a parameter is called y. options: values of options, where annotation and default do
    not say enough: (low, high), a range, names. sizes: the sizes that a letter may have. batch:
    letters beside "..." whose entries do not influence each other. dtypes: if it is of some only.
    differentiable: False without gradients. constant: floating arrays without a gradient, such as
    running moments, "mean var". consistent: a function of the arrays and the options of a drawn
    case, two dicts that it changes where they do not fit each other. benchmark: the sizes of a
    letter when it is timed: small, middle and large.

    scan: the letter of an axis; the function is then one step along it. Its arrays come without
    the axis, and it returns the new states and then its outputs. carry: the parameters that a step
    hands on to the next, "h c"; or a dict from each to the outputs that show it: {"h": "y h_n"}. A
    state of axes "B H: zeros" begins with zeros, and is no argument of the operation. An array of
    lengths along the axis that is no parameter of the step is an option of the operation, of that
    name: how long each row is. reversible: the operation has the option reverse=False, too.

    Raises DeclarationError, a ValueError, for what cannot be read.
    """

    def declare(function: Function) -> Function:
        made = made_of(
            function,
            {name: parsed(name, text) for name, text in arrays.items()},
            {only_output(function): returns} if isinstance(returns, str) else returns,
            options or {},
            {letter: tuple(sorted(set(given))) for letter, given in (sizes or {}).items()},
            batch.split(),
            tuple(dtypes),
            differentiable=differentiable,
            constant=constant.split(),
            consistent=consistent,
            benchmark=Benchmark(sizes=benchmark or {}),
            scan=scan_of(scan, carry, reversible=reversible),
        )
        setattr(function, MARK, made)
        return function

    return declare


def only_output(function: Callable[..., Any]) -> str:
    """Return the name of the output of a function that has one."""
    taken = inspect.signature(function).parameters
    return next(name for name in ("y", "out", "y_out") if name not in taken)


def made_of(
    function: Callable[..., Any],
    arrays: dict[str, Declared],
    returns: Mapping[str, str],
    given: Mapping[str, Any],
    sizes: Mapping[str, tuple[int, ...]],
    batch: list[str],
    dtypes: tuple[str, ...],
    *,
    differentiable: bool,
    constant: Iterable[str] = (),
    consistent: Consistent | None = None,
    benchmark: Benchmark = NO_SIZES,
    scan: Scan | None = None,
) -> Own:
    """Return the operation of a function and its declarations."""
    name, parameters = function.__name__, inspect.signature(function).parameters
    scan = with_lengths(scan, arrays, parameters)
    of_loop = {p.name: p for p in scan.options} if scan else {}
    if odd := sorted(arrays.keys() - parameters.keys() - of_loop.keys()):
        raise DeclarationError(f"{name} has no parameter {odd[0]}; it has {', '.join(parameters)}")
    states = [n for n, d in arrays.items() if d.domain == "zeros"]
    if states and (scan is None or not scan.states.keys() >= {*states}):
        raise DeclarationError(f"{name}: {states[0]} is zeros, and is not carried by a scan")
    positional = [p for p in parameters.values() if p.default is p.empty and p.name not in states]
    needed = {p.name: arrays[p.name] for p in positional if p.name in arrays}
    if not needed:
        raise DeclarationError(f"{name} has no array: declare its axes, such as x='... E'")
    outputs = {o: parsed(o, text) for o, text in returns.items()}
    if odd := sorted(outputs.keys() & {*parameters, *of_loop}):
        raise DeclarationError(f"{name}: the output {odd[0]} has the name of a parameter")
    kinds = kinds_of(function, {**parameters, **of_loop}, arrays, given)
    letters = {n for d in (*needed.values(), *outputs.values()) for n in d.names()}
    if odd := sorted(
        {n for d in outputs.values() for n in d.names()}
        - set(kinds)
        - {n for d in arrays.values() for n in d.names()}
    ):
        raise DeclarationError(f"{name}: the size {odd[0]} of an output is no array's")
    if odd := sorted({*sizes, *benchmark.sizes} - letters - {"R"}):
        raise DeclarationError(f"{name}: sizes of {odd[0]}, which is no letter of an array")
    if scan is not None:
        check(scan, function, arrays, outputs)
    floating = {n for n, d in needed.items() if not d.is_whole}
    if odd := sorted({*constant} - floating):
        raise DeclarationError(
            f"{name}: {odd[0]} is declared constant; that is for floating arrays of every call: "
            f"{', '.join(sorted(floating)) or 'there is none'}"
        )
    if differentiable and floating and floating <= {*constant}:
        raise DeclarationError(f"{name}: no array has a gradient; declare differentiable=False")
    leads = ["..."] if any(d.has_leading for d in outputs.values()) else []
    whole = [d.is_whole for d in outputs.values()]
    return Own(
        spec=function,
        arrays={n: d.axes for n, d in needed.items()},
        outputs={n: d.axes for n, d in outputs.items()},
        kinds=kinds,
        case=own_case,
        other=other_values,
        integers={n: "" for n, d in needed.items() if d.is_whole},
        dtypes=dtypes,
        whole=all(whole),
        declared={**arrays, **outputs},
        batch=tuple(leads + batch),
        allowed_sizes=sizes,
        file=Path(inspect.getsourcefile(function) or "").resolve(),
        gradients=differentiable and not all(whole),
        constant=tuple(constant),
        consistent=consistent,
        benchmark=benchmark,
        scan=scan,
        reach=reach_of(scan, {n: d for n, d in needed.items() if n not in constant}),
    )


def reach_of(scan: Scan | None, arrays: Mapping[str, Declared]) -> tuple[str, str] | None:
    """Return the first array along a scan, and the axis: how far does a gradient come back?"""
    for name, declared in arrays.items():
        if scan and scan.axis in declared.axes.split() and not declared.is_whole:
            return name, scan.axis
    return None


def kinds_of(
    function: Callable[..., Any],
    parameters: Mapping[str, inspect.Parameter],
    arrays: Mapping[str, Declared],
    given: Mapping[str, Any],
) -> dict[str, Option]:
    """Return the kind of each option, and of each number that every call gives."""
    try:
        annotations = typing.get_type_hints(function, include_extras=True)
    except Exception:  # a name that is not there when it runs
        annotations = {}
    kinds: dict[str, Option] = {}
    for name, parameter in parameters.items():
        optional = parameter.default is None
        if name in arrays and parameter.default is parameter.empty:
            continue
        if name in arrays and not optional:
            raise DeclarationError(
                f"the array {name} has the default {parameter.default!r}, not None"
            )
        kinds[name] = (
            ArrayOption(arrays[name])
            if name in arrays
            else kind_of(parameter, given.get(name), annotations.get(name))
        )
    if odd := sorted(given.keys() - kinds.keys()):
        raise DeclarationError(f"options of {odd[0]}, which is no option of {function.__name__}")
    return kinds

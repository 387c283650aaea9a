"""Operations that are declared as a scan: the user's function is one step, the loop stands here.

    h_t, y_t = step(h_{t-1}, x_t)

A state that an output shows at every step is followed one step at a time: each step starts from
the implementation's own state, so that nothing accumulates. Other states are carried along.

The loop, not the step, has the options of a scan: how long each row is, and whether it is read
from its end. Beyond a row's length its state stands still, and outputs of steps are zeros.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.own.arrays import shape_of
from seqlaws.properties.own.declared import DeclarationError, Declared
from seqlaws.properties.own.rows import AS_READ, FROM_ZEROS, Rows
from seqlaws.reference.numbers import Arithmetic, Expected, Rounding, lifted, unpacked
from seqlaws.reference.numbers.stepwise import ball

if TYPE_CHECKING:
    from seqlaws.properties.own.operation import Own

Array = Any
Step = Callable[..., Any]


@dataclass(frozen=True)
class Scan:
    """axis: the letter of time. states: each parameter that is carried, with the outputs of it.

    An output that has the axis shows the state after each step, another the state at the end.
    lengths: the option that says how long each row is, or nothing. reversible: with the option
    `reverse`.
    """

    axis: str
    states: Mapping[str, tuple[str, ...]]
    lengths: str = ""
    reversible: bool = False

    @property
    def shown(self) -> list[str]:
        """The outputs that are a state."""
        return [name for outputs in self.states.values() for name in outputs]

    @property
    def options(self) -> list[inspect.Parameter]:
        """The options of the loop, which the step does not have."""
        defaults: dict[str, Any] = {self.lengths: None} if self.lengths else {}
        defaults |= {"reverse": False} if self.reversible else {}
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return [inspect.Parameter(n, kind, default=d) for n, d in defaults.items()]


def scan_of(axis: str, carry: str | Mapping[str, str], *, reversible: bool = False) -> Scan | None:
    """Return the scan of a declaration: scan="T", carry="h c" or {"h": "y h_n"}; None without."""
    if not axis:
        if carry or reversible:
            said = f"carry={carry!r}" if carry else "reversible=True"
            raise DeclarationError(f"{said} needs the axis of the scan, as in scan='T'")
        return None
    named = carry if isinstance(carry, Mapping) else dict.fromkeys(carry.split(), "")
    if not named:
        raise DeclarationError(
            f"scan={axis!r} needs the parameters that a step hands on to the next, as in carry='h'"
        )
    states = {name: tuple(outputs.split()) for name, outputs in named.items()}
    return Scan(axis, states, reversible=reversible)


def with_lengths(
    scan: Scan | None, arrays: Mapping[str, Declared], parameters: Mapping[str, Any]
) -> Scan | None:
    """Return the scan with the lengths of its rows: an array that is no parameter of the step."""
    for name, declared in arrays.items():
        if scan and name not in parameters and declared.domain == "lengths":
            return replace(scan, lengths=name)
    return scan


def check(
    scan: Scan, step: Step, arrays: Mapping[str, Declared], outputs: Mapping[str, Declared]
) -> None:
    """Raise DeclarationError if a scan does not fit the arrays and the outputs."""
    name, axis = step.__name__, scan.axis
    others = {n: d for n, d in arrays.items() if n not in scan.states}
    if not any(axis in d.axes.split() for d in others.values()):
        raise DeclarationError(f"{name}: scan={axis!r}, which is no axis of an array")
    if unknown := [n for n in scan.states if n not in arrays]:
        raise DeclarationError(f"{name}: the state {unknown[0]} is no parameter with axes")
    sizes = {n for d in others.values() for n in d.names()} | {*inspect.signature(step).parameters}
    for state in scan.states:
        if axis in arrays[state].axes.split():
            raise DeclarationError(f"{name}: the state {state} has no axis {axis}")
        if odd := sorted({*arrays[state].names()} - sizes):
            raise DeclarationError(f"{name}: the size {odd[0]} of {state} is no other array's")
    if odd := [o for o in scan.shown if o not in outputs]:
        raise DeclarationError(
            f"{name}: a state is to be the output {odd[0]}; there are {', '.join(outputs)}"
        )
    check_loop(scan, step, arrays, outputs)
    ends = [o for o, d in outputs.items() if axis not in d.axes.split() and o not in scan.shown]
    if ends:
        raise DeclarationError(
            f"{name}: the output {ends[0]} has no axis {axis}; if it is the last value of a "
            f"state, say so: carry={{{next(iter(scan.states))!r}: {ends[0]!r}}}"
        )


def check_loop(
    scan: Scan, step: Step, arrays: Mapping[str, Declared], outputs: Mapping[str, Declared]
) -> None:
    """Raise DeclarationError if the options of a loop do not fit the step, arrays and outputs."""
    name = step.__name__
    if scan.reversible and "reverse" in inspect.signature(step).parameters:
        raise DeclarationError(f"{name}: with reversible=True the step has no parameter reverse")
    if not scan.lengths:
        return
    lengths = arrays[scan.lengths]
    if lengths.bound != scan.axis:
        raise DeclarationError(
            f"{name}: {scan.lengths} is no parameter of the step; lengths of the rows of a scan "
            f"are up to {scan.axis}: {scan.lengths}='{lengths.axes}: lengths {scan.axis}'"
        )
    axes = lengths.axes.split()
    for other, declared in {**{n: arrays[n] for n in scan.states}, **outputs}.items():
        if [a for a in declared.axes.split() if a in axes] != axes:
            raise DeclarationError(
                f"{name}: {scan.lengths} has the axes {lengths.axes}, and {other} lacks them"
            )


def scanned(
    operation: "Own",
    step: Step,
    given: Any,
    options: Mapping[str, Any],
    seen: Mapping[str, Array] | None = None,
) -> tuple[Any, ...]:
    """Return the outputs of all steps.

    seen: of the outputs that show a state at each step, the numbers that an implementation gave;
    each step then starts from one of the states that may stand behind them.
    """
    scan = operation.scan
    assert scan is not None
    arguments = {**dict(zip(operation.arguments, given, strict=True)), **options}
    rows = Rows(operation, arguments.pop(scan.lengths, None), getattr(step, "scans", ""))
    backward = rows.reads_backward(reverse=bool(scan.reversible and arguments.pop("reverse", 0)))
    sizes, leading = sizes_of(operation, arguments), leading_of(operation, arguments)
    along = operation.along_scan(n for n, x in arguments.items() if x is not None)
    fixed = {n: x for n, x in arguments.items() if n not in along and n not in scan.states}
    states = {n: arguments.get(n) for n in scan.states}
    for name, state in states.items():
        if state is None or rows.how == FROM_ZEROS:
            states[name] = np.zeros(shape_of(operation.declared[name], leading, sizes))
    after, places = states, operation.along_scan(operation.outputs)
    columns: dict[str, list[Any]] = {name: [] for name in places}
    order = range(sizes[scan.axis])
    for t in reversed(order) if backward else order:
        here = {n: at(arguments[n], place, t) for n, place in along.items()}
        found = step(**fixed, **here, **states)
        new, outputs = taken_apart(operation, step, found, states)
        for name, column in columns.items():
            column.append(rows.zeros_beyond(name, outputs[name], column[-1:], t))
        after = {n: rows.still_beyond(n, state, after[n], t) for n, state in new.items()}
        states = {
            n: rows.still_beyond(n, followed(operation, n, state, seen or {}, t), states[n], t)
            for n, state in after.items()
        }
    last = {output: after[n] for n, shown in scan.states.items() for output in shown}
    if backward and rows.how != AS_READ:
        columns = {name: column[::-1] for name, column in columns.items()}
    return tuple(
        stacked(columns[n], places[n], shape_of(operation.declared[n], leading, sizes))
        if n in columns
        else last[n]
        for n in operation.outputs
    )


def sizes_of(operation: "Own", arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sizes of letters, and the numbers that axes may name."""
    arrays = {n: arguments[n] for n in operation.arrays}
    numbers = {n: arguments[n] for n in operation.numbers if n in arguments}
    return {**operation.options, **numbers, **operation.sizes_in(arrays, numbers)}


def leading_of(operation: "Own", arguments: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the sizes of the axes of any number."""
    for name in operation.arrays:
        if operation.declared[name].has_leading:
            shape = tuple(arguments[name].shape)
            return shape[: len(shape) + 1 - len(operation.axes(name))]
    return ()


def at(array: Array, place: int, t: int) -> Array:
    """Return one step of an array; place: of the axis, from the end."""
    return array[(slice(None),) * (len(array.shape) + place) + (t,)]


def stacked(steps: list[Any], place: int, shape: tuple[int, ...]) -> Array:
    """Return an output of all steps; of none an empty one of a shape."""
    return np.stack(steps, axis=len(shape) + place) if steps else np.zeros(shape)


def taken_apart(
    operation: "Own", step: Step, found: Any, before: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the states after a step and the outputs of the step. Raises ValueError."""
    scan = operation.scan
    assert scan is not None
    given = tuple(found) if isinstance(found, (tuple, list)) else (found,)
    own = [n for n in operation.outputs if n not in scan.shown]
    if len(given) != len(before) + len(own):
        raise ValueError(
            f"a step of {operation.name} returned {len(given)} arrays; it returns the states and "
            f"then the outputs: {', '.join([*before, *own])}"
        )
    after = dict(zip(before, given, strict=False))
    for name, state in after.items():
        if np.shape(state) != np.shape(before[name]):
            raise ValueError(
                f"a step of {operation.name} returned the state {name} with shape "
                f"{np.shape(state)}; it was given {np.shape(before[name])}"
            )
    outputs = dict(zip(own, given[len(before) :], strict=True))
    shown = {o: after[n] for n, several in scan.states.items() for o in several}
    return after, {**outputs, **shown}


def followed(operation: "Own", name: str, state: Any, seen: Mapping[str, Array], t: int) -> Any:
    """Return the state that the next step starts from: the implementation's own, where it shows."""
    assert operation.scan is not None
    shown = [n for n in operation.scan.states[name] if n in seen]
    if not shown or not isinstance(state, Rounding):
        return state
    place = operation.along_scan(shown)[shown[0]]
    return ball(at(seen[shown[0]], place, t), state.arithmetic)


def expected_of_scan(
    operation: str, seen: dict[str, Array], *arguments: Any, arithmetic: Arithmetic, **options: Any
) -> tuple[Expected, ...]:
    """Return what a scan gives, each step from the implementation's own states `seen`."""
    given = [lifted(x, arithmetic) for x in arguments]
    named = {name: lifted(x, arithmetic) for name, x in options.items()}
    with np.errstate(all="ignore"):
        found = reference.OWN[operation].outputs_of(given, named, seen)  # type: ignore[attr-defined]
        return unpacked(found, arithmetic)

"""Misreadings of an own operation's arguments: lines put in front of its first statement.

An option that is not read or has another value, an array that is left out or exchanged with
another, a gradient that is lost.
"""

from collections.abc import Iterator

from seqlaws.properties.inputs.options import Choice, Flag, Integer
from seqlaws.properties.own.kinds import ArrayOption, Number, OneOf
from seqlaws.properties.own.operation import Own

EPSILONS = ("0.0", "1e-12", "1e-8", "1e-6", "1e-5", "1e-3")
SMALL = 1e-2  # a default below it is an epsilon
GRADIENTS = {
    "detached": "no gradient of",
    "halved": "half the gradient of",
    "doubled": "twice the gradient of",
    "negated": "minus the gradient of",
}
Line = tuple[str, str, bool]  # a name that reads well after "with", a line, of the gradient alone


def changed_arguments(operation: Own) -> Iterator[Line]:
    """Yield the lines, the likely ones first."""
    yield from of_options(operation)
    names = [n for n in operation.arrays_of_a_step if not operation.declared[n].is_whole]
    yield from (
        (f"{one} and {other} exchanged", f"{one}, {other} = {other}, {one}", False)
        for k, one in enumerate(names)
        for other in names[k + 1 :]
        if operation.declared[one] == operation.declared[other]
    )
    for name in names:
        yield f"ones for {name}", f"{name} = {name} * 0.0 + 1.0", False
        yield f"zeros for {name}", f"{name} = {name} * 0.0", False
        yield f"one plus {name}", f"{name} = {name} + 1.0", False
        yield f"the magnitude of {name}", f"{name} = np.abs({name})", False
    for name in names:
        yield from of_axes(operation, name)
    if operation.differentiable:
        for name in names:
            yield from of_rows(operation, name)
        yield from (
            (f"{said} {name}", f"{name} = {made}({name})", True)
            for made, said in GRADIENTS.items()
            for name in names
        )


def of_axes(operation: Own, name: str) -> Iterator[Line]:
    """Yield an array whose first entry along an axis stands for all, or that is read backwards."""
    for letter, axis in inner_axes(operation, name):
        first = f"{name} = first_for_all({name}, {axis})"
        back = f"{name} = np.flip({name}, {axis})"
        yield f"the first {letter} of {name} for all", first, False
        yield f"the {letter} of {name} read backwards", back, False


def inner_axes(operation: Own, name: str) -> Iterator[tuple[str, int]]:
    """Yield the letter and the place, from the end, of each axis that is none of a batch."""
    axes = [a for a in operation.declared[name].axes.split() if a != operation.scan_axis]
    for k, letter in enumerate(axes):
        if letter not in ("...", *operation.batch):
            yield letter, k - len(axes)


def turned_gradients(operation: Own) -> Iterator[Line]:
    """Yield gradients that are read backwards, or taken with another array turned round."""
    if not operation.differentiable:
        return
    for name in operation.arrays_of_a_step:
        if operation.declared[name].is_whole:
            continue
        said = f"minus {name} in the gradients of the others"
        yield said, f"{name} = in_gradient(-{name}, {name})", True
        for letter, axis in inner_axes(operation, name):
            flipped = f"np.flip({name}, {axis})"
            said = f"the {letter} of the gradient of {name} read backwards"
            yield said, f"{name} = in_gradient({name}, {flipped})", True
            said = f"the {letter} of {name} read backwards in the gradients of the others"
            yield said, f"{name} = in_gradient({flipped}, {name})", True


def of_rows(operation: Own, name: str) -> Iterator[Line]:
    """Yield the gradient of one row alone, or of their mean, where rows share an array."""
    axes = operation.declared[name].axes.split()
    for other in operation.arrays:
        wider = [a for a in operation.declared[other].axes.split() if a != operation.scan_axis]
        if len(wider) > len(axes) and wider[len(wider) - len(axes) :] == axes:
            for said in ("first", "last"):
                line = f"{name} = of_one_row({name}, {other}, {said == 'last'})"
                yield f"the gradient of {name} from the {said} row alone", line, True
            line = f"{name} = of_the_mean_row({name}, {other})"
            yield f"the gradient of {name} averaged over rows", line, True
            return


def of_options(operation: Own) -> Iterator[Line]:
    """Yield options that are ignored, inverted, or have another value."""
    for name, kind in operation.kinds.items():
        default = operation.options.get(name)
        if name in operation.options:
            yield f"{name} ignored", f"{name} = {default!r}", False
        if isinstance(kind, Flag):
            yield f"{name} inverted", f"{name} = not {name}", False
        if isinstance(kind, ArrayOption) and kind.declared.domain == "bool":
            yield f"{name} inverted", f"{name} = None if {name} is None else ~{name}", False
        if isinstance(kind, Number):
            small = isinstance(default, float) and 0 < default < SMALL
            for value in EPSILONS if small else ("0.0", "1.0"):
                said = f"no {name}" if float(value) == 0 else f"{name} = {value}"
                yield said, f"{name} = {value}", False
            yield f"{name} squared", f"{name} = {name} * {name}", False
        if isinstance(kind, (Flag, Choice, OneOf)):
            for given in kind.values():
                yield f"{name} always {given!r}", f"{name} = {given!r}", False
        if isinstance(kind, Integer):
            yield f"one more than {name}", f"{name} = {name} + 1", False
            yield f"one less than {name}", f"{name} = {name} - 1", False

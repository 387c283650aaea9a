"""Misreadings that round results towards zero, as a cast that cuts the digits off does.

Every wrong entry is then too near to zero, by up to a unit in the last place.
"""

from seqlaws.properties.misreadings.edits import Misreading, edit, misreading
from seqlaws.properties.misreadings.positions import TURN

RESULTS, GRADIENTS = "results rounded towards zero", "gradients rounded towards zero"
TURN_BACK = "dy1 * cos + dy2 * sin, dy2 * cos - dy1 * sin"
CUT = "towards_zero({})".format


def results(operation: str, *pairs: tuple[str, str], module: str = "") -> Misreading:
    """Rounded results of an operation: each text that returns some, and what it becomes."""
    place = f"{module or operation}: {operation}"
    return misreading(RESULTS, operation, *(edit(place, *pair) for pair in pairs))


def gradients(operation: str, old: str, new: str, module: str = "") -> Misreading:
    """Rounded gradients."""
    place = f"{module or operation}: {operation}_vjp"
    return misreading(GRADIENTS, operation, edit(place, old, new), gradients=True)


def cut(*names: str) -> str:
    """Several values, each rounded."""
    return ", ".join(map(CUT, names))


def moved(name: str) -> tuple[str, str]:
    """An array whose last axis goes back to its place."""
    text = f"np.moveaxis({name}, -1, axis)"
    return f"+{text}", CUT(text)


STATES = f"[{CUT('z')} for z in y], batch, hidden)"
OUT = "matmul_where(counted(allowed, fully_masked), p, v)"
DQ, DK, DV = "dq", "over_group(dk, group)", "over_group(dv, group)"

MISREADINGS = (
    results("softmax", moved("p")),
    results("attention", (f"+{OUT}", CUT(OUT))),
    results("layer_norm", ("+(+normalised * weight + bias)", CUT("(+normalised * weight + bias)"))),
    results(
        "rotary_embedding",
        (f"+together({TURN}, interleaved)", CUT(f"together({TURN}, interleaved)")),
        module="positions",
    ),
    results("rnn", ("y, batch, hidden), +h", f"{STATES}, {cut('h')}")),
    results("gru", ("y, batch, hidden), +h", f"{STATES}, {cut('h')}")),
    results("lstm", ("y, batch, hidden), +h, +c", f"{STATES}, {cut('h', 'c')}")),
    results("lstm_gates", ("+i, +f, +g, +o", cut("i", "f", "g", "o")), module="lstm"),
    gradients("softmax", *moved("dx")),
    gradients("attention", f"+{DQ}, +{DK}, +{DV}", cut(DQ, DK, DV)),
    gradients("layer_norm", "+dx, +dw, +db", cut("dx", "dw", "db")),
    gradients(
        "rotary_embedding",
        f"+together({TURN_BACK}, interleaved)",
        CUT(f"together({TURN_BACK}, interleaved)"),
        module="positions",
    ),
)

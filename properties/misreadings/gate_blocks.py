"""Misreadings of gated cells: one gate's block read for another's, slopes, padded steps."""

from collections.abc import Iterator
from itertools import permutations

from seqlaws.properties.misreadings.edits import Misreading, edit, misreading
from seqlaws.properties.misreadings.recurrent import CARRIED, arguments
from seqlaws.properties.misreadings.recurrent_gradients import returned

LSTM, GRU = ("input", "forget", "candidate", "output"), ("reset", "update", "new")
PARAMETERS = {  # and where their gradients stand among all
    "weight_ih": ("weight_ih",),
    "weight_hh": ("weight_hh",),
    "bias_ih": ("bias_ih",),
    "bias_hh": ("bias_hh",),
    "biases": ("bias_ih", "bias_hh"),
    "weights": ("weight_ih", "weight_hh"),
    "rows": ("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
}
FIRST = {"lstm": 3, "gru": 2, "lstm_gates": 2}  # place of the gradient of weight_ih
ORDER = PARAMETERS["rows"]
MASKED = "x, dy = np.where(exists, x, 0),"
LOOP = "gates(x[:, t], h, *parameters)\n        c_after"


def blocks(gates: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """One gate's block for another's, for all others but one, or for all; the blocks then."""
    every = range(len(gates))
    for a, b in permutations(every, 2):
        said = f"the {gates[b]} gate's {{}} for "
        yield f"{said}the {gates[a]} gate's", tuple(b if k == a else k for k in every)
        yield f"{said}all but the {gates[a]} gate's", tuple(a if k == a else b for k in every)
    for b in every:
        yield f"the {gates[b]} gate's {{}} for every gate", (b,) * len(gates)


def read(name: str, operations: str, what: str, order: tuple[int, ...]) -> Misreading:
    """Blocks of the parameters in the place of others."""
    places = ", ".join(map(str, order))
    line = "; ".join(f"{p} = rows({p}, {places})" for p in PARAMETERS[what])
    return arguments(name.format(what), line, operations)


def given(name: str, operation: str, what: str, order: tuple[int, ...]) -> Misreading:
    """Blocks of the gradients in the place of others."""
    places = ", ".join(map(str, order))
    at = [FIRST[operation] + ORDER.index(p) for p in PARAMETERS[what]]
    said = f"the gradient of {name.format(what)}"
    return returned(said, operation, dict.fromkeys(at, f"rows(g, {places})"))


def slope(gate: str, *changes: tuple[str, str]) -> Misreading:
    """The slope of a gate taken at its value, as if that were what goes into it."""
    edits = (edit("lstm: preactivation_gradient", old, new) for old, new in changes)
    name = f"{gate} slope at the gate's value"
    return misreading(name, "lstm lstm_gates", *edits, gradients=True)


SIGMOIDS = [(f"{g} * (1 - {g})", f"sigmoid({g}) * (1 - sigmoid({g}))") for g in ("i", "f", "o")]
TANH = ("1 - g * g", "1 - np.tanh(g) * np.tanh(g)")


def kept_before_the_sigmoid(gate: str, letter: str, block: str) -> Misreading:
    """What gru's vjp has of a gate is what goes into its sigmoid."""
    kept = "(+r, +z, +n, +m, h)"
    before = f"preactivation(x[:, t], h, *(w[{block}] for w in parameters))"
    return misreading(
        f"the {gate} gate kept for the gradient before its sigmoid",
        "gru",
        edit("gru: gru_vjp", kept, kept.replace(f"+{letter},", f"+{before},")),
        gradients=True,
    )


MISREADINGS = (
    *(
        read(name, operations, what, order)
        for operations, gates in (("lstm lstm_gates", LSTM), ("gru", GRU))
        for name, order in blocks(gates)
        for what in PARAMETERS
    ),
    *(
        given(name, operation, what, order)
        for operation, gates in (("lstm", LSTM), ("lstm_gates", LSTM), ("gru", GRU))
        for name, order in blocks(gates)
        for what in PARAMETERS
    ),
    *(
        slope(gate, change)
        for gate, change in zip(("input", "forget", "output"), SIGMOIDS, strict=True)
    ),
    slope("candidate", TANH),
    slope("sigmoid's", *SIGMOIDS),
    slope("every", *SIGMOIDS, TANH),
    misreading(
        "reset gate's slope at the gate's value",
        "gru",
        edit("gru: gru_cell_gradient", "(r * (1 - r))", "(sigmoid(r) * (1 - sigmoid(r)))"),
        gradients=True,
    ),
    kept_before_the_sigmoid("reset", "r", ":hidden"),
    kept_before_the_sigmoid("update", "z", "hidden : 2 * hidden"),
    misreading(
        "update gate's slope at the gate's value",
        "gru",
        edit("gru: gru_cell_gradient", "(z * (1 - z))", "(sigmoid(z) * (1 - sigmoid(z)))"),
        gradients=True,
    ),
    misreading(
        "slope at the activation's value",
        "rnn",
        edit("rnn: SLOPE", "1 - h * h", "1 - np.tanh(h) * np.tanh(h)"),
        edit("rnn: SLOPE", "h * (1 - h)", "sigmoid(h) * (1 - sigmoid(h))"),
        gradients=True,
    ),
    *(
        misreading(
            "padded steps that change the state",
            o,
            edit(f"{o}: {o}, {o}_vjp", "h = np.where(exists[:, t], after, h)", "h = after"),
            edit(f"{o}: {o}", "    x = np.where(exists, x, 0)\n", ""),
            edit(f"{o}: {o}_vjp", MASKED, f"unread, {MASKED.replace('= ', '= x, ')}"),
            edit(f"{o}: {o}_vjp", f"{o}_cell(x[", f"{o}_cell(unread["),
        )
        for o in ("rnn", "gru")
    ),
    *(
        misreading(
            f"padded steps that change the {state} state",
            "lstm",
            edit("lstm: lstm, lstm_vjp", CARRIED, new),
            edit("lstm: lstm", "    x = np.where(exists, x, 0)\n", ""),
            edit("lstm: lstm_vjp", MASKED, f"unread, {MASKED.replace('= ', '= x, ')}"),
            edit("lstm: lstm_vjp", LOOP, LOOP.replace("x[", "unread[")),
        )
        for state, new in (
            ("cell", "c, h = c_after, np.where(exists[:, t], h_after, h)"),
            ("hidden", "c, h = np.where(exists[:, t], c_after, c), h_after"),
            ("hidden and the cell", "c, h = c_after, h_after"),
        )
    ),
)

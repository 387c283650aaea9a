"""Misreadings that rnn, lstm and gru share: biases, weights, states, lengths, direction."""

from seqlaws.properties.misreadings.edits import Edit, Misreading, before, edit, misreading

LOOPS = "rnn lstm gru"
PARAMETERS = "parameters = weight_ih, weight_hh, bias_ih, bias_hh"
PRODUCTS = "products = x @ transpose(weight_ih) + h @ transpose(weight_hh)"
GATES = "i, f, g, o = gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)"
EXIST = "return (np.arange(time) < lengths[:, None])[..., None]"
FORWARD, BACKWARD = "range(time)", "range(time - 1, -1, -1)"
ORDER = f"return {BACKWARD} if reverse else {FORWARD}"
AFTER = "after" + ", 0)"
RETURNED = {
    "rnn": "return along_time(y, batch, hidden), +h",
    "lstm": "return along_time(y, batch, hidden), +h, +c",
    "gru": "return along_time(y, batch, hidden), +h",
}
CARRIED = "c, h = np.where(exists[:, t], c_after, c), np.where(exists[:, t], h_after, h)"
WRITTEN = {
    "rnn": "y[t] = np.where(exists[:, t], after, 0)",
    "lstm": "y[t] = np.where(exists[:, t], h_after, 0)",
    "gru": "y[t] = np.where(exists[:, t], after, 0)",
}


def arguments(
    name: str, line: str, operations: str = f"{LOOPS} lstm_gates", old: str = PARAMETERS
) -> Misreading:
    """Something done to the arguments before all else."""
    edits: tuple[Edit, ...] = ()
    for operation in operations.split():
        if operation == "lstm_gates":
            edits += before("lstm: lstm_gates", GATES, line)
        else:
            edits += before(f"{operation}: {operation}, {operation}_vjp", old, line)
    return misreading(name, operations, edits)


def looped(name: str, line: str, operations: str = LOOPS) -> Misreading:
    """The same of what lstm_gates does not have."""
    return arguments(name, line, operations)


def order(name: str, new: str) -> Misreading:
    """Other steps, or in another order."""
    return misreading(name, LOOPS, edit("steps: reading_order", ORDER, f"return {new}"))


def exist(name: str, new: str) -> Misreading:
    """Other steps that exist."""
    return misreading(name, LOOPS, edit("steps: existing_steps", EXIST, f"return {new}"))


def returned(name: str, line: str, operations: str = LOOPS) -> Misreading:
    """Something done to y and the final state before they are returned."""
    edits = [before(f"{o}: {o}", RETURNED[o], line) for o in operations.split()]
    return misreading(name, operations, *edits)


def written(name: str, line: str, operations: str = LOOPS) -> Misreading:
    """Something done after a step's y is written."""
    edits = [
        edit(f"{o}: {o}", WRITTEN[o], f"{WRITTEN[o]}\n        {line}") for o in operations.split()
    ]
    return misreading(name, operations, *edits)


def carried(name: str, old: str, new: str, operations: str = LOOPS) -> Misreading:
    """Something else in the loop of the forward."""
    edits = [edit(f"{o}: {o}", old, new) for o in operations.split()]
    return misreading(name, operations, *edits)


EXISTS = 'exists = existing_steps("{}", lengths, batch, time)'
TURNED = "exists = exists[:, ::-1] if reverse else exists"
HERE = "here = np.where(exists[:, t], 1.0, 0.0)\n        "
HALVES = "(None if lengths is None else {})"

MISREADINGS = (
    looped("h0 ignored", "h0 = nothing(h0)"),
    looped("c0 ignored", "c0 = nothing(c0)", "lstm"),
    looped("h0 and c0 ignored", "h0, c0 = nothing(h0), nothing(c0)", "lstm"),
    looped("h0 and c0 swapped", "h0, c0 = c0, h0", "lstm"),
    looped("h0 for c0", "c0 = h0", "lstm"),
    looped("c0 for h0", "h0 = c0", "lstm"),
    arguments("h ignored", "h = nothing(h)", "lstm_gates"),
    arguments("x ignored", "x = nothing(x)"),
    arguments("bias_ih missing", "bias_ih = nothing(bias_ih)"),
    arguments("bias_hh missing", "bias_hh = nothing(bias_hh)"),
    arguments("both biases missing", "bias_ih, bias_hh = nothing(bias_ih), nothing(bias_hh)"),
    arguments("bias_ih doubled", "bias_ih = 2 * bias_ih"),
    arguments("bias_hh doubled", "bias_hh = 2 * bias_hh"),
    arguments("both biases doubled", "bias_ih, bias_hh = 2 * bias_ih, 2 * bias_hh"),
    arguments("bias_hh for bias_ih", "bias_ih = bias_hh"),
    arguments("bias_ih for bias_hh", "bias_hh = bias_ih"),
    arguments("bias_ih subtracted", "bias_ih = -bias_ih"),
    arguments("bias_hh subtracted", "bias_hh = -bias_hh"),
    *(
        looped(
            f"the biases of the first tile of {n} units for all",
            f"bias_ih, bias_hh = (of_first_tile(b, h0.shape[1], {n}) for b in (bias_ih, bias_hh))",
        )
        for n in (16, 32, 64, 128)
    ),
    arguments("biases swapped", "bias_ih, bias_hh = bias_hh, bias_ih", "gru"),
    arguments("transposed weight_hh", "weight_hh = transpose(weight_hh)", "rnn"),
    arguments("transposed weight_ih", "weight_ih = transpose(weight_ih)", "rnn"),
    arguments(
        "both weights transposed",
        "weight_ih, weight_hh = transpose(weight_ih), transpose(weight_hh)",
        "rnn",
    ),
    arguments("weight_ih and weight_hh swapped", "weight_ih, weight_hh = weight_hh, weight_ih"),
    arguments("weight_ih for weight_hh", "weight_hh = weight_ih"),
    arguments("weight_hh for weight_ih", "weight_ih = weight_hh"),
    arguments(
        "transposed blocks of weight_hh",
        "weight_hh = transposed_blocks(weight_hh)",
        "lstm gru lstm_gates",
    ),
    arguments(
        "transposed blocks of weight_ih",
        "weight_ih = transposed_blocks(weight_ih)",
        "lstm gru lstm_gates",
    ),
    looped("lengths ignored", "lengths = None"),
    looped("reverse ignored", "reverse = False"),
    looped("reverse always on", "reverse = True"),
    looped("reverse inverted", "reverse = not reverse"),
    looped("lengths and reverse ignored", "lengths, reverse = None, False"),
    looped("lengths one more", f"lengths = {HALVES.format('np.minimum(lengths + 1, x.shape[1])')}"),
    looped("lengths one less", f"lengths = {HALVES.format('np.maximum(lengths - 1, 0)')}"),
    looped("lengths of row 0", f"lengths = {HALVES.format('0 * lengths + lengths[:1]')}"),
    looped(
        "lengths of the longest row",
        f"lengths = {HALVES.format('0 * lengths + np.max(lengths, initial=0)')}",
    ),
    looped(
        "lengths of the shortest row",
        f"lengths = {HALVES.format('0 * lengths + np.min(lengths, initial=x.shape[1])')}",
    ),
    looped("lengths sorted", f"lengths = {HALVES.format('np.sort(lengths)[::-1]')}"),
    looped("lengths sorted", f"lengths = {HALVES.format('np.sort(lengths)')}"),
    looped(
        "lengths in the reverse order of the rows", f"lengths = {HALVES.format('lengths[::-1]')}"
    ),
    looped("a length of 0 taken for 1", f"lengths = {HALVES.format('np.maximum(lengths, 1)')}"),
    looped(
        "a length of 0 taken for none given",
        f"lengths = {HALVES.format('np.where(lengths == 0, x.shape[1], lengths)')}",
    ),
    looped(
        "lengths rounded up to a multiple of eight",
        f"lengths = {HALVES.format('np.minimum(-(-lengths // 8) * 8, x.shape[1])')}",
    ),
    looped("h0 of row 0", "h0 = h0[[0] * h0.shape[0]]"),
    looped("h0 in the reverse order of the rows", "h0 = h0[::-1]"),
    looped("c0 of row 0", "c0 = c0[[0] * c0.shape[0]]", "lstm"),
    *(
        looped(f"{what} with {other}", f"{line} if {given} else {kept}", operations)
        for what, line, kept, operations in (
            ("h0 ignored", "h0 = nothing(h0)", "h0", LOOPS),
            ("c0 ignored", "c0 = nothing(c0)", "c0", "lstm"),
            ("lengths ignored", "lengths = None", "lengths", LOOPS),
            ("reverse ignored", "reverse = False", "reverse", LOOPS),
            ("h0 and c0 ignored", "h0, c0 = (nothing(h0), nothing(c0))", "(h0, c0)", "lstm"),
        )
        for other, given in (
            ("reverse", "reverse"),
            ("lengths", "lengths is not None"),
            ("lengths in reverse", "reverse and lengths is not None"),
            ("a single step", "x.shape[1] == 1"),
            ("a single row", "x.shape[0] == 1"),
            ("more than one row", "x.shape[0] > 1"),
        )
        if other not in what and (what, other) != ("reverse ignored", "a single step")
    ),
    order("first step skipped", "range(time - 2, -1, -1) if reverse else range(1, time)"),
    order("last step skipped", "range(time - 1, 0, -1) if reverse else range(time - 1)"),
    order("first step skipped in reverse", f"range(time - 2, -1, -1) if reverse else {FORWARD}"),
    order("last step skipped in reverse", f"range(time - 1, 0, -1) if reverse else {FORWARD}"),
    exist("padding in front of the row", "(np.arange(time) >= time - lengths[:, None])[..., None]"),
    misreading(
        "padding in front of the row in reverse",
        LOOPS,
        *(
            edit(f"{o}: {o}, {o}_vjp", EXISTS.format(o), f"{EXISTS.format(o)}\n    {TURNED}")
            for o in LOOPS.split()
        ),
    ),
    exist("lengths inverted", "(np.arange(time) >= lengths[:, None])[..., None]"),
    *(
        misreading(
            "0 * NaN",
            o,
            edit(f"{o}: {o}", "    x = np.where(exists, x, 0)\n", ""),
            edit(
                f"{o}: {o}",
                WRITTEN[o],
                f"y[t] = np.where(exists[:, t], 1.0, 0.0) * {'h_' * (o == 'lstm')}after",
            ),
            edit(f"{o}: {o}", old, new),
        )
        for o, old, new in (
            (
                "rnn",
                "h = np.where(exists[:, t], after, h)",
                f"{HERE}h = here * after + (1 - here) * h",
            ),
            (
                "gru",
                "h = np.where(exists[:, t], after, h)",
                f"{HERE}h = here * after + (1 - here) * h",
            ),
            (
                "lstm",
                CARRIED,
                f"{HERE}c, h = here * c_after + (1 - here) * c, here * h_after + (1 - here) * h",
            ),
        )
    ),
    returned("y not flipped back", "y = y[::-1] if reverse else y"),
    returned("y flipped whatever the direction", "y = y[::-1]"),
    returned("h_n at the wrong end", "h = y[-1] if reverse and time else h"),
    returned("h_n of the last column", "h = y[-1] if time else h"),
    returned("h_n of the last column", "h = y[-1] if time and not reverse else h"),
    returned("h_n of the first column", "h = y[0] if time else h"),
    returned(
        "h_n one step early", "h = y[1 if reverse else -2] if time > 1 and lengths is None else h"
    ),
    returned("h_n one step early", "h = y[1 if reverse else -2] if time > 1 else h"),
    returned("h0 for h_n", "h = h0"),
    returned("h_n zero", "h = nothing(h)"),
    returned("c_n zero", "c = nothing(c)", "lstm"),
    returned("h_n and c_n swapped", "h, c = c, h", "lstm"),
    returned("h_n for c_n", "c = h", "lstm"),
    returned("c_n for h_n", "h = c", "lstm"),
    returned("the tanh of the cell state for c_n", "c = np.tanh(c)", "lstm"),
    returned("h_n zero for a row of length 0", "h = np.where(np.any(exists, axis=1), h, 0)"),
    returned("h_n zero without steps", "h = h if time else nothing(h)"),
    returned(
        "the last state repeated in the padding",
        "y = [np.where(exists[:, t], y[t], h) for t in range(time)]",
    ),
    misreading(
        "the state goes on in y where a step does not exist",
        LOOPS,
        *(edit(f"{o}: {o}", WRITTEN[o], WRITTEN[o].replace(", 0)", ", h)")) for o in LOOPS.split()),
    ),
    returned(
        "the last state repeated in the padding",
        "y = y if reverse else [np.where(exists[:, t], y[t], h) for t in range(time)]",
    ),
    returned(
        "y with time before the rows", "y = list(np.swapaxes(np.stack(y), 0, 1)) if time else y"
    ),
    returned(
        "y of the row before", "y = [one[[max(r - 1, 0) for r in range(batch)]] for one in y]"
    ),
    returned("the first row's y for all", "y = [one[[0] * batch] for one in y]"),
    returned("y one step late", "y = [h0, *y[:-1]] if time else y"),
    returned("the rows of y in the reverse order", "y = [one[::-1] for one in y]"),
    misreading(
        "the state before the step in y",
        "rnn gru",
        *(
            edit(f"{o}: {o}", WRITTEN[o], "y[t] = np.where(exists[:, t], before, 0)")
            + edit(
                f"{o}: {o}",
                "h = np.where(exists[:, t], after, h)",
                "before, h = h, np.where(exists[:, t], after, h)",
            )
            for o in ("rnn", "gru")
        ),
    ),
    carried("c in the place of h in y", "h_after, 0)", "c_after, 0)", "lstm"),
    carried(
        "the state runs on through the padding",
        "h = np.where(exists[:, t], after, h)",
        "h = after",
        "rnn gru",
    ),
    carried(
        "y not zero in the padding",
        "y[t] = np.where(exists[:, t], after, 0)",
        "y[t] = after",
        "rnn gru",
    ),
    carried(
        "the state starts anew at every step",
        "h = np.where(exists[:, t], after, h)",
        "h = h0",
        "rnn gru",
    ),
)

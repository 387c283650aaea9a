"""Misreadings of the cells of lstm and gru: the order of the gates, and what they do."""

from itertools import permutations

from seqlaws.properties.misreadings.edits import Misreading, edit, misreading
from seqlaws.properties.misreadings.recurrent import CARRIED, arguments, carried
from seqlaws.properties.misreadings.rnn import TANH_OF_LSTM, candidates

SPLIT = "i, f, g, o = a[..., :n], a[..., n : 2 * n], a[..., 2 * n : 3 * n], a[..., 3 * n :]"
CELL = "c = +(f * c + i * g)"
GRADIENT = "return +np.concatenate(slopes, axis=-1)"
NEW = "+either((1 - z) * n + z * h, n + z * (h - n))"
PRODUCT, TANH = "m = h @ transpose(w_hn) + b_hn", "n = np.tanh(x @ transpose(w_in) + b_in + r * m)"
BEFORE = "n = np.tanh(preactivation(x, +(r * h), w_in, w_hn, b_in, b_hn))"
LSTM = "lstm lstm_gates"


def split(name: str, new: str, gradient: str = "") -> Misreading:
    """Other rows for the gates."""
    edits = edit("lstm: gates", SPLIT, new)
    if gradient:
        edits += edit("lstm: preactivation_gradient", GRADIENT, gradient)
    return misreading(name, LSTM, edits)


def ordered(order: str) -> Misreading:
    """The four row blocks in another order."""
    back = ", ".join(f"slopes[{'ifgo'.index(gate)}]" for gate in order)
    return split(
        f"gate order {','.join(order)}",
        SPLIT.replace("i, f, g, o", ", ".join(order)),
        f"return +np.concatenate([{back}], axis=-1)",
    )


def blocks(order: tuple[str, ...]) -> Misreading:
    """The three row blocks in another order."""
    places = ", ".join(str(order.index(gate)) for gate in ("reset", "update", "new"))
    parameters = "weight_ih, weight_hh, bias_ih, bias_hh"
    line = f"{parameters} = (rows(w, {places}) for w in ({parameters}))"
    return arguments(f"gate order {','.join(order)}", line, "gru")


def gates(name: str, new: str) -> Misreading:
    """Other functions of the pre-activations."""
    return misreading(name, LSTM, edit("lstm: gates", TANH_OF_LSTM, f"return {new}"))


def cell(name: str, *changes: tuple[str, str]) -> Misreading:
    """Another step of the cell state."""
    return misreading(name, "lstm", *(edit("lstm: carry", old, new) for old, new in changes))


def step(name: str, *changes: tuple[str, str]) -> Misreading:
    """Another step of gru."""
    return misreading(name, "gru", *(edit("gru: gru_cell", old, new) for old, new in changes))


def block_of_bias(operation: str, gate: str, bias: str, block: int, of: int) -> Misreading:
    """One gate without one of its biases."""
    line = f"{bias} = without_block({bias}, {block}, {of})"
    return arguments(f"{bias} of the {gate} gate missing", line, operation)


LSTM_GATES = ("input", "forget", "candidate", "output")
GRU_GATES = ("reset", "update", "new")

MISREADINGS = (
    *(ordered("".join(p)) for p in permutations("ifgo") if "".join(p) != "ifgo"),
    split("gates interleaved", "i, f, g, o = (a[..., k::4] for k in range(4))"),
    misreading(
        "returned as i,f,o,g",
        "lstm_gates",
        edit("lstm: lstm_gates", "return +i, +f, +g, +o", "return +i, +f, +o, +g"),
    ),
    misreading(
        "returned as f,i,g,o",
        "lstm_gates",
        edit("lstm: lstm_gates", "return +i, +f, +g, +o", "return +f, +i, +g, +o"),
    ),
    gates("sigmoid for the candidate", "sigmoid(i), sigmoid(f), sigmoid(g), sigmoid(o)"),
    gates("relu for the candidate", "sigmoid(i), sigmoid(f), relu(g), sigmoid(o)"),
    gates("candidate not activated", "sigmoid(i), sigmoid(f), g, sigmoid(o)"),
    gates("output gate not activated", "sigmoid(i), sigmoid(f), np.tanh(g), o"),
    gates("tanh for the output gate", "sigmoid(i), sigmoid(f), np.tanh(g), np.tanh(o)"),
    gates("tanh for the input gate", "np.tanh(i), sigmoid(f), np.tanh(g), sigmoid(o)"),
    gates("tanh for the forget gate", "sigmoid(i), np.tanh(f), np.tanh(g), sigmoid(o)"),
    gates("tanh and sigmoid swapped", "np.tanh(i), np.tanh(f), sigmoid(g), np.tanh(o)"),
    gates("pre-activations returned", "i, f, g, o"),
    gates("forget bias 1", "sigmoid(i), sigmoid(f + 1), np.tanh(g), sigmoid(o)"),
    gates("forget gate inverted", "sigmoid(i), 1 - sigmoid(f), np.tanh(g), sigmoid(o)"),
    gates("input gate inverted", "1 - sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)"),
    gates("output gate inverted", "sigmoid(i), sigmoid(f), np.tanh(g), 1 - sigmoid(o)"),
    *(
        block_of_bias(LSTM, gate, bias, k, 4)
        for k, gate in enumerate(LSTM_GATES)
        for bias in ("bias_ih", "bias_hh")
    ),
    cell("coupled input and forget gate", (CELL, "c = +(f * c + (1 - f) * g)")),
    cell("coupled input and forget gate", (CELL, "c = +((1 - i) * c + i * g)")),
    cell("forget gate squared", (CELL, "c = +(f * f * c + i * g)")),
    cell("forget gate missing", (CELL, "c = +(c + i * g)")),
    cell("input gate missing", (CELL, "c = +(f * c + g)")),
    cell("output gate missing", ("+(o * s)", "+s")),
    cell("candidate missing", (CELL, "c = +(f * c + i)")),
    cell("input and forget gate swapped in the cell", (CELL, "c = +(i * c + f * g)")),
    cell("tanh of the cell state missing", ("+(o * s)", "+(o * c)")),
    cell("sigmoid of the cell state", ("s = np.tanh(c)", "s = sigmoid(c)")),
    cell("relu of the cell state", ("s = np.tanh(c)", "s = relu(c)")),
    cell(
        "output of the old cell state",
        (f"{CELL}\n    s = np.tanh(c)", f"s = np.tanh(c)\n    {CELL}"),
    ),
    cell("tanh kept as the cell state", ("return c, s,", "return s, s,")),
    *(
        cell("cell state clipped", (CELL, f"c = clip(f * c + i * g, -{bound}, {bound})"))
        for bound in (1, 2, 3, 5, 10, 20, 50)
    ),
    *(
        cell("cell state decays", (CELL, f"c = +((f * c + i * g) * {factor})"))
        for factor in ("0.9", "0.99", "0.999", "0.9999", "(1 - 1e-5)")
    ),
    *(
        carried(
            "cell state decays",
            CARRIED,
            CARRIED.replace("c_after,", f"c_after * {factor},"),
            "lstm",
        )
        for factor in ("0.9", "0.99", "0.999", "0.9999", "(1 - 1e-5)")
    ),
    *(
        carried(
            "cell state clipped",
            CARRIED,
            CARRIED.replace("c_after,", f"clip(c_after, -{bound}, {bound}),"),
            "lstm",
        )
        for bound in (1, 5, 10)
    ),
    cell("f + 1 for the forget gate", (CELL, "c = +((f + 1) * c + i * g)")),
    cell("hidden state for the cell state", ("return c, s,", "return +(o * s), s,")),
    *(blocks(order) for order in permutations(GRU_GATES) if order != GRU_GATES),
    arguments("reset after", "reset_after = True", "gru"),
    arguments("reset before", "reset_after = False", "gru"),
    arguments("reset_after inverted", "reset_after = not reset_after", "gru"),
    arguments("reset after in reverse", "reset_after = reset_after or reverse", "gru"),
    arguments("reset before in reverse", "reset_after = reset_after and not reverse", "gru"),
    arguments(
        "reset after with lengths", "reset_after = reset_after or lengths is not None", "gru"
    ),
    arguments("reset before with lengths", "reset_after = reset_after and lengths is None", "gru"),
    arguments("reverse ignored with reset before", "reverse = reverse and reset_after", "gru"),
    *(
        block_of_bias("gru", gate, bias, k, 3)
        for k, gate in enumerate(GRU_GATES)
        for bias in ("bias_ih", "bias_hh")
    ),
    step("z for 1 - z", (NEW, "+(z * n + (1 - z) * h)")),
    step("update gate ignored", (NEW, "+n")),
    step("the old state whole", (NEW, "+((1 - z) * n + h)")),
    step("the candidate whole", (NEW, "+(n + z * h)")),
    step("the old state missing", (NEW, "+((1 - z) * n)")),
    step("z on both", (NEW, "+(z * n + z * h)")),
    step(
        "bias_hh outside the reset gate",
        (PRODUCT, "m = h @ transpose(w_hn)"),
        (TANH, "n = np.tanh(x @ transpose(w_in) + b_in + b_hn + r * m)"),
    ),
    step(
        "bias_hh inside the reset gate",
        (BEFORE, "n = np.tanh(x @ transpose(w_in) + b_in + (r * h) @ transpose(w_hn) + r * b_hn)"),
    ),
    step(
        "reset gate missing",
        (TANH, "n = np.tanh(x @ transpose(w_in) + b_in + m)"),
        (BEFORE, "n = np.tanh(preactivation(x, h, w_in, w_hn, b_in, b_hn))"),
    ),
    step(
        "1 - r for the reset gate",
        (TANH, "n = np.tanh(x @ transpose(w_in) + b_in + (1 - r) * m)"),
        (BEFORE, "n = np.tanh(preactivation(x, (1 - r) * h, w_in, w_hn, b_in, b_hn))"),
    ),
    step(
        "reset gate on the whole candidate",
        (TANH, "n = np.tanh(r * (x @ transpose(w_in) + b_in + m))"),
    ),
    step(
        "reset gate on the input's part",
        (TANH, "n = np.tanh(r * (x @ transpose(w_in) + b_in) + m)"),
    ),
    step(
        "reset gate on the new candidate", (TANH, "n = r * np.tanh(x @ transpose(w_in) + b_in + m)")
    ),
    step(
        "update gate for the reset gate",
        (TANH, "n = np.tanh(x @ transpose(w_in) + b_in + z * m)"),
        (BEFORE, "n = np.tanh(preactivation(x, z * h, w_in, w_hn, b_in, b_hn))"),
    ),
    step("both reset gates", (PRODUCT, "m = (r * h) @ transpose(w_hn) + b_hn")),
    *(
        misreading(f"{name} for the candidate", "gru", candidates(f"tanh = lambda z: {f}\n    "))
        for name, f in (("sigmoid", "sigmoid(z)"), ("relu", "relu(z)"), ("nothing", "z"))
    ),
    step(
        "sigmoid for the candidate",
        (TANH, "n = sigmoid(x @ transpose(w_in) + b_in + r * m)"),
        (BEFORE, "n = sigmoid(x @ transpose(w_in) + b_in + r * (h @ transpose(w_hn) + b_hn))"),
    ),
)

"""Misreadings of the activations, and of what is particular to rnn."""

from seqlaws.properties.misreadings.edits import Edit, Misreading, edit, misreading
from seqlaws.properties.misreadings.recurrent import arguments

TANH_OF_LSTM = "return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)"
LSTM = "lstm lstm_gates"


def activation(name: str, which: str, new: str) -> Misreading:
    """Another function for one of rnn's activations: an expression of z."""
    old = {"tanh": '"tanh": np.tanh', "relu": '"relu": relu', "sigmoid": '"sigmoid": sigmoid'}
    return misreading(
        name, "rnn", edit("rnn: ACTIVATION", old[which], f'"{which}": lambda z: {new}')
    )


def sigmoids(name: str, new: str) -> tuple[Misreading, ...]:
    """Another function for every sigmoid: an expression of z."""
    line = f"sigmoid = lambda z: {new}\n    "
    lstm = edit("lstm: gates", TANH_OF_LSTM, line + TANH_OF_LSTM)
    gru = edit("gru: gru_cell", "r, z = sigmoid(", f"{line}r, z = sigmoid(")
    return (
        activation(name, "sigmoid", new),
        misreading(name, LSTM, lstm),
        misreading(name, "gru", gru),
    )


def tanhs(name: str, new: str) -> tuple[Misreading, ...]:
    """Another function for every tanh: an expression of z."""
    line = f"tanh = lambda z: {new}\n    "
    gates = edit("lstm: gates", TANH_OF_LSTM, line + TANH_OF_LSTM.replace("np.tanh", "tanh"))
    cell = edit("lstm: carry", "s = np.tanh(c)", f"{line}s = tanh(c)")
    return (
        activation(name, "tanh", new),
        misreading(name, LSTM, gates),
        misreading(name, "lstm", cell),
        misreading(name, "lstm", gates, cell),
        misreading(name, "gru", candidates(line)),
    )


def candidates(line: str) -> tuple[Edit, ...]:
    """The candidate of gru, in both of its forms, by the function `tanh` of a line before."""
    place = "gru: gru_cell"
    return (
        *edit(place, "    if reset_after:", f"    {line}if reset_after:"),
        *edit(place, "n = np.tanh(x @", "n = tanh(x @"),
        *edit(place, "n = np.tanh(preactivation", "n = tanh(preactivation"),
    )


def pade(numerator: str, denominator: str, limit: str) -> str:
    """A quotient of polynomials up to some |z|, and the sign beyond."""
    return (
        f"np.where(np.abs(np.real(z)) < {limit}, quotient(z * ({numerator}), {denominator}), "
        "np.sign(np.real(z)))"
    )


EXACT_BEYOND = "np.where(np.abs(np.real(z)) < {}, quotient(z * ({}), {}), np.tanh(z))"
THIRD = ("27 + z * z", "27 + 9 * z * z")
SECOND = ("15 + z * z", "15 + 6 * z * z")
FIFTH = ("945 + z * z * (105 + z * z)", "945 + z * z * (420 + 15 * z * z)")
SIXTH = (
    "10395 + z * z * (1260 + 21 * z * z)",
    "10395 + z * z * (4725 + z * z * (210 + z * z))",
)

MISREADINGS = (
    *(
        arguments(
            f"nonlinearity ignored{': ' + kind if kind != 'tanh' else ''}",
            f'nonlinearity = "{kind}"',
            "rnn",
        )
        for kind in ("tanh", "relu", "sigmoid")
    ),
    *(
        arguments(
            f"{a} for {b}",
            f'nonlinearity = "{a}" if nonlinearity == "{b}" else nonlinearity',
            "rnn",
        )
        for a in ("tanh", "relu", "sigmoid")
        for b in ("tanh", "relu", "sigmoid")
        if a != b
    ),
    *(
        arguments(
            f"reverse ignored with {kind}", f'reverse = reverse and nonlinearity != "{kind}"', "rnn"
        )
        for kind in ("tanh", "relu", "sigmoid")
    ),
    arguments(
        "nonlinearity ignored in reverse",
        'nonlinearity = "tanh" if reverse else nonlinearity',
        "rnn",
    ),
    activation("relu6", "relu", "clip(z, 0, 6)"),
    activation("leaky relu", "relu", "np.maximum(z, 0.01 * z)"),
    activation("leaky relu", "relu", "np.maximum(z, 0.1 * z)"),
    activation("leaky relu", "relu", "np.maximum(z, 0.2 * z)"),
    activation("elu for relu", "relu", "np.maximum(z, np.exp(least(z, 0 * z)) - 1)"),
    activation("softplus for relu", "relu", "log_sum_exp(np.stack([z, 0 * z], axis=-1))[..., 0]"),
    activation("the magnitude for relu", "relu", "absolute(z)"),
    activation("no relu", "relu", "z"),
    activation("silu for relu", "relu", "z * sigmoid(z)"),
    activation("the square of relu", "relu", "relu(z) * relu(z)"),
    activation("no tanh", "tanh", "z"),
    activation("no sigmoid", "sigmoid", "z"),
    *sigmoids("hard sigmoid", "clip(0.2 * z + 0.5, 0, 1)"),
    *sigmoids("hard sigmoid", "clip((1 / 6) * z + 0.5, 0, 1)"),
    *sigmoids("hard sigmoid", "clip(0.25 * z + 0.5, 0, 1)"),
    *sigmoids("sigmoid approximated", "0.5 + quotient(0.5 * z, 1 + absolute(z))"),
    *sigmoids("sigmoid approximated", "0.5 + 0.5 * quotient(z, 1 + absolute(z))"),
    *sigmoids("sigmoid that overflows", "exp_with_overflow(z, logistic(z))"),
    *sigmoids("sigmoid of 2z", "logistic(2 * z)"),
    *sigmoids("sigmoid of -z", "logistic(-z)"),
    *sigmoids("tanh for every sigmoid", "np.tanh(z)"),
    *sigmoids("gates not activated", "z"),
    *(
        one
        for limit in (4, 5, 6, 7, 8)
        for one in sigmoids(
            "sigmoid saturates early", f"np.where(np.real(z) > {limit}, 1, logistic(z))"
        )
    ),
    *(
        one
        for limit in (4, 5, 6, 8)
        for one in sigmoids(
            "sigmoid saturates early",
            f"np.where(np.abs(np.real(z)) > {limit}, (np.real(z) > 0) * 1.0, logistic(z))",
        )
    ),
    *tanhs("hard tanh", "clip(z, -1, 1)"),
    *tanhs("tanh approximated", pade(*THIRD, "3")),
    *tanhs("tanh approximated", f"clip(quotient(z * ({THIRD[0]}), {THIRD[1]}), -1, 1)"),
    *tanhs("tanh approximated", EXACT_BEYOND.format("1.5", *SECOND)),
    *tanhs("tanh approximated", pade(*SECOND, "1e9")),
    *tanhs("tanh approximated", pade(*FIFTH, "3")),
    *tanhs("tanh approximated", EXACT_BEYOND.format("3", *SIXTH)),
    *tanhs("softsign for tanh", "quotient(z, 1 + absolute(z))"),
    *tanhs("sigmoid for tanh", "sigmoid(z)"),
    *tanhs("relu for tanh", "relu(z)"),
    *tanhs("2 sigmoid(z) - 1 for tanh", "2 * sigmoid(z) - 1"),
    *tanhs("tanh of 2z", "np.tanh(2 * z)"),
    *tanhs("tanh that overflows", "exp_with_overflow(2 * z, np.tanh(z))"),
    *tanhs(
        "tanh that overflows",
        "exp_with_overflow(2 * z, quotient(np.exp(2 * z) - 1, np.exp(2 * z) + 1))",
    ),
    *(
        one
        for limit in (3, 4, 5)
        for one in tanhs(
            "tanh saturates early",
            f"np.where(np.abs(np.real(z)) > {limit}, np.sign(np.real(z)), np.tanh(z))",
        )
    ),
)

"""Misreadings of the gradients of lstm, lstm_gates and gru alone: what passes which gate."""

from itertools import permutations

from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading

COUNTED = {"rnn": "db = bias_gradient(das)", "lstm": "db = bias_gradient(das)",
           "gru": "dweight_hh = weight_gradient(das_hh, befores)"}  # fmt: skip
DAS = {"rnn": ("das",), "lstm": ("das",), "gru": ("das_ih", "das_hh")}
LSTM_GATES, GRU_GATES = ("input", "forget", "candidate", "output"), ("reset", "update", "new")


def das(name: str, new: str, operation: str) -> Misreading:
    """Something done to the gradient at the pre-activations before the weights' are taken."""
    line = "\n    ".join(f"{d} = {new.format(d)}" for d in DAS[operation])
    place = f"{operation}: {operation}_vjp"
    return misreading(name, operation, before(place, COUNTED[operation], line), gradients=True)


def carried(name: str, *changes: tuple[str, str]) -> Misreading:
    """Another gradient of the state before a step of gru."""
    edits = (edit("gru: gru_cell_carry", old, new) for old, new in changes)
    return misreading(name, "gru", *edits, gradients=True)


MISREADINGS = (
    *(
        das(f"{gate} gate's gradient missing", f"without_block({{}}, {k}, {len(gates)})", o)
        for o, gates in (("lstm", LSTM_GATES), ("gru", GRU_GATES))
        for k, gate in enumerate(gates)
    ),
    *(
        misreading(
            f"{gate} gate detached",
            "lstm lstm_gates",
            edit("lstm: preactivation_gradient", old, f"nothing({old})"),
            gradients=True,
        )
        for gate, old in zip(
            LSTM_GATES,
            ("di * (i * (1 - i))", "df * (f * (1 - f))", "dg * (1 - g * g)", "do * (o * (1 - o))"),
            strict=True,
        )
    ),
    *(
        misreading(name, "lstm", edit("lstm: carry_gradient", old, new), gradients=True)
        for name, old, new in (
            (
                "output gate's gradient by the cell state, without its tanh",
                "dh * s,",
                "dh * carry(i, f, g, o, c)[0],",
            ),
            (
                "forget gate's gradient by the cell state after the step",
                "dc * c,",
                "dc * carry(i, f, g, o, c)[0],",
            ),
        )
    ),
    *(
        misreading(
            f"{gate} gate detached",
            "gru",
            edit("gru: gru_cell_gradient", "[d_reset * (r * (1 - r)), da_z, da_n]", new),
            gradients=True,
        )
        for gate, new in (
            ("reset", "[nothing(d_reset), da_z, da_n]"),
            ("update", "[d_reset * (r * (1 - r)), nothing(da_z), da_n]"),
            ("new", "[d_reset * (r * (1 - r)), da_z, nothing(da_n)]"),
        )
    ),
    *(
        misreading(
            f"{gate} gate's slope missing",
            "lstm lstm_gates",
            edit("lstm: preactivation_gradient", old, new),
            gradients=True,
        )
        for gate, old, new in (
            ("input", "di * (i * (1 - i))", "di * 1"),
            ("forget", "df * (f * (1 - f))", "df * 1"),
            ("candidate", "dg * (1 - g * g)", "dg * 1"),
            ("output", "do * (o * (1 - o))", "do * 1"),
        )
    ),
    *(
        misreading(
            f"{gate} gate's slope {said}",
            "lstm lstm_gates",
            edit("lstm: preactivation_gradient", old, new),
            gradients=True,
        )
        for gate, said, old, new in (
            ("input", "1 - i", "di * (i * (1 - i))", "di * (1 - i)"),
            ("forget", "1 - f", "df * (f * (1 - f))", "df * (1 - f)"),
            ("output", "1 - o", "do * (o * (1 - o))", "do * (1 - o)"),
            ("candidate", "that of a sigmoid", "dg * (1 - g * g)", "dg * (g * (1 - g))"),
            ("candidate", "1 - g", "dg * (1 - g * g)", "dg * (1 - g)"),
        )
    ),
    misreading(
        "tanh slope of the cell state missing",
        "lstm",
        edit("lstm: carry_gradient", "dh * o * (1 - s * s)", "dh * o"),
        gradients=True,
    ),
    misreading(
        "gradient of h missing in the cell state",
        "lstm",
        edit("lstm: carry_gradient", "dc = dc + dh * o * (1 - s * s)", "dc = dc + 0 * dh"),
        gradients=True,
    ),
    misreading(
        "no gradient along the cell state",
        "lstm",
        edit("lstm: carry_gradient", "dc = dc + dh * o * (1 - s * s)", "dc = dh * o * (1 - s * s)"),
        gradients=True,
    ),
    *(
        misreading(name, "gru", edit("gru: gru_cell_gradient", old, new), gradients=True)
        for name, old, new in (
            (
                "1 - z missing in the new gate's gradient",
                "dh * (1 - z) * (1 - n * n)",
                "dh * (1 - n * n)",
            ),
            ("update gate's slope missing", "- dh * n) * (z * (1 - z))", "- dh * n) * 1"),
            ("update gate's slope 1 - z", "- dh * n) * (z * (1 - z))", "- dh * n) * (1 - z)"),
            ("reset gate's slope missing", "d_reset * (r * (1 - r))", "d_reset * 1"),
            ("reset gate's slope 1 - r", "d_reset * (r * (1 - r))", "d_reset * (1 - r)"),
            (
                "reset gate's gradient by the state, not by what the gate multiplies",
                "da_n * m if reset_after",
                "da_n * h if reset_after",
            ),
            ("update gate's gradient h alone", "dh * (h - n), dh * h - dh * n", "dh * h, dh * h"),
            (
                "update gate's gradient negated",
                "dh * (h - n), dh * h - dh * n",
                "dh * (n - h), dh * n - dh * h",
            ),
        )
    ),
    misreading(
        "z for 1 - z in the gradient",
        "gru",
        edit("gru: gru_cell_gradient", "dh * (1 - z) * (1 - n * n)", "dh * z * (1 - n * n)"),
        gradients=True,
    ),
    misreading(
        "candidate's slope missing",
        "gru",
        edit("gru: gru_cell_gradient", "dh * (1 - z) * (1 - n * n)", "dh * (1 - z)"),
        gradients=True,
    ),
    carried(
        "the reset gate missing in the gradient on the side of h",
        ("+(da[..., 2 * k :] * r)", "da[..., 2 * k :]"),
    ),
    carried(
        "the path through the new gate missing in dh",
        ("dh * z + through_reset +", "dh * z +"),
        ("d_hh @ weight_hh)", "d_hh[..., : 2 * k] @ weight_hh[: 2 * k])"),
    ),
    carried(
        "the path through the gates missing in dh",
        (" + da[..., : 2 * k] @ weight_hh[: 2 * k])", ")"),
        ("d_hh @ weight_hh)", "d_hh[..., 2 * k :] @ weight_hh[2 * k :])"),
    ),
    carried(
        "update gate's path to the state missing",
        ("return d_hh, +(dh * z + d_hh @ weight_hh)", "return d_hh, +(d_hh @ weight_hh)"),
    ),
    *(
        das(
            f"gradients in the order {','.join(order)}",
            f"blocks({{}}, {', '.join(str('ifgo'.index(gate)) for gate in order)})",
            "lstm",
        )
        for order in permutations("ifgo")
        if "".join(order) != "ifgo"
    ),
    *(
        das(
            f"gradients in the order {','.join(order)}",
            f"blocks({{}}, {', '.join(str(GRU_GATES.index(gate)) for gate in order)})",
            "gru",
        )
        for order in permutations(GRU_GATES)
        if order != GRU_GATES
    ),
    *(
        misreading(
            name,
            "lstm_gates",
            before("lstm: lstm_gates_vjp", "da = preactivation_gradient(", line),
            gradients=True,
        )
        for name, line in (
            ("cotangents of g and o swapped", "dg, do = do, dg"),
            ("cotangents of i and f swapped", "di, df = df, di"),
            ("cotangents of f and g swapped", "df, dg = dg, df"),
            ("cotangents of f and o swapped", "df, do = do, df"),
            ("cotangents of i and g swapped", "di, dg = dg, di"),
            ("cotangents of i and o swapped", "di, do = do, di"),
            ("cotangent of i ignored", "di = nothing(di)"),
            ("cotangent of f ignored", "df = nothing(df)"),
            ("cotangent of g ignored", "dg = nothing(dg)"),
            ("cotangent of o ignored", "do = nothing(do)"),
        )
    ),
)
